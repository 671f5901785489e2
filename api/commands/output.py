"""What a command shows while it works, and the files that it writes: whole, or not at all."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from layers.report import Outline, write_document, write_report
from layers.report.document import Document
from layers.transfer.errors import TransferError


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file that is there when it is whole and not before.

    Parameters
    ----------
    path
        What is there is replaced.
    write
        Writes to the path that it is given.

    Raises
    ------
    TransferError
        If it cannot be written.
    """
    # Its own ending stays the last: GDAL goes by it.
    fresh = path.with_name(f"{path.stem}.part{path.suffix}")
    try:
        write(fresh)
        fresh.replace(path)
    except OSError as error:
        raise TransferError(
            f"The file cannot be written: {error.strerror}.", cure="Name another.", file=str(path)
        ) from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def require_folder(output: Path | None) -> None:
    """Refuse a place that cannot be written to before the work is done, not after.

    Raises
    ------
    TransferError
        If it is a folder, or in one that is not there.
    """
    if output is None:
        return
    if output.is_dir():
        raise TransferError("This is a folder.", cure="Name a file in it.", file=str(output))
    if not output.parent.is_dir():
        raise TransferError(
            f"There is no folder {output.parent}.", cure="Make it first.", file=output.name
        )


@dataclass(frozen=True)
class Writing:
    """Where a report goes, in which format, and in which language first.

    Raises
    ------
    TransferError, typer.BadParameter
        If it cannot go there: said before the work is done.
    """

    form: str
    output: Path | None
    lang: str

    def __post_init__(self) -> None:
        """Look before the work is done."""
        require_folder(self.output)
        if self.form == "gpkg" and self.output is None:
            raise typer.BadParameter("A GeoPackage is a file: name it, as in -o report.gpkg.")

    def write(self, document: Document, outline: Outline) -> None:
        """Write a report: a file that is there when it is whole, or on stdout."""
        told: dict[str, Any] = {"lang": self.lang, "outline": outline}
        if self.output is None:
            typer.echo(write_document(document, self.form, **told), nl=False)
        else:
            write_whole(self.output, lambda path: write_report(path, document, self.form, **told))


@contextmanager
def working(words: str) -> Iterator[None]:
    """Show that work goes on, on a terminal alone."""
    if not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(words):
        yield
