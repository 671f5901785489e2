"""Files to frames: whatever a county office has, with an answer to what is wrong with it.

Coordinates come as they are in the file, bit for bit; only GCJ-02 and BD-09 are converted, vertex
by vertex. Nothing guesses a coordinate system: what a file does not say must be told.
"""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from shapely import Point

from geo.crs import assert_plausible
from layers.transfer.archive import unpacked
from layers.transfer.arrow import blobs_of, plain
from layers.transfer.delimited import open_delimited
from layers.transfer.drivers import pyogrio
from layers.transfer.encoding import decode, is_utf8, shapefile_encoding, unreadable
from layers.transfer.errors import (
    TransferError,
    UndecidedError,
    about,
    no_rows,
    not_parquet,
    not_spatial,
    require_file,
    require_names,
    some,
)
from layers.transfer.geojson import known_crs, look_over
from layers.transfer.geopackage import computed_tables, require_stored
from layers.transfer.kml import own_columns
from layers.transfer.parquet import PARQUET, open_parquet
from layers.transfer.places import place_columns, read_places
from layers.transfer.placing import set_crs
from layers.transfer.rings import read_wkb
from layers.transfer.sheets import SHEETS, read_sheet

DELIMITED = (".csv", ".tsv", ".tab", ".txt", ".gz")
GEOJSON = (".geojson", ".json")
MOST_VERTICES = 20_000_000
MOST_UNZIPPED_MB = 4096
# Every whole number up to here is a float too.
LONGEST_NUMBER = 2**53
PARQUET_ROWS = 50_000


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
        require_file(path)
        if path.suffix.lower() in (".zip", ".kmz"):
            with unpacked(path, max_unzipped_mb * 1_000_000, layer) as inner:
                inside = layer if inner.suffix in (".gpkg", ".kml") else None
                read = open_whole(inner, inside, encoding, max_unzipped_mb)
        else:
            read = open_whole(path, layer, encoding, max_unzipped_mb)
        _require_rows(read.frame, max_vertices)
        set_crs(read, crs, default_crs)
        assert_plausible(read.frame)
    _note_heights(read)
    read.notes = [f"{path.name}: {note}" for note in read.notes]
    return read


def open_whole(
    path: Path, layer: str | None, encoding: str | None, max_mb: int = MOST_UNZIPPED_MB
) -> Read:
    """Read a file of any format whole, in its own CRS.

    Raises
    ------
    TransferError
        If it cannot be used.
    """
    suffix = path.suffix.lower()
    if suffix in (*DELIMITED, *SHEETS):
        return _read_table(path, layer, encoding, max_mb * 1_000_000)
    if suffix in PARQUET:
        return _read_parquet(path)
    if suffix in GEOJSON:
        return _read_geojson(path, layer, encoding)
    if suffix == ".shp":
        return _read_shapefile(path, layer, encoding)
    read = _read_ogr(path, path, layer, encoding)
    if suffix == ".kml" and (own := own_columns(path, list(read.frame.columns[:-1]))):
        read.frame = read.frame[[*own, "geometry"]].rename(columns=own)
    return read


def _read_table(path: Path, sheet: str | None, encoding: str | None, most: int) -> Read:
    """Read a table with a place in each row; an empty coordinate is a row without a place."""
    if path.suffix.lower() in SHEETS:
        headers, rows, columns, notes = read_sheet(path, sheet, most)
        line = 1  # the sheet's own lines are said by its note
    else:
        line, notes = 2, []
        with open_delimited(path, encoding, most) as (headers, tables):
            held = list(tables)
        rows = np.concatenate([np.empty(0, int), *(each for each, _ in held)])
        columns = {
            name: pa.chunked_array([c[name] for _, c in held], pa.string()).combine_chunks()
            for name in headers
            if name
        }
    if not place_columns(headers, None):
        raise TransferError(
            f"The table has no columns of coordinates, only {some(headers)}.",
            cure="Call two columns lon and lat (经度, 纬度), or one wkt.",
            zh=f"表里没有坐标列，只有：{some(headers, zh=True)}。请用经度、纬度两列，或一列 wkt。",
        )
    shapes, opened, faults = read_places(columns, None)
    for fault in (fault for fault in faults if fault.reason != "half"):
        row = int(rows[fault.positions[0]])
        value, wkt = fault.found[0], fault.reason == "unreadable"
        raise TransferError(
            f"“{value[:40]}” in column {fault.field} is not {'WKT' if wkt else 'a coordinate'}.",
            cure="Write for example POLYGON ((115 33, 116 33, 116 34, 115 33))." if wkt else
            "Write degrees or metres as a plain number, or leave it empty.",
            zh=f"{fault.field} 列的“{value[:40]}”不是"
            f"{'WKT 图形。' if wkt else '坐标值，请写数字或留空。'}",
            row=row, line=row - 1 + line,
        )  # fmt: skip
    left = {n: v.to_pylist() for n, v in columns.items() if n not in _wkt(headers)}
    frame = pd.DataFrame(left, dtype=str).fillna("")
    return Read(gpd.GeoDataFrame(frame, geometry=shapes), opened, notes)


