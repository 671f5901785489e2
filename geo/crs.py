"""Coordinates: the CRS to measure in, and the shifted datums of Chinese maps.

Topology is decided in a layer's own CRS; the metric CRS of :func:`metric_crs` only measures.
Axes are always lon, lat (or x, y), whatever the authority's order.

GCJ-02 shifts WGS 84 by some 500 m, and BD-09 shifts GCJ-02 again; nothing in a file says that it
is in one of them. The forward formulas are those of the public re-implementations; the inverses
iterate a **fixed** number of times, so that a vertex gets the same bits in whatever batch it
comes: stopping when a batch converges would open borders that are shared.
"""

from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info
from pyproj.exceptions import CRSError

from geo.errors import CoordinateError, CrsError, MissingCrsError

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

WGS84 = CRS.from_epsg(4326)
# CGCS2000, 3-degree zones by central meridian, no zone prefix: EPSG:4534 is 75°E, 4554 is 135°E.
CGCS2000_ZONE_75E = 4534
# A coarse outline: a wrong guess near it still gives a transverse Mercator fit for measuring.
CHINA = (73.0, 18.0, 136.0, 54.0)
CHINA_SOUTH_WEST = (97.0, 28.0)
# Krasovsky 1940, on which GCJ-02 is defined.
_AXIS_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0
# Each round divides the error by some thousands; six leave less than a double can hold.
INVERSE_ROUNDS = 6


def require_crs(crs: object) -> CRS:
    """Return a CRS, or say that none was given.

    Raises
    ------
    MissingCrsError
        If there is none.
    CrsError
        If it is not one that PROJ knows.
    """
    if crs is None:
        raise MissingCrsError(
            "Nothing says which coordinate system the layer is in.",
            cure="Say it with --crs, for example --crs EPSG:4490.",
        )
    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        raise CrsError(
            f"“{crs}” is not a coordinate system that is known.",
            cure="Give an EPSG code, such as EPSG:4547, or GCJ-02 or BD-09.",
        ) from error


def metric_crs(bounds: tuple[float, float, float, float], crs: CRS) -> CRS:
    """Return the projected CRS, in metres, to measure in at a place.

    Parameters
    ----------
    bounds
        left, bottom, right, top in units of ``crs``.
    crs
        The layer's CRS.

    Returns
    -------
    pyproj.CRS
        In China the 3-degree Gauss-Krüger zone of CGCS2000 whose meridian is nearest to the
        middle (EPSG:4534 to 4554, no zone prefix); elsewhere the UTM zone of the middle. A county
        that crosses a zone line is measured in one zone: 0.1 % of area at 2.5° from its meridian.
        Never EPSG:3857, which is wrong by 45 % of area at 34°N.

    Raises
    ------
    CoordinateError
        If the middle is no place on Earth.
    """
    lon, lat = _middle(bounds, crs)
    west, south, east, north = CHINA
    outside = lon < CHINA_SOUTH_WEST[0] and lat < CHINA_SOUTH_WEST[1]
    if west <= lon < east and south <= lat <= north and not outside:
        return CRS.from_epsg(CGCS2000_ZONE_75E + round((lon - 75.0) / 3.0))
    found = query_utm_crs_info("WGS 84", AreaOfInterest(lon, lat, lon, lat))
    if not found:
        raise CoordinateError(
            f"No metric CRS fits a place at longitude {lon:.4f}, latitude {lat:.4f}.",
            cure="Is the coordinate system right?",
        )
    return CRS.from_epsg(int(found[0].code))


def _middle(bounds: tuple[float, float, float, float], crs: CRS) -> tuple[float, float]:
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    lon, lat = transformer(crs, WGS84).transform(x, y)
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise CoordinateError(
            f"The middle of the layer, {x:.6g}, {y:.6g}, is no place on Earth in {crs.name}.",
            cure="Say the right coordinate system with --crs.",
        )
    return lon, lat


