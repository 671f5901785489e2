"""Errors of files: which file, which row, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geo.errors import GeoError


class TransferError(GeoError):
    """A file cannot be used as it is."""


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Name the file in every error that is raised inside.

    Raises
    ------
    GeoError
        What was raised, with ``file`` first among its places.
    TransferError
        If the system cannot open or read the file.
    """
    try:
        yield
    except GeoError as error:
        error.where = {"file": path.name, **error.where}
        raise
    except OSError as error:
        raise TransferError(
            f"The file cannot be read: {error.strerror or error}.",
            cure="Check its name, and that you may read it.",
            file=path.name,
        ) from error
