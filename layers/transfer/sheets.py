"""Workbooks: the list in a sheet, below whatever title stands over it."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from layers.transfer.archive import look_over
from layers.transfer.errors import TransferError, UndecidedError

SHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
# The header is the fullest row of words among the first; a title over it is one cell.
LOOKED_AT = 15
# A spreadsheet keeps fifteen digits; what is longer and a number has lost some.
MOST_DIGITS = 1e15
# Sheets of our own templates that hold no rows.
HELP = ("说明", "Help")

Read = tuple[list[str], NDArray[np.int64], dict[str, pa.Array], list[str]]


def read_sheet(path: Path, sheet: str | None, most: int) -> Read:
    """Read the one list of a workbook.

    Parameters
    ----------
    path
        XLSX, XLS or ODS.
    sheet
        Its name, where several hold something.
    most
        The most bytes that it may unpack to.

    Returns
    -------
    headers, rows, columns, notes
        Rows are counted from 1 below the header; empty ones are passed over.

    Raises
    ------
    TransferError
        If it is no workbook, it is not clear which sheet is meant, or two columns have one name.
    """
    if path.suffix.lower() in (".xlsx", ".xlsm", ".ods"):
        look_over(path, most)
    try:
        book = CalamineWorkbook.from_path(path)
        found = _choose(book, sheet)
        table: list[list[Any]] = found.to_python(skip_empty_area=False)
    except (CalamineError, ValueError, OSError) as error:
        raise TransferError(
            "This is not a workbook, or it is damaged or has a password.",
            cure="Save it again.",
            zh="这不是工作簿，或已损坏，或设了密码。请重新另存。",
        ) from error
    head = max(range(min(LOOKED_AT, len(table))), key=lambda row: (_words(table[row]), -row))
    headers = [str(cell).strip() for cell in table[head]]
    _require_names(headers)
    kept = [row for row in range(head + 1, len(table)) if any(str(c).strip() for c in table[row])]
    columns = {
        name: pa.array([_text(table[row][place]) for row in kept], pa.string())
        for place, name in enumerate(headers)
        if name
    }
    notes = [f"The header is in line {head + 1} of the sheet “{found.name}”."] if head else []
    return list(columns), np.array(kept, dtype=np.int64) - head, columns, notes


def _choose(book: CalamineWorkbook, sheet: str | None) -> CalamineSheet:
    names = [
        meta.name
        for meta in book.sheets_metadata
        if meta.visible == SheetVisibleEnum.Visible and meta.name not in HELP
    ]
    if sheet is not None:
        if sheet not in book.sheet_names:
            raise TransferError(
                f"There is no sheet “{sheet}”.",
                cure=f"There are: {', '.join(names)}.",
                zh=f"没有工作表“{sheet}”；有：{'、'.join(names)}。",
            )
        return book.get_sheet_by_name(sheet)
    held = [found for name in names if (found := book.get_sheet_by_name(name)).height]
    if len(held) == 1:
        return held[0]
    if not held:
        raise TransferError(
            "The workbook is empty.",
            cure="Is it the right one?",
            zh="工作簿是空的，是不是选错了文件？",
        )
    names = [each.name for each in held]
    raise UndecidedError(
        f"{len(held)} sheets hold something.",
        cure=f"Name one with --layer: {', '.join(names)}.",
        zh=f"有 {len(held)} 个工作表有内容，请指明一个（--layer）：{'、'.join(names)}。",
        option="layer", choices=names,
    )  # fmt: skip


def _words(row: list[Any]) -> int:
    return sum(isinstance(cell, str) and bool(cell.strip()) for cell in row)


def _require_names(headers: list[str]) -> None:
    held = [name for name in headers if name]
    twice = sorted({name for name in held if held.count(name) > 1})
    if twice:
        raise TransferError(
            f"Two columns are called “{twice[0]}”.",
            cure="Give each column a name of its own.",
            zh=f"有两列都叫“{twice[0]}”，请改成不同的列名。",
        )


def _text(cell: object) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.0f}" if abs(cell) < MOST_DIGITS else f"{cell:.6E}"
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ") if cell.time() != dt.time() else cell.date().isoformat()
    return str(cell)
