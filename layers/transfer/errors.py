"""Errors of files: which file, which row, and what to do."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from geo.errors import GeoError


class TransferError(GeoError):
    """A file cannot be used as it is."""


class UndecidedError(TransferError):
    """A file can be read in several ways, and its reader must say which.

    Parameters
    ----------
    option
        What is to be said: ``layer``, ``encoding`` or ``columns``.
    choices
        What may be said, where that is known.
    """

    def __init__(
        self, message: str, *, option: str, choices: Sequence[str] = (), cure: str = "",
        zh: str = "", **where: object,
    ) -> None:  # fmt: skip
        super().__init__(message, cure=cure, zh=zh, **where)
        self.option = option
        self.choices = tuple(choices)


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
