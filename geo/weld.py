"""The weld: borders that meet within the tolerance but not vertex by vertex.

Of the residue (see :mod:`geo.certificate`) it joins vertices closer than the tolerance, and puts
a vertex into a segment that passes closer than the tolerance to one (a T-junction). What cancels
after that was a *mismatch*: no land to speak of, but a border that will open when somebody edits
or reprojects it. What still does not cancel bounds real land.

Known limits: a chain of vertices each closer than the tolerance to the next becomes one vertex.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from geo.arrangement import lines_of
from geo.certificate import Floats, Ints, Segments, residue

# Joining moves vertices, and a moved vertex can pass near another segment: once more is enough
# in practice, and a third round has never changed anything.
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Welded:
    """What the weld leaves.

    ``rest`` bounds land; ``matched`` are the segments that cancelled only by the weld, and
    ``moved_m`` (one for each of ``matched``) how far their ends had to move, in metres.
    ``shrunk`` are the segments that have become points, where they were; ``spots`` (n, 2) those
    points, and ``shrunk_m`` how far they moved.
    """

    rest: Segments
    matched: Segments
    moved_m: Floats
    shrunk: Segments
    spots: Floats
    shrunk_m: Floats


def weld(segments: Segments, tolerance_m: float, metres: tuple[float, float]) -> Welded:
    """Join what is closer than the tolerance, and cancel again.

    Parameters
    ----------
    segments
        The residue.
    tolerance_m
        In metres, greater than zero.
    metres
        How many metres one unit of x and of y is here.

    Returns
    -------
    Welded
    """
    scale = np.array(metres)
    start = segments.ends
    moved = np.zeros(len(segments))
    current = segments
    gone: list[tuple[Segments, Floats, Floats]] = []
    for _ in range(ROUNDS):
        current, moved = _split(current, moved, tolerance_m, scale)
        joined = _join(current.ends, current.owner, tolerance_m, scale)
        shift = np.hypot(*((joined - current.ends).reshape(-1, 2) * scale).T).reshape(-1, 2)
        moved = np.maximum(moved, shift.max(axis=1, initial=0.0))
        real = (joined[:, :2] != joined[:, 2:]).any(axis=1)
        gone.append((current.take(~real), joined[~real, :2], moved[~real]))
        current, moved = Segments(joined, current.owner, current.group).take(real), moved[real]
        if np.array_equal(current.ends, start):
            break
        start = current.ends
    open_ = residue(current)
    shrunk, spots, shrunk_m = zip(*gone, strict=True)
    return Welded(
        current.take(open_), current.take(~open_), moved[~open_],
        Segments(*(np.concatenate([getattr(one, name) for one in shrunk])
                   for name in ("ends", "owner", "group"))),
        np.concatenate(spots), np.concatenate(shrunk_m),
    )  # fmt: skip


def _join(ends: Floats, owner: Ints, tolerance_m: float, scale: Floats) -> Floats:
    """Move vertices that are close together to the least of them."""
    points, index = _places(ends)
    pairs = KDTree(points * scale).query_pairs(tolerance_m, output_type="ndarray")
    if not len(pairs):
        return ends
    # Two vertices of one polygon alone are its own detail, not a mismatch between neighbours.
    several = _has_several_owners(index, np.repeat(owner, 2), len(points))
    single = _single_owner(index, np.repeat(owner, 2), len(points))
    one, two = pairs.T
    strange = several[one] | several[two] | (single[one] != single[two])
    one, two = one[strange], two[strange]
    graph = coo_array((np.ones(len(one)), (one, two)), shape=(len(points), len(points)))
    count, label = connected_components(graph, directed=False)
    # Points are sorted, so the first of each label is the least: the same whatever the order.
    least = np.full(count, len(points))
    np.minimum.at(least, label, np.arange(len(points)))
    joined: Floats = points[least[label]][index].reshape(-1, 4)
    return joined


def _single_owner(index: Ints, owner: Ints, count: int) -> Ints:
    first = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(first, index, owner)
    return first


def _has_several_owners(index: Ints, owner: Ints, count: int) -> NDArray[np.bool_]:
    last = np.full(count, -1)
    np.maximum.at(last, index, owner)
    return np.asarray(last != _single_owner(index, owner, count))


def _split(
    segments: Segments, moved: Floats, tolerance_m: float, scale: Floats
) -> tuple[Segments, Floats]:
    """Put into each segment the vertices that it passes closer than the tolerance."""
    ends = segments.ends * np.tile(scale, 2)
    vertices, index = _places(segments.ends)
    spots = vertices * scale
    # The box around a vertex is that of its diagonal: boxes are compared, and then numbers.
    near = shapely.STRtree(lines_of(np.hstack((spots - tolerance_m, spots + tolerance_m))))
    line, vertex = near.query(lines_of(ends))
    strange = (vertex != index[2 * line]) & (vertex != index[2 * line + 1])
    line, vertex = line[strange], vertex[strange]
    vector, offset = ends[line, 2:] - ends[line, :2], spots[vertex] - ends[line, :2]
    length = np.hypot(*vector.T)
    along = (offset * vector).sum(axis=1) / length
    away = np.abs(vector[:, 0] * offset[:, 1] - vector[:, 1] * offset[:, 0]) / length
    # A vertex nearer to an end than the tolerance is joined to the end instead.
    inside = (along > tolerance_m) & (along < length - tolerance_m) & (away <= tolerance_m)
    line, vertex, along, away = line[inside], vertex[inside], along[inside], away[inside]
    if not len(line):
        return segments, moved
    order = np.lexsort((along, line))
    return _insert(segments, moved, line[order], vertices[vertex[order]], away[order])


def _insert(
    segments: Segments, moved: Floats, line: Ints, points: Floats, away: Floats
) -> tuple[Segments, Floats]:
    """Put points into segments, in order; ``away`` is how far each lies beside its own, metres."""
    extra = np.bincount(line, minlength=len(segments))
    source = np.repeat(np.arange(len(segments)), extra + 1)
    first = np.cumsum(extra + 1) - (extra + 1)
    ends = segments.ends[source].copy()
    rank = np.arange(len(line)) - np.repeat(np.cumsum(extra) - extra, extra)
    at = first[line] + rank
    moved = moved[source].copy()
    np.maximum.at(moved, at, away)
    np.maximum.at(moved, at + 1, away)
    ends[at, 2:] = points
    ends[at + 1, :2] = points
    return Segments(ends, segments.owner[source], segments.group[source]), moved


def _places(ends: Floats) -> tuple[Floats, Ints]:
    """Return the vertices of segments, each once and sorted, and for each end which it is."""
    where = np.ascontiguousarray(ends + 0.0).view(np.complex128).ravel()
    places, index = np.unique(where, return_inverse=True)
    return places.view(np.float64).reshape(-1, 2), index.ravel()
