"""What offices write for codes, numbers, days, words and lists, and what PostgreSQL gets of it."""

import csv
import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from layers.transfer import KINDS, Field, Kind, open_batches
from layers.transfer.formulas import defuse, defused, restore
from layers.transfer.rejects import REASONS
from layers.transfer.values import READERS, are_spoiled, read_values

FIELDS = {
    name: Field(name, name, name, name)
    for name in ("text", "code", "integer", "boolean", "date", "moment", "tags")
}  # fmt: skip
LEVEL = KINDS["areas"].field("level")
ALERT = KINDS["incidents"].field("alert")


def read(field: Field, *words: str | None) -> list[str | None]:
    """The values; a wrong one is “!”."""
    values, wrong, reason = read_values(field, pa.array(words, pa.string()))
    assert reason in REASONS
    assert wrong.dtype == bool
    found = values.to_pylist()
    assert len(found) == len(wrong) == len(words)
    assert all(value is None for value in np.array(found, dtype=object)[wrong])
    return ["!" if bad else value for value, bad in zip(found, wrong, strict=True)]


# -- literal values ------------------------------------------------------------------------------

CODES = [
    ("990101101001", "990101101001"),
    (" 990101101001\t", "990101101001"),
    ("007", "007"),
    ("９９０１０１", "990101"),  # full width
    ("Ｂ９９", "B99"),
    ("990101101001.0", "990101101001"),  # a number of pandas
    ("990101101001.00", "990101101001"),
    ("1.0", "1.0"),  # a version, a paragraph: not surely a number
    ("990101101001001-01", "990101101001001-01"),
    ("柳河/3_a.b:c", "柳河/3_a.b:c"),
    ("𠮷1", "𠮷1"),
    ("", None),
    ("   ", None),
    ("\u3000", None),  # the blank of Chinese typewriting
    (None, None),
    ("9.90101E+11", "!"),
    ("4.1e+14", "!"),
    ("９.９Ｅ＋１１", "!"),
    ("a b", "!"),
    ("a+b", "!"),
    ("'", "!"),
    ("=1+1", "!"),
    ("a\nb", "!"),
]
INTEGERS = [
    ("4", "4"), ("４", "4"), (" 4 ", "4"), ("4.0", "4"), ("4.", "4"), ("-1", "-1"), ("007", "007"),
    ("999999999", "999999999"), ("", None), (None, None), ("1000000000", "!"), ("4.5", "!"),
    ("1,200", "!"), ("1e3", "!"), ("四", "!"), ("4人", "!"), ("nan", "!"), ("--1", "!"),
]  # fmt: skip
BOOLEANS = [
    ("是", "true"), ("否", "false"), ("有", "true"), ("无", "false"), ("1", "true"),
    ("0", "false"), ("TRUE", "true"), ("False", "false"), ("yes", "true"), ("N", "false"),
    ("√", "true"), ("×", "false"), ("专职", "true"), ("兼职", "false"), (" 是 ", "true"),
    ("", None), (None, None), ("2", "!"), ("也许", "!"), ("是否", "!"),
]  # fmt: skip
DATES = [
    ("1998-07-01", "1998-07-01"),
    ("1998-7-1", "1998-07-01"),
    ("1998/7/1", "1998-07-01"),
    ("1998.7.1", "1998-07-01"),
    ("1998年7月1日", "1998-07-01"),
    ("1998年7月1", "1998-07-01"),
    ("19980701", "1998-07-01"),
    ("１９９８年７月１日", "1998-07-01"),
    ("1998年7月", "1998-07-01"),  # a month alone is its first day
    ("1998.07", "1998-07-01"),
    ("1998-07-01 00:00:00", "1998-07-01"),  # a day of a spreadsheet
    ("1998-07-01T23:59:59Z", "1998-07-01"),
    ("2024-02-29", "2024-02-29"),
    ("9999-12-31", "9999-12-31"),  # without end
    ("99991231", "9999-12-31"),
    ("9999年12月31日", "9999-12-31"),
    ("9999-12-30", "!"),
    ("0001-01-01", "!"),
    ("", None),
    (None, None),
    ("2026-02-29", "!"),
    ("2026-13-01", "!"),
    ("2026-00-10", "!"),
    ("1998", "!"),
    ("19981301", "!"),
    ("45000", "!"),  # a serial without the format that makes it a day
    ("7/1/1998", "!"),  # July or January: nobody knows
    ("98-07-01", "!"),
    ("昨天", "!"),
]
MOMENTS = [
    ("2026-01-05 09:30", "2026-01-05T09:30:00.000000+08:00"),
    ("2026/1/5 9:30", "2026-01-05T09:30:00.000000+08:00"),
    ("2026年1月5日 9时5分", "2026-01-05T09:05:00.000000+08:00"),
    ("2026年1月5日 9时5分7秒", "2026-01-05T09:05:07.000000+08:00"),
    ("2026-01-05", "2026-01-05T00:00:00.000000+08:00"),
    ("2026-01", "2026-01-01T00:00:00.000000+08:00"),
    ("20260105 09:30:15", "!"),
    ("2026-01-05T09:30:15.123456", "2026-01-05T09:30:15.123456+08:00"),
    ("2026-01-05 09:30:00.000000000", "2026-01-05T09:30:00.000000+08:00"),
    ("2026-01-05T09:30:00Z", "2026-01-05T09:30:00.000000+00:00"),
    ("2026-01-05 09:30:00+0800", "2026-01-05T09:30:00.000000+0800"),
    ("2026-01-05T09:30-05:30", "2026-01-05T09:30:00.000000-05:30"),
    ("2026-01-05 09:30+08", "2026-01-05T09:30:00.000000+08"),
    ("", None),
    (None, None),
    ("2026-01-05 24:00", "!"),
    ("2026-01-05 09:60", "!"),
    ("2026-01-05 09:30:61", "!"),
    ("2026-02-30 09:30", "!"),
    ("2026-01-05 09:30 AM", "!"),
    ("2026-01-05 09:30+99:99", "!"),  # PostgreSQL knows no zone beyond 15:59
    ("2026-01-05 09:30+16:00", "!"),
    ("2026-01-05 09:30+08:", "!"),
    ("刚才", "!"),
]
TAGS = [
    ("独居老人", '{"独居老人"}'),
    ("独居老人；慢性病", '{"独居老人","慢性病"}'),
    ("a;b、c,d，e|f\ng", '{"a","b","c","d","e","f","g"}'),
    ("b；a；b", '{"b","a"}'),  # once each, in the order given
    (" a ； b ；", '{"a","b"}'),
    ('a"b\\c', '{"a\\"b\\\\c"}'),
    ("{a,b}", '{"a","b"}'),
    ('{"a b",c}', '{"a b","c"}'),  # as PostgreSQL writes an array
    ("{a", '{"{a"}'),
    ("{}", "{}"),
    ("；；", "{}"),
    ("", None),
    (None, None),
    ("a\x00b", "!"),
]  # fmt: skip
TEXTS = [
    ("柳河村", "柳河村"),
    ("  柳河村 \n", "柳河村"),
    ("一行\n两行\t三", "一行\n两行\t三"),
    ("𠮷 é ﹏", "𠮷 é ﹏"),  # text is not normalized
    ("'=1+1", "=1+1"),  # defused on its way out of a database
    ("'tis", "'tis"),
    ("=1+1", "=1+1"),
    ("0012", "0012"),
    ("NULL", "NULL"),
    ("nan", "nan"),
    ("", None),
    (None, None),
    ("a\x00b", "!"),
    ("a\x1fb", "!"),
]
LEVELS = [
    ("村", "village"), ("社区", "village"), ("乡镇", "town"), ("TOWN", "town"),
    ("county", "county"), (" 县 ", "county"), ("", None), (None, None), ("省", "!"), ("村庄", "!"),
]  # fmt: skip
# A text that has other names for some values takes any other value as it is.
ALERTS = [("蓝色", "blue"), ("Blue", "blue"), ("紫色", "紫色"), ("", None), ("a\x07", "!")]
KNOWN = {
    "code": (FIELDS["code"], CODES), "integer": (FIELDS["integer"], INTEGERS),
    "boolean": (FIELDS["boolean"], BOOLEANS), "date": (FIELDS["date"], DATES),
    "moment": (FIELDS["moment"], MOMENTS), "tags": (FIELDS["tags"], TAGS),
    "text": (FIELDS["text"], TEXTS), "choice": (LEVEL, LEVELS), "renamed": (ALERT, ALERTS),
}  # fmt: skip


