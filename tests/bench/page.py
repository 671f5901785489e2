"""First paint of each page: how long until the county is seen, the sketch and the live map."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from api.commands.demo import is_checked, sign_in_file
from api.db import database_url, engine
from api.postgis import DatabaseUnreachableError
from tests.browser.conftest import ARGUMENTS, CHROMIUM, SIZES

LOADS = 5
# Each page, and who reads it.
PAGES = (("/", "planner"), ("/incidents", "planner"), ("/members", "administrator"))
AIM_S = 1.5
PATIENCE_MS = 60_000
# The moment that the browser showed it, not the one at which it was told to.
MARKS = """() => {
  const mark = (name) => performance.getEntriesByName(name)[0]?.startTime ?? null;
  return { sketch: mark("county-sketched"), live: mark("county-painted") };
}"""


def measure(console: Console) -> list[dict[str, object]]:
    """Measure over the sample county of this machine; nothing if there is none."""
    try:
        url = database_url(sample=True)
        ready = is_checked(engine(url))
    except (DatabaseUnreachableError, SQLAlchemyError):
        ready = False
    if not ready:
        console.print("page: run `make demo ARGS=--no-serve` first; there is no sample to show.")
        return []
    with _service() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        results = []
        for path, role in PAGES:
            token = _sign_in(address, sign_in_file(engine(url)), role)
            results += [_size(path, name, browser, address, token) for name in SIZES]
        browser.close()
    _show(results, console)
    return results


@contextmanager
def _service() -> Iterator[str]:
    """Serve the sample in a process of its own, as its user does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    wangge = str(Path(sys.executable).with_name("wangge"))
    serving = subprocess.Popen([wangge, "--sample", "serve", "--port", str(port)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        while not _ready(address):
            if serving.poll() is not None:
                raise RuntimeError("the service did not start: try `wangge --sample serve`")
            time.sleep(0.1)
        yield address
    finally:
        serving.terminate()
        serving.wait()


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/ready").is_success
    except httpx.TransportError:
        return False


def _sign_in(address: str, file: Path, role: str) -> str:
    """Sign in as one of the sample's people, whose password `make demo` has kept."""
    rows = [line.split() for line in file.read_text().splitlines()[1:]]
    password = next(row[1] for row in rows if row[0] == role)
    answer = httpx.post(f"{address}/api/session", json={"username": role, "password": password})
    return str(answer.raise_for_status().cookies["wangge_session"])


def _size(path: str, name: str, browser: Browser, address: str, token: str) -> dict[str, object]:
    loads = [_load(path, name, browser, address, token) for _ in range(LOADS)]
    result: dict[str, object] = {
        "name": "page",
        "path": path,
        "size": name,
        "loads": LOADS,
        "aim_s": AIM_S,
    }
    for mark in ("sketch", "live"):
        # The map of a village begins without a sketch.
        seen = [load[mark] for load in loads if load[mark] is not None]
        result[f"{mark}_s"] = median(seen) / 1000 if seen else None
    return result


def _load(path: str, name: str, browser: Browser, address: str, token: str) -> dict[str, float]:
    """Load the page in a fresh browser profile, with a session and an empty cache."""
    width, height = SIZES[name]
    context = browser.new_context(viewport={"width": width, "height": height})
    context.add_cookies([{"name": "wangge_session", "value": token, "url": address}])
    page = context.new_page()
    page.goto(address + path)
    for _ in range(PATIENCE_MS // 50):
        marks: dict[str, float] = page.evaluate(MARKS)
        if marks["live"] is not None:
            break
        page.wait_for_timeout(50)
    context.close()
    return marks


def _show(results: list[dict[str, object]], console: Console) -> None:
    title = (
        "page: from navigation until the county is seen, empty browser cache, software rendering"
    )
    table = Table(title=title, title_justify="left")
    for column in ("page", "size", "sketch s", "live map s"):
        table.add_column(column)
    for result in results:
        seconds = (_seconds(result[name]) for name in ("sketch_s", "live_s"))
        table.add_row(str(result["path"]), str(result["size"]), *seconds)
    console.print(table)
    load = os.getloadavg()[0]
    console.print(
        f"  median of {LOADS} loads; aim < {AIM_S} s for the first sight; load {load:.1f}"
    )


def _seconds(value: object) -> str:
    return "–" if value is None else f"{value:.2f}"
