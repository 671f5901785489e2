"""The incident map, as a leader meets it: how many, where, of which period; nobody pointed at."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import SIZES, Visit
from tests.browser.test_journeys import wait_for
from tests.browser.test_page import LANGUAGES, faults, settle
from tests.serving import Service

Start = Callable[..., Visit]


def opened(visit: Start, *arguments: str, path: str = "incidents", **options: str) -> Visit:
    options.setdefault("role", "leader")
    at = visit(*arguments, path=path, **options)
    at.page.wait_for_selector(".incidents-n b")
    at.painted()
    return at


def number(at: Visit) -> int:
    return int(at.first(".incidents-n b").inner_text().replace(",", ""))


def query(at: Visit) -> dict[str, list[str]]:
    return parse_qs(urlsplit(at.page.url).query)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
def test_everything_can_be_read(size: str, lang: str, visit: Start) -> None:
    at = opened(visit, size, lang)
    settle(at)
    assert faults(at) == []
    assert at.page.evaluate("document.documentElement.lang") == {"zh": "zh-CN", "en": "en"}[lang]


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_nothing_serious_stands_in_the_way(size: str, visit: Start, axe: str) -> None:
    at = opened(visit, size, "zh")
    at.page.evaluate(axe)
    found = at.page.evaluate("async () => (await axe.run()).violations")
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


def test_the_number_is_the_service_s_and_the_legend_says_the_same(
    visit: Start, sample: Service
) -> None:
    with sample.client("leader") as client:
        told = client.get("/api/statistics/incidents").json()
        legend = client.get("/legends/heat.json").json()
    at = opened(visit, "desktop", "zh")
    assert number(at) == told["n"] == legend["n"]
    said = at.first(".legend-body").inner_text()
    assert f"n = {told['n']:,} 件" in said
    assert "件/平方公里" in said
    assert "500 米" in said
    for item in legend["items"]:
        assert item["label"]["zh"] in said


def test_a_filter_changes_number_map_legend_and_address(visit: Start, sample: Service) -> None:
    with sample.client("planner") as client:
        roads = client.get("/api/statistics/incidents?kind=road").json()["n"]
    at = opened(visit, "desktop", "zh", role="planner")
    whole = number(at)
    with at.page.expect_request(
        lambda asked: "/tiles/heat/" in asked.url and "kind=road" in asked.url
    ):
        at.page.click(".picks button:text-is('道路设施')")
    wait_for(at.page, lambda: number(at) == roads, "the number of roads")
    assert 0 < roads < whole
    assert query(at) == {"kind": ["road"]}
    assert "道路设施" in at.first(".legend-body").inner_text()
    # The address opens the same again.
    again = opened(
        visit, "desktop", "zh", role="planner", path=f"incidents?{urlsplit(at.page.url).query}"
    )
    assert number(again) == roads
    assert again.first(".picks button[aria-pressed=true]").inner_text() == "道路设施"


def test_an_empty_period_is_said_and_reversed_days_are_refused(visit: Start) -> None:
    at = opened(visit, "desktop", "zh")
    at.page.fill(".filter input[type=date] >> nth=0", "2031-01-01")
    at.page.wait_for_selector(".notice:has-text('没有符合条件的事件')")
    assert number(at) == 0
    at.page.fill(".filter input[type=date] >> nth=1", "2030-01-01")
    at.page.wait_for_selector(".notice[role=alert]")
    at.page.fill(".filter input[type=date] >> nth=1", "")
    at.page.fill(".filter input[type=date] >> nth=0", "")
    wait_for(at.page, lambda: at.page.locator(".notice").count() == 0, "all is well again")


def test_rates_have_their_denominators(visit: Start) -> None:
    at = opened(visit, "desktop", "en")
    rows = at.page.locator(".bars li").all_inner_texts()
    assert rows
    assert all("households" in row for row in rows if "too few" not in row)


def test_a_leader_is_sent_no_single_incident(visit: Start) -> None:
    at = opened(visit, "desktop", "zh", path="incidents#15/33.6/115.3")
    at.page.wait_for_timeout(500)
    assert not any("/api/incidents" in url for url in at.requested)
    assert at.page.locator(".card").count() == 0
