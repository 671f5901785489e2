"""Tasks of the tiny county: given out, asked for and reported over HTTP, and taken away again."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import httpx
from sqlalchemy import Engine, delete, text

from api.db import session_scope
from api.worklist.service import county_day
from layers.tables import work_task, work_task_log

Client = Callable[[str], httpx.Client]
DUE = (county_day() + dt.timedelta(days=10)).isoformat()
# A gap, another town's overlap, a household, staffing, a grid in pieces.
GAP, OVERLAP, LOST, STAFF, PARTS = (f"aaaaaaaaaaa{n}" for n in range(1, 6))


def clear(bind: Engine) -> None:
    """Take all tasks away; only a test can, for the log's trigger stands aside."""
    with session_scope(bind) as session:
        session.execute(text("ALTER TABLE work_task_log DISABLE TRIGGER refuse"))
        session.execute(delete(work_task_log))
        session.execute(delete(work_task))
        session.execute(text("ALTER TABLE work_task_log ENABLE TRIGGER refuse"))


def assign(client: httpx.Client, *ids: str, due: str = DUE, **to: str) -> httpx.Response:
    body = {"findings": list(ids), "due": due, **(to or {"to": "village"})}
    return client.post("/api/worklist", json=body)


def one(client: httpx.Client, finding: str) -> dict[str, Any]:
    (task,) = client.get("/api/worklist", params={"finding": finding}).json()["tasks"]
    return dict(task)


def fixed(client: httpx.Client, task: dict[str, Any], note: str = "已改") -> httpx.Response:
    body = {"note": note, "version": task["version"]}
    return client.post(f"/api/worklist/{task['id']}/fixed", json=body)
