"""Text to values: what offices write for codes, numbers, days, words and lists, made one.

Whole columns at once; a value that cannot be read is left out and said, never guessed. What comes
out is text again, as PostgreSQL reads it: nothing is lost between a file and a table.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from layers.transfer.formulas import restore
from layers.transfer.kinds import Field

Flags = NDArray[np.bool_]
Parsed = tuple[pa.Array, pa.Array]  # values (text, null where empty or wrong), and which are wrong

# Times that do not say their zone are China Standard Time.
ZONE = "+08:00"
TRUE = ("是", "有", "1", "true", "yes", "y", "t", "专职", "√", "对")
FALSE = ("否", "无", "0", "false", "no", "n", "f", "兼职", "×", "错")
# What spreadsheets make of a long number: 4.11625E+14.
SPOILED = r"^[0-9]+(\.[0-9]+)?[eE]\+[0-9]+$"
CODE = r"^[\p{L}\p{N}_./:-]+$"
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"
DAY = r"(?P<y>[12][0-9]{3})(?:[-/.年](?P<m>[0-9]{1,2})(?:[-/.月](?P<d>[0-9]{1,2})日?|月)?)?"
TIME = (
    r"(?:[ T]+(?P<H>[0-9]{1,2})[:时](?P<M>[0-9]{1,2})分?"
    r"(?::?(?P<S>[0-9]{1,2}(?:\.[0-9]+)?)秒?)?\s*"
    r"(?P<z>Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)?)?"
)
PACKED = r"^([12][0-9]{3})([0-9]{2})([0-9]{2})$"
# What registers write for “without end”; any other year so far away is a slip.
FOREVER = "9999-12-31"
SEPARATORS = r"[;；、,，|\n]+"


def read_values(field: Field, values: pa.Array) -> tuple[pa.Array, Flags, str]:
    """Read one column.

    Parameters
    ----------
    field
        What it is.
    values
        Text, null or empty where nothing stands.

    Returns
    -------
    values, wrong, reason
        Text as PostgreSQL reads it, null where nothing stands or where ``wrong`` is true; the
        reason is a key of :data:`layers.transfer.rejects.REASONS` (of codes that a spreadsheet
        has spoiled there is a better one: :func:`are_spoiled`).

    Examples
    --------
    >>> joined = Field("joined_on", "入党日期", "Joined on", "date")
    >>> read_values(joined, pa.array(["1998.7.1", "昨天", None]))[0].to_pylist()
    ['1998-07-01', None, None]
    """
    held = _held(values)
    if field.type == "choice":
        out, wrong = _choice(held, field.words or {})
    else:
        out, wrong = READERS[field.type](held)
        if field.words:
            out = _renamed(out, field.words)
    return out, np.asarray(wrong, dtype=bool), field.type


def are_spoiled(values: pa.Array) -> Flags:
    """Tell which codes a spreadsheet has made numbers of: 4.11625E+14."""
    return np.asarray(_matches(pc.utf8_normalize(_held(values), "NFKC"), SPOILED), dtype=bool)


def _held(values: pa.Array) -> pa.Array:
    stripped = pc.utf8_trim_whitespace(restore(values))
    return pc.if_else(pc.equal(stripped, ""), None, stripped)


def _matches(values: pa.Array, pattern: str) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(values, pattern), fill_value=False)


def _kept(values: pa.Array, right: pa.Array) -> Parsed:
    wrong = pc.and_(pc.is_valid(values), pc.invert(right))
    return pc.if_else(wrong, None, values), wrong


def _text(values: pa.Array) -> Parsed:
    return _kept(values, pc.invert(_matches(values, CONTROL)))


def _code(values: pa.Array) -> Parsed:
    # Full-width digits and letters are typed as often as narrow ones; a number's “.0” is no code.
    narrow = pc.utf8_normalize(values, "NFKC")
    narrow = pc.replace_substring_regex(narrow, r"^([0-9]{4,})\.0+$", r"\1")
    right = pc.and_(_matches(narrow, CODE), pc.invert(_matches(narrow, SPOILED)))
    return _kept(narrow, right)


def _integer(values: pa.Array) -> Parsed:
    narrow = pc.utf8_normalize(values, "NFKC")
    whole = pc.replace_substring_regex(narrow, r"^([+-]?[0-9]+)\.0*$", r"\1")
    # Nine digits fit the column, and are more than any count here.
    return _kept(whole, _matches(whole, r"^[+-]?[0-9]{1,9}$"))


def _boolean(values: pa.Array) -> Parsed:
    lower = pc.utf8_lower(values)
    yes, no = (pc.is_in(lower, pa.array(words)) for words in (TRUE, FALSE))
    out = pc.if_else(yes, "true", pc.if_else(no, "false", None))
    return out, pc.and_(pc.is_valid(values), pc.is_null(out))


def _choice(values: pa.Array, words: Mapping[str, str]) -> Parsed:
    known = pa.array([word.lower() for word in words])
    place = pc.index_in(pc.utf8_lower(values), known)
    out = pc.take(pa.array(list(words.values())), place)
    return out, pc.and_(pc.is_valid(values), pc.is_null(out))


def _renamed(values: pa.Array, words: Mapping[str, str]) -> pa.Array:
    return pc.coalesce(_choice(values, words)[0], values)


def _distinct(values: pa.Array, read: Callable[[str], str | None]) -> Parsed:
    """Read each different value once: a column of days has few."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    coded = values.dictionary_encode()
    found = [read(word) for word in coded.dictionary.to_pylist()]
    out = pc.take(pa.array(found, pa.string()), coded.indices)
    return out, pc.and_(pc.is_valid(values), pc.is_null(out))


