"""Imports of households into PostGIS, against COPY of rows that somebody has prepared already.

A cluster of its own, tuned as users' are, with the areas, grids and units of the whole sample
county. Each round has a fresh copy of that database and begins after a checkpoint. The memory is
the client's; the server's is not in it.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from rich.console import Console
from sqlalchemy import URL, Table

from api.db import engine, migrate
from api.exports import Request as Export
from api.exports import export_layer
from api.imports.service import Request, run_import
from api.postgis import Cluster
from api.sample import build_county
from api.sample.county import SampleCounty
from api.sample.load import copy_frame
from api.settings import settings
from layers.tables import metadata, open_version
from tests.bench.pairs import Pair, Work, compare, show

# Databases: what each round begins with, the same with its households, and the round's own.
COUNTY, FULL, ROUND = "bench_county", "bench_full", "bench_round"
LAND = ("area", "grid", "household_unit")
HOUSEHOLDS = "household"
READ_AT_ONCE = 1 << 20


# -- the world that the sides share ------------------------------------------------------------


@contextmanager
def world() -> Iterator[Path]:
    """A cluster with the county, and files of its households; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as name:
        home = Path(name)
        home.chmod(0o755)  # open to the account that the database runs under
        before = os.environ.get("WANGGE_DATA_DIR")
        os.environ["WANGGE_DATA_DIR"] = name
        cluster = Cluster(home)
        cluster.up()
        try:
            _build(cluster)
            yield home
        finally:
            cluster.down()
            del os.environ["WANGGE_DATA_DIR"]
            if before is not None:
                os.environ["WANGGE_DATA_DIR"] = before


def _build(cluster: Cluster) -> None:
    _create(cluster, COUNTY)
    migrate(cluster.url(COUNTY))
    county = build_county()
    _fill(cluster.url(COUNTY), county, LAND)
    _create(cluster, FULL, COUNTY)
    _fill(cluster.url(FULL), county, (HOUSEHOLDS,))
    bind = engine(cluster.url(FULL))
    for ending in ("csv", "gpkg"):
        with bind.connect() as connection, connection.begin():
            request = Export("households", reveal="bench")
            export_layer(connection, request, cluster.home / f"households.{ending}")
    _prepare(cluster)
    bind.dispose()


def _fill(url: URL, county: SampleCounty, names: tuple[str, ...]) -> None:
    """Load tables as a version of their own, and let the planner know of them."""
    bind = engine(url)
    with bind.begin() as connection:
        for statement in open_version("合成样例 · Synthetic sample", "bench"):
            connection.execute(statement)
        for name in names:
            copy_frame(connection, metadata.tables[name], county.clean[name])
    with bind.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    bind.dispose()


def _prepare(cluster: Cluster) -> None:
    """Keep the rows as COPY takes them, in the order of the files."""
    with (
        cluster.connect(FULL) as connection,
        (cluster.home / "households.copy").open("wb") as sink,
        connection.cursor().copy(
            sql.SQL("COPY (SELECT {} FROM {} ORDER BY code) TO STDOUT (FORMAT binary)").format(
                _names(), sql.Identifier(HOUSEHOLDS)
            )
        ) as copy,
    ):
        for part in copy:
            sink.write(part)


def _names() -> sql.Composed:
    table: Table = metadata.tables[HOUSEHOLDS]
    names = [c.name for c in table.columns if c.computed is None and c.name != "version_from"]
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _create(cluster: Cluster, name: str, template: str = "template0") -> None:
    with cluster.connect("postgres") as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        connection.execute(drop.format(sql.Identifier(name)))
        create = sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE {}")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        connection.execute("CHECKPOINT")


def fresh(template: str = COUNTY) -> Cluster:
    """Make the round's own database, and have what was written before on the disk."""
    cluster = Cluster(settings().data_dir)
    _create(cluster, ROUND, template)
    return cluster


# -- sides ---------------------------------------------------------------------------------------


def import_file(name: str, template: str = COUNTY, state: str = "imported") -> Work:
    """Import one of the files of the data folder, from beginning to end."""
    cluster = fresh(template)
    bind = engine(cluster.url(ROUND))
    bind.connect().close()
    crs = "EPSG:4326" if name.endswith(".csv") else None
    request = Request("households", cluster.home / name, crs=crs)

    def work() -> None:
        outcome = run_import(bind, request, "bench")
        assert (outcome.state, outcome.rejects) == (state, []), outcome.state
        assert outcome.counts["read"] == outcome.counts["unchanged"] + outcome.counts["new"]

    return work


def import_csv() -> Work:
    return import_file("households.csv")


def import_geopackage() -> Work:
    return import_file("households.gpkg")


def import_csv_again() -> Work:
    return import_file("households.csv", FULL, "unchanged")


def _copying(connection: psycopg.Connection[tuple[object, ...]], file: Path, table: str) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(table), _names()
    )
    with file.open("rb") as source, connection.cursor().copy(statement) as copy:
        while data := source.read(READ_AT_ONCE):
            copy.write(data)


def copy_prepared() -> Work:
    cluster = fresh()
    connection = cluster.connect(ROUND)
    connection.autocommit = False

    def work() -> None:
        # The time counts until the references have been checked and the rows are safe.
        _copying(connection, cluster.home / "households.copy", HOUSEHOLDS)
        connection.commit()

    return work


OURS = "import: parsed, staged, every rule, shift test, history, committed"
COPY = ("COPY of prepared binary rows, same table and indexes, committed", copy_prepared)
PAIRS = (
    Pair("imports, CSV", "373,000 households of 3,809 grids from CSV", (OURS, import_csv), COPY,
         aim=2.0),
    Pair("imports, GeoPackage", "the same from GeoPackage", (OURS, import_geopackage), COPY,
         aim=2.0),
    Pair("imports, again", "the same CSV into the county that has it: nothing changes",
         ("import: parsed, staged, every rule, shift test, compared", import_csv_again), COPY,
         aim=None),
)  # fmt: skip


def measure(console: Console) -> list[dict[str, object]]:
    """Compare imports with COPY."""
    results = []
    with world():
        for pair in PAIRS:
            results.append(compare(pair))
            show(pair, results[-1], console)
    return results