@pytest.mark.parametrize(("field", "pairs"), KNOWN.values(), ids=KNOWN)
def test_what_offices_write(field: Field, pairs: list[tuple[str | None, str | None]]) -> None:
    words, meant = zip(*pairs, strict=True)
    assert dict(zip(words, read(field, *words), strict=True)) == dict(pairs)
    assert len(words) == len(set(words))
    # One by one as all at once: no value changes another one's.
    assert [read(field, word)[0] for word in words] == list(meant)


def test_every_type_has_a_reader_and_words() -> None:
    types = {field.type for kind in KINDS.values() for field in kind.fields}
    assert types == {*READERS, "choice"} == {field.type for field, _ in KNOWN.values()}
    assert types <= REASONS.keys()


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_examples_of_templates_can_be_read(kind: Kind) -> None:
    for field in kind.fields:
        assert read(field, field.example) != ["!"], field.name


def test_only_spoiled_numbers_are_called_so() -> None:
    words = ["9.90101E+11", " 4e+14 ", "９Ｅ＋１１", "'4e+14", "a b", "4E14", "", None]
    assert are_spoiled(pa.array(words)).tolist() == [True] * 3 + [False] * 5


@pytest.mark.parametrize("name", FIELDS)
def test_no_rows_and_nothing_but_nulls(name: str) -> None:
    assert read(FIELDS[name]) == []
    assert read(FIELDS[name], None, "") == [None, None]


