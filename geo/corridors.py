"""Corridors: strips in no grid that are narrower than a given width, wherever they lead (C107).

A gap inside the parent is found by the certificate, however narrow. What it does not see is land
that the parent does not claim either: a slit between two villages, an inlet from a lake that is
rightly nobody's, or, where no parent is given, a slit that opens to the outside. There the
borders of two neighbours were meant to be one.

The outer border of everything is what does not cancel of the parents (of the grids, where there
are none). Of it only those pieces are looked at that run back along one another closer than the
width; around these the land is **closed** (grown by half the width, then shrunk by as much), and
what that adds is corridor where it is long for its width. So the cost goes with the corridors and
not with the county.

Known limits: a corridor lies between two grids at least, and is at least ten times as long as it
is wide on the mean; an inlet that narrows to a point counts from where it is narrow enough.
Without parents a hole that is a corridor from end to end is a gap (C101) and nothing else.

References
----------
Serra, J. (1982), *Image Analysis and Mathematical Morphology*, chapter 2: closing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from geo.arrangement import lines_of, lines_of_owners
from geo.borders import beside
from geo.certificate import Ints, open_segments
from geo.explain import Explainer
from geo.findings import Finding
from geo.gate import Layer
from geo.measure import Floats, Geometries, Ruler, reproject
from geo.weld import weld

# A strip is a corridor if it is so many times as long as it is wide on the mean.
LEAST_RATIO = 10.0
# Two pieces of border run back along one another if they turn by more than 135 degrees.
TURN = -0.7
# So many pieces are asked for their neighbours in one go.
AT_ONCE = 4096
# Two lines are one within this distance, in metres: far above rounding, far below a tolerance.
SAME_M = 1e-6


@dataclass(frozen=True)
class Corridor:
    """A strip, in the layer's CRS; ``length_m`` of its middle."""

    shape: BaseGeometry
    length_m: float


def corridor_findings(
    layer: Layer, parents: Layer | None, explain: Explainer, width_m: float, tolerance_m: float
) -> Iterator[Finding]:
    """Yield C107 for each corridor beside the grids.

    Parameters
    ----------
    layer, parents
        As the gate admitted them.
    explain
        Makes the findings.
    width_m
        Narrower than this is a corridor.
    tolerance_m
        What is narrower than this is no land, but a mismatched border.
    """
    land = layer.shapes[layer.exclusive] if parents is None else parents.shapes[parents.exclusive]
    strips = corridors(land, explain.ruler, width_m, tolerance_m, open_only=parents is None)
    yield from beside_grids(strips, layer, explain, tolerance_m)


def beside_grids(
    strips: Iterable[Corridor], layer: Layer, explain: Explainer, tolerance_m: float
) -> Iterator[Finding]:
    """Yield C107 for each strip that lies between grids."""
    grids = layer.shapes[layer.exclusive]
    rows = np.flatnonzero(layer.exclusive)
    tree = shapely.STRtree(grids)
    near = tolerance_m / min(explain.ruler.metres(grids))
    for each in strips:
        beside = tree.query(each.shape, predicate="dwithin", distance=near)
        # A notch in one grid's own outline is how that grid is drawn.
        if len(beside) < 2:
            continue
        shared = shapely.length(
            shapely.intersection(shapely.boundary(grids[beside]), each.shape.buffer(near))
        )
        who = rows[beside[np.argsort(-shared, kind="stable")]].tolist()
        yield explain.finding(
            "C107",
            each.shape,
            [(layer.codes[row], layer.names[row]) for row in who],
            area=layer.parent[who[0]],
            depth=0,
            measures={"length_m": each.length_m},
        )


def corridors(
    land: Geometries,
    ruler: Ruler,
    width_m: float,
    tolerance_m: float,
    *,
    open_only: bool = False,
) -> Iterator[Corridor]:
    """Yield the narrow strips between and beside polygons.

    Parameters
    ----------
    land
        Valid polygons; overlaps between them are no matter.
    ruler
        Of their plane.
    width_m, tolerance_m
        Narrower than the one, and on the mean wider than the other.
    open_only
        Only those between two polygons at least that lead on to wider ground.
    """
    rest = open_segments(land, np.zeros(len(land), dtype=np.int64))
    if not len(rest):
        return
    # What a polygon draws by itself is its own detail; two may have meant one border.
    if (rest.owner != rest.owner[0]).any():
        rest = weld(rest, tolerance_m, ruler.metres(land)).rest
    whole, owner = lines_of_owners(rest.ends, rest.owner)
    lines, line = _pieces(ruler.project(whole), tolerance_m / 2)
    tree = shapely.STRtree(land)
    for some in _facing(lines, width_m, owner[line] if open_only else None):
        reach = _along(lines[some], 2 * width_m)
        there = reproject(np.array([reach], dtype=object), ruler.metric, ruler.crs)[0]
        around = ruler.project(land[np.sort(tree.query(there, predicate="intersects"))])
        pieces = shapely.intersection(shapely.make_valid(around), reach)
        # Where land only touches the reach there are lines and points as well.
        solid = shapely.union_all(pieces).buffer(0)
        inner = _along(lines[some], width_m)
        strips, lengths = _strips(solid, inner, width_m, tolerance_m)
        shapes = reproject(strips, ruler.metric, ruler.crs)
        free = reach.difference(solid) if open_only and len(strips) else None
        near = tolerance_m / min(ruler.metres(land))
        for strip, shape, length_m in zip(strips, shapes, lengths.tolist(), strict=True):
            if free is not None and (
                len(tree.query(shape, predicate="dwithin", distance=near)) < 2
                or not _leads_on(strip, free, tolerance_m)
            ):
                continue
            yield Corridor(shape, length_m)


