"""Which plane to measure in at a place, and whether coordinates can be what they are said to be.

Three kinds of plane meet in this project. A layer's **own CRS** decides topology: nothing is
reprojected before it is compared. **EPSG:4326** stores. The **metric CRS** of a place only
measures. The datums of Chinese web maps, GCJ-02 and BD-09, come in by name from
:mod:`geo.datum`; "this layer looks shifted" is :mod:`geo.shift`.

Known limit: EPSG:4490 (CGCS2000) and EPSG:4326 are treated as equal. Plate motion since 2000
makes that wrong by some decimetres in truth.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.datum import (
    bd09_from_gcj02,
    bd09_from_wgs84,
    gcj02_from_bd09,
    gcj02_from_wgs84,
    wgs84_from_bd09,
    wgs84_from_gcj02,
)
from geo.errors import CoordinateError, MissingCrsError, SwappedAxesError

__all__ = [
    "assert_plausible",
    "bd09_from_gcj02",
    "bd09_from_wgs84",
    "gcj02_from_bd09",
    "gcj02_from_wgs84",
    "lonlat_transformer",
    "metric_crs",
    "unit_metres",
    "wgs84_from_bd09",
    "wgs84_from_gcj02",
]

Where = BaseGeometry | Sequence[float] | NDArray[np.float64]

# A plane is honest at a place if lengths and areas there are true to 0.1 %.
HONEST = 1e-3
EARTH_RADIUS_M = 6371008.8
# China's 3-degree zones, EPSG:4534 (central meridian 75°E) to EPSG:4554 (135°E).
CHINA_ZONES = (25, 45)
# How far beyond a CRS's area of use a layer may reach, degrees: zones are used past their edges.
BEYOND_DEGREES = 3.0


def _crs(crs: object) -> pyproj.CRS:
    if crs is None:
        raise MissingCrsError(
            "Nothing says which CRS the coordinates are in.",
            cure="Give it with --crs, such as --crs EPSG:4490 or --crs GCJ-02.",
            zh="没有说明坐标系，请指明（--crs），例如 EPSG:4490 或 GCJ-02。",
        )
    return pyproj.CRS.from_user_input(crs)


@lru_cache(maxsize=64)
def lonlat_transformer(crs: pyproj.CRS) -> pyproj.Transformer:
    """Return the transformer from a CRS to degrees of EPSG:4326, x or longitude first.

    Parameters
    ----------
    crs
        Any CRS, geographic or projected.
    """
    return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def _bounds(where: Where) -> tuple[float, float, float, float]:
    values = where.bounds if isinstance(where, BaseGeometry) else tuple(map(float, where))
    if len(values) != 4 or not np.isfinite(values).all():
        raise CoordinateError(
            "A place without finite bounds has no metric CRS.",
            cure="Remove empty geometries and NaN first.",
            zh="没有有效范围，无法确定投影；请去掉空图形和无效坐标。",
        )
    return values[0], values[1], values[2], values[3]


def _is_honest(crs: pyproj.CRS, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> bool:
    """Tell whether a projection in metres keeps lengths and areas to 0.1 % at these places."""
    if not crs.is_projected or unit_metres(crs) != 1.0:
        return False
    factors = pyproj.Proj(crs).get_factors(lon, lat)
    scales = np.array([factors.tissot_semimajor, factors.tissot_semiminor, factors.areal_scale])
    return bool((np.abs(scales - 1) <= HONEST).all())


def metric_crs(where: Where, crs: object) -> pyproj.CRS:
    """Choose the CRS to measure in at a place.

    The first of these that keeps lengths and areas to 0.1 % at the centre and the corners of the
    place: the layer's own CRS, if it is projected and in metres; in China the CGCS2000 3-degree
    Gauss-Krüger zone of the place's centre (EPSG:4534 to 4554, without zone prefix); the UTM
    zone of the centre; else a Lambert azimuthal equal-area plane about the centre, which stays
    honest to 0.1 % for 500 km around. EPSG:3857 is never honest away from the equator.

    Parameters
    ----------
    where
        A geometry, or bounds (left, bottom, right, top), in units of ``crs``; finite.
    crs
        The CRS of ``where``: anything that pyproj reads.

    Returns
    -------
    pyproj.CRS
        Projected, in metres.

    Raises
    ------
    MissingCrsError
        ``crs`` is None.
    CoordinateError
        The bounds are not finite, or lie outside what ``crs`` can express.

    Examples
    --------
    >>> metric_crs((115.01, 33.4, 115.64, 33.8), "EPSG:4326").to_string()
    'EPSG:4547'
    """
    own = _crs(crs)
    left, bottom, right, top = _bounds(where)
    x = np.array([(left + right) / 2, left, right, left, right])
    y = np.array([(bottom + top) / 2, bottom, bottom, top, top])
    lon, lat = lonlat_transformer(own).transform(x, y)
    # A layer across the antimeridian goes on counting; one that goes round again is none.
    if not ((np.abs(lon) <= 540).all() and (np.abs(lat) <= 90).all()):
        raise CoordinateError(
            "The coordinates lie outside what their CRS can express.",
            cure="Check the CRS that the layer is said to be in.",
            zh="坐标超出所说坐标系能表达的范围，请核对坐标系。",
            crs=own.to_string(),
        )
    for candidate in (own, *_zones(float(lon[0]), float(lat[0]))):
        if _is_honest(candidate, lon, lat):
            return candidate
    return pyproj.CRS(f"+proj=laea +lat_0={lat[0]:.4f} +lon_0={lon[0]:.4f} +datum=WGS84 +units=m")


def _zones(lon: float, lat: float) -> list[pyproj.CRS]:
    """Return the national zone, where EPSG's area of use has the place, and the UTM zone."""
    zones = [pyproj.CRS.from_epsg((32601 if lat >= 0 else 32701) + int((lon + 180) // 6) % 60)]
    number = int((lon + 1.5) // 3)
    if CHINA_ZONES[0] <= number <= CHINA_ZONES[1]:
        national = pyproj.CRS.from_epsg(4534 + number - CHINA_ZONES[0])
        use = national.area_of_use
        if use and use.west <= lon <= use.east and use.south <= lat <= use.north:
            zones.insert(0, national)
    return zones


def unit_metres(crs: object) -> float:
    """Return the metres in one unit of a CRS's plane.

    Parameters
    ----------
    crs
        Projected: exact (1 for metres, 0.3048… for feet). Geographic: metres of one degree of
        latitude on a sphere; a degree of longitude is shorter by the cosine of the latitude.

    Raises
    ------
    MissingCrsError
        ``crs`` is None.

    Examples
    --------
    >>> unit_metres("EPSG:4547"), round(unit_metres("EPSG:4326"))
    (1.0, 111195)
    """
    plane = _crs(crs)
    axis = plane.axis_info[0] if plane.axis_info else None
    factor = axis.unit_conversion_factor if axis else 1.0
    return float(factor * EARTH_RADIUS_M if plane.is_geographic else factor)


def assert_plausible(frame: gpd.GeoDataFrame) -> None:
    """Refuse a layer whose coordinates cannot be what they are said to be.

    Parameters
    ----------
    frame
        Any geometries; null and empty ones are passed over.

    Raises
    ------
    MissingCrsError
        The frame has no CRS.
    CoordinateError
        A coordinate is NaN or infinite, or lies outside the range of the CRS (for a projection:
        its area of use and three degrees around). Carries ``row`` (1-based) and ``code``.
    SwappedAxesError
        The same, and with x and y exchanged every coordinate would be in range.
    """
    crs = _crs(frame.crs)
    geometry = np.asarray(frame.geometry.array, dtype=object)
    coordinates, row = shapely.get_coordinates(geometry, return_index=True)
    finite = np.isfinite(coordinates)
    if not finite.all():
        bad = int(row[np.flatnonzero(~finite.all(axis=1))[0]])
        raise CoordinateError(
            "A coordinate is NaN or infinite.",
            cure="Redraw this geometry in the source, or remove it.",
            zh="坐标不是有限的数，请在源数据中重画或删去该图形。",
            **_place(frame, bad),
        )
    bounds = shapely.bounds(geometry)
    rows = np.flatnonzero(~np.isnan(bounds[:, 0]))
    bounds = bounds[rows]
    outside = ~_in_range(bounds, crs)
    if not outside.any():
        return
    place = _place(frame, int(rows[np.flatnonzero(outside)[0]])) | {"crs": crs.to_string()}
    if _in_range(bounds[:, [1, 0, 3, 2]], crs).all():
        raise SwappedAxesError(
            "Latitude stands where longitude belongs, or northing where easting does.",
            cure="Exchange x and y in the source: x is longitude or easting.",
            zh="经纬度（或东、北坐标）写反了，请在源数据中对调：x 是经度或东坐标。",
            **place,
        )
    raise CoordinateError(
        "A coordinate is outside the range of its CRS.",
        cure=_cure(bounds, crs),
        zh="坐标超出所说坐标系的范围，请核对坐标系。",
        **place,
    )


def implausible_rows(geometry: NDArray[np.object_], crs: object) -> NDArray[np.bool_]:
    """Tell which geometries cannot be in a CRS, each by itself.

    Parameters
    ----------
    geometry
        Any; null and empty ones are plausible.
    crs
        Which their coordinates are said to be in.

    Returns
    -------
    array of bool
        True where a coordinate is NaN or infinite, or out of range as :func:`assert_plausible`
        has it.
    """
    bounds = shapely.bounds(geometry)
    drawn = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    wrong = np.zeros(len(geometry), dtype=bool)
    # Bounds pass over NaN: one vertex without a number is seen in the vertices alone.
    coordinates, row = shapely.get_coordinates(geometry, return_index=True)
    wrong[row[~np.isfinite(coordinates).all(axis=1)]] = True
    rows = np.flatnonzero(drawn & ~wrong)
    wrong[rows] = ~_in_range(bounds[rows], _crs(crs))
    return wrong


def _place(frame: gpd.GeoDataFrame, row: int) -> dict[str, Any]:
    place: dict[str, Any] = {"row": row + 1}
    return place | {"code": str(frame["code"].iloc[row])} if "code" in frame else place


def _in_range(bounds: NDArray[np.float64], crs: pyproj.CRS) -> NDArray[np.bool_]:
    """Tell for each box (n × 4, own plane) whether it lies where the CRS can be meant."""
    west, south, east, north = -180.0, -90.0, 360.0, 90.0
    if not crs.is_geographic:
        if crs.area_of_use is None or not crs.is_projected:
            return np.ones(len(bounds), dtype=bool)
        # Two opposite corners are enough: an area of use is far larger than a village.
        bounds = np.column_stack(
            [
                *lonlat_transformer(crs).transform(bounds[:, 0], bounds[:, 1]),
                *lonlat_transformer(crs).transform(bounds[:, 2], bounds[:, 3]),
            ]
        )
        use = crs.area_of_use
        west, east = use.west - BEYOND_DEGREES, use.east + BEYOND_DEGREES
        south, north = use.south - BEYOND_DEGREES, use.north + BEYOND_DEGREES
        if use.west > use.east:  # it crosses the antimeridian
            west, east = -180.0, 180.0
    low, high = np.array([west, south] * 2), np.array([east, north] * 2)
    # An infinite or NaN degree, where the projection has no inverse, compares as outside.
    return np.asarray(((bounds >= low) & (bounds <= high)).all(axis=1))


def _cure(bounds: NDArray[np.float64], crs: pyproj.CRS) -> str:
    degrees = bool((np.abs(bounds) < 1000).all())
    if crs.is_projected and degrees:
        return "These look like degrees: try --crs EPSG:4326 or EPSG:4490."
    if crs.is_projected and bool((bounds[:, 0] > 1e7).all()):
        return "The eastings carry a zone number in front: use the CRS with the prefix (EPSG:4526)."
    if not crs.is_projected and not degrees:
        return "These look like metres: say which projected CRS with --crs."
    return "Check the CRS that the layer is said to be in."