@lru_cache(maxsize=64)
def transformer(source: CRS, target: CRS) -> Transformer:
    """Return the transformer between two CRSs, x (or longitude) first on both sides."""
    return Transformer.from_crs(source, target, always_xy=True)


def reproject(geometries: NDArray[np.object_], source: CRS, target: CRS) -> NDArray[np.object_]:
    """Transform geometries vertex by vertex, so that shared borders stay shared.

    Nulls stay null; Z and M are dropped.
    """
    if source == target:
        return geometries
    change = transformer(source, target)

    def move(points: Floats) -> Floats:
        return np.column_stack(change.transform(points[:, 0], points[:, 1]))

    return np.asarray(shapely.transform(geometries, move), dtype=object)


# -- The shifted datums --------------------------------------------------------------------------


def gcj02_from_wgs84(lon: Floats, lat: Floats) -> Pair:
    """Shift WGS 84 to GCJ-02, as maps published in China are.

    Parameters
    ----------
    lon, lat
        Degrees, any shape. Meant for mainland China; elsewhere the formula goes on but no map
        uses it.

    Returns
    -------
    lon, lat
        Degrees, same shape.

    Examples
    --------
    >>> lon, lat = gcj02_from_wgs84(np.array([115.3]), np.array([33.6]))
    >>> round(float(lon[0]), 4), round(float(lat[0]), 4)
    (115.3057, 33.5985)
    """
    x, y = np.asarray(lon, float) - 105.0, np.asarray(lat, float) - 35.0
    angle = np.radians(lat)
    curve = 1 - _ECCENTRICITY_2 * np.sin(angle) ** 2
    root = np.sqrt(curve)
    north = np.degrees(_north(x, y) * curve * root / (_AXIS_M * (1 - _ECCENTRICITY_2)))
    east = np.degrees(_east(x, y) * root / (_AXIS_M * np.cos(angle)))
    return lon + east, lat + north


def _waves(x: Floats) -> Floats:
    return np.asarray((20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3)


def _north(x: Floats, y: Floats) -> Floats:
    flat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    slow = (20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    slower = (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    return np.asarray(flat + _waves(x) + slow + slower)


def _east(x: Floats, y: Floats) -> Floats:
    flat = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    slow = (20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    slower = (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    return np.asarray(flat + _waves(x) + slow + slower)


def wgs84_from_gcj02(lon: Floats, lat: Floats) -> Pair:
    """Undo :func:`gcj02_from_wgs84`, to about a nanometre."""
    out_lon, out_lat = np.asarray(lon, float), np.asarray(lat, float)
    for _ in range(INVERSE_ROUNDS):
        there_lon, there_lat = gcj02_from_wgs84(out_lon, out_lat)
        out_lon, out_lat = out_lon - (there_lon - lon), out_lat - (there_lat - lat)
    return out_lon, out_lat


def bd09_from_gcj02(lon: Floats, lat: Floats) -> Pair:
    """Shift GCJ-02 to BD-09, as Baidu's maps are."""
    x, y = np.asarray(lon, float), np.asarray(lat, float)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def gcj02_from_bd09(lon: Floats, lat: Floats) -> Pair:
    """Undo :func:`bd09_from_gcj02`, to about a nanometre."""
    out_lon, out_lat = np.asarray(lon, float) - 0.0065, np.asarray(lat, float) - 0.006
    for _ in range(INVERSE_ROUNDS):
        there_lon, there_lat = bd09_from_gcj02(out_lon, out_lat)
        out_lon, out_lat = out_lon - (there_lon - lon), out_lat - (there_lat - lat)
    return out_lon, out_lat


def wgs84_from_bd09(lon: Floats, lat: Floats) -> Pair:
    """Undo both shifts."""
    return wgs84_from_gcj02(*gcj02_from_bd09(lon, lat))


def bd09_from_wgs84(lon: Floats, lat: Floats) -> Pair:
    """Shift WGS 84 all the way to BD-09."""
    return bd09_from_gcj02(*gcj02_from_wgs84(lon, lat))
