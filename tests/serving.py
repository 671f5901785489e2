"""The application as users meet it: really served, with an account for each role."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import URL, Engine

from api.app import create_app
from api.auth import Role, create_demo_accounts
from api.db import engine, session_scope
from api.jobs.worker import Worker


@dataclass
class Service:
    """A running application, and a client for each role."""

    app: FastAPI
    address: str
    engine: Engine
    passwords: dict[str, tuple[str, str]]
    tokens: dict[str, str] = field(default_factory=dict)

    def anonymous(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=60)

    def client(self, role: str) -> httpx.Client:
        cookies = {"wangge_session": self.token(role)}
        return httpx.Client(base_url=self.address, timeout=60, cookies=cookies)

    def token(self, role: str) -> str:
        """Sign in, and return what the browser would keep."""
        username, password = self.passwords[role]
        with self.anonymous() as client:
            answer = client.post("/api/session", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        return str(answer.cookies["wangge_session"])

    def kept_token(self, role: str) -> str:
        """Sign in once: a password is slow to check, and meant to be."""
        if role not in self.tokens:
            self.tokens[role] = self.token(role)
        return self.tokens[role]

    def finished(self, client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
        """Wait for the job that an answer names, and return it as it ended."""
        assert answer.status_code == 202, answer.text
        job: dict[str, Any] = answer.json()
        end = time.monotonic() + 120
        while job["state"] in ("queued", "running"):
            assert time.monotonic() < end, job
            time.sleep(0.05)
            job = client.get(f"/api/jobs/{job['id']}").json()
        return job


Accounts = list[tuple[Role, str, str, str]]


def add_accounts(url: URL) -> Accounts:
    """Make an account for each role: name and password are told this once."""
    with session_scope(engine(url)) as session:
        return create_demo_accounts(session)


@contextmanager
def serve(url: URL, accounts: Accounts | None = None) -> Iterator[Service]:
    """Serve a database's county on a free port, until the block ends; to these, if it has them."""
    accounts = accounts or add_accounts(url)
    app = create_app(url=url)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    worker = Worker(engine(url))
    threads = [threading.Thread(target=run, daemon=True) for run in (server.run, worker.run)]
    for thread in threads:
        thread.start()
    while not server.started:
        assert threads[0].is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    passwords = {role: (name, password) for role, name, password, _ in accounts}
    yield Service(app, f"http://127.0.0.1:{port}", engine(url), passwords)
    server.should_exit = True
    worker.stop()
    for thread in threads:
        thread.join(10)


def child_environment(bind: Engine) -> dict[str, str]:
    """The environment of a child process that works on a database of the tests."""
    url = bind.url.render_as_string(hide_password=False)
    return {**os.environ, "WANGGE_DATABASE_URL": url}
