"""The ground of a repair: the damaged neighbourhood, noded once, and what is wrong in it.

The check says where (:mod:`geo.certificate`, :mod:`geo.weld`, :mod:`geo.arrangement`); here the
borders around are noded (:mod:`geo.repair_noding`), the polygons concerned become chains
(:mod:`geo.repair_chains`), and the plane between is cut into faces again, this time with the
vertices that the repaired polygons will have.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrangement import Face, Territory, defects, is_outside, lines_of
from geo.certificate import Flags, Floats, Geometries, Ints, Segments, open_segments
from geo.repair_chains import Chain, chain_of, close, lines_of_edges
from geo.repair_noding import MANY, Borders, Edge, Noded, Point, node
from geo.weld import weld

# Borders so many tolerances from a fault are noded with it.
NEAR = 4.0
# A face narrower than this share of the tolerance is what arithmetic left between fixed borders.
NOTHING = 1e-3


@dataclass(frozen=True)
class Plane:
    """Polygons, the parents that they must tile, and what may not change.

    Polygons are counted from 0, parents after them. ``group`` gives each parent its sum, as
    :func:`geo.certificate.open_segments` takes it. ``fixed`` is over both. ``tolerance`` is in
    metres, ``scale`` metres per unit of x and of y.
    """

    territory: Territory
    group: Ints
    fixed: Flags
    tolerance: float
    scale: tuple[float, float]

    @property
    def unit(self) -> float:
        """The tolerance in the layer's units."""
        return self.tolerance / min(self.scale)

    @property
    def shapes(self) -> Geometries:
        """Polygons and parents."""
        return np.concatenate((self.territory.polygons, self.territory.parents))

    def residue(self) -> Segments:
        """Return what does not cancel."""
        own = self.territory
        return open_segments(own.polygons, own.parent, own.parents, self.group)

    def may_take(self, polygon: int, parent: int) -> bool:
        """Tell whether a polygon may get land that lies in a parent."""
        if polygon >= len(self.territory.polygons) or self.fixed[polygon]:
            return False
        own = int(self.territory.parent[polygon])
        return not len(self.territory.parents) or own < 0 or own == parent


@dataclass(frozen=True)
class Ground:
    """A damaged neighbourhood.

    ``chains`` has the noded chains of the polygons and parents concerned, ``faces`` what is wrong.
    ``held`` are the edges of what is fixed.
    """

    plane: Plane
    noded: Noded
    chains: dict[int, Chain]
    faces: list[Face]
    held: frozenset[Edge]

    @cached_property
    def _by_edge(self) -> dict[Edge, list[int]]:
        edges = edges_of(self.noded.chains.values())
        return by_edge(self.chains, edges)

    def near(self, edge: Edge) -> list[int]:
        """Return the polygons that have a noded edge in their border."""
        return self._by_edge.get(edge, [])


def by_edge(chains: Mapping[int, Chain], edges: set[Edge]) -> dict[Edge, list[int]]:
    """Return for each of some edges the polygons that have it in their chain."""
    out: dict[Edge, list[int]] = {}
    for owner, chain in chains.items():
        for edge in edges & chain.keys():
            out.setdefault(edge, []).append(owner)
    return out


def survey(plane: Plane, only: BaseGeometry | None = None) -> Ground | None:
    """Node what is damaged and return its faces; null where nothing is.

    Parameters
    ----------
    plane
        Valid polygons.
    only
        Look at what is wrong here alone.
    """
    rest = plane.residue()
    if not len(rest):
        return None
    welded = weld(rest, plane.tolerance, plane.scale)
    found = [face.geometry for face in defects(welded.rest, plane.territory, plane.unit)]
    bad = np.array(found, dtype=object)
    if only is not None:
        bad = bad[shapely.dwithin(bad, only, plane.unit)]
    borders, concerned = _borders(plane, rest, bad, only)
    noded = node(borders, plane.tolerance, plane.scale)
    chains = _chains(plane, noded, concerned)
    faces = _faces(plane, noded, chains)
    if only is not None:
        faces = [face for face in faces if _lies_in(face.geometry, only, plane.unit)]
    for owner in {owner for face in faces for owner in face.owners} - chains.keys():
        # One that holds a face far from its own border.
        chains[owner] = chain_of(plane.territory.polygons[owner], noded)
    fixed = borders.ends[borders.fixed].tolist()
    held = frozenset(((x0, y0), (x1, y1)) for x0, y0, x1, y1 in fixed)
    return Ground(plane, noded, chains, faces, held)


def _lies_in(shape: BaseGeometry, where: BaseGeometry, unit: float) -> bool:
    return bool(shapely.dwithin(shapely.point_on_surface(shape), where, 2 * unit))


# -- which borders -------------------------------------------------------------------------------


