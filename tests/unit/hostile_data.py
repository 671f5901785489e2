"""Hostile GeoPackages, GeoParquet and shapes: what is computed, repeated, nested or lied about."""

import io
import json
import random
import sqlite3
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from tests.unit.fuzz_corpus import Case, cases_of, corpus

# -- databases -------------------------------------------------------------------------------------

# Before the shape: GeoPackage, version 1, no box, EPSG:4326.
HEADER = b"GP\0\1" + struct.pack("<I", 4326)
ENDLESS = (
    "WITH c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
    "SELECT x AS fid, NULL AS geom, 'a' AS code FROM c"
)
VIRTUAL = (
    "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) "
    "VALUES ('table', 'v', 'v', 0, '{}')"
)
LAYERS = (
    "CREATE VIEW gpkg_geometry_columns AS SELECT * FROM z WHERE (SELECT count(*) FROM ({})) > 0"
)
SYSTEM = "UPDATE gpkg_spatial_ref_sys SET definition = '{}'"
LIES = "UPDATE x SET 户数 = 'many', 编码 = 1e308, 名称 = x'fffe'"
LISTED = (
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) "
    "VALUES ('v', 'features', 'v', 4326)",
    "INSERT INTO gpkg_geometry_columns VALUES ('v', 'geom', 'POLYGON', 4326, 0, 0)",
)
VIEW = "CREATE VIEW v AS SELECT fid, geom, {} AS code FROM x"
MADE = (
    "CREATE TABLE v (fid INTEGER PRIMARY KEY, geom BLOB, code TEXT, "
    "made TEXT GENERATED ALWAYS AS (printf('%900000000d', fid)))"
)


