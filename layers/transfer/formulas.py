"""Text that a spreadsheet would run: marked on the way out, unmarked on the way in.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return is a formula to Excel
and LibreOffice (OWASP, "CSV Injection"). An apostrophe before it makes it text. The marking can be
undone: what begins with apostrophes and then such a sign gets one more.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

MARKED = r"^'*[=+\-@\t\r]"
UNMARKED = r"^'('*[=+\-@\t\r])"


def defused(text: str) -> str:
    r"""Return text that a spreadsheet shows as it is.

    Examples
    --------
    >>> defused("=1+1"), defused("'=1"), defused("柳河村")
    ("'=1+1", "''=1", '柳河村')
    """
    return f"'{text}" if re.match(MARKED, text) else text


def defuse(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Mark a column of text; nulls stay null."""
    marked = pc.match_substring_regex(values, MARKED)
    return pc.if_else(marked, pc.binary_join_element_wise("'", values, ""), values)


def restore(values: pa.ChunkedArray) -> pa.ChunkedArray:
    r"""Take the marking back.

    Examples
    --------
    >>> restore(pa.chunked_array([["'=1+1", "''=1", "'tis"]])).to_pylist()
    ['=1+1', "'=1", "'tis"]
    """
    return pc.replace_substring_regex(values, UNMARKED, r"\1")


def unambiguous(values: pa.Array) -> pa.Array:
    """Mark text that looks marked, and no other: the import unmarks whatever the format is.

    Examples
    --------
    >>> unambiguous(pa.array(["=1+1", "'=1"])).to_pylist()
    ['=1+1', "''=1"]
    """
    if not pa.types.is_string(values.type):
        return values
    like = pc.match_substring_regex(values, UNMARKED)
    return pc.if_else(like, pc.binary_join_element_wise("'", values, ""), values)
