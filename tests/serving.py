"""The application as users meet it: really served, with an account for each role."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import URL, Engine

from api.app import create_app
from api.auth import create_demo_accounts
from api.db import engine, session_scope


@dataclass
class Service:
    """A running application, and a client for each role."""

    app: FastAPI
    address: str
    engine: Engine
    passwords: dict[str, tuple[str, str]]

    def anonymous(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=60)

    def client(self, role: str) -> httpx.Client:
        username, password = self.passwords[role]
        with self.anonymous() as client:
            answer = client.post("/api/session", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        return httpx.Client(base_url=self.address, timeout=60, cookies=answer.cookies)


@contextmanager
def serve(url: URL) -> Iterator[Service]:
    """Serve a database's county on a free port, until the block ends."""
    with session_scope(engine(url)) as session:
        accounts = create_demo_accounts(session)
    app = create_app(url=url)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    passwords = {role: (name, password) for role, name, password, _ in accounts}
    yield Service(app, f"http://127.0.0.1:{port}", engine(url), passwords)
    server.should_exit = True
    thread.join(10)
