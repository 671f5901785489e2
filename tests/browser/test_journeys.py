"""Whole ways through the page, told by what the reader then has before his eyes."""

import io
import math
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import PATIENCE_MS, SIZES, Visit
from tests.serving import Service

Start = Callable[..., Visit]
TILE = 512
# Nearer than this the page draws single households.
HOUSEHOLD_ZOOM = 14
# The small county as a whole is shown from farther than this.
NEAR_ZOOM = 14.5


def hash_of(page: Page) -> tuple[float, float, float]:
    """Read zoom, latitude and longitude of the map's middle from the page's address."""
    zoom, lat, lon = page.evaluate("location.hash").lstrip("#").split("?")[0].split("/")
    return float(zoom), float(lat), float(lon)


def world(lon: float, lat: float) -> tuple[float, float]:
    """Place a point on the world's square (EPSG:3857), which is 1 wide and 1 high."""
    return (lon + 180) / 360, (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2


def on_screen(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Return where a place stands on the page, in pixels, by what the address says."""
    zoom, middle_lat, middle_lon = hash_of(page)
    (x, y), (x0, y0) = world(lon, lat), world(middle_lon, middle_lat)
    size = page.viewport_size
    assert size is not None
    scale = TILE * 2**zoom
    return size["width"] / 2 + (x - x0) * scale, size["height"] / 2 + (y - y0) * scale


def on_free_map(page: Page, point: list[float]) -> bool:
    """Tell whether a place is on the page with nothing lying over the map there."""
    at = on_screen(page, *point)
    on_top = "([x, y]) => document.elementFromPoint(x, y)?.tagName === 'CANVAS'"
    return bool(page.evaluate(on_top, list(at)))


def wait_for(page: Page, done: Callable[[], bool], what: str) -> None:
    for _ in range(PATIENCE_MS // 50):
        if done():
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never: {what} ({page.url})")


def open_finding(at: Visit) -> dict[str, Any]:
    """Open the first finding of the first kind; return what the service said of it."""
    if at.page.locator(".handle").is_visible():
        at.page.click(".handle")
    at.first(".rows .row").click()
    at.page.wait_for_selector(".group-title")
    with at.page.expect_response(lambda answer: "/api/coverage/findings/" in answer.url) as said:
        at.first(".rows .row[aria-pressed]").click()
    at.page.wait_for_selector(".card .message")
    answer: dict[str, Any] = said.value.json()
    return answer


def is_flown_to(at: Visit, found: dict[str, Any]) -> Callable[[], bool]:
    """Make the test that a finding fills the view: near, whole, and not behind card or panel."""
    page = at.page
    west, south, east, north = found["bbox"]

    def done() -> bool:
        if f"finding={found['id']}" not in page.url or hash_of(page)[0] < NEAR_ZOOM:
            return False
        (left, bottom), (right, top) = on_screen(page, west, south), on_screen(page, east, north)
        size = page.viewport_size
        assert size is not None
        inside = 0 <= left <= right <= size["width"] and 0 <= top <= bottom <= size["height"]
        return inside and on_free_map(page, [(west + east) / 2, (south + north) / 2])

    return done


def test_a_whole_session_asks_nobody_but_the_service(visit: Start, sample: Service) -> None:
    at = visit("desktop", "zh", role=None)
    page = at.page
    page.wait_for_selector("input[name=username]")
    at.sign_in(*sample.passwords["planner"])
    at.painted()
    found = open_finding(at)
    wait_for(page, is_flown_to(at, found), "the finding is on the map")
    # Beside the card, on to where single houses are drawn.
    for _ in range(6):
        if hash_of(page)[0] >= HOUSEHOLD_ZOOM + 1:
            break
        before = hash_of(page)[0]
        page.click(".maplibregl-ctrl-zoom-in")
        wait_for(page, lambda before=before: hash_of(page)[0] > before, "zoomed in")
    assert hash_of(page)[0] >= HOUSEHOLD_ZOOM + 1
    with page.expect_response(lambda answer: "coverage.json?lang=en" in answer.url):
        page.click(".language")
    page.wait_for_selector("html[lang=en]")
    page.wait_for_load_state("networkidle")
    hosts = {urlsplit(url).netloc for url in at.requested if not url.startswith(("data:", "blob:"))}
    assert hosts - {""} == {urlsplit(sample.address).netloc}
    # The tiles are asked for by a worker: had its requests not been seen, this would say nothing.
    tiles = [urlsplit(url).path.split("/")[2:4] for url in at.requested if "/tiles/" in url]
    assert {"areas", "grids", "findings", "households"} <= {layer for layer, _ in tiles}
    assert max(int(z) for layer, z in tiles if layer == "households") >= HOUSEHOLD_ZOOM


@pytest.mark.parametrize("size", SIZES)
def test_a_finding_is_flown_to_where_nothing_hides_it(size: str, visit: Start) -> None:
    at = visit(size, "zh", reduced_motion="reduce" if size == "wall" else "no-preference")
    at.painted()
    assert "finding=" not in at.page.url
    found = open_finding(at)
    wait_for(at.page, is_flown_to(at, found), "the finding is on the map, uncovered")
    assert at.page.inner_text(".card .message") == found["message_zh"]
    at.page.click(".language") if size != "phone" else at.page.evaluate(
        "document.querySelector('.language').click()"
    )
    wait_for(
        at.page,
        lambda: at.page.inner_text(".card .message") == found["message"],
        "the card speaks English",
    )


def test_the_keyboard_alone_signs_in(visit: Start, sample: Service) -> None:
    page = visit("desktop", "en", role=None).page
    page.wait_for_selector("input[name=username]:focus")
    username, password = sample.passwords["planner"]
    page.keyboard.type(username)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_selector(".numbers")


@pytest.mark.parametrize(
    ("lang", "words"),
    [("zh", "用户名或密码不正确。"), ("en", "The name or the password is wrong.")],
)
def test_a_refusal_opens_no_session(lang: str, words: str, visit: Start) -> None:
    at = visit("desktop", lang, role=None)
    at.page.wait_for_selector("input[name=username]")
    at.sign_in("planner", "guessed")
    at.page.wait_for_selector("[role=alert]")
    assert at.page.inner_text("[role=alert]") == words
    status = "fetch('/api/session').then((answer) => answer.status)"
    assert at.page.evaluate(status) == 401
    assert at.page.locator(".ground").count() == 0
    assert at.page.locator("button[type=submit]").is_enabled()


def drawn(page: Page, colour: str) -> int:
    """Count the pixels of a colour on the part of the map that is free."""
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)
    height, width, _ = shot.shape
    # Between the panel and the legend, beneath the bar.
    ground = shot[90 : height - 20, 390 : width - 270]
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return int((np.abs(ground - wanted).max(axis=2) <= 24).sum())


def test_a_layer_switched_off_is_no_longer_drawn(visit: Start, sample: Service) -> None:
    at = visit("desktop", "en")
    at.painted()
    page = at.page
    with sample.client("planner") as client:
        items = client.get("/legends/findings.json").json()["items"]
    colour = next(item["symbol"]["color"] for item in items if item["n"])
    wait_for(page, lambda: drawn(page, colour) > 0, f"a finding in {colour}")
    switch = page.get_by_label("Findings", exact=True).and_(page.locator("input"))
    switch.uncheck()
    wait_for(page, lambda: drawn(page, colour) == 0, f"nothing in {colour}")
    switch.check()
    wait_for(page, lambda: drawn(page, colour) > 0, f"findings in {colour} again")


def test_a_kept_address_restores_place_card_and_language(visit: Start) -> None:
    at = visit("desktop", "en")
    at.painted()
    found = open_finding(at)
    wait_for(at.page, is_flown_to(at, found), "the finding is on the map")
    near = hash_of(at.page)[0]
    at.page.click(".maplibregl-ctrl-zoom-out")
    wait_for(at.page, lambda: hash_of(at.page)[0] == pytest.approx(near - 1), "zoomed out")
    kept = at.page.evaluate("location.hash")
    again = visit("desktop", "zh")
    again.open(kept.lstrip("#"))
    again.painted()
    again.page.wait_for_selector(".card .message")
    assert again.page.inner_text(".card .message") == found["message"]
    assert again.page.get_attribute("html", "lang") == "en"
    assert again.page.evaluate("location.hash") == kept


@pytest.mark.parametrize("role", ["party_officer", "grid_worker"])
def test_who_answers_for_a_part_reads_of_no_other(role: str, visit: Start, sample: Service) -> None:
    def messages(client: Any) -> set[str]:
        listed = client.get("/api/coverage/findings", params={"limit": 500}).json()["findings"]
        return {each["message_zh"] for each in listed}

    with sample.client(role) as own, sample.client("planner") as whole:
        mine, others = messages(own), messages(whole) - messages(own)
        me = own.get("/api/session").json()
        summary = own.get("/api/coverage").json()["summary"]
    assert mine
    assert others
    page = visit("desktop", "zh", role=role).page
    page.wait_for_selector(".numbers")
    trail = page.locator(".trail button").all_inner_texts()
    assert trail == [place["name"] for place in [*me["breadcrumb"], me["area"]]]
    assert len(trail) == 3  # county, town, his village
    assert page.locator(".numbers dd").first.inner_text().startswith(f"{summary['grids']:,}")
    page.click("text=按涉及户数")
    page.wait_for_selector(".rows .row")
    listed = {row.splitlines()[0] for row in page.locator(".rows .row").all_inner_texts()}
    assert listed == mine
    assert not listed & others
    page.click("text=按乡镇")
    page.wait_for_selector(".rows .row")
    assert page.locator(".rows .row").count() == 1
    # The map opens on his area, not on the county.
    west, south, east, north = me["bbox"]
    wait_for(
        page,
        lambda: (
            "/" in page.url.rsplit("#", 1)[-1]
            and on_free_map(page, [(west + east) / 2, (south + north) / 2])
        ),
        "his area is on the map",
    )
