"""The worklist as a workbook or a table of text: one task a row, for the office."""

import csv
import io
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from layers.transfer.formulas import defused
from layers.worklist.lines import COLUMNS, Column, Heading, Line, state_words
from layers.worklist.states import OVERDUE, STATES

SHEET = {"zh": "任务清单", "en": "Worklist"}
# Rows above the tasks: title, day and counts, headers.
HEAD = 3
A4 = 9
# What a cell of Excel holds.
MOST = 32_767
HELP = {
    "zh": ("“状态”一列可从下拉列表中选择，供内部流转；系统中的状态以网页和核查结果为准。",
           "已报整改的任务由下一次核查认定：不再发现即“核查通过”，仍有则“退回重办”。"),
    "en": ("States are chosen from a list, for use in the office; what counts is the page and the "
           "next check.",
           "What is reported fixed is judged by the next check: verified when it is gone, reopened "
           "when it is found again."),
}  # fmt: skip


def write_book(path: Path, lines: Iterable[Line], head: Heading) -> int:
    """Write a workbook (XLSX), row by row in constant memory, and return how many tasks it has.

    Headers stay in sight and stand on each printed page; states are chosen from a list.

    Parameters
    ----------
    path
        What is there is replaced.
    lines
        The tasks, in their order.
    head
        What stands above them.
    """
    with (
        tempfile.TemporaryDirectory(prefix="wangge-") as folder,
        path.open("wb") as sink,
        xlsxwriter.Workbook(sink, {"constant_memory": True, "tmpdir": folder}) as book,
    ):
        book.set_properties({"title": head.title, "comments": head.about()})
        sheet = book.add_worksheet(SHEET[head.lang])
        looks = _looks(book)
        _top(sheet, head, looks)
        row = HEAD - 1
        for row, line in enumerate(lines, HEAD):
            for place, column in enumerate(COLUMNS):
                _cell(sheet, row, place, column, column.value(line, head.lang), looks)
        _finish(sheet, row, head, looks)
        _help(book.add_worksheet({"zh": "说明", "en": "Help"}[head.lang]), head)
    return row - HEAD + 1


Looks = dict[str, Any]


def _looks(book: xlsxwriter.Workbook) -> Looks:
    body = {"valign": "top", "border": 1, "border_color": "#D9D4CA"}
    return {
        "title": book.add_format({"bold": True, "font_size": 16}),
        "about": book.add_format({"font_color": "#565C64"}),
        "head": book.add_format({"bold": True, "border": 1, "bg_color": "#E3EAF2",
                                 "text_wrap": True, "valign": "vcenter"}),
        "text": book.add_format({**body, "text_wrap": True, "num_format": "@"}),
        "state": book.add_format({**body, "text_wrap": True, "num_format": "@"}),
        "number": book.add_format({**body, "num_format": "#,##0"}),
        "decimal": book.add_format({**body, "num_format": "#,##0.0"}),
        "day": book.add_format({**body, "num_format": "yyyy-mm-dd"}),
        "late": book.add_format({"bold": True, "bg_color": "#F6D5A8"}),
    }  # fmt: skip


def _top(sheet: Worksheet, head: Heading, looks: Looks) -> None:
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEAD - 1)
    sheet.set_footer("&L&A" + ("  合成数据" if head.synthetic else "") + "&R&P / &N")
    sheet.freeze_panes(HEAD, 2)
    for place, column in enumerate(COLUMNS):
        sheet.set_column(place, place, column.width)
    sheet.write_string(0, 0, head.title, looks["title"])
    sheet.write_string(1, 0, head.about(), looks["about"])
    sheet.set_row(HEAD - 1, 32)
    for place, column in enumerate(COLUMNS):
        sheet.write_string(HEAD - 1, place, column.header(head.lang), looks["head"])


def _cell(
    sheet: Worksheet, row: int, place: int, column: Column, value: Any, looks: Looks  # noqa: ANN401 - a cell's
) -> None:  # fmt: skip
    look = looks[column.form]
    if column.form in ("number", "decimal"):
        sheet.write_number(row, place, value, look)
    elif column.form == "day":
        sheet.write_datetime(row, place, value, look)
    else:
        sheet.write_string(row, place, str(value)[:MOST], look)


def _finish(sheet: Worksheet, last: int, head: Heading, looks: Looks) -> None:
    sheet.autofilter(HEAD - 1, 0, max(last, HEAD - 1), len(COLUMNS) - 1)
    if last < HEAD:
        return
    words = [state_words(state, head.lang) for state in STATES]
    for place, column in enumerate(COLUMNS):
        if column.form == "state":
            rule = {"validate": "list", "source": words, "ignore_blank": False}
            sheet.data_validation(HEAD, place, last, place, rule)
        if column.zh == OVERDUE[0]:
            said = OVERDUE[0] if head.lang == "zh" else OVERDUE[1]
            begins = {"type": "text", "criteria": "begins with", "value": said}
            late = {**begins, "format": looks["late"]}
            sheet.conditional_format(HEAD, place, last, place, late)


def _help(sheet: Worksheet, head: Heading) -> None:
    sheet.set_column(0, 0, 100)
    for row, words in enumerate(HELP[head.lang]):
        sheet.write_string(row, 0, words)


def table(lines: Iterable[Line], head: Heading) -> str:
    """Return the worklist as CSV that spreadsheets open as it is; text is defused."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow([column.header(head.lang) for column in COLUMNS])
    for line in lines:
        values = (column.value(line, head.lang) for column in COLUMNS)
        writer.writerow([defused(v) if isinstance(v, str) else v for v in values])
    return sink.getvalue()
