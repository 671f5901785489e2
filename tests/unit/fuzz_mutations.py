"""Seeded harm: bytes cut, turned, moved, lied about; also inside archives and databases."""

import gzip
import io
import json
import random
import re
import sqlite3
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.unit.fuzz_corpus import Case, corpus, zipped
from tests.unit.fuzz_texts import json_harm, table_harm, xml_harm

Random = random.Random
Harm = Callable[[Random, bytes], bytes]
COUNTS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF,
          2**53, 2**63 - 1, 2**64 - 1)  # fmt: skip
WORDS = (
    b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"NaN", b"1e308", b"-1e400", b"9" * 400, b"null",
    b"[]", b"{}", b"[" * 3000, b'{"a":' * 400, b'"', b"'", b",", b"\n", b"\r", b"\t", b";", b"&",
    b"<", b">",
    b"</", b"<!--", b"<![CDATA[", b"]]>", b"&#0;", b"&#x10FFFF;", b"\\ud800", b"POLYGON EMPTY",
    b"GEOMETRYCOLLECTION(" * 200, b"CIRCULARSTRING (0 0, 1 1, 2 0)", b"POINT Z (1 2 nan)",
    b"../../x", b"/etc/passwd", b"C:\\x", b"A1:XFD1048576", b"XFD1048576", b"EPSG:999999",
    b"\xf0\xa0\xae\xb7", b"\xc0\x80", b"\xed\xa0\x80", b"2024-13-45", b"9999-12-31", b"=1+1",
    b"<a><a><a>", b"1 2 3 4 5", b"true", b"-0", b"0x1p3", b"\xe2\x80\xae",
    b"http://127.0.0.1:9/x", b"/vsicurl/http://127.0.0.1:9/x",
)  # fmt: skip


# -- bytes ---------------------------------------------------------------------------------------


def _place(rng: Random, data: bytes) -> int:
    """A place in the data: often where a file keeps what it says of itself."""
    size = max(len(data), 1)
    near = min(size, 256)
    return rng.choice((rng.randrange(size), rng.randrange(near), size - 1 - rng.randrange(near)))


def _chunk(rng: Random, data: bytes) -> tuple[int, int]:
    start = _place(rng, data)
    return start, min(len(data), start + rng.choice((1, 2, 4, 8, 16, 64, 512, len(data))))


def truncate(rng: Random, data: bytes) -> bytes:
    return data[: _place(rng, data)]


