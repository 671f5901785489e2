"""Rows that cannot come in: told in both languages, with a cure, safe in a spreadsheet."""

import csv
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.imports.words import reject_groups, reject_json
from layers.transfer import open_batches
from layers.transfer.formulas import defused
from layers.transfer.rejects import HEADER, REASONS, Reject, write_rejects

CHINESE = re.compile(r"[\u4e00-\u9fff]")

# -- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REASONS)
def test_every_reason_has_words_and_a_cure_in_both_languages(name: str) -> None:
    why = Reject(1, "", "", "", name).words()
    assert why is REASONS[name]
    assert not any(re.search(r"[^\x20-\x7e是否]", words) for words in (why.en, why.cure))
    assert all(CHINESE.search(words) for words in (why.zh, why.cure_zh))
    # A phrase after the field's name; a sentence.
    assert re.match(r"(is|has|holds|stands|names|lies|does|must|closes|ends) ", why.en)
    assert not why.en.endswith(".")
    assert why.cure.endswith(".")
    assert why.cure[0].isupper()
    assert not why.zh.endswith("。")
    assert why.cure_zh.endswith("。")


def test_an_unknown_reason_is_nobodys() -> None:
    with pytest.raises(KeyError):
        Reject(1, "", "", "", "whatever").words()


def test_a_reject_as_json() -> None:
    assert reject_json(Reject(7, "a", "code", "4E+14", "spoiled")) == {
        "row": 7,
        "code": "a",
        "field": "code",
        "value": "4E+14",
        "reason": "spoiled",
        "message": "is a long number that a spreadsheet has spoiled",
        "message_zh": "是被表格软件改坏的长编码",
        "cure": "Format the column as text, and copy the codes again.",
        "cure_zh": "请把该列设为文本格式后重新粘贴编码。",
    }


def test_a_thousand_alike_are_one_line() -> None:
    few = [Reject(2, "b", "name", "", "missing")]
    many = [Reject(row, "", "code", "x y", "code") for row in range(10, 1010)]
    groups = reject_groups([*few, *many])
    assert [(each["field"], each["n"], each["rows"]) for each in groups] == [
        ("code", 1000, [10, 11, 12, 13, 14]),
        ("name", 1, [2]),
    ]
    assert reject_groups([]) == []


# -- the file ------------------------------------------------------------------------------------


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.reader(source))


def test_the_file_as_a_spreadsheet_sees_it(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    write_rejects(path, [Reject(3, "990101", "people", '"四", \n口', "integer")])
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert read(path) == [
        ["row", "code", "field", "value", "reason", "cure", "原因", "办法"],
        ["3", "990101", "people", '"四", \n口', "is no whole number", "Write digits alone.",
         "不是整数", "只写数字。"],
    ]  # fmt: skip


def test_nothing_rejected_is_a_header(tmp_path: Path) -> None:
    write_rejects(tmp_path / "none.csv", [])
    assert read(tmp_path / "none.csv") == [list(HEADER)]


@pytest.mark.parametrize("value", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_are_defused(tmp_path: Path, value: str) -> None:
    path = tmp_path / "rejects.csv"
    write_rejects(path, [Reject(1, value, value, value, "text")])
    assert read(path)[1][1:4] == [f"'{value}"] * 3


WORD = st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["=1", "'=1"]))


@given(st.lists(st.builds(Reject, st.integers(1), WORD, WORD, WORD, st.sampled_from([*REASONS]))))
def test_whatever_stood_there_is_read_back(rejects: list[Reject]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rejects.csv"
        write_rejects(path, rejects)
        header, *rows = read(path)
    assert header == list(HEADER)
    for row, each in zip(rows, rejects, strict=True):
        why = REASONS[each.reason]
        assert row == [str(each.row), defused(each.code), defused(each.field),
                       defused(each.value), why.en, why.cure, why.zh, why.cure_zh]  # fmt: skip
        assert not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r") and cell for cell in row)


def test_the_file_can_be_imported_as_a_list(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    write_rejects(path, [Reject(1, "a", "name", "𠮷,\n", "missing")])
    with open_batches(path) as source:
        (batch,) = source.batches
    assert source.headers == list(HEADER)
    assert batch.columns["value"].to_pylist() == ["𠮷,\n"]
