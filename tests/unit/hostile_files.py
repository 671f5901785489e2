"""Files that somebody made to harm whoever reads them, each as small as it can be.

``secret`` is a file beside that nobody may bring in, ``address`` one that nobody may ask.
"""

import gzip
import io
import json
import math
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.unit.county_files import feature, square
from tests.unit.fuzz_corpus import Case, cases_of, corpus, zipped
from tests.unit.hostile_data import databases, geometries, parquets
from tests.unit.hostile_markup import cells, entities, markup, sheet

GRID = json.dumps({"type": "FeatureCollection", "features": [feature("a", square())]}).encode()


# -- archives --------------------------------------------------------------------------------------


def archives(secret: Path) -> dict[str, Case]:
    def named(name: str, **about: int) -> bytes:
        entry = zipfile.ZipInfo(name)
        for key, value in about.items():
            setattr(entry, key, value)
        return _archive([(entry, GRID)])

    link = zipfile.ZipInfo("grids.geojson")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    locked = bytearray(named("grids.geojson"))
    locked[locked.find(b"PK\x01\x02") + 8] |= 1
    nameless = _with(named("x"), b"PK\x01\x02", 28, b"\0").replace(b"xPK\x05", b"PK\x05")
    nameless = _with(nameless, b"PK\x05\x06", 12, b"\x2e")
    plain = named("grids.geojson")
    twice = _archive([(zipfile.ZipInfo("grids.geojson"), b"{}"), ("grids.geojson", GRID)])
    files = {
        "nested.zip": zipped({"inner.zip": plain}), "up.zip": named("../../escaped.geojson"),
        "up backslash.zip": named("..\\..\\escaped.geojson"),
        "absolute.zip": named(str(secret.with_name("escaped.geojson"))),
        "drive.zip": named("C:\\escaped.geojson"), "no name.zip": named("."),
        "empty name.zip": nameless, "symbolic link.zip": _archive([(link, str(secret).encode())]),
        "one name twice.zip": twice, "locked.zip": bytes(locked),
        "lzma.zip": named("grids.geojson", compress_type=zipfile.ZIP_LZMA),
        "method 99.zip": plain.replace(b"\x14\0\0\0\0\0", b"\x14\0\0\0\x63\0"),
        "far local header.zip": _with(plain, b"PK\x01\x02", 42, struct.pack("<I", 2**31)),
        "list beyond the start.zip": _with(plain, b"PK\x05\x06", 16, struct.pack("<I", 2**31)),
        "endless list.zip": plain + _end_of_list(9, 4 << 20, 0),
        "two of one name.zip": zipped({"a/g.geojson": GRID, "b/g.geojson": GRID}),
        "terminal.zip": zipped({"a\x1b[2Jb.geojson": GRID, "c\n.geojson": GRID}),
    }  # fmt: skip
    return cases_of(files)


def _archive(entries: list[tuple[zipfile.ZipInfo | str, bytes]]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for entry, data in entries:
            name = zipfile.ZipInfo(entry) if isinstance(entry, str) else entry
            archive.NameToInfo.pop(name.filename, None)
            archive.writestr(name, data)
    return sink.getvalue()


def _with(data: bytes, sign: bytes, offset: int, value: bytes) -> bytes:
    at = data.rindex(sign) + offset
    return data[:at] + value + data[at + len(value) :]


def _end_of_list(entries: int, size: int, start: int) -> bytes:
    return b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, entries, entries, size, start, 0)


