"""Rivers that run along the arcs of the ground, so that borders can follow them."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from api.sample.ground import Ground
from api.sample.plan import CENTRE, Bools, Floats, Ints

# Where rivers enter and leave, as directions from the centre (degrees from east): like the
# plain's own rivers they run from the north-west to the south-east.
COURSES = ((152.0, -38.0), (105.0, 8.0), (196.0, -84.0))


def river_courses(ground: Ground, is_built: Bools, rng: np.random.Generator) -> list[Ints]:
    """Find each river's way from border to border over the arcs, away from houses.

    Parameters
    ----------
    ground
        The subdivision.
    is_built
        Which cells are stretches of houses.
    rng
        Makes some valleys easier than others.

    Returns
    -------
    list of ndarray
        Per river its arcs, from source to mouth.
    """
    houses = _beside(ground, is_built)
    border = (ground.left < 0) | (ground.right < 0)
    middle = (ground.nodes[ground.start] + ground.nodes[ground.end]) / 2
    cost = ground.length * _valleys(middle, rng) * np.where(houses, 25, 1) * np.where(border, 8, 1)
    n = len(ground.nodes)
    arc_of = coo_matrix((np.arange(len(cost)) + 1, (ground.start, ground.end)), (n, n)).tocsr()
    graph = coo_matrix((cost, (ground.start, ground.end)), (n, n)).tocsr()
    rim = np.unique(np.concatenate([ground.start[border], ground.end[border]]))
    bearing = np.degrees(np.arctan2(*(ground.nodes[rim] - CENTRE).T[::-1]))
    courses = []
    for course in COURSES:
        source, mouth = (rim[np.argmin(_apart(bearing, angle))] for angle in course)
        before = dijkstra(graph, directed=False, indices=source, return_predecessors=True)[1]
        node, arcs = int(mouth), []
        while node != source:
            arcs.append(max(arc_of[before[node], node], arc_of[node, before[node]]) - 1)
            node = int(before[node])
        courses.append(np.array(arcs[::-1], dtype=np.int64))
    return courses


def _beside(ground: Ground, cells: Bools) -> Bools:
    """Tell which arcs bound one of the cells."""
    left = (ground.left >= 0) & cells[ground.left]
    return np.asarray(left | ((ground.right >= 0) & cells[ground.right]))


def _valleys(xy: Floats, rng: np.random.Generator) -> Floats:
    """Return a smooth cost between about 0.4 and 2.5 over the land, so that rivers meander."""
    waves = rng.normal(0, 1, (6, 2)) * 2 * np.pi / 7000.0
    height = np.cos(xy @ waves.T + rng.uniform(0, 2 * np.pi, 6)).sum(axis=1)
    return np.asarray(np.exp(0.45 * height))


def _apart(angle: Floats, other: float) -> Floats:
    return np.abs((angle - other + 180) % 360 - 180)