def flip(rng: Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        out[_place(rng, data)] ^= 1 << rng.randrange(8)
    return bytes(out)


def count(rng: Random, data: bytes) -> bytes:
    """Write a number over what may be a length."""
    form = rng.choice(("<B", "<H", "<I", "<Q", ">H", ">I", ">Q"))
    value = rng.choice((*COUNTS, len(data), len(data) + 1, rng.getrandbits(64)))
    word = struct.pack(form, value % 256 ** struct.calcsize(form))
    at = _place(rng, data)
    return data[:at] + word + data[at + len(word) :]


def zero(rng: Random, data: bytes) -> bytes:
    start, stop = _chunk(rng, data)
    return data[:start] + rng.choice((b"\0", b"\xff", b" ")) * (stop - start) + data[stop:]


def remove(rng: Random, data: bytes) -> bytes:
    start, stop = _chunk(rng, data)
    return data[:start] + data[stop:]


def repeat(rng: Random, data: bytes) -> bytes:
    start, stop = _chunk(rng, data)
    times = rng.choice((2, 2, 3, 50, 1000))
    return data[:start] + data[start:stop] * min(times, 1 + 200_000 // (stop - start)) + data[stop:]


def insert(rng: Random, data: bytes) -> bytes:
    at = _place(rng, data)
    return data[:at] + rng.choice(WORDS) + data[at:]


def number(rng: Random, data: bytes) -> bytes:
    """Write a word over a number that stands in a text."""
    found = list(re.finditer(rb"-?[0-9]+(\.[0-9]+)?", data))
    return _over(rng, data, found)


def word(rng: Random, data: bytes) -> bytes:
    """Write a word over a word that stands in a text, or another one of the same text."""
    found = list(re.finditer(rb"[A-Za-z_:]{2,}|[<>\"',(){}\[\]]", data))
    return _over(rng, data, found)


def _over(rng: Random, data: bytes, found: list[re.Match[bytes]]) -> bytes:
    if not found:
        return flip(rng, data)
    match = rng.choice(found)
    other = rng.choice((rng.choice(WORDS), rng.choice(found)[0]))
    return data[: match.start()] + other + data[match.end() :]


def splice(rng: Random, data: bytes) -> bytes:
    """Put on the tail of another file."""
    case = rng.choice(list(corpus().values()))
    other = rng.choice(list(case.parts.values()))
    return data[: _place(rng, data)] + other[_place(rng, other) :][:100_000]


BYTES: tuple[Harm, ...] = (
    truncate, flip, flip, count, count, zero, remove, repeat, insert, number, word, splice,
)  # fmt: skip


def harm(rng: Random, data: bytes) -> bytes:
    """Do some harm to bytes."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice(BYTES)(rng, data) if data else b"\0"
    return data


# -- what is inside ------------------------------------------------------------------------------


def members(rng: Random, data: bytes) -> bytes:
    """Harm the members of an archive, and pack them again with sums that are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    likely = [name for name in parts if re.search(r"sheet|content\.|shared|book|\.[sdg]", name)]
    name = rng.choice(likely or list(parts)) if rng.random() < 0.9 else rng.choice(list(parts))
    what = rng.randrange(20)
    if what == 0:
        del parts[name]
    elif what == 1:
        parts[
            rng.choice((f"{name}.bak", f"../{name}", name.upper(), f"a/{name}", ".", "a//b", "x"))
        ] = parts.pop(name)
    else:
        inside = INSIDE.get(Path(name).suffix)
        parts[name] = (inside if inside and rng.random() < 0.75 else harm)(rng, parts[name])
    out = zipped(parts)
    return harm(rng, out) if rng.random() < 0.1 else out


def unzipped(rng: Random, data: bytes) -> bytes:
    inner = gzip.decompress(data)
    harmed = table_harm(rng, inner) if rng.random() < 0.6 else harm(rng, inner)
    return gzip.compress(harmed, mtime=0)


SHAPES = (
    "", "00", "0101000000", "010300000001000000ffffffff", "0107000000ffffffff",
    "01eb03000001000000", "0108000000030000000000000000000000000000000000000000000000000000f03f"
    "000000000000f03f00000000000000400000000000000000", "0104000080", "000000000140",
    "0106000000010000000103000000010000000000000000", "010f00000001000000", "0111000000",
)  # fmt: skip


def shape(rng: Random, blob: bytes) -> bytes:
    """Well-known binary that is harmed, nested or invented."""
    what = rng.randrange(5)
    if what == 0:
        return bytes.fromhex(rng.choice(SHAPES))
    if what == 1:
        kind = rng.choice((4, 5, 6, 7, 10, 11, 12))
        return struct.pack("<BII", 1, kind, 1) * rng.choice((1, 40, 2000, 30_000)) + blob
    if what == 2:
        return (
            blob[:1]
            + struct.pack("<I", rng.choice((*range(20), 1003, 2003, 3003, 2**31 + 3)))
            + blob[5:]
        )
    return harm(rng, blob)


def database(rng: Random, data: bytes) -> bytes:
    """Write into the tables of a GeoPackage what its makers did not mean."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.gpkg"
        path.write_bytes(data)
        connection = sqlite3.connect(path)
        connection.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY")
        try:
            for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
                connection.create_function(name, 1, lambda _: 0)
            for _ in range(rng.choice((1, 1, 3))):
                _write(rng, connection)
            connection.commit()
        except sqlite3.Error:
            pass
        finally:
            connection.close()
        return path.read_bytes()


def _write(rng: Random, connection: sqlite3.Connection) -> None:
    names = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
    ).fetchall()
    tables = [name for name, _ in names if not name.startswith(("sqlite", "rtree"))]
    table = rng.choice([*tables, "x", "gpkg_contents", "gpkg_geometry_columns", "sqlite_master"])
    if table == "sqlite_master":
        connection.execute("PRAGMA writable_schema = 1")
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    column = rng.choice(columns)
    rows = connection.execute(f'SELECT rowid, "{column}" FROM "{table}"').fetchall()  # noqa: S608
    row, value = rng.choice(rows)
    if isinstance(value, bytes) and rng.random() < 0.8:
        value = value[:40] + shape(rng, value[40:]) if rng.random() < 0.7 else harm(rng, value)
    elif isinstance(value, str) and rng.random() < 0.5:
        value = harm(rng, value.encode()).decode("utf-8", errors="replace")
    else:
        value = rng.choice((None, -1, 0, 2**62, 1e308, float("inf"), "", "x" * 5000, b"\0\xff",
                            "POINT", "tiles", "DATETIME", "TEXT(5)", 99999, "NaN"))  # fmt: skip
    statement = f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?'  # noqa: S608
    connection.execute(statement, (value, row))


def _geo(rng: Random, said: bytes) -> bytes:
    """GeoParquet's own words, with one member changed."""
    document = json.loads(said)
    places: list[tuple[dict[str, object], str]] = []

    def walk(each: object) -> None:
        if isinstance(each, dict):
            for key, value in each.items():
                places.append((each, key))
                walk(value)

    walk(document)
    holder, key = rng.choice(places[:12] if rng.random() < 0.6 else places)
    holder[key] = rng.choice((None, 1, -1.5, True, [], {}, [1], {"a": 1}, "", "x", "编码", "WKT",
                              "point", "EPSG:4490", "\ud800", ["geometry"]))  # fmt: skip
    return json.dumps(document).encode()


def columns(rng: Random, data: bytes) -> bytes:
    """A Parquet file that is sound, and whose columns are not what they are said to be."""
    table = pq.read_table(io.BytesIO(data))
    geo = table.schema.metadata[b"geo"]
    blobs = table.column("geometry").to_pylist()
    what = rng.randrange(4)
    if what == 0:
        geo = _geo(rng, geo) if rng.random() < 0.8 else harm(rng, geo)
    elif what == 1:
        at = rng.randrange(len(blobs))
        blobs[at] = shape(rng, blobs[at] or blobs[0])
        place = table.schema.get_field_index("geometry")
        table = table.set_column(place, "geometry", pa.array(blobs, pa.binary()))
    else:
        name = rng.choice(table.column_names)
        place = table.schema.get_field_index(name)
        values = rng.choice(COLUMNS)(len(table))
        called = rng.choice((name, name, "geometry", "编码", "", "x\0y", "x" * 3000))
        table = table.set_column(place, called, values)
    sink = io.BytesIO()
    try:
        pq.write_table(table.replace_schema_metadata({b"geo": geo}), sink)
    except (pa.ArrowException, ValueError, TypeError):
        return harm(rng, data)
    return sink.getvalue()


COLUMNS: tuple[Callable[[int], pa.Array], ...] = (
    lambda n: pa.array([[1, 2]] * n),
    lambda n: pa.array([[{"a": 1}]] * n),
    lambda n: pa.array([{"a": [b"x"]}] * n),
    lambda n: pa.array([[[[["x"]]]]] * n),
    lambda n: pa.array([{"k": "v"}.items()] * n, pa.map_(pa.string(), pa.string())),
    lambda n: pa.array([b"\xff\xfe"] * n, pa.large_binary()),
    lambda n: pa.array([b"abcd"] * n, pa.binary(4)),
    lambda n: pa.array([10**17] * n, pa.timestamp("us")),
    lambda n: pa.array([2**62] * n, pa.timestamp("ms", "UTC")),
    lambda n: pa.array([1] * n, pa.time64("ns")),
    lambda n: pa.array([1] * n, pa.duration("s")),
    lambda n: pa.array([float("nan"), *[float("inf")] * (n - 1)]),
    lambda n: pa.array([1.5] * n, pa.float16()),
    lambda n: pa.nulls(n),
    lambda n: pa.array(["x"] * n).dictionary_encode(),
    lambda n: pa.array([b"x"] * n).dictionary_encode(),
    lambda n: pa.array([True] * n),
    lambda n: pa.array(["x"] * n, pa.string_view()),
    lambda n: pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16] * n, pa.binary(16))),
    lambda n: pa.array(["1"] * n).cast(pa.decimal128(5, 2)),
)


