"""Cells of CSV and XLSX: places as numbers or WKT, and text that no spreadsheet runs or spoils."""

import datetime as dt
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import shapely
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.worksheet import Worksheet

from layers.transfer.errors import TransferError
from layers.transfer.formulas import defuse
from layers.transfer.outgoing import Geometries, Note, Outgoing, Piece

CHINA = dt.timezone(dt.timedelta(hours=8))
# What a sheet holds: rows below the header, and UTF-16 units in a cell.
MOST_ROWS = 1_048_575
MOST_UNITS = 32_767
# XML has no way to write these.
UNWRITABLE = re.compile("[\ufffe\uffff]")
# Excel believes that 1900 was a leap year: from here on its days are right.
FIRST_DAY = dt.date(1900, 3, 1)
# In digits: the longest code here has eighteen signs.
WIDTH = 20
LONLAT = {"zh": ("经度", "纬度"), "en": ("Longitude", "Latitude"), "code": ("lon", "lat")}
SYSTEM = {"zh": "坐标系", "en": "CRS", "code": "crs"}
Cells = Callable[[Piece], list[pa.Array]]


def moments(values: pa.Array, between: str = " ") -> pa.Array:
    """Return moments as text, China Standard Time with its offset; microseconds where there are.

    Examples
    --------
    >>> at = dt.datetime(2026, 1, 5, 1, 30, tzinfo=dt.timezone.utc)
    >>> moments(pa.array([at, None], pa.timestamp("us", "UTC"))).to_pylist()
    ['2026-01-05 09:30:00+08:00', None]
    """
    return pa.array(
        [at and at.astimezone(CHINA).isoformat(between) for at in values.to_pylist()], pa.string()
    )


def cell_columns(outgoing: Outgoing, *, places: bool = True) -> tuple[list[str], Cells]:
    """Return the headers of a table, and what makes its columns of a piece.

    Points are two columns of coordinates, other shapes one of WKT; a last column names the
    coordinate system in each row, for a table has no other place to. Text is defused.

    Parameters
    ----------
    places
        Whether shapes are written.
    """
    headers = [column.header for column in outgoing.columns]
    points = outgoing.kind.shapes == "points"
    target = outgoing.target
    placed = places and outgoing.geometry is not None
    if placed:
        lonlat = LONLAT[outgoing.lang] if target.is_degrees else ("x", "y")
        headers += [*(lonlat if points else ("WKT",)), SYSTEM[outgoing.lang]]

    def cells(piece: Piece) -> list[pa.Array]:
        columns = [_cell(values) for values in piece.columns]
        if placed and piece.shapes is not None:
            columns += _points(piece.shapes) if points else [wkt(piece.shapes)]
            drawn = pa.array(~shapely.is_missing(piece.shapes))
            columns.append(pc.if_else(drawn, target.name, None))
        return columns

    return headers, cells