def _wkt(headers: list[str]) -> tuple[str, ...]:
    found = place_columns(headers, None)
    return (found["wkt"],) if "wkt" in found else ()


# -- GDAL's formats ------------------------------------------------------------------------------


def _read_ogr(source: Path | bytes, path: Path, layer: str | None, encoding: str | None) -> Read:
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            name = choose_layer(source, layer)
            meta, _, shapes, columns = pyogrio.raw.read(
                source, layer=name, encoding=encoding, **_as_written(path)
            )
    except (DataSourceError, DataLayerError) as error:
        raise not_spatial() from error
    except (UnicodeDecodeError, LookupError) as error:
        raise unreadable(encoding or "UTF-8") from error
    if shapes is None:
        raise TransferError(
            "The layer is a list: it has no geometry.",
            cure="Give a map layer.",
            zh="这个图层只是名册，没有图形。请提供地图图层。",
        )
    geometries, opened = read_wkb(shapes)
    names = [str(name) for name in meta["fields"]]
    require_names(names)
    kept = [place for place, name in enumerate(names) if name]
    fields = {names[place]: columns[place] for place in kept}
    _require_whole_numbers(fields, [meta["dtypes"][place] for place in kept])
    crs, unknown = known_crs(_crs84(meta["crs"], path))
    frame = gpd.GeoDataFrame(pd.DataFrame(fields), geometry=geometries, crs=crs)
    _require_read(frame, ~pd.isna(shapes))
    measured = any("Measured (M)" in str(each.message) for each in said)
    notes = [_left_out(int(frame.geometry.notna().sum()))] if measured else []
    return Read(frame, opened, notes, unknown)


def _as_written(path: Path) -> dict[str, object]:
    """Return what keeps days and times as they are written: GDAL would drop zone and seconds."""
    geojson = path.suffix.lower() in GEOJSON
    return {"DATE_AS_STRING": "YES"} if geojson else {"datetime_as_string": True}


def _require_whole_numbers(columns: dict[str, NDArray[Any]], kinds: list[str]) -> None:
    """Refuse numbers so long that an empty cell beside them has cost them their last digits."""
    for (name, values), kind in zip(columns.items(), kinds, strict=True):
        if kind != "int64" or values.dtype.kind != "f":
            continue
        spoiled = np.flatnonzero(np.abs(values) > LONGEST_NUMBER)
        if len(spoiled):
            raise TransferError(
                "A number is too long to be read beside empty ones.",
                cure="Write codes as text, in quotes.",
                zh="数字太长，与空值混在一起会读错。请把编码写成文本（加引号）。",
                column=name, row=int(spoiled[0]) + 1,
            )  # fmt: skip


def choose_layer(source: Path | bytes, layer: str | None) -> str | int:
    """Return the layer that is meant: the named one, or the only one.

    Raises
    ------
    TransferError
        If there is none of that name, or several and none is named.
    """
    if layer is None and isinstance(source, bytes):
        return 0
    computed = set() if isinstance(source, bytes) or source.is_dir() else computed_tables(source)
    names = [str(name) for name in pyogrio.list_layers(source)[:, 0]]
    if layer not in names and not (layer is None and len(names) == 1):
        raise UndecidedError(
            f"There is no layer “{layer}”." if layer else f"The file has {len(names)} layers.",
            cure=f"Name one with --layer: {some(names)}.",
            zh=(f"没有图层“{layer}”" if layer else f"文件里有 {len(names)} 个图层")
            + f"，请指明一个（--layer）：{some(names, zh=True)}。",
            option="layer", choices=names,
        )  # fmt: skip
    require_stored(layer or names[0], computed)
    return layer or 0


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
            zh="这一行的图形无法读取，请在源数据中重画或删去。",
            row=row + 1,
            **code,
        )


