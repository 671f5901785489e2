"""Files to frames: whatever a county office has, with an answer to what is wrong with it.

Coordinates come as they are in the file, bit for bit; only GCJ-02 and BD-09 are converted, vertex
by vertex. Nothing guesses a coordinate system: what a file does not say must be told.
"""

import json
import warnings
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
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from shapely import Point

from geo.crs import assert_plausible
from geo.datum import wgs84_from_bd09, wgs84_from_gcj02
from geo.errors import MissingCrsError
from layers.archive import unpacked
from layers.encoding import decode, is_utf8, shapefile_encoding, unreadable
from layers.errors import TransferError, about
from layers.rings import read_wkb
from layers.tabular import read_csv

Convert = Callable[[Any, Any], tuple[Any, Any]]
# Datums that no registry has; they are converted to EPSG:4326 at once.
DATUMS: dict[str, Convert] = {"GCJ-02": wgs84_from_gcj02, "BD-09": wgs84_from_bd09}
GEOJSON = (".geojson", ".json")
JSON_SHAPES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
               "GeometryCollection")  # fmt: skip
KINDS = "GeoJSON, GeoPackage, Shapefile, KML, GeoParquet or CSV"
MOST_VERTICES = 20_000_000
MOST_UNZIPPED_MB = 4096


@dataclass
class Read:
    """A layer that was read: the frame, and what the reader should be told about it.

    ``opened`` has the rows, counted from 0, that had a ring not closed (the frame has it closed):
    the ring's first vertex, in the frame's CRS. ``said_crs`` is what the file calls its CRS, where
    nobody knows it by that name.
    """

    frame: gpd.GeoDataFrame
    opened: dict[int, Point] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    said_crs: str = ""


