"""Layers to files: each format that is read, a batch at a time.

Coordinates are written so that the same doubles are read again. What a format cannot hold is
refused with a cure, or left out and said; nothing is cut short in silence.
"""

import json
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from layers.transfer.cells import cell_columns, moments, require_cells, write_sheet
from layers.transfer.errors import TransferError
from layers.transfer.formulas import unambiguous
from layers.transfer.kml import require_crs84, write_kml, write_kmz
from layers.transfer.outgoing import Outgoing, Piece, short_names

SHAPE = "geom"
# A dBASE table holds so many bytes of text in a column.
MOST_BYTES = 254
# It has one type for a shape and for several.
MANIFOLD = {"LineString": "MultiLineString", "Polygon": "MultiPolygon"}
OGR_ERRORS = (DataSourceError, DataLayerError, FieldError, FeatureError, GeometryError)
Records = Iterator[pa.RecordBatch]


def ending_of(path: Path, known: Collection[str] = ()) -> str:
    """Return the ending that says the format.

    Parameters
    ----------
    path
        Of the file to be written.
    known
        The endings to choose from; without them, those of :data:`WRITERS`.

    Raises
    ------
    TransferError
        If it says none of them.

    Examples
    --------
    >>> ending_of(Path("住户.2026.SHP.ZIP"))
    '.shp.zip'
    """
    known = known or WRITERS
    name = path.name.lower()
    found = next((ending for ending in known if name.endswith(ending)), None)
    if found is None:
        raise TransferError(
            f"“{path.name}” does not say in which format.",
            cure=f"End its name in one of {' '.join(known)}.",
            zh=f"“{path.name}”没有说明格式。文件名请以 {' '.join(known)} 之一结尾。",
        )
    return found


def write_layer(path: Path, outgoing: Outgoing) -> None:
    """Write a layer to a file, which is there when it is whole and not before.

    Parameters
    ----------
    path
        Its ending picks the format. What is there is replaced.
    outgoing
        Its ``notes`` are added to: what the format could not hold.

    Raises
    ------
    TransferError
        If the format cannot hold the layer, or the file cannot be written.
    """
    ending = ending_of(path)
    # GDAL wants the format's own ending.
    part = path.with_name(f"{path.name[: -len(ending)]}.part{ending}")
    try:
        part.unlink(missing_ok=True)
        WRITERS[ending](part, outgoing)
        part.replace(path)
    except (OSError, *OGR_ERRORS) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise TransferError(
            f"The file cannot be written: {why or error}.", cure="Name another.",
            zh=f"文件写不成：{why or error}。", file=path.name,
        ) from error  # fmt: skip
    finally:
        part.unlink(missing_ok=True)


# -- formats of GDAL -----------------------------------------------------------------------------


def _geopackage(path: Path, outgoing: Outgoing) -> None:
    said = f"{outgoing.kind.zh} · {outgoing.kind.en}"
    if outgoing.geometry:
        said += f" · {outgoing.target.name}"
    _ogr(path, outgoing, "GPKG", [c.header for c in outgoing.columns], _typed, {
        "layer": outgoing.name, "layer_metadata": {"DESCRIPTION": said},
    })  # fmt: skip


def _shapefile(path: Path, outgoing: Outgoing) -> None:
    wide = {MANIFOLD.get(each, each) for each in outgoing.types}
    if len(wide) != 1:
        raise TransferError(
            "A Shapefile holds shapes of one kind: points, lines or polygons."
            if outgoing.geometry
            else f"{outgoing.kind.title} are a list without shapes.",
            cure="Choose .gpkg, .parquet, .csv or .xlsx.",
            zh=(
                "一个 Shapefile 只能装一类图形：点、线或面。"
                if outgoing.geometry
                else f"{outgoing.kind.zh}是没有图形的清单。"
            )
            + "请选 .gpkg、.parquet、.csv 或 .xlsx。",
        )
    names = short_names(outgoing.kind, outgoing.columns)
    with tempfile.TemporaryDirectory(prefix="wangge-") as folder:
        base = Path(folder) / f"{outgoing.name}.shp"
        options = {"encoding": "UTF-8", "geometry_type": wide.pop()}
        _ogr(
            base, outgoing, "ESRI Shapefile", names, lambda piece: _narrow(outgoing, piece), options
        )
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for each in sorted(base.parent.iterdir()):
                archive.write(each, each.name)


def _ogr(
    path: Path, outgoing: Outgoing, driver: str, names: list[str],
    arrays: Callable[[Piece], list[pa.Array]], options: Mapping[str, Any],
) -> None:  # fmt: skip
    fields = [
        (name, pa.string() if pa.types.is_timestamp(kind) else kind)
        for name, kind in zip(names, outgoing.arrow_types, strict=True)
    ]
    if outgoing.geometry:
        fields.append((SHAPE, pa.binary()))
        crs = None if outgoing.target.hidden else outgoing.target.crs.to_string()
        shape = {"geometry_name": SHAPE, "geometry_type": outgoing.geometry, "crs": crs}
        options = {**shape, **options}
    schema = pa.schema(fields)
    failed: list[BaseException] = []

    def records() -> Records:
        try:
            for piece in outgoing.pieces():
                held = arrays(piece)
                if outgoing.geometry:
                    held = [*held, _wkb(piece)]
                yield pa.record_batch(held, schema=schema)
        except BaseException as error:
            # GDAL would make a line of text of it.
            failed.append(error)
            raise

    with warnings.catch_warnings():
        # A datum that no registry has is said in the layer's name.
        warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)
        try:
            pyogrio.write_arrow(
                pa.RecordBatchReader.from_batches(schema, records()), path, driver=driver, **options
            )
        except Exception as error:
            raise (failed or [error])[0] from error


