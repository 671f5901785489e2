"""Who answers for a place: a click anywhere on the map, and the card that says it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Visit
from tests.browser.test_journeys import on_screen, wait_for
from tests.browser.test_page import LANGUAGES, faults, settle
from tests.browser.test_plain import spots
from tests.serving import Service

Start = Callable[..., Visit]
CARD = ".card .chain"


def whose(sample: Service, role: str, lon: float, lat: float) -> Any:
    with sample.client(role) as client:
        return client.get("/api/locate", params={"lon": lon, "lat": lat}).json()


@pytest.fixture(scope="module")
def covered(sample: Service) -> Any:
    """A place in one grid, with a worker, and no finding near it."""
    with sample.client("planner") as client:
        for lon, lat in spots(client):
            found = client.get("/api/locate", params={"lon": lon, "lat": lat, "within_m": 400})
            chain = found.json()
            if chain["answer"] == "covered" and not chain["findings"] and chain["unit"]:
                return chain
    pytest.fail("no such place in the sample")


@pytest.fixture(scope="module")
def gap(sample: Service) -> Any:
    """The place by which the widest gap between grids is shown."""
    with sample.client("planner") as client:
        answer = client.get("/api/coverage/findings?rule=C101&limit=200").json()
    widest = max(answer["findings"], key=lambda each: each["width_m"])
    chain = whose(sample, "planner", *widest["point"])
    assert chain["answer"] == "nobody"
    return {**chain, "id": widest["id"]}


def click(at: Visit, chain: Any) -> None:
    at.painted()
    at.page.mouse.click(*on_screen(at.page, chain["lon"], chain["lat"]))


def seen_at(
    visit: Start, chain: Any, size: str = "desktop", lang: str = "zh", **options: Any
) -> Visit:
    # The phone's sheet hides the lower part: the place is brought to where it can be seen.
    lat = chain["lat"] - (0.006 if size == "phone" else 0)
    at = visit(size, lang, **options)
    at.open(f"14/{lat}/{chain['lon']}?lang={lang}")
    return at


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_click_shows_the_chain_of_responsibility(
    size: str, lang: str, visit: Start, covered: Any, axe: str
) -> None:
    at = seen_at(visit, covered, size, lang, bypass_csp=True)
    click(at, covered)
    at.page.wait_for_selector(CARD)
    settle(at)
    told = at.page.inner_text(".card")
    name = "name" if lang == "zh" else "name_en"
    for each in [covered["grid"], *covered["areas"]]:
        assert (each[name] or each["name"]) in told
    for each in [*covered["grid"]["officials"], *covered["unit"]["officials"]]:
        assert each["name"] in told
        assert (each["phone"] or "") in told
    for role in (("十户长", "网格员", "网格长") if lang == "zh" else
                 ("Unit head", "Grid worker", "Grid head")):  # fmt: skip
        assert role in told
    assert faults(at, touch=size == "phone") == []
    at.page.evaluate(axe)
    found = at.page.evaluate("async () => (await axe.run('.card')).violations")
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_on_a_gap_it_is_nobody_and_the_nearest_three(lang: str, visit: Start, gap: Any) -> None:
    at = seen_at(visit, gap, "desktop", lang)
    click(at, gap)
    # The finding is explained first; who is nearest stands beneath.
    at.page.wait_for_selector(".card .message")
    at.page.wait_for_selector(CARD)
    told = at.page.inner_text(".card")
    assert ("无人负责" if lang == "zh" else "Nobody answers here") in told
    assert len(gap["nearest"]) == 3
    for each in gap["nearest"]:
        assert (each["name"] if lang == "zh" else each["name_en"] or each["name"]) in told
        for official in each["officials"]:
            assert official["name"] in told


def test_without_the_findings_on_the_map_the_gap_itself_says_so(visit: Start, gap: Any) -> None:
    at = seen_at(visit, gap)
    at.painted()
    at.page.locator(".legend-section input").first.uncheck()
    settle(at)
    click(at, gap)
    at.page.wait_for_selector(CARD)
    assert "此处无人负责" in at.page.inner_text(".card h2")
    # From there to what is known of it.
    at.page.locator(".card .chips button", has_text="空白").first.click()
    at.page.wait_for_selector(".card .message")
    assert f"finding={gap['id']}" in at.page.url


def test_its_address_opens_it_again(visit: Start, covered: Any) -> None:
    at = seen_at(visit, covered, lang="en")
    click(at, covered)
    at.page.wait_for_selector(CARD)
    wait_for(at.page, lambda: "at=" in at.page.url, "the address keeps the place")
    told = at.page.inner_text(".card")
    again = visit("desktop", "en")
    again.open(at.page.url.split("#")[1])
    again.page.wait_for_selector(CARD)
    assert again.page.inner_text(".card") == told
    # And the grid has a card of its own.
    again.first(".card .link").click()
    again.page.wait_for_selector(".card .facts")
    assert "grid=" in again.page.url
    assert "at=" not in again.page.url
    again.page.click(".card .close")
    again.page.wait_for_selector(".card", state="detached")


def test_outside_of_the_county_it_says_just_that(visit: Start, sample: Service) -> None:
    with sample.client("planner") as client:
        _, _, east, north = client.get("/api/session").json()["bbox"]
    chain = whose(sample, "planner", east + 0.02, north + 0.02)
    assert chain["answer"] == "outside"
    at = seen_at(visit, chain, lang="en")
    click(at, chain)
    at.page.wait_for_selector(".card")
    assert "Outside the county" in at.page.inner_text(".card h2")
    assert at.page.locator(CARD).count() == 0


def test_of_another_s_area_nobody_is_told(visit: Start, sample: Service, covered: Any) -> None:
    with sample.client("planner") as client:
        chains = (
            client.get("/api/locate", params={"lon": lon, "lat": lat}).json()
            for lon, lat in spots(client)
        )
        far = next(
            each for each in chains
            if each["grid"] and whose(sample, "grid_worker", each["lon"], each["lat"])["answer"]
            == "elsewhere"
        )  # fmt: skip
    at = seen_at(visit, far, role="grid_worker")
    click(at, far)
    at.page.wait_for_selector(".card")
    told = at.page.inner_text(".card")
    assert "不在您负责的区域内" in told
    names = [each["name"] for each in far["grid"]["officials"]]
    assert names
    assert not any(name in json.dumps(told, ensure_ascii=False) for name in names)


def test_the_keyboard_opens_the_place_in_the_middle(visit: Start, covered: Any) -> None:
    at = seen_at(visit, covered, lang="en")
    at.painted()
    at.page.wait_for_selector(".numbers")
    focus = "document.activeElement.classList.contains('maplibregl-canvas')"
    for _ in range(80):
        at.page.keyboard.press("Tab")
        if at.page.evaluate(focus):
            break
    else:
        pytest.fail("Tab never reached the map")
    at.page.keyboard.press("Enter")
    at.page.wait_for_selector(".card")
    assert at.page.evaluate("document.querySelector('.ground-map').classList.contains('keys')")
