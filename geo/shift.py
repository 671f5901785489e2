"""G007, shifted layer: grids that fit their parent or households better in another datum.

Nothing in a file says whether the coordinates are WGS-84, GCJ-02 or BD-09, whether the zone is
the right one or the axes are exchanged; but each of these moves a layer in a way that is known.
So the question is put to *evidence*, a set of points of which it is known whether a group of
grids should hold them: a lattice over the parent (in the parent, or not), or the households
recorded there (all of them). The points, not the polygons, are moved by each known error, and
those that then get the wrong answer are counted. A group is shifted if an error explains at
least half of them.

The groups are the grids of one parent, so that one village in GCJ-02 is found among hundreds
that are fine. Land that is missing, doubled or beyond the border is not explained by moving the
rest, and so raises nothing.

Known limits: a group whose centre lies within 50 m of its parent's is not looked at; a parent
from another source that differs by more than half of a shift hides the shift.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from geo.crs import lonlat_transformer, unit_metres
from geo.datum import (
    Floats,
    Mapping,
    bd09_from_wgs84,
    gcj02_from_wgs84,
    wgs84_from_bd09,
    wgs84_from_gcj02,
)
from geo.findings import RULES, Finding, finding_id
from geo.phrases import Name, filled, in_english
from geo.register import names_of

Geometries = NDArray[np.object_]
Indices = NDArray[np.intp]
GEOD = pyproj.Geod(ellps="WGS84")

NEAR_M = 50.0  # a centre this close to its parent's is no sign of a shift
EXPLAINED = 0.5  # the share of wrong answers that a shift must explain
EVIDENCE = 20  # fewer wrong answers than this prove nothing
SUSPECT, SAMPLE = 300, 2000  # households of a group asked, before and after it is suspected
MISPLACED = 0.05  # the share of a group's households outside their grid that raises suspicion


@dataclass(frozen=True, slots=True)
class Error:
    """A known way for coordinates to be wrong: where it shows a true place, and in words.

    ``apply`` maps true lon, lat to the lon, lat that such a layer has; None exchanges the axes of
    the layer's own plane.
    """

    apply: Mapping | None
    en: str
    zh: str
    fix: str
    fix_zh: str


def _turned(degrees: float) -> Mapping:
    return lambda lon, lat: (lon + degrees, lat)


def _zone(degrees: int) -> Error:
    side, side_zh = ("east", "东") if degrees > 0 else ("west", "西")
    return Error(
        _turned(float(degrees)),
        f"the coordinates lie {abs(degrees)}° too far {side}, as from a wrong zone",
        f"坐标偏{side_zh}{abs(degrees)}°，疑为投影带号有误",
        "Import again with the right zone.",
        "请用正确的投影带重新导入。",
    )


ERRORS: dict[str, Error] = {
    "gcj02": Error(
        gcj02_from_wgs84,
        "the coordinates look like GCJ-02",
        "坐标疑为 GCJ-02（火星坐标）",
        "Import again with --crs GCJ-02.",
        "请以 --crs GCJ-02 重新导入。",
    ),
    "bd09": Error(
        bd09_from_wgs84,
        "the coordinates look like BD-09",
        "坐标疑为 BD-09（百度坐标）",
        "Import again with --crs BD-09.",
        "请以 --crs BD-09 重新导入。",
    ),
    "reference-gcj02": Error(
        wgs84_from_gcj02,
        "what they are compared with looks like GCJ-02",
        "比对的图层坐标疑为 GCJ-02（火星坐标）",
        "Import the other layer again with --crs GCJ-02.",
        "请将比对的图层以 --crs GCJ-02 重新导入。",
    ),
    "reference-bd09": Error(
        wgs84_from_bd09,
        "what they are compared with looks like BD-09",
        "比对的图层坐标疑为 BD-09（百度坐标）",
        "Import the other layer again with --crs BD-09.",
        "请将比对的图层以 --crs BD-09 重新导入。",
    ),
    "swapped-axes": Error(
        None,
        "x and y are exchanged",
        "坐标的横轴与纵轴颠倒",
        "Exchange x and y, and import again.",
        "请交换两轴后重新导入。",
    ),
    **{f"zone{degrees:+d}": _zone(degrees) for degrees in (3, -3, 6, -6)},
}


@dataclass(frozen=True, slots=True)
class Shift:
    """A group of grids that a known error explains.

    ``kind`` is a key of :data:`ERRORS`; ``reference`` what the grids were compared with
    (``parent`` or ``households``); ``distance_m`` how far the error moves them, 0 where it moves
    them off the globe; ``confidence``
    the share of wrong answers that it explains, 0.5 to 1; ``area`` the parent's code, None for
    the whole layer; ``codes`` the grids.
    """

    kind: str
    reference: str
    distance_m: float
    confidence: float
    area: str | None
    codes: tuple[str, ...]


def _apply(kind: str, points: Floats, crs: pyproj.CRS) -> Floats:
    """Return where a layer with this error has the true places; n × 2, own plane."""
    error = ERRORS[kind].apply
    if error is None:
        return points[:, ::-1]
    if crs.is_geographic:
        return np.column_stack(error(points[:, 0], points[:, 1]))
    lonlat = lonlat_transformer(crs)
    moved = error(*lonlat.transform(points[:, 0], points[:, 1]))
    return np.column_stack(lonlat.transform(*moved, direction="INVERSE"))


def _inside(points: Floats, polygons: Geometries) -> NDArray[np.bool_]:
    """Tell for each point whether any of the polygons has it; null and empty ones have none."""
    inside = np.zeros(len(points), dtype=bool)
    # The polygon is the prepared side: its edges are indexed once for all of its points.
    tree = shapely.STRtree(np.asarray(shapely.points(points)))
    inside[tree.query(polygons, predicate="intersects")[1]] = True
    return inside


def metres_between(crs: pyproj.CRS, here: Floats, there: Floats) -> Floats:
    """Return geodesic distances between places of one plane, n × 2 each; NaN where undefined."""
    lonlat = lonlat_transformer(crs)
    ends = (*lonlat.transform(*here.T), *lonlat.transform(*there.T))
    return np.asarray(GEOD.inv(*ends)[2], dtype=np.float64)


def _explain(
    points: Floats, expected: NDArray[np.bool_], polygons: Geometries, crs: pyproj.CRS
) -> tuple[str, float] | None:
    """Return the error that explains most wrong answers and its share of them, if it is enough."""
    before = int((_inside(points, polygons) != expected).sum())
    if before < EVIDENCE:
        return None
    shares = {}
    for kind in ERRORS:
        moved = _apply(kind, points, crs)
        usable = np.isfinite(moved).all(axis=1)
        inside = np.zeros(len(points), dtype=bool)
        inside[usable] = _inside(moved[usable], polygons)
        shares[kind] = 1 - int((inside != expected).sum()) / before
    kind = max(shares, key=lambda name: shares[name])
    return (kind, shares[kind]) if shares[kind] >= EXPLAINED else None


def _lattice(parent: Geometries, metre: float) -> Floats:
    """Return points over the parents' box, 32 a side, closer in a large one; n × 2, own plane."""
    left, bottom, right, top = shapely.total_bounds(parent)
    size = max(right - left, top - bottom)
    step = max(min(size / 32, 150 / metre), size / 256)
    x, y = np.meshgrid(np.arange(left + step / 2, right, step), np.arange(bottom, top, step))
    return np.column_stack([x.ravel(), y.ravel()])


