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

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.threads import at_once

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_AXIS = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(31)
_LOWER = np.uint64(2**32 - 1)
_UPPER = ~_LOWER
_NOTHING = np.uint64(2**64 - 1)
_BLOCK = 1 << 16


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
class _Rings:
    """Borders as they are stored, ring after ring.

    ``points`` (p, 2); ring r is ``points[start[r]:start[r + 1]]``, its last point equal to its
    first. ``owner`` (r,) is the position of its polygon; ``hole`` (r,) tells inner rings;
    ``backwards`` (r,) those of parents. A segment is known by the index of its first point.
    """

    points: Floats
    start: Ints
    owner: Ints
    hole: Flags
    backwards: Flags

    @classmethod
    def of(cls, shapes: Geometries, parents_from: int) -> "_Rings":
        """Take polygons and multipolygons apart; nulls and empties have no rings."""
        there = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
        if not len(there):
            none = np.empty(0, dtype=np.int64)
            return cls(np.empty((0, 2)), np.zeros(1, dtype=np.int64), none, none > 0, none > 0)
        _, points, offsets = shapely.to_ragged_array(shapes[there], include_z=False)
        start, part = offsets[0].astype(np.int64), offsets[1].astype(np.int64)
        # A polygon is a multipolygon of one part.
        whole = offsets[2] if len(offsets) > 2 else np.arange(len(part))
        owner = np.repeat(there, np.diff(part[whole]))
        hole = np.ones(len(owner), dtype=bool)
        hole[part[:-1]] = False
        return cls(points, start, owner, hole, owner >= parents_from)

    def each_point(self, of_ring: NDArray[Any]) -> NDArray[Any]:
        """Give every point what its ring has."""
        return np.repeat(of_ring, np.diff(self.start))

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """Yield (rings, points) of whole rings, some :data:`_BLOCK` points at a time.

        What is worked out of a block stays in the processor's cache, and costs no new memory.
        """
        cuts = np.searchsorted(self.start, np.arange(0, self.start[-1], _BLOCK))
        for first, last in pairwise([*np.unique(cuts).tolist(), len(self.owner)]):
            if first < last:
                yield slice(first, last), slice(int(self.start[first]), int(self.start[last]))


def _is_ccw(points: Floats, start: Ints) -> Flags:
    """Tell which closed rings are walked anticlockwise; where rounding could tell, ask GEOS."""
    # Seen from near by, so that little is lost in the differences.
    x, y = (points - points[0]).T
    cross = np.append(x[:-1] * y[1:] - x[1:] * y[:-1], 0.0)
    cross[start[1:] - 1] = 0.0
    twice = np.add.reduceat(cross, start[:-1])
    size = np.add.reduceat(np.abs(cross), start[:-1])
    ccw: Flags = twice > 0
    for unsure in np.flatnonzero(np.abs(twice) <= 1e-6 * size):
        ccw[unsure] = shapely.is_ccw(shapely.linearrings(points[start[unsure] : start[unsure + 1]]))
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
    shapes, sums = polygons, group
    if parents is not None:
        own = np.zeros(len(parents), dtype=np.int64) if parent_group is None else parent_group
        shapes, sums = np.concatenate((polygons, parents)), np.concatenate((group, own))
    rings = _Rings.of(shapes, len(polygons))
    sums = sums[rings.owner]
    left, reverse = _unpaired(rings, sums)
    ring = np.searchsorted(rings.start, left, side="right") - 1
    ends = np.hstack((rings.points[left + reverse[left]], rings.points[left + ~reverse[left]]))
    rest = Segments(ends, rings.owner[ring], sums[ring])
    return rest.take(residue(rest))