# -- any value -----------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
TRAPS = ["=", "+", "-", "@", "\t", "\r", "'", "''", "=1", "'=", "a", "\n", "\n=", "𠮷", " ="]
TRICKY = st.one_of(TEXT, st.lists(st.sampled_from(TRAPS)).map("".join))


@given(st.lists(st.none() | TRICKY))
@example(["'=1", "=1", "''=1", "'", "", None])
def test_defusing_can_be_undone_and_is_never_ambiguous(words: list[str | None]) -> None:
    column = pa.chunked_array([pa.array(words, pa.string())])
    marked = defuse(column)
    assert restore(marked).to_pylist() == words
    assert marked.to_pylist() == [word and defused(word) for word in words]
    different = {word for word in words if word is not None}
    assert len({defused(word) for word in different}) == len(different)
    assert not any(word and word[0] in "=+-@\t\r" for word in marked.to_pylist())


@pytest.mark.parametrize("name", [*FIELDS, "choice", "renamed"])
@given(words=st.lists(st.none() | TRICKY, max_size=5))
def test_any_text_is_read_or_refused_and_reads_the_same_again(
    name: str, words: list[str | None]
) -> None:
    field = KNOWN[name][0]
    found = read(field, *words)
    plain = restore(pa.array(words, pa.string())).to_pylist()
    for word, value in zip(plain, found, strict=True):
        assert (value is None) == (word is None or not word.strip())
        if value not in (None, "!") and name not in ("text", "tags", "renamed"):
            assert read(field, value) == [value]


MOMENT = st.datetimes().filter(lambda at: 1000 <= at.year < 3000)


@given(MOMENT)
def test_every_moment_in_every_spelling(at: dt.datetime) -> None:
    meant = at.isoformat(timespec="microseconds") + "+08:00"
    moment, date = FIELDS["moment"], FIELDS["date"]
    assert read(moment, at.isoformat(), at.isoformat(" "), f" {at.isoformat()} ") == [meant] * 3
    utc = at.isoformat() + "Z"
    assert read(moment, utc) == [meant.replace("+08:00", "+00:00")]
    days = (f"{at:%Y-%m-%d}", f"{at.year}.{at.month}.{at.day}", f"{at.year}/{at.month}/{at.day}",
            f"{at.year}年{at.month}月{at.day}日", at.isoformat())  # fmt: skip
    assert read(date, *days) == [at.date().isoformat()] * 5


@given(
    st.lists(
        st.text(st.characters(exclude_characters="{};；、,，|\n", exclude_categories=["Cs", "Cc"]))
    )
)
def test_tags_are_an_array_that_postgresql_reads(words: list[str]) -> None:
    (found,) = read(FIELDS["tags"], "；".join(words))
    meant = list(dict.fromkeys(word.strip() for word in words if word.strip()))
    if not "；".join(words).strip():
        assert found is None
        return
    assert found is not None
    tags = csv.reader([found[1:-1]], escapechar="\\", doublequote=False)
    assert next(tags, []) == meant


# -- through a file ------------------------------------------------------------------------------

RARE = ["𠮷野家", "一行\n两行", 'say "hi"', "0012", "990101101001", "99010110100100001", "a,b;c\td",
        "2026-01-05", "'", "NULL", "nan", "TRUE", "1E5", "_x0041_", "é", "é"]  # fmt: skip
CELL = st.one_of(
    st.sampled_from(RARE),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=20),
)


@given(rows=st.lists(CELL, min_size=1, max_size=6))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@example(RARE)
def test_text_comes_through_a_csv(rows: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for encoding in ("utf-8", "utf-8-sig", "gb18030"):
            path = Path(folder) / f"{encoding}.csv"
            with path.open("w", encoding=encoding, newline="") as sink:
                writer = csv.writer(sink, quoting=csv.QUOTE_ALL)
                writer.writerows(
                    [["编码", "备注"], *([f"{n}", text] for n, text in enumerate(rows))]
                )
            assert column(path, "备注") == rows


# A workbook is read in a process of its own: few of them, with many texts each.
@given(rows=st.lists(CELL, min_size=1, max_size=60))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=8)
@example(RARE)
def test_text_comes_through_a_workbook(rows: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.xlsx"
        with xlsxwriter.Workbook(str(path)) as book:
            sheet = book.add_worksheet()
            for place, (code, words) in enumerate([("编码", "备注"), *enumerate(rows)]):
                sheet.write_string(place, 0, str(code))
                sheet.write_string(place, 1, words)
        assert column(path, "备注") == [text or None for text in rows]


def column(path: Path, name: str) -> list[str | None]:
    with open_batches(path) as source:
        return [value for batch in source.batches for value in batch.columns[name].to_pylist()]
