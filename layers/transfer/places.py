"""Where a row of a table is: two columns of coordinates, or one of WKT."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from shapely import Point

from layers.transfer.columns import plain
from layers.transfer.errors import TransferError, some
from layers.transfer.rejects import Faults
from layers.transfer.rings import read_wkt

LON_HEADERS = ("lon", "lng", "longitude", "long", "x", "经度", "东经")
LAT_HEADERS = ("lat", "latitude", "y", "纬度", "北纬")
WKT_HEADERS = ("wkt", "geometry", "geom", "thegeom")
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"

Found = tuple[NDArray[np.object_] | None, dict[int, Point], list[Faults]]


def place_columns(headers: list[str], told: Mapping[str, str] | None) -> dict[str, str]:
    """Return which columns hold ``wkt``, or ``lon`` and ``lat``; empty for a list without places.

    Raises
    ------
    TransferError
        If a column that was told is not there, or is one coordinate without the other.

    Examples
    --------
    >>> place_columns(["编码", "经度", "纬度"], None)
    {'lon': '经度', 'lat': '纬度'}
    """
    told = {name: column for name, column in (told or {}).items() if column}
    for column in told.values():
        if column not in headers:
            raise TransferError(
                f"There is no column “{column}”.",
                cure=f"There are: {some(headers)}.",
                zh=f"没有“{column}”这一列；现有各列：{some(headers, zh=True)}。",
            )
    free = [header for header in reversed(headers) if header not in told.values()]
    by_plain = {plain(header): header for header in free}
    named = {"wkt": WKT_HEADERS, "lon": LON_HEADERS, "lat": LAT_HEADERS}
    found = {
        field: next((by_plain[name] for name in names if name in by_plain), None)
        for field, names in named.items()
    } | told
    if found["wkt"] and not ("lon" in told or "lat" in told):
        return {"wkt": found["wkt"]}
    if found["lon"] and found["lat"]:
        return {"lon": found["lon"], "lat": found["lat"]}
    if told:
        raise TransferError(
            f"“{', '.join(told.values())}” is one coordinate without the other.",
            cure="Say both: --columns lon=COLUMN,lat=COLUMN.",
            zh=f"“{'、'.join(told.values())}”只有一个坐标。请把经度和纬度两列都指明。",
        )
    return {}


def read_places(columns: Mapping[str, pa.Array], told: Mapping[str, str] | None) -> Found:
    """Read the shapes of a table's rows.

    Returns
    -------
    shapes, opened, faults
        Null shapes as a whole where the table has no columns of places; null for a row where
        nothing stands, or what cannot be read, which is a fault.
    """
    where = place_columns(list(columns), told)
    if "wkt" in where:
        return _wkt(columns[where["wkt"]], where["wkt"])
    if not where:
        return None, {}, []
    (x, wrong_x), (y, wrong_y) = (_numbers(columns[where[axis]]) for axis in ("lon", "lat"))
    faults = []
    for axis, wrong in (("lon", wrong_x), ("lat", wrong_y)):
        faults += _faults(where[axis], "not_a_number", wrong, columns[where[axis]])
    half = (np.isnan(x) != np.isnan(y)) & ~wrong_x & ~wrong_y
    faults += _faults(where["lon"], "half", half, columns[where["lon"]])
    points = np.asarray(shapely.points(x, y), dtype=object)
    points[np.isnan(x) | np.isnan(y)] = None
    return points, {}, faults


def _numbers(values: pa.Array) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    stripped = pc.utf8_trim_whitespace(values)
    held = pc.and_(pc.is_valid(stripped), pc.not_equal(stripped, ""))
    right = pc.fill_null(pc.match_substring_regex(stripped, NUMBER), fill_value=False)
    numbers = pc.cast(pc.if_else(right, stripped, None), pa.float64())
    wrong = pc.and_(pc.fill_null(held, fill_value=False), pc.invert(right))
    return (
        np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=float),
        np.asarray(wrong, dtype=bool),
    )


def _faults(name: str, reason: str, wrong: NDArray[np.bool_], values: pa.Array) -> list[Faults]:
    positions = np.flatnonzero(wrong)
    if not len(positions):
        return []
    words = pc.fill_null(values.take(pa.array(positions)), "").to_pylist()
    return [Faults(name, reason, tuple(positions.tolist()), tuple(words))]


def _wkt(values: pa.Array, column: str) -> Found:
    words = np.array(pc.utf8_trim_whitespace(values).to_pylist(), dtype=object)
    words[words == ""] = None
    shapes, opened = read_wkt(words)
    meant = np.array([word is not None for word in words], dtype=bool)
    return shapes, opened, _faults(column, "unreadable", meant & shapely.is_missing(shapes), values)