def _unpaired(rings: _Rings, sums: Ints) -> tuple[Ints, Flags]:
    """Return the segments but those at a place of exactly two, walked once each way, of one sum.

    Of a sound coverage nearly nothing is left, and that is looked at more closely. Beside them,
    for each point, whether the segment that begins there is walked with its inside on the right.
    """
    several = len(sums) > 0 and bool((sums != sums[0]).any())
    keys = _Keys.of(rings, sums if several else None)
    closed, packed, hashes = keys.closed, keys.packed, keys.hashes
    reverse = rings.each_point(keys.right)
    group = rings.each_point(sums.astype(np.int32)) if several else None
    pairs = _pairs(packed)

    def close(some: Ints) -> None:
        one, two = ((packed[at] & _LOWER).astype(np.int64) for at in (some, some + 1))
        forward, other = hashes[one] < hashes[one + 1], hashes[two] < hashes[two + 1]
        same = (forward ^ reverse[one]) != (other ^ reverse[two])
        # The hash only proposes: a pair is one if the coordinates themselves are equal.
        if group is not None:
            same &= group[one] == group[two]
        same &= _equal(rings.points, one + ~forward, two + ~other)
        same &= _equal(rings.points, one + forward, two + other)
        closed[one[same]] = True
        closed[two[same]] = True

    at_once(close, [pairs[at : at + _BLOCK] for at in range(0, len(pairs), _BLOCK)])
    return np.flatnonzero(~closed), reverse


@dataclass(frozen=True, slots=True)
class _Keys:
    """What segments are compared by.

    ``hashes`` (p,) of the points; ``packed``, sorted, has in its upper half the key of each
    segment's two points and of its sum, in its lower the segment. ``closed`` (p,) tells points
    that no segment begins at, or none that is more than a point; ``right`` (r,) the rings that
    are walked with their inside on the right.
    """

    hashes: NDArray[np.uint64]
    packed: NDArray[np.uint64]
    closed: Flags
    right: Flags

    @classmethod
    def of(cls, rings: _Rings, sums: Ints | None) -> "_Keys":
        """Hash the points of rings; without sums all rings are of one."""
        n = len(rings.points)
        hashes, packed = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint64)
        closed, right = np.empty(n, dtype=bool), np.empty(len(rings.owner), dtype=bool)

        def fill(block: tuple[slice, slice]) -> None:
            some, at = block
            points, start = rings.points[at], rings.start[some.start : some.stop + 1] - at.start
            # A shell that is walked anticlockwise has its inside on the left; a hole, clockwise.
            right[some] = (_is_ccw(points, start) == rings.hole[some]) != rings.backwards[some]
            hashes[at] = code = _hash(points)
            key = np.minimum(code[:-1], code[1:]) * _MIX_1 ^ np.maximum(code[:-1], code[1:])
            if sums is not None:
                mixed = _scramble(sums[some].astype(np.uint64) + _AXIS)
                key ^= np.repeat(mixed, np.diff(start))[:-1]
            where = points.view(np.complex128).ravel()
            closed[at] = np.append(where[1:] == where[:-1], True)
            closed[at][start[1:] - 1] = True
            # The upper half of the key is enough for a filter. The position rides in the lower:
            # plain values are sorted in half the time that an argsort takes.
            place = np.arange(at.start, at.stop, dtype=np.uint64)
            packed[at] = np.append(key & _UPPER, _UPPER) | place
            packed[at][closed[at]] = _NOTHING

        at_once(fill, rings.blocks())
        return cls(hashes, _sorted(packed)[: n - np.count_nonzero(closed)], closed, right)


def _sorted(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sort in place, one half beside the other."""
    if len(values) > _BLOCK:
        values.partition(len(values) // 2)
    at_once(np.ndarray.sort, np.array_split(values, 2 if len(values) > _BLOCK else 1))
    return values


def _pairs(packed: NDArray[np.uint64]) -> Ints:
    """Return where what has its upper half in common with exactly one other, the next, stands."""
    edge = np.ones(len(packed) + 1, dtype=bool)
    edge[1:-1] = (packed[1:] ^ packed[:-1]) > _LOWER
    return np.flatnonzero(edge[:-2] & ~edge[1:-1] & edge[2:])


def _equal(points: Floats, one: Ints, two: Ints) -> Flags:
    where = points.view(np.complex128).ravel()
    return np.asarray(where[one] == where[two])


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
