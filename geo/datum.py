"""GCJ-02 and BD-09: the two datums in which Chinese web maps hide their coordinates, both ways.

GCJ-02 moves a point of WGS-84 by some hundreds of metres; BD-09 moves it a second time. Both are
published as formulas from the truth to the shifted place only. The way back is found by
repetition, a **fixed** number of times: whoever stops when a batch has converged gives a vertex
other bits in another batch, and so makes false mismatches along shared borders.

Known limits: outside the rectangle that holds China (72.004–137.8347°E, 0.8293–55.8271°N) GCJ-02
is WGS-84, so the mapping jumps at that rectangle's sides.

References
----------
The formulas are those of the public "eviltransform" derivation; Krasovsky 1940 ellipsoid.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Mapping = Callable[[Floats, Floats], tuple[Floats, Floats]]

# Each round shrinks the error some four hundred times: 560 m falls below 1e-9 m in five.
ROUNDS = 8
_A, _E2 = 6378245.0, 0.00669342162296594323
_BD = np.pi * 3000.0 / 180.0


def _floats(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return contiguous copies: strided input takes another sine, with other last bits."""
    return np.array(lon, np.float64, order="C"), np.array(lat, np.float64, order="C")


def _waves(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return GCJ-02's offsets, metres east and north, from degrees east of 105, north of 35."""
    root = np.sqrt(np.abs(x))
    both = (20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + both
    north += (20 * np.sin(np.pi * y) + 40 * np.sin(np.pi / 3 * y)) * 2 / 3
    north += (160 * np.sin(np.pi / 12 * y) + 320 * np.sin(np.pi / 30 * y)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + both
    east += (20 * np.sin(np.pi * x) + 40 * np.sin(np.pi / 3 * x)) * 2 / 3
    east += (150 * np.sin(np.pi / 12 * x) + 300 * np.sin(np.pi / 30 * x)) * 2 / 3
    return east, north


def gcj02_from_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Move coordinates of WGS-84 to where GCJ-02 shows them.

    Parameters
    ----------
    lon, lat
        Degrees, EPSG:4326, any shape; NaN stays NaN.

    Returns
    -------
    lon, lat : arrays
        GCJ-02 degrees, the input's shape. Outside China the input itself.

    Examples
    --------
    >>> lon, lat = gcj02_from_wgs84(115.3, 33.6)
    >>> f"{lon:.6f} {lat:.6f}"
    '115.305665 33.598536'
    """
    lon, lat = _floats(lon, lat)
    east, north = _waves(lon - 105.0, lat - 35.0)
    phi = np.radians(lat)
    bend = 1 - _E2 * np.sin(phi) ** 2
    lat_metre = _A * (1 - _E2) / (bend * np.sqrt(bend)) * np.pi / 180.0
    lon_metre = _A / np.sqrt(bend) * np.cos(phi) * np.pi / 180.0
    china = (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)
    return (
        np.where(china, lon + east / lon_metre, lon),
        np.where(china, lat + north / lat_metre, lat),
    )


def bd09_from_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Move coordinates of GCJ-02 to where BD-09 shows them."""
    lon, lat = _floats(lon, lat)
    radius = np.sqrt(lon * lon + lat * lat) + 0.00002 * np.sin(lat * _BD)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _invert(forward: Mapping, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Find, in a fixed number of rounds, what ``forward`` brings to the given place."""
    to_lon, to_lat = _floats(lon, lat)
    lon, lat = to_lon, to_lat
    for _ in range(ROUNDS):
        now_lon, now_lat = forward(lon, lat)
        lon, lat = lon + (to_lon - now_lon), lat + (to_lat - now_lat)
    return lon, lat


def wgs84_from_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Undo :func:`gcj02_from_wgs84`, to 1e-9 m; the same bits for a vertex in any batch."""
    return _invert(gcj02_from_wgs84, lon, lat)


def gcj02_from_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Undo :func:`bd09_from_gcj02`, to 1e-8 m; the same bits for a vertex in any batch."""
    return _invert(bd09_from_gcj02, lon, lat)


def bd09_from_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Move coordinates of WGS-84 to where BD-09 shows them."""
    return bd09_from_gcj02(*gcj02_from_wgs84(lon, lat))


def wgs84_from_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Undo :func:`bd09_from_wgs84`, to 1e-8 m; the same bits for a vertex in any batch."""
    return wgs84_from_gcj02(*gcj02_from_bd09(lon, lat))
