"""Chains: polygons as sums of directed border edges, which can be added, taken away and closed.

A chain counts each edge of a polygon's border, +1 walked from its lesser end to its greater with
the inside on the left, -1 the other way. Give a face to a polygon: add the face's chain to the
polygon's; take it away: subtract. Where two chains walk an edge both ways, it cancels, exactly, as
in :mod:`geo.certificate`: so neighbours that are built from the same faces share every vertex,
and a border that no face touches keeps its bits.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.arrangement import lines_of
from geo.certificate import Floats
from geo.repair_noding import Edge, Noded, Point

Chain = dict[Edge, int]
# Edges that leave a vertex closer to each other than this, in radians, are a spike.
SPIKE = 2e-3
# An edge, and how it is walked.
Step = tuple[Edge, int]


def step(start: Point, end: Point) -> Step:
    """Return an edge, lesser end first, and +1 or -1 for the way that it is walked."""
    return ((start, end), 1) if start < end else ((end, start), -1)


def walks(shape: BaseGeometry) -> Iterator[tuple[Point, Point]]:
    """Yield the edges of a polygon, each walked with the inside on the left."""
    for part in shapely.get_parts([shape]):
        for ring in shapely.get_rings(shapely.orient_polygons(part)):
            points = [(x, y) for x, y in shapely.get_coordinates(ring).tolist()]
            yield from ((one, two) for one, two in pairwise(points) if one != two)


def chain_of(shape: BaseGeometry, noded: Noded | None = None) -> Chain:
    """Return a polygon's chain, its edges as the noding left them.

    Parameters
    ----------
    shape
        A valid polygon or multipolygon; null and empty ones have an empty chain.
    noded
        What became of edges and vertices; without it the chain is the polygon's own.
    """
    chain: Chain = {}
    if shape is None or shape.is_empty:
        return chain
    for start, end in walks(shape):
        line: Iterable[Point] = (start, end)
        if noded is not None:
            line = _as_noded(start, end, noded)
        for one, two in pairwise(line):
            if one != two:
                put(chain, *step(one, two))
    return chain


def _as_noded(start: Point, end: Point, noded: Noded) -> tuple[Point, ...]:
    edge, way = step(start, end)
    known = noded.chains.get(edge)
    if known is None:
        return noded.moved.get(start, start), noded.moved.get(end, end)
    return known if way > 0 else known[::-1]


def put(chain: Chain, edge: Edge, times: int) -> None:
    """Add an edge; one that is walked both ways is none."""
    total = chain.get(edge, 0) + times
    if total:
        chain[edge] = total
    else:
        chain.pop(edge, None)


def add(chain: Chain, other: Mapping[Edge, int], times: int = 1) -> None:
    """Add another chain to one, or with ``times`` -1 take it away."""
    for edge, count in other.items():
        put(chain, edge, times * count)


def lines_of_edges(edges: Iterable[Edge]) -> Floats:
    """Return edges as an array (n, 2, 2)."""
    return np.array(list(edges), dtype=float).reshape(-1, 2, 2)


def close(chain: Mapping[Edge, int]) -> BaseGeometry:
    """Return the polygon that a chain bounds; a multipolygon of several parts, or an empty one.

    The inside is on the left, whatever the order of the edges: a loop that is walked with its
    inside on the right is a hole.
    """
    if not chain:
        return Polygon()
    lines = lines_of(lines_of_edges(chain))
    loops = shapely.get_parts(shapely.polygonize(lines))
    parts = [part for part in shapely.orient_polygons(loops) if _is_inside(part, chain)]
    parts.sort(key=lambda part: part.bounds)
    return parts[0] if len(parts) == 1 else MultiPolygon(parts) if parts else Polygon()


def _is_inside(part: Polygon, chain: Mapping[Edge, int]) -> bool:
    start, end = part.exterior.coords[:2]
    edge, way = step((start[0], start[1]), (end[0], end[1]))
    return chain.get(edge, 0) * way > 0


def area_of(chain: Mapping[Edge, int]) -> float:
    """Return the area that a chain bounds, by its edges alone, in square units."""
    if not chain:
        return 0.0
    ends = lines_of_edges(chain)
    ends = ends - ends.mean(axis=(0, 1))
    cross = ends[:, 0, 0] * ends[:, 1, 1] - ends[:, 1, 0] * ends[:, 0, 1]
    return float((cross * np.array(list(chain.values()))).sum() / 2)


def spikes(
    chain: Mapping[Edge, int], places: Collection[Point], scale: tuple[float, float], least_m: float
) -> set[Point]:
    """Return the vertices at which a border turns back on itself.

    Parameters
    ----------
    chain
        Of one polygon.
    places
        The vertices to look at.
    scale
        How many metres one unit of x and of y is.
    least_m
        Shorter edges, in metres, make no spike.
    """
    ends: dict[Point, list[Point]] = {}
    for one, two in chain:
        if one in places:
            ends.setdefault(one, []).append(two)
        if two in places:
            ends.setdefault(two, []).append(one)
    at = [point for point, beyond in ends.items() if len(beyond) == 2]
    if not at:
        return set()
    here = np.array(at)[:, None]
    legs = (np.array([ends[point] for point in at]) - here) * scale
    long = np.hypot(legs[..., 0], legs[..., 1]).min(axis=1) > least_m
    cross = legs[:, 0, 0] * legs[:, 1, 1] - legs[:, 0, 1] * legs[:, 1, 0]
    angle = np.abs(np.arctan2(cross, (legs[:, 0] * legs[:, 1]).sum(axis=1)))
    return {point for point, is_spike in zip(at, long & (angle < SPIKE), strict=True) if is_spike}