def _wkb(piece: Piece) -> pa.Array:
    return pa.array(shapely.to_wkb(piece.shapes), pa.binary())


def _typed(piece: Piece) -> list[pa.Array]:
    """Return columns with their types, but text for moments: GDAL has no microseconds."""
    return [
        moments(each) if pa.types.is_timestamp(each.type) else unambiguous(each)
        for each in piece.columns
    ]


def _narrow(outgoing: Outgoing, piece: Piece) -> list[pa.Array]:
    """Return columns that fit a dBASE table.

    Raises
    ------
    TransferError
        If text is longer than its columns.
    """
    arrays = _typed(piece)
    for column, values in zip(outgoing.columns, arrays, strict=True):
        if pa.types.is_string(values.type):
            long = pc.fill_null(pc.greater(pc.binary_length(values), MOST_BYTES), fill_value=False)
            rows = np.flatnonzero(np.asarray(long))
            if len(rows):
                raise TransferError(
                    f"“{column.header}” is longer than the {MOST_BYTES} bytes that a Shapefile "
                    "holds.",
                    cure="Choose .gpkg, .parquet or .csv.",
                    zh=f"“{column.header}”超过 Shapefile 的 {MOST_BYTES} 字节上限。"
                    "请选 .gpkg、.parquet 或 .csv。",
                    code=piece.columns[0][int(rows[0])].as_py(),
                )
    return arrays


# -- GeoParquet and GeoJSON ----------------------------------------------------------------------


def _parquet(path: Path, outgoing: Outgoing) -> None:
    fields = [(c.header, t) for c, t in zip(outgoing.columns, outgoing.arrow_types, strict=True)]
    metadata = {}
    if outgoing.geometry:
        fields.append(("geometry", pa.binary()))
        target = outgoing.target
        # Null is "unknown" by the specification: the import then demands to be told.
        crs = None if target.hidden else target.crs.to_json_dict()
        column = {"encoding": "WKB", "geometry_types": list[str](), "crs": crs}
        geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
        metadata = {"geo": json.dumps(geo), "wangge": json.dumps({"crs": target.name})}
    schema = pa.schema(fields, metadata)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for piece in outgoing.pieces():
            held = [unambiguous(each) for each in piece.columns]
            if outgoing.geometry:
                held.append(_wkb(piece))
            writer.write_batch(pa.record_batch(held, schema=schema))


def _geojson(path: Path, outgoing: Outgoing) -> None:
    require_crs84(outgoing, "GeoJSON")
    headers = [column.header for column in outgoing.columns]
    with path.open("w", encoding="utf-8", newline="\n") as sink:
        sink.write('{"type":"FeatureCollection","features":[')
        comma = "\n"
        for piece in outgoing.pieces():
            for row, shape in zip(_properties(piece), _json_shapes(piece), strict=True):
                words = json.dumps(dict(zip(headers, row, strict=True)), ensure_ascii=False)
                sink.write(f'{comma}{{"type":"Feature","properties":{words},"geometry":{shape}}}')
                comma = ",\n"
        sink.write("\n]}\n")


def _properties(piece: Piece) -> Iterator[tuple[object, ...]]:
    columns = []
    for values in piece.columns:
        if pa.types.is_timestamp(values.type):
            values = moments(values, "T")
        elif pa.types.is_date(values.type):
            values = pc.cast(values, pa.string())
        columns.append(unambiguous(values).to_pylist())
    return zip(*columns, strict=True)


def _json_shapes(piece: Piece) -> list[str]:
    if piece.shapes is None:
        return ["null"] * len(piece.columns[0])
    return [text or "null" for text in shapely.to_geojson(piece.shapes)]


# -- tables --------------------------------------------------------------------------------------


def _csv(path: Path, outgoing: Outgoing) -> None:
    headers, cells = cell_columns(outgoing)
    schema = pa.schema([(header, pa.string()) for header in headers])
    with path.open("wb") as sink:
        # Without it Excel takes the text for GBK.
        sink.write(b"\xef\xbb\xbf")
        with pacsv.CSVWriter(sink, schema) as writer:
            for piece in outgoing.pieces():
                held = [pc.cast(each, pa.string()) for each in cells(piece)]
                writer.write_batch(pa.record_batch(held, schema=schema))


def _xlsx(path: Path, outgoing: Outgoing) -> None:
    require_cells(outgoing)
    write_sheet(path, outgoing)


WRITERS: Mapping[str, Callable[[Path, Outgoing], None]] = {
    ".gpkg": _geopackage,
    ".geojson": _geojson,
    ".shp.zip": _shapefile,
    ".kml": write_kml,
    ".kmz": write_kmz,
    ".parquet": _parquet,
    ".csv": _csv,
    ".xlsx": _xlsx,
}
