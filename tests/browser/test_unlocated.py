"""Households without a place: taken from what the address proposes, or put by hand, and undone."""

from collections.abc import Iterator
from typing import Any

import pytest
import shapely
from playwright.sync_api import Browser

from api.coverage.service import run_check
from api.postgis import Cluster
from tests.browser.conftest import Start, Visit, visits_to
from tests.browser.importing import alert, stands_on
from tests.browser.own_county import homes, own_county, place_of, without
from tests.browser.test_journeys import hash_of, on_screen, wait_for
from tests.browser.test_page import faults, settle
from tests.postgis.import_files import GRIDS, A, areas, cell, grids, point, square
from tests.serving import Service

HAMLET = "王家院"


def hamlet() -> shapely.Polygon:
    """Where it lies: in the second grid of the first village."""
    return square(1.4, 0.4, 0.2, 0.2)


def listed() -> list[dict[str, Any]]:
    """Households along lanes; in each grid the sixth and the seventh lack a place."""
    rows: list[dict[str, Any]] = []
    for row in homes():
        number = int(str(row["住户编码"])[-3:])
        column, up = cell(str(row["网格编码"]))
        lane = point(column + 0.05 + number * 0.02, up + 0.5)
        place = None if number in (6, 7) else lane
        rows.append({**without([row], "经度", "纬度")[0], "geometry": place})
    # Nobody of this address has a place, but there is a hamlet of its name.
    rows.append({**rows[0], "住户编码": f"{GRIDS[1]}900", "住址": HAMLET, "网格编码": GRIDS[1],
                 "geometry": None})  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def county(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A county with unlocated households in both villages, checked."""
    settled = {"代码": "w", "名称": HAMLET, "类别": "hamlet", "geometry": hamlet()}
    rows = {"areas": areas(), "grids": grids(), "reference:settlements": [settled],
            "households": listed()}  # fmt: skip
    with own_county(cluster, tmp_path_factory.mktemp("county"), rows) as service:
        run_check(service.engine, "test")
        yield service


@pytest.fixture
def visit(county: Service, browser: Browser) -> Iterator[Start]:
    with visits_to(county, browser) as start:
        yield start


def opened(visit: Start, size: str = "desktop", lang: str = "zh", village: int = 0) -> Visit:
    """Open a village's households, the map drawn and at rest."""
    at: Visit = visit(size, lang, path="unlocated")
    at.page.wait_for_selector(".rows .row")
    at.painted()
    at.page.locator(".rows .row").nth(village).click()
    at.page.wait_for_selector(".homes")
    return at


def home(at: Visit, address: str) -> Any:
    return at.page.locator(".homes > li", has_text=address)


def missing(service: Service) -> int:
    """How many households the latest check counts as unlocated (H205)."""
    with service.client("planner") as client:
        summary = client.get("/api/coverage").json()["summary"]
    return int(summary["households_unlocated"])


def code_of(service: Service, village: str, address: str) -> str:
    with service.client("planner") as client:
        held = client.get(f"/api/households/unlocated/{village}").json()["households"]
    (code,) = [each["code"] for each in held if each["address"] == address]
    return str(code)


def saved(at: Visit) -> None:
    at.page.click(".panel-foot .primary")
    at.page.wait_for_selector(".told-saved")


def undo(at: Visit) -> None:
    at.page.click(".panel-foot .more")
    at.page.wait_for_selector(".told-saved", state="detached")


def test_a_proposed_settlement_is_accepted_and_the_count_falls(
    visit: Start, county: Service
) -> None:
    before, code = missing(county), code_of(county, A, HAMLET)
    assert before == 2 * len(GRIDS) + 1
    at = opened(visit)
    page = at.page
    stands_on(at, "押岭村")
    row = home(at, HAMLET)
    assert f"在{HAMLET}" in row.inner_text()
    row.locator(".row").click()
    row.locator(".more").click()
    assert "尚未保存" in row.inner_text()
    assert place_of(county, code) is None
    saved(at)
    assert page.inner_text(".told-saved") == "已保存 1 户的位置。"
    x, y = place_of(county, code) or (0, 0)
    assert hamlet().covers(shapely.Point(x, y))
    assert row.count() == 0
    wait_for(page, lambda: missing(county) == before - 1, "the check counts one less")
    undo(at)
    assert place_of(county, code) is None
    wait_for(page, lambda: row.count() == 1, "on the list again")
    wait_for(page, lambda: missing(county) == before, "and one more again")


def test_a_click_on_the_map_is_where_a_household_is(visit: Start, county: Service) -> None:
    at = opened(visit)
    page = at.page
    first, second = page.locator(".homes .row").nth(0), page.locator(".homes .row").nth(1)
    names = [each.locator("span").first.inner_text().split("\n")[0] for each in (first, second)]
    code = code_of(county, A, names[0])
    first.click()
    west, south, east, north = square(0, 0, 2, 2).bounds
    wait_for(page, lambda: hash_of(page)[0] > 12.5, "the village fills the view")
    there = (west + 0.3 * (east - west), south + 0.6 * (north - south))
    page.mouse.click(*on_screen(page, *there))
    # On to the next one without a place: a whole lane is placed by clicks alone.
    wait_for(page, lambda: second.get_attribute("aria-expanded") == "true", "the next one")
    assert "位置由您指定" in first.inner_text()
    saved(at)
    x, y = place_of(county, code) or (0, 0)
    assert (x, y) == pytest.approx(there, abs=2e-4)
    # The map stays where one works.
    assert hash_of(page)[0] > 12.5
    undo(at)
    assert place_of(county, code) is None


def test_what_lies_elsewhere_is_refused_in_words(visit: Start, county: Service) -> None:
    at = opened(visit)
    page = at.page
    row = page.locator(".homes > li").first
    address = row.locator(".row span").first.inner_text().split("\n")[0]
    row.locator(".row").click()
    field = row.locator("input")
    field.fill("not a place")
    page.keyboard.press("Tab")
    assert page.locator(".panel-foot").count() == 0
    elsewhere = point(3, 1)  # the other village's
    field.fill(f"{elsewhere.x}, {elsewhere.y}")
    page.keyboard.press("Tab")
    page.click(".panel-foot .primary")
    # By its address, for nobody knows it by its code.
    assert address in alert(at)
    assert "不在住户所属的村" in alert(at)
    at.complaints.clear()
    # It can be cleared, and put right.
    row.locator(".more", has_text="清除").click()
    here = point(1, 1.9)
    field.fill(f"{here.x:.5f}，{here.y:.5f}")
    page.keyboard.press("Tab")
    saved(at)
    undo(at)


def test_all_that_the_addresses_propose_is_taken_at_once(visit: Start, county: Service) -> None:
    at = opened(visit, "desktop", "en", village=1)
    page = at.page
    assert page.locator(".homes > li").count() == len(GRIDS)
    page.locator(".more", has_text="Take all").click()
    assert page.inner_text(".panel-foot .primary") == f"Save places ({len(GRIDS)})"
    saved(at)
    assert "Every household here has coordinates." in page.inner_text(".panel-body")
    page.click(".back")
    wait_for(page, lambda: page.locator(".rows .row").count() == 1, "one village is left")
    page.reload()
    page.wait_for_selector(".rows .row")
    assert page.locator(".rows .row").count() == 1
    with county.client("planner") as client:
        last = client.get("/api/imports").json()["imports"][0]["id"]
        assert client.delete(f"/api/households/locations/{last}").status_code == 200


def test_an_officer_places_in_his_own_village(visit: Start, county: Service) -> None:
    at: Visit = visit("phone", "zh", role="party_officer", path="unlocated")
    page = at.page
    page.wait_for_selector(".rows .row")
    assert page.locator(".rows .row").count() == 1
    assert page.locator(".pages a", has_text="导入").count() == 0
    page.locator(".rows .row").click()
    page.wait_for_selector(".homes")
    page.locator(".homes .row").first.click()
    page.locator(".place .more").first.click()
    saved(at)
    undo(at)


def test_the_keyboard_comes_along(visit: Start) -> None:
    at: Visit = visit("desktop", "en", path="unlocated")
    page = at.page
    page.wait_for_selector(".rows .row")
    page.locator(".rows .row").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".homes")
    wait_for(page, lambda: page.evaluate("document.activeElement.tagName") == "H1", "heading")
    page.locator(".back").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".rows .row:focus")
    assert page.locator(".rows .row").nth(1).evaluate("each => each === document.activeElement")


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_state_can_be_read(size: str, lang: str, visit: Start, axe: str) -> None:
    at: Visit = visit(size, lang, path="unlocated")
    page, touch = at.page, size == "phone"
    looks = (size, lang) in {("phone", "en"), ("desktop", "zh")}

    def fine(what: str) -> None:
        settle(at)
        assert faults(at, touch=touch) == [], what
        if looks:
            page.evaluate(axe)
            found = page.evaluate("async () => (await axe.run('.panel')).violations")
            serious = [each for each in found if each["impact"] in ("serious", "critical")]
            assert [each["id"] for each in serious] == [], what

    page.wait_for_selector(".rows .row")
    fine("the villages")
    page.locator(".rows .row").first.click()
    page.wait_for_selector(".homes")
    fine("a village")
    page.locator(".homes .row").first.click()
    fine("a household")
    page.locator(".place .more").first.click()
    fine("a place that was taken")
    saved(at)
    fine("saved")
    undo(at)
