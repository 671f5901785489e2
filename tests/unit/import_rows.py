"""Batches made of literals, and the rows that the import makes of them."""

from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from layers.transfer import Batch, Kind, kind_of
from layers.transfer.mapping import map_columns
from layers.transfer.placing import Placer
from layers.transfer.rows import Rows, read_rows

CODES = {"county": 6, "town": 9, "village": 12, "grid": 15}
V, G = "990101101001", "990101101001001"
BOX = shapely.box(115.1, 33.1, 115.2, 33.2)
BOWTIE = shapely.Polygon([(115, 33), (115.1, 33.1), (115.1, 33), (115, 33.1), (115, 33)])


def batch(shapes: list[Any] | None = None, /, **columns: Any) -> Batch:
    (rows,) = {len(values) for values in columns.values()}
    return Batch(
        np.arange(1, 1 + rows),
        {name: pa.array(values, pa.string()) for name, values in columns.items()},
        None if shapes is None else np.array([*shapes, None], dtype=object)[:-1],
    )


def rows_of(kind: str | Kind, given: Batch, crs: str = "EPSG:4326", **told: str) -> Rows:
    kind = kind_of(kind) if isinstance(kind, str) else kind
    placer = Placer(crs, None) if kind.shapes != "none" else None
    return read_rows(kind, given, map_columns(kind, list(given.columns), told), placer, CODES)


def listed(rows: Rows, *names: str) -> list[tuple[Any, ...]]:
    columns = [rows.table.column(name).to_pylist() for name in names]
    return list(zip(*columns, strict=True))
