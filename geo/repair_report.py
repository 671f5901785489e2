"""The account of a repair: each change with its area and households, and what is left, with why."""

from collections import defaultdict
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from geo.coverage import CoverageReport
from geo.findings import Finding
from geo.gate import admit
from geo.measure import inner_point
from geo.register import Register
from geo.repair_mending import Mending
from geo.repair_words import BY_RULE, WHY, say, say_redrawn
from geo.repair_work import Move

Flags = NDArray[np.bool_]
# A finding is beside what is left if it is as near as so many tolerances.
BESIDE = 4.0
# Rules of land and shapes begin so; households and people are another matter.
OF_LAND = ("C", "G")
# Rules that a repair works on; others of these are not a matter of borders.
OWN_RULES = ("C101", "C102", "C103", "C104", "C105", "C106", "C107", "G001", "G004")


@dataclass(frozen=True)
class Change:
    """One thing that was done.

    ``grids`` lost the land, ``to`` got it (null: nobody, it lies beyond the parent). ``shape`` and
    ``point`` are in the layer's CRS; ``households`` are those in it whose grid is another now.
    """

    rule: str
    grids: tuple[str, ...]
    to: str | None
    area_m2: float
    households: int
    shape: BaseGeometry
    point: Point
    message: str
    message_zh: str


@dataclass(frozen=True)
class GridChange:
    """What became of one grid: areas in m², and vertices that are new or gone."""

    code: str
    before_m2: float
    after_m2: float
    gained_m2: float
    lost_m2: float
    vertices_added: int
    vertices_removed: int


@dataclass(frozen=True)
class Remaining:
    """A finding that stays, and why."""

    finding: Finding
    why: str
    why_zh: str


# -- changes -------------------------------------------------------------------------------------


def changes_of(
    mending: Mending,
    grids: gpd.GeoDataFrame,
    result: gpd.GeoDataFrame,
    households: gpd.GeoDataFrame | None,
) -> tuple[list[Change], int]:
    """Return the changes, the largest first, and how many households have another grid now."""
    points = np.empty(0, dtype=object)
    if households is not None:
        moved = _moved(households, grids, result)
        points = np.asarray(households.geometry.values, dtype=object)[moved]
    tree = shapely.STRtree(points)
    changes = [_change(mending, moves, tree) for moves in _together(mending)]
    changes += [_cut(mending, row, beyond) for row, (beyond, _) in mending.cut.items()]
    changes.sort(key=lambda change: (-change.area_m2, change.rule, change.grids, change.to or ""))
    told = {code for change in changes for code in (*change.grids, change.to)}
    return [*changes, *_redrawn(mending, grids, result, told)], len(points)


def _moved(
    households: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, result: gpd.GeoDataFrame
) -> Flags:
    """Tell which households belong to another grid than before, by the border rule."""
    where = []
    for frame in (grids, result):
        layer = admit(frame)
        plain = gpd.GeoDataFrame(
            {"code": layer.codes, "coverage": layer.coverage}, geometry=layer.shapes, crs=frame.crs
        )
        register = Register(households, plain, None)
        codes = np.append(register.codes, "")
        where.append(codes[register.grid])
    return np.asarray(where[0] != where[1])


def _together(mending: Mending) -> list[list[Move]]:
    """Group moves of one rule between the same grids that touch: they are one fault."""
    groups: dict[tuple[object, ...], list[Move]] = defaultdict(list)
    for move in mending.moves:
        groups[move.rule, move.losers, move.gainer].append(move)
    out = []
    for moves in groups.values():
        shapes = np.array([move.shape for move in moves], dtype=object)
        one, two = shapely.STRtree(shapes).query(
            shapes, predicate="dwithin", distance=mending.plane().unit
        )
        graph = coo_array((np.ones(len(one)), (one, two)), (len(moves),) * 2)
        label = connected_components(graph, directed=False)[1]
        out += [
            [moves[at] for at in np.flatnonzero(label == piece).tolist()]
            for piece in range(int(label.max()) + 1)
        ]
    return out


def _change(mending: Mending, moves: list[Move], moved: shapely.STRtree) -> Change:
    first = moves[0]
    shape = shapely.union_all([move.shape for move in moves]) if moves[1:] else first.shape
    shapes = np.array([move.shape for move in moves], dtype=object)
    area = float(mending.ruler.area_m2(shapes).sum())
    households = len(moved.query(shape, predicate="intersects"))
    losers = [mending.name(at) for at in first.losers]
    gainer = None if first.gainer is None else mending.name(first.gainer)
    return Change(
        first.rule, tuple(mending.code(at) for at in first.losers),
        None if first.gainer is None else mending.code(first.gainer),
        area, households, shape, inner_point(shape),
        **say(first.rule, losers, gainer, area, households),
    )  # fmt: skip


def _cut(mending: Mending, row: int, beyond: BaseGeometry) -> Change:
    """Return the change of an overlay grid that was cut back; its households keep their grids."""
    area = float(mending.ruler.area_m2(np.array([beyond], dtype=object))[0])
    words = say("C104", [mending.layer.names[row]], None, area, 0)
    codes = (mending.layer.codes[row],)
    return Change("C104", codes, None, area, 0, beyond, inner_point(beyond), **words)


