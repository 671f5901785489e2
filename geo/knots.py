"""Knots: the residue of a county, tied up into places that can be explained one by one.

What does not cancel (see :mod:`geo.certificate`) is a handful of places in a county. Two segments
belong to one *knot* if they are of one grid, meet, or if the boxes of what they belong to come
near each other; so whatever the explanation looks at, the welding of vertices, a face and its
holes, all that is wrong along one border, lies in one knot. Explaining each knot by itself
therefore says what explaining all at once would say, and after an edit only those are explained
again that the edit can have changed.

The residue is additive: an edit takes the walks around the old polygons away and adds those around
the new ones, and only at the segments of these can anything begin or cease to cancel.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.certificate import Flags, Floats, Geometries, Ints, Segments, residue
from geo.partition import Partition

# Owners are keys of rows; those of parents begin here, after every grid.
PARENTS = 1 << 40
# How far apart knots must lie, in tolerances: further than anything that the explanation joins.
APART = 10.0


@dataclass(frozen=True, eq=False)
class Knot:
    """One place: its segments, whose they are, the box around them, and what is told of it."""

    segments: Segments
    grids: frozenset[int]
    box: Floats
    told: Partition


def walk(shapes: Geometries, owner: Ints, group: Ints, *, backwards: bool = False) -> Segments:
    """Walk polygons' borders with the inside on the left; parents' backwards.

    Parameters
    ----------
    shapes
        Valid polygons or multipolygons.
    owner, group
        Aligned with ``shapes``.
    backwards
        With the inside on the right.
    """
    parts, shape = shapely.get_parts(shapes, return_index=True)
    turned = shapely.orient_polygons(parts, exterior_cw=backwards)
    rings, part = shapely.get_rings(turned, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    real = (ring[1:] == ring[:-1]) & (points[1:] != points[:-1]).any(axis=1)
    at = shape[part[ring[:-1][real]]]
    return Segments(np.hstack((points[:-1], points[1:]))[real] + 0.0, owner[at], group[at])


def put_together(pieces: Iterable[Segments]) -> Segments:
    """Return all segments of several."""
    listed = list(pieces)
    if not listed:
        return Segments(np.empty((0, 4)), np.empty(0, np.int64), np.empty(0, np.int64))
    return Segments(
        np.concatenate([each.ends for each in listed]),
        np.concatenate([each.owner for each in listed]),
        np.concatenate([each.group for each in listed]),
    )


# -- places ----------------------------------------------------------------------------------------


def _places(segments: Segments) -> Floats:
    """Return each segment's place: its group and its ends, the lesser first; (n, 5)."""
    x0, y0, x1, y1 = segments.ends.T
    flip = (x0 > x1) | ((x0 == x1) & (y0 > y1))
    ends = np.where(flip[:, None], segments.ends[:, [2, 3, 0, 1]], segments.ends)
    return np.column_stack((segments.group.astype(np.float64), ends))


def _mixed(places: Floats) -> NDArray[np.uint64]:
    bits = np.ascontiguousarray(places).view(np.uint64)
    out = np.zeros(len(places), dtype=np.uint64)
    for column in bits.T:
        out = (out ^ column) * np.uint64(0x9E3779B97F4A7C15)
        out ^= out >> np.uint64(29)
    return out


def lie_at(segments: Segments, places: Segments) -> Flags:
    """Tell which segments lie where some of others do, in the same group, whichever way they go."""
    if not len(segments) or not len(places):
        return np.zeros(len(segments), dtype=bool)
    ours, theirs = _places(segments), _places(places)
    key = _mixed(theirs)
    order = np.argsort(key)
    mine = _mixed(ours)
    at = order[np.minimum(np.searchsorted(key[order], mine), len(order) - 1)]
    same = key[at] == mine
    # The hash only proposes; where it errs all are compared outright.
    if (ours[same] != theirs[at[same]]).any():
        both = np.concatenate((theirs, ours))
        label = np.unique(both, axis=0, return_inverse=True)[1].ravel()
        return np.asarray(np.isin(label[len(theirs) :], label[: len(theirs)]))
    return np.asarray(same)


def open_there(all_segments: Segments, places: Segments) -> Segments:
    """Return what does not cancel at some places, of all the walks that pass there."""
    here = all_segments.take(lie_at(all_segments, places))
    return here.take(residue(here))


# -- knots -----------------------------------------------------------------------------------------


def tied(segments: Segments, apart: float) -> list[Segments]:
    """Tie segments up into knots at least so far apart, in units of the layer."""
    if not len(segments):
        return []
    label = _together(segments)
    if not label.any():
        return [segments]
    while True:
        boxes = _boxes(segments, label)
        near = _near(boxes, apart)
        joined = _components(len(boxes), *near)
        if joined.max() + 1 == len(boxes):
            break
        label = joined[label]
    order = np.argsort(label, kind="stable")
    cuts = np.cumsum(np.bincount(label))[:-1]
    return [segments.take(rows) for rows in np.split(order, cuts)]


def _together(segments: Segments) -> Ints:
    """Label segments that meet, or are one grid's."""
    count = len(segments)
    ends = np.ascontiguousarray(segments.ends).view(np.complex128).ravel()
    points = np.unique(ends, return_inverse=True)[1].ravel()
    points += count
    owner = np.unique(segments.owner, return_inverse=True)[1]
    owner = owner.ravel() + int(points.max()) + 1
    own = np.flatnonzero(segments.owner < PARENTS)
    one = np.concatenate((np.repeat(np.arange(count), 2), own))
    two = np.concatenate((points, owner[own]))
    label = _components(int(owner.max()) + 1, one, two)[:count]
    return np.unique(label, return_inverse=True)[1].ravel()


def _components(count: int, one: Ints, two: Ints) -> Ints:
    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, two)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def segment_boxes(segments: Segments) -> Floats:
    """Return the box of each segment, (n, 4)."""
    ends = segments.ends
    return np.hstack((np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])))


def _boxes(segments: Segments, label: Ints) -> Floats:
    order = np.argsort(label, kind="stable")
    first = np.flatnonzero(np.diff(label[order], prepend=-1))
    boxes = segment_boxes(segments)[order]
    return np.hstack((
        np.minimum.reduceat(boxes[:, :2], first), np.maximum.reduceat(boxes[:, 2:], first)
    ))  # fmt: skip


def box_of(segments: Segments) -> Floats:
    """Return the box around segments."""
    boxes = segment_boxes(segments)
    return np.concatenate((boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)))


def _near(boxes: Floats, apart: float) -> tuple[Ints, Ints]:
    wide = boxes + np.array([-apart, -apart, apart, apart]) / 2
    shapes = np.asarray(shapely.box(*wide.T), dtype=object)
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    return one, two


def meets(boxes: Floats, others: Floats, apart: float = 0.0) -> Flags:
    """Tell which boxes come nearer than this to any of others; NaN is nowhere."""
    out = np.zeros(len(boxes), dtype=bool)
    for left, bottom, right, top in others:
        out |= (
            (boxes[:, 0] <= right + apart)
            & (boxes[:, 2] >= left - apart)
            & (boxes[:, 1] <= top + apart)
            & (boxes[:, 3] >= bottom - apart)
        )
    return out