def _parent_evidence(
    grids: gpd.GeoDataFrame, groups: pd.Series, parents: gpd.GeoDataFrame
) -> Iterator[tuple[str, Floats, NDArray[np.bool_]]]:
    """Yield (group, points, expected) for each group that lies away from its parent."""
    crs = pyproj.CRS(grids.crs)
    outer = pd.Series(np.asarray(parents.geometry.array), parents["code"].astype(str))
    for group, members in grids.geometry.groupby(groups):
        parent = np.asarray(outer.loc[[group]] if group else outer, dtype=object)
        here, there = centre(np.asarray(members)), centre(parent)
        if not (np.isfinite(here).all() and np.isfinite(there).all()):
            continue
        # Not "further than": what has no inverse in this plane is NaN away, and surely shifted.
        if not metres_between(crs, here, there)[0] <= NEAR_M:
            points = _lattice(parent, unit_metres(crs))
            yield str(group), points, _inside(points, parent)


def centre(polygons: Geometries) -> Floats:
    """Return the centre of gravity, 1 × 2, own plane; NaN where there is no area."""
    polygons = polygons[shapely.area(polygons) > 0]
    weight = shapely.area(polygons)
    places = shapely.get_coordinates(shapely.centroid(polygons))
    return np.asarray(weight @ places / weight.sum() if len(places) else [np.nan] * 2)[None]


