"""Many counties in one run: time and memory of the workers, against one county after another.

A hundred counties of 3,800 grids lie in a square and share their borders bit for bit; in each some
grids are shrunk or grown, half of them at the county's border. Both sides read the same files and
run the same check; the borders between counties are the run's alone. The findings must be the same.
"""

import resource
import tempfile
import time
from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from rich.console import Console
from rich.table import Table

from api.commands.checking import Asked, examine
from api.commands.files import Request
from api.counties.cluster import Workers
from api.counties.service import Province, check_counties
from api.counties.sources import County, in_folders
from geo.findings import Finding

CRS = "EPSG:4547"
ORIGIN, SIDE_M = (300_000.0, 3_400_000.0), 600.0
# A square of counties, each of so many columns and rows; points on each side of a grid.
ACROSS, COLUMNS, ROWS, PIECES = 10, 76, 50, 25
SHRUNK, GROWN, REACH_M = 10, 10, 3.0
WORKERS, MEMORY = 2, "3GB"
WIND, JITTER, WAVES = 0.08, 0.05, 8


# -- the counties --------------------------------------------------------------------------------


def _chance(column: np.ndarray, row: np.ndarray, salt: int) -> np.ndarray:
    """A number of -1 to 1 for each place of the whole square, the same whoever asks."""
    value = (column * np.uint64(0x9E3779B97F4A7C15)) ^ (row * np.uint64(0xC2B2AE3D27D4EB4F))
    value ^= np.uint64(salt * 0xD6E8FEB86659FD93 % 2**64)
    for _ in range(2):
        value = (value ^ (value >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return (value >> np.uint64(11)).astype(float) / 2.0**52 - 1.0


def _arcs(
    start: np.ndarray, end: np.ndarray, column: np.ndarray, row: np.ndarray, salt: int
) -> np.ndarray:
    """Winding lines between corners, shape (n, PIECES + 1, 2); both ends kept bit for bit."""
    along = np.linspace(0, 1, PIECES + 1)[1:-1]
    waves = np.stack([_chance(column, row, salt + k) / k for k in range(1, WAVES + 1)], axis=-1)
    shapes = np.stack([np.sin(k * np.pi * along) for k in range(1, WAVES + 1)])
    away = WIND * (waves @ shapes) / 2 * (4 * along * (1 - along))
    step = (end - start)[:, None, :]
    normal = np.stack((-step[..., 1], step[..., 0]), axis=-1)
    inner = start[:, None, :] + along[None, :, None] * step + away[..., None] * normal
    return np.concatenate((start[:, None, :], inner, end[:, None, :]), axis=1)


def make_county(across: int, up: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Make the grids of one county of the square, and its outline."""
    column, row = np.meshgrid(
        np.arange(COLUMNS + 1, dtype=np.uint64) + np.uint64(across * COLUMNS),
        np.arange(ROWS + 1, dtype=np.uint64) + np.uint64(up * ROWS),
    )
    jitter = np.stack([_chance(column, row, salt) for salt in (1, 2)], axis=-1)
    corners = (np.stack((column, row), axis=-1).astype(float) + JITTER * jitter) * SIDE_M + ORIGIN

    def lines(start: np.ndarray, end: np.ndarray, salt: int) -> np.ndarray:
        at = start[..., 0].shape
        place = (column[: at[0], : at[1]].ravel(), row[: at[0], : at[1]].ravel())
        made = _arcs(start.reshape(-1, 2), end.reshape(-1, 2), *place, salt)
        return made.reshape(*at, PIECES + 1, 2)

    flat = lines(corners[:, :-1], corners[:, 1:], 100)
    steep = lines(corners[:-1], corners[1:], 200)
    rings = np.concatenate(
        (flat[:-1, :, :-1], steep[:, 1:, :-1], flat[1:, :, :0:-1], steep[:, :-1, ::-1]), axis=2
    ).reshape(COLUMNS * ROWS, -1, 2)
    shell = np.vstack((
        flat[0, :, :-1].reshape(-1, 2), steep[:, -1, :-1].reshape(-1, 2),
        flat[-1, ::-1, :0:-1].reshape(-1, 2), steep[::-1, 0, :0:-1].reshape(-1, 2),
    ))  # fmt: skip
    code = code_of(across, up)
    grids = gpd.GeoDataFrame(
        {"code": [f"{code}001001{n:05d}" for n in range(len(rings))], "area_code": code},
        geometry=shapely.polygons(rings), crs=CRS,
    )  # fmt: skip
    return grids, gpd.GeoDataFrame({"code": [code]}, geometry=[shapely.Polygon(shell)], crs=CRS)


def code_of(across: int, up: int) -> str:
    return f"99{across:02d}{up:02d}"


def spoil(grids: gpd.GeoDataFrame, seed: int) -> gpd.GeoDataFrame:
    """Shrink some grids and grow others, half of them at the border."""
    rng = np.random.default_rng(seed)
    number = np.arange(len(grids))
    column, row = number % COLUMNS, number // COLUMNS
    edge = (column == 0) | (column == COLUMNS - 1) | (row == 0) | (row == ROWS - 1)
    half = (SHRUNK + GROWN) // 2
    chosen = np.concatenate([rng.choice(number[some], half, replace=False)
                             for some in (edge, ~edge)])  # fmt: skip
    reach = np.where(rng.permutation(len(chosen)) < SHRUNK, -REACH_M, REACH_M)
    shapes = np.asarray(grids.geometry.array, dtype=object).copy()
    shapes[chosen] = shapely.make_valid(shapely.buffer(shapes[chosen], reach, quad_segs=2))
    return grids.set_geometry(shapes, crs=CRS)


def write(folder: Path) -> int:
    """Write the counties as partitioned GeoParquet, and return how many grids there are."""
    total = 0
    for across in range(ACROSS):
        for up in range(ACROSS):
            grids, outline = make_county(across, up)
            total += len(grids)
            for name, frame in (("grids", spoil(grids, across * ACROSS + up)), ("within", outline)):
                place = folder / name / f"county={code_of(across, up)}"
                place.mkdir(parents=True)
                frame.to_parquet(place / "part-0.parquet")
    return total


# -- both sides ----------------------------------------------------------------------------------


def _work() -> float:
    """Return the seconds of processor that this process and its ended children have had."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _one_by_one(counties: list[County]) -> tuple[float, float, Counter[tuple[str, str]]]:
    """Check one county after another in this process, reading included."""
    started, before, found = time.perf_counter(), _work(), Counter[tuple[str, str]]()
    for county in counties:
        findings: list[Finding] = examine(county.read(), Asked()).findings
        found.update((county.code, each.id) for each in findings)
    return time.perf_counter() - started, _work() - before, found


def _together(counties: list[County]) -> tuple[float, float, Province]:
    started, before = time.perf_counter(), _work()
    workers = Workers(count=WORKERS, memory=MEMORY)
    province = check_counties(counties, Asked(), workers, source="bench")
    return time.perf_counter() - started, _work() - before, province


def measure(console: Console) -> list[dict[str, object]]:
    """Run both, hold their findings against each other, and show what it took."""
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as name:
        total = write(Path(name))
        counties, _ = in_folders(Request(Path(name) / "grids", Path(name) / "within"), "county")
        seconds, work, province = _together(counties)
        client = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        alone, alone_work, found = _one_by_one(counties)
    findings = province.document["findings"]
    inside = Counter((f["counties"][0], f["id"]) for f in findings if len(f["counties"]) == 1)
    assert province.failed == {}
    assert inside == found
    result: dict[str, object] = {
        "name": "counties", "counties": len(counties), "grids": total, "workers": WORKERS,
        "findings": len(findings), "between": len(findings) - sum(inside.values()),
        "seconds": seconds, "processor_seconds": work, "one_by_one": alone,
        "one_by_one_processor_seconds": alone_work, "ratio": work / alone_work,
        "worker_mib": max(province.peaks_mib.values()), "client_mib": client,
    }  # fmt: skip
    _show(result, console)
    return [result]


def _show(result: dict[str, object], console: Console) -> None:
    table = Table(title="counties: all in one run, borders between them too", title_justify="left")
    for key, value in result.items():
        if key != "name":
            table.add_row(key, f"{value:,.2f}" if isinstance(value, float) else f"{value:,}")
    console.print(table)
    console.print(
        "  ratio of processor time, which no other load on the machine changes; the findings"
    )
    console.print("  inside counties are those of one after another, one by one\n")
