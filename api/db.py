"""How the database is reached: its address, one engine a process, sessions, migrations.

:func:`session_scope` is the one place that commits.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import cast

import psycopg
import pyarrow as pa
import pyarrow.csv as pacsv
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from api.postgis import MIN_VERSION, Cluster, DatabaseUnreachableError
from api.settings import settings

DATABASE = "wangge"
SAMPLE_SUFFIX = "_sample"
MIN_POSTGIS = (3, 3)
# The advisory lock under which one process migrates; any fixed number that is ours.
MIGRATION_LOCK = 0x77616E67


def cluster() -> Cluster:
    """Return the embedded cluster of the configured data folder."""
    return Cluster(settings().data_dir)


def is_embedded() -> bool:
    """Tell whether the embedded cluster is used, and not another database."""
    return settings().database_url is None


def database_url(*, sample: bool = False) -> URL:
    """Return the address of the county's database, or of the sample's; it exists afterwards.

    The embedded cluster is started when it is down. The sample has a database of its own, beside
    the county's, so that the two can never mix.

    Raises
    ------
    DatabaseUnreachableError
        If the server cannot be had, or is too old.
    """
    suffix = SAMPLE_SUFFIX if sample else ""
    given = settings().database_url
    if given is None:
        home = cluster()
        home.up()
        url = home.url(DATABASE + suffix)
    else:
        url = make_url(given).set(drivername="postgresql+psycopg")
        url = url.set(database=(url.database or DATABASE) + suffix)
    ensure_database(url)
    return url


def ensure_database(url: URL) -> None:
    """Create a database that is not there, and refuse a server that is too old."""
    try:
        with _administer(url) as connection:
            if connection.info.server_version < MIN_VERSION * 10_000:
                raise DatabaseUnreachableError(
                    f"PostgreSQL {connection.info.server_version // 10_000} is too old.",
                    f"wangge needs {MIN_VERSION} or later.",
                )
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [url.database]
            ).fetchone()
            if found is None:
                _create(connection, str(url.database))
    except psycopg.Error as error:
        raise _unreachable(url) from error


def drop_database(url: URL) -> None:
    """Drop a database, closing the connections to it."""
    engine(url).dispose()
    with _administer(url) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(str(url.database))
            )
        )


def _administer(url: URL) -> psycopg.Connection[tuple[object, ...]]:
    # A database is made and dropped from beside it; one that exists is the likelier to be open
    # to a role that may not connect to “postgres”.
    plain = url.set(drivername="postgresql", database="postgres")
    return psycopg.connect(
        plain.render_as_string(hide_password=False), autocommit=True, connect_timeout=10
    )


def _create(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    try:
        connection.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(
                sql.Identifier(name)
            )
        )
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        return  # another process was quicker


def _unreachable(url: URL) -> DatabaseUnreachableError:
    # The driver's own words may carry the password's owner, the host's inside, or a statement.
    where = url.set(password=None).render_as_string()
    return DatabaseUnreachableError(
        f"The database {where} does not answer, or refuses us.",
        "Check WANGGE_DATABASE_URL, or unset it to use the embedded database.",
    )


@cache
def engine(url: URL) -> Engine:
    """Return this process's engine for a database."""
    return create_engine(url, pool_size=8, max_overflow=8, pool_pre_ping=True)


def copy_rows(connection: Connection, name: str, rows: pa.Table) -> None:
    """Copy rows of text into a table's columns of the same names; a null is a null."""
    text = io.BytesIO()
    pacsv.write_csv(rows, text, pacsv.WriteOptions(include_header=False))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    )
    with driver_of(connection) as driver, driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(text.getbuffer())


@contextmanager
def driver_of(connection: Connection) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Give the driver's own connection; what goes wrong with it leaves as SQLAlchemy's errors do.

    So whoever asks whether a database has gone away need know one kind of error.
    """
    try:
        # The pool's type for it covers every driver; ours is one.
        yield cast(
            "psycopg.Connection[tuple[object, ...]]", connection.connection.driver_connection
        )
    except psycopg.Error as error:
        raise DBAPIError.instance(
            None, None, error, psycopg.Error, dialect=connection.dialect
        ) from error


@contextmanager
def session_scope(bind: Engine) -> Iterator[Session]:
    """Open a session, commit when the block ends well, roll back when it does not."""
    with Session(bind, expire_on_commit=False) as session:
        try:
            yield session
        except BaseException:
            session.rollback()
            raise
        session.commit()


# -- migrations ----------------------------------------------------------------------------------


def alembic_config() -> Config:
    """Return Alembic's configuration, made here rather than read from an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def migrate(url: URL, revision: str = "head") -> None:
    """Bring a database up to a revision, or down to ``base``; two at once wait for each other.

    Raises
    ------
    DatabaseUnreachableError
        If the server has no PostGIS, an old one, or does not answer.
    """
    try:
        with engine(url).connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()
            try:
                _require_postgis(connection)
                config = alembic_config()
                config.attributes["connection"] = connection
                step = command.downgrade if revision == "base" else command.upgrade
                step(config, revision)
                connection.commit()
            finally:
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
                connection.commit()
    except OperationalError as error:
        raise _unreachable(url) from error


def is_at_head(connection: Connection) -> bool:
    """Tell whether a database has every migration."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def _require_postgis(connection: Connection) -> None:
    found = connection.execute(
        text("SELECT default_version FROM pg_available_extensions WHERE name = 'postgis'")
    ).scalar()
    if found is None or tuple(int(part) for part in found.split(".")[:2]) < MIN_POSTGIS:
        raise DatabaseUnreachableError(
            f"The server has {'no PostGIS' if found is None else f'PostGIS {found}'}.",
            "wangge needs PostGIS 3.3 or later.",
        )
    connection.commit()