# -- a case --------------------------------------------------------------------------------------

INSIDE: dict[str, Harm] = {
    ".zip": members, ".kmz": members, ".xlsx": members, ".ods": members, ".gz": unzipped,
    ".gpkg": database, ".parquet": columns, ".json": json_harm, ".geojson": json_harm,
    ".kml": xml_harm, ".xml": xml_harm, ".rels": xml_harm, ".csv": table_harm, ".tsv": table_harm,
}  # fmt: skip
OPTIONS: tuple[dict[str, str], ...] = (
    {"encoding": "GBK"}, {"encoding": "UTF-8"}, {"encoding": "utf-16"}, {"encoding": "hex"},
    {"layer": "x"}, {"layer": "住户"}, {"layer": "nowhere"},
)  # fmt: skip
KINDS = ("areas", "grids", "households", "people", "incidents", "reference:x")


def mutant(name: str, seed: int) -> Case:
    """The case of a format and a seed: the same again for the same two."""
    rng = Random(f"{name} {seed}")
    case = corpus()[name]
    parts = dict(case.parts)
    for _ in range(rng.choice((1, 1, 1, 2))):
        part = rng.choice([case.main, *parts])
        inside = INSIDE.get(Path(part).suffix)
        one = inside if inside and rng.random() < 0.75 else harm
        try:
            parts[part] = one(rng, parts[part])
        except Exception:  # noqa: BLE001 - harmed twice, it cannot be opened any more
            parts[part] = harm(rng, parts[part])
    if len(parts) > 1 and rng.random() < 0.05:
        del parts[rng.choice([part for part in parts if part != case.main])]
    options = rng.choice(OPTIONS) if rng.random() < 0.08 else {}
    kind = rng.choice(
        ("areas", "grids", "households", "people", "incidents", "reference:x", case.kind)
    )
    return Case(case.main, parts, kind if rng.random() < 0.3 else case.kind, options)