def _borders(
    plane: Plane, rest: Segments, bad: Geometries, only: BaseGeometry | None
) -> tuple[Borders, set[int]]:
    """Collect the residue, and all borders that touch a fault; and whose they are."""
    shapes = plane.shapes
    ends, owner, suspect = [rest.ends], [rest.owner], [np.ones(len(rest), dtype=bool)]
    if only is not None:
        near = shapely.dwithin(lines_of(rest.ends), only, NEAR * plane.unit)
        ends, owner, suspect = [rest.ends[near]], [rest.owner[near]], [suspect[0][near]]
    if len(bad):
        tree = shapely.STRtree(shapes)
        who = tree.query(bad, predicate="dwithin", distance=NEAR * plane.unit)[1]
        faults = shapely.STRtree(bad)
        for at in np.unique(who).tolist():
            edges = _edges(shapes[at])
            hit = faults.query(lines_of(edges), predicate="dwithin", distance=NEAR * plane.unit)[0]
            close_by = edges[np.unique(hit)]
            ends.append(close_by)
            owner.append(np.full(len(close_by), at))
            suspect.append(np.zeros(len(close_by), dtype=bool))
    owners = np.concatenate(owner).astype(np.int64)
    borders = _once(plane, np.vstack(ends), owners, np.concatenate(suspect))
    return borders, set(np.unique(owners).tolist())


def _edges(shape: BaseGeometry) -> Floats:
    rings = shapely.get_rings(shapely.get_parts([shape]))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    ends = np.hstack((points[:-1], points[1:]))[ring[1:] == ring[:-1]]
    return np.asarray(ends[(ends[:, :2] != ends[:, 2:]).any(axis=1)])


def _once(plane: Plane, ends: Floats, owner: Ints, suspect: Flags) -> Borders:
    """Return each edge once, with what is known of all that have it."""
    flip = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
    ends = np.where(flip[:, None], ends[:, [2, 3, 0, 1]], ends)
    edges, index = np.unique(ends, axis=0, return_inverse=True)
    index, count = index.ravel(), len(edges)
    least, most = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
    np.minimum.at(least, index, owner)
    np.maximum.at(most, index, owner)
    fixed, open_ = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    fixed[index[plane.fixed[owner]]] = True
    open_[index[suspect]] = True
    held = [shape for shape, keep in zip(plane.shapes, plane.fixed, strict=True) if keep]
    return Borders(
        edges, np.where(least == most, least, MANY), fixed, open_, shapely.get_coordinates(held)
    )


# -- chains and faces ----------------------------------------------------------------------------


def _chains(plane: Plane, noded: Noded, concerned: set[int]) -> dict[int, Chain]:
    shapes = plane.shapes
    if noded.moved:
        # Whoever has a vertex that moved moves with it, though the edge be in order.
        places = shapely.points(list(noded.moved))
        concerned = concerned | set(
            shapely.STRtree(shapes).query(places, predicate="intersects")[1].tolist()
        )
    return {at: chain_of(shapes[at], noded) for at in sorted(concerned)}


def _faces(plane: Plane, noded: Noded, chains: dict[int, Chain]) -> list[Face]:
    """Cut the plane by the noded borders; return what has the wrong owners."""
    pieces = cells(edges_of(noded.chains.values()))
    if not len(pieces):
        return []
    shapes = plane.shapes.copy()
    for at, chain in chains.items():
        if chain != chain_of(shapes[at]):
            shapes[at] = close(chain)
    count = len(plane.territory.polygons)
    now = Territory(shapes[:count], plane.territory.parent, shapes[count:])
    points = shapely.point_on_surface(pieces)
    owners: list[list[int]] = [[] for _ in pieces]
    for piece, who in zip(
        *(side.tolist() for side in shapely.STRtree(now.polygons).query(points, "intersects")),
        strict=True,
    ):
        owners[piece].append(who)
    parent = np.full(len(pieces), -1)
    piece_at, which = shapely.STRtree(now.parents).query(points, predicate="intersects")
    parent[piece_at] = which
    faces = [
        Face(piece, tuple(sorted(who)), inside)
        for piece, who, inside in zip(pieces, owners, parent.tolist(), strict=True)
    ]
    return [
        face
        for face in faces
        if 2 * face.geometry.area > NOTHING * plane.unit * face.geometry.length
        and is_wrong(now, face)
    ]


def is_wrong(territory: Territory, face: Face) -> bool:
    """Tell whether a face has the wrong number of owners, or a wrong one."""
    if not len(territory.parents):
        return face.depth != 1
    if face.depth != (face.parent >= 0):
        return True
    return any(is_outside(territory, face, owner) for owner in face.owners)


def edges_of(chains: Iterable[tuple[Point, ...]]) -> set[Edge]:
    """Return the edges that lines of vertices have, each once."""
    out: set[Edge] = set()
    for line in chains:
        out.update(
            (one, two) if one < two else (two, one) for one, two in pairwise(line) if one != two
        )
    return out


def cells(edges: Iterable[Edge]) -> Geometries:
    """Return the faces that noded edges enclose."""
    lines = lines_of(lines_of_edges(sorted(edges)))
    return np.asarray(shapely.get_parts(shapely.polygonize(lines)), dtype=object)
