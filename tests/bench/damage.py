"""A coverage spoiled in the ways that offices spoil one: sixteen classes, each some times over."""

from collections.abc import Callable

import numpy as np
import shapely
from shapely.geometry import LineString, MultiLineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from tests.bench.coverages import CRS, Coverage

# Widths of gaps, overlaps and the like, in metres.
WIDTHS = (20.0, 5.0, 1.0, 0.2, 0.05, 0.001)
Shapes = list[BaseGeometry | None]


class Cells:
    """Cells in rows; a defect is made at one cell, away from all others."""

    def __init__(self, coverage: Coverage, columns: int, rng: np.random.Generator) -> None:
        self.shapes: Shapes = list(coverage.grids.geometry)
        self.columns, self.rng = columns, rng

    def side(self, at: int) -> LineString:
        """Return the border between a cell and the next one east, from corner to corner."""
        shared = shapely.shared_paths(self.shapes[at].exterior, self.shapes[at + 1].exterior)
        lines = [line for line in shapely.get_parts(shared) if not line.is_empty]
        return shapely.line_merge(MultiLineString([*shapely.get_parts(lines)]))

    def disc(self, at: int, size: float) -> BaseGeometry:
        """Return a disc on the middle of a border."""
        return self.side(at).interpolate(0.5, normalized=True).buffer(size, quad_segs=4)

    def add(self, at: int, shape: BaseGeometry) -> None:
        self.shapes[at] = self.shapes[at].union(shape)

    def take(self, at: int, shape: BaseGeometry) -> None:
        self.shapes[at] = self.shapes[at].difference(shape)

    def redraw(self, at: int, move: Callable[[np.ndarray], np.ndarray]) -> None:
        """Draw the eastern border of a cell alone anew."""
        side = shapely.get_coordinates(self.side(at))
        ring = shapely.get_coordinates(self.shapes[at].exterior)[:-1]
        places = {tuple(point): place for place, point in enumerate(ring)}
        spots = sorted(places[tuple(point)] for point in side[1:-1])
        inner = move(ring[spots])
        self.shapes[at] = Polygon(np.vstack((ring[: spots[0]], inner, ring[spots[-1] + 1 :])))


def overlap(cells: Cells, at: int, size: float) -> None:
    cells.add(at, cells.disc(at, size))


def gap(cells: Cells, at: int, size: float) -> None:
    cells.take(at, cells.disc(at, size))


def hole(cells: Cells, at: int, size: float) -> None:
    cells.take(at, cells.shapes[at].representative_point().buffer(size))


def nested(cells: Cells, at: int, size: float) -> None:
    cells.shapes.append(cells.shapes[at].representative_point().buffer(size))


def missing(cells: Cells, at: int, size: float) -> None:
    cells.shapes[at] = None


def duplicate(cells: Cells, at: int, size: float) -> None:
    cells.shapes.append(cells.shapes[at])


def swallowed(cells: Cells, at: int, size: float) -> None:
    cells.add(at, cells.shapes[at + 1])


def noise(cells: Cells, at: int, size: float) -> None:
    cells.redraw(at, lambda points: points + cells.rng.uniform(-1e-4, 1e-4, points.shape))


def drawn_twice(cells: Cells, at: int, size: float) -> None:
    cells.redraw(at, lambda points: points + cells.rng.uniform(-0.5, 0.5, points.shape))


def dropped(cells: Cells, at: int, size: float) -> None:
    cells.redraw(at, lambda points: np.delete(points, len(points) // 2, axis=0))


def t_junction(cells: Cells, at: int, size: float) -> None:
    cells.redraw(at, lambda points: np.insert(points, 9, points[8:10].mean(axis=0), axis=0))


def other_source(cells: Cells, at: int, size: float) -> None:
    cells.redraw(at, lambda points: points[::3])


def corridor(cells: Cells, at: int, size: float) -> None:
    lane = cells.side(at).buffer(0.3)
    cells.take(at, lane)
    cells.take(at + 1, lane)


def gore(cells: Cells, at: int, size: float) -> None:
    a, b = shapely.get_coordinates(cells.side(at))[[0, -1]]
    cells.take(at, Polygon([a, b, np.add(b, (size, 0.0))]))


def triple(cells: Cells, at: int, size: float) -> None:
    corner = Point(shapely.get_coordinates(cells.side(at))[0]).buffer(size)
    cells.add(at, corner)
    cells.add(at + 1, corner)


def node_gap(cells: Cells, at: int, size: float) -> None:
    corner = Point(shapely.get_coordinates(cells.side(at))[0]).buffer(size)
    for near in (at, at + 1, at - cells.columns, at - cells.columns + 1):
        cells.take(near, corner)


KINDS = (
    overlap, gap, hole, nested, missing, duplicate, swallowed, noise, drawn_twice, dropped,
    t_junction, other_source, corridor, gore, triple, node_gap,
)  # fmt: skip


def damaged(coverage: Coverage, columns: int, defects: int, seed: int = 4) -> Coverage:
    """Return a copy with so many defects, kind after kind and width after width.

    Parameters
    ----------
    coverage
        Cells in rows of ``columns``.
    """
    rng = np.random.default_rng(seed)
    cells = Cells(coverage, columns, rng)
    rows = len(cells.shapes) // columns
    # Every third cell of every third row: what is done at one is not seen from the next.
    free = [r * columns + c for r in range(1, rows - 1, 3) for c in range(1, columns - 2, 3)]
    for number, at in enumerate(rng.permutation(free)[:defects].tolist()):
        KINDS[number % len(KINDS)](cells, at, WIDTHS[number // len(KINDS) % len(WIDTHS)])
    # A parent may fall short of them as well, and one row reaches beyond it.
    parent = coverage.parent.geometry.iloc[0]
    cells.add(0, Point(parent.exterior.coords[0]).buffer(5.0))
    shapes = [shape for shape in cells.shapes if shape is not None]
    codes = [f"990101001001{number:05d}" for number in range(len(shapes))]
    columns_ = {"code": codes, "area_code": "990101001001"}
    grids = type(coverage.grids)(columns_, geometry=shapes, crs=CRS)
    return Coverage(grids, coverage.parent)
