"""One planar subdivision of a county: cells whose winding borders share every vertex.

A Voronoi diagram of seeds (Aurenhammer 1991, doi:10.1145/116873.116880) gives cells that meet
edge to edge. Each edge is then replaced, once, by a winding arc that stays inside the two
triangles spanned by the edge and the seeds on its sides; these triangles do not overlap, so arcs
cannot cross. Every vertex is turned into lon/lat once, and every level of the county is a union
of cells that keeps the vertices, so that the levels are exact coverages of one another.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from pyproj import Transformer
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Voronoi

from api.sample.plan import PLANE, Bools, Floats, Ints

# Edges shorter than this are drawn together into one node: no surveyor measures them.
WELD_M = 1.0


@dataclass(frozen=True, slots=True)
class Ground:
    """Cells, the arcs between them and the graph of neighbours.

    ``xy`` has a seed per cell (metres). An arc runs from ``start`` to ``end`` (rows of ``nodes``,
    metres) with the cell ``left`` on its left and ``right`` on its right, -1 beyond the county;
    its vertices are ``lonlat[first[k]:first[k + 1]]``, both ends included.
    """

    xy: Floats
    nodes: Floats
    start: Ints
    end: Ints
    left: Ints
    right: Ints
    first: Ints
    lonlat: Floats

    @property
    def length(self) -> Floats:
        """Straight length of each arc, in metres."""
        return np.asarray(np.hypot(*(self.nodes[self.end] - self.nodes[self.start]).T))

    def links(self, least_m: float = 5.0) -> tuple[Ints, Ints, Ints]:
        """Return pairs of neighbouring cells and the arc between them, if it is long enough."""
        arc = np.flatnonzero((self.left >= 0) & (self.right >= 0) & (self.length >= least_m))
        return self.left[arc], self.right[arc], arc

    def graph(self, weight: Floats, arcs: Ints) -> csr_matrix:
        """Return the symmetric graph of cells joined across ``arcs`` with a weight per arc."""
        return symmetric(self.left[arcs], self.right[arcs], weight, len(self.xy))

    def cells(self) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
        """Return the cells' polygons in lon/lat, counter-clockwise, in the order of ``xy``."""
        arc = np.arange(len(self.start))
        cell = np.concatenate([self.left, self.right])
        arc = np.concatenate([arc, arc])
        forward = np.repeat([True, False], len(self.start))
        real = cell >= 0
        cell, arc, forward = cell[real], arc[real], forward[real]
        middle = (self.nodes[self.start[arc]] + self.nodes[self.end[arc]]) / 2 - self.xy[cell]
        # A cell is star-shaped about its seed, so sorting by direction walks its ring.
        order = np.lexsort((np.arctan2(middle[:, 1], middle[:, 0]), cell))
        cell, arc, forward = cell[order], arc[order], forward[order]
        count = self.first[arc + 1] - self.first[arc] - 1
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        head = np.where(forward, self.first[arc], self.first[arc + 1] - 1)
        vertex = np.repeat(head, count) + step * np.repeat(np.where(forward, 1, -1), count)
        rings = shapely.linearrings(self.lonlat[vertex], indices=np.repeat(cell, count))
        return np.asarray(shapely.polygons(rings))


@cache
def _transformer() -> Transformer:
    return Transformer.from_crs(PLANE, 4326, always_xy=True)


def to_lonlat(xy: Floats) -> Floats:
    """Turn points of the plane, in metres, into lon/lat."""
    return np.column_stack(_transformer().transform(*xy.T))


