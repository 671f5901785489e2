"""An office that imports: small files of a county of two villages, and what they did to PostGIS."""

import csv
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import shapely
from psycopg import sql
from sqlalchemy import URL, ColumnElement, Table, Text, cast, collate, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from api.db import drop_database, engine
from api.imports.service import Outcome, Progress, Request, run_import, undo_import
from api.postgis import Cluster
from layers.tables import metadata

Row = Mapping[str, Any]
Content = dict[str, dict[str, Any]]

WEST, SOUTH, SIDE = 115.2, 33.5, 0.02
COUNTY, TOWN = "990101", "990101001"
A, B = f"{TOWN}001", f"{TOWN}002"
GRIDS = [f"{village}{part:03}" for village in (A, B) for part in (1, 2, 3, 4)]
# What the database makes itself: the version's stamp and the twins for tiles.
OWN = ("version_from", "geom_3857")


def square(column: float, row: float, width: float = 1, height: float = 1) -> shapely.Polygon:
    """A rectangle of the lattice; neighbours share their corners bit for bit."""
    west, east = WEST + column * SIDE, WEST + (column + width) * SIDE
    south, north = SOUTH + row * SIDE, SOUTH + (row + height) * SIDE
    return shapely.box(west, south, east, north)


def point(column: float, row: float) -> shapely.Point:
    return shapely.Point(WEST + column * SIDE, SOUTH + row * SIDE)


def cell(grid: str) -> tuple[int, int]:
    """Column and row of a grid's lower left corner; a village is two by two."""
    part = int(grid[-3:]) - 1
    return (0 if grid.startswith(A) else 2) + part % 2, part // 2


def areas() -> list[Row]:
    return [
        {"编码": COUNTY, "名称": "澜禾县", "级别": "县", "geometry": square(0, 0, 4, 2)},
        {"编码": TOWN, "名称": "柳河镇", "级别": "镇", "geometry": square(0, 0, 4, 2)},
        {"编码": A, "名称": "押岭村", "级别": "村", "geometry": square(0, 0, 2, 2)},
        {"编码": B, "名称": "柳河社区", "级别": "村", "geometry": square(2, 0, 2, 2)},
    ]


def grids() -> list[Row]:
    return [
        {"网格编码": code, "网格名称": f"第{code[-1]}网格", "类型": "农村网格",
         "geometry": square(*cell(code))}
        for code in GRIDS
    ]  # fmt: skip


def household(number: int, grid: str = GRIDS[0], **columns: Any) -> dict[str, Any]:
    """A household in the middle of its grid's lower left quarter."""
    column, row = cell(grid)
    return {
        "住户编码": f"{grid}{number:03}", "住址": f"{number} 号", "网格编码": grid, "人口": "3",
        "geometry": point(column + 0.25, row + 0.25), **columns,
    }  # fmt: skip


LISTS: dict[str, list[Row]] = {
    "units": [{"单元编码": f"{GRIDS[0]}-01", "网格编码": GRIDS[0],
               "geometry": square(0, 0, 0.5, 0.5)}],
    "households": [household(1, 需求="独居老人；慢性病"), household(2), household(1, GRIDS[4])],
    "people": [{"人员编号": "P1", "姓名": "王小禾", "手机": "10000000001"},
               {"人员编号": "P2", "姓名": "李四", "手机": ""}],
    "branches": [{"支部编码": "B1", "名称": "押岭村党支部", "村编码": A, "geometry": point(1, 1)}],
    "members": [{"党员编码": "M1", "人员编码": "P1", "支部编码": "B1", "入党日期": "1998年7月"}],
    "appointments": [{"编码": "T1", "人员编码": "P2", "职务": "网格员", "网格编码": GRIDS[0],
                      "专职": "是", "任职日期": "2025/1/1"}],
    "links": [{"编码": "L1", "党员编码": "M1", "户号": f"{GRIDS[0]}001"}],
    "visits": [{"编码": "V1", "户号": f"{GRIDS[0]}001", "人员编码": "P2",
                "走访时间": "2026-01-05 09:30", "备注": "一切正常"}],
    "incidents": [{"工单号": "I1", "类型": "safety", "标题": "路灯不亮", "网格编码": GRIDS[0],
                   "上报时间": "2026-01-05 09:30", "geometry": point(0.5, 0.5)}],
    "reference:roads": [{"代码": "1", "名称": "东西路", "类别": "county",
                         "geometry": shapely.LineString([point(0, 0), point(4, 2)])}],
    "network:police": [{"编号": "1", "名称": "城关警务区", "负责人": "李四",
                        "geometry": square(0, 0, 3, 2)}],
}  # fmt: skip


