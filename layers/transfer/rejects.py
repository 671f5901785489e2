"""Rows that cannot come in: which, why, and what cures it, in both languages."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from layers.transfer.formulas import defused


class Reason(NamedTuple):
    """Why, and what to do."""

    en: str
    zh: str
    cure: str
    cure_zh: str


REASONS: Mapping[str, Reason] = {
    "missing": Reason("is empty, and needed", "为空，此项必填", "Fill it in.", "请补填。"),
    "spoiled": Reason(
        "is a long number that a spreadsheet has spoiled",
        "是被表格软件改坏的长编码",
        "Format the column as text, and copy the codes again.",
        "请把该列设为文本格式后重新粘贴编码。",
    ),
    "code": Reason(
        "is no code",
        "不是编码",
        "Write digits, letters, - and _ alone.",
        "只写数字、字母、- 和 _。",
    ),
    "integer": Reason("is no whole number", "不是整数", "Write digits alone.", "只写数字。"),
    "boolean": Reason(
        "is neither yes nor no", "不是“是”或“否”", "Write 是 or 否.", "请写“是”或“否”。"
    ),
    "date": Reason("is no date", "不是日期", "Write it as 2026-01-31.", "请写成 2026-01-31。"),
    "moment": Reason(
        "is no time", "不是时间", "Write it as 2026-01-31 09:30.", "请写成 2026-01-31 09:30。"
    ),
    "choice": Reason(
        "is not among the words that are known",
        "不在可选词之内",
        "Choose a word of the template's list.",
        "请从模板的下拉列表中选择。",
    ),
    "text": Reason(
        "holds a character that no text may have",
        "含有不允许的字符",
        "Remove the control character.",
        "请删去控制字符。",
    ),
    "tags": Reason(
        "holds a character that no text may have",
        "含有不允许的字符",
        "Remove the control character.",
        "请删去控制字符。",
    ),
    "example": Reason(
        "is the template's example", "是模板中的示例行", "Delete the row.", "请删去该行。"
    ),
    "coordinate": Reason(
        "lies outside the range of its coordinate system",
        "超出坐标系的范围",
        "Check the two numbers, and --crs.",
        "请核对坐标值与坐标系。",
    ),
    "not_a_number": Reason(
        "is not a coordinate",
        "不是坐标值",
        "Write a plain number, or leave both empty.",
        "请写数字；没有坐标就留空。",
    ),
    "half": Reason(
        "has one coordinate without the other",
        "只有一个坐标值",
        "Write both, or leave both empty.",
        "请两个都写，或两个都留空。",
    ),
    "unreadable": Reason(
        "is a geometry that cannot be read",
        "图形无法读取",
        "Redraw it in the source.",
        "请在源数据中重画。",
    ),
    "G001": Reason(
        "is an invalid polygon", "图形无效", "Repair it in the source.", "请在源数据中修复。"
    ),
    "G002": Reason(
        "has no shape, or one of another kind",
        "没有图形，或图形类型不符",
        "Draw it, or remove the row.",
        "请补画，或删去该行。",
    ),
    "G003": Reason(
        "stands in the file more than once",
        "在文件中重复",
        "Give each row a code of its own.",
        "每行须有各自的编码。",
    ),
    "G006": Reason(
        "is not under its parent's code, or has not the county's pattern",
        "不在上级编码之下，或不合本县编码规则",
        "Check the code, and the parent's.",
        "请核对本级与上级编码。",
    ),
    "unknown": Reason(
        "names what is not in the database",
        "在库中不存在",
        "Import that first, or correct the code.",
        "请先导入被引用的数据，或改正编码。",
    ),
    "outside": Reason(
        "is not in the area that is replaced",
        "不在要替换的区划之内",
        "Remove the row, or replace a larger area.",
        "请删去该行，或扩大替换范围。",
    ),
    "taken": Reason(
        "is the code of a row of another layer",
        "与另一图层的编码相同",
        "Give it another code.",
        "请换一个编码。",
    ),
    "pair": Reason(
        "is linked already, under another code",
        "此联系已登记，编码不同",
        "Remove one of the two.",
        "请删去其中一条。",
    ),
    "code_under_parent": Reason(
        "is not under its parent's code",
        "不在上级编码之下",
        "Check the code, and the parent's.",
        "请核对本级与上级编码。",
    ),
    "county_on_top": Reason(
        "must be the county, or have a parent",
        "不是县级，须有上级编码",
        "Fill in the parent's code.",
        "请填写上级编码。",
    ),
    "people_not_negative": Reason(
        "is less than nobody", "人口数不能小于零", "Write 0 or more.", "请写 0 或以上。"
    ),
    "says_for_what": Reason(
        "does not say for what: a grid, a unit or a branch",
        "没有说明负责哪个网格、单元或支部",
        "Fill in the grid's, unit's or branch's code.",
        "请填写网格、单元或支部编码。",
    ),
    "ends_after_it_starts": Reason(
        "ends before it starts", "结束早于开始", "Check the two days.", "请核对两个日期。"
    ),
    "closes_after_it_is_reported": Reason(
        "closes before it is reported", "办结早于上报", "Check the two times.", "请核对两个时间。"
    ),
    "rating_1_to_5": Reason(
        "is not from 1 to 5", "不在 1 到 5 之间", "Write 1 to 5.", "请写 1 至 5。"
    ),
}
HEADER = ("row", "code", "field", "value", "reason", "cure", "原因", "办法")


class Reject(NamedTuple):
    """One fault of one row; rows are counted from 1, below the header.

    ``reason`` is a key of :data:`REASONS`; ``value`` what stood there, cut at 200 characters.
    """

    row: int
    code: str
    field: str
    value: str
    reason: str

    def words(self) -> Reason:
        """Say why and what to do."""
        return REASONS[self.reason]


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults that one field has in a batch: positions in it, values, and the reason."""

    field: str
    reason: str
    positions: tuple[int, ...]
    found: tuple[str, ...]


def write_rejects(path: Path, rejects: Iterable[Reject]) -> None:
    """Write a CSV that a spreadsheet opens with its Chinese: one line a fault.

    Values come from outside: what a spreadsheet would take for a formula is defused.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow(HEADER)
        for each in rejects:
            why = each.words()
            cells = (each.code, each.field, each.value, why.en, why.cure, why.zh, why.cure_zh)
            writer.writerow([each.row, *map(defused, cells)])
