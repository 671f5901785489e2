"""One edit in a checked county: how long until the report of all is there again.

A county of 3,800 grids of 1,200 vertices in 475 villages, without and with 373,000 households. Each
edit moves a vertex of one grid (a gap or an overlap begins), or puts it back. Beside it stands a
check of the whole, which says the same. The times are the processor's.
"""

import time
from statistics import median

import geopandas as gpd
import numpy as np
import shapely
from rich.console import Console
from rich.table import Table

from geo.coverage import check_coverage
from geo.recheck import Coverage
from tests.bench.coverages import CRS, winding

COLUMNS, ROWS, VERTICES, POINTS = 76, 50, 1200, 373_000
VILLAGE = (4, 2)
EDITS = 50
AIM_MS = 10.0


def county() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return grids and the villages that they tile."""
    grids = winding(COLUMNS, ROWS, VERTICES).grids
    row, column = np.divmod(np.arange(len(grids)), COLUMNS)
    number = row // VILLAGE[1] * (COLUMNS // VILLAGE[0]) + column // VILLAGE[0]
    areas = np.array([f"990101{101 + n // 900}{101 + n % 900}" for n in number.tolist()])
    grids["area_code"] = areas
    grids["code"] = [f"{area}{n:05}" for n, area in enumerate(areas.tolist())]
    shapes, codes = np.asarray(grids.geometry.array, dtype=object), np.unique(areas)
    lands = [shapely.coverage_union_all(shapes[areas == code]) for code in codes]
    return grids, gpd.GeoDataFrame({"code": codes}, geometry=lands, crs=CRS)


def homes(grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return households all over the county, each recorded in the grid that it lies in."""
    rng = np.random.default_rng(3)
    west, south, east, north = grids.total_bounds
    places = rng.uniform((west, south), (east, north), (POINTS, 2))
    points = gpd.GeoDataFrame(geometry=shapely.points(places), crs=CRS)
    joined = points.sjoin(grids[["code", "geometry"]], predicate="within")
    joined = joined[~joined.index.duplicated()]
    frame = {"grid_code": joined["code"], "code": [f"h{n:06}" for n in range(len(joined))]}
    return gpd.GeoDataFrame(frame, geometry=joined.geometry, crs=CRS).reset_index(drop=True)


def edited(grids: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return one grid with a vertex moved by some metres."""
    row = grids.iloc[[int(rng.integers(len(grids)))]]
    ring = shapely.get_coordinates(row.geometry.iloc[0])[:-1]
    ring[int(rng.integers(len(ring)))] += rng.normal(0, 2, 2)
    return row.set_geometry([shapely.Polygon(ring)], crs=CRS)


def measure(console: Console) -> list[dict[str, object]]:
    """Measure edits without and with households."""
    grids, lands = county()
    results = [_measured(name, grids, lands, people) for name, people in (
        ("recheck", None), ("recheck, 373,000 households", homes(grids)))]  # fmt: skip
    table = Table(
        title="recheck: one edit in a county of 3,800 grids × 1,200 vertices; "
        f"ms of compute, medians of {EDITS}, aim ≤ {AIM_MS:g}",
        title_justify="left",
    )
    for column in ("", "defect made", "cured", "worst", "check of all", "ratio"):
        table.add_column(column, justify="right")
    for result in results:
        values = list(result.values())
        table.add_row(str(values[0]), *(f"{value:.3g}" for value in values[1:]))
    console.print(table)
    return results


def _measured(
    name: str, grids: gpd.GeoDataFrame, lands: gpd.GeoDataFrame, people: gpd.GeoDataFrame | None
) -> dict[str, object]:
    rng = np.random.default_rng(5)
    start = time.process_time()
    whole = check_coverage(grids, lands, households=people)
    check = time.process_time() - start
    coverage = Coverage.of(grids, lands, households=people)
    assert coverage.report.summary == whole.summary
    made, cured = [], []
    for _ in range(EDITS):
        row = edited(grids, rng)
        before = grids[grids["code"] == row["code"].iloc[0]]
        for each, times in ((row, made), (before, cured)):
            start = time.process_time()
            coverage = coverage.edit(each)
            report = coverage.report
            times.append(1e3 * (time.process_time() - start))
            assert (report.summary == whole.summary) == (each is before)
    return {
        "name": name, "made_ms": median(made), "cured_ms": median(cured),
        "worst_ms": max(made + cured), "check_ms": 1e3 * check,
        "ratio": median(made) / (1e3 * check),
    }  # fmt: skip
