"""However small the batches are, what comes of a file is the same."""

import csv
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from layers.transfer import TransferError, open_batches
from tests.unit.county_files import feature, geojson, polygon_wkb, square, write_raw
from tests.unit.taken_files import Taken, take

SIZES = (1, 2, 7, 1000)
HEADERS = ["编码", "备注", "lon", "lat"]
ROWS = [
    ["007", "𠮷\n", "115", "33"], ["1", "", "", ""], ["2", "x", "115", ""], ["", "", "", ""],
    ["3", '"', "abc", "33"], ["4", ",", "115.5", "33.5"], ["5", "；", "", "33"],
    ["6", "'", "0", "0"], ["7", "末", "116", "34"],
]  # fmt: skip


def write_csv(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as sink:
        csv.writer(sink).writerows([HEADERS, *rows])


def write_xlsx(path: Path, rows: list[list[str]]) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([HEADERS, *rows]):
            for number, value in enumerate(row):
                sheet.write_string(place, number, value)


def write_layer(path: Path, rows: list[list[str]]) -> None:
    """Those rows that have both coordinates are placed."""
    numbers = {"115", "115.5", "116", "33", "33.5", "34", "0"}
    shapes = np.array(
        [shapely.Point(float(x), float(y)) if {x, y} <= numbers else None for _, _, x, y in rows]
    )
    columns = {"编码": [row[0] for row in rows], "备注": [row[1] for row in rows]}
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path, driver={".kml": "LIBKML"}.get(path.suffix))


WRITERS: dict[str, Callable[[Path, list[list[str]]], None]] = {
    "csv": write_csv, "xlsx": write_xlsx, "gpkg": write_layer, "parquet": write_layer,
    "geojson": write_layer, "shp": write_layer, "kml": write_layer,
}  # fmt: skip


def alike(path: Path) -> Taken:
    """The file in batches of every size, which all say the same."""
    first, *others = (take(path, batch_rows=size) for size in SIZES)
    for size, found in zip(SIZES, (first, *others), strict=True):
        assert max(found.sizes, default=0) <= size
        assert found.rows == first.rows
        assert found.columns == first.columns
        assert found.shapes == first.shapes
        assert found.opened == first.opened
        assert found.faults == first.faults
        assert found.source.headers == first.source.headers
        assert found.source.rows in (len(first.rows), None)
    return first


@pytest.mark.parametrize("ending", WRITERS)
def test_rows_are_the_same(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x.{ending}"
    WRITERS[ending](path, ROWS)
    found = alike(path)
    # In a table the row in which nothing stands is passed over; a layer has no such rows.
    table = ending in ("csv", "xlsx")
    assert found.rows == [row for row in range(1, 10) if row != 4 or not table]
    assert len(found.faults) == (3 if table else 0)
    assert found.shapes is not None
    placed = [row for row, shape in zip(found.rows, found.shapes, strict=True) if shape is not None]
    assert placed == [1, 6, 8, 9]


def test_open_rings_keep_their_rows(tmp_path: Path) -> None:
    shut = [True, False, True, True, False, True, True, True, False]
    rings = [square(n) if ok else square(n)[:-1] for n, ok in enumerate(shut)]
    codes = [str(n) for n in range(9)]
    blobs = [polygon_wkb(ring) for ring in rings]
    features = [feature(code, ring) for code, ring in zip(codes, rings, strict=True)]
    for path in (write_raw(tmp_path / "x.gpkg", codes, blobs),
                 geojson(tmp_path / "x.geojson", *features)):  # fmt: skip
        opened = alike(path).opened
        assert opened == {row: tuple(rings[row - 1][0]) for row in (2, 5, 9)}


def test_a_file_without_rows(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", [])
    assert alike(tmp_path / "x.csv").rows == []


WORD = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
NUMBER = st.sampled_from(["", " ", "115", "33.25", "x", "1e999", "-0", "nan"])


@given(st.lists(st.tuples(WORD, WORD, NUMBER, NUMBER).map(list), max_size=20))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
@example(ROWS)
def test_any_table_is_the_same(rows: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        write_csv(path, rows)
        held = [n for n, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
        assert alike(path).rows == held


def test_a_long_table_is_not_read_far_ahead_of_its_rows(tmp_path: Path) -> None:
    path, rows = tmp_path / "long.csv", 60_000
    line = "x" * 1000
    path.write_text("编码,备注\n" + "".join(f"{n},{line}\n" for n in range(rows)))
    seen = 0
    tracemalloc.start()
    with open_batches(path) as source:
        for batch in source.batches:
            seen += len(batch.rows)
            time.sleep(0.02)  # long enough for all of it to be read ahead
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == rows
    assert peak < path.stat().st_size / 2


def test_a_long_table_that_is_left_early_or_breaks_off_ends_at_once(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    rows = [f"{n},{'x' * 1000}\n" for n in range(60_000)]
    path.write_text("编码,备注\n" + "".join(rows))
    with open_batches(path) as source:
        assert next(source.batches).rows[0] == 1
    rows[40_000] = "1,2,3\n"
    path.write_text("编码,备注\n" + "".join(rows))
    with open_batches(path) as source, pytest.raises(TransferError, match="3 values"):
        list(source.batches)
