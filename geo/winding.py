"""How often borders wind about a place, and which parts of a border can concern others.

Directed segments that are closed all together wind about a point as often as inner sides hold it:
the depth of a place is known from the borders, without the polygons.
"""

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.arrangement import lines_of
from geo.certificate import Flags, Floats, Ints


def winding(points: Floats, ends: Floats) -> Ints:
    """Return how often directed segments wind about points: how many inner sides hold each.

    Parameters
    ----------
    points
        Shape (n, 2); on no segment.
    ends
        Shape (m, 4), closed walks all together.

    Examples
    --------
    >>> ring = np.array([[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]], dtype=float)
    >>> winding(np.array([[1.0, 1.0], [3.0, 1.0]]), np.hstack((ring[:-1], ring[1:]))).tolist()
    [1, 0]
    """
    if not len(points) or not len(ends):
        return np.zeros(len(points), dtype=np.int64)
    far = np.column_stack((np.full(len(points), ends[:, ::2].max() + 1.0), points[:, 1]))
    rays = lines_of(np.hstack((points, far)))
    at, which = shapely.STRtree(lines_of(ends)).query(rays)
    (x0, y0, x1, y1), (x, y) = ends[which].T, points[at].T
    side = (x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)
    upward, downward = (y0 <= y) & (y < y1) & (side > 0), (y1 <= y) & (y < y0) & (side < 0)
    turns = upward.astype(np.int64) - downward
    return np.bincount(at, weights=turns, minlength=len(points)).astype(np.int64)


def concerning(ends: Floats, others: Floats, reach: float) -> Flags:
    """Tell which segments can meet what lies within the bounds of others.

    What hangs together is closed, and winds about nothing outside of itself. The outer border
    stays, and so does what lies in the middle of something that stays.

    Parameters
    ----------
    ends
        Shape (n, 4), n > 0: the border of one county, closed walks all together.
    others
        Shape (m, 4): west, south, east, north of the other counties, in the same CRS.
    reach
        What is nearer than this hangs together, in units of the CRS.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
    """
    lines = lines_of(ends)
    one, two = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=reach)
    graph = coo_array((np.ones(len(one)), (one, two)), shape=(len(ends),) * 2)
    count, part = connected_components(graph, directed=False)
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    for points in (ends[:, :2], ends[:, 2:]):
        np.minimum.at(low, part, points)
        np.maximum.at(high, part, points)
    near = np.zeros(count, dtype=bool)
    near[part[np.argmin(ends[:, 0])]] = True
    for west, south, east, north in others.tolist():
        meets = (low <= (east + reach, north + reach)) & (high >= (west - reach, south - reach))
        near |= meets.all(axis=1)
    spots = ends[np.unique(part, return_index=True)[1], :2]
    while True:
        left = np.flatnonzero(~near)
        within = winding(spots[left], ends[near[part]]) != 1
        if not within.any():
            return np.asarray(near[part])
        near[left[within]] = True
