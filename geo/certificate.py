"""The certificate: a proof, by exact cancellation, that polygons tile their parent.

Walk every polygon's border with its inside on the left. Along a border that two neighbours share,
each walks the other way, vertex for vertex, and the two cancel; along the parent's border the
child cancels against the parent, which is walked backwards. **If everything cancels, the polygons
tile the parent exactly**: no gap, overlap, duplicate, missing piece or overhang, with no
tolerance. (The sum of the polygons' indicator functions and the parent's own have the same
boundary, and both vanish far away; so they are equal.)

What does not cancel is the *residue*. It bounds every place where the number of polygons is not
what it should be, so the cost of explaining grows with the damage and not with the county.

Segments are compared by a 64-bit hash of their coordinates' bits, as a filter; the proof compares
the coordinates themselves.

Known limits: polygons must be valid. Two parents of one group must not overlap.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_AXIS = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(31)


@dataclass(frozen=True, slots=True)
class Segments:
    """Directed border segments with the inside on the left.

    ``ends`` has shape (n, 4): x0, y0, x1, y1, in the layer's own CRS. ``owner`` (n,) is the
    position of the polygon, parents counted after the children. ``group`` (n,) tells which sum
    the segment belongs to. A parent's segments are stored backwards.
    """

    ends: Floats
    owner: Ints
    group: Ints

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.owner)

    def take(self, mask: NDArray[np.bool_] | Ints) -> "Segments":
        """Return some of them."""
        return Segments(self.ends[mask], self.owner[mask], self.group[mask])


@dataclass(frozen=True, slots=True)
class _Walk:
    """Borders as they are stored: segment i goes from point ``start[i]`` to the next one.

    ``points`` (p, 2); ``start`` (n,); ``reverse`` (n,) where the inside is on the right (or, of a
    parent, on the left); ``owner`` (n,) the position of the polygon.
    """

    points: Floats
    start: Ints
    reverse: NDArray[np.bool_]
    owner: Ints

    def ends(self, mask: NDArray[np.bool_]) -> Floats:
        """Return some segments, inside on the left; shape (m, 4)."""
        first = self.start[mask] + self.reverse[mask]
        last = self.start[mask] + ~self.reverse[mask]
        return np.hstack((self.points[first], self.points[last]))


def _walk(geometries: Geometries, *, backwards: bool) -> _Walk:
    there = np.flatnonzero(~(shapely.is_missing(geometries) | shapely.is_empty(geometries)))
    if not len(there):
        none = np.empty(0, dtype=np.int64)
        return _Walk(np.empty((0, 2)), none, np.empty(0, dtype=bool), none)
    _, points, offsets = shapely.to_ragged_array(geometries[there], include_z=False)
    ring, part = offsets[0].astype(np.int64), offsets[1].astype(np.int64)
    # A polygon is a multipolygon of one part.
    whole = offsets[2].astype(np.int64) if len(offsets) > 2 else np.arange(len(part))
    owner = np.repeat(there, np.diff(ring[part[whole]]))
    hole = np.ones(len(ring) - 1, dtype=bool)
    hole[part[:-1]] = False
    # A shell that is walked anticlockwise has its inside on the left; a hole, clockwise.
    reverse = np.repeat((_is_ccw(points, ring) == hole) != backwards, np.diff(ring))
    real = (points[1:] != points[:-1]).any(axis=1)
    real[ring[1:-1] - 1] = False
    start = np.flatnonzero(real)
    return _Walk(points, start, reverse[start], owner[start])


def _is_ccw(points: Floats, ring: Ints) -> NDArray[np.bool_]:
    """Tell which closed rings are walked anticlockwise; where rounding could tell, ask GEOS."""
    # Seen from the layer's middle, so that little is lost in the differences.
    x, y = (points - points.mean(axis=0)).T
    cross = np.empty(len(points))
    cross[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]
    cross[ring[1:] - 1] = 0.0
    twice = np.add.reduceat(cross, ring[:-1])
    size = np.add.reduceat(np.abs(cross, out=cross), ring[:-1])
    ccw: NDArray[np.bool_] = twice > 0
    for unsure in np.flatnonzero(np.abs(twice) <= 1e-6 * size):
        ccw[unsure] = shapely.is_ccw(shapely.linearrings(points[ring[unsure] : ring[unsure + 1]]))
    return ccw


def open_segments(
    polygons: Geometries,
    group: Ints,
    parents: Geometries | None = None,
    parent_group: Ints | None = None,
) -> Segments:
    """Return what does not cancel of all borders, polygons' and parents' together.

    Parameters
    ----------
    polygons
        Valid polygons or multipolygons, shape (n,); nulls and empties give nothing.
    group
        The sum that each polygon belongs to, shape (n,).
    parents, parent_group
        Valid polygons, walked backwards, and their sums.

    Returns
    -------
    Segments
        The residue; empty if, and only if, the polygons of each group tile its parents.
    """
    walks = [_walk(polygons, backwards=False)]
    groups = [group[walks[0].owner]]
    if parents is not None and len(parents):
        walks.append(_walk(parents, backwards=True))
        own = np.zeros(len(parents), dtype=np.int64) if parent_group is None else parent_group
        groups.append(own[walks[1].owner])
    both, sums = _joined(walks, len(polygons)), np.concatenate(groups)
    left = ~_paired(both, sums)
    rest = Segments(both.ends(left), both.owner[left], sums[left])
    return rest.take(residue(rest))


def _joined(walks: list[_Walk], polygons: int) -> _Walk:
    if len(walks) == 1:
        return walks[0]
    first, second = walks
    return _Walk(
        np.vstack((first.points, second.points)),
        np.concatenate((first.start, second.start + len(first.points))),
        np.concatenate((first.reverse, second.reverse)),
        np.concatenate((first.owner, second.owner + polygons)),
    )


def _paired(walk: _Walk, group: Ints) -> NDArray[np.bool_]:
    """Tell which segments lie at a place of exactly two, walked once each way, of one group.

    That is nearly all of a sound coverage; what is left is small, and looked at more closely.
    """
    out = np.zeros(len(walk.start), dtype=bool)
    if len(out) < 2:
        return out
    points = _hash(walk.points)
    here, there = points[walk.start], points[walk.start + 1]
    forward = here < there
    key = np.minimum(here, there) * _MIX_1 ^ np.maximum(here, there)
    if (group != group[0]).any():
        key ^= _scramble(group.astype(np.uint64) + _AXIS)
    order, key = _in_order(key)
    edge = np.concatenate(([True], key[1:] != key[:-1], [True, True]))
    pair = np.flatnonzero(edge[:-3] & ~edge[1:-2] & edge[2:-1])
    one, two = order[pair], order[pair + 1]
    # The hash only proposes: a pair is one if the coordinates themselves are equal.
    same = (forward ^ walk.reverse)[one] != (forward ^ walk.reverse)[two]
    same &= group[one] == group[two]
    low, high = walk.start + ~forward, walk.start + forward
    where = np.ascontiguousarray(walk.points).view(np.complex128).ravel()
    same &= where[low[one]] == where[low[two]]
    same &= where[high[one]] == where[high[two]]
    out[one[same]] = True
    out[two[same]] = True
    return out


def _in_order(key: NDArray[np.uint64]) -> tuple[Ints, NDArray[np.uint64]]:
    """Sort by the upper 32 bits of a key, which are enough for a filter.

    Returns the order and the bits. The position rides in the lower half, so that plain values are
    sorted, which NumPy does with wide registers; an ``argsort`` takes twice as long.
    """
    half = np.uint64(32)
    packed = (key >> half << half) | np.arange(len(key), dtype=np.uint64)
    packed.sort()
    return (packed & np.uint64(2**32 - 1)).astype(np.int64), packed >> half


def residue(segments: Segments) -> NDArray[np.bool_]:
    """Tell which segments do not cancel within their group.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        True for each segment of a place (an undirected pair of coordinates, in one group) where
        the walks one way and the other are not equally many.
    """
    if not len(segments):
        return np.zeros(0, dtype=bool)
    left, right = _hash(segments.ends[:, :2]), _hash(segments.ends[:, 2:])
    forward = _is_forward(segments.ends)
    key = np.where(forward, left * _MIX_1 ^ right, right * _MIX_1 ^ left)
    key ^= _scramble(segments.group.astype(np.uint64) + _AXIS)
    order = np.argsort(key)
    key = key[order]
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    sums = np.add.reduceat(np.where(forward[order], 1, -1), starts)
    sizes = np.diff(np.append(starts, len(key)))
    # The hash only proposes: equal keys must be equal places, or all are compared outright.
    place = np.repeat(order[starts], sizes)
    if not _same_places(segments, order, place, forward):
        return _residue_by_sorting(segments, forward)
    out = np.zeros(len(segments), dtype=bool)
    out[order] = np.repeat(sums != 0, sizes)
    return out


def _same_places(segments: Segments, first: Ints, second: Ints, forward: NDArray[np.bool_]) -> bool:
    if not np.array_equal(segments.group[first], segments.group[second]):
        return False
    flip = forward[first] != forward[second]
    one, two = segments.ends[first], segments.ends[second]
    two = np.where(flip[:, None], two[:, [2, 3, 0, 1]], two)
    return bool(np.array_equal(one, two))


def _residue_by_sorting(segments: Segments, forward: NDArray[np.bool_]) -> NDArray[np.bool_]:
    ends = np.where(forward[:, None], segments.ends, segments.ends[:, [2, 3, 0, 1]])
    table = np.column_stack((segments.group.astype(float), ends))
    _, place = np.unique(table, axis=0, return_inverse=True)
    sums = np.bincount(place.ravel(), weights=np.where(forward, 1, -1))
    return np.asarray(sums[place.ravel()] != 0)


def _is_forward(ends: Floats) -> NDArray[np.bool_]:
    x0, y0, x1, y1 = ends.T
    return np.asarray((x0 < x1) | ((x0 == x1) & (y0 < y1)))


def _hash(points: Floats) -> NDArray[np.uint64]:
    # Adding zero makes -0.0 and 0.0, which are equal, the same bits.
    bits = np.ascontiguousarray(points + 0.0).view(np.uint64)
    return _scramble(bits[:, 0]) ^ _scramble(bits[:, 1] + _AXIS)


def _scramble(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # The finaliser of SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195).
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    value = (value ^ (value >> np.uint64(27))) * _MIX_2
    return value ^ (value >> _SHIFT)
