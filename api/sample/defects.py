"""The defects of the sample: what goes wrong with real grid layers, declared and seeded.

The clean county is an exact coverage. Into a copy of its grids, a few dozen defects are drawn,
spread over the towns, from a lost hamlet to a millimetre; into a copy of its households and
appointments, a few more. What was done is declared; what it amounts to is for a check to find.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from api.sample import strokes
from api.sample.lists import disband, spoil_households, vacate
from api.sample.plan import Ints, Size
from geo.crs import gcj02_from_wgs84

Shapes = dict[str, shapely.Polygon]
# The stroke, then its sizes in metres; one defect per size.
PROGRAMME: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("shifted_village", (0.0,)),
    ("nested", (0.0, 0.0, 0.0, 0.0)),
    ("duplicate", (0.0, 0.0)),
    ("triple_overlap", (15.0, 5.0)),
    ("missing_unit", (0.0, 0.0, 0.0, 0.0, 0.0)),
    ("missing_edge_unit", (0.0, 0.0, 0.0)),
    ("annexed_unit", (0.0, 0.0, 0.0)),
    ("pond", (24.0, 18.0, 12.0)),
    ("gap", (20.0, 11.0, 6.0, 2.0, 0.8, 0.2, 0.05)),
    ("uncovered_edge", (15.0, 4.0, 1.0, 0.3)),
    ("overlap", (20.0, 9.0, 3.0, 1.0, 0.3, 0.05)),
    ("overhang", (12.0, 3.0, 0.5)),
    ("sliver", (0.6, 0.35, 0.2, 0.1)),
    ("thinned_border", (0.0, 0.0)),
    ("mismatched_border", (0.006, 0.004, 0.002, 0.001)),
    ("t_junctions", (0.003, 0.0)),
)
SMALL = ("nested", "duplicate", "triple_overlap", "missing_unit", "missing_edge_unit", "pond",
         "gap", "uncovered_edge", "overlap", "overhang", "sliver", "mismatched_border")  # fmt: skip


@dataclass(slots=True)
class Draft:
    """The grids under the careless hand; ``used`` are grids that a defect has touched."""

    shapes: Shapes
    village: dict[str, str]
    members: dict[str, list[str]]
    units: dict[str, Shapes]
    parents: Shapes
    rng: np.random.Generator
    used: set[str] = field(default_factory=set)

    def of_village(self, village: str) -> list[str]:
        """Return the village's untouched grids."""
        return [g for g in self.members[village] if g not in self.used]

    def beside(self, code: str) -> list[str]:
        """Return untouched grids of the same village that share a border with this one."""
        own = strokes.vertices(self.shapes[code])
        return [
            other
            for other in self.of_village(self.village[code])
            if other != code and len(own & strokes.vertices(self.shapes[other])) > 2
        ]


# The new shapes that a stroke made, and the grids that it concerns; None: not here.
Done = tuple[Shapes, list[str]] | None
Stroke = Callable[[Draft, str, float], Done]


def inject(
    size: Size, clean: dict[str, pd.DataFrame], rng: np.random.Generator
) -> tuple[dict[str, pd.DataFrame], list[dict[str, object]]]:
    """Return the frames that defects have changed, and the list of the defects."""
    grid = clean["grid"].copy()
    draft = _draft(clean, rng)
    defects: list[dict[str, object]] = []
    for kind, sizes in PROGRAMME:
        if size == "small" and kind not in SMALL:
            continue
        chosen = sizes if size == "county" else sizes[:1]
        defects += filter(None, (_place(draft, kind, width) for width in chosen))
    grid["geom"] = gpd.GeoSeries(
        [draft.shapes.get(c, g) for c, g in zip(grid["code"], grid["geom"], strict=True)], crs=4326
    )
    share = 1.0 if size == "county" else 0.1
    household = clean["household"].copy()
    defects += list(spoil_households(household, grid, share, rng))
    appointment, vacant = vacate(clean["appointment"], share, rng)
    branch, appointment, without = disband(
        clean["party_branch"], appointment, clean["party_member"], share, rng
    )
    spoiled: dict[str, pd.DataFrame] = {
        "grid": grid, "household": household, "appointment": appointment, "party_branch": branch,
    }  # fmt: skip
    return spoiled, [*defects, *vacant, without]


def _draft(clean: dict[str, pd.DataFrame], rng: np.random.Generator) -> Draft:
    grid, unit, area = clean["grid"], clean["household_unit"], clean["area"]
    base = grid[grid["coverage"] == "exclusive"]
    units: dict[str, Shapes] = {}
    for code, home, shape in zip(unit["code"], unit["grid_code"], unit["geom"], strict=True):
        units.setdefault(home, {})[code] = shape
    village = area[area["level"] == "village"]
    return Draft(
        shapes=dict(zip(base["code"], base["geom"], strict=True)),
        village=dict(zip(base["code"], base["area_code"], strict=True)),
        members={str(v): list(codes) for v, codes in base.groupby("area_code")["code"]},
        units=units,
        parents=dict(zip(village["code"], village["geom"], strict=True)),
        rng=rng,
    )


