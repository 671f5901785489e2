"""Counting people without pointing at one: groups of near neighbours, none smaller than k.

Cells of a fixed size leave some with one household, and leaving those out lets a reader subtract
them back from the totals of another zoom. So the points themselves are grouped, once: whatever a
map then shows, at any zoom and to any reader, is a sum of whole groups, and so is the difference
of any two maps.

References
----------
Domingo-Ferrer, J. and Mateo-Sanz, J. M. (2002), "Practical data-oriented microaggregation",
doi:10.1109/69.979982; LeFevre, K. et al. (2006), "Mondrian", doi:10.1109/ICDE.2006.101, for the
split at the median.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree


def group_points(points: NDArray[np.float64], k: int) -> NDArray[np.intp]:
    """Put points into compact groups of at least k.

    Half of the points go to either side of the median of the wider axis, for as long as both
    sides keep k.

    Parameters
    ----------
    points
        n × 2, one plane, finite. Points on one spot are told apart by their order.
    k
        The least size of a group, ≥ 1.

    Returns
    -------
    array of int
        The group of each point, aligned with the input, numbered from 0. All -1 where there are
        fewer than k points: nothing may be said of them.

    Examples
    --------
    >>> group_points(np.array([[0, 0], [9, 0], [1, 0], [8, 0]]), 2).tolist()
    [0, 1, 0, 1]
    """
    group = np.full(len(points), -1, dtype=np.intp)
    if len(points) < k:
        return group
    todo, count = [np.arange(len(points))], 0
    while todo:
        members = todo.pop()
        if len(members) < 2 * k:
            group[members] = count
            count += 1
            continue
        here = points[members]
        axis = int(np.argmax(np.ptp(here, axis=0)))
        order = members[np.argsort(here[:, axis], kind="stable")]
        half = len(order) // 2
        todo += [order[half:], order[:half]]
    return group


def guarded_count(part: int, whole: int, k: int) -> int | None:
    """Return how many of a group are of some kind, or null where that would point at too few.

    A count is told only if at least k are of the kind and at least k are not: else the one, or the
    difference from the whole, speaks of a handful. None and all are held back too, for they tell
    something of each.

    Parameters
    ----------
    part
        How many are of the kind, 0 to ``whole``.
    whole
        How many there are, which the reader knows.
    k
        The least number that may be told, ≥ 1.

    Examples
    --------
    >>> guarded_count(40, 700, 10), guarded_count(9, 700, 10), guarded_count(695, 700, 10)
    (40, None, None)
    """
    return part if k <= part <= whole - k else None


def nearest_spots(points: NDArray[np.float64], spots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move each point to the nearest of spots that each stand for many: snapping.

    What is then drawn of the points says no more of one than that it is near such a spot, whatever
    else is subtracted from it.

    Parameters
    ----------
    points
        n × 2, metres.
    spots
        m × 2, the same plane: of groups of at least k households, say. m ≥ 1 where n ≥ 1.

    Returns
    -------
    array
        n × 2, aligned with ``points``.

    Examples
    --------
    >>> nearest_spots(np.array([[1.0, 1], [8, 9]]), np.array([[0.0, 0], [10, 10]])).tolist()
    [[0.0, 0.0], [10.0, 10.0]]
    """
    if not len(points):
        return points
    return np.asarray(spots[cKDTree(spots).query(points)[1]])