def read_layer(
    path: Path,
    *,
    crs: str | None = None,
    default_crs: str | None = None,
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
        Any EPSG code, or ``GCJ-02`` or ``BD-09``, whatever the file says.
    default_crs
        The same, where the file does not say.
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
        If the file cannot be used; names the file, the row (counted from 1) and the cure.
    MissingCrsError, CoordinateError, SwappedAxesError
        If the coordinates are not what they are said to be.
    """
    with about(path):
        _require_file(path)
        if path.suffix.lower() in (".zip", ".kmz"):
            with unpacked(path, max_unzipped_mb * 1_000_000, layer) as inner:
                inside = layer if inner.suffix in (".gpkg", ".kml") else None
                read = _open(inner, inside, encoding)
        else:
            read = _open(path, layer, encoding)
        _require_rows(read.frame, max_vertices)
        _set_crs(read, crs, default_crs)
        assert_plausible(read.frame)
    _note_heights(read)
    read.notes = [f"{path.name}: {note}" for note in read.notes]
    return read


def _require_file(path: Path) -> None:
    if not path.exists():
        raise TransferError("There is no such file.", cure="Check its name.", file=str(path))
    if path.is_dir() and path.suffix.lower() != ".gdb":
        raise TransferError("This is a folder.", cure="Name a file in it.", file=str(path))
    if path.is_file() and path.stat().st_size == 0:
        raise TransferError("The file is empty: 0 bytes.", cure="Export it again.")


def _open(path: Path, layer: str | None, encoding: str | None) -> Read:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return Read(*read_csv(path.read_bytes(), encoding))
    if suffix in (".parquet", ".geoparquet"):
        return _read_parquet(path)
    if suffix in GEOJSON:
        return _read_geojson(path, layer, encoding)
    if suffix == ".shp":
        return _read_shapefile(path, layer, encoding)
    return _read_ogr(path, path, layer, encoding)


# -- GDAL's formats ------------------------------------------------------------------------------


def _read_ogr(source: Path | bytes, path: Path, layer: str | None, encoding: str | None) -> Read:
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            name = _choose_layer(source, layer)
            meta, _, shapes, columns = pyogrio.raw.read(source, layer=name, encoding=encoding)
    except (DataSourceError, DataLayerError) as error:
        raise TransferError("This is not a spatial file.", cure=f"Give {KINDS}.") from error
    except (UnicodeDecodeError, LookupError) as error:
        raise unreadable(encoding or "UTF-8") from error
    if shapes is None:
        raise TransferError("The layer is a list: it has no geometry.", cure="Give a map layer.")
    geometries, opened = read_wkb(shapes)
    frame = pd.DataFrame(dict(zip(meta["fields"].tolist(), columns, strict=True)))
    frame = gpd.GeoDataFrame(frame, geometry=geometries, crs=_crs84(meta["crs"], path))
    _require_read(frame, ~pd.isna(shapes))
    measured = any("Measured (M)" in str(each.message) for each in said)
    return Read(frame, opened, [_left_out(int(frame.geometry.notna().sum()))] if measured else [])


def _choose_layer(source: Path | bytes, layer: str | None) -> str | int:
    if layer is None and isinstance(source, bytes):
        return 0
    names = [str(name) for name in pyogrio.list_layers(source)[:, 0]]
    if layer is None and len(names) == 1:
        return 0
    if layer not in names:
        raise TransferError(
            f"There is no layer “{layer}”." if layer else f"The file has {len(names)} layers.",
            cure=f"Name one with --layer: {', '.join(names)}.",
        )
    return layer


def _require_read(frame: gpd.GeoDataFrame, meant: "NDArray[np.bool_]") -> None:
    """Refuse a row that says it has a geometry, and none could be read."""
    lost = np.flatnonzero(meant & shapely.is_missing(np.asarray(frame.geometry.values)))
    if len(lost):
        row = int(lost[0])
        code = {"code": str(frame["code"].iloc[row])} if "code" in frame else {}
        raise TransferError(
            "The geometry of a row cannot be read: its coordinates are not all numbers, or its "
            "kind is unknown.",
            cure="Redraw it in the source, or remove it.",
            row=row + 1,
            **code,
        )


def _crs84(crs: str | None, path: Path) -> str | None:
    # GeoJSON (RFC 7946) and KML are always longitude, latitude of WGS 84.
    if crs is None and path.suffix.lower() in (*GEOJSON, ".kml"):
        return "EPSG:4326"
    return crs


def _read_shapefile(path: Path, layer: str | None, encoding: str | None) -> Read:
    # Beside the .shp, in whatever case the letters of the ending are.
    parts = {part.suffix.lower() for part in path.parent.glob(f"{_literal(path.stem)}.*")}
    lacks = [part for part in (".shx", ".dbf") if part not in parts]
    if lacks:
        raise TransferError(
            f"A Shapefile is several files; beside this one there is no {' and no '.join(lacks)}.",
            cure="Copy all of them: .shp, .shx, .dbf, .prj and, if there is one, .cpg.",
        )
    seen = None if encoding else shapefile_encoding(path)
    read = _read_ogr(path, path, layer, encoding or seen)
    if seen not in (None, "UTF-8"):
        read.notes.append(f"The text is read as {seen}.")
    return read


def _literal(name: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


# -- GeoJSON and GeoParquet ----------------------------------------------------------------------


def _read_geojson(path: Path, layer: str | None, encoding: str | None) -> Read:
    data = path.read_bytes()
    words = decode(data, encoding)
    try:
        document = json.loads(words)
    except json.JSONDecodeError as error:
        raise TransferError(
            f"This is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            cure="It may have been cut short; export it again.",
        ) from error
    except RecursionError as error:
        raise TransferError("The JSON is nested too deep.", cure="Export it again.") from error
    shapes = _json_shapes(document)
    source = path if encoding is None and is_utf8(data) else words.encode()
    read = _read_ogr(source, path, layer, None)
    if shapes is not None and len(shapes) == len(read.frame):
        meant = [bool(shape and (shape.get("coordinates") or "geometries" in shape))
                 for shape in shapes]  # fmt: skip
        _require_read(read.frame, np.array(meant, dtype=bool))
    read.said_crs = _unknown_crs(document)
    if read.said_crs:
        values = np.asarray(read.frame.geometry.values, dtype=object)
        read.frame = gpd.GeoDataFrame(read.frame.drop(columns="geometry"), geometry=values)
    return read


def _json_shapes(document: object) -> list[dict[str, Any] | None] | None:
    """Return the geometry of each row, as JSON; null where this is not for us to say (TopoJSON)."""
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "Topology":
        return None
    if not isinstance(document, dict) or kind not in ("FeatureCollection", "Feature", *JSON_SHAPES):
        raise TransferError(
            "This is JSON, but no GeoJSON.", cure="Give a FeatureCollection; export it again."
        )
    if kind in JSON_SHAPES:
        return [document]
    features = document.get("features") if kind == "FeatureCollection" else [document]
    if not isinstance(features, list):
        raise TransferError(
            "The FeatureCollection has no list of features.", cure="Export it again."
        )
    return [_json_shape(feature, row) for row, feature in enumerate(features, start=1)]


def _json_shape(feature: object, row: int) -> dict[str, Any] | None:
    shape = feature.get("geometry") if isinstance(feature, dict) else ()
    if shape is None or (isinstance(shape, dict) and shape.get("type") in JSON_SHAPES):
        return shape
    raise TransferError(
        "A row is no GeoJSON feature with a geometry.", cure="Export it again.", row=row
    )


def _unknown_crs(document: object) -> str:
    """Return the name of a CRS that the file says it is in, if PROJ does not know it."""
    said = document.get("crs") if isinstance(document, dict) else None
    name = said.get("properties", {}).get("name") if isinstance(said, dict) else None
    if name is None:
        return ""
    try:
        pyproj.CRS.from_user_input(str(name))
    except pyproj.exceptions.CRSError:
        return str(name)
    return ""


def _read_parquet(path: Path) -> Read:
    try:
        return Read(gpd.read_parquet(path))
    except shapely.errors.GEOSException:
        return _read_open_parquet(path)
    except ValueError as error:
        raise TransferError("This is not a GeoParquet file.", cure="Export it again.") from error


def _read_open_parquet(path: Path) -> Read:
    """Read GeoParquet some ring of which is not closed, which GeoPandas refuses whole."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    column = geo["primary_column"]
    shapes, opened = read_wkb(np.array(table.column(column).to_pylist(), dtype=object))
    frame = table.drop_columns(list(geo["columns"])).to_pandas()
    crs = geo["columns"][column].get("crs", "OGC:CRS84")
    return Read(gpd.GeoDataFrame(frame, geometry=shapes, crs=crs), opened)


# -- What every layer must be --------------------------------------------------------------------


def _require_rows(frame: gpd.GeoDataFrame, max_vertices: int) -> None:
    if frame.empty:
        raise TransferError("The layer has no rows.", cure="Is it the right one?")
    vertices = int(shapely.get_num_coordinates(np.asarray(frame.geometry.values)).sum())
    if vertices > max_vertices:
        raise TransferError(
            f"The layer has {vertices:,} vertices.",
            cure=f"At most {max_vertices:,} are read; raise WANGGE_MAX_VERTICES.",
        )


def _note_heights(read: Read) -> None:
    shapes = np.asarray(read.frame.geometry.values, dtype=object)
    rows = int((shapely.has_z(shapes) | shapely.has_m(shapes)).sum())
    if rows:
        read.notes.append(_left_out(rows))


def _left_out(rows: int) -> str:
    words = "1 row has" if rows == 1 else f"{rows:,} rows have"
    return f"{words} heights (Z) or measures (M); they are left out, the check is of the plane."


def _set_crs(read: Read, told: str | None, otherwise: str | None) -> None:
    frame = read.frame
    told = told or (otherwise if frame.crs is None else None)
    if told is None:
        if frame.crs is None:
            raise MissingCrsError(
                f"The coordinate system that the file names is not known: {read.said_crs}."
                if read.said_crs
                else "Nothing says which coordinate system the layer is in.",
                cure="Say it with --crs: an EPSG code such as EPSG:4490, or GCJ-02 or BD-09.",
            )
        _require_horizontal(pyproj.CRS(frame.crs), "the file's own")
        return
    convert = DATUMS.get(told.upper().replace("GCJ02", "GCJ-02").replace("BD09", "BD-09"))
    crs = parse_crs("EPSG:4326" if convert else told)
    if frame.crs is not None and pyproj.CRS(frame.crs) != crs and convert is None:
        read.notes.append(f"The file says {frame.crs.to_string()}; it is read as {told}, as told.")
    frame = frame.set_crs(crs, allow_override=True)
    if convert:
        # Out of range, the conversion would give what nobody wrote.
        assert_plausible(frame)
        frame = frame.set_geometry(_converted(frame.geometry, convert))
        read.opened = {
            row: Point(*map(float, convert(place.x, place.y))) for row, place in read.opened.items()
        }
    read.frame = frame


def _converted(shapes: gpd.GeoSeries, convert: Convert) -> gpd.GeoSeries:
    moved = shapely.transform(
        np.asarray(shapes.values, dtype=object),
        lambda xy: np.column_stack(convert(xy[:, 0], xy[:, 1])),
    )
    return gpd.GeoSeries(moved, index=shapes.index, crs=shapes.crs)


def parse_crs(words: str) -> pyproj.CRS:
    """Return the CRS of an EPSG code.

    Raises
    ------
    TransferError
        If PROJ does not know it, or it says nothing of where on Earth a point is.
    """
    try:
        crs = pyproj.CRS.from_user_input(words)
    except pyproj.exceptions.CRSError as error:
        raise TransferError(
            f"“{words}” is not a coordinate system that is known.",
            cure="Give an EPSG code such as EPSG:4547, or GCJ-02 or BD-09, with --crs.",
        ) from error
    _require_horizontal(crs, words)
    return crs


def _require_horizontal(crs: pyproj.CRS, words: str) -> None:
    if not (crs.is_geographic or crs.is_projected):
        raise TransferError(
            f"The coordinate system {words} ({crs.name}) has no longitude and latitude, and no "
            "easting and northing.",
            cure="Say with --crs which the coordinates are in: an EPSG code such as EPSG:4547.",
        )
