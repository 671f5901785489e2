"""Upload templates: a workbook for each kind, to be filled in and sent back as it is.

The first sheet has a header in words that the import knows, an example row that it passes over,
and drop-downs where only certain words may stand; the second says what each column is.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Literal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from layers.transfer.kinds import Field, Kind
from layers.transfer.rows import EXAMPLE

Language = Literal["zh", "en"]

ROWS = 10_000
WIDTH = 18
TYPES = {
    "text": ("文字", "text"),
    "code": ("编码，按文字填写", "code, kept as text"),
    "integer": ("整数", "whole number"),
    "boolean": ("是 / 否", "是 / 否, yes / no"),
    "date": ("日期，如 2026-01-05", "day, like 2026-01-05"),
    "moment": ("时间，如 2026-01-05 09:30", "time, like 2026-01-05 09:30"),
    "choice": ("从下拉列表中选择", "one of the list"),
    "tags": ("多个用“；”隔开", "several, with ； between"),
}
PLACES = {
    "points": (
        ("lon", "经度", "Longitude", "115.273100", "坐标系在导入时说明", "say the CRS on import"),
        ("lat", "纬度", "Latitude", "33.512900", "与经度成对填写", "always with the longitude"),
    ),
    "polygons": (
        ("wkt", "WKT", "WKT", "POLYGON ((115.2 33.5, 115.3 33.5, 115.3 33.6, 115.2 33.5))",
         "边界；更宜用图层文件导入", "the outline; a layer file is the better way"),
    ),
}  # fmt: skip
HOW = {
    "zh": ("请在第一张表中逐行填写，灰色示例行导入时会跳过。", "橙色表头为必填。不要改动表头。",
           "缺少坐标的住户可以先导入，之后在地图上补点。"),
    "en": ("Fill in the first sheet; the grey example row is passed over.",
           "Orange headers must be filled. Leave the headers as they are.",
           "Households may come without coordinates, and be placed on the map later."),
}  # fmt: skip


def template(kind: Kind, lang: Language = "zh") -> bytes:
    """Return a workbook (XLSX) for lists of a kind.

    Parameters
    ----------
    kind
        What is to be listed.
    lang
        Of the headers and the help; the import knows both.
    """
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(_words((kind.zh, kind.en), lang))
        columns = [*kind.fields, *_places(kind)]
        looks = _Looks(book)
        for place, column in enumerate(columns):
            _column(sheet, place, column, lang, looks)
        sheet.freeze_panes(1, 1)
        _help(book.add_worksheet(_words(("说明", "Help"), lang)), columns, lang, looks)
    return buffer.getvalue()


class _Looks:
    def __init__(self, book: xlsxwriter.Workbook) -> None:
        head = {"bold": True, "border": 1, "valign": "vcenter", "text_wrap": True}
        self.required = book.add_format({**head, "bg_color": "#F6D5A8"})
        self.optional = book.add_format({**head, "bg_color": "#E3EAF2"})
        # "@" keeps codes and days as they are typed: a spreadsheet would make numbers of them.
        self.text = book.add_format({"num_format": "@"})
        self.example = book.add_format({"num_format": "@", "italic": True, "font_color": "#7A7A7A"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})

    def header(self, field: Field) -> Format:
        return self.required if field.required and field.default is None else self.optional


def _words(both: tuple[str, str], lang: Language) -> str:
    return both[0] if lang == "zh" else both[1]


def _places(kind: Kind) -> list[Field]:
    return [
        Field(name, zh, en, example=example, words={note_zh: note})
        for name, zh, en, example, note_zh, note in PLACES.get(kind.shapes, ())
    ]


def choices(field: Field) -> list[str]:
    """Return the words that a drop-down offers: the first for each value, in Chinese if any."""
    if field.type == "boolean":
        return ["是", "否"]
    if field.type != "choice" or field.words is None:
        return []
    first: dict[str, str] = {}
    for word, value in field.words.items():
        first.setdefault(value, word)
    return list(first.values())


def _column(sheet: Worksheet, place: int, field: Field, lang: Language, looks: _Looks) -> None:
    sheet.set_column(place, place, WIDTH, looks.text)
    sheet.write_string(0, place, _words((field.zh, field.en), lang), looks.header(field))
    example = EXAMPLE + field.example if field.name == "code" else field.example
    sheet.write_string(1, place, example, looks.example)
    offered = choices(field)
    if offered:
        rule = {"validate": "list", "source": offered, "ignore_blank": True}
        sheet.data_validation(1, place, ROWS, place, rule)


def _help(sheet: Worksheet, columns: Sequence[Field], lang: Language, looks: _Looks) -> None:
    sheet.set_column(0, 3, 30, looks.wrapped)
    for row, line in enumerate(HOW[lang]):
        sheet.write_string(row, 0, line)
    top = len(HOW[lang]) + 1
    heads = [("列", "Column"), ("填写", "Filled in"), ("内容", "Content"), ("示例", "Example")]
    for place, both in enumerate(heads):
        sheet.write_string(top, place, _words(both, lang), looks.optional)
    for row, field in enumerate(columns, top + 1):
        must = field.required and field.default is None
        cells = (
            _words((field.zh, field.en), lang),
            _words(("必填", "required") if must else ("可空", "may be empty"), lang),
            _content(field, lang),
            field.example,
        )
        for place, cell in enumerate(cells):
            sheet.write_string(row, place, cell, looks.wrapped)


def _content(field: Field, lang: Language) -> str:
    if field.name in ("lon", "lat", "wkt") and field.words:
        ((zh, en),) = field.words.items()
        return _words((zh, en), lang)
    words = " / ".join(choices(field))
    return words or _words(TYPES[field.type], lang)