def _household_evidence(
    grids: gpd.GeoDataFrame, groups: pd.Series, households: gpd.GeoDataFrame
) -> Iterator[tuple[str, Floats, NDArray[np.bool_]]]:
    """Yield (group, points, expected) for each group whose households lie outside their grids."""
    polygons = np.asarray(grids.geometry.array, dtype=object)
    home = np.asarray(households.geometry.array, dtype=object)
    located = ~(shapely.is_missing(home) | shapely.is_empty(home))
    names = pd.Index(households["grid_code"].astype(str))
    codes = pd.Index(grids["code"].astype(str))
    # Of rows that share a code the first one is asked about.
    first = np.flatnonzero(~codes.duplicated())
    recorded = np.append(first, -1)[codes[first].get_indexer(names)]
    known = np.flatnonzero(located & (recorded >= 0))
    points, recorded = shapely.get_coordinates(home[known]), recorded[known]
    group = groups.to_numpy()[recorded]
    some = evenly(group, SUSPECT)
    shapely.prepare(polygons)
    outside = ~shapely.intersects_xy(polygons[recorded[some]], points[some])
    share = pd.Series(outside).groupby(group[some]).mean()
    for suspect in share.index[share > MISPLACED]:
        mine = points[group == suspect]
        mine = mine[:: max(1, len(mine) // SAMPLE)]
        yield str(suspect), mine, np.ones(len(mine), dtype=bool)


def evenly(groups: NDArray[np.object_], most: int) -> Indices:
    """Choose at most so many of each group, evenly in their order, whatever other groups have."""
    label, names = pd.factorize(groups)
    rank = pd.Series(label).groupby(label).cumcount().to_numpy()
    step = -(-np.bincount(label, minlength=len(names)) // most)
    return np.flatnonzero(rank % step[label] == 0)


def groups_of(grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame | None) -> pd.Series:
    """Return for each grid the code of its parent; "" for those whose parent is not told."""
    if "area_code" not in grids:
        return pd.Series("", index=grids.index)
    codes = grids["area_code"].fillna("").astype(str)
    known = codes if parents is None else parents["code"].astype(str)
    return codes.where(codes.isin(known), "")


def detect_shift(
    grids: gpd.GeoDataFrame,
    parents: gpd.GeoDataFrame | None = None,
    households: gpd.GeoDataFrame | None = None,
) -> list[Shift]:
    """Find the groups of grids that fit better in another datum, zone or order of axes.

    Parameters
    ----------
    grids
        ``code``, geometry, and ``area_code`` if grids are to be compared with their own parent;
        without it all grids are compared with all parents. A unique code each; null, empty and
        invalid geometries are allowed.
    parents
        ``code`` (unique), geometry; the CRS of ``grids``.
    households
        ``grid_code``, geometry (points, null where not located); the CRS of ``grids``. Asked
        only about groups that fit their parent.

    Returns
    -------
    list of Shift
        By parent code; one with ``area`` None if it is true of half of all groups or more.
    """
    shifts = group_shifts(grids, parents, households)
    return whole([shifts[group] for group in sorted(shifts)], groups_of(grids, parents).nunique())


def group_shifts(
    grids: gpd.GeoDataFrame,
    parents: gpd.GeoDataFrame | None = None,
    households: gpd.GeoDataFrame | None = None,
) -> dict[str, Shift]:
    """Find the shift of each group of grids by itself; "" are those whose parent is not told.

    What is found of a group depends on its own grids, parent and households alone.
    """
    crs, groups = pyproj.CRS(grids.crs), groups_of(grids, parents)
    polygons, codes = np.asarray(grids.geometry.array, dtype=object), grids["code"].astype(str)
    shifts: dict[str, Shift] = {}
    evidence: list[tuple[str, Iterator[tuple[str, Floats, NDArray[np.bool_]]]]] = []
    if parents is not None:
        evidence.append(("parent", _parent_evidence(grids, groups, parents)))
    if households is not None and "grid_code" in households:
        evidence.append(("households", _household_evidence(grids, groups, households)))
    for reference, cases in evidence:
        for group, points, expected in cases:
            members = (groups == group).to_numpy()
            found = None if group in shifts else _explain(points, expected, polygons[members], crs)
            if found:
                kind, share = found
                middle = points.mean(axis=0, keepdims=True)
                far = metres_between(crs, middle, _apply(kind, middle, crs))[0]
                distance = float(np.nan_to_num(far))
                mine = tuple(sorted(codes[members]))
                shifts[group] = Shift(kind, reference, distance, share, group or None, mine)
    return shifts


def whole(shifts: list[Shift], groups: int) -> list[Shift]:
    """Say once, of the whole layer, what is true of half of its groups or more."""
    kept: list[Shift] = []
    for kind, reference in sorted({(s.kind, s.reference) for s in shifts}):
        same = [s for s in shifts if (s.kind, s.reference) == (kind, reference)]
        if len(same) >= max(2, groups / 2):
            codes = tuple(sorted(code for s in same for code in s.codes))
            distance = float(np.median([s.distance_m for s in same]))
            confidence = float(np.median([s.confidence for s in same]))
            same = [Shift(kind, reference, distance, confidence, None, codes)]
        kept += same
    return sorted(kept, key=lambda s: (s.area or "", s.kind))


def shift_findings(
    grids: gpd.GeoDataFrame,
    parents: gpd.GeoDataFrame | None = None,
    households: gpd.GeoDataFrame | None = None,
) -> list[Finding]:
    """Report G007, one finding a shift; parameters as in :func:`detect_shift`.

    Returns
    -------
    list of Finding
        ``length_m`` is how far the layer is shifted; ``geometry`` the land that the grids claim
        (its box, where it is the whole layer); ``point`` lies in the parent, where it is known.
    """
    shifts = detect_shift(grids, parents, households)
    return [shift_finding(shift, grids, parents) for shift in shifts]


def shift_finding(
    shift: Shift, grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame | None
) -> Finding:
    """Word one shift; of ``grids`` only those that it names are looked at."""
    error = ERRORS[shift.kind]
    members = np.asarray(grids.geometry[grids["code"].astype(str).isin(shift.codes)])
    claimed = shapely.union_all(shapely.make_valid(members)) if shift.area else None
    geometry = claimed or shapely.box(*shapely.total_bounds(members))
    seat = geometry
    if parents is not None and shift.area:
        seat = parents.geometry[parents["code"].astype(str) == shift.area].iloc[0]
    name = _name(shift.area, parents)
    whose = f"The {len(shift.codes)} grids of {in_english(name)}" if name else "The whole layer"
    whose_zh = f"{name}的 {len(shift.codes)} 个网格" if name else "整个图层"
    far = f" ({round(shift.distance_m)} m away)" if shift.distance_m else ""
    far_zh = f"（相距约 {round(shift.distance_m)} 米）" if shift.distance_m else ""
    better = {"parent": "parent area", "households": "households"}
    better_zh = {"parent": "上级区域", "households": "所登记住户"}
    sure = round(100 * shift.confidence)
    return Finding(
        id=finding_id("G007", shift.kind, shift.reference, shift.area or "*"),
        rule="G007",
        severity=RULES["G007"].severity,
        grids=shift.codes,
        area=shift.area,
        geometry=geometry,
        point=seat.representative_point(),
        length_m=shift.distance_m,
        **filled(
            "G007",
            {"whose": whose, "error": error.en, "far": far, "sure": sure,
             "better": better[shift.reference], "cure": error.fix},
            {"whose_zh": whose_zh, "error_zh": error.zh, "far_zh": far_zh, "sure": sure,
             "better_zh": better_zh[shift.reference], "cure_zh": error.fix_zh},
        ),
    )  # fmt: skip


def _name(area: str | None, parents: gpd.GeoDataFrame | None) -> str:
    """Return what a parent is called; its code where it has no name."""
    if not area or parents is None or not len(own := parents[parents["code"].astype(str) == area]):
        return area or ""
    found: Name = names_of(own.iloc[:1], [area])[0]
    return found
