"""The arrangement: the faces that the residue cuts the plane into, each with its owners.

A *face* is a connected piece of plane that no border crosses. Of every face it is known which
polygons hold it (its owners; how many is its *depth*) and which parent it lies in. Faces that one
polygon of the right parent holds are as they should be and are dropped; the others are defects.

Lines are noded in floating precision: snap-rounding hides faces below a millimetre and makes
false ones.

Known limits: a face's owners are found by one inner point, clear of every border by the tolerance
where there is such a point, or, where a polygon's border passes through the face, after cutting
the face by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.certificate import Floats, Geometries, Ints, Segments
from geo.threads import by_element

# Above this many faces the borders plainly come from different sources: cutting each face by the
# polygons that cross it, or looking for a point clear of all, would take minutes and explain
# nothing.
MOST_FACES_TO_CUT = 20_000
# Inner points that are tried in a piece before the best is taken.
MOST_TRIES = 32
# Fewer points than this are looked up one by one.
FEW_POINTS = 64
# A polygon that covers this share of a face, give or take arithmetic, covers it or does not.
WHOLE = 1e-6


@dataclass(frozen=True, slots=True)
class Territory:
    """Polygons and the parents they must tile.

    ``parent`` gives each polygon the position of its parent in ``parents``; -1 is none known: it
    may lie in any. With no parents at all no place is outside, and every hole is suspect.
    """

    polygons: Geometries
    parent: Ints
    parents: Geometries


@dataclass(frozen=True, slots=True)
class Face:
    """A defect: a piece of plane with the wrong number of owners, or a wrong one.

    ``owners`` are positions of polygons, sorted; ``parent`` is the position of the parent that
    the face lies in, -1 outside of all.
    """

    geometry: BaseGeometry
    owners: tuple[int, ...]
    parent: int

    @property
    def depth(self) -> int:
        """How many polygons hold the face."""
        return len(self.owners)


def defects(rest: Segments, territory: Territory, clearance: float = 0.0) -> list[Face]:
    """Cut the plane along the residue and return the faces that are not as they should be.

    Parameters
    ----------
    rest
        The residue, welded; in the CRS of the territory.
    territory
        Valid polygons.
    clearance
        How far the weld may have moved a border, in the layer's units.

    Returns
    -------
    list of Face
        From west to east, whatever order the residue came in; empty for an empty residue.
    """
    pieces = cut(lines_along(rest.ends))
    if not len(pieces):
        return []
    look = _Look(territory, clearance)
    # Whether a face is a defect is the same all over it, for the residue bounds every change of
    # every parent's count; who holds it may still differ from spot to spot.
    faces = [face for face in look.at(pieces) if look.is_defect(face)]
    if len(faces) > MOST_FACES_TO_CUT:
        return _in_order(faces)
    crossed = look.crossed(np.array([face.geometry for face in faces], dtype=object))
    out = [face for position, face in enumerate(faces) if position not in crossed]
    if crossed:
        out.extend(_cut_through(faces, crossed, look))
    return _in_order(out)


def _cut_through(
    faces: list[Face], crossed: dict[int, Geometries], look: "_Look"
) -> Iterator[Face]:
    """Yield the parts of faces that polygons cover only in part, cut by the borders of those."""
    parts = [
        cut(np.append(borders, np.array([faces[at].geometry.boundary], dtype=object)))
        for at, borders in crossed.items()
    ]
    whole = np.repeat(np.array(list(crossed)), [len(part) for part in parts])
    pieces = np.concatenate(parts)
    shapes = np.array([face.geometry for face in faces], dtype=object)
    inside = shapely.intersects(shapes[whole], look.inner_points(pieces))
    whole, pieces = whole[inside], pieces[inside]
    held = np.bincount(whole, shapely.area(pieces), len(faces))
    # Among lines a nanometre apart noding can lose a piece; then the face stays whole.
    lost = abs(held - shapely.area(shapes)) > WHOLE * shapely.area(shapes)
    yield from (faces[at] for at in crossed if lost[at])
    yield from look.at(pieces[~lost[whole]])


def _in_order(faces: list[Face]) -> list[Face]:
    """Put faces in the order of their places, so that sums over them do not depend on another."""
    shapes = np.array([face.geometry for face in faces], dtype=object)
    keys = np.column_stack((shapely.bounds(shapes).reshape(-1, 4), shapely.area(shapes)))
    return [faces[at] for at in np.lexsort(keys.T[::-1])]


def cut(lines: Geometries) -> Geometries:
    """Node lines and return the polygons that they enclose, each begun at its least vertex.

    So a face is the same whatever else was cut with it.
    """
    noded = shapely.union_all(lines)
    pieces = shapely.get_parts(shapely.polygonize([noded]))
    return np.asarray(shapely.normalize(pieces), dtype=object)


class _Look:
    """Looks up which polygons and which parent hold a place."""

    def __init__(self, territory: Territory, clearance: float) -> None:
        self.territory = territory
        self.clearance = clearance
        self.polygons = shapely.STRtree(territory.polygons)

    def at(self, pieces: Geometries) -> Iterator[Face]:
        """Give pieces of plane their owners and parent, by one inner point each."""
        points = self.inner_points(pieces)
        piece, polygon = self.polygons.query(points, predicate="intersects")
        owners: list[list[int]] = [[] for _ in pieces]
        for at, who in zip(piece.tolist(), polygon.tolist(), strict=True):
            owners[at].append(who)
        parent = np.full(len(pieces), -1)
        # A parent has many vertices: for many points it is prepared, which for few does not pay.
        parents = self.territory.parents
        if len(points) < FEW_POINTS:
            piece, which = shapely.STRtree(parents).query(points, predicate="intersects")
        else:
            which, piece = shapely.STRtree(points).query(parents, predicate="intersects")
        parent[piece] = which
        for geometry, who, inside in zip(pieces, owners, parent.tolist(), strict=True):
            yield Face(geometry, tuple(sorted(who)), inside)

    def inner_points(self, pieces: Geometries) -> Geometries:
        """Return a point in each piece that the weld cannot have put on another side of a border.

        A welded piece can hold strips of another depth, as wide as borders were moved; a point
        that fell into one would speak for the whole piece.
        """
        points = np.asarray(shapely.point_on_surface(pieces), dtype=object)
        if len(pieces) > MOST_FACES_TO_CUT:
            return points
        unclear = np.flatnonzero(~self._is_clear(points))
        if not len(unclear):
            return points
        triangles, at = shapely.get_parts(
            shapely.constrained_delaunay_triangles(pieces[unclear]), return_index=True
        )
        order = np.lexsort((-shapely.area(triangles), at))
        at = at[order]
        first = np.flatnonzero(np.diff(at, prepend=-1))
        rank = np.arange(len(at)) - np.repeat(first, np.diff(np.append(first, len(at))))
        # No point of a piece is further from its border than that of a disc as large.
        wide = shapely.area(pieces[unclear]) > np.pi * self.clearance**2
        tried = np.flatnonzero((rank < MOST_TRIES) & (wide[at] | (rank == 0)))
        middles = np.asarray(shapely.centroid(triangles[order[tried]]), dtype=object)
        # The largest clear triangle; where every point is near a border, the middle of the bulk is
        # the best there is.
        best = np.lexsort((rank[tried], ~self._is_clear(middles), at[tried]))
        piece, chosen = np.unique(at[tried][best], return_index=True)
        points[unclear[piece]] = middles[best[chosen]]
        return points

    def _is_clear(self, points: Geometries) -> NDArray[np.bool_]:
        clear = np.ones(len(points), dtype=bool)
        if self.clearance > 0:
            point, polygon = self.polygons.query(
                points, predicate="dwithin", distance=self.clearance
            )
            used, place = np.unique(polygon, return_inverse=True)
            borders = shapely.boundary(self.territory.polygons[used])
            near = shapely.dwithin(points[point], borders[place], self.clearance)
            clear[point[near]] = False
        return clear

    def is_defect(self, face: Face) -> bool:
        """Tell whether a face has the wrong number of owners, or a wrong one."""
        if not len(self.territory.parents):
            return face.depth != 1
        if face.depth != (face.parent >= 0):
            return True
        return any(is_outside(self.territory, face, owner) for owner in face.owners)

    def crossed(self, pieces: Geometries) -> dict[int, Geometries]:
        """Find the pieces that polygons cover only in part, and the borders that cross each."""
        piece, polygon = self.polygons.query(pieces, predicate="intersects")
        common = by_element(shapely.intersection, pieces[piece], self.territory.polygons[polygon])
        cover = shapely.area(common) / shapely.area(pieces[piece])
        partly = (cover > WHOLE) & (cover < 1 - WHOLE)
        return {
            at: _borders_near(self.territory.polygons[polygon[partly & (piece == at)]], pieces[at])
            for at in np.unique(piece[partly]).tolist()
        }


def is_outside(territory: Territory, face: Face, owner: int) -> bool:
    """Tell whether an owner holds a face that is not in the owner's parent (or in any)."""
    own = int(territory.parent[owner])
    return face.parent != own if own >= 0 else face.parent < 0


