"""What all tests share: a PostGIS of their own, never the user's."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from psycopg import sql
from sqlalchemy import URL

from api.db import drop_database, engine, migrate
from api.postgis import Cluster
from api.settings import Settings, settings

TEMPLATE = "template_wangge"
_numbers = itertools.count(1)
# Speed is a benchmark: on a busy machine an example takes as long as it takes.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def own_world() -> Iterator[Path]:
    """Point every setting away from the user's; no test may start what it does not stop."""
    # A short folder, open to the account that the database runs under when root runs the tests.
    home = Path(tempfile.mkdtemp(prefix="wangge-test-"))
    home.chmod(0o755)
    before = {name: value for name, value in os.environ.items() if name.startswith("WANGGE_")}
    for name in before:
        del os.environ[name]
    os.environ["WANGGE_DATA_DIR"] = str(home)
    Settings.model_config["env_file"] = None
    settings.cache_clear()
    yield home
    Cluster(home).down()
    shutil.rmtree(home, ignore_errors=True)
    os.environ.update(before)


@pytest.fixture(scope="session")
def cluster(own_world: Path) -> Cluster:
    """A running cluster with a migrated database to copy from."""
    cluster = Cluster(own_world)
    cluster.up()
    with cluster.connect("postgres") as connection:
        # Nobody wants these counties after the power has failed.
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name)))
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    migrate(cluster.url(TEMPLATE))
    engine(cluster.url(TEMPLATE)).dispose()
    return cluster


def copy_database(cluster: Cluster, template: str) -> URL:
    """Make a database as a copy of another one, which nobody may be using."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with cluster.connect("postgres") as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return cluster.url(name)


@pytest.fixture
def database(cluster: Cluster) -> Iterator[URL]:
    """An empty, migrated database of the test's own."""
    url = copy_database(cluster, TEMPLATE)
    yield url
    drop_database(url)
