"""Maps to keep: one file that opens from a USB stick, network cut; and a sheet as a picture.

The sheets are compared with pictures that somebody has looked at; ``make images`` records them.
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MS, SIZES
from tests.browser.test_page import LANGUAGES, LEGIBILITY
from tests.serving import Service

MAPS = ("coverage", "incidents", "members")
LIMIT = 3_000_000
FOLDER = Path(__file__).parents[1] / "images" / "finished"
# A reference has half of a sheet's pixels: enough for a symbol, little for a repository.
WIDTH = 1200
# What may differ: an edge that another version of a font smooths, but no colour, no symbol.
MEAN, FAR, SHARE = 1.5, 64, 0.01


@pytest.fixture(scope="module")
def village(sample: Service) -> str:
    """The village of the party officer, who may have all three maps of it."""
    with sample.client("party_officer") as client:
        return str(client.get("/api/session").json()["area"]["code"])


def fetch(
    sample: Service, name: str, village: str, form: str, role: str = "party_officer", **query: str
) -> bytes:
    with sample.client(role) as client:
        answer = client.get(f"/maps/{name}/{village}.{form}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.content


class Opened:
    """A file in the browser, from a folder, with the network cut."""

    def __init__(self, browser: Browser, file: Path, size: str) -> None:
        width, height = SIZES[size]
        self.context = browser.new_context(viewport={"width": width, "height": height})
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.set_offline(True)
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self.page: Page = self.context.new_page()
        self.context.on("request", lambda request: self.requested.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )
        self.page.goto(file.as_uri())
        self.page.wait_for_selector(".leaflet-container")
        self.page.wait_for_timeout(300)


@pytest.fixture
def taken(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    """Keep a finished map as a file and open it."""
    opened: list[Opened] = []

    def take(content: bytes, size: str = "desktop") -> Opened:
        file = tmp_path / f"地图 {len(opened)}.html"
        file.write_bytes(content)
        opened.append(Opened(browser, file, size))
        return opened[-1]

    yield take
    for each in opened:
        assert [
            url for url in each.requested if not url.startswith(("file:", "data:", "blob:"))
        ] == []
        assert each.complaints == []
        each.context.close()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("name", MAPS)
def test_a_file_opens_without_a_network(
    name: str, size: str, lang: str, sample: Service, village: str, taken: Any
) -> None:
    content = fetch(sample, name, village, "html", lang=lang)
    assert len(content) < LIMIT
    at = taken(content, size).page
    # A map with something on it, its title, its legend, and that its data are made up.
    assert at.locator(".legend").is_visible()
    assert at.locator(".legend svg").count() >= 1
    assert ("合成数据" if lang == "zh" else "Synthetic data") in at.inner_text(".about")
    assert at.inner_text(".about h1")
    names = at.locator(".name span")
    assert names.count() > 0
    said = " ".join(names.all_inner_texts())
    assert any("\u4e00" <= char <= "\u9fff" for char in said) == (lang == "zh")
    box = at.locator(".leaflet-container").bounding_box()
    assert box is not None
    picture = np.asarray(Image.open(io.BytesIO(at.screenshot())).convert("RGB")).reshape(-1, 3)
    assert len(np.unique(picture[::7], axis=0)) > 40
    # On the map a symbol may stand before a name; what frames it is read without effort.
    at.add_style_tag(content=".leaflet-map-pane { visibility: hidden }")
    assert at.evaluate(LEGIBILITY, {"touch": size == "phone"}) == []


def test_it_zooms_and_opens_a_card_as_a_page_does(
    sample: Service, village: str, taken: Any
) -> None:
    at = taken(fetch(sample, "members", village, "html"))
    before = at.page.locator(".leaflet-interactive").count()
    assert before > 0
    at.page.click(".leaflet-control-zoom-in")
    at.page.wait_for_timeout(400)
    at.page.locator(".leaflet-interactive").first.dispatch_event("click")
    at.page.wait_for_selector(".leaflet-popup-content, .leaflet-tooltip")


def test_a_leader_s_file_shows_numbers_alone(sample: Service, village: str, taken: Any) -> None:
    content = fetch(sample, "members", village, "html", role="leader")
    at = taken(content)
    assert at.page.locator(".facts").is_visible()
    officer = fetch(sample, "members", village, "html")
    assert len(content) < len(officer)


# --- sheets ---------------------------------------------------------------------------------------


def shown(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.BOX)


def differs(now: Image.Image, then: Image.Image) -> bool:
    if now.size != then.size:
        return True
    first, second = (np.asarray(each).astype(int) for each in (now, then))
    difference = np.abs(first - second).max(axis=2)
    return bool(difference.mean() >= MEAN or (difference > FAR).mean() >= SHARE)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", MAPS)
def test_a_sheet_is_as_it_was(name: str, lang: str, sample: Service, village: str) -> None:
    now = shown(fetch(sample, name, village, "png", lang=lang))
    file = FOLDER / f"{name}-{lang}.png"
    if os.environ.get("RECORD_IMAGES"):
        FOLDER.mkdir(parents=True, exist_ok=True)
        now.quantize(64).save(file, optimize=True)
    then = Image.open(file).convert("RGB")
    assert not differs(now, then), f"look at it, then `make images`: {name}-{lang}"
    # The tolerance is not so wide that a moved map passes.
    assert differs(now, Image.fromarray(np.roll(np.asarray(then), 3, axis=1)))
