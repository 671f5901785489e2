"""Classes of defects: one declared table, each class made by moving vertices, its truth beside it.

The classes of borders are in :mod:`tests.unit.border_defects`; here are those of whole grids and
of rows by themselves, and the table. Some are no defects: what looks like one and is sound.
"""

from collections.abc import Callable

import numpy as np
import pyproj
import shapely
from shapely import affinity
from shapely.geometry import MultiPoint, MultiPolygon, Polygon

from geo.datum import gcj02_from_wgs84
from tests.unit import border_defects as borders
from tests.unit.blocks import (
    EDGE,
    LAST,
    MIDDLE,
    SIDE,
    SIDES,
    Block,
    Cell,
    Claim,
    Truth,
    land,
    outward,
)
from tests.unit.border_defects import ACROSS, HERE

Stroke = Callable[[Block, float], Truth]
# Every width that a defect of a border is made in, in metres.
WIDTHS = (20.0, 5.0, 1.0, 0.2, 0.05, 0.002, 0.001, 1e-4, 1e-5)


def _square(block: Block, cell: Cell, size: float) -> Polygon:
    """A square of this half-diagonal inside a cell."""
    middle = shapely.get_coordinates(block.rows[cell].geometry.representative_point())[0]
    angle = block.rng.uniform(0, np.pi / 2) + np.arange(4) * np.pi / 2
    return Polygon(middle + size * np.column_stack((np.cos(angle), np.sin(angle))))


def hole(block: Block, size: float) -> Truth:
    row, inner = block.rows[MIDDLE], _square(block, MIDDLE, size)
    row.geometry = Polygon(row.geometry.exterior, [inner.exterior])
    return block.truth("hole", size, [inner], [land("C101", inner, row.code)])


def nested(block: Block, size: float) -> Truth:
    inner = _square(block, MIDDLE, size)
    claims = [land("C106", inner, block.add(inner), block.code(MIDDLE))]
    return block.truth("nested", size, [inner], claims)


def missing(block: Block, size: float) -> Truth:
    gone = block.rows.pop(MIDDLE).geometry
    near = [block.code(block.beyond(MIDDLE, side)) for side in SIDES]
    return block.truth("missing", size, [gone], [land("C101", gone, *near)])


def missing_at_the_edge(block: Block, size: float) -> Truth:
    gone = block.rows.pop(EDGE).geometry
    near = [block.code(cell) for cell in (MIDDLE, (0, 2), (2, 2))]
    return block.truth("missing at the edge", size, [gone], [land("C102", gone, *near)])


def swallowed(block: Block, size: float) -> Truth:
    """A grid that has taken its neighbour's land, which the neighbour still claims."""
    side = block.any_side()
    one, two = block.rows[MIDDLE], block.rows[block.beyond(MIDDLE, side)]
    one.geometry = shapely.coverage_union_all([one.geometry, two.geometry])
    claims = [land("C106", two.geometry, two.code, one.code)]
    return block.truth("swallowed", size, [two.geometry], claims)


def duplicate(block: Block, size: float) -> Truth:
    """Twice the same land; half of the time walked from another vertex."""
    shape = block.rows[MIDDLE].geometry
    ring = np.roll(shapely.get_coordinates(shape)[:-1], int(block.rng.integers(2)) * 7, axis=0)
    claims = [land("G004", shape, block.code(MIDDLE), block.add(Polygon(ring)))]
    return block.truth("duplicate", size, [shape], claims)


def detached(block: Block, size: float) -> Truth:
    parts = [block.rows[0, 0].geometry, block.rows.pop((2, 2)).geometry]
    block.rows[0, 0].geometry = whole = MultiPolygon(parts)
    return block.truth(
        "detached", size, [whole], [Claim("G005", frozenset([block.code((0, 0))]), whole.area)]
    )


def touching(block: Block, size: float) -> Truth:
    """A grid of two cells that meet in a corner alone."""
    parts = [block.rows[HERE].geometry, block.rows.pop(ACROSS).geometry]
    block.rows[HERE].geometry = whole = MultiPolygon(parts)
    return block.truth("touching", size, [whole], [Claim("G005", frozenset([block.code(HERE)]))])


