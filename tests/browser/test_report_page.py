"""The report of ``wangge check`` as a file: opened from a folder, the network cut."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from api.cli import run
from tests.browser.conftest import PATIENCE_MS, SIZES
from tests.unit import spoiled_county


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    spoiled_county.write(spoiled_county.make(5), folder)
    target = folder / "报告.html"
    told = ["--within", str(folder / "within.geojson"), "-o", str(target)]
    assert run(["check", str(folder / "grids.geojson"), *told]) == 1
    return target


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_a_page_of_its_own_with_map_and_pictures(browser: Browser, report: Path, size: str) -> None:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE_MS)
    context.set_offline(True)
    page, asked, complaints = context.new_page(), [], []
    context.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(report.as_uri())
    assert asked == [page.url]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # Each picture shows a place inside its own frame: hatched, outlined or ringed.
    pictures = page.locator(".finding svg.picture")
    assert pictures.count() == page.locator(".finding").count() > 40
    for at in range(0, pictures.count(), 7):
        one = pictures.nth(at)
        one.scroll_into_view_if_needed()
        box = one.bounding_box()
        assert box is not None
        assert box["width"] > 250
        assert one.evaluate(
            """svg => { const [, , w, h] = svg.getAttribute('viewBox').split(' ').map(Number);
                 return [...svg.querySelectorAll('path,circle')].some(e => {
                   const b = e.getBBox(), x = b.x + b.width / 2, y = b.y + b.height / 2;
                   return Math.abs(x - w / 2) < w / 3 && Math.abs(y - h / 2) < h / 3; }); }"""
        ), one.evaluate("svg => svg.getAttribute('aria-label')")
    # The sentence is Chinese first, then English; a click leads the map to the place.
    first = page.locator(".finding").first
    assert first.locator("[lang=zh-CN]").first.is_visible()
    page.click("#switch")
    assert first.locator("[lang=en]").first.is_visible()
    whole = page.get_attribute("#map", "viewBox")
    first.click()
    assert page.get_attribute("#map", "viewBox") != whole
    assert first.get_attribute("aria-pressed") == "true"
    page.click("#whole")
    assert complaints == []
    context.close()
