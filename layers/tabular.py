"""Tables of text with a place in each row: CSV with two columns of coordinates, or one of WKT."""

import io

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import Point

from layers.columns import plain
from layers.encoding import decode
from layers.errors import TransferError
from layers.rings import read_wkt

LON_HEADERS = ("lon", "lng", "longitude", "long", "x", "经度", "东经")
LAT_HEADERS = ("lat", "latitude", "y", "纬度", "北纬")
WKT_HEADERS = ("wkt", "geometry", "geom", "thegeom")


def read_csv(data: bytes, encoding: str | None) -> tuple[gpd.GeoDataFrame, dict[int, Point]]:
    """Read a CSV: every column as text, an empty coordinate as a row without a place.

    Parameters
    ----------
    data
        The file.
    encoding
        Of the text, where it is not to be guessed.

    Returns
    -------
    frame, opened
        Without a CRS; and the rings that were not closed, as :mod:`layers.rings` has them.

    Raises
    ------
    TransferError
        If it is no table, has no coordinates, or one of them is none; names the row, counted from
        1 below the header, and the line of the file.
    """
    frame = _table(decode(data, encoding))
    headers = {plain(str(column)): str(column) for column in reversed(frame.columns)}
    wkt = next((headers[name] for name in WKT_HEADERS if name in headers), None)
    if wkt is not None:
        return _from_wkt(frame, wkt)
    lon = next((headers[name] for name in LON_HEADERS if name in headers), None)
    lat = next((headers[name] for name in LAT_HEADERS if name in headers), None)
    if lon is None or lat is None:
        raise TransferError(
            f"The table has no columns of coordinates, only {', '.join(headers.values())}.",
            cure="Call two columns lon and lat (经度, 纬度), or one wkt.",
        )
    x, y = _numbers(frame[lon]), _numbers(frame[lat])
    points = np.asarray(shapely.points(x, y), dtype=object)
    points[np.isnan(x) | np.isnan(y)] = None
    return gpd.GeoDataFrame(frame, geometry=points), {}


def _table(words: str) -> pd.DataFrame:
    try:
        frame = pd.read_csv(io.StringIO(words), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TransferError(
            f"This is not a table: {error}.", cure="Save it as CSV again."
        ) from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise TransferError(
            "A row has more values than the header has names.",
            cure="Put values with a comma in them between quotation marks.",
            **_place(0),
        )
    return frame


def _from_wkt(frame: pd.DataFrame, column: str) -> tuple[gpd.GeoDataFrame, dict[int, Point]]:
    words = frame.pop(column).str.strip().to_numpy(dtype=object)
    words[words == ""] = None
    shapes, opened = read_wkt(words)
    wrong = np.flatnonzero(shapely.is_missing(shapes) & (words != None))  # noqa: E711 - elementwise
    if len(wrong):
        row = int(wrong[0])
        raise TransferError(
            f"“{words[row][:40]}” in column {column} is not WKT.",
            cure="Write for example POLYGON ((115 33, 116 33, 116 34, 115 33)).",
            **_place(row),
        )
    return gpd.GeoDataFrame(frame, geometry=shapes), opened


def _numbers(values: pd.Series) -> NDArray[np.float64]:
    """Read a column of coordinates; empty is unlocated, anything else must be a number."""
    stripped = values.str.strip()
    numbers = pd.to_numeric(stripped.where(stripped != ""), errors="coerce")
    wrong = np.flatnonzero((stripped != "") & ~np.isfinite(numbers))
    if len(wrong):
        row = int(wrong[0])
        raise TransferError(
            f"“{values.iloc[row]}” in column {values.name} is not a coordinate.",
            cure="Write degrees or metres as a plain number, or leave it empty.",
            **_place(row),
        )
    return numbers.to_numpy(dtype=float)


def _place(row: int) -> dict[str, object]:
    return {"row": row + 1, "line": row + 2}