def _crs84(crs: str | None, path: Path) -> str | None:
    # GeoJSON (RFC 7946) and KML are always longitude, latitude of WGS 84.
    if crs is None and path.suffix.lower() in (*GEOJSON, ".kml"):
        return "EPSG:4326"
    return crs


def require_parts(path: Path) -> None:
    """Refuse a Shapefile that lacks one of its files.

    Raises
    ------
    TransferError
        Naming what is not there.
    """
    # Beside the .shp, in whatever case the letters of the ending are.
    parts = {part.suffix.lower() for part in path.parent.glob(f"{_literal(path.stem)}.*")}
    lacks = [part for part in (".shx", ".dbf") if part not in parts]
    if lacks:
        raise TransferError(
            f"A Shapefile is several files; beside this one there is no {' and no '.join(lacks)}.",
            cure="Copy all of them: .shp, .shx, .dbf, .prj and, if there is one, .cpg.",
            zh=f"Shapefile 由多个文件组成，这里缺少 {'、'.join(lacks)}。"
            "请把 .shp .shx .dbf .prj（及 .cpg）一起提供。",
        )


def _read_shapefile(path: Path, layer: str | None, encoding: str | None) -> Read:
    require_parts(path)
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
    document = look_over(words)
    source = path if encoding is None and is_utf8(data) else words.encode(errors="replace")
    del data, words
    read = _read_ogr(source, path, layer, None)
    if document.meant is not None and len(document.meant) == len(read.frame):
        _require_read(read.frame, np.array(document.meant, dtype=bool))
    read.said_crs = document.said_crs or read.said_crs
    if read.said_crs:
        values = np.asarray(read.frame.geometry.values, dtype=object)
        read.frame = gpd.GeoDataFrame(read.frame.drop(columns="geometry"), geometry=values)
    return read


def _read_parquet(path: Path) -> Read:
    file = open_parquet(path, PARQUET_ROWS)
    if file.shape is None:
        raise not_parquet()
    held: dict[str, list[pa.Array]] = {header: [] for header in file.headers}
    blobs = [np.empty(0, dtype=object)]
    for record in file.records:
        blobs.append(blobs_of(record.column(file.names.index(file.shape))))
        for header in file.headers:
            held[header].append(plain(record.column(file.names.index(header))))
    said = np.concatenate(blobs)
    shapes, opened = read_wkb(said)
    columns = {
        name: pa.chunked_array(values).to_pandas() for name, values in held.items() if values
    }
    crs, unknown = known_crs(file.crs)
    frame = gpd.GeoDataFrame(pd.DataFrame(columns), geometry=shapes, crs=crs)
    _require_read(frame, ~pd.isna(said))
    return Read(frame, opened, said_crs=unknown)


# -- What every layer must be --------------------------------------------------------------------


def _require_rows(frame: gpd.GeoDataFrame, max_vertices: int) -> None:
    if frame.empty:
        raise no_rows("layer")
    vertices = int(shapely.get_num_coordinates(np.asarray(frame.geometry.values)).sum())
    if vertices > max_vertices:
        raise TransferError(
            f"The layer has {vertices:,} vertices.",
            cure=f"At most {max_vertices:,} are read; raise WANGGE_MAX_VERTICES.",
            zh=f"图层有 {vertices:,} 个顶点，最多读 {max_vertices:,} 个（WANGGE_MAX_VERTICES）。",
        )


def _note_heights(read: Read) -> None:
    shapes = np.asarray(read.frame.geometry.values, dtype=object)
    rows = int((shapely.has_z(shapes) | shapely.has_m(shapes)).sum())
    if rows:
        read.notes.append(_left_out(rows))


def _left_out(rows: int) -> str:
    words = "1 row has" if rows == 1 else f"{rows:,} rows have"
    return f"{words} heights (Z) or measures (M); they are left out, the check is of the plane."
