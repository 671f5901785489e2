"""Putting long work in the queue: its row and its delivery in the caller's transaction.

The table ``job`` is the truth: what is asked, how far it is, what came of it. Procrastinate
delivers: it wakes the worker at once and hands each job to one worker only.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import procrastinate
from procrastinate.exceptions import ConnectorException
from sqlalchemy import Connection, insert, select

from api.coverage.store import has_grids
from api.db import driver_of
from layers.tables import job

TASK = "wangge.job"
# What a check reads: after an import of these the verdict is of yesterday.
CHECKED = ("areas", "grids", "households", "appointments")

# Never opened: what is deferred goes through the caller's connection.
_deferring = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


def enqueue(connection: Connection, kind: str, params: Mapping[str, Any], created_by: str) -> UUID:
    """Put a job in the queue; it begins after the caller has committed.

    Parameters
    ----------
    connection
        In a transaction.
    kind
        One of :data:`api.jobs.kinds.KINDS`.
    params
        What the kind needs, as JSON.
    created_by
        Who asked.
    """
    row = insert(job).values(kind=kind, state="queued", params=dict(params), created_by=created_by)
    number: UUID = connection.execute(row.returning(job.c.id)).scalar_one()
    deliver(connection, number)
    return number


def have_checked(connection: Connection, kind: str | None, created_by: str) -> None:
    """Have the county checked, and drawn, after the caller has committed; once is enough.

    Parameters
    ----------
    connection
        In the transaction that changes what is checked: a process that dies after it leaves the
        check in the queue.
    kind
        What is imported; null for what may be anything.
    created_by
        Who asked for the change.
    """
    # A county that has no grids yet has nothing to be checked.
    if kind not in (None, *CHECKED) or not has_grids(connection):
        return
    # A check that waits sees this change if it cannot begin before the caller has committed.
    waits = job.c.kind == "check", job.c.state == "queued", job.c.cancel.is_(False)
    held = select(job.c.id).where(*waits).limit(1).with_for_update(read=True, skip_locked=True)
    if connection.scalar(held) is None:
        enqueue(connection, "check", {}, created_by)


def deliver(connection: Connection, number: UUID, *, again: bool = False) -> None:
    """Hand a job that is in the table to the queue: at its end, or before all if ``again``."""
    with driver_of(connection) as driver:
        task = _deferring.configure_task(
            TASK, allow_unknown=True, connection=driver, priority=int(again)
        )
        try:
            task.defer(job=str(number))
        except ConnectorException as error:
            raise error.__cause__ or error from error