def _redrawn(
    mending: Mending, grids: gpd.GeoDataFrame, result: gpd.GeoDataFrame, told: set[str | None]
) -> list[Change]:
    """Return the changes of outlines alone: made valid, or given a neighbour's vertices."""
    out = []
    before, after = (np.asarray(frame.geometry.values, dtype=object) for frame in (grids, result))
    for row in np.flatnonzero([a is not b for a, b in zip(before, after, strict=True)]).tolist():
        code, name = mending.layer.codes[row], mending.layer.names[row]
        invalid = not shapely.is_valid(before[row])
        if code in told and not invalid:
            continue
        rule = "G001" if invalid else "C105"
        added, gone = _vertices(before[row], after[row])
        place = Point(min(added | gone)) if added | gone else inner_point(after[row])
        out.append(Change(
            rule, (code,), code, 0.0, 0, after[row], place,
            **say_redrawn(rule, name, len(added), len(gone)),
        ))  # fmt: skip
    return out


def _vertices(
    before: BaseGeometry, after: BaseGeometry
) -> tuple[set[tuple[float, ...]], set[tuple[float, ...]]]:
    """Return the vertices that are new, and those that are gone."""
    old, new = ({tuple(xy) for xy in shapely.get_coordinates(g).tolist()} for g in (before, after))
    return new - old, old - new


def grid_changes(
    mending: Mending, grids: gpd.GeoDataFrame, result: gpd.GeoDataFrame
) -> list[GridChange]:
    """Return what became of each grid that changed, in the order of the rows."""
    gained: dict[int, float] = defaultdict(float)
    lost: dict[int, float] = defaultdict(float)
    for move in mending.moves:
        area = float(mending.ruler.area_m2(np.array([move.shape], dtype=object))[0])
        for at in move.losers:
            lost[at] += area
        if move.gainer is not None and move.rule != "C103":
            gained[move.gainer] += area
    before, after = (np.asarray(frame.geometry.values, dtype=object) for frame in (grids, result))
    position = {row: at for at, row in enumerate(mending.rows.tolist())}
    out = []
    for row in np.flatnonzero([a is not b for a, b in zip(before, after, strict=True)]).tolist():
        at = position.get(row, -1)
        shapes = np.array([mending.layer.shapes[row], after[row]], dtype=object)
        was, now = mending.ruler.area_m2(shapes).tolist()
        added, gone = _vertices(before[row], after[row])
        out.append(GridChange(
            mending.layer.codes[row], was, now, gained[at], lost[at], len(added), len(gone)
        ))  # fmt: skip
    return out


# -- what is left --------------------------------------------------------------------------------


def remaining(mending: Mending, after: CoverageReport) -> list[Remaining]:
    """Return every finding on land that a check of the result has, each with the reason."""
    return [
        Remaining(finding, *WHY[_why(mending, finding)])
        for finding in after.findings
        if finding.rule.startswith(OF_LAND)
    ]


def _why(mending: Mending, finding: Finding) -> str:
    if finding.rule not in OWN_RULES:
        return BY_RULE.get(finding.rule, "rule")
    if _is_shifted(mending, finding):
        return "shifted"
    near = BESIDE * mending.plane().unit
    left = [left for left in mending.left if shapely.dwithin(left.shape, finding.geometry, near)]
    if finding.rule == "C105":
        return _why_mismatched(mending, finding, near, beside=bool(left))
    if left:
        return max(left, key=lambda each: _common(each.shape, finding.geometry)).why
    if finding.rule == "C107" and not len(mending.lands):
        return "open"
    return "locked" if _is_locked(mending, finding, near) else "unsafe"


def _why_mismatched(mending: Mending, finding: Finding, near: float, *, beside: bool) -> str:
    places = np.array([Point(place) for _, place in mending.needed], dtype=object)
    if shapely.dwithin(places, finding.geometry, near).any():
        return "vertex"
    if beside:
        return "beside"
    if _is_locked(mending, finding, near):
        return "locked"
    return "own" if len(finding.grids) == 1 else "unsafe"


def _is_shifted(mending: Mending, finding: Finding) -> bool:
    """Tell whether a finding is of grids that look shifted, or in their area."""
    if not mending.kept:
        return False
    pairs = zip(mending.layer.codes, mending.layer.parent, strict=True)
    areas = {parent for code, parent in pairs if code in mending.kept}
    return finding.area in areas or not mending.kept.isdisjoint(finding.grids)


def _is_locked(mending: Mending, finding: Finding, near: float) -> bool:
    """Tell whether a finding is of a locked grid, or so near that one is in the way."""
    at = np.flatnonzero(mending.fixed[: len(mending.rows)])
    if not {mending.code(row) for row in at.tolist()}.isdisjoint(finding.grids):
        return True
    return bool(shapely.dwithin(mending.polygons[at], finding.geometry, near).any())


def _common(one: BaseGeometry, two: BaseGeometry) -> float:
    return float(shapely.area(shapely.intersection(one, two)))
