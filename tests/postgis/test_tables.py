"""What the database itself refuses, and how it keeps what was."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import URL, Connection, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from api.db import engine
from layers.tables import (
    area,
    audit_entry,
    coverage_version,
    grid,
    household,
    incident,
    incident_log,
    metadata,
    open_version,
    rows_at,
)

SQUARE = "MULTIPOLYGON(((115 33, 115.01 33, 115.01 33.01, 115 33.01, 115 33)))"
BOWTIE = "MULTIPOLYGON(((115 33, 115.01 33.01, 115.01 33, 115 33.01, 115 33)))"
VILLAGE = "990101001001"
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def geom(wkt: str) -> Any:
    return func.ST_GeomFromText(wkt, 4326)


@pytest.fixture
def connection(database: URL) -> Any:
    """A county, a town and a village with one grid, in an open transaction."""
    with engine(database).connect() as connection:
        parent = None
        for code, level in (("990101", "county"), ("990101001", "town"), (VILLAGE, "village")):
            row = {"code": code, "name": code, "level": level, "parent_code": parent}
            connection.execute(insert(area).values(geom=geom(SQUARE), **row))
            parent = code
        connection.execute(insert(grid).values(a_grid()))
        connection.commit()
        yield connection


def a_grid(**changes: Any) -> dict[str, Any]:
    row = {
        "code": VILLAGE + "001",
        "name": "01",
        "area_code": VILLAGE,
        "kind": "rural",
        "coverage": "exclusive",
        "geom": geom(SQUARE),
    }
    return row | changes


def store(connection: Connection, table: Any, row: dict[str, Any]) -> None:
    """Insert a row and have deferred constraints speak now."""
    connection.execute(insert(table).values(row))
    connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


# -- Refused, beside what is allowed -------------------------------------------------------------


def test_a_second_grid_is_allowed(connection: Connection) -> None:
    store(connection, grid, a_grid(code=VILLAGE + "002"))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="G003 duplicate code"),
        pytest.param({"code": VILLAGE + "2", "geom": geom(BOWTIE)}, id="G001 invalid"),
        pytest.param({"code": VILLAGE + "2", "geom": geom("MULTIPOLYGON EMPTY")}, id="G002 empty"),
        pytest.param({"code": VILLAGE + "2", "geom": None}, id="G002 null"),
        pytest.param({"code": "990101001002001"}, id="G006 not under its village"),
        pytest.param({"code": VILLAGE + "2", "kind": "urban"}, id="unknown kind"),
        pytest.param({"code": "xx1", "area_code": "xx"}, id="no such village"),
    ],
)
def test_a_grid_is_refused(connection: Connection, changes: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        store(connection, grid, a_grid(**changes))


def test_a_household_without_a_point_is_allowed_and_one_in_no_area_refused(
    connection: Connection,
) -> None:
    row = {"code": "h1", "address": "1", "area_code": VILLAGE}
    store(connection, household, row)
    with pytest.raises(IntegrityError):
        store(connection, household, row | {"code": "h2", "area_code": "nowhere"})


@pytest.mark.parametrize("table", [incident_log, audit_entry], ids=lambda table: table.name)
def test_logs_only_grow(connection: Connection, table: Any) -> None:
    connection.execute(
        insert(incident).values(
            code="i1", kind="leak", title="t", tier="auto", alert="blue", status="found",
            reported_at=NOON,
        )
    )  # fmt: skip
    rows = {
        "incident_log": {"incident_code": "i1", "at": NOON, "actor": "a", "to_status": "found"},
        "audit_entry": {"account": "a", "action": "reveal", "target": "h1"},
    }
    connection.execute(insert(table).values(rows[table.name]))
    connection.commit()
    changed = "actor" if table is incident_log else "account"
    for statement in (
        update(table).values({changed: "b"}),
        delete(table),
        text(f"TRUNCATE {table.name}"),
    ):
        with pytest.raises(DBAPIError, match="refused"):
            connection.execute(statement)
        connection.rollback()
    assert connection.execute(select(func.count()).select_from(table)).scalar() == 1


# -- Versions ------------------------------------------------------------------------------------


def next_version(connection: Connection, title: str) -> int:
    close, start = open_version(title, "a planner")
    connection.execute(close)
    return int(connection.execute(start).scalar_one())


def names_at(connection: Connection, version: int) -> dict[str, str]:
    rows = rows_at(grid, version).subquery()
    return {row.code: row.name for row in connection.execute(select(rows))}


def test_yesterdays_map_can_be_drawn_tomorrow(connection: Connection) -> None:
    first = connection.execute(select(func.max(coverage_version.c.id))).scalar_one()
    second = next_version(connection, "renamed")
    connection.execute(update(grid).values(name="renamed"))
    connection.execute(insert(grid).values(a_grid(code=VILLAGE + "002")))
    connection.commit()
    third = next_version(connection, "gone")
    connection.execute(delete(grid).where(grid.c.code == VILLAGE + "001"))
    connection.commit()
    one, two = VILLAGE + "001", VILLAGE + "002"
    assert names_at(connection, first) == {one: "01"}
    assert names_at(connection, second) == {one: "renamed", two: "01"}
    assert names_at(connection, third) == {two: "01"}


def test_two_changes_in_one_version_leave_one_row_of_history(connection: Connection) -> None:
    next_version(connection, "twice")
    connection.execute(update(grid).values(name="a"))
    connection.execute(update(grid).values(name="b"))
    past = metadata.tables["history.grid"]
    assert [row.name for row in connection.execute(select(past))] == ["01"]


def test_history_keeps_the_geometry_bit_for_bit(connection: Connection) -> None:
    before = connection.execute(select(func.ST_AsBinary(grid.c.geom))).scalar()
    next_version(connection, "gone")
    connection.execute(delete(grid))
    past = metadata.tables["history.grid"]
    assert connection.execute(select(func.ST_AsBinary(past.c.geom))).scalar() == before


def test_versions_do_not_overlap(connection: Connection) -> None:
    with pytest.raises(IntegrityError):
        connection.execute(
            insert(coverage_version).values(title="a second open one", created_by="")
        )


def test_rows_need_an_open_version(connection: Connection) -> None:
    connection.execute(update(coverage_version).values(valid_to=func.now()))
    with pytest.raises(DBAPIError, match="no coverage version is open"):
        connection.execute(insert(grid).values(a_grid(code=VILLAGE + "002")))


def test_a_versioned_table_is_never_truncated(connection: Connection) -> None:
    with pytest.raises(DBAPIError, match="refused"):
        connection.execute(text("TRUNCATE grid CASCADE"))


# -- Geometry ------------------------------------------------------------------------------------


def test_the_tile_column_is_made_by_the_database(connection: Connection) -> None:
    made = func.ST_AsBinary(grid.c.geom_3857)
    expected = func.ST_AsBinary(func.ST_Transform(grid.c.geom, 3857))
    row = connection.execute(select(made, expected)).one()
    assert row[0] == row[1]