def symmetric(a: Ints, b: Ints, weight: Floats, n: int) -> csr_matrix:
    """Return the symmetric sparse graph of links ``a``-``b``; the lightest of double links."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((weight, high, low))
    low, high, weight = low[order], high[order], weight[order]
    single = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])]
    low, high, weight = low[single], high[single], weight[single]
    ends = (np.concatenate([low, high]), np.concatenate([high, low]))
    return coo_matrix((np.concatenate([weight, weight]), ends), shape=(n, n)).tocsr()


def subdivide(xy: Floats, inside: Bools, is_built: Bools, rng: np.random.Generator) -> Ground:
    """Divide the land among seeds.

    Parameters
    ----------
    xy
        Seeds on the plane, in metres, distinct.
    inside
        Which seeds are the county's; the others lie around it and only bound it.
    is_built
        Which seeds are stretches of houses: arcs hardly bend into these.

    Returns
    -------
    Ground
        Its cells are the inside seeds, in their order.
    """
    diagram = Voronoi(xy)
    pair = np.asarray(diagram.ridge_points, dtype=np.int64)
    edge = np.array(diagram.ridge_vertices, dtype=np.int64)
    keep = inside[pair].any(axis=1) & (edge >= 0).all(axis=1)
    pair, edge = pair[keep], edge[keep]
    nodes, edge = _weld(np.asarray(diagram.vertices), edge)
    keep = edge[:, 0] != edge[:, 1]
    pair, edge = pair[keep], edge[keep]
    turn = _cross(nodes[edge[:, 1]] - nodes[edge[:, 0]], xy[pair[:, 0]] - nodes[edge[:, 0]])
    edge = np.where((turn < 0)[:, None], edge[:, ::-1], edge)
    first, vertices = _wind(nodes, edge, xy, pair, is_built, rng)
    number = np.where(inside, np.cumsum(inside) - 1, -1)
    lonlat = to_lonlat(vertices)
    _share_ends(lonlat, first, edge, nodes)
    return Ground(
        xy=xy[inside], nodes=nodes, start=edge[:, 0], end=edge[:, 1],
        left=number[pair[:, 0]], right=number[pair[:, 1]], first=first, lonlat=lonlat,
    )  # fmt: skip


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def _weld(nodes: Floats, edge: Ints) -> tuple[Floats, Ints]:
    """Draw nodes joined by very short edges together; drop nodes that no edge uses."""
    short = np.hypot(*(nodes[edge[:, 0]] - nodes[edge[:, 1]]).T) < WELD_M
    used = np.unique(edge)
    joins = coo_matrix(
        (np.ones(short.sum()), (edge[short, 0], edge[short, 1])), shape=(len(nodes),) * 2
    )
    group = connected_components(joins, directed=False)[1]
    names, rank = np.unique(group[used], return_inverse=True)
    size = np.bincount(rank)
    middle = np.column_stack([np.bincount(rank, nodes[used, axis]) / size for axis in (0, 1)])
    return middle, np.searchsorted(names, group[edge])


def _share_ends(lonlat: Floats, first: Ints, edge: Ints, nodes: Floats) -> None:
    """Give all arcs that meet in a node the very same end: batches may differ in the last bit."""
    at = to_lonlat(nodes)
    lonlat[first[:-1]] = at[edge[:, 0]]
    lonlat[first[1:] - 1] = at[edge[:, 1]]


def _wind(
    nodes: Floats, edge: Ints, xy: Floats, pair: Ints, is_built: Bools, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """Bend each edge by midpoint displacement (Fournier, Fussell, Carpenter 1982).

    Returns the first vertex of each arc (and one past the last), and the vertices in metres.
    """
    a, b = nodes[edge[:, 0]], nodes[edge[:, 1]]
    length = np.hypot(*(b - a).T)
    built = is_built[pair]
    level = np.clip(np.log2(np.maximum(length, 1) / 16), 0, 5).astype(int)
    level = np.where(built.all(axis=1), np.minimum(level, 1), level)
    first = np.concatenate([[0], np.cumsum(2**level + 1)])
    vertices = np.empty((first[-1], 2))
    along = (b - a) / length[:, None]
    normal = np.column_stack([-along[:, 1], along[:, 0]])
    for depth in range(int(level.max()) + 1):
        mine = np.flatnonzero(level == depth)
        t = np.linspace(0, 1, 2**depth + 1)
        rough = np.where(built[mine].all(axis=1), 0.02, 0.13) * length[mine]
        bend = _displace(rough, depth, rng)
        for side, sign in ((0, 1.0), (1, -1.0)):
            seed = xy[pair[mine, side]] - a[mine]
            foot = np.sum(seed * along[mine], axis=1) / length[mine]
            height = np.abs(np.sum(seed * normal[mine], axis=1))
            share = np.where(built[mine, side], 0.1, 0.7)
            room = _room(t, foot, height) * share[:, None]
            bend = sign * np.minimum(sign * bend, room)
        arc = (
            a[mine, None] + t[:, None] * (b - a)[mine, None] + bend[..., None] * normal[mine, None]
        )
        vertices[first[mine][:, None] + np.arange(t.size)] = arc
    return first, vertices


def _displace(rough: Floats, depth: int, rng: np.random.Generator) -> Floats:
    """Return displacements at ``2**depth + 1`` points per arc, zero at both ends, in metres."""
    n = 2**depth
    bend = np.zeros((len(rough), n + 1))
    for level in range(depth):
        step = n >> level
        middle = slice(step // 2, n, step)
        ends = (bend[:, 0:n:step] + bend[:, step : n + 1 : step]) / 2
        noise = rng.normal(0, 1, ends.shape) * rough[:, None] * 0.55**level
        bend[:, middle] = ends + noise
    return bend


def _room(t: Floats, foot: Floats, height: Floats) -> Floats:
    """Return the height of the triangle over the edge at ``t``, its apex above ``foot``."""
    s, wide = foot[:, None], np.inf
    with np.errstate(divide="ignore", invalid="ignore"):
        rising = np.where(s > 0, t / s, wide)
        falling = np.where(s < 1, (1 - t) / (1 - s), wide)
    return np.asarray(height[:, None] * np.minimum(rising, falling))