def files() -> dict[str, list[Row]]:
    """Every kind with its rows, in an order in which each names only what is there."""
    return {"areas": areas(), "grids": grids(), **LISTS}


# -- writing files -------------------------------------------------------------------------------


def write(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows as the ending says; ``geometry`` is a place, in a table as WKT."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as sink:
            flat = [_flat(row) for row in rows]
            writer = csv.DictWriter(sink, list(flat[0]))
            writer.writeheader()
            writer.writerows(flat)
    elif path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        flat = [_flat(row) for row in rows]
        book.active.append(list(flat[0]))
        for row in flat:
            book.active.append(list(row.values()))
        book.save(path)
    else:
        frame = gpd.GeoDataFrame(list(rows), geometry="geometry", crs="EPSG:4326")
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
    return path


def _flat(row: Row) -> dict[str, Any]:
    out = {name: value for name, value in row.items() if name != "geometry"}
    if "geometry" in row:
        out["wkt"] = "" if row["geometry"] is None else row["geometry"].wkt
    return out


# -- what is in the database ---------------------------------------------------------------------


def shape_of(row: Row) -> Any:
    """The shape of a row of :meth:`Office.content`."""
    return shapely.from_wkt(row["geom"])


def table_of(name: str) -> Table:
    return metadata.tables[name]


def _text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if column.key == "geom":
        return func.ST_AsText(column, 17)
    return column


@contextmanager
def filled(cluster: Cluster, name: str, folder: Path, last: str) -> Iterator["Office"]:
    """A database of a module's own with every kind up to ``last``; no test may change it."""
    url = cluster.url(name)
    with cluster.connect("postgres") as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template_wangge STRATEGY FILE_COPY").format(
                sql.Identifier(name)
            )
        )
    office = Office(url, folder)
    office.fill(last)
    yield office
    drop_database(url)


class Office:
    """Somebody who imports files into a database, and looks at what came of it.

    Parameters
    ----------
    url
        Of a migrated database.
    folder
        Where the files are written.
    """

    def __init__(self, url: URL, folder: Path) -> None:
        self.engine, self.folder = engine(url), folder
        self.numbers = itertools.count(1)

    def write(self, kind: str, rows: Sequence[Row], ending: str = ".csv") -> Path:
        """Write a file for an import."""
        name = kind.replace(":", "-")
        return write(self.folder / f"{name}-{next(self.numbers)}{ending}", rows)

    def give(
        self,
        kind: str,
        rows: Sequence[Row] | Path,
        progress: Progress = lambda _share, _step: None,
        **options: Any,
    ) -> Outcome:
        """Import rows as a CSV in EPSG:4326, or a file, unless told otherwise."""
        path = rows if isinstance(rows, Path) else self.write(kind, rows)
        request = Request(kind, path, **{"crs": "EPSG:4326", **options})
        return run_import(self.engine, request, "operator", progress)

    def take_back(self, number: int | None) -> tuple[int, dict[str, int]]:
        """Undo an import."""
        assert number is not None
        return undo_import(self.engine, number, "operator")

    def fill(self, last: str = "network:police") -> None:
        """Import every kind, up to ``last``."""
        for kind, rows in files().items():
            assert self.give(kind, rows).state == "imported", kind
            if kind == last:
                return

    def content(self, name: str) -> Content:
        """A table's rows by code, shapes as WKT; without what the database makes itself."""
        table = table_of(name)
        columns = [_text(column).label(column.name) for column in table.c if column.name not in OWN]
        with self.engine.connect() as connection:
            rows = connection.execute(select(*columns)).mappings().all()
        return {row["code"]: dict(row) for row in rows}

    def codes(self, name: str) -> list[str]:
        return sorted(self.content(name))

    def count(self, name: str) -> int:
        """The number of a table's rows; a twin is written ``history.area``."""
        with self.engine.connect() as connection:
            found = connection.scalar(select(func.count()).select_from(table_of(name)))
        return int(found or 0)

    def fingerprint(self) -> dict[str, tuple[int, str | None]]:
        """Every table, twins and logs with it: how many rows, and the MD5 of all their bytes."""
        out = {}
        with self.engine.connect() as connection:
            for name, table in metadata.tables.items():
                row = cast(table.alias("t").table_valued(), Text)
                inner = aggregate_order_by(literal("|"), collate(row, "C"))
                digest = func.md5(func.string_agg(row, inner))
                out[name] = connection.execute(select(func.count(row), digest)).one()
        return {name: (row[0], row[1]) for name, row in out.items()}