def _day(word: str) -> str | None:
    found = _moment(word)
    if found is None and re.sub(r"\D", "", unicodedata.normalize("NFKC", word)) == "99991231":
        return FOREVER
    return found and found[:10]


def _moment(word: str) -> str | None:
    word = unicodedata.normalize("NFKC", word)
    word = re.sub(PACKED, r"\1-\2-\3", word)
    found = re.fullmatch(DAY + TIME, word)
    # A month alone is its first day, as lists of party members have it; a year alone is no day.
    if not found or found["m"] is None:
        return None
    day = f"{found['y']}-{int(found['m']):02}-{int(found['d'] or 1):02}"
    seconds = found["S"] or "0"
    clock = f"{int(found['H'] or 0):02}:{int(found['M'] or 0):02}:{float(seconds):09.6f}"
    try:
        np.datetime64(f"{day}T{clock}")
    except ValueError:
        return None
    return f"{day}T{clock}{_zone(found['z'])}"


def _zone(said: str | None) -> str:
    if said is None:
        return ZONE
    return "+00:00" if said == "Z" else said


def _tags(values: pa.Array) -> Parsed:
    return _distinct(values, _braces)


def _braces(word: str) -> str | None:
    """Return PostgreSQL's array of the words of a list, each once, in the order given."""
    if re.search(CONTROL, word):
        return None
    # As PostgreSQL writes it, or as people do.
    array = re.fullmatch(r"\{(.*)\}", word, re.DOTALL)
    parts = re.split(SEPARATORS, array[1] if array else word)
    tags = dict.fromkeys(tag.strip().strip('"' if array else "") for tag in parts)
    quoted = (re.sub(r'(["\\])', r"\\\1", tag) for tag in tags if tag)
    return "{" + ",".join(f'"{tag}"' for tag in quoted) + "}"


READERS: Mapping[str, Callable[[pa.Array], Parsed]] = {
    "text": _text,
    "code": _code,
    "integer": _integer,
    "boolean": _boolean,
    "date": lambda values: _distinct(values, _day),
    "moment": lambda values: _distinct(values, _moment),
    "tags": _tags,
}