def database(*statements: str, blob: bytes | None = None) -> bytes:
    """The corpus' GeoPackage after these statements."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.gpkg"
        path.write_bytes(corpus()["gpkg"].parts["x.gpkg"])
        connection = sqlite3.connect(path)
        connection.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY")
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            connection.create_function(name, 1, lambda _: 0)
        if blob is not None:
            connection.execute("UPDATE x SET geom = ?", (HEADER + blob,))
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()
        return path.read_bytes()


def databases(secret: Path, address: str) -> dict[str, Case]:
    def virtual(module: str) -> tuple[str, ...]:
        words = f"CREATE VIRTUAL TABLE v USING {module}".replace("'", "''")
        return "PRAGMA writable_schema = 1", VIRTUAL.format(words), *LISTED

    asked = f"ogr_geocode('x', 'geometry', 'SERVICE=OSM_NOMINATIM', 'QUERY_TEMPLATE={address}/%s')"
    files = {
        "endless view.gpkg": database(f"CREATE VIEW v AS {ENDLESS}", *LISTED),
        "endless list of layers.gpkg": database(
            "ALTER TABLE gpkg_geometry_columns RENAME TO z", LAYERS.format(ENDLESS)),
        "a gigabyte for each row.gpkg": database(
            MADE, "INSERT INTO v (code) VALUES ('a'), ('b')", *LISTED),
        "rows of another file.gpkg": database(*virtual(f"VirtualOGR('{secret}')")),
        "a view that asks.gpkg": database(VIEW.format(asked), *LISTED),
        "a view that loads.gpkg": database(VIEW.format("load_extension('x')"), *LISTED),
        "a view that reads.gpkg": database(VIEW.format(f"readfile('{secret}')"), *LISTED),
        "a trigger.gpkg": database("CREATE TRIGGER t AFTER UPDATE ON x BEGIN DELETE FROM x; END"),
        "a type that lies.gpkg": database(LIES),
        "an index that lies.gpkg": database("DELETE FROM rtree_x_geom"),
        "a system at an address.gpkg": database(SYSTEM.format(f"{address}/srs")),
    }  # fmt: skip
    cases = cases_of(files)
    for name, case in cases.items():
        # As SQLite keeps the row of the list of layers.
        if b"vfeatures" in case.parts[case.main]:
            cases[name] = Case(case.main, case.parts, case.kind, {"layer": "v"})
    return cases


# -- GeoParquet ------------------------------------------------------------------------------------


def parquet(columns: dict[str, pa.Array], geo: object = None, **options: object) -> bytes:
    table = pa.table(columns)
    if geo is not None:
        table = table.replace_schema_metadata({b"geo": json.dumps(geo).encode()})
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def parquets() -> dict[str, Case]:
    point = shapely.to_wkb(shapely.Point(115, 33))
    geo = {"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    code, blob = pa.array(["a"]), pa.array([point])
    good = corpus()["parquet"].parts["x.parquet"]
    word = pa.DictionaryArray.from_arrays(
        pa.array([0] * 50_000, pa.int32()), pa.array(["x" * 1_000_000])
    )
    listed = pa.ListArray.from_arrays(
        pa.array(range(20_001), pa.int32()), word.take(pa.array(range(20_000)))
    )
    size = struct.unpack("<I", good[-8:-4])[0]
    kind = pa.int32()
    for _ in range(300):
        kind = pa.list_(kind)
    return cases_of({
        "one word in 50,000 rows.parquet": parquet({"code": word}, compression="zstd"),
        "one word in 20,000 lists.parquet": parquet({"code": listed}, compression="zstd"),
        "300 MB in a page.parquet": parquet(
            {"code": pa.array(["x" * 150_000_000] * 2)}, compression="zstd", use_dictionary=False,
            write_statistics=False),
        "25 million rows.parquet": parquet({"code": pa.nulls(25_000_000, pa.int8())}),
        "lists in lists.parquet": parquet({"code": code, "x": pa.nulls(1, kind)}),
        "footer of 2 GB.parquet": good[:-8] + struct.pack("<I", 2**31 - 1) + b"PAR1",
        "footer of nothing.parquet": good[:-8] + struct.pack("<I", 0) + b"PAR1",
        "footer of noise.parquet": good[: -8 - size] + random.Random(2).randbytes(size) + good[-8:],
        "shape that is a number.parquet": parquet({"code": code, "geometry": pa.array([1])}, geo),
        "shape that is not there.parquet": parquet({"code": code}, geo),
        "system of systems.parquet": parquet({"code": code, "geometry": blob}, {
            **geo, "columns": {"geometry": {"crs": {"a": [[[]]] * 1000}}}}),
    })  # fmt: skip


# -- shapes ----------------------------------------------------------------------------------------


def geometries() -> dict[str, Case]:
    """Well-known binary that ends the process, or asks for memory, where it is read as it is."""
    point = struct.pack("<BIdd", 1, 1, 115, 33)
    geo = {"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    blobs: dict[str, bytes] = {
        "nested": struct.pack("<BII", 1, 7, 1) * 100_000 + point,
        "nested otherwise": struct.pack(">BII", 0, 0x00010007, 1) * 100_000 + point,
        "nested polygons": struct.pack("<BII", 1, 6, 1) * 100_000 + point,
        "nested curves": struct.pack("<BII", 1, 11, 1) * 100_000 + point,
        "2^32 points": struct.pack("<BII", 1, 2, 2**32 - 1),
        "2^32 rings": struct.pack("<BII", 1, 3, 2**32 - 1) + struct.pack("<I", 2**32 - 1),
        "2^32 parts": struct.pack("<BII", 1, 7, 2**32 - 1),
        "a curve": struct.pack("<BII6d", 1, 8, 3, 0, 0, 1, 1, 2, 0),
        "no numbers": struct.pack("<BIdd", 1, 1, float("nan"), float("inf")),
        "no kind": struct.pack("<BI", 1, 2**31 - 1),
        "no bytes": b"\1",
    }
    makers: dict[str, Callable[[bytes], bytes]] = {
        ".gpkg": lambda blob: database(blob=blob),
        ".parquet": lambda blob: parquet(
            {"code": pa.array(["a"]), "geometry": pa.array([blob])}, geo
        ),
    }
    return cases_of({f"{name}{ending}": make(blob) for name, blob in blobs.items()
                   for ending, make in makers.items()})  # fmt: skip
