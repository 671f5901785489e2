"""Values as the database can hold them after an import, with every trap of text, days and codes."""

import datetime as dt
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from layers.transfer.kinds import Field, Kind
from layers.transfer.values import read_values

# Each stands for a way in which some format, reader or spreadsheet has spoiled text.
TRAPS = [
    "𠮷野家 𪚥", "👨‍👩‍👧‍👦", "é ö́", "مرحبا", "\u202eabc\u202c", "a\u200bb\u200d", "\ufeffb",
    "\u2028x\x85y", "一行\n两行", "一行\r\n两行", "a\rb", "a\tb", 'say "hi"', "'tis", "a,b;c，d；e",
    "<b>&amp;]]></b>",
    "=1+1", "+8610000", "-1", "@x", "'=1", "''-x", "'", "=cmd|' /C calc'!A0", "%s{0}\\n\\",
    "007", "0", "1.0", "1e5", "1E+05", "411625107002", "41162510700200123", "110101199003078888",
    "123456789012345678901234567890", "0x1F", "TRUE", "是", "null", "NULL", "None", "nan", "#N/A",
    "2026-01-05", "1900-02-29", "0001-01-01", "5/1/2026", "12:30", "_x000D_", "_x005F_", "{a}",
    "[1]", "'=",
    "\x7f", "\xa0x", "．", "ＡＢ１２", "a  b", "-", "--", "/*", "!ref", "`x`",
]  # fmt: skip
SIGNS = st.one_of(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"),
    st.sampled_from(
        "=+-@'\"\t\r\n,;|<>&{}[]\\/ \xa0\u3000\u200b\u200d\ufe0f\u0301\u202e0123456789"
    ),
)
TEXTS = st.one_of(st.sampled_from(TRAPS), st.text(SIGNS, min_size=1, max_size=12))
CODES = st.one_of(
    st.sampled_from(
        ["007", "411625107002", "41162510700200123", "0", "1-01", "P.1", "R/0001", "编1"]
    ),
    st.text("0123456789ABx-._/", min_size=1, max_size=20),
)
# The import takes no year before 1000 or after 2999, but for the day that means "without end".
DAYS = st.one_of(
    st.dates(dt.date(1000, 1, 1), dt.date(2999, 12, 31)),
    st.sampled_from([
        dt.date(1899, 12, 31), dt.date(1900, 1, 1), dt.date(1900, 2, 28), dt.date(1900, 3, 1),
        dt.date(1904, 1, 1), dt.date(1582, 10, 10), dt.date(2000, 2, 29), dt.date(9999, 12, 31),
    ]),
)  # fmt: skip
MOMENTS = st.datetimes(
    dt.datetime(1000, 1, 2), dt.datetime(2999, 12, 30), timezones=st.just(dt.UTC)  # noqa: DTZ001
)  # fmt: skip


def as_stored(field: Field, word: str) -> str | None:
    """What an import makes of a word: null where it takes none."""
    found, wrong, _ = read_values(field, pa.array([word], pa.string()))
    value: str | None = None if wrong[0] else found[0].as_py()
    return value


def _words(field: Field, words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return words.map(lambda word: as_stored(field, word)).filter(lambda word: word is not None)  # type: ignore[return-value]


def value_of(field: Field) -> st.SearchStrategy[Any]:
    """What may stand in a field, as the database gives it."""
    tag = st.text(SIGNS, min_size=1, max_size=5).map(
        lambda word: "".join(c for c in word if c not in ';；、,，|\n{}"\\').strip().strip('"')
    )
    made: dict[str, st.SearchStrategy[Any]] = {
        "text": _words(field, TEXTS),
        "code": _words(field, CODES),
        "integer": st.integers(-999_999_999, 999_999_999),
        "boolean": st.booleans(),
        "date": DAYS,
        "moment": MOMENTS,
        "choice": st.sampled_from(sorted(set((field.words or {"": ""}).values()))),
        "tags": st.lists(
            tag.filter(lambda word: bool(word) and as_stored(field, word) is not None),
            max_size=3, unique=True,
        ),
    }  # fmt: skip
    return made[field.type]


@st.composite
def rows_of(draw: st.DrawFn, kind: Kind, most: int = 5) -> dict[str, list[Any]]:
    """Some rows of a kind, field by field; nulls where a field may be empty."""
    n = draw(st.integers(1, most))
    out: dict[str, list[Any]] = {}
    for field in kind.fields:
        value = value_of(field)
        if not field.required:
            value = st.one_of(st.none(), value)
        unique = field.name == "code"
        out[field.name] = draw(st.lists(value, min_size=n, max_size=n, unique=unique))
    return out


def as_read(field: Field, value: Any) -> Any:
    """A stored value as the import reads it again: text, as PostgreSQL takes it, or a moment."""
    if value is None or field.type in ("text", "code", "choice", "moment"):
        return value
    if field.type == "boolean":
        return "true" if value else "false"
    if field.type == "tags":
        return "{" + ",".join(f'"{tag}"' for tag in value) + "}" if value else None
    return str(value)
