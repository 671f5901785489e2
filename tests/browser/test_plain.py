"""The page without WebGL2: pictures in the live map's place, and all else as ever."""

import io
import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from layers.style import PALETTE
from tests.browser.conftest import Visit, launched
from tests.browser.test_journeys import hash_of, on_screen, wait_for
from tests.browser.test_page import LANGUAGES, faults, open_first_finding, settle, view
from tests.serving import Service

Start = Callable[..., Visit]
# As on an office machine: no graphics card, and nothing in its stead.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-3d-apis", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
MAP = ".ground-map.leaflet-container"


@pytest.fixture(scope="module")
def browser() -> Browser:
    return launched(*ARGUMENTS)


def opened(visit: Start, *arguments: Any, at: str | None = None, **options: Any) -> Visit:
    """Open the page and wait until the pictures stand."""
    found = visit(*arguments, **options)
    if at is not None:
        found.open(at)
    found.painted()
    return found


def tiles_of(at: Visit) -> list[str]:
    return [url for url in at.requested if "/tiles/" in url]


def colours(page: Page, clip: dict[str, float]) -> np.ndarray:
    png = page.screenshot(clip=clip)
    return np.array(Image.open(io.BytesIO(png)).convert("RGB")).astype(int).reshape(-1, 3)


def is_there(pixels: np.ndarray, colour: str, opacity: float = 1.0) -> bool:
    """Tell whether a colour is on the picture, over the page's ground where it is translucent."""
    over, under = (
        np.array([int(each[at : at + 2], 16) for at in (1, 3, 5)])
        for each in (colour, PALETTE["ground"])
    )
    wanted = over * opacity + under * (1 - opacity)
    return int((np.abs(pixels - wanted).max(axis=1) <= 3).sum()) > 20


# --- what it shows ------------------------------------------------------------------------------


def test_the_map_is_pictures_and_nothing_of_the_live_map_is_asked_for(visit: Start) -> None:
    at = opened(visit, "desktop", "zh")
    page = at.page
    assert page.evaluate("document.createElement('canvas').getContext('webgl2')") is None
    assert page.locator(MAP).is_visible()
    assert not page.locator(".sketch").is_visible()
    tiles = tiles_of(at)
    assert tiles
    assert all(re.search(r"/tiles/coverage/\d+/\d+/\d+\.png\?", url) for url in tiles)
    assert not any("maplibre" in url or "/map-" in url for url in at.requested)
    seen = colours(page, {"x": 390, "y": 90, "width": 600, "height": 680})
    for kind in ("rural", "community"):
        assert is_there(seen, PALETTE[kind], 0.62), kind
    assert is_there(seen, PALETTE["gap"])
    assert page.locator(".ground-plain").inner_text()


def test_a_screen_of_double_density_gets_finer_tiles(visit: Start) -> None:
    at = opened(visit, "phone", "en", device_scale_factor=2)
    assert all("scale=2" in url for url in tiles_of(at))


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_legible_and_nothing_serious_stands_in_anybody_s_way(
    size: str, lang: str, visit: Start, axe: str
) -> None:
    at = opened(visit, size, lang, bypass_csp=True)
    at.page.wait_for_selector(".legend p")
    assert faults(at, touch=size == "phone") == []
    at.page.evaluate(axe)

    def serious() -> list[str]:
        found = at.page.evaluate("async () => (await axe.run()).violations")
        return [json.dumps({"rule": each["id"], "at": [node["html"] for node in each["nodes"]][:3]})
                for each in found if each["impact"] in ("serious", "critical")]  # fmt: skip

    assert serious() == []
    open_first_finding(at)
    settle(at)
    assert faults(at, touch=size == "phone") == []
    assert serious() == []


# --- what it does -------------------------------------------------------------------------------


def test_a_click_on_a_marker_opens_its_finding(visit: Start, sample: Service) -> None:
    with sample.client("planner") as client:
        found = client.get("/api/coverage/findings?severity=error&limit=1").json()["findings"][0]
    lon, lat = found["point"]
    at = opened(visit, "desktop", "zh", at=f"13/{lat}/{lon}?lang=zh")
    x, y = on_screen(at.page, lon, lat)
    # Beside the middle of it, as a hand does.
    at.page.mouse.click(x + 5, y - 4)
    at.page.wait_for_selector(".card .message")
    chosen = at.page.evaluate("location.hash").split("finding=")[1].split("&")[0]
    with sample.client("planner") as client:
        told = client.get(f"/api/coverage/findings/{chosen}").json()
    here = math.hypot(
        (told["point"][0] - lon) * math.cos(math.radians(lat)), told["point"][1] - lat
    )
    assert told["severity"] == "error"
    assert here * 111_000 < 300
    # Its outline lies over the pictures.
    at.page.wait_for_selector(".leaflet-overlay-pane path")


def test_a_click_tells_who_answers_there(visit: Start, sample: Service) -> None:
    with sample.client("planner") as client:
        clear = next(
            chain for chain in (
                client.get("/api/locate", params={"lon": lon, "lat": lat, "within_m": 300}).json()
                for lon, lat in spots(client)
            )
            if chain["grid"] and not chain["findings"]
        )  # fmt: skip
    at = opened(visit, "desktop", "en", at=f"14/{clear['lat']}/{clear['lon']}?lang=en")
    at.page.mouse.click(*on_screen(at.page, clear["lon"], clear["lat"]))
    at.page.wait_for_selector(".card .chain")
    assert "at=" in at.page.url
    title = at.page.inner_text(".card h2")
    assert title == (clear["grid"]["name_en"] or clear["grid"]["name"])