def stray(block: Block, size: float) -> Truth:
    """A grid that lies where nobody's land is."""
    shape = affinity.translate(block.rows[MIDDLE].geometry, 0, 900)
    return block.truth("stray", size, [shape], [land("C104", shape, block.add(shape))])


def enclaves(block: Block, size: float) -> Truth:
    """A grid in another's hole, and one in that one's hole: as it should be."""
    outer, middle = _square(block, MIDDLE, 40.0), _square(block, MIDDLE, 15.0)
    row = block.rows[MIDDLE]
    row.geometry = Polygon(row.geometry.exterior, [outer.exterior])
    block.add(Polygon(outer.exterior, [middle.exterior]))
    block.add(middle)
    return block.truth("enclaves", size, [outer], [])


def no_enclave(block: Block, size: float) -> Truth:
    """An enclave in an enclave that nobody has."""
    truth = enclaves(block, size)
    gone, ring = block.extra.pop(), block.extra[-1]
    claims = [land("C101", gone.geometry, ring.code)]
    return block.truth("no enclave", size, [truth.place], claims)


def turned(block: Block, size: float) -> Truth:
    """A border walked the other way, from another vertex, with one vertex twice: no defect."""
    row = block.rows[MIDDLE]
    ring = np.roll(shapely.get_coordinates(row.geometry)[:-1], 5, axis=0)[::-1]
    row.geometry = Polygon(np.insert(ring, 7, ring[7], axis=0))
    return block.truth("turned", size, [row.geometry], [])


def overlay(block: Block, size: float) -> Truth:
    """An overlay grid within its village, on top of others: no defect."""
    line = shapely.LineString([block.rows[cell].geometry.centroid for cell in (MIDDLE, LAST)])
    block.add(line.buffer(30.0), "overlay")
    return block.truth("overlay", size, [line], [])


def overlay_beyond(block: Block, size: float) -> Truth:
    line = block.side(EDGE, "north")
    inner = 0.5 * (line[3] + line[4]) - 40 * outward(line, 3)
    tip, wide = line[3] + size * outward(line, 3), np.array([1.0, 0.0])
    shape = Polygon([inner + wide, line[3], tip, line[4], inner - wide])
    beyond = Polygon([line[3], tip, line[4]])
    claims = [land("C104", beyond, block.add(shape, "overlay"))]
    return block.truth("overlay beyond", size, [shape], claims)


def misfiled(block: Block, size: float) -> Truth:
    """A grid that is filed under the next village, and has a code of its own."""
    row = block.rows[MIDDLE]
    row.area_code = block.next_village
    claims = [land("C104", row.geometry, row.code), Claim("G006", frozenset([row.code]))]
    return block.truth("misfiled", size, [row.geometry], claims)


# -- rows by themselves ----------------------------------------------------------------------------


def bow_tie(block: Block, size: float) -> Truth:
    """Two vertices in the wrong order."""
    side = block.any_side()
    line = block.side(MIDDLE, side)
    k = int(block.rng.integers(2, len(line) - 4))
    block.redraw(MIDDLE, line[[k, k + 1]], line[[k + 1, k]])
    who = block.code(MIDDLE)
    near = [block.code(block.beyond(MIDDLE, side))]
    return block.truth(
        "bow-tie", size, [block.rows[MIDDLE].geometry.convex_hull],
        [Claim("G001", frozenset([who]))], "C101 C103 C105", near,
    )  # fmt: skip


def spike(block: Block, size: float) -> Truth:
    """Out and back on one line."""
    side = block.any_side()
    line = block.side(MIDDLE, side)
    k = int(block.rng.integers(2, len(line) - 2))
    tip = line[k] + size * outward(line, k)
    block.redraw(MIDDLE, [line[k]], [line[k], tip, line[k]])
    claims = [Claim("G001", frozenset([block.code(MIDDLE)]))]
    near = [block.code(block.beyond(MIDDLE, side))]
    return block.truth("spike", size, [block.rows[MIDDLE].geometry.convex_hull], claims, "C105",
                       near)  # fmt: skip


