"""Files made to harm whoever reads them: refused or read, and nothing else happens.

Each is read in a process of its own with a gigabyte of memory, beside a secret that it names and a
socket that it is told to ask. What must not come of it: a crash, a hang, a file left or written
elsewhere, a word on standard output, the secret in a row or in a message, a connection.
"""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit.county_files import feature
from tests.unit.fuzz_child import MARK
from tests.unit.fuzz_pool import Child
from tests.unit.hostile_files import GROUPS

# What may be read, for it holds rows after all; all others are refused, but shapes alone.
READ = {
    "one name twice.zip", "document type.kml", "document type.kmz", "linked http.kml",
    "linked file.kml", "one attribute of a megabyte.kml", "chains in a circle.xls",
    "stream of 4 GB.xls", "a trigger.gpkg", "an index that lies.gpkg",
    "a system at an address.gpkg", "name of an address.geojson", "grid of an address.geojson",
    "a sign that is none.csv", "header in quotes.csv", "nested.csv", "curve.csv", "formula.csv",
    "shape of 2^31 points.shp", "2^32 records.shp", "header beyond the file.shp",
    "records of no length.shp", "a system at an address.shp", "another type.shp",
    "a page of codes that is none.shp", "system of systems.parquet",
}  # fmt: skip
SAID = {
    "nested.zip": "an archive or encrypted file", "up.zip": "outside of itself",
    "up backslash.zip": "outside of itself", "absolute.zip": "outside of itself",
    "locked.zip": "an archive or encrypted file", "lzma.zip": "usual method",
    "endless list.zip": "lists 9 files", "overlapping.zip": "would unpack to 2,147,484 MB",
    "two of one name.zip": "a/g.geojson, b/g.geojson", "terminal.zip": "a�[2Jb, c�",
    "four members.csv.gz": "more than 20 MB", "two cells far apart.xlsx": "too much memory",
    "wide rows.ods": "too much memory", "folder in a circle.xls": "too much memory",
    "endless view.gpkg": "is a view", "rows of another file.gpkg": "is a view",
    "link.geojson": "by an address", "escaped link.geojson": "by an address",
    "brackets.geojson": "nested too deep", "an open quotation mark.csv": "never closed",
    "columns.csv": "columns", "long header.csv": "field limit",
    "300 MB in a page.parquet": "times its size", "25 million rows.parquet": "25,000,000 rows",
}  # fmt: skip
# Above what the process has already; the corpus itself takes a few.
MOST_MB = 250


@dataclass
class Beside:
    """What lies beside the files: a secret, an address, and who has asked there."""

    child: Child
    secret: Path
    address: str
    asked: list[bytes] = field(default_factory=list)


@pytest.fixture(scope="module")
def beside() -> Iterator[Beside]:
    with socket.create_server(("127.0.0.1", 0)) as server, Child(sockets=True) as child:
        secret = child.area / "secret.geojson"
        row = feature(MARK, [115, 33], kind="Point")
        secret.write_text(json.dumps({"type": "FeatureCollection", "features": [row]}))
        out = Beside(child, secret, f"http://127.0.0.1:{server.getsockname()[1]}")

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    out.asked.append(connection.recv(200))

        threading.Thread(target=listen, daemon=True).start()
        yield out
        # Let the thread see the end.
        server.shutdown(socket.SHUT_RDWR)


def read_all(beside: Beside, group: str, readers: tuple[str, ...]) -> dict[str, str]:
    """What went wrong with each of a group, by name."""
    wrong = {}
    for name, case in GROUPS[group](beside.secret, beside.address).items():
        for reader in readers:
            before = len(beside.asked)
            outcome = beside.child.run(case, reader)
            if not outcome.is_fine:
                wrong[f"{name}, {reader}"] = f"{outcome.said}\n{outcome.trace}"
            elif outcome.mb > MOST_MB:
                wrong[f"{name}, {reader}"] = f"{outcome.mb} MB"
            elif len(beside.asked) > before:
                wrong[f"{name}, {reader}"] = f"asked {beside.asked[-1]!r}"
            elif SAID.get(name, "") not in outcome.said:
                wrong[f"{name}, {reader}"] = f"{outcome.status}: {outcome.said}"
            elif outcome.status == "read" and name not in READ and group != "geometries":
                wrong[name] = f"{outcome.rows} rows were read"
    return wrong


@pytest.mark.parametrize("group", GROUPS)
def test_nothing_comes_of_it(beside: Beside, group: str) -> None:
    # Both readers read workbooks by the same function, each in a process of its own.
    readers = ("import",) if group in ("entities", "cells") else ("import", "check")
    assert read_all(beside, group, readers) == {}
    held = {each.name for each in beside.child.area.iterdir()}
    assert held == {"secret.geojson", "deep", "stdout", "stderr"}
    assert [each.name for each in (beside.child.area / "deep").rglob("*")] == ["down", "tmp", "in"]