def bombs() -> dict[str, Case]:
    """What is small, and is not when it is unpacked."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("g.geojson", GRID)
    small = sink.getvalue()
    # One member's bytes, listed a thousand times over (the trick of zbsm.zip).
    start, end = small.index(b"PK\x01\x02"), small.index(b"PK\x05\x06")
    entry = small[start:end]
    large = entry[:24] + struct.pack("<I", 2**31) + entry[28:]
    overlapping = small[:start] + large * 1000 + _end_of_list(1000, 1000 * len(large), start)
    member = gzip.compress(b"1,2,3\n" * 1_000_000, mtime=0)
    packed = gzip.compress(b"code,lon,lat\n", mtime=0) + member * 4
    cases = cases_of({"overlapping.zip": overlapping, "four members.csv.gz": packed,
                      "cells.xlsx": sheet(f"<row>{'<c/>' * 500_000}</row>" * 4)})  # fmt: skip
    return {name: Case(case.main, case.parts, "households", {"max_unzipped_mb": 20})
            for name, case in cases.items()}  # fmt: skip


# -- drivers that open other things ----------------------------------------------------------------


def drivers(secret: Path, address: str) -> dict[str, Case]:
    """What other drivers of GDAL take for an order to open a file or an address."""
    layer = "<OGRVRTLayer name='x'><SrcDataSource>{}</SrcDataSource></OGRVRTLayer>"
    steps = {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {secret}"}
    far = f"/vsicurl/{address}/x"
    orders = {
        "virtual file": f"<OGRVRTDataSource>{layer.format(secret)}</OGRVRTDataSource>",
        "virtual address": f"<OGRVRTDataSource>{layer.format(far)}</OGRVRTDataSource>",
        "feature service": f"<OGRWFSDataSource><URL>{address}/wfs</URL></OGRWFSDataSource>",
        "pipeline": json.dumps(steps), "address alone": f"{address}/x.geojson",
    }  # fmt: skip
    endings = (".gpkg", ".kml", ".geojson", ".shp", ".fgb", ".xml", ".vrt", ".mif", ".gdb")
    cases = cases_of({f"{name}{ending}": words.encode() for name, words in orders.items()
                    for ending in endings})  # fmt: skip
    parts = corpus()["bare.shp"].parts
    for name, case in cases.items():
        if name.endswith(".shp"):
            beside = {"x.shx": parts["g.shx"], "x.dbf": parts["g.dbf"]}
            cases[name] = Case(case.main, {**case.parts, **beside})
    return cases


# -- documents and tables --------------------------------------------------------------------------


def documents(address: str) -> dict[str, Case]:
    def collection(shape: object, **members: object) -> bytes:
        row = {"type": "Feature", "properties": {"code": "a"}, "geometry": shape}
        return json.dumps({"type": "FeatureCollection", **members, "features": [row]}).encode()

    def crs(kind: str, **about: str) -> bytes:
        return collection(
            {"type": "Point", "coordinates": [115, 33]}, crs={"type": kind, "properties": about}
        )

    ring = [[115, 33], [116, 33], [116, 34], [115, 33]]
    deep: dict[str, object] = {"type": "Point", "coordinates": [115, 33]}
    for _ in range(400):
        deep = {"type": "GeometryCollection", "geometries": [deep]}
    link = crs("LiNk", href=f"{address}/crs")
    grid = f"+proj=longlat +nadgrids={address}/g +type=crs"
    large = [[1e308, 33], [-1e308, 33], [1e308, 1e308], [1e308, 33]]
    return cases_of({
        "brackets.geojson": b"[" * 1_000_000, "objects.geojson": b'{"a":' * 1_000_000,
        "brackets in a row.geojson": GRID.replace(b"[115.0, 33.0]", b"[" * 100_000, 1),
        "collections.geojson": collection(deep),
        "1e308.geojson": collection({"type": "Polygon", "coordinates": [large]}),
        "NaN.geojson": collection({"type": "Polygon", "coordinates": [[[math.nan, 33], *ring]]}),
        "a number of 5000 digits.geojson": GRID.replace(b"115.0", b"9" * 5000, 1),
        "a million empty objects.geojson": GRID.replace(b'"a"', b"[" + b"{}," * 1_000_001 + b"1]"),
        "link.geojson": link, "link in a feature.geojson": GRID.replace(b'"geometry"', b'"crs": '
            + json.dumps(json.loads(link)["crs"]).encode() + b', "geometry"'),
        "escaped link.geojson": link.replace(b'"crs"', b'"\\u0043RS"'),
        "url.geojson": crs("url", url=f"{address}/crs"),
        "name of an address.geojson": crs("name", name=f"{address}/crs"),
        "grid of an address.geojson": crs("name", name=grid),
        "next page.geojson": collection(deep, links=[{"rel": "next", "href": f"{address}/next"}]),
    })  # fmt: skip


def tables() -> dict[str, Case]:
    head = b"code,lon,lat,address\n"
    rng = random.Random(1)
    names = b",".join(b"n%d" % n for n in range(100_000))
    long = "x" * 300_000
    nested = "GEOMETRYCOLLECTION (" * 60_000 + "POINT (1 2)" + ")" * 60_000
    return cases_of({
        "a sign that is none.csv": head + b"1,115,33,a\0b\n",
        "one line.csv": head + b"x" * 50_000_000,
        "an open quotation mark.csv": head + b'1,115,33,"' + b"a,b\n" * 200_000,
        "columns.csv": names + b"\n", "columns of one letter.csv": b"a," * 100_000 + b"\n",
        "long header.csv": f"code,{long}\n1,2\n".encode(),
        "header in quotes.csv": b'"code,lon\n' * 30_000,
        "noise.csv": rng.randbytes(200_000), "1e999.csv": head + b"1,1e999,-1e999,a\n",
        "nested.csv": f'code,wkt\n1,"{nested}"\n'.encode(),
        "curve.csv": b'code,wkt\n1,"CIRCULARSTRING (0 0, 1 1, 2 0)"\n',
        "formula.csv": head + b"1,115,33,\"=cmd|' /C calc'!A0\"\n",
        "terminal.csv": b"code,lon,lat,lat\x1b[2J,lat\x1b[2J\n1,2,3,4,5\n",
    }, "households")  # fmt: skip


def shapefiles(address: str) -> dict[str, Case]:
    parts = corpus()["bare.shp"].parts

    def but(**changes: bytes | None) -> Case:
        held: dict[str, bytes | None] = {name[2:]: data for name, data in parts.items()}
        return Case(
            "g.shp",
            {f"g.{end}": data for end, data in {**held, **changes}.items() if data is not None},
        )

    def over(end: str, at: int, words: bytes) -> bytes:
        data = parts[f"g.{end}"]
        return data[:at] + words + data[at + len(words) :]

    system = 'PROJCS["x",' * 50_000
    return {
        "index of 2^31 places.shp": but(shx=over("shx", 24, struct.pack(">I", 2**31 - 1))),
        "places beyond the file.shp": but(shx=over("shx", 100, struct.pack(">II", 2**30, 2**30))),
        "shape of 2^31 points.shp": but(
            shp=over("shp", 148, struct.pack("<II", 2**31 - 1, 2**31 - 1))
        ),
        "2^32 records.shp": but(dbf=over("dbf", 4, struct.pack("<I", 2**32 - 1))),
        "header beyond the file.shp": but(dbf=over("dbf", 8, struct.pack("<HH", 65535, 65535))),
        "records of no length.shp": but(dbf=over("dbf", 10, struct.pack("<H", 0))),
        "a page of codes that is none.shp": but(cpg=b"../../../../etc/passwd\0hex"),
        "a system at an address.shp": but(prj=f"{address}/prj".encode()),
        "systems in systems.shp": but(prj=system.encode()),
        "another type.shp": but(shp=over("shp", 32, struct.pack("<I", 31))),
    }


GROUPS: dict[str, Callable[[Path, str], dict[str, Case]]] = {
    "archives": lambda secret, _: archives(secret),
    "bombs": lambda *_: bombs(),
    "markup": markup,
    "entities": entities,
    "cells": lambda *_: cells(),
    "databases": databases,
    "drivers": drivers,
    "documents": lambda _, address: documents(address),
    "tables": lambda *_: tables(),
    "shapefiles": lambda _, address: shapefiles(address),
    "parquets": lambda *_: parquets(),
    "geometries": lambda *_: geometries(),
}