def empty(block: Block, size: float) -> Truth:
    """A row without a polygon; it is shown somewhere in the county."""
    shapes = [None, Polygon(), shapely.Point(block.lattice.nodes[0, 0])]
    code = block.add(shapes[int(block.rng.integers(len(shapes)))])
    everywhere = MultiPoint(block.lattice.nodes.reshape(-1, 2)).envelope
    return block.truth("empty", size, [everywhere], [Claim("G002", frozenset([code]))])


def same_code(block: Block, size: float) -> Truth:
    one, two = block.rows[MIDDLE], block.rows[EDGE]
    two.code = one.code
    return block.truth("same code", size, [one.geometry, two.geometry],
                       [Claim("G003", frozenset([one.code]))])  # fmt: skip


def malformed(block: Block, size: float) -> Truth:
    row = block.rows[MIDDLE]
    row.code = f"{block.next_village}{70 + int(block.rng.integers(9)):03}"
    return block.truth("malformed", size, [row.geometry], [Claim("G006", frozenset([row.code]))])


def shifted(block: Block, size: float) -> Truth:
    """A village in the datum of Chinese web maps, half a kilometre off."""
    rows = list(block.rows.values())
    shapes = np.array([row.geometry for row in rows], dtype=object)
    moved = shapely.transform(shapes, _gcj02)
    for row, shape in zip(rows, moved, strict=True):
        row.geometry = shape
    codes = [row.code for row in rows]
    near = [f"{village}{1 + at:03}" for village in (block.next_village, block.before)
            for at in range(SIDE * SIDE)]  # fmt: skip
    return block.truth(
        "shifted", size, [*shapes, *moved], [Claim("G007", frozenset(codes))],
        "C101 C102 C103 C104 C105 C106", near,
    )  # fmt: skip


def _gcj02(points: np.ndarray) -> np.ndarray:
    degrees = pyproj.Transformer.from_crs("EPSG:4547", "EPSG:4326", always_xy=True)
    lon, lat = gcj02_from_wgs84(*degrees.transform(*points.T))
    return np.column_stack(degrees.transform(lon, lat, direction="INVERSE"))


# -- the table -------------------------------------------------------------------------------------

ALL = WIDTHS
NARROW = WIDTHS[1:]
ONE = (0.0,)
# Every class, how it is made, and the sizes (metres) that it is made in.
DEFECTS: dict[str, tuple[Stroke, tuple[float, ...]]] = {
    "overlap": (borders.overlap, ALL),
    "gap": (borders.gap, ALL),
    "overhang": (borders.overhang, ALL),
    "shortfall": (borders.shortfall, ALL),
    "into the next village": (borders.into_the_next, ALL),
    "short of the next village": (borders.short_of_the_next, ALL),
    "drawn twice": (borders.drawn_twice, NARROW),
    "noise": (borders.noise, (1e-3, 1e-4, 1e-5)),
    "another source": (borders.other_source, (2.0, 0.5)),
    "T-junction": (borders.t_junction, ONE),
    "dropped vertex": (borders.dropped, ONE),
    "corridor": (borders.corridor, ALL),
    "gore": (borders.gore, ALL),
    "node gap": (borders.node_gap, ALL),
    "triple overlap": (borders.triple, ALL),
    "hole": (hole, ALL),
    "nested": (nested, ALL),
    "missing": (missing, ONE),
    "missing at the edge": (missing_at_the_edge, ONE),
    "swallowed": (swallowed, ONE),
    "duplicate": (duplicate, ONE),
    "detached": (detached, ONE),
    "touching": (touching, ONE),
    "stray": (stray, ONE),
    "enclaves": (enclaves, ONE),
    "no enclave": (no_enclave, ONE),
    "turned": (turned, ONE),
    "overlay": (overlay, ONE),
    # An overlay shares no border: within the tolerance it is said to lie inside.
    "overlay beyond": (overlay_beyond, WIDTHS[:5]),
    "misfiled": (misfiled, ONE),
    "bow-tie": (bow_tie, ONE),
    "spike": (spike, ALL),
    "empty": (empty, ONE),
    "same code": (same_code, ONE),
    "malformed code": (malformed, ONE),
    # Last: it lies on the villages around it.
    "shifted": (shifted, ONE),
}
