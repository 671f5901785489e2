"""Errors of files: which file, which row, and what to do."""

import errno
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from geo.errors import GeoError, seen

# The formats that can be read, as they are named to people.
KINDS = "GeoJSON, GeoPackage, Shapefile, KML, GeoParquet, CSV or XLSX"
# How many names a sentence has, and how long one may be.
SHOWN, LONG = 12, 40
# Those of a sheet.
MOST_COLUMNS = 16_384
# What a system says whose disk is full; a limit of the account or the process is one as well.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
    OSError
        If a disk is full.
    """
    try:
        yield
    except GeoError as error:
        error.where = {"file": path.name, **error.where}
        raise
    except OSError as error:
        if error.errno in NO_ROOM:  # for what it unpacks to: that is not the file's fault
            raise
        raise TransferError(
            f"The file cannot be read: {error.strerror or error}.",
            cure="Check its name, and that you may read it.",
            zh="文件无法读取，请检查文件名和读取权限。",
            file=path.name,
        ) from error
    except MemoryError as error:
        scarce = _no_memory()
        scarce.where = {"file": path.name}
        raise scarce from error


def require_file(path: Path) -> None:
    """Refuse what is no file, or an empty one.

    Raises
    ------
    TransferError
        Saying which of the two.
    """
    if not path.exists():
        raise TransferError(
            "There is no such file.",
            cure="Check its name.",
            zh="没有这个文件，请检查文件名。",
            file=str(path),
        )
    if path.is_dir() and path.suffix.lower() != ".gdb":
        raise TransferError(
            "This is a folder.",
            cure="Name a file in it.",
            zh="这是文件夹，请指明其中的文件。",
            file=str(path),
        )
    if path.is_file() and path.stat().st_size == 0:
        raise TransferError(
            "The file is empty: 0 bytes.",
            cure="Export it again.",
            zh="文件是空的（0 字节），请重新导出。",
        )


# -- what several readers say ---------------------------------------------------------------------


def some(names: Sequence[str], *, zh: bool = False) -> str:
    """Return names as a sentence has them: the first ones, none of them long.

    Examples
    --------
    >>> some(["编码", "名称"]), some([str(number) for number in range(40)], zh=True)
    ('编码, 名称', '0、1、2、3、4、5、6、7、8、9、10、11 等 40 个')
    """
    shown = [seen(name if len(name) <= LONG else f"{name[:LONG]}…") for name in names[:SHOWN]]
    more = f" 等 {len(names)} 个" if zh else f" and {len(names) - SHOWN:,} more"
    return ("、" if zh else ", ").join(shown) + (more if len(names) > SHOWN else "")


def require_names(headers: Sequence[str]) -> None:
    """Refuse columns of one name, for nobody could say which is meant, and too many columns.

    Raises
    ------
    TransferError
        Naming the first such name.
    """
    if len(headers) > MOST_COLUMNS:
        raise TransferError(
            f"The table has {len(headers):,} columns.",
            cure=f"Leave out those that are not needed: at most {MOST_COLUMNS:,} are read.",
            zh=f"表有 {len(headers):,} 列，最多读 {MOST_COLUMNS:,} 列，请去掉不需要的列。",
        )
    twice = sorted(name for name, times in Counter(headers).items() if name and times > 1)
    if twice:
        name = some(twice[:1])
        raise TransferError(
            f"Two columns are called “{name}”.",
            cure="Give each column a name of its own.",
            zh=f"有两列都叫“{name}”，请改成不同的列名。",
        )


def _no_memory() -> TransferError:
    return TransferError(
        "There is not enough memory for the file.",
        cure="Split it, or give the machine more.",
        zh="内存不足，读不下这个文件。请拆分文件，或增加内存。",
    )


def damaged(error: Exception | None = None) -> TransferError:
    """Return the error of a file that its format's reader knows, and cannot read to the end.

    Parameters
    ----------
    error
        What the reader raised: it may be memory that it lacked.
    """
    if isinstance(error, MemoryError):
        return _no_memory()
    return TransferError(
        "The file breaks off, or is damaged.",
        cure="Export it again.",
        zh="文件不完整或已损坏，请重新导出。",
    )


def not_spatial() -> TransferError:
    """Return the error of a file that no reader knows."""
    return TransferError(
        "This is not a spatial file.", cure=f"Give {KINDS}.",
        zh=f"这不是空间数据文件。可用的有：{KINDS}。",
    )  # fmt: skip


def not_parquet() -> TransferError:
    """Return the error of a file that only its name calls GeoParquet."""
    return TransferError(
        "This is not a GeoParquet file.", cure="Export it again.",
        zh="这不是 GeoParquet 文件，请重新导出。",
    )  # fmt: skip


def no_rows(what: str) -> TransferError:
    """Return the error of a layer or file without rows."""
    return TransferError(
        f"The {what} has no rows.", cure="Is it the right one?",
        zh="里面没有数据行，是不是选错了文件？",
    )  # fmt: skip
