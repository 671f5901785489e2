"""A repair of a finding on its card: asked for, weighed, drawn before and after."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Visit
from tests.browser.test_page import LANGUAGES, faults, settle
from tests.serving import Service

Start = Callable[..., Visit]
PART = ".card .proposal"


def widest(sample: Service, rule: str) -> Any:
    """The finding of a rule that is shown best: of those that can be mended, the widest."""
    with sample.client("planner") as client:
        answer = client.get(f"/api/coverage/findings?rule={rule}&limit=200").json()
        for found in sorted(answer["findings"], key=lambda each: -each["width_m"]):
            made = client.get(f"/api/coverage/findings/{found['id']}/proposal").json()
            if not made["why"] and made["changes"] and len(found["grids"]) > 1:
                return {**found, "made": made}
    pytest.fail(f"no {rule} of the sample can be mended")


def opened(visit: Start, found: Any, size: str, lang: str, **options: Any) -> Visit:
    at = visit(size, lang, **options)
    lon, lat = found["point"]
    at.open(f"15/{lat}/{lon}?finding={found['id']}&lang={lang}")
    at.page.wait_for_selector(".card .message")
    return at


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_repair_is_asked_for_and_drawn(
    size: str, lang: str, visit: Start, sample: Service, axe: str
) -> None:
    found = widest(sample, "C103")
    at = opened(visit, found, size, lang, bypass_csp=True)
    at.first(f"{PART} .propose").click()
    at.page.wait_for_selector(f"{PART} table")
    settle(at)
    told = at.page.inner_text(PART)
    message = "message_zh" if lang == "zh" else "message"
    for change in found["made"]["changes"]:
        if change["area_m2"] > 0:
            assert change[message] in told
    name = "name" if lang == "zh" else "name_en"
    for grid in found["made"]["grids"]:
        assert (grid[name] or grid["name"]) in told
    # Before and after are drawn, and are not the same.
    paths = "all => all.map(svg => [...svg.querySelectorAll('path')].map(p => p.getAttribute('d')))"
    before, after = at.page.eval_on_selector_all(f"{PART} svg", paths)
    assert len(before) == len(after) + 1, "the fault is drawn before"
    assert before[: len(after)] != after
    assert faults(at, touch=size == "phone") == []
    at.page.evaluate(axe)
    wrong = at.page.evaluate("async () => (await axe.run('.card')).violations")
    assert [each["id"] for each in wrong if each["impact"] in ("serious", "critical")] == []


def test_who_keeps_an_overlap_is_chosen(visit: Start, sample: Service) -> None:
    found = widest(sample, "C103")
    at = opened(visit, found, "desktop", "zh")
    at.first(f"{PART} .propose").click()
    at.page.wait_for_selector(f"{PART} table")
    for each in found["grids"][:2]:
        at.page.click(f"{PART} .ways button:text-is('{each['name']}')")
        at.page.wait_for_selector(f"{PART}[aria-busy=false]")
        pressed = at.page.inner_text(f"{PART} .ways button[aria-pressed=true]")
        assert pressed == each["name"]
        assert f"重叠地归{each['name']}" in at.page.inner_text(PART)


def test_a_leader_is_not_asked_to_redraw(visit: Start, sample: Service) -> None:
    found = widest(sample, "C103")
    at = opened(visit, found, "desktop", "zh", role="leader")
    assert at.page.locator(PART).count() == 0
