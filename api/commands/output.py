"""Files that a command writes: whole, or not at all."""

from collections.abc import Callable
from pathlib import Path

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
    fresh = path.with_name(path.name + ".part")
    try:
        write(fresh)
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise TransferError(
            f"The file cannot be written: {error.strerror}.", cure="Name another.", file=str(path)
        ) from error
