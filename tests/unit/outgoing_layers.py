"""Layers on their way out, made of literals."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from layers.transfer import Kind, open_batches
from layers.transfer.mapping import map_columns
from layers.transfer.outgoing import Lang, Outgoing, Piece, Target, columns_of, to_arrow
from layers.transfer.values import read_values

# Each with a trap: a carriage return, text that is marked already, a sign outside the basic plane.
RARE = ["𠮷野家", "一行\n两行", "a\tb", 'say "hi"', "007", "=cmd|' /C calc'!A0", "'=1",
        "''-x", "'tis", "411625001001", "+8610000", "@x", "-1", "_x000D_",
        "a\rb", "{a}", "NULL", "é", "，；、"]  # fmt: skip
POINT = shapely.Point(115.12345678901234, 33.98765432109876)
SQUARE = shapely.MultiPolygon([shapely.box(115.1, 33.1, 115.2, 33.2)])
CLOCKWISE = shapely.MultiPolygon([shapely.box(115.1, 33.1, 115.2, 33.2, ccw=False)])
AT = dt.datetime(2026, 1, 5, 1, 30, 0, 123456, tzinfo=dt.UTC)


def outgoing(
    kind: Kind,
    values: dict[str, list[Any]],
    shapes: list[Any] | None = None,
    *,
    lang: Lang = "zh",
    crs: str | None = None,
    masked: bool = False,
) -> Outgoing:
    """A layer of the fields that are named; the others are null."""
    rows = len(values["code"])
    columns = columns_of(kind, lang, masked=masked)
    arrays = [to_arrow(f, lang, values.get(f.name, [None] * rows)) for f in kind.fields]
    target = Target(crs)
    placed = None if shapes is None else target.place(np.array(shapes, dtype=object))
    types = {shape.geom_type for shape in shapes or [] if shape is not None}
    return Outgoing(kind, lang, columns, rows, lambda: iter([Piece(arrays, placed)]), target, types)


def read_back(path: Path, kind: Kind) -> tuple[dict[str, list[str | None]], Any]:
    """The file as the import reads it: fields to values, and shapes."""
    with open_batches(path) as source:
        mapping = map_columns(kind, source.headers, {})
        batch = next(iter(source.batches))
    found = {}
    for name, column in mapping.items():
        values, wrong, _ = read_values(kind.field(name), batch.columns[column])
        assert not wrong.any(), name
        found[name] = values.to_pylist()
    return found, batch.shapes
