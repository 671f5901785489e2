"""Small counties made at random, clean by construction, and the hand that spoils them.

A lattice of cells with jittered nodes; each lattice edge is one wiggling line that both sides
share. Villages are blocks of cells; some grids are several cells, one around another or apart.
Everything in metres (EPSG:4547), or moved vertex by vertex into degrees.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import affinity
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

EAST, NORTH, CELL = 530_000.0, 3_720_000.0, 300.0
SIZES = (20.0, 5.0, 1.0, 0.2, 0.05, 0.02, 0.005, 0.001)
POLYGONAL = ("Polygon", "MultiPolygon")


@dataclass
class County:
    """Grids by code, their villages, the villages' land, and what was done."""

    grids: dict[str, BaseGeometry]
    village: dict[str, str]
    lands: dict[str, BaseGeometry]
    rng: np.random.Generator
    done: list[str] = field(default_factory=list)

    def frames(self, crs: str = "EPSG:4547") -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
        codes = sorted(self.grids)
        grids = gpd.GeoDataFrame(
            {
                "code": codes,
                "area_code": [self.village[code] for code in codes],
                "coverage": "exclusive",
            },
            geometry=[self.grids[code] for code in codes],
            crs="EPSG:4547",
        )
        lands = gpd.GeoDataFrame(
            {"code": list(self.lands)}, geometry=list(self.lands.values()), crs="EPSG:4547"
        )
        return grids.to_crs(crs), lands.to_crs(crs)

    def households(self, n: int, crs: str = "EPSG:4547") -> gpd.GeoDataFrame:
        """Homes anywhere in and about the county, some on vertices, some without a place."""
        west, south, east, north = shapely.total_bounds(list(self.lands.values()))
        places = self.rng.uniform((west - 50, south - 50), (east + 50, north + 50), (n, 2))
        vertices = shapely.get_coordinates(list(self.grids.values()))
        on_border = self.rng.random(n) < 0.15
        places[on_border] = self.rng.choice(vertices, on_border.sum())
        points = list(shapely.points(places))
        for i in np.flatnonzero(self.rng.random(n) < 0.05):
            points[i] = None
        codes = [*sorted(self.grids), "nowhere"]
        records = [
            next((c for c in codes[:-1] if p is not None and self.grids[c].intersects(p)), None)
            for p in points
        ]
        for i in np.flatnonzero(self.rng.random(n) < 0.2):
            records[i] = str(self.rng.choice(codes))
        table = pd.DataFrame({"code": [f"h{i:04}" for i in range(n)]})
        table["grid_code"] = pd.Series(records, dtype=object)
        table["grid_code"] = (
            table["grid_code"].astype(object).where(table["grid_code"].notna(), None)
        )
        return gpd.GeoDataFrame(table, geometry=points, crs="EPSG:4547").to_crs(crs)


class Lattice:
    """Cells between jittered nodes; each edge is one wiggling line, the same from both sides."""

    def __init__(self, rng: np.random.Generator, wide: int, high: int, vertices: int = 12) -> None:
        nodes = np.meshgrid(np.arange(wide + 1), np.arange(high + 1), indexing="ij")
        jitter = rng.uniform(-0.18, 0.18, (wide + 1, high + 1, 2)) * CELL
        self.nodes = np.stack(nodes, axis=-1) * CELL + jitter + (EAST, NORTH)
        self.rng, self.vertices = rng, vertices
        self._edges: dict[tuple, np.ndarray] = {}

    def edge(self, a: tuple[int, int], b: tuple[int, int]) -> np.ndarray:
        """The line from node a to node b, the same in both directions."""
        first, last = min(a, b), max(a, b)
        if (first, last) not in self._edges:
            start, end = self.nodes[first], self.nodes[last]
            share = np.linspace(0, 1, self.vertices + 1)[:, None]
            line = start + (end - start) * share
            line[1:-1] += self.rng.uniform(-0.03, 0.03, (self.vertices - 1, 2)) * CELL
            line[-1] = end
            self._edges[first, last] = line
        line = self._edges[first, last]
        return line if first == a else line[::-1]

    def ring(self, i: int, j: int) -> np.ndarray:
        """A cell's border, anticlockwise from its south-western node, not closed."""
        corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j)]
        return np.vstack([self.edge(a, b)[:-1] for a, b in pairwise(corners)])


