"""Files to frames: whatever a county office has, with an answer to what is wrong with it.

Coordinates come as they are in the file, bit for bit; only GCJ-02 and BD-09 are converted, vertex
by vertex. Nothing guesses a coordinate system: what a file does not say must be told.
"""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely
from charset_normalizer import from_bytes
from pyogrio.errors import DataSourceError

from geo.crs import assert_plausible
from geo.datum import wgs84_from_bd09, wgs84_from_gcj02
from geo.errors import GeoError, MissingCrsError
from layers.archive import look_over
from layers.errors import TransferError

Convert = Callable[[Any, Any], tuple[Any, Any]]
# Datums that no registry has; they are converted to EPSG:4326 at once.
DATUMS: dict[str, Convert] = {"GCJ-02": wgs84_from_gcj02, "BD-09": wgs84_from_bd09}
LON_HEADERS = ("lon", "lng", "longitude", "long", "x", "经度")
LAT_HEADERS = ("lat", "latitude", "y", "纬度")
WKT_HEADERS = ("wkt", "geometry", "geom", "the_geom")
MOST_VERTICES = 20_000_000
MOST_UNZIPPED_MB = 4096


@dataclass
class Read:
    """A layer that was read: the frame, and what the reader should be told about it."""

    frame: gpd.GeoDataFrame
    notes: list[str] = field(default_factory=list)


def read_layer(
    path: Path,
    *,
    crs: str | None = None,
    layer: str | None = None,
    encoding: str | None = None,
    max_vertices: int = MOST_VERTICES,
    max_unzipped_mb: int = MOST_UNZIPPED_MB,
) -> Read:
    """Read one layer of a file.

    Parameters
    ----------
    path
        GeoJSON, GeoPackage, Shapefile (zipped or not), KML, KMZ, GeoParquet or CSV.
    crs
        Any EPSG code, or ``GCJ-02`` or ``BD-09``. Needed where the file does not say; where it
        does, this wins.
    layer
        Needed where the file has several.
    encoding
        Of the text, where the file is not what it seems.
    max_vertices, max_unzipped_mb
        Bounds on what is read.

    Returns
    -------
    Read
        ``frame`` has the file's columns and one geometry column, rows in the file's order.

    Raises
    ------
    TransferError
        If the file cannot be used; names the file, the row and the cure.
    MissingCrsError, CoordinateError, SwappedAxesError
        If the coordinates are not what they are said to be.
    """
    _require_file(path)
    try:
        read = _open(path, layer, encoding, max_unzipped_mb)
        _require_rows(read.frame, path, max_vertices)
        _set_crs(read, crs)
        assert_plausible(read.frame)
    except GeoError as error:
        error.where = {"file": path.name, **error.where}
        raise
    if shapely.has_z(read.frame.geometry.values).any():
        read.notes.append(f"{path.name}: heights (Z) are left out; the check is of the plane.")
    return read


def _require_file(path: Path) -> None:
    if not path.exists():
        raise TransferError("There is no such file.", cure="Check the name.", file=str(path))
    if path.is_dir() and path.suffix.lower() != ".gdb":
        raise TransferError("This is a folder.", cure="Name a file in it.", file=str(path))
    if path.is_file() and path.stat().st_size == 0:
        raise TransferError("The file is empty.", cure="Export it again.", file=path.name)


def _open(path: Path, layer: str | None, encoding: str | None, max_unzipped_mb: int) -> Read:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return Read(_read_csv(path, encoding))
    if suffix in (".parquet", ".geoparquet"):
        return Read(_read_parquet(path))
    source: str | bytes = str(path)
    if suffix in (".zip", ".kmz"):
        entries = look_over(path, max_unzipped_mb * 1_000_000)
        source = f"/vsizip/{path}/{_main_entry(entries, path)}"
    if suffix in (".geojson", ".json"):
        source = _utf8(path, encoding)
    notes: list[str] = []
    if suffix == ".shp" and encoding is None:
        encoding = _dbf_encoding(path)
        if encoding not in (None, "UTF-8"):
            notes.append(f"{path.name}: the text is read as {encoding}.")
    return Read(_read_ogr(source, path, layer, encoding), notes)


def _main_entry(entries: list[str], path: Path) -> str:
    wanted = (".shp", ".geojson", ".json", ".gpkg", ".kml")
    found = [name for name in entries if name.lower().endswith(wanted)]
    if len(found) != 1:
        raise TransferError(
            f"The ZIP file holds {len(found)} layers: {', '.join(found) or 'none'}.",
            cure="Pack one layer alone.",
            file=path.name,
        )
    return found[0]


