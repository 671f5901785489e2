"""``wangge serve`` as a process, with its worker, in a world whose processes are killed."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from api.jobs.worker import WORKER_LOCK
from layers.tables import job
from tests.postgis.kills import Action, World, eventually, kill_group

ENDED = ("done", "failed", "cancelled")


class Served:
    """A running service of a world; begun again on the same address after it was killed."""

    def __init__(self, world: World, workers: int = 1) -> None:
        self.world, self.workers = world, workers
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self.begin()

    def begin(self) -> None:
        """Start it, and wait until it and its worker are at work."""
        port = self.address.rsplit(":", 1)[1]
        self.process = self.world.start("serve", "--port", port, "--workers", str(self.workers))
        eventually(self._is_ready, 120)
        eventually(lambda: self.world.holders(WORKER_LOCK), 120)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.world.said()
        return self.answers()

    def answers(self) -> bool:
        """Tell whether somebody at the address reaches the database."""
        try:
            return httpx.get(f"{self.address}/ready", timeout=60).status_code == 200
        except httpx.HTTPError:
            return False

    @contextmanager
    def planner(self) -> Iterator[httpx.Client]:
        """A client of somebody who may import."""
        sign_in = {"username": "planner", "password": self.world.passwords["planner"]}
        with httpx.Client(base_url=self.address, timeout=60) as client:
            assert client.post("/api/session", json=sign_in).status_code == 200
            yield client

    def ask(self, action: Action) -> UUID:
        """Ask for something that is done as a job; return its number."""
        with self.planner() as client:
            if action.name == "check":
                answer = client.post("/api/coverage/check")
            elif action.undoes:
                answer = client.post(f"/api/imports/{action.undoes}/undo")
            else:
                number = client.post("/api/uploads").json()["upload"]
                part = f"/api/uploads/{number}/{action.file.name}"
                assert client.put(part, content=action.file.read_bytes()).status_code == 201
                body = {"upload": number, "kind": action.kind, "crs": "EPSG:4326"}
                answer = client.post("/api/imports", json=body)
        assert answer.status_code == 202, answer.text
        return UUID(answer.json()["id"])

    def worker(self) -> int:
        """Return the process of the worker beside it."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = [int(pid) for file in children for pid in file.read_text().split()]
        (worker,) = [p for p in pids if b"work" in Path(f"/proc/{p}/cmdline").read_bytes()]
        return worker

    def kill(self, *, everything: bool) -> None:
        """Kill it: its worker and its other processes too, or they find out by themselves."""
        if everything:
            kill_group(self.process)
        else:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()


def jobs_of(world: World) -> list[Any]:
    """Every job, the oldest first; nothing while the database is down."""
    try:
        with world.bind.connect() as connection:
            return list(connection.execute(select(job).order_by(job.c.created_at)).all())
    except DBAPIError:
        return []


def all_ended(world: World) -> list[Any]:
    """Wait until every job has ended, those too that others have asked for; return them."""

    def ended() -> list[Any]:
        rows = jobs_of(world)
        return rows if rows and all(row.state in ENDED for row in rows) else []

    found: list[Any] = eventually(ended, 120, 0.1)
    return found
