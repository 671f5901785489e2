"""Files in batches: text columns and shapes, however large the file is and whatever its format.

Every attribute comes as text, as the file has it; what it means is read later, field by field. A
list without coordinates is as good as a layer. CSV, GeoPackage, Shapefile and GeoParquet are read
piece by piece, so that memory is bounded by the size of a batch and not by the file's.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from shapely import Point

from layers.transfer.archive import unpacked
from layers.transfer.arrow import as_text, blobs_of, looked_over
from layers.transfer.delimited import open_delimited
from layers.transfer.drivers import pyogrio
from layers.transfer.encoding import shapefile_encoding, unreadable
from layers.transfer.errors import about, damaged, not_spatial, require_file, require_names
from layers.transfer.geojson import known_crs
from layers.transfer.parquet import PARQUET, open_parquet
from layers.transfer.places import read_places
from layers.transfer.reading import (
    GEOJSON,
    MOST_UNZIPPED_MB,
    choose_layer,
    open_whole,
    require_parts,
)
from layers.transfer.rejects import Faults
from layers.transfer.rings import read_wkb
from layers.transfer.sheets import SHEETS, read_sheet

Geometries = NDArray[np.object_]
DELIMITED = (".csv", ".tsv", ".tab", ".txt", ".gz")
ZIPPED = (".zip", ".kmz")
ROWS = 50_000
# Its threads read ahead, and so hold several batches; they gain nothing.
pyogrio.set_gdal_config_options({"OGR_GPKG_NUM_THREADS": "1"})


@dataclass(slots=True)
class Batch:
    """Some rows of a file.

    ``rows`` are their numbers, from 1, below the header. ``columns`` are text, null where nothing
    stands. ``shapes`` are in the file's CRS, null where a row has none; null as a whole for a list
    without coordinates. ``opened`` are the positions whose ring was not closed, ``faults`` the
    coordinates that cannot be read.
    """

    rows: NDArray[np.int64]
    columns: dict[str, pa.Array]
    shapes: Geometries | None
    opened: dict[int, Point] = field(default_factory=dict)
    faults: list[Faults] = field(default_factory=list)


@dataclass(slots=True)
class Source:
    """A file that is open: what it says of itself, and its batches, each read once.

    ``crs`` is null where the file does not say, ``said_crs`` what it calls a CRS that nobody
    knows; ``rows`` is null where the number is not known before the end.
    """

    headers: list[str]
    batches: Iterator[Batch]
    crs: str | None = None
    said_crs: str = ""
    rows: int | None = None
    notes: list[str] = field(default_factory=list)


@contextmanager
def open_batches(
    path: Path,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    places: dict[str, str] | None = None,
    batch_rows: int = ROWS,
    max_unzipped_mb: int = MOST_UNZIPPED_MB,
) -> Iterator[Source]:
    """Open a file to be read in batches.

    Parameters
    ----------
    path
        GeoJSON, GeoPackage, Shapefile, KML, GeoParquet (zipped or not), CSV (also with tabs or
        semicolons, also gzipped) or XLSX.
    layer
        The layer or sheet, where there are several.
    encoding
        Of the text, where the file is not what it seems.
    places
        Which columns of a table hold ``lon`` and ``lat``, or ``wkt``, where their headers do not
        say.
    batch_rows
        The most rows of a batch.
    max_unzipped_mb
        The most that an archive may unpack to.

    Raises
    ------
    TransferError
        If the file cannot be used, now or while its batches are read; names the file, and the
        row where there is one.
    """
    with about(path):
        require_file(path)
        if path.suffix.lower() in ZIPPED:
            with unpacked(path, max_unzipped_mb * 1_000_000, layer) as inner:
                inside = layer if inner.suffix in (".gpkg", ".kml") else None
                with _open(inner, inside, encoding, places, batch_rows, max_unzipped_mb) as source:
                    yield source
        else:
            with _open(path, layer, encoding, places, batch_rows, max_unzipped_mb) as source:
                yield source


@contextmanager
def _open(
    path: Path,
    layer: str | None,
    encoding: str | None,
    places: dict[str, str] | None,
    batch_rows: int,
    max_mb: int,
) -> Iterator[Source]:
    suffix = path.suffix.lower()
    if suffix in DELIMITED:
        with open_delimited(path, encoding, max_mb * 1_000_000) as (headers, tables):
            batches = (_table_batch(rows, table, places) for rows, table in tables)
            yield Source(headers, _cut(batches, batch_rows))
    elif suffix in SHEETS:
        headers, rows, columns, notes = read_sheet(path, layer, max_mb * 1_000_000)
        whole = _table_batch(rows, columns, places)
        yield Source(headers, _cut(iter([whole]), batch_rows), rows=len(rows), notes=notes)
    elif suffix in PARQUET:
        yield _parquet(path, batch_rows)
    elif suffix in (*GEOJSON, ".kml") or (encoding and suffix != ".shp"):
        yield _whole(path, layer, encoding, batch_rows)
    else:
        with _ogr(path, layer, encoding, batch_rows) as source:
            yield source


def _table_batch(
    rows: NDArray[np.int64], columns: dict[str, pa.Array], places: dict[str, str] | None
) -> Batch:
    shapes, opened, faults = read_places(columns, places)
    return Batch(rows, columns, shapes, opened, faults)


def _cut(batches: Iterator[Batch], most: int) -> Iterator[Batch]:
    """Cut batches that are too large; what is known of places goes with its rows."""
    for batch in batches:
        for start in range(0, len(batch.rows), most):
            yield _slice(batch, start, start + most) if len(batch.rows) > most else batch


def _slice(batch: Batch, start: int, stop: int) -> Batch:
    faults = []
    for each in batch.faults:
        held = [(p - start, v) for p, v in zip(each.positions, each.found, strict=True)
                if start <= p < stop]  # fmt: skip
        if held:
            positions, values = zip(*held, strict=True)
            faults.append(Faults(each.field, each.reason, positions, values))
    return Batch(
        batch.rows[start:stop],
        {name: values.slice(start, stop - start) for name, values in batch.columns.items()},
        None if batch.shapes is None else batch.shapes[start:stop],
        {row - start: place for row, place in batch.opened.items() if start <= row < stop},
        faults,
    )


# -- formats that come as Arrow ------------------------------------------------------------------


@contextmanager
def _ogr(path: Path, layer: str | None, encoding: str | None, batch_rows: int) -> Iterator[Source]:
    seen = None
    if path.suffix.lower() == ".shp":
        require_parts(path)
        seen = None if encoding else shapefile_encoding(path)
    try:
        name = choose_layer(path, layer)
        info = pyogrio.read_info(path, layer=name, encoding=encoding or seen)
        with pyogrio.raw.open_arrow(
            path, layer=name, encoding=encoding or seen, batch_size=batch_rows, use_pyarrow=True
        ) as (meta, reader):
            headers = [str(header) for header in meta["fields"]]
            require_names(headers)
            # Columns are known by their place: a field may be called as the shape is.
            shape = len(headers) if meta["geometry_type"] is not None else None
            source = Source(
                headers, _batches(looked_over(reader), shape, range(len(headers)), headers)
            )
            source.crs, source.said_crs = known_crs(meta["crs"])
            source.rows = int(info["features"]) if info["features"] >= 0 else None
            if seen not in (None, "UTF-8"):
                source.notes.append(f"The text is read as {seen}.")
            yield source
    except (DataSourceError, DataLayerError) as error:
        raise not_spatial() from error
    except (UnicodeDecodeError, LookupError) as error:
        raise unreadable(encoding or "UTF-8") from error
    except pa.ArrowException as error:
        raise (
            unreadable(encoding or "UTF-8") if "UTF8" in str(error) else damaged(error)
        ) from error


def _parquet(path: Path, batch_rows: int) -> Source:
    file = open_parquet(path, batch_rows)
    places = [file.names.index(header) for header in file.headers]
    shape = None if file.shape is None else file.names.index(file.shape)
    source = Source(file.headers, _batches(file.records, shape, places, file.headers))
    source.crs, source.said_crs = known_crs(file.crs)
    source.rows = file.rows
    return source


def _batches(
    records: Iterable[pa.RecordBatch], shape: int | None, places: Sequence[int],
    headers: Sequence[str],
) -> Iterator[Batch]:  # fmt: skip
    first = 1
    for record in records:
        shapes: Geometries | None = None
        opened: dict[int, Point] = {}
        faults: list[Faults] = []
        if shape is not None:
            blobs = blobs_of(record.column(shape))
            shapes, opened = read_wkb(blobs)
            faults = _unread(blobs, shapes)
        columns = {header: as_text(record.column(place))
                   for header, place in zip(headers, places, strict=True)}  # fmt: skip
        yield Batch(np.arange(first, first + len(record)), columns, shapes, opened, faults)
        first += len(record)


def _unread(blobs: Geometries, shapes: Geometries) -> list[Faults]:
    meant = np.array([bool(blob) for blob in blobs], dtype=bool)
    lost = np.flatnonzero(meant & shapely.is_missing(shapes)).tolist()
    return [Faults("geom", "unreadable", tuple(lost), ("",) * len(lost))] if lost else []


def _whole(path: Path, layer: str | None, encoding: str | None, batch_rows: int) -> Source:
    """Read what has no pieces, as GeoJSON and KML; and text in an encoding that Arrow lacks."""
    read = open_whole(path, layer, encoding)
    name = read.frame.geometry.name
    table = pa.Table.from_pandas(read.frame.drop(columns=name), preserve_index=False)
    columns = {str(key): as_text(table.column(key).combine_chunks()) for key in table.column_names}
    shapes = np.asarray(read.frame.geometry.values, dtype=object)
    rows = np.arange(1, len(shapes) + 1)
    crs = None if read.frame.crs is None else read.frame.crs.to_string()
    # A list written as a map: it does not say that a row's place is gone.
    places = None if shapely.is_missing(shapes).all() else shapes
    batches = _cut(iter([Batch(rows, columns, places, read.opened)]), batch_rows)
    return Source(list(columns), batches, crs, read.said_crs, len(rows), list(read.notes))