# -- GDAL's formats ------------------------------------------------------------------------------


def _read_ogr(
    source: str | bytes, path: Path, layer: str | None, encoding: str | None
) -> gpd.GeoDataFrame:
    try:
        name = _choose_layer(source, path, layer)
        meta, _, shapes, columns = pyogrio.raw.read(source, layer=name, encoding=encoding)
    except (DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise TransferError(
            "This is not a spatial file that can be read.",
            cure="Give GeoJSON, GeoPackage, Shapefile, KML, GeoParquet or CSV.",
            file=path.name,
        ) from error
    except (UnicodeDecodeError, LookupError) as error:
        raise TransferError(
            f"The text is not {encoding or 'UTF-8'}.",
            cure="Say which it is, for example --encoding GBK.",
            file=path.name,
        ) from error
    if shapes is None:
        raise TransferError("The layer has no geometry.", cure="Is it a list?", file=path.name)
    frame = pd.DataFrame(dict(zip(meta["fields"].tolist(), columns, strict=True)))
    geometries, defects = _geometries(shapes)
    if any(defects):
        frame["read_defect"] = defects
    return gpd.GeoDataFrame(frame, geometry=geometries, crs=_crs84(meta["crs"], path))


def _choose_layer(source: str | bytes, path: Path, layer: str | None) -> str | int:
    names = [str(name) for name in pyogrio.list_layers(source)[:, 0]]
    if layer is None and len(names) == 1:
        # By number: a GeoJSON without a name is called anew each time its bytes are opened.
        return 0
    if layer not in names:
        raise TransferError(
            f"There is no layer “{layer}”." if layer else f"The file has {len(names)} layers.",
            cure=f"Name one with --layer: {', '.join(names)}.",
            file=path.name,
        )
    return layer


def _geometries(wkb: "np.ndarray[Any, Any]") -> tuple["np.ndarray[Any, Any]", list[str]]:
    """Read WKB; a ring that is not closed is closed, and said."""
    try:
        return shapely.from_wkb(wkb), [""] * len(wkb)
    except shapely.errors.GEOSException:
        strict = shapely.from_wkb(wkb, on_invalid="ignore")
        mended = shapely.from_wkb(wkb, on_invalid="fix")
        broken = shapely.is_missing(strict) & ~shapely.is_missing(mended)
        return mended, ["Unclosed ring" if bad else "" for bad in broken]


def _crs84(crs: str | None, path: Path) -> str | None:
    # GeoJSON (RFC 7946) and KML are always longitude, latitude of WGS 84.
    if crs is None and path.suffix.lower() in (".geojson", ".json", ".kml", ".kmz"):
        return "EPSG:4326"
    return crs


# -- Text ----------------------------------------------------------------------------------------


def decode(data: bytes, file: str, encoding: str | None = None) -> str:
    """Return bytes as text: the encoding told, else UTF-8, else the likeliest.

    Raises
    ------
    TransferError
        If it is not that encoding, or none fits.
    """
    for name in (encoding,) if encoding else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    best = None if encoding else from_bytes(data[:200_000]).best()
    if best is None:
        raise TransferError(
            f"The text is not {encoding or 'in an encoding that is known'}.",
            cure="Say which it is, for example --encoding GBK.",
            file=file,
        )
    return data.decode(best.encoding, errors="replace")


def _utf8(path: Path, encoding: str | None) -> bytes:
    data = path.read_bytes()
    words = decode(data, path.name, encoding)
    try:
        json.loads(words)
    except json.JSONDecodeError as error:
        raise TransferError(
            f"This is not JSON: {error.msg} in line {error.lineno}.",
            cure="Export it again.",
            file=path.name,
        ) from error
    except RecursionError as error:
        raise TransferError(
            "The JSON is nested too deep.", cure="Export it again.", file=path.name
        ) from error
    return data if encoding is None and _is_utf8(data) else words.encode()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _dbf_encoding(path: Path) -> str | None:
    """Tell GBK from UTF-8 where a shapefile does not say (no .cpg), by its own text."""
    if path.with_suffix(".cpg").exists() or not path.with_suffix(".dbf").exists():
        return None
    data = path.with_suffix(".dbf").read_bytes()
    if data.isascii() or _is_utf8(data[32:]):
        return "UTF-8"
    # Numbers in the header are no text; from the first record on everything is.
    records = data[int.from_bytes(data[8:10], "little") :]
    for name in ("UTF-8", "GB18030"):
        try:
            records.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return None


def _read_csv(path: Path, encoding: str | None) -> gpd.GeoDataFrame:
    words = decode(path.read_bytes(), path.name, encoding)
    try:
        frame = pd.read_csv(io.StringIO(words), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TransferError(
            f"This is not a table: {error}.", cure="Save it as CSV again.", file=path.name
        ) from error
    plain = {str(column).strip().lower(): str(column) for column in frame.columns}
    wkt = next((plain[name] for name in WKT_HEADERS if name in plain), None)
    if wkt is not None:
        shapes = shapely.from_wkt(frame.pop(wkt).to_numpy(dtype=object), on_invalid="ignore")
        return gpd.GeoDataFrame(frame, geometry=shapes)
    lon = next((plain[name] for name in LON_HEADERS if name in plain), None)
    lat = next((plain[name] for name in LAT_HEADERS if name in plain), None)
    if lon is None or lat is None:
        raise TransferError(
            "The table has no coordinates.",
            cure="Name two columns lon and lat (经度, 纬度), or one wkt.",
            file=path.name,
        )
    x, y = (_numbers(frame[column], path) for column in (lon, lat))
    points = np.asarray(shapely.points(x, y), dtype=object)
    points[np.isnan(x) | np.isnan(y)] = None
    return gpd.GeoDataFrame(frame, geometry=points)


def _numbers(values: pd.Series, path: Path) -> "np.ndarray[Any, Any]":
    """Read a column of coordinates; empty is unlocated, anything else must be a number."""
    stripped = values.str.strip()
    numbers = pd.to_numeric(stripped.where(stripped != ""), errors="coerce")
    wrong = np.flatnonzero((stripped != "") & ~np.isfinite(numbers))
    if len(wrong):
        row = int(wrong[0])
        raise TransferError(
            f"“{values.iloc[row]}” in column {values.name} is not a coordinate.",
            cure="Write degrees or metres as a plain number, or leave it empty.",
            row=row + 2,
            file=path.name,
        )
    return numbers.to_numpy(dtype=float)


def _read_parquet(path: Path) -> gpd.GeoDataFrame:
    try:
        return gpd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise TransferError(
            "This is not a GeoParquet file.", cure="Export it again.", file=path.name
        ) from error


# -- What every layer must be --------------------------------------------------------------------


def _require_rows(frame: gpd.GeoDataFrame, path: Path, max_vertices: int) -> None:
    if frame.empty:
        raise TransferError("The layer has no rows.", cure="Is it the right one?", file=path.name)
    vertices = int(shapely.get_num_coordinates(np.asarray(frame.geometry.values)).sum())
    if vertices > max_vertices:
        raise TransferError(
            f"The layer has {vertices:,} vertices.",
            cure=f"At most {max_vertices:,} are read; raise WANGGE_MAX_VERTICES.",
            file=path.name,
        )


def _set_crs(read: Read, told: str | None) -> None:
    frame = read.frame
    if told is None:
        if frame.crs is None:
            raise MissingCrsError(
                "Nothing says which coordinate system the layer is in.",
                cure="Say it with --crs: an EPSG code such as EPSG:4490, or GCJ-02 or BD-09.",
            )
        return
    convert = DATUMS.get(told.upper().replace("GCJ02", "GCJ-02").replace("BD09", "BD-09"))
    crs = parse_crs("EPSG:4326" if convert else told)
    if frame.crs is not None and pyproj.CRS(frame.crs) != crs and convert is None:
        read.notes.append(f"The file says {frame.crs.to_string()}; it is read as {told}, as told.")
    frame = frame.set_crs(crs, allow_override=True)
    if convert:
        shapes = np.asarray(frame.geometry.values, dtype=object)
        moved = shapely.transform(shapes, lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1])))
        frame = frame.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs=crs))
    read.frame = frame


def parse_crs(words: str) -> pyproj.CRS:
    """Return the CRS of an EPSG code.

    Raises
    ------
    TransferError
        If PROJ does not know it.
    """
    try:
        return pyproj.CRS.from_user_input(words)
    except pyproj.exceptions.CRSError as error:
        raise TransferError(
            f"“{words}” is not a coordinate system that is known.",
            cure="Give an EPSG code such as EPSG:4547, or GCJ-02 or BD-09.",
        ) from error
