"""Simplification that keeps borders shared: one pyramid of zooms for all levels at once.

Simplified one by one, neighbours drift apart and a map shows blind spots that are not there; a
coverage that has defects cannot be simplified as a coverage at all. So the polygons (grids,
villages, towns, all together) are first cut into their *faces*:

1. A **face** is a connected piece of plane that no border crosses. The faces of any set of
   polygons, valid as a coverage or not, are a valid coverage.
2. Every polygon *is* a set of faces. Two polygons overlap where they have a face in common; a gap
   is a face of the village that no grid has.
3. The faces are simplified, as one coverage. The sets stay as they were, and each polygon is put
   together again from its simplified faces.

Hence the invariants, whatever the input: polygons that had no land in common have none
afterwards; polygons that overlapped still do; a village that was exactly tiled still is; one with
a gap still has it; and a border that several levels share is one line at every zoom. A defect is
made smaller than a pixel by distance, never mended by the drawing.

Known limits: a face is known by one inner point, so a sliver below the arithmetic's resolution
may be given to the wrong side; a polygon that owns no face (it is such a sliver itself) keeps its
own shape.

References
----------
Visvalingam, M. and Whyatt, J. D. (1993), doi:10.1179/000870493786962263, as in GEOS's
``CoverageSimplifier``; Garcia-Castellanos, D. and Lombardo, U. (2007),
doi:10.1080/14702540801897809, for label points.
"""

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

Geometries = NDArray[np.object_]

# A tile's side on the screen, and the ground that a pixel of the whole world's tile covers (m at
# the equator, EPSG:3857).
TILE_PIXELS = 512
WORLD_M = 2 * np.pi * 6378137.0
# Zooms that get a shape of their own; a tile between two takes the finer.
ZOOMS: tuple[int, ...] = (8, 10, 12)


def pixel_m(zoom: int) -> float:
    """Return the side of a screen pixel at a zoom, in metres of EPSG:3857.

    Examples
    --------
    >>> round(pixel_m(10), 2)
    76.44
    """
    return float(WORLD_M / TILE_PIXELS / 2**zoom)


def shape_zoom(zoom: int) -> int | None:
    """Return the zoom of the pyramid that a tile's zoom draws from; null above them all.

    Examples
    --------
    >>> shape_zoom(9), shape_zoom(12), shape_zoom(13)
    (10, 12, None)
    """
    return next((level for level in ZOOMS if zoom <= level), None)


def _arcs(polygons: Geometries) -> Geometries:
    """Return the borders of all polygons as lines, each shared piece once."""
    rings = shapely.get_rings(shapely.get_parts(polygons))
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    inside = ring[1:] == ring[:-1]
    start, end = coordinates[:-1][inside], coordinates[1:][inside]
    # One direction for a segment whoever walks it, so that neighbours' copies are equal.
    turn = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    start[turn], end[turn] = end[turn], start[turn].copy()
    segments = np.hstack([start, end])
    order = np.lexsort(segments.T)
    segments = segments[order]
    first = np.ones(len(segments), dtype=bool)
    first[1:] = (segments[1:] != segments[:-1]).any(axis=1)
    lines = np.asarray(shapely.linestrings(segments[first].reshape(-1, 2, 2)))
    return np.asarray(shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines))))


def faces(polygons: Geometries) -> tuple[Geometries, NDArray[np.intp], NDArray[np.intp]]:
    """Cut polygons into the faces of their arrangement.

    Parameters
    ----------
    polygons
        Polygons and multipolygons in one plane, any overlap; null and empty ones own nothing.

    Returns
    -------
    faces : array of Polygon
        A valid coverage of the union and of the holes that the borders close off.
    owner, face : arrays of int
        Pairs: polygon ``owner[i]`` (index into ``polygons``) consists of, among others,
        ``faces[face[i]]``.
    """
    lines = shapely.get_parts(shapely.unary_union(_arcs(polygons)))
    cells = np.asarray(shapely.get_parts(shapely.polygonize(lines)))
    if not len(cells):
        return cells, np.empty(0, np.intp), np.empty(0, np.intp)
    tree = shapely.STRtree(shapely.point_on_surface(cells))
    owner, face = tree.query(polygons, predicate="intersects")
    return cells, owner, face


def _assemble(
    polygons: Geometries, cells: Geometries, owner: NDArray[np.intp], face: NDArray[np.intp]
) -> Geometries:
    """Put each polygon together from its faces; one without any keeps its own shape."""
    built = polygons.copy()
    order = np.argsort(owner, kind="stable")
    ends = np.cumsum(np.bincount(owner, minlength=len(polygons)))
    for place, members in enumerate(np.split(face[order], ends[:-1])):
        if len(members):
            # Faces are a coverage: their union is the edges that occur once, exact, no overlay.
            built[place] = shapely.coverage_union_all(cells[members])
    return built


def pyramid(
    polygons: Iterable[BaseGeometry | None], zooms: Iterable[int] = ZOOMS
) -> dict[int, Geometries]:
    """Simplify polygons of all levels together, once a zoom.

    Parameters
    ----------
    polygons
        Polygons and multipolygons, EPSG:3857: the plane of the screen, for what is dropped is
        what falls below a pixel.
    zooms
        Zooms to make shapes for.

    Returns
    -------
    dict of int to array
        For each zoom the shapes, aligned with the input; null stays null, empty stays empty.

    Examples
    --------
    >>> pair = [shapely.box(0, 0, 9000, 9000), shapely.box(9000, 0, 18000, 9000)]
    >>> left, right = pyramid(pair, [8])[8]
    >>> left.relate_pattern(right, "FF*******") and left.touches(right)
    True
    """
    shapes = np.array(list(polygons), dtype=object)
    cells, owner, face = faces(shapes)
    result: dict[int, Geometries] = {}
    for zoom in zooms:
        # GEOS takes the square root of the area that a corner may lose: one pixel.
        simple = shapely.coverage_simplify(cells, pixel_m(zoom)) if len(cells) else cells
        result[zoom] = _assemble(shapes, np.asarray(simple), owner, face)
    return result


def label_points(polygons: Iterable[BaseGeometry | None]) -> Geometries:
    """Return for each polygon the point where its name stands best.

    The pole of inaccessibility of the largest part, to a twentieth of its size; for a part so
    flat that the search would cost more than it gives, any inner point.

    Parameters
    ----------
    polygons
        Polygons and multipolygons, one plane.

    Returns
    -------
    array of Point
        Aligned with the input; null for null and empty.
    """
    result = np.array([None if p is None or p.is_empty else _label_point(p) for p in polygons])
    return result.astype(object)


def _label_point(polygon: BaseGeometry) -> Point:
    part: Polygon = max(shapely.get_parts(polygon), key=lambda piece: piece.area)
    size = float(np.sqrt(part.area))
    # Half the mean width bounds the circle's radius; on a sliver the search needs memory without
    # bound, and the point would be no better.
    if part.area / part.length < size / 50:
        return part.point_on_surface()
    radius = shapely.maximum_inscribed_circle(part, size / 20)
    return Point(radius.coords[0])
