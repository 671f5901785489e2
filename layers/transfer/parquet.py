"""GeoParquet: what it says of its geometry, and its rows in batches; neither is taken on trust."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layers.transfer.archive import HARMLESS_BYTES, MOST_RATIO
from layers.transfer.arrow import looked_over
from layers.transfer.errors import TransferError, damaged, not_parquet, require_names

PARQUET = (".parquet", ".geoparquet")
# A few bytes can say a thousand million equal rows. China's largest county has three million
# people.
MOST_ROWS = 20_000_000


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is open: all of its columns by name, and those that are no geometry.

    ``shape`` is the column of its geometry, null for a list; ``crs`` is null where the file says
    that it is unknown.
    """

    names: list[str]
    headers: list[str]
    shape: str | None
    crs: str | None
    rows: int
    records: Iterator[pa.RecordBatch]


def open_parquet(path: Path, batch_rows: int) -> Opened:
    """Open a file, and read it batch by batch.

    Raises
    ------
    TransferError
        If it is none, now or while it is read, or has too many rows or columns.
    """
    try:
        file = pq.ParquetFile(path)
        words = [file.schema.column(at) for at in range(len(file.schema))]
        texts = [each.path for each in words if each.physical_type == "BYTE_ARRAY"]
        # With words kept once, as in the file, it can be seen how large they are all together.
        file = pq.ParquetFile(path, read_dictionary=texts)
        names = [str(name) for name in file.schema_arrow.names]
        said = _said(file.schema_arrow.metadata)
        shape = said.get("primary_column")
        # Bytes without the metadata that says so are as often a geometry.
        crs = _crs(said["columns"][shape]) if shape else None
        headers = [name for name in names if name and name not in said.get("columns", ())]
        if shape and shape not in names:
            raise not_parquet()
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # it is the system's; Arrow's own have no number
        raise not_parquet() from error
    require_names(names)
    _require_measure(file.metadata, path.stat().st_size)
    return Opened(
        names, headers, shape or None, crs, file.metadata.num_rows, _records(file, batch_rows)
    )


def _said(metadata: dict[bytes, bytes] | None) -> dict[str, Any]:
    """Return what GeoParquet says of its geometry; empty where it says nothing."""
    found = json.loads((metadata or {}).get(b"geo", b"{}"))
    return found if isinstance(found, dict) else {}


def _crs(column: dict[str, Any]) -> str | None:
    # Left out: OGC:CRS84, by the specification; null: unknown.
    crs = column.get("crs", "OGC:CRS84") if isinstance(column, dict) else 0
    if crs is not None and not isinstance(crs, dict | str):
        raise not_parquet()
    return json.dumps(crs) if isinstance(crs, dict) else crs


def _require_measure(metadata: pq.FileMetaData, packed: int) -> None:
    groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
    counts = [metadata.num_rows, *(group.num_rows for group in groups)]
    rows, unpacked = max(counts[0], sum(counts[1:])), sum(group.total_byte_size for group in groups)
    if unpacked > max(MOST_RATIO * packed, HARMLESS_BYTES):
        raise TransferError(
            f"The file would unpack to {unpacked / 1e6:,.0f} MB, {unpacked / packed:,.0f} times "
            "its size: no layer does.",
            cure="Export it again, without columns that say the same in each row.",
            zh="压缩比异常，不像是图层。请去掉每行都相同的列，重新导出。",
        )
    if rows > MOST_ROWS:
        raise TransferError(
            f"The file has {rows:,} rows.",
            cure=f"At most {MOST_ROWS:,} are read; split it.",
            zh=f"文件有 {rows:,} 行，最多读 {MOST_ROWS:,} 行，请拆分。",
        )
    if min(counts) < 0:
        raise damaged()


def _records(file: pq.ParquetFile, batch_rows: int) -> Iterator[pa.RecordBatch]:
    try:
        with file:
            yield from looked_over(file.iter_batches(batch_rows, use_threads=False))
    except (pa.ArrowException, OSError) as error:
        raise damaged(error) from error
