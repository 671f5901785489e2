"""Whose borders bound a face, and over what length."""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import shapely

from geo.arrangement import lines_of
from geo.certificate import Floats, Geometries, Ints, Segments

Shares = list[dict[int, float]]


def shared_lengths(pieces: Geometries, rest: Segments, near: float) -> Shares:
    """Tell for each face which owners' border segments it runs along.

    Parameters
    ----------
    pieces
        Faces of the arrangement of ``rest``.
    rest
        The residue that made them.
    near
        How far a face's edge may be from the segment it came from, in the layer's units: noding
        rounds.

    Returns
    -------
    list of dict
        For each face, owner to length in the layer's units. An edge where two borders coincide
        counts for both.
    """
    shares: Shares = [defaultdict(float) for _ in pieces]
    if not len(pieces):
        return shares
    points, piece = shapely.get_coordinates(shapely.boundary(pieces), return_index=True)
    same = piece[1:] == piece[:-1]
    start, end, piece = points[:-1][same], points[1:][same], piece[1:][same]
    edge, segment = beside((start + end) / 2, rest.ends, near)
    if not len(edge):
        return shares
    lengths: Floats = np.hypot(*(end - start).T)
    # Each edge once for each owner, then each piece; pairs of numbers are numbers.
    count = int(rest.owner.max()) + 1
    edge, owner = np.divmod(np.unique(edge * count + rest.owner[segment]), count)
    pairs, at = np.unique(piece[edge] * count + owner, return_inverse=True)
    sums = np.bincount(at, lengths[edge])
    for pair, length in zip(pairs.tolist(), sums.tolist(), strict=True):
        shares[pair // count][pair % count] = length
    return shares


def beside(points: Floats, ends: Floats, near: float) -> tuple[Ints, Ints]:
    """Return the pairs of points (n, 2) and segments (m, 4) that are no further apart."""
    low, high = np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])
    boxes = shapely.STRtree(lines_of(np.hstack((low - near, high + near))))
    spots = np.asarray(shapely.points(points), dtype=object).reshape(-1)
    point, segment = boxes.query(spots)
    vector, offset = ends[segment, 2:] - ends[segment, :2], points[point] - ends[segment, :2]
    along = (offset * vector).sum(axis=1) / (vector**2).sum(axis=1)
    away = offset - np.clip(along, 0, 1)[:, None] * vector
    close = np.hypot(*away.T) <= near
    return point[close], segment[close]


def longest_first(share: Mapping[int, float]) -> list[int]:
    """Order owners by how much of the border is theirs."""
    return sorted(share, key=lambda owner: (-share[owner], owner))
