"""Memory of imports: does the client's peak follow the batch size alone, or the file as well?

Each file is imported whole, into a fresh copy of the county, in a process of its own. The peak is
that of the importing process, above what it held when it began; the server's is not in it.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyogrio
import shapely
from rich.console import Console
from rich.table import Table

from tests.bench.imports import import_file, world
from tests.bench.pairs import Work, in_a_process

ROWS = {"fewer": 500_000, "more": 5_000_000}
BATCHES = (10_000, 50_000)
AIM = 1.2
PIECE = 50_000
CODE, LON, LAT, CRS = "编码", "经度", "纬度", "坐标系"
# Degrees, about a centimetre: the copies of a household are not all in one point.
STEP = 1e-7


# -- the files -----------------------------------------------------------------------------------


def _pieces(home: Path, rows: int) -> Iterator[pa.RecordBatch]:
    """Give the sample's households over and over, each time with codes of their own."""
    names = pacsv.open_csv(home / "households.csv").schema.names
    text = pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    once = pacsv.read_csv(home / "households.csv", convert_options=text)
    left = rows
    for number in itertools.count():
        for part in once.to_batches(PIECE):
            piece = _again(part.slice(0, left), number)
            yield piece
            left -= len(piece)
            if not left:
                return


def _again(part: pa.RecordBatch, number: int) -> pa.RecordBatch:
    codes = pc.binary_join_element_wise(part.column(CODE), f"{number}", "-")
    lon = pc.add(pc.cast(part.column(LON), pa.float64()), number * STEP)
    columns = {name: part.column(name) for name in part.schema.names}
    return pa.record_batch({**columns, CODE: codes, LON: pc.cast(lon, pa.string())})


def _write_csv(path: Path, rows: int) -> None:
    pieces = _pieces(path.parent, rows)
    first = next(pieces)
    with pacsv.CSVWriter(path, first.schema) as writer:
        for piece in itertools.chain([first], pieces):
            writer.write_batch(piece)


def _write_geopackage(path: Path, rows: int) -> None:
    pieces = map(_drawn, _pieces(path.parent, rows))
    first = next(pieces)
    reader = pa.RecordBatchReader.from_batches(first.schema, itertools.chain([first], pieces))
    pyogrio.raw.write_arrow(
        reader, path, geometry_name="geom", geometry_type="Point", crs="EPSG:4326"
    )


def _drawn(piece: pa.RecordBatch) -> pa.RecordBatch:
    lon, lat = (np.asarray(pc.cast(piece.column(name), pa.float64())) for name in (LON, LAT))
    shapes = pa.array(shapely.to_wkb(shapely.points(lon, lat)), pa.binary())
    columns = {n: piece.column(n) for n in piece.schema.names if n not in (LON, LAT, CRS)}
    return pa.record_batch({**columns, "geom": shapes})


WRITERS = {"csv": _write_csv, "gpkg": _write_geopackage}


# -- sides ---------------------------------------------------------------------------------------


def csv_fewer() -> Work:
    return import_file("fewer.csv")


def csv_more() -> Work:
    return import_file("more.csv")


def gpkg_fewer() -> Work:
    return import_file("fewer.gpkg")


def gpkg_more() -> Work:
    return import_file("more.gpkg")


SIDES = {"csv": (csv_fewer, csv_more), "gpkg": (gpkg_fewer, gpkg_more)}


def measure(console: Console) -> list[dict[str, object]]:
    """Import files of both lengths at both batch sizes."""
    results = []
    with world() as home:
        for ending, write in WRITERS.items():
            for name, rows in ROWS.items():
                write(home / f"{name}.{ending}", rows)
            results += [_compare(ending, size) for size in BATCHES]
            for name in ROWS:
                (home / f"{name}.{ending}").unlink()
    _show(results, console)
    return results


def _compare(ending: str, batch: int) -> dict[str, object]:
    setting = {"WANGGE_IMPORT_BATCH_ROWS": str(batch)}
    fewer, more = (in_a_process(side, setting) for side in SIDES[ending])
    return {"name": "memory", "format": ending, "batch_rows": batch, "rows": list(ROWS.values()),
            "fewer": fewer, "more": more, "ratio": more["mib"] / fewer["mib"],
            "aim": AIM}  # fmt: skip


def _show(results: list[dict[str, object]], console: Console) -> None:
    few, many = (f"{rows:,} rows" for rows in ROWS.values())
    title = "memory: the importing process' peak above its start, MiB (and seconds)"
    table = Table(title=title, title_justify="left")
    for column in ("format", "batch", few, many, "ratio"):
        table.add_column(column, justify="left" if column == "format" else "right")
    for result in results:
        fewer, more = result["fewer"], result["more"]
        assert isinstance(fewer, dict)
        assert isinstance(more, dict)
        table.add_row(
            str(result["format"]), f"{result['batch_rows']:,}",
            f"{fewer['mib']:,.0f} ({fewer['seconds']:.0f} s)",
            f"{more['mib']:,.0f} ({more['seconds']:.0f} s)", f"{result['ratio']:.2f}",
        )  # fmt: skip
    console.print(table)
    console.print(f"  aim ≤ {AIM}: a file ten times as long\n")
