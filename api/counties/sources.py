"""Which counties there are: folders of one layer partitioned by county, or those of a database.

A layer is partitioned as Hive and Spark do it: ``grids/county=411625/part-0.parquet``. The boundary
and the households of each county, where they are given, lie in folders of the same shape.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sqlalchemy import Engine, select

from api.commands.checking import read_database
from api.commands.context import Context
from api.commands.files import Data, Request, part_files, read_files
from layers.tables import area
from layers.transfer.errors import TransferError, some

FIELD = "county"


@dataclass(frozen=True)
class County:
    """One county, and where it is read: files by ``request``, else the database of ``context``.

    ``size`` is what its grids take, for those that take long to begin first.
    """

    code: str
    request: Request | None = None
    context: Context | None = None
    day: date | None = None
    size: int = 0

    @property
    def source(self) -> str:
        """Where the county is, as an error names it."""
        if self.request is None:
            return "database"
        path = self.request.grids
        return f"{path.parent.name}/{path.name}"

    def read(self) -> Data:
        """Read it, on whatever machine this is.

        Raises
        ------
        GeoError
            If a file cannot be used; names it.
        """
        if self.request is not None:
            return read_files(self.request)
        context = self.context or Context()
        return read_database(context.engine(), self.day, self.code)


def is_partitioned(path: Path | None, field: str) -> bool:
    """Tell whether a path is a folder that is partitioned by a field."""
    with suppress(OSError):  # a name that no file can have is the reader's to refuse
        return path is not None and path.is_dir() and any(path.glob(f"**/{field}=*/"))
    return False


def in_folders(request: Request, field: str) -> tuple[list[County], list[str]]:
    """Return the counties of partitioned folders, and what is to be noted.

    Parameters
    ----------
    request
        ``grids`` is a folder, ``within`` and ``households`` are others where they are given.
    field
        What the folders are partitioned by.

    Raises
    ------
    TransferError
        If a folder is not partitioned so, or has a county twice.
    """
    grids = partitions(request.grids, field)
    beside = {
        name: partitions(path, field)
        for name in ("within", "households")
        if (path := getattr(request, name)) is not None
    }
    counties, notes = [], []
    for code, folder in grids.items():
        own: dict[str, Any] = {name: found.get(code) for name, found in beside.items()}
        notes += [f"County {code} has no folder in {getattr(request, name).name}: its {what} not "
                  "checked." for name, what in (("within", "outer border is"),
                                                ("households", "households are"))
                  if name in own and own[name] is None]  # fmt: skip
        size = sum(part.stat().st_size for part in part_files(folder))
        counties.append(County(code, replace(request, grids=folder, **own), size=size))
    return counties, notes


def partitions(path: Path, field: str) -> dict[str, Path]:
    """Return the folders of a partitioned layer by value, in its order.

    Raises
    ------
    TransferError
        If it is no folder, is not partitioned so, or has a value twice.
    """
    if not path.is_dir():
        raise TransferError(
            "Of many counties a layer is a folder, partitioned by county.",
            cure=f"Make it {path.stem}/{field}=…/part.parquet; the outline of all counties "
            "together is --outline.",
            file=path.name,
        )
    found: dict[str, Path] = {}
    for folder in sorted(path.glob(f"**/{field}=*/")):
        value = unquote(folder.name.split("=", 1)[1])
        if value in found:
            raise TransferError(
                f"{field}={value} is there twice.", cure="Put its files together.", file=path.name
            )
        found[value] = folder
    if not found:
        there = sorted({each.name.split("=")[0] for each in path.glob("**/*=*/")})
        raise TransferError(
            f"The folder has no folders {field}=….",
            cure=f"It is partitioned by {some(there)}; name one with --county." if there else
            f"Partition it: {path.name}/{field}=411625/part.parquet.",
            file=path.name,
        )  # fmt: skip
    return dict(sorted(found.items()))


def in_database(context: Context, day: date | None) -> list[County]:
    """Return the counties of a database.

    Raises
    ------
    TransferError
        If there are none.
    """
    codes = _codes(context.engine())
    if not codes:
        raise TransferError(
            "The database holds no county.", cure="Import its areas: wangge import areas FILE."
        )
    return [County(code, context=context, day=day) for code in codes]


def _codes(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        counties = select(area.c.code).where(area.c.level == "county").order_by(area.c.code)
        return list(connection.scalars(counties))