def spots(client: Any) -> Iterator[tuple[float, float]]:
    west, south, east, north = client.get("/api/session").json()["bbox"]
    for part in np.random.default_rng(1).uniform(0.2, 0.8, (60, 2)):
        yield west + (east - west) * part[0], south + (north - south) * part[1]


def test_a_kept_address_shows_the_same_view_and_card(visit: Start) -> None:
    at = opened(visit, "desktop", "zh")
    open_first_finding(at)
    wait_for(at.page, lambda: "finding=" in at.page.url and hash_of(at.page)[0] > 11, "flown to")
    kept, message = at.page.url, at.page.inner_text(".card .message")
    again = opened(visit, "desktop", "zh", at=kept.split("#")[1])
    again.page.wait_for_selector(".card .message")
    assert again.page.inner_text(".card .message") == message
    assert hash_of(again.page) == pytest.approx(hash_of(at.page), abs=2e-4)


def test_a_finding_of_the_list_is_flown_to(visit: Start) -> None:
    at = opened(visit, "desktop", "en")
    before = hash_of(at.page)[0]
    open_first_finding(at)
    wait_for(at.page, lambda: hash_of(at.page)[0] > before + 1, "the map has moved")


def test_a_place_that_was_searched_for_is_flown_to(visit: Start) -> None:
    at = opened(visit, "desktop", "zh")
    before = view(at)
    at.page.fill(".search input", "村")
    at.page.wait_for_selector(".hits button")
    at.first(".hits button").click()
    wait_for(at.page, lambda: view(at) != before, "the map has moved")


def test_the_switches_of_the_legend_choose_what_is_drawn(visit: Start) -> None:
    at = opened(visit, "desktop", "zh")
    page = at.page
    assert all("findings" in url for url in tiles_of(at))
    at.requested.clear()
    page.locator(".legend-section input").first.uncheck()
    wait_for(page, lambda: bool(tiles_of(at)), "other tiles")
    page.wait_for_load_state("networkidle")
    assert not any("findings" in url for url in tiles_of(at))
    wait_for(
        page,
        lambda: not is_there(colours(page, {"x": 390, "y": 90, "width": 600, "height": 680}),
                             PALETTE["gap"]),
        "the markers are gone",
    )  # fmt: skip


def test_the_language_switch_changes_names_on_the_map_too(visit: Start) -> None:
    at = opened(visit, "desktop", "zh")
    assert all("lang=zh" in url for url in tiles_of(at))
    at.requested.clear()
    at.page.click(".language")
    at.page.wait_for_selector("html[lang=en]")
    wait_for(at.page, lambda: bool(tiles_of(at)), "other tiles")
    assert all("lang=en" in url for url in tiles_of(at))
    assert at.page.get_attribute(".leaflet-control-zoom-in", "aria-label") == "Zoom in"
    assert "lang=en" in at.page.url


def test_the_keyboard_alone_moves_the_map_and_opens_a_place(visit: Start, sample: Service) -> None:
    with sample.client("planner") as client:
        lon, lat = next(spots(client))
    at = opened(visit, "desktop", "en", at=f"13/{lat}/{lon}?lang=en")
    page = at.page
    page.wait_for_selector(".numbers")
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('leaflet-container')"):
            break
    else:
        pytest.fail("Tab never reached the map")
    zoom, _, before = hash_of(page)
    page.keyboard.press("ArrowRight")
    wait_for(page, lambda: hash_of(page)[2] > before, "moved to the right")
    page.keyboard.press("+")
    wait_for(page, lambda: hash_of(page)[0] == zoom + 1, "zoomed in")
    page.keyboard.press("Enter")
    page.wait_for_selector(".card")
    assert re.search("at=|finding=", page.url)


def test_the_page_of_unlocated_households_takes_a_click(visit: Start) -> None:
    at = visit("desktop", "zh")
    at.page.goto(f"{at.address}/unlocated#?lang=zh")
    at.painted()
    at.first(".rows .row").click()
    at.page.wait_for_selector(".homes .row")
    at.first(".homes .row").click()
    at.page.wait_for_selector(f"{MAP}.placing")
    wait_for(at.page, lambda: hash_of(at.page)[0] > 11, "the village is flown to")
    at.page.mouse.click(700, 500)
    at.page.wait_for_selector(".homes .dot.new")
    at.page.wait_for_selector(".leaflet-overlay-pane path")


@pytest.mark.parametrize("role", ["leader", "party_officer"])
def test_a_reader_gets_his_own_part(role: str, visit: Start) -> None:
    at = opened(visit, "desktop", "zh", role=role)
    assert tiles_of(at)
    assert at.page.locator(MAP).is_visible()


@pytest.mark.usefixtures("no_exceptions")
def test_what_is_accepted_is_drawn_anew(visit: Start, sample: Service) -> None:
    with sample.client("planner") as client:
        found = client.get("/api/coverage/findings?rule=C101&sort=area_m2&limit=1").json()
        (gap,) = found["findings"]
        lon, lat = gap["point"]
        at = opened(visit, at=f"16/{lat}/{lon}?finding={gap['id']}")
        at.first(".exception .propose").click()
        at.page.fill(".exception textarea", "湖面")
        assert not any("again=" in url for url in tiles_of(at))
        at.page.click(".exception .primary")
        at.page.wait_for_selector(".exception.holds")
        # A browser keeps a picture of the same address for as long as the page stands.
        fresh = lambda: any("again=" in url for url in tiles_of(at))  # noqa: E731
        wait_for(at.page, fresh, "pictures of another address")
        assert client.delete(f"/api/coverage/accepted/{gap['id']}").status_code == 200
