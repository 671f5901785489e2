"""Contiguous groups of nodes of a graph: each node goes to the source it reaches most cheaply.

A geodesic Voronoi partition: the cheapest paths to a source stay within its group, so every
group is connected by construction. Head starts given to the sources balance the groups.
"""

import numpy as np
import shapely
from scipy.sparse import coo_matrix, csr_matrix, vstack
from scipy.sparse.csgraph import connected_components, dijkstra

from api.sample.plan import Floats, Ints

# What numpy calls an array of shapely geometries.
Shapes = np.ndarray[tuple[int], np.dtype[np.object_]]


def nearest_source(graph: csr_matrix, sources: Ints, delay: Floats | None = None) -> Ints:
    """Assign each node to the source with the cheapest path.

    Parameters
    ----------
    graph
        Symmetric graph of positive costs.
    sources
        Nodes, distinct.
    delay
        Cost that each source's paths start with; none by default.

    Returns
    -------
    ndarray of int, one per node
        Position in ``sources``; -1 where no source reaches.
    """
    n, k = graph.shape[0], len(sources)
    start = np.ones(k) if delay is None else delay - delay.min() + 1.0
    # One virtual node per source, so that a path can begin with the source's delay.
    doors = coo_matrix((start, (np.arange(k), sources)), shape=(k, n))
    both = vstack([graph, doors]).tocsr()
    both.resize((n + k, n + k))
    found = dijkstra(both, indices=np.arange(n, n + k), min_only=True, return_predecessors=True)
    return np.where(found[2][:n] >= n, found[2][:n] - n, -1).astype(np.int64)


def balanced(
    graph: csr_matrix, xy: Floats, seeds: Ints, target: Floats, *, rounds: int, moving: bool
) -> Ints:
    """Part a graph into connected groups of about the wanted sizes.

    Too large a group starts later in the next round; with ``moving`` a group also starts from
    its own middle. The round that came nearest to the wanted sizes wins; a round that lost a
    group altogether never does.

    Parameters
    ----------
    graph
        Symmetric graph of costs in metres.
    xy
        Position of each node, in metres.
    seeds
        First node of each group.
    target
        Wanted number of nodes of each group.
    rounds
        How often to correct.
    moving
        Whether seeds move to their group's middle.

    Returns
    -------
    ndarray of int, one per node
        Group; -1 where no seed reaches.
    """
    k = len(seeds)
    delay = np.zeros(k)
    best, best_miss = nearest_source(graph, seeds), np.inf
    for turn in range(rounds):
        label = nearest_source(graph, seeds, delay)
        size = np.bincount(label[label >= 0], minlength=k)
        miss = float(np.abs(np.log((size + 0.5) / target)).sum())
        if miss < best_miss and size.all():
            best, best_miss = label, miss
        if moving and turn < rounds * 2 // 3:
            seeds = _middles(label, xy, seeds)
        reach = np.sqrt(_spread(label, xy, k))
        delay += 0.3 * reach * np.clip(np.log((size + 0.5) / target), -1, 1)
    return best


def _middles(label: Ints, xy: Floats, seeds: Ints) -> Ints:
    """Return each group's node nearest to its centroid; the old seed of an empty group."""
    node = np.flatnonzero(label >= 0)
    away = np.hypot(*(xy[node] - centroids(label, xy, len(seeds))[label[node]]).T)
    order = np.lexsort((away, label[node]))
    leaders = node[order][np.r_[True, np.diff(label[node][order]) > 0]]
    moved = seeds.copy()
    moved[label[leaders]] = leaders
    return moved


def _spread(label: Ints, xy: Floats, k: int) -> Floats:
    """Return each group's mean squared distance from its centroid, in m²."""
    node = np.flatnonzero(label >= 0)
    square = np.sum((xy[node] - centroids(label, xy, k)[label[node]]) ** 2, axis=1)
    size = np.bincount(label[node], minlength=k)
    return np.asarray(np.bincount(label[node], square, k) / np.maximum(size, 1) + 900.0)


def centroids(label: Ints, xy: Floats, k: int) -> Floats:
    """Return each group's mean position; a group without nodes lies at the origin."""
    node = label >= 0
    size = np.maximum(np.bincount(label[node], minlength=k), 1)
    return np.column_stack([np.bincount(label[node], xy[node, axis], k) / size for axis in (0, 1)])


def is_connected(graph: csr_matrix, nodes: Ints) -> bool:
    """Tell whether the nodes hang together without the rest of the graph."""
    part = graph[nodes][:, nodes]
    return bool(connected_components(part, directed=False, return_labels=False) == 1)


def pieces(graph: csr_matrix, label: Ints) -> Ints:
    """Count the connected pieces of each group."""
    link = graph.tocoo()
    same = label[link.row] == label[link.col]
    inner = csr_matrix((link.data[same], (link.row[same], link.col[same])), shape=link.shape)
    piece = connected_components(inner, directed=False)[1]
    pairs = np.unique(np.column_stack([label, piece])[label >= 0], axis=0)
    return np.bincount(pairs[:, 0])


def scatter(nodes: Ints, xy: Floats, k: int) -> Ints:
    """Pick ``k`` nodes far from one another, the first farthest from the middle."""
    away = np.hypot(*(xy[nodes] - xy[nodes].mean(axis=0)).T)
    chosen = [int(np.argmax(away))]
    nearest = np.full(len(nodes), np.inf)
    while len(chosen) < k:
        nearest = np.minimum(nearest, np.hypot(*(xy[nodes] - xy[nodes[chosen[-1]]]).T))
        chosen.append(int(np.argmax(nearest)))
    return nodes[chosen]


def shares(weight: Floats, total: int, least: int = 1) -> Ints:
    """Split ``total`` in proportion to weights by largest remainders, each at least ``least``."""
    quota = weight / weight.sum() * (total - least * len(weight))
    whole = np.floor(quota).astype(np.int64)
    rest = np.argsort(-(quota - whole), kind="stable")[: total - least * len(weight) - whole.sum()]
    whole[rest] += 1
    return np.asarray(whole + least)


def rank_within(group: Ints, key: Floats) -> Ints:
    """Return each row's rank in its group, 1, 2, …, by key."""
    order = np.lexsort((key, group))
    first = np.r_[True, np.diff(group[order]) != 0]
    start = np.maximum.accumulate(np.where(first, np.arange(len(group)), 0))
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - start + 1
    return rank


def dissolve(polygons: Shapes, label: Ints, n: int) -> Shapes:
    """Unite the polygons of each group along their shared borders; no vertex changes.

    Polygons labelled -1 are left out. The result has ``n`` rows, counter-clockwise shells.
    """
    row = np.flatnonzero(label >= 0)
    position = rank_within(label[row], row.astype(float)) - 1
    table = np.full((n, position.max() + 1), None, dtype=object)
    table[label[row], position] = polygons[row]
    single = table[:, 1:2].ravel() == None if table.shape[1] > 1 else np.ones(n, bool)  # noqa: E711 elementwise
    united = table[:, 0].copy()
    united[~single] = shapely.coverage_union_all(table[~single], axis=1)
    parts = shapely.get_num_geometries(united) == 1
    united[parts] = shapely.get_geometry(united[parts], 0)
    return np.asarray(shapely.orient_polygons(united))
