"""A county of one's own in the browser: served, empty or filled; and files to drop on it."""

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from sqlalchemy import func, select

from api.db import drop_database, session_scope
from api.postgis import Cluster
from geo.datum import bd09_from_wgs84, gcj02_from_wgs84
from layers.tables import household, metadata
from tests.conftest import TEMPLATE, copy_database
from tests.postgis.import_files import (
    COUNTY,
    GRIDS,
    TOWN,
    A,
    Office,
    Row,
    areas,
    cell,
    point,
    write,
)
from tests.serving import Service, serve

DATUMS = {"GCJ-02": gcj02_from_wgs84, "BD-09": bd09_from_wgs84}
PER_GRID = 40


@contextmanager
def own_county(cluster: Cluster, folder: Path, rows: dict[str, Sequence[Row]]) -> Iterator[Service]:
    """Serve a county of these rows by kind; without any, an empty one."""
    url = copy_database(cluster, TEMPLATE)
    office = Office(url, folder)
    for kind, held in rows.items():
        assert office.give(kind, held).state == "imported", kind
    with serve(url) as service:
        yield service
    drop_database(url)


def count(service: Service, name: str) -> int:
    """Count a table's rows."""
    with session_scope(service.engine) as session:
        return int(session.scalar(select(func.count()).select_from(metadata.tables[name])) or 0)


def place_of(service: Service, code: str) -> tuple[float, float] | None:
    """Return where a household is; null where nobody knows."""
    geom = household.c.geom
    with session_scope(service.engine) as session:
        x, y = session.execute(
            select(func.ST_X(geom), func.ST_Y(geom)).where(household.c.code == code)
        ).one()
    return None if x is None else (x, y)


# -- rows ----------------------------------------------------------------------------------------


def towns_and_villages() -> list[Row]:
    """The areas below the county, each under the one above."""
    return [{**row, "上级编码": COUNTY if row["级别"] == "镇" else TOWN} for row in areas()[1:]]


def homes(*, seed: int = 7) -> list[dict[str, Any]]:
    """Some households in each grid, all over it."""
    rng = np.random.default_rng(seed)
    rows = []
    for grid in GRIDS:
        column, row = cell(grid)
        for number, (across, up) in enumerate(rng.uniform(0.05, 0.95, (PER_GRID, 2)), 1):
            at = point(column + across, row + up)
            rows.append(
                {"住户编码": f"{grid}{number:03}", "住址": f"{grid[-3:]} 巷 {number} 号",
                 "村（社区）编码": grid[:12], "网格编码": grid, "人口": str(number % 6 + 1),
                 "经度": at.x, "纬度": at.y}
            )  # fmt: skip
    return rows


def in_datum(rows: Sequence[Row], datum: str) -> list[Row]:
    """The same households as a map of that datum gives them."""
    lon, lat = DATUMS[datum](
        np.array([row["经度"] for row in rows]), np.array([row["纬度"] for row in rows])
    )
    return [{**row, "经度": x, "纬度": y} for row, x, y in zip(rows, lon, lat, strict=True)]


def without(rows: Sequence[Row], *names: str) -> list[Row]:
    """The same rows without these columns."""
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


# -- files ---------------------------------------------------------------------------------------


def zipped_gbk(folder: Path, name: str, rows: Sequence[Row]) -> Path:
    """A Shapefile in GBK, in CGCS2000, in a ZIP, as a surveying office hands it over."""
    parts = folder / "parts"
    parts.mkdir()
    frame = gpd.GeoDataFrame(list(rows), geometry="geometry", crs="EPSG:4490")
    frame.to_file(parts / f"{name}.shp", encoding="GB18030")
    (parts / f"{name}.cpg").unlink(missing_ok=True)
    packed = folder / f"{name}.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(parts.iterdir()):
            archive.write(part, part.name)
    return packed


def spoiled(folder: Path) -> Path:
    """Six households of which three cannot come in, for three reasons."""
    rows = [dict(row) for row in without(homes(), "经度", "纬度")[:6]]
    rows[1]["人口"] = "三口人"
    rows[3]["住址"] = ""
    rows[5]["网格编码"] = f"{A}999"
    for n, row in enumerate(rows):
        row["住户编码"] = f"{row['住户编码'][:15]}{900 + n}"
    return write(folder / "有问题.csv", rows)
