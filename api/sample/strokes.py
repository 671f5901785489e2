"""What a careless hand does to one polygon: pull a border, lose a piece, fill a hole.

Each stroke takes lon/lat polygons and returns new ones, or None where it cannot be done well.
A border is pulled by moving its inner vertices and keeping its ends, so that a defect begins and
ends at true corners and leaves no accidental slivers beside it.
"""

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from api.sample.plan import Floats, Ints

# Metres per degree at the county's latitude; a defect's nominal width needs no better.
METRE = np.array([1 / 92_850.0, 1 / 110_930.0])
Pair = tuple[float, float]


def vertices(shape: BaseGeometry) -> set[Pair]:
    """Return a geometry's vertices as a set."""
    return {(float(x), float(y)) for x, y in shapely.get_coordinates(shape)}


def ring_of(shape: shapely.Polygon) -> Floats:
    """Return a polygon's outer ring counter-clockwise, without the closing vertex."""
    return np.asarray(shapely.get_coordinates(shapely.orient_polygons(shape).exterior)[:-1])


def with_ring(shape: shapely.Polygon, ring: Floats) -> shapely.Polygon | None:
    """Return the polygon with another outer ring, or None if that is no valid polygon."""
    made = shapely.Polygon(ring, list(shape.interiors))
    return made if made.is_valid else None


def shared_run(ring: Floats, other: set[Pair], least: int) -> Ints | None:
    """Find the longest run of a ring's vertices that another geometry has as well.

    Returns
    -------
    ndarray of int, or None
        Positions along the ring, with both ends; None if fewer than ``least`` in all, or if the
        whole ring is shared.
    """
    shared = np.array([(float(x), float(y)) in other for x, y in ring])
    if shared.all() or not shared.any():
        return None
    start = int(np.flatnonzero(~shared)[0])
    turned = np.roll(shared, -start)
    edges = np.flatnonzero(np.diff(np.r_[False, turned, False].astype(int)))
    begins, ends = edges[::2], edges[1::2]
    best = int(np.argmax(ends - begins))
    if ends[best] - begins[best] < least:
        return None
    return (np.arange(begins[best], ends[best]) + start) % len(ring)


def pull(shape: shapely.Polygon, run: Ints, inward_m: float | Floats) -> shapely.Polygon | None:
    """Move the inner vertices of a run of the outer ring, square to the line between its ends.

    Parameters
    ----------
    shape
        The polygon, counter-clockwise.
    run
        Positions along :func:`ring_of`, with both ends.
    inward_m
        How far into the polygon, in metres; negative moves out; one value or one per vertex.
    """
    ring = ring_of(shape)
    along = (ring[run[-1]] - ring[run[0]]) / METRE
    square = np.array([-along[1], along[0]]) / np.hypot(*along)
    inner = run[1:-1]
    step = np.broadcast_to(np.asarray(inward_m, float), inner.shape)
    ring[inner] += step[:, None] * square * METRE
    return with_ring(shape, ring)


def halve(shape: shapely.Polygon, run: Ints, off_m: float) -> shapely.Polygon | None:
    """Add a vertex in the middle of each segment of a run, a hair inside: T-junctions."""
    ring = ring_of(shape)
    a, b = ring[run[:-1]], ring[run[1:]]
    along = (b - a) / METRE
    square = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None]
    middle = (a + b) / 2 + off_m * square * METRE
    order = np.argsort(np.r_[np.arange(len(ring)), run[:-1] + 0.5], kind="stable")
    return with_ring(shape, np.vstack([ring, middle])[order])


def thin(shape: shapely.Polygon, run: Ints) -> shapely.Polygon | None:
    """Drop every second inner vertex of a run, as a careless simplification does."""
    return with_ring(shape, np.delete(ring_of(shape), run[1:-1:2], axis=0))


def push_corner(shape: shapely.Polygon, corner: Pair, out_m: float) -> shapely.Polygon | None:
    """Move one vertex of the outer ring straight out of the polygon."""
    ring = ring_of(shape)
    at = np.flatnonzero((ring == corner).all(axis=1))
    if len(at) != 1:
        return None
    i = int(at[0])
    along = (ring[(i + 1) % len(ring)] - ring[i - 1]) / METRE
    square = np.array([along[1], -along[0]]) / np.hypot(*along)
    ring[i] += out_m * square * METRE
    made = with_ring(shape, ring)
    return made if made is not None and made.contains_properly(shapely.Point(corner)) else None


def punch(
    shape: shapely.Polygon, radius_m: float, rng: np.random.Generator
) -> shapely.Polygon | None:
    """Leave a pond out of a polygon, well inside it."""
    middle = shapely.get_coordinates(shape.representative_point())[0]
    turn = np.linspace(0, 2 * np.pi, 13)[:-1]
    reach = radius_m * rng.uniform(0.7, 1.0, 12)
    ring = middle + np.column_stack([np.cos(turn), np.sin(turn)]) * reach[:, None] * METRE
    around = shapely.Polygon(middle + 1.4 * (ring - middle))
    if not shape.contains_properly(around):
        return None
    return shapely.Polygon(shape.exterior, [*shape.interiors, ring])


def united(parts: list[BaseGeometry]) -> shapely.Polygon | None:
    """Unite neighbours along their shared borders; None if the result is in pieces."""
    whole = shapely.coverage_union_all(parts)
    if shapely.get_num_geometries(whole) != 1:
        return None
    single = shapely.orient_polygons(shapely.get_geometry(whole, 0))
    return single if isinstance(single, shapely.Polygon) and single.is_valid else None
