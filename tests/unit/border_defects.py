"""Defects of borders: a side of a grid drawn otherwise than its neighbour or its parent has it."""

import numpy as np
import shapely
from shapely.geometry import MultiPoint, Polygon
from shapely.geometry.base import BaseGeometry

from tests.unit.blocks import (
    EDGE,
    LAST,
    MIDDLE,
    SIDE,
    Block,
    Cell,
    Claim,
    Path,
    Truth,
    land,
    outward,
    toward,
)

# -- a border of one grid and its neighbour, or of one grid and its parent -------------------------


def _bent(block: Block, cell: Cell, side: str, by: float) -> tuple[Path, BaseGeometry]:
    """Move one vertex of a side outward; what was walked there, and the land between."""
    line = block.side(cell, side)
    k = int(block.rng.integers(2, len(line) - 2))
    moved = line[k] + outward(line, k) * by
    block.redraw(cell, [line[k]], [moved])
    return np.vstack((line[k - 1 : k + 2], moved)), Polygon([*line[k - 1 : k + 2], moved])


def overlap(block: Block, size: float) -> Truth:
    side = block.any_side()
    path, face = _bent(block, MIDDLE, side, size)
    who = block.code(MIDDLE), block.code(block.beyond(MIDDLE, side))
    return block.truth("overlap", size, path, [land("C103", face, *who)])


def gap(block: Block, size: float) -> Truth:
    side = block.any_side()
    path, face = _bent(block, MIDDLE, side, -size)
    who = block.code(MIDDLE), block.code(block.beyond(MIDDLE, side))
    return block.truth("gap", size, path, [land("C101", face, *who)])


def overhang(block: Block, size: float) -> Truth:
    path, face = _bent(block, EDGE, "north", size)
    return block.truth("overhang", size, path, [land("C104", face, block.code(EDGE))])


def shortfall(block: Block, size: float) -> Truth:
    path, face = _bent(block, EDGE, "north", -size)
    return block.truth("shortfall", size, path, [land("C102", face, block.code(EDGE))])


def into_the_next(block: Block, size: float) -> Truth:
    """Into the next village, which has its own grid there."""
    path, face = _bent(block, LAST, "east", size)
    one, two = block.code(LAST), block.code((SIDE, 1))
    claims = [land("C103", face, one, two), land("C104", face, one)]
    return block.truth("into the next", size, path, claims)


def short_of_the_next(block: Block, size: float) -> Truth:
    path, face = _bent(block, LAST, "east", -size)
    claims = [land("C102", face, block.code(LAST))]
    return block.truth("short of the next", size, path, claims, more=[block.code((SIDE, 1))])


def _between(
    block: Block, name: str, size: float, old: Path, side: str, was: BaseGeometry
) -> Truth:
    """A stretch that now runs on both sides of where it ran: gaps and overlaps."""
    one, two = block.rows[MIDDLE], block.rows[block.beyond(MIDDLE, side)]
    now = one.geometry
    who = one.code, two.code
    faces = [("C103", now.difference(was)), ("C101", was.difference(now))]
    claims = [land(rule, face, *who) for rule, face in faces if face.area]
    also = "C101 C103 C105"
    return block.truth(name, size, [*old, now.intersection(
        MultiPoint(old).convex_hull.buffer(size))], claims, also)  # fmt: skip


def drawn_twice(block: Block, size: float) -> Truth:
    """A stretch digitised again, to the left and to the right of itself."""
    side = block.any_side()
    line, was = block.side(MIDDLE, side), block.rows[MIDDLE].geometry
    first, count = int(block.rng.integers(1, 5)), int(block.rng.integers(3, 7))
    rows = range(first, first + count)
    signs = [(-1) ** k * size * block.rng.uniform(0.6, 1) for k in rows]
    new = [line[k] + outward(line, k) * by for k, by in zip(rows, signs, strict=True)]
    block.redraw(MIDDLE, line[first : first + count], new)
    return _between(block, "drawn twice", size, line[first - 1 : first + count + 1], side, was)


def noise(block: Block, size: float) -> Truth:
    """A whole side with other last digits."""
    side = block.any_side()
    line, was = block.side(MIDDLE, side), block.rows[MIDDLE].geometry
    inner = line[1:-1] + block.rng.normal(0, size / 3, (len(line) - 2, 2))
    block.redraw(MIDDLE, line[1:-1], inner)
    return _between(block, "noise", size, line, side, was)


def other_source(block: Block, size: float) -> Truth:
    """A whole side from another source: other vertices, near the same line."""
    side = block.any_side()
    line = block.side(MIDDLE, side)
    course = shapely.LineString(line)
    places = [course.interpolate(share, normalized=True) for share in np.linspace(0, 1, 61)[1:-1]]
    inner = shapely.get_coordinates(places) + block.rng.normal(0, size, (59, 2))
    block.redraw(MIDDLE, line[1:-1], inner)
    who = block.code(MIDDLE), block.code(block.beyond(MIDDLE, side))
    claims = [Claim("C101|C103|C105", frozenset(who))]
    return block.truth("other source", size, [course.buffer(20 * size)], claims, "C101 C103 C105")