def _strips(
    solid: BaseGeometry, inner: BaseGeometry, width_m: float, tolerance_m: float
) -> tuple[Geometries, Floats]:
    """Close the land; return what that adds where it is a corridor, and how long each is."""
    closed = solid.buffer(width_m / 2).buffer(-width_m / 2)
    narrow = closed.difference(solid).intersection(inner)
    # Opened by the tolerance: what arithmetic leaves along a straight border is no land.
    added = shapely.get_parts([narrow.buffer(-tolerance_m / 2).buffer(tolerance_m / 2)])
    added = added[shapely.get_type_id(added) == 3]
    edges, strip = _edges(shapely.boundary(added))
    on, _ = beside((edges[:, :2] + edges[:, 2:]) / 2, _edges([solid.boundary])[0], SAME_M)
    on = np.unique(on)
    far = np.hypot(*(edges[on, 2:] - edges[on, :2]).T)
    length = np.bincount(strip[on], far, len(added)) / 2
    width = shapely.area(added) / np.where(length > 0, length, np.inf)
    kept = (tolerance_m < width) & (width < length / LEAST_RATIO)
    return np.asarray(added[kept], dtype=object), length[kept]


def _edges(lines: Iterable[BaseGeometry]) -> tuple[Floats, Ints]:
    """Return the segments of lines, shape (n, 4), and which line each is of."""
    parts, line = shapely.get_parts(np.array(list(lines), dtype=object), return_index=True)
    points, part = shapely.get_coordinates(parts, return_index=True)
    goes_on = part[1:] == part[:-1]
    return np.hstack((points[:-1], points[1:]))[goes_on], line[part[1:][goes_on]]


def _leads_on(strip: BaseGeometry, free: BaseGeometry, tolerance_m: float) -> bool:
    """Tell whether free ground wider than the tolerance goes on from a strip."""
    beyond = free.difference(strip.buffer(tolerance_m)).buffer(-tolerance_m)
    return not beyond.is_empty and beyond.distance(strip) < 4 * tolerance_m


def _along(lines: Geometries, far_m: float) -> BaseGeometry:
    """Return what is so near to lines; each by itself, for lines that nearly meet cost minutes."""
    return shapely.union_all(shapely.buffer(lines, far_m, quad_segs=2))


def _facing(lines: Geometries, width_m: float, owner: Ints | None) -> Iterator[NDArray[np.intp]]:
    """Yield groups of border pieces that run back along one another, land on the far sides.

    With owners, only groups in which two owners' do.
    """
    ends = shapely.get_coordinates(lines).reshape(-1, 4)
    way, middle = ends[:, 2:] - ends[:, :2], (ends[:, 2:] + ends[:, :2]) / 2
    length, far = np.hypot(*way.T), width_m / 2
    low, high = np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])
    around = lines_of(np.hstack((low - far, high + far)))
    tree = shapely.STRtree(around)
    faces, meets = np.zeros(len(lines), dtype=bool), np.zeros(len(lines), dtype=bool)
    # By the piece: a border that doubles back on itself a thousand times has pairs without end.
    for start in range(0, len(lines), AT_ONCE):
        one, two = tree.query(around[start : start + AT_ONCE])
        one += start
        one, two = one[one < two], two[one < two]
        back = (way[one] * way[two]).sum(axis=1) < TURN * length[one] * length[two]
        one, two = one[back], two[back]
        # The inside is on the left: what lies between them is on the right of both.
        between = (_cross(way[one], middle[two] - middle[one]) < 0) & (
            _cross(way[two], middle[one] - middle[two]) < 0
        )
        one, two = one[between], two[between]
        near = shapely.dwithin(lines[one], lines[two], width_m)
        one, two = one[near], two[near]
        faces[one] = faces[two] = True
        strange = one if owner is None else one[owner[one] != owner[two]]
        meets[strange] = True
    used = np.flatnonzero(faces)
    if not meets.any():
        return
    # Along a corridor the next pair touches this one.
    first, second = shapely.STRtree(lines[used]).query(
        lines[used], predicate="dwithin", distance=width_m
    )
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(len(used),) * 2)
    label = connected_components(graph, directed=False)[1]
    for group in np.unique(label[meets[used]]).tolist():
        yield used[label == group]


def _cross(one: Floats, two: Floats) -> Floats:
    return np.asarray(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])


def _pieces(lines: Geometries, tolerance_m: float) -> tuple[Geometries, Ints]:
    """Return directed segments that say the same in fewer words, and which line each is of.

    A finely drawn curve has few.
    """
    simple = shapely.simplify(lines, tolerance_m)
    points, line = shapely.get_coordinates(simple, return_index=True)
    goes_on = line[1:] == line[:-1]
    return lines_of(np.hstack((points[:-1], points[1:]))[goes_on]), line[1:][goes_on]