def _place(draft: Draft, kind: str, width: float) -> dict[str, object] | None:
    """Draw one defect where it fits, in the village that has seen the fewest; None if nowhere."""
    stroke = STROKES[kind]
    for village in _villages(draft):
        for code in draft.rng.permutation(draft.of_village(village)):
            done = stroke(draft, str(code), width)
            if done is None:
                continue
            made, concerned = done
            changed = [draft.shapes[g].symmetric_difference(shape) for g, shape in made.items()]
            draft.shapes.update(made)
            # No other defect touches these, so that each can be told from the others.
            draft.used.update(concerned)
            return {
                "kind": kind,
                "area": str(village),
                "grids": sorted(concerned),
                "width_m": width,
                "at": _point(changed),
            }
    return None


def _point(changed: Iterable[BaseGeometry]) -> tuple[float, float]:
    middle = max(changed, key=lambda shape: shape.area).centroid
    return (middle.x, middle.y)


def _villages(draft: Draft) -> list[str]:
    """Order villages: towns with fewer touched grids first, untouched villages first."""
    touched = pd.Series([draft.village[g] for g in draft.used], dtype=object)
    in_village, in_town = touched.value_counts(), touched.str[:9].value_counts()
    order = draft.rng.permutation(sorted(draft.parents))
    return sorted(order, key=lambda v: (in_village.get(v, 0) > 0, in_town.get(v[:9], 0)))


# -- strokes -------------------------------------------------------------------------------------


def _border(draft: Draft, code: str, least: int) -> Iterator[tuple[str, Ints]]:
    """Yield neighbours and the run of the grid's ring shared with each."""
    ring = strokes.ring_of(draft.shapes[code])
    for other in draft.rng.permutation(draft.beside(code)):
        run = strokes.shared_run(ring, strokes.vertices(draft.shapes[str(other)]), least)
        if run is not None:
            yield str(other), run[: 2 * least + 4]


def _pull(draft: Draft, code: str, width: float) -> Done:
    """Pull a border between two grids: into the one (a gap), or into the other (an overlap)."""
    for other, run in _border(draft, code, 5):
        made = strokes.pull(draft.shapes[code], run, width)
        if made is not None and _only_between(draft, code, made, [other]):
            return {code: made}, [code, other]
    return None


def _only_between(draft: Draft, code: str, made: shapely.Polygon, others: list[str]) -> bool:
    """Tell whether all land that was won or lost lies in the grid and the others."""
    won = shapely.difference(made, draft.shapes[code])
    room = shapely.union_all([draft.shapes[g] for g in others])
    within = shapely.area(shapely.difference(won, room)) < 1e-3 * shapely.area(won) + 1e-18
    size = abs(shapely.area(made) - shapely.area(draft.shapes[code]))
    return bool(within and size < 0.3 * shapely.area(draft.shapes[code]))


def _pull_out(draft: Draft, code: str, width: float) -> Done:
    return _pull(draft, code, -width)


def _edge(draft: Draft, code: str, width: float) -> Done:
    """Pull a border with the village's edge inward; negative widths reach over it."""
    parent = draft.parents[draft.village[code]]
    run = strokes.shared_run(
        strokes.ring_of(draft.shapes[code]), strokes.vertices(parent.exterior), 6
    )
    made = None if run is None else strokes.pull(draft.shapes[code], run[:14], width)
    if made is None:
        return None
    won = shapely.area(shapely.difference(made, draft.shapes[code]))
    inside = shapely.area(shapely.difference(made, draft.shapes[code]).intersection(parent))
    return ({code: made}, [code]) if inside <= 1e-3 * won else None


def _overhang(draft: Draft, code: str, width: float) -> Done:
    return _edge(draft, code, -width)


def _sliver(draft: Draft, code: str, width: float) -> Done:
    """Digitise a border twice: each vertex a little off, to either side."""
    for other, run in _border(draft, code, 6):
        off = draft.rng.uniform(0.4, 1.0, len(run) - 2) * width
        off *= np.where(np.arange(len(off)) % 4 < 2, 1, -1)
        made = strokes.pull(draft.shapes[code], run, off)
        if made is not None:
            return {code: made}, [code, other]
    return None


def _thinned(draft: Draft, code: str, width: float) -> Done:
    for other, run in _border(draft, code, 6):
        made = strokes.thin(draft.shapes[code], run)
        if made is not None:
            return {code: made}, [code, other]
    return None