def t_junction(block: Block, size: float) -> Truth:
    """A vertex on the border that the neighbour has not."""
    side = block.any_side()
    line = block.side(MIDDLE, side)
    k = int(block.rng.integers(1, len(line) - 2))
    new = line[k] + (line[k + 1] - line[k]) * 0.37
    block.redraw(MIDDLE, line[k : k + 2], [line[k], new, line[k + 1]])
    who = block.code(MIDDLE), block.code(block.beyond(MIDDLE, side))
    return block.truth("t-junction", size, line[k : k + 2], [Claim("C105", frozenset(who))])


def dropped(block: Block, size: float) -> Truth:
    """A vertex of the border that one side has lost."""
    side = block.any_side()
    line = block.side(MIDDLE, side)
    k = int(block.rng.integers(2, len(line) - 2))
    block.redraw(MIDDLE, line[k - 1 : k + 2], line[[k - 1, k + 1]])
    who = block.code(MIDDLE), block.code(block.beyond(MIDDLE, side))
    lost = (line[k] - line[k - 1]) @ outward(line, k) > 0
    face = Polygon(line[k - 1 : k + 2])
    return block.truth(
        "dropped vertex", size, line[k - 1 : k + 2], [land("C101" if lost else "C103", face, *who)]
    )


def corridor(block: Block, size: float) -> Truth:
    """A lane into a grid, of one width, from a neighbour's border."""
    side = block.any_side()
    line, beyond = block.side(MIDDLE, side), block.beyond(MIDDLE, side)
    k = int(block.rng.integers(3, len(line) - 3))
    mouth = toward(line[k], line[k - 1], size)
    inward = -60.0 * outward(line, k)
    lane = [mouth, mouth + inward, line[k] + inward, line[k]]
    block.redraw(MIDDLE, line[k - 1 : k + 1], [line[k - 1], *lane])
    block.redraw(beyond, line[[k, k - 1]], [line[k], mouth, line[k - 1]])
    claims = [land("C101", Polygon(lane), block.code(MIDDLE), block.code(beyond))]
    return block.truth("corridor", size, lane, claims)


def gore(block: Block, size: float) -> Truth:
    """A wedge between neighbours that opens from nothing."""
    side = block.any_side()
    line = block.side(MIDDLE, side)
    count = len(line) - 2
    share = np.arange(1, count + 1)[:, None] / count
    inward = np.array([-outward(line, k) for k in range(1, count + 1)])
    moved = line[1:-1] + inward * share * size
    block.redraw(MIDDLE, line[1:-1], moved)
    who = block.code(MIDDLE), block.code(block.beyond(MIDDLE, side))
    face = Polygon([*line, *moved[::-1]])
    return block.truth("gore", size, [face], [land("C101", face, *who)], "C105")


# -- where several meet ----------------------------------------------------------------------------

# The cells around the north-eastern node of the middle one.
HERE, RIGHT, ABOVE, ACROSS = (1, 1), (2, 1), (1, 2), (2, 2)


def _rays(block: Block, size: float) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """The node, the next vertices to the east, north, west and south, and points before them."""
    i, node = block.column, (2, 2)
    ends = [(3, 2), (2, 3), (1, 2), (2, 1)]
    lines = [block.lattice.edge((i + node[0], node[1]), (i + end[0], end[1])) for end in ends]
    spot = lines[0][0]
    nexts = [line[1] for line in lines]
    return spot, nexts, [toward(spot, there, size) for there in nexts]


def node_gap(block: Block, size: float) -> Truth:
    """All neighbours draw back from the node where they meet."""
    spot, _, (east, north, west, south) = _rays(block, size)
    for cell, new in ((ACROSS, (north, east)), (RIGHT, (east, south)),
                      (HERE, (south, west)), (ABOVE, (west, north))):  # fmt: skip
        block.redraw(cell, [spot], new)
    face = Polygon([east, north, west, south])
    who = [block.code(cell) for cell in (ACROSS, RIGHT, HERE, ABOVE)]
    return block.truth("node gap", size, [face, spot], [land("C101", face, *who)])


def triple(block: Block, size: float) -> Truth:
    """Two neighbours reach over the same corner of a third."""
    spot, (east, north, *_), (a, b, *_) = _rays(block, size)
    tip = a + b - spot
    block.redraw(RIGHT, [east, spot], [east, a, tip, b, spot])
    block.redraw(ABOVE, [spot, north], [spot, a, tip, b, north])
    block.redraw(ACROSS, [north, spot, east], [north, b, spot, a, east])
    who = [block.code(cell) for cell in (ACROSS, RIGHT, ABOVE)]
    face = Polygon([spot, a, tip, b])
    return block.truth("triple overlap", size, [face], [land("C103", face, *who, depth=3)],
                       more=[block.code(HERE)])  # fmt: skip
