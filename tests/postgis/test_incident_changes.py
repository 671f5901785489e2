"""Whoever keeps what is made of incidents is told of every change, whoever makes it and when."""

import datetime as dt
import threading

import pytest
from sqlalchemy import URL, Connection, delete, func, insert, select, update

from api.db import engine
from layers.tables import incident, incident_change

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def row(code: str) -> dict[str, object]:
    return {"code": code, "kind": "road", "title": "t", "tier": "local", "alert": "blue",
            "status": "found", "reported_at": NOON}  # fmt: skip


def changes(connection: Connection) -> int:
    return connection.scalar(select(func.sum(incident_change.c.n)))


@pytest.mark.parametrize(
    "change",
    [
        insert(incident).values(row("b")),
        insert(incident).values([row("c"), row("d")]),
        update(incident).values(status="rated"),
        delete(incident),
    ],
)
def test_every_kind_of_change_is_noted(change: object, database: URL) -> None:
    with engine(database).connect() as connection:
        connection.execute(insert(incident).values(row("a")))
        before = changes(connection)
        connection.execute(change)
        assert changes(connection) > before


def test_what_is_not_committed_is_not_told_and_what_is_taken_back_never_was(database: URL) -> None:
    with engine(database).connect() as one, engine(database).connect() as other:
        before = changes(other)
        one.execute(insert(incident).values(row("a")))
        other.rollback()
        assert changes(other) == before
        one.commit()
        other.rollback()
        after = changes(other)
        assert after > before
        one.execute(delete(incident))
        one.rollback()
        other.rollback()
        assert changes(other) == after


def test_two_at_once_are_both_told_whichever_commits_first(database: URL) -> None:
    with engine(database).connect() as connection:
        before = changes(connection)
    ready, done = threading.Barrier(8), []

    def work(number: int) -> None:
        with engine(database).begin() as connection:
            ready.wait(20)
            own = row(f"t{number}")
            connection.execute(insert(incident).values(own))
            connection.execute(
                update(incident).where(incident.c.code == own["code"]).values(title="u")
            )
            done.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(done) == 8
    with engine(database).connect() as connection:
        assert changes(connection) == before + 16
        assert connection.scalar(select(func.count()).select_from(incident)) == 8