def _t_junctions(draft: Draft, code: str, width: float) -> Done:
    for other, run in _border(draft, code, 4):
        if run[0] < run[-1]:
            made = strokes.halve(draft.shapes[code], run, width)
            if made is not None:
                return {code: made}, [code, other]
    return None


def _nested(draft: Draft, code: str, width: float) -> Done:
    """Forget to cut premises out of the grid around them."""
    if code in draft.units and len(draft.units[code]) > 2:
        return None
    for host in draft.beside(code):
        shell = shapely.Polygon(draft.shapes[host].exterior)
        if shell.contains(draft.shapes[code]) and not shell.equals(draft.shapes[host]):
            made = strokes.united([draft.shapes[host], draft.shapes[code]])
            if made is not None:
                return {host: made}, [host, code]
    return None


def _duplicate(draft: Draft, code: str, width: float) -> Done:
    """Merge two grids on the map and keep both records."""
    for other in draft.beside(code):
        made = strokes.united([draft.shapes[code], draft.shapes[other]])
        if made is not None:
            return {code: made, other: made}, [code, other]
    return None


def _triple(draft: Draft, code: str, width: float) -> Done:
    """Let three grids each reach over the corner where they meet."""
    for second in draft.beside(code):
        for third in draft.beside(second):
            three = [code, second, third]
            corners = set.intersection(*(strokes.vertices(draft.shapes[g]) for g in three))
            if third == code or len(corners) != 1:
                continue
            made = {g: strokes.push_corner(draft.shapes[g], min(corners), width) for g in three}
            whole = {g: shape for g, shape in made.items() if shape is not None}
            if len(whole) == 3 and all(
                _only_between(draft, g, whole[g], [o for o in three if o != g]) for g in three
            ):
                return whole, three
    return None


def _lose_unit(draft: Draft, code: str, *, at_edge: bool) -> Done:
    """Forget one ten-household unit: its people are in no grid."""
    units = draft.units.get(code, {})
    rim = strokes.vertices(draft.parents[draft.village[code]])
    for lost in draft.rng.permutation(sorted(units)):
        shape = units[str(lost)]
        touches = len(strokes.vertices(shape) & rim)
        if shape.area > 8e-6 or len(units) < 4 or (touches > 3) != at_edge or 0 < touches <= 3:
            continue
        made = strokes.united([s for c, s in units.items() if c != lost])
        if made is not None:
            return {code: made}, [code]
    return None


def _missing_unit(draft: Draft, code: str, width: float) -> Done:
    return _lose_unit(draft, code, at_edge=False)


def _missing_edge_unit(draft: Draft, code: str, width: float) -> Done:
    return _lose_unit(draft, code, at_edge=True)


def _annexed(draft: Draft, code: str, width: float) -> Done:
    """Let a grid take in a unit that its neighbour keeps as well."""
    for other in draft.beside(code):
        for unit in draft.units.get(other, {}).values():
            shared = strokes.vertices(unit) & strokes.vertices(draft.shapes[code])
            made = strokes.united([draft.shapes[code], unit]) if len(shared) > 2 else None
            if made is not None and unit.area < 8e-6 and not made.equals(draft.shapes[code]):
                return {code: made}, [code, other]
    return None


def _pond(draft: Draft, code: str, width: float) -> Done:
    made = strokes.punch(draft.shapes[code], width, draft.rng)
    return None if made is None else ({code: made}, [code])


def _shifted(draft: Draft, code: str, width: float) -> Done:
    """Take a whole village's grids for WGS-84 when they are GCJ-02."""
    village = draft.village[code]
    moved = {g: shapely.transform(draft.shapes[g], _gcj02) for g in draft.of_village(village)}
    around = shapely.buffer(draft.parents[village], 0.009)
    near = [g for g, shape in draft.shapes.items() if around.intersects(shape)]
    if not all(shape.is_valid for shape in moved.values()) or len(moved) < 5:
        return None
    return moved, near


def _gcj02(
    lonlat: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.column_stack(gcj02_from_wgs84(lonlat[:, 0], lonlat[:, 1]))


STROKES: dict[str, Stroke] = {
    "shifted_village": _shifted, "nested": _nested, "duplicate": _duplicate,
    "triple_overlap": _triple, "missing_unit": _missing_unit,
    "missing_edge_unit": _missing_edge_unit, "annexed_unit": _annexed, "pond": _pond,
    "gap": _pull, "uncovered_edge": _edge, "overlap": _pull_out, "overhang": _overhang,
    "sliver": _sliver, "thinned_border": _thinned, "mismatched_border": _sliver,
    "t_junctions": _t_junctions,
}  # fmt: skip
