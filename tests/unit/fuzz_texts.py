"""Seeded harm to what a text says, where the text stays sound: JSON, XML and tables of text."""

import csv
import io
import json
import math
import random
import re
from typing import Any

Random = random.Random
# What no field expects. The last ones are long, deep or lone.
STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 1e308, -1e-320, 2**63, 10**30, math.nan, math.inf, "", " ", "\0",
    "NaN", "null", "=1+1", "-", "1e5", "1,5", "0x10", "１２３", "٣", "2024-02-30", "24:61",
    "9.9E+14", "{}", "{a,b}", "；；", "𠮷", "\u202e", "\ufeff", "e\u0301", "POINT EMPTY",
    "POINT (1 2)", "POINT Z (1 2 3)", "POLYGON ((0 0, 1 1, 2 0))", "MULTIPOLYGON (((",
    "SRID=4326;POINT (1 2)", "CIRCULARSTRING (0 0, 1 1, 2 0)",
    "POLYGON ((0 0, 1 1, 1 0, 0 0), EMPTY)", "POLYGON ((0x1 0, 1 1, 1 0, 9 9))",
    "POLYGON ((nan 0, 1 1, 2 0))",
    "CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING (0 0, 1 1, 2 0), (2 0, 0 0)))",
    "http://127.0.0.1:9/x", {"type": "link", "properties": {"href": "http://127.0.0.1:9/x"}}, [],
    {}, [1], [[1, 2]], {"a": 1}, {"type": "Point"}, {"type": "Point", "coordinates": []},
    {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2]}]},
    {"type": "Polygon", "coordinates": [[[115, 33], [116, 33]]]},
    {"type": "MultiPoint", "coordinates": [[1]]}, "x" * 70_000,
    "GEOMETRYCOLLECTION (" * 300 + "POINT (1 2)" + ")" * 300, "(" * 5000, "\ud800",
)  # fmt: skip


def json_harm(rng: Random, data: bytes) -> bytes:
    """Put something else in some places of a document."""
    document = json.loads(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        places: list[tuple[Any, Any]] = []
        _walk(document, places, 0)
        holder, key = rng.choice(places)
        what = rng.randrange(8)
        if what == 0:
            del holder[key]
        elif what == 1:
            other, place = rng.choice(places)
            holder[key] = json.loads(json.dumps(other[place]))
        elif what == 2 and isinstance(holder, list):
            holder[key:key] = [holder[key]] * rng.choice((1, 3, 2000))
        elif what == 3 and isinstance(holder, dict):
            holder[str(rng.choice(STRANGE))] = holder.pop(key)
        elif what == 4:
            for _ in range(rng.choice((1, 30, 600))):
                holder[key] = [holder[key]] if rng.random() < 0.5 else {"a": holder[key]}
        else:
            holder[key] = rng.choice(STRANGE)
        if not document:
            break
    words = json.dumps(document, ensure_ascii=rng.random() < 0.5)
    return words.encode(errors="surrogatepass")


def _walk(each: Any, places: list[tuple[Any, Any]], depth: int) -> None:
    if depth > 200:
        return
    keys = each if isinstance(each, dict) else range(len(each)) if isinstance(each, list) else ()
    for key in keys:
        places.append((each, key))
        _walk(each[key], places, depth + 1)


def table_harm(rng: Random, data: bytes) -> bytes:
    """Put something else in some cells of a table, or change its lines."""
    encoding = "utf-8"
    try:
        words = data.decode()
    except UnicodeDecodeError:
        encoding, words = "gb18030", data.decode("gb18030")
    sign = "\t" if words.split("\n")[0].count("\t") else ","
    rows = list(csv.reader(io.StringIO(words), delimiter=sign))
    for _ in range(rng.choice((1, 1, 2, 5))):
        row = rng.choice(rows)
        what = rng.randrange(10)
        if what == 0:
            rows.insert(rng.randrange(len(rows)), rng.choice(rows))
        elif what == 1 and row:
            del row[rng.randrange(len(row))]
        elif what == 2:
            rows += [list(rng.choice(rows)) for _ in range(rng.choice((3, 500)))]
        elif what == 3:
            for each in rows:
                each.insert(rng.randrange(len(each) + 1), str(rng.choice(STRANGE)))
        elif row:
            row[rng.randrange(len(row))] = str(rng.choice(STRANGE))
    sink = io.StringIO()
    quoting = rng.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL))
    csv.writer(sink, delimiter=rng.choice((sign, sign, sign, ";", "\t")), quoting=quoting,
               lineterminator=rng.choice(("\n", "\r\n", "\r", "\n\n"))).writerows(rows)  # fmt: skip
    return sink.getvalue().encode(encoding, errors="replace")


ATTRIBUTE = re.compile(rb'(?<==")[^"<>]*(?=")')
TEXT = re.compile(rb"(?<=>)[^<>]+(?=</)")
ELEMENT = re.compile(rb"<([\w:]+)[^<>]*?(?:/>|>[^<>]*</\1>)")
DECLARED = (
    b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>', b"<!-- -- -->", b"<?x y?>",
    b'<!DOCTYPE x SYSTEM "file:///etc/passwd">',
)  # fmt: skip
VALUES = (
    b"", b"0", b"-1", b"1", b"99", b"4294967295", b"1e400", b"nan", b"true", b"A1", b"XFD1048576",
    b"ZZZZ1", b"A0", b"A99999999999", b"A1:XFD1048576", b"str", b"s", b"b", b"e", b"d",
    b"inlineStr", b"&amp;", b"&lt;x", b"&#0;", b"&#xD800;", b"&x;", b"\xf0\xa0\xae\xb7", b"\xff",
    b"2024-13-41", b"PT99999H", b"hidden", b"string", b"float", b"date", b"1048576", b"16384",
    b"999999999999", b"http://127.0.0.1:9/x", b"115,33", b"115,33 116,33", b"115 33",
    b"115,33,1e400 1,2", b"," * 99,
)  # fmt: skip


def xml_harm(rng: Random, data: bytes) -> bytes:
    """Put something else in some attributes and texts, or take elements out, or in again."""
    for _ in range(rng.choice((1, 1, 2, 5))):
        pattern = rng.choice((ATTRIBUTE, ATTRIBUTE, TEXT, TEXT, ELEMENT))
        found = list(pattern.finditer(data))
        if not found:
            continue
        match = rng.choice(found)
        start, stop = match.span()
        other = rng.choice((rng.choice(VALUES), rng.choice(found)[0]))
        if pattern is ELEMENT:
            other = rng.choice(
                (b"", rng.choice(found)[0] * 2, match[0] * 300, rng.choice(DECLARED))
            )
        data = data[:start] + other + data[stop:]
    if rng.random() < 0.05:
        data = data.replace(b"?>", b"?>" + rng.choice(DECLARED), 1)
    return data