def _borders_near(polygons: Geometries, piece: BaseGeometry) -> Geometries:
    """Return the border segments, whole ones, whose boxes meet the box of a piece."""
    rings = shapely.get_rings(shapely.get_parts(polygons))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    ends = np.hstack((points[:-1], points[1:]))[ring[1:] == ring[:-1]]
    low = np.minimum(ends[:, :2], ends[:, 2:])
    high = np.maximum(ends[:, :2], ends[:, 2:])
    west, south, east, north = piece.bounds
    near: NDArray[np.bool_] = (low <= (east, north)).all(axis=1) & (high >= (west, south)).all(
        axis=1
    )
    return lines_of(ends[near])


def lines_along(ends: Floats) -> Geometries:
    """Make lines of rows x0, y0, x1, y1, one line of rows that follow one another either way.

    What is left of a ring is such a row of segments; each line is walked as its segments are.
    """
    return lines_of_owners(ends, np.zeros(len(ends), dtype=np.int64))[0]


def lines_of_owners(ends: Floats, owner: Ints) -> tuple[Geometries, Ints]:
    """Make lines as :func:`lines_along` does, each of one owner's rows, and return the owners."""
    if not len(ends):
        return np.empty(0, dtype=object), np.empty(0, dtype=np.int64)
    onward = (ends[1:, :2] == ends[:-1, 2:]).all(axis=1)
    back = (ends[1:, 2:] == ends[:-1, :2]).all(axis=1) & ~onward
    link = (onward.astype(np.int8) - back) * (owner[1:] == owner[:-1])
    turns = np.append(False, (link[1:] != link[:-1]) & (link[:-1] != 0))
    first = np.append(True, (link == 0) | turns)
    starts = np.flatnonzero(first)
    run = np.cumsum(first) - 1
    size = np.diff(np.append(starts, len(ends)))
    reversed_ = np.append(link, 0)[starts] < 0
    rank = np.arange(len(ends)) - starts[run]
    order = starts[run] + np.where((reversed_ & (size > 1))[run], size[run] - 1 - rank, rank)
    walked = ends[order]
    points = np.empty((len(ends) + len(starts), 2))
    points[np.arange(len(ends)) + run] = walked[:, :2]
    last = starts + size - 1
    points[last + np.arange(len(starts)) + 1] = walked[last, 2:]
    which = np.repeat(np.arange(len(starts)), size + 1)
    return np.asarray(shapely.linestrings(points, indices=which), dtype=object), owner[starts]


def lines_of(ends: Floats) -> Geometries:
    """Make a line of each row x0, y0, x1, y1."""
    return np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2)), dtype=object).reshape(-1)
