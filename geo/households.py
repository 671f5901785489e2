"""Households against grids: each should be in exactly one, the one where it is recorded.

What is said of a household, where *belongs* is by the border rule of :mod:`geo.register`:

- *unlocated* (H205): it has no coordinates. It is neither covered nor uncovered.
- *uncovered* (H201): it belongs to no exclusive grid, nor to the overlay grid it is recorded in.
- *in several* (H202): it lies strictly inside more than one exclusive grid.
- *misfiled* (H203): it is covered, and does not belong to the grid it is recorded in. On the
  border of that grid it is not misfiled. An overlay grid is a household's grid only by record.
- *stacked* (H204): it shares its coordinate with many.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geo.errors import GeometryTypeError
from geo.findings import Finding
from geo.measure import inner_point
from geo.phrases import distance, filled, in_english, listing
from geo.register import Floats, Geometries, Indices, Register, locate, memberships
from geo.rules import LIMITS as DECLARED
from geo.surroundings import Surroundings

__all__ = ["LIMITS", "HouseholdCheck", "check_households", "locate", "memberships"]

# What a county can set: households nearer to each other than this are one cluster, and so many on
# one spot are called stacked.
LIMITS: Mapping[str, float] = {key: DECLARED[key].default for key in ("cluster_m", "stacked")}
# A geocoder's default stands in the middle of what it could resolve, to this distance.
MIDDLE_M = 5.0


@dataclass(frozen=True)
class HouseholdCheck:
    """What is known of the households.

    ``grid`` is aligned with the households: the position, in the frame of grids, of the exclusive
    grid that each belongs to, or -1. ``rows`` gives for each finding's id the positions of its
    households.
    """

    findings: list[Finding]
    households: int
    uncovered: int
    in_several: int
    unlocated: int
    grid: Indices
    rows: Mapping[str, Indices]


def check_households(
    households: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    parents: gpd.GeoDataFrame | None = None,
    *,
    limits: Mapping[str, Any] | None = None,
    around: Surroundings | None = None,
) -> HouseholdCheck:
    """Check households by H201 to H205.

    Parameters
    ----------
    households
        Points, null or empty where unlocated; ``code``, ``grid_code`` (recorded) and
        ``area_code`` if there are. A null or absent record is not judged.
    grids
        ``code``, polygons; ``name``, ``area_code``, ``coverage`` if there are. Their CRS is the
        plane, and households and parents must be in it.
    parents
        ``code``, polygons, ``name`` if there is: to say in whose land a finding lies.
    limits
        In place of :data:`LIMITS`: ``cluster_m`` in metres, ``stacked`` in households.
    around
        Settlements and workers, to name a place of uncovered households by.

    Returns
    -------
    HouseholdCheck
        Findings in the plane of the grids, not sorted. ``length_m`` of H201 is the distance to
        the nearest grid, of H203 the greatest distance to the recorded one.

    Raises
    ------
    MissingCrsError
        The grids have no CRS.
    GeometryTypeError
        A household is not a point; carries its ``row``.
    """
    bounds = {**LIMITS, **(limits or {})}
    register = Register(households, grids, parents)
    _require_points(register.points)
    several = _several(register)
    findings = [
        *_uncovered(register, float(bounds["cluster_m"]), around or Surroundings()),
        *_in_several(register, several),
        *_misfiled(register),
        *_stacked(register, int(bounds["stacked"])),
        *_unlocated(register),
    ]
    return HouseholdCheck(
        findings,
        households=len(households),
        uncovered=int(register.uncovered.sum()),
        in_several=len(several),
        unlocated=int((~register.located).sum()),
        grid=np.where(register.grid < 0, -1, register.order[register.grid]),
        rows=register.told,
    )


def _require_points(points: Geometries) -> None:
    other = np.flatnonzero(~np.isin(shapely.get_type_id(points), (-1, 0)))
    if len(other):
        raise GeometryTypeError(
            "A household is a point.",
            cure="Give each household one point, or null where its place is not known.",
            zh="住户应当是点：每户一个点，位置不明的留空。",
            row=int(other[0]) + 1,
        )


def _homes(count: int) -> str:
    return f"{count} household" if count == 1 else f"{count} households"


def _verb(count: int) -> str:
    return "lies" if count == 1 else "lie"


def _groups(rows: Indices, labels: NDArray[Any]) -> list[Indices]:
    """Split rows by label, in the labels' order, each group in its rows' order."""
    if not len(rows):
        return []
    _, number = np.unique(labels.astype(str), return_inverse=True)
    order = np.argsort(number, kind="stable")
    return np.split(rows[order], np.cumsum(np.bincount(number))[:-1])


# -- H201: in no grid ------------------------------------------------------------------------------


def _uncovered(register: Register, cluster_m: float, around: Surroundings) -> Iterator[Finding]:
    rows = np.flatnonzero(register.uncovered)
    if not len(rows):
        return
    flat = shapely.get_coordinates(register.ruler.project(register.points[rows]))
    clusters = _groups(rows, _clusters(flat, cluster_m))
    seats = register.points[[register.middle(cluster) for cluster in clusters]]
    nearest, metres = register.nearest(seats)
    lands = register.area_at(seats, np.where(nearest < 0, "", register.areas[nearest]))
    places = around.at(seats, register.ruler)
    for cluster, grid, far, land, at in zip(
        clusters, nearest, metres.tolist(), lands, places, strict=True
    ):
        en, zh = register.where(land)
        near = near_zh = ""
        if grid >= 0:
            name, who = register.names[grid], around.worker(register.codes[grid])
            near = f"; the nearest grid is {in_english(name)}, {distance(far)} away"
            near += f", its worker {who}" if who else ""
            near_zh = f"，最近的网格是{name}，相距 {distance(far, english=False)}"
            near_zh += f"，网格员{who}" if who else ""
        gaps = {
            "homes": _homes(len(cluster)),
            "count": len(cluster),
            "lie": _verb(len(cluster)),
            "place": f" at {in_english(at)}" + en.replace(" of ", ", ", 1) if at else en,
            "place_zh": zh + at if at else zh,
            "near": near,
            "near_zh": near_zh,
        }
        yield register.finding(
            "H201",
            cluster,
            [register.codes[grid]] if grid >= 0 else [],
            land,
            length_m=far if grid >= 0 else 0.0,
            words=filled("H201", gaps, gaps),
        )


def _clusters(points: Floats, reach: float) -> Indices:
    """Join points into clusters, so that any two less than ``reach`` apart are in one.

    Cells as wide as the reach are joined with the eight around them, so that a whole village
    without a grid costs no more than its cells. Points of one cluster can be up to 2√2 reaches
    from the next; n × 2, metres.
    """
    cells, cell = np.unique(np.floor(points / reach), axis=0, return_inverse=True)
    near = cKDTree(cells).query_pairs(1.5, output_type="ndarray")
    links = coo_array((np.ones(len(near)), near.T), shape=(len(cells), len(cells)))
    return np.asarray(connected_components(links, directed=False)[1][cell.ravel()], dtype=np.intp)


# -- H202: in several ------------------------------------------------------------------------------


def _several(register: Register) -> dict[int, tuple[int, ...]]:
    """Return, for households strictly inside several exclusive grids, which."""
    household, polygon = register.pairs
    many = np.bincount(household, minlength=len(register.points)) > 1
    kept = many[household] & ~register.overlay[polygon]
    household, polygon = household[kept], polygon[kept]
    inside = shapely.contains(register.polygons[polygon], register.points[household])
    owners: dict[int, tuple[int, ...]] = {}
    for row, grid in zip(household[inside].tolist(), polygon[inside].tolist(), strict=True):
        owners[row] = (*owners.get(row, ()), grid)
    return {row: grids for row, grids in sorted(owners.items()) if len(grids) > 1}


def _in_several(register: Register, several: dict[int, tuple[int, ...]]) -> Iterator[Finding]:
    for grids in sorted(set(several.values())):
        rows = np.array([row for row, owners in several.items() if owners == grids])
        names = [register.names[grid] for grid in grids]
        count, land = len(rows), register.areas[grids[0]]
        yield register.finding(
            "H202",
            rows,
            list(dict.fromkeys(register.codes[list(grids)])),
            register.area_at(register.points[rows[:1]], np.array([land], dtype=object))[0],
            words=filled(
                "H202",
                {"homes": _homes(count), "lie": _verb(count), "who": listing(names, english=True)},
                {"count": count, "who": listing(names, english=False)},
            ),
        )


# -- H203: recorded elsewhere ----------------------------------------------------------------------


def _misfiled(register: Register) -> Iterator[Finding]:
    told = register.located & (register.record != "")
    rows = np.flatnonzero(told & (register.grid >= 0) & ~register.at_home)
    pairs = np.char.add(
        np.char.add(register.record[rows].astype(str), "\x1f"),
        register.codes[register.grid[rows]].astype(str),
    )
    far = register.distance_to_record(rows)
    metres = dict(zip(rows.tolist(), far.tolist(), strict=True))
    for group in _groups(rows, pairs):
        actual, recorded = int(register.grid[group[0]]), int(register.recorded_row[group[0]])
        furthest = max(metres[row] for row in group.tolist())
        known = recorded >= 0
        name = register.names[recorded] if known else register.record[group[0]]
        here, count = register.names[actual], len(group)
        gaps = {
            "homes": _homes(count),
            "count": count,
            "lie": _verb(count),
            "none": "" if known else ", which is no grid,",
            "none_zh": "" if known else "（没有这个网格）",
            "away": f", up to {distance(furthest)} away" if known and furthest else "",
            "away_zh": f"，最远相距 {distance(furthest, english=False)}"
            if known and furthest
            else "",
        }
        yield register.finding(
            "H203",
            group,
            [*([register.codes[recorded]] if known else []), register.codes[actual]],
            register.areas[actual],
            length_m=furthest,
            words=filled(
                "H203",
                {**gaps, "recorded": in_english(name), "here": in_english(here)},
                {**gaps, "recorded": name, "here": here},
            ),
        )


# -- H204: on one spot -----------------------------------------------------------------------------


def _stacked(register: Register, least: int) -> Iterator[Finding]:
    rows = np.flatnonzero(register.located)
    xy = shapely.get_coordinates(register.points[rows])
    order = np.lexsort(xy.T)
    starts = np.flatnonzero(np.r_[True, (np.diff(xy[order], axis=0) != 0).any(axis=1)])
    sizes = np.diff(np.r_[starts, len(rows)]) if len(rows) else np.empty(0, dtype=int)
    for start, size in zip(starts[: len(sizes)], sizes, strict=True):
        if size >= least:
            yield _stack(register, np.sort(rows[order[start : start + size]]))


def _stack(register: Register, rows: Indices) -> Finding:
    spot, grid = register.points[rows[0]], int(register.grid[rows[0]])
    land = register.area_at(register.points[rows[:1]], register.home_areas[rows[:1]])[0]
    shapes = [(register.area_shape(land), register.area_names.get(land, land))]
    shapes += [(register.polygons[grid], register.names[grid])] if grid >= 0 else []
    middle = ""
    for shape, name in shapes:
        if shape is not None:
            ends = register.ruler.project(np.array([spot, shape.centroid], dtype=object))
            middle = middle or (name if shapely.distance(*ends) <= MIDDLE_M else "")
    cause = (
        f"the middle of {in_english(middle)}, as a geocoder's default"
        if middle
        else "one building, or a "
    )
    cause += "" if middle else "geocoder's default"
    cause_zh = (
        f"{middle}的中心点，疑为地址解析的默认点" if middle else "同一栋楼，或地址解析的默认点"
    )
    return register.finding(
        "H204",
        rows,
        [str(register.codes[grid])] if grid >= 0 else [],
        land,
        seat=spot,
        words=filled(
            "H204",
            {"homes": _homes(len(rows)), "cause": cause},
            {"count": len(rows), "cause_zh": cause_zh},
        ),
    )


# -- H205: nowhere ---------------------------------------------------------------------------------


def _unlocated(register: Register) -> Iterator[Finding]:
    rows = np.flatnonzero(~register.located)
    recorded = register.recorded_row[rows]
    by_grid = np.where(recorded < 0, "", register.areas[recorded])
    areas = np.where(register.home_areas[rows] == "", by_grid, register.home_areas[rows])
    for group in _groups(rows, areas):
        grids = register.recorded_row[group]
        land = areas[np.searchsorted(rows, group[0])]
        shapes = [register.area_shape(land), *register.polygons[grids[grids >= 0][:1]]]
        shape = next((s for s in shapes if s is not None and not s.is_empty), None)
        seat = inner_point(shape or shapely.box(*shapely.total_bounds(register.polygons)))
        en, zh = register.where(land)
        gaps = {
            "homes": _homes(len(group)),
            "count": len(group),
            "place": en,
            "place_zh": zh,
            "have": "has" if len(group) == 1 else "have",
        }
        yield register.finding(
            "H205",
            group,
            sorted({str(code) for code in register.codes[grids[grids >= 0]]}),
            land,
            seat=seat,
            words=filled("H205", gaps, gaps),
        )