def clean(seed: int, villages: int = 3, side: int = 3, vertices: int = 12) -> County:
    """A row of villages of side × side cells; without defects."""
    rng = np.random.default_rng(seed)
    lattice = Lattice(rng, villages * side, side, vertices)
    cells = {
        (i, j): Polygon(lattice.ring(i, j)) for i in range(villages * side) for j in range(side)
    }
    county = County({}, {}, {}, rng)
    for number in range(villages):
        block = {(i, j): cells[i, j] for i, j in cells if i // side == number}
        _divide(county, f"v{number}", block)
    return county


def _divide(county: County, name: str, block: dict[tuple[int, int], BaseGeometry]) -> None:
    """Make grids of a village's cells: mostly one each, some joined, in a ring or apart."""
    county.lands[name] = shapely.coverage_union_all(list(block.values()))
    left, keys = dict(block), sorted(block)
    groups = []
    how = county.rng.integers(3)
    low = min(keys)
    ring = [(low[0] + i, low[1] + j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    if how == 0 and all(key in left for key in ring):
        groups.append(ring)
    elif how == 1:
        groups.append([keys[0], keys[-1]])
    groups = [[left.pop(key) for key in group] for group in groups]
    groups += [[cell] for cell in left.values()]
    for number, group in enumerate(groups):
        code = f"{name}g{number:02}"
        county.grids[code] = shapely.coverage_union_all(group)
        county.village[code] = name


# --- the spoiling hand ------------------------------------------------------------------------

Stroke = Callable[[County, str, float], "dict[str, BaseGeometry] | None"]


def spoil(county: County, count: int) -> County:
    """Do ``count`` defects, any of them, of any size, wherever they fall."""
    tries = 0
    while len(county.done) < count and tries < 20 * count:
        tries += 1
        name = str(county.rng.choice(list(STROKES)))
        code, size = str(county.rng.choice(sorted(county.grids))), float(county.rng.choice(SIZES))
        made = STROKES[name](county, code, size)
        if made and all(_usable(shape) for shape in made.values()):
            county.grids.update(made)
            for new in made.keys() - county.village.keys():
                county.village[new] = county.village[code]
            county.done.append(f"{name} {code} {size:g}")
    return county


def _usable(shape: BaseGeometry) -> bool:
    return shape.geom_type in POLYGONAL and shape.is_valid and shape.area > 0.01


def _spot(county: County, shape: BaseGeometry) -> Point:
    """A vertex of the border, or a place between two."""
    points = shapely.get_coordinates(shape.boundary)
    k = int(county.rng.integers(len(points) - 1))
    share = float(county.rng.choice([0.0, 0.3, 0.5]))
    return Point(points[k] + (points[k + 1] - points[k]) * share)


def _new(county: County) -> str:
    return f"x{len(county.grids):03}"


def _blob(county: County, spot: Point, size: float) -> BaseGeometry:
    # Vertices closer than the tolerance to each other are one vertex to the checker.
    return spot.buffer(size * float(county.rng.uniform(0.5, 2)), quad_segs=3 if size > 0.1 else 1)


def bulge(county: County, code: str, size: float) -> dict[str, BaseGeometry]:
    """An overlap, or an overhang."""
    shape = county.grids[code]
    return {code: shape.union(_blob(county, _spot(county, shape), size))}


def bite(county: County, code: str, size: float) -> dict[str, BaseGeometry]:
    """A gap, or an uncovered edge."""
    shape = county.grids[code]
    return {code: shape.difference(_blob(county, _spot(county, shape), size))}


def node_gap(county: County, code: str, size: float) -> dict[str, BaseGeometry]:
    """A gap where all neighbours draw back from a spot."""
    blob = _blob(county, _spot(county, county.grids[code]), size)
    near = [c for c, shape in county.grids.items() if shape.intersects(blob)]
    return {c: county.grids[c].difference(blob) for c in near}


def hole(county: County, code: str, size: float) -> dict[str, BaseGeometry]:
    shape = county.grids[code]
    return {code: shape.difference(_blob(county, shape.representative_point(), size))}


def corridor(county: County, code: str, size: float) -> dict[str, BaseGeometry]:
    shape = county.grids[code]
    strip = LineString([_spot(county, shape), shape.representative_point()])
    return {code: shape.difference(strip.buffer(max(size, 0.02) / 2))}


def drawn_twice(county: County, code: str, size: float) -> dict[str, BaseGeometry]:
    """A stretch of the border digitised again, a little elsewhere."""
    shape = county.grids[code]
    if shape.geom_type != "Polygon":
        return {}
    ring = shapely.get_coordinates(shape.exterior)[:-1]
    start = int(county.rng.integers(len(ring)))
    rows = [(start + k) % len(ring) for k in range(int(county.rng.integers(2, 9)))]
    ring[rows] += county.rng.normal(0, min(size, 5.0), (len(rows), 2))
    return {code: Polygon(ring, [hole.coords for hole in shape.interiors])}


def dropped(county: County, code: str, _size: float) -> dict[str, BaseGeometry]:
    """A vertex that one side has lost."""
    shape = county.grids[code]
    if shape.geom_type != "Polygon":
        return {}
    ring = list(shape.exterior.coords)[:-1]
    del ring[int(county.rng.integers(len(ring)))]
    return {code: Polygon(ring, [hole.coords for hole in shape.interiors])}


def added(county: County, code: str, _size: float) -> dict[str, BaseGeometry]:
    """A vertex that one side has put into an edge: on it, as far as numbers can say."""
    shape = county.grids[code]
    if shape.geom_type != "Polygon":
        return {}
    ring = shapely.get_coordinates(shape.exterior)
    k = int(county.rng.integers(len(ring) - 1))
    ring = np.insert(ring, k + 1, ring[k] + (ring[k + 1] - ring[k]) * 0.37, axis=0)
    return {code: Polygon(ring, [hole.coords for hole in shape.interiors])}


def pushed(county: County, code: str, size: float) -> dict[str, BaseGeometry]:
    angle = county.rng.uniform(0, 2 * np.pi)
    away = (min(size, 5.0) * np.cos(angle), min(size, 5.0) * np.sin(angle))
    return {code: affinity.translate(county.grids[code], *away)}


def duplicate(county: County, code: str, _size: float) -> dict[str, BaseGeometry]:
    return {_new(county): county.grids[code]}


def nested(county: County, code: str, size: float) -> dict[str, BaseGeometry]:
    inner = county.grids[code].representative_point().buffer(max(size, 1.0), quad_segs=2)
    return {_new(county): inner.intersection(county.grids[code])}


def swallowed(county: County, code: str, _size: float) -> dict[str, BaseGeometry]:
    """A grid that has taken a neighbour's land, which the neighbour still claims."""
    shape = county.grids[code]
    near = [c for c, other in county.grids.items() if c != code and other.touches(shape)]
    return {code: shape.union(county.grids[str(county.rng.choice(near))])} if near else {}


def triple(county: County, code: str, size: float) -> dict[str, BaseGeometry]:
    """A new grid across a corner where several meet."""
    spot = _spot(county, county.grids[code])
    return {_new(county): spot.buffer(max(size, 1.0) * 3, quad_segs=2)}


def missing(county: County, code: str, _size: float) -> dict[str, BaseGeometry]:
    if len(county.grids) < 6:
        return {}
    del county.grids[code]
    county.done.append(f"missing {code}")
    return {}


def misplaced(county: County, code: str, _size: float) -> dict[str, BaseGeometry]:
    """A grid that is filed under another village."""
    county.village[code] = str(county.rng.choice(sorted(county.lands)))
    return {code: county.grids[code]}


STROKES: dict[str, Stroke] = {
    stroke.__name__: stroke
    for stroke in (
        bulge, bite, node_gap, hole, corridor, drawn_twice, dropped, added, pushed, duplicate,
        nested, swallowed, triple, missing, misplaced,
    )
}  # fmt: skip
