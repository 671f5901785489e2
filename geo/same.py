"""Whether two shapes are the same places, however their vertices are arranged.

A file may come back with its rings turned round (a Shapefile turns outer rings clockwise), a
collection of one part as that part, or, after a journey through another coordinate system, with
other last bits. Nobody has moved anything.
"""

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

Geometries = NDArray[np.object_]
POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def are_same(ours: Geometries, theirs: Geometries, tolerance: float) -> NDArray[np.bool_]:
    """Tell which shapes have the same vertices.

    A line keeps its direction, which may mean something; the rings and parts of a polygon have
    none, and no order.

    Parameters
    ----------
    ours, theirs
        Of one plane; aligned.
    tolerance
        How far apart two vertices may be that are one, units of the plane, ≥ 0.

    Returns
    -------
    array of bool
        Aligned with the input; false where either is null. With a tolerance above 0 a polygon
        whose rings begin elsewhere *and* whose vertices differ may be told as another.

    Examples
    --------
    >>> square = shapely.box(0, 0, 1, 1)
    >>> there = np.array([square, square, square], dtype=object)
    >>> back = [square.reverse(), shapely.MultiPolygon([square]), shapely.box(0, 0, 1, 2)]
    >>> are_same(there, np.array(back, dtype=object), 0.0).tolist()
    [True, True, False]
    """
    ours, theirs = _alone(ours), _alone(theirs)
    same = np.asarray(shapely.equals_exact(ours, theirs, tolerance), dtype=bool)
    arranged: tuple[Callable[[Geometries], Geometries], ...] = (
        shapely.orient_polygons,
        shapely.normalize,
    )
    for arrange in arranged:
        left = np.flatnonzero(~same & np.isin(shapely.get_type_id(ours), POLYGONAL))
        same[left] = shapely.equals_exact(arrange(ours[left]), arrange(theirs[left]), tolerance)
    return same


def _alone(shapes: Geometries) -> Geometries:
    """Return shapes with each collection of one part as that part."""
    out = shapes.copy()
    many = shapely.get_type_id(out) >= shapely.GeometryType.MULTIPOINT
    single = many & (shapely.get_num_geometries(out) == 1)
    out[single] = shapely.get_geometry(out[single], 0)
    return out
