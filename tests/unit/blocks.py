"""A block of cells to be spoiled, and the truth about what is done to it.

A defect is made inside a block of 3 × 3 cells, away from the next one, so that what is true of it
is known from the vertices that were moved: which rule it breaks, where, whose it is, how large.
Nothing here asks the checker, and nothing is cut by an overlay: a new border is a new list of
vertices, so that "exact" and "a nanometre off" are what the table says.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry import MultiPoint, Polygon
from shapely.geometry.base import BaseGeometry

from tests.unit.random_county import Lattice

Cell = tuple[int, int]
Path = np.ndarray
SIDE = 3
MIDDLE, EDGE, LAST = (1, 1), (1, 2), (2, 1)
# Each side as its two nodes, walked with the cell on the left, and the cell beyond.
SIDES = {
    "south": ((0, 0), (1, 0), (0, -1)), "east": ((1, 0), (1, 1), (1, 0)),
    "north": ((1, 1), (0, 1), (0, 1)), "west": ((0, 1), (0, 0), (-1, 0)),
}  # fmt: skip
# So far around a defect a finding may reach, in metres.
AROUND_M = 0.1


@dataclass(frozen=True)
class Claim:
    """What must be reported: a rule (or one of several), whose, and how large.

    ``width_m`` is the mean width of land that a border encloses: below the tolerance it is a
    border that does not match (C105), in between it may be called either.
    """

    rule: str
    grids: frozenset[str]
    area_m2: float | None = None
    width_m: float | None = None
    outline_m: float = 0.0
    depth: int | None = None


@dataclass(frozen=True)
class Truth:
    """All that is true of one defect.

    A finding may lie in ``place`` if its rule is that of a claim or in ``also``, and its grids
    are among ``grids``.
    """

    name: str
    size_m: float
    place: BaseGeometry
    claims: tuple[Claim, ...]
    grids: frozenset[str]
    also: frozenset[str] = frozenset()


@dataclass
class Row:
    """A row of the layer of grids."""

    code: str
    area_code: str
    geometry: BaseGeometry | None
    coverage: str = "exclusive"


@dataclass
class Block:
    """A village of 3 × 3 cells to be spoiled; its own land and its neighbours stay."""

    lattice: Lattice
    column: int
    village: str
    next_village: str
    before: str
    rng: np.random.Generator
    rows: dict[Cell, Row] = field(default_factory=dict)
    extra: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        for i in range(SIDE):
            for j in range(SIDE):
                code = f"{self.village}{1 + SIDE * i + j:03}"
                ring = self.lattice.ring(self.column + i, j)
                self.rows[i, j] = Row(code, self.village, Polygon(ring))

    def side(self, cell: Cell, name: str) -> Path:
        """A side of a cell, from node to node, with the cell on the left."""
        (i, j), (start, end, _) = cell, SIDES[name]
        i += self.column
        return self.lattice.edge((i + start[0], j + start[1]), (i + end[0], j + end[1]))

    def code(self, cell: Cell) -> str:
        """A cell's grid; in the column beyond it is the next village's."""
        if cell[0] == SIDE:
            return f"{self.next_village}{1 + cell[1]:03}"
        return self.rows[cell].code

    def beyond(self, cell: Cell, name: str) -> Cell:
        away = SIDES[name][2]
        return cell[0] + away[0], cell[1] + away[1]

    def any_side(self) -> str:
        return str(self.rng.choice(list(SIDES)))

    def redraw(self, cell: Cell, old: Path | Iterable, new: Path | Iterable) -> None:
        """Put another row of vertices in the place of one that the cell's border has."""
        ring = [tuple(point) for point in shapely.get_coordinates(self.rows[cell].geometry)[:-1]]
        old, new = [tuple(p) for p in old], [tuple(p) for p in new]
        at = ring.index(old[0])
        ring = ring[at:] + ring[:at]
        assert ring[: len(old)] == old, "the border does not run so"
        self.rows[cell].geometry = Polygon(new + ring[len(old) :])

    def add(self, shape: BaseGeometry | None, coverage: str = "exclusive") -> str:
        code = f"{self.village}{90 + len(self.extra):03}"
        self.extra.append(Row(code, self.village, shape, coverage))
        return code

    def truth(
        self, name: str, size: float, places: Iterable, claims: Iterable[Claim],
        also: str = "", more: Iterable[str] = (),
    ) -> Truth:  # fmt: skip
        """Write down what was done; ``places`` are points or shapes within which it lies."""
        listed = list(places)
        shapes = [each for each in listed if isinstance(each, BaseGeometry)]
        points = [each for each in listed if not isinstance(each, BaseGeometry)]
        here = shapely.union_all([*shapes, MultiPoint(points)]).convex_hull.buffer(AROUND_M)
        made = tuple(claims)
        grids = frozenset(more).union(*(claim.grids for claim in made))
        return Truth(name, size, here, made, grids, frozenset(also.split()))


class UnluckyError(Exception):
    """What was drawn crosses itself: to be drawn again elsewhere."""


def land(rule: str, shape: BaseGeometry, *grids: str, depth: int | None = None) -> Claim:
    """Claim a piece of land; its mean width is that of a strip of its area and outline."""
    if not shape.is_valid:
        raise UnluckyError
    width = 2 * shape.area / shape.length
    return Claim(rule, frozenset(grids), shape.area, width, shape.length, depth)


def outward(line: Path, k: int) -> np.ndarray:
    """The unit normal at a vertex, away from the cell that walks the line."""
    step = line[k + 1] - line[k - 1]
    return np.array([step[1], -step[0]]) / np.hypot(*step)


def toward(start: np.ndarray, end: np.ndarray, far: float) -> np.ndarray:
    """A point on the way, no further than a third of it."""
    step = end - start
    length = np.hypot(*step)
    return start + step / length * min(far, length / 3)
