"""Putting long work in the queue: its row and its delivery in the caller's transaction.

The table ``job`` is the truth: what is asked, how far it is, what came of it. Procrastinate
delivers: it wakes the worker at once and hands each job to one worker only.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import procrastinate
from sqlalchemy import Connection, insert

from layers.tables import job

TASK = "wangge.job"

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


def deliver(connection: Connection, number: UUID, *, again: bool = False) -> None:
    """Hand a job that is in the table to the queue: at its end, or before all if ``again``."""
    driver = connection.connection.driver_connection
    task = _deferring.configure_task(
        TASK, allow_unknown=True, connection=driver, priority=int(again)
    )
    task.defer(job=str(number))
