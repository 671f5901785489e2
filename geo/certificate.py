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


def segments_of(geometries: Geometries, *, backwards: bool = False) -> tuple[Floats, Ints]:
    """Return the directed border segments of polygons.

    Parameters
    ----------
    geometries
        Valid polygons or multipolygons, shape (n,); nulls and empties give nothing.
    backwards
        Walk with the inside on the right.

    Returns
    -------
    ends, owner
        Shapes (m, 4) and (m,); ``owner`` is a position in ``geometries``.
    """
    parts, part_owner = shapely.get_parts(geometries, return_index=True)
    parts = shapely.orient_polygons(parts)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    if backwards:
        points, ring = points[::-1], ring[::-1]
    # Two coordinates of one ring that follow each other make a segment, unless they are equal.
    real = (ring[1:] == ring[:-1]) & (points[1:] != points[:-1]).any(axis=1)
    ends = np.hstack((points[:-1][real], points[1:][real]))
    return ends, part_owner[ring_part[ring[1:][real]]]


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
