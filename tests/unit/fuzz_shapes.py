"""Shapes made to harm a check: spoiled bytes and numbers, and what is valid and far too much.

Each seed spoils the polygons of a small county, as WKB or as GeoJSON, in a few of many ways.
"""

import contextlib
import json
from collections.abc import Callable

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from tests.unit import random_county
from tests.unit.fuzz_corpus import Case

# Numbers that are none, overflow, vanish, or are no place.
BAD = (np.nan, np.inf, -np.inf, 1e308, -1e308, 1e160, 5e-324, -0.0, 1e15, 181.0, 1e7)
Shapes = list[BaseGeometry | None]
Hand = Callable[[Shapes, np.random.Generator], Shapes]


def base(seed: int) -> Shapes:
    """Grids of a small county, in degrees; some of them spoiled as people spoil them."""
    county = random_county.clean(seed, villages=1, vertices=4)
    random_county.spoil(county, seed % 5)
    return list(county.frames("EPSG:4326")[0].geometry)


def _some(shapes: Shapes, rng: np.random.Generator) -> int:
    return int(rng.integers(len(shapes)))


def numbers(shapes: Shapes, rng: np.random.Generator) -> Shapes:
    """Put bad numbers into a shape's coordinates."""
    at = _some(shapes, rng)

    def spoil(points: np.ndarray) -> np.ndarray:
        out, axis = points.copy(), int(rng.integers(2))
        for value in rng.choice(points[:, axis], min(len(points), int(rng.integers(1, 4)))):
            out[points[:, axis] == value, axis] = rng.choice(BAD)
        return out

    # A ring of NaN is not closed, and cannot be made so.
    with contextlib.suppress(shapely.errors.GEOSException):
        shapes[at] = shapely.transform(shapes[at], spoil)
    return shapes


def far(shapes: Shapes, rng: np.random.Generator) -> Shapes:
    """Move or stretch a shape by many orders of magnitude."""
    at, power = _some(shapes, rng), 10.0 ** rng.integers(-12, 12)
    with contextlib.suppress(shapely.errors.GEOSException):
        shapes[at] = shapely.transform(shapes[at], lambda points: points * power)
    return shapes


def kinds(shapes: Shapes, rng: np.random.Generator) -> Shapes:
    """Put in what is no polygon, or is an empty one."""
    words = (
        "POINT(115 33)",
        "LINESTRING(115 33, 116 34)",
        "POLYGON EMPTY",
        "MULTIPOLYGON EMPTY",
        "POINT EMPTY",
        "GEOMETRYCOLLECTION(POLYGON((115 33, 116 33, 116 34, 115 33)), POINT(1 1))",
        "POLYGON((115 33, 115 33, 115 33, 115 33))",
        "POLYGON Z((0 0 1, 1 0 2, 1 1 3, 0 0 1))",
        "MULTIPOLYGON(((0 0, 9 0, 9 9, 0 0)), ((0 0, 9 0, 9 9, 0 0)))",
    )
    return [*shapes, *(shapely.from_wkt(str(rng.choice(words))) for _ in range(3)), None]


def mixed(shapes: Shapes, rng: np.random.Generator) -> Shapes:
    """Draw a shape's vertices in another order, or each several times."""
    at = _some(shapes, rng)
    points = shapely.get_coordinates(shapes[at])
    if len(points) >= 4:
        order = rng.permutation(len(points) - 1) if rng.random() < 0.5 else np.arange(
            len(points) - 1).repeat(int(rng.integers(2, 5)))  # fmt: skip
        shapes[at] = Polygon(points[order])
    return shapes


def pile(shapes: Shapes, rng: np.random.Generator) -> Shapes:
    """Lay many shapes over one another."""
    middle = np.array([115.3, 33.6])
    spots = middle + rng.normal(0, 0.01, (24, 2))
    return [*shapes, *shapely.buffer(shapely.points(spots), 0.015, quad_segs=2)]


def copies(shapes: Shapes, rng: np.random.Generator) -> Shapes:
    """Hold the same land many times."""
    return [*shapes, *[shapes[_some(shapes, rng)]] * 20]


def comb(shapes: Shapes, rng: np.random.Generator) -> Shapes:
    """A shape of many narrow teeth across all others."""
    west, south, east, north = shapely.total_bounds(shapes)
    if not np.isfinite([west, south, east, north]).all():
        return shapes
    count = int(rng.integers(10, 120))
    x = np.linspace(west, east, 4 * count)
    y = np.where(np.arange(4 * count) // 2 % 2, south, south + 0.9 * (north - south))
    ring = np.vstack((np.column_stack((x, y)), [(east, north), (west, north)]))
    return [*shapes, Polygon(ring)]


def star(shapes: Shapes, rng: np.random.Generator) -> Shapes:
    """A ring that crosses itself hundreds of times."""
    points = np.array([115.0, 33.5]) + rng.uniform(0, 0.3, (int(rng.integers(5, 60)), 2))
    return [*shapes, Polygon(points)]


def slivers(shapes: Shapes, rng: np.random.Generator) -> Shapes:
    """Move all vertices by last digits, so that no border matches."""
    size = 10.0 ** rng.integers(-15, -4)

    def stir(points: np.ndarray) -> np.ndarray:
        # The same for equal points, so that a ring stays closed.
        return points + size * np.sin(points[:, ::-1] * 1e7 + rng.uniform(0, 9))

    for at, shape in enumerate(shapes):
        with contextlib.suppress(shapely.errors.GEOSException):
            shapes[at] = shapely.transform(shape, stir)
    return shapes


HANDS: tuple[Hand, ...] = (
    numbers, numbers, far, kinds, mixed, mixed, pile, copies, comb, star, slivers,
)  # fmt: skip


def spoiled(seed: int) -> tuple[Shapes, np.random.Generator]:
    rng = np.random.default_rng(seed)
    shapes = base(seed)
    for _ in range(int(rng.integers(1, 4))):
        shapes = HANDS[int(rng.integers(len(HANDS)))](shapes, rng)
    return shapes, rng


def wkb(seed: int) -> Case:
    """Shapes as lines of hexadecimal WKB, some bytes of some of them turned."""
    shapes, rng = spoiled(seed)
    lines = [shapely.to_wkb(shape) if shape is not None else b"" for shape in shapes]
    for _ in range(int(rng.integers(3))):
        at = int(rng.integers(len(lines)))
        if lines[at]:
            turned = bytearray(lines[at])
            for place in rng.integers(len(turned), size=int(rng.integers(1, 5))):
                turned[place] = int(rng.integers(256))
            lines[at] = bytes(turned[: int(rng.integers(len(turned)))] if rng.random() < 0.2
                              else turned)  # fmt: skip
    text = "\n".join(line.hex() for line in lines)
    return Case("x.wkb", {"x.wkb": text.encode()}, "grids")


def geojson(seed: int) -> Case:
    """Shapes as GeoJSON; numbers that JSON has no word for are written as others write them."""
    shapes, _ = spoiled(seed)
    features = [
        {"type": "Feature", "properties": {"code": f"g{number}"},
         "geometry": None if shape is None else shapely.geometry.mapping(shape)}
        for number, shape in enumerate(shapes)
    ]  # fmt: skip
    text = json.dumps({"type": "FeatureCollection", "features": features})
    return Case("x.geojson", {"x.geojson": text.encode()}, "grids")
