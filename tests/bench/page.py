"""First paint of the county: how long until a reader sees it, the sketch and the live map."""

import os
from statistics import median

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from api.commands.demo import is_checked
from api.db import database_url, engine
from api.postgis import DatabaseUnreachableError
from tests.browser.conftest import ARGUMENTS, CHROMIUM, SIZES
from tests.serving import Service, serve

LOADS = 5
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
    with serve(url) as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        results = [_size(name, browser, service) for name in SIZES]
        browser.close()
    _show(results, console)
    return results


def _size(name: str, browser: Browser, service: Service) -> dict[str, object]:
    with service.client("planner") as client:
        token = client.cookies["wangge_session"]
    loads = [_load(name, browser, service.address, token) for _ in range(LOADS)]
    result: dict[str, object] = {"name": "page", "size": name, "loads": LOADS, "aim_s": AIM_S}
    for mark in ("sketch", "live"):
        result[f"{mark}_s"] = median(load[mark] for load in loads) / 1000
    return result


def _load(name: str, browser: Browser, address: str, token: str) -> dict[str, float]:
    """Load the page in a fresh browser profile, with a session and an empty cache."""
    width, height = SIZES[name]
    context = browser.new_context(viewport={"width": width, "height": height})
    context.add_cookies([{"name": "wangge_session", "value": token, "url": address}])
    page = context.new_page()
    page.goto(address)
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
    for column in ("size", "sketch s", "live map s"):
        table.add_column(column)
    for result in results:
        table.add_row(str(result["size"]), f"{result['sketch_s']:.2f}", f"{result['live_s']:.2f}")
    console.print(table)
    load = os.getloadavg()[0]
    console.print(
        f"  median of {LOADS} loads; aim < {AIM_S} s for the first sight; load {load:.1f}"
    )