def _cell(values: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(values.type):
        return moments(values)
    return defuse(values) if pa.types.is_string(values.type) else values


def _points(shapes: Geometries) -> list[pa.Array]:
    """Return x and y as text: the shortest that reads as the same double."""
    drawn = pa.array(~shapely.is_missing(shapes))
    return [
        pc.if_else(drawn, pc.cast(pa.array(axis(shapes)), pa.string()), None)
        for axis in (shapely.get_x, shapely.get_y)
    ]


def wkt(shapes: Geometries) -> pa.Array:
    """Return shapes as WKT that reads as the same doubles: GEOS's own loses a bit in a thousand.

    Examples
    --------
    >>> import numpy as np
    >>> wkt(np.array([shapely.box(0, 0, 1, 0.1), None], dtype=object)).to_pylist()
    ['POLYGON ((1.0 0.0, 1.0 0.1, 0.0 0.1, 0.0 0.0, 1.0 0.0))', None]
    """
    texts = shapely.to_geojson(shapes)
    return pa.array([text and _wkt(json.loads(text)) for text in texts], pa.string())


def _wkt(shape: dict[str, Any]) -> str:
    kind = str(shape["type"]).upper()
    if kind == "GEOMETRYCOLLECTION":
        return f"{kind} ({', '.join(map(_wkt, shape['geometries']))})"
    inner = _coordinates(shape["coordinates"])
    return f"{kind} ({inner})" if kind == "POINT" else f"{kind} {inner}"


def _coordinates(values: list[Any]) -> str:
    if not isinstance(values[0], list):
        return f"{float(values[0])!r} {float(values[1])!r}"
    return f"({', '.join(map(_coordinates, values))})"


# -- sheets --------------------------------------------------------------------------------------


def require_cells(outgoing: Outgoing) -> None:
    """Refuse more rows than a sheet has.

    Raises
    ------
    TransferError
        Saying how many there are.
    """
    if outgoing.rows > MOST_ROWS:
        raise TransferError(
            f"The layer has {outgoing.rows:,} rows, and a sheet holds {MOST_ROWS:,}.",
            cure="Export part of it with --area, or choose .csv, .gpkg or .parquet.",
            zh=f"图层有 {outgoing.rows:,} 行，一张工作表最多 {MOST_ROWS:,} 行。"
            "请只导出一部分区域，或选 .csv、.gpkg、.parquet。",
        )


def write_sheet(path: Path, outgoing: Outgoing) -> None:
    """Write a workbook of one sheet, row by row.

    Codes and coordinates are text: as numbers a spreadsheet would cut them to fifteen digits.
    Outlines too long for a cell are left out, all of them, and that is noted.

    Raises
    ------
    TransferError
        If a cell cannot hold its text.
    """
    places = not _any_long(outgoing)
    headers, cells = cell_columns(outgoing, places=places)
    if not places:
        outgoing.notes.append(
            Note(
                f"Shapes are left out: a cell holds {MOST_UNITS:,} characters. An import of this "
                "file leaves them as they are; choose .gpkg or .csv to have them.",
                f"未含图形：一个单元格最多 {MOST_UNITS:,} 个字符。再导入时图形保持原样；"
                "需要图形请选 .gpkg 或 .csv。",
            )
        )
    # Rows wait in a folder of our own. A workbook that breaks off is closed all the same: whoever
    # called removes the file.
    try:
        with (
            tempfile.TemporaryDirectory(prefix="wangge-") as folder,
            path.open("wb") as sink,
            xlsxwriter.Workbook(sink, {"constant_memory": True, "tmpdir": folder}) as book,
        ):
            _fill(book, outgoing, headers, cells)
    except FileCreateError as error:
        raise OSError(str(error)) from error


def _fill(book: xlsxwriter.Workbook, outgoing: Outgoing, headers: list[str], cells: Cells) -> None:
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    text = book.add_format({"num_format": "@"})
    head = book.add_format({"bold": True, "bottom": 1, "num_format": "@"})
    sheet = book.add_worksheet(outgoing.kind.zh if outgoing.lang == "zh" else outgoing.kind.en)
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, len(headers) - 1, WIDTH, text)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{outgoing.rows + 1}"})
    for place, header in enumerate(headers):
        sheet.write_string(0, place, header, head)
    row = 0
    for piece in outgoing.pieces():
        columns = [each.to_pylist() for each in cells(piece)]
        for values in zip(*columns, strict=True):
            row += 1
            for place, value in enumerate(values):
                if value is not None:
                    _write(sheet, row, place, value, day, text)


def _any_long(outgoing: Outgoing) -> bool:
    if outgoing.kind.shapes in ("none", "points"):
        return False
    return any(
        bool(pc.any(pc.greater(pc.utf8_length(wkt(piece.shapes)), MOST_UNITS)).as_py())
        for piece in outgoing.pieces()
        if piece.shapes is not None
    )


def _write(sheet: Worksheet, row: int, place: int, value: object, day: Any, text: Any) -> None:  # noqa: ANN401 - formats
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int):
        sheet.write_number(row, place, value)
    elif isinstance(value, dt.date) and value >= FIRST_DAY:
        sheet.write_datetime(row, place, dt.datetime.combine(value, dt.time()), day)
    else:
        words = str(value)
        if len(words.encode("utf-16-le")) // 2 > MOST_UNITS or UNWRITABLE.search(words):
            raise TransferError(
                f"A cell cannot hold the text “{words[:20]}…”: it is too long, or has a sign that "
                "no workbook has.",
                cure="Choose .csv, .gpkg or .parquet.",
                zh=f"单元格写不下“{words[:20]}…”：太长，或含有工作簿没有的字符。"
                "请选 .csv、.gpkg 或 .parquet。",
                row=row,
            )
        sheet.write_string(row, place, words, text)
