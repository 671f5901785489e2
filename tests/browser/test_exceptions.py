"""Exceptions and the checks over time, as somebody meets them in a browser: accepted to revoked."""

import json
from typing import Any

import pytest
from sqlalchemy import func, select, update

from api.coverage.service import run_check
from api.db import session_scope
from layers.tables import grid
from tests.browser.conftest import Start, Visit
from tests.browser.test_page import faults, settle
from tests.serving import Service

WORDS = {
    "zh": {"save": "登记", "revoke": "撤销", "change": "更改", "flag": "已登记例外", "open": "有效",
           "revoked": "已撤销", "forever": "不设期限", "gone": "现在已找不到"},
    "en": {"save": "Accept", "revoke": "Take back", "change": "Change", "flag": "Accepted",
           "open": "In force", "revoked": "Taken back", "forever": "no end",
           "gone": "no longer found"},
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("no_exceptions")


@pytest.fixture(scope="module")
def gap(sample: Service) -> dict[str, Any]:
    """The widest gap of the sample."""
    with sample.client("planner") as client:
        answer = client.get("/api/coverage/findings?rule=C101&sort=area_m2&limit=1").json()
    return dict(answer["findings"][0])


@pytest.fixture(scope="module")
def redrawn(sample: Service) -> int:
    """Two checks more: a grid grown over its neighbours, and as it was."""
    with session_scope(sample.engine) as session:
        code, shape = session.execute(
            select(grid.c.code, grid.c.geom).where(grid.c.kind == "rural").order_by(grid.c.code)
        ).first()  # type: ignore[misc]
        wider = func.ST_Multi(func.ST_Buffer(shape, 0.0002))
        session.execute(update(grid).where(grid.c.code == code).values(geom=wider))
    grown = run_check(sample.engine, "operator")
    with session_scope(sample.engine) as session:
        session.execute(update(grid).where(grid.c.code == code).values(geom=shape))
    run_check(sample.engine, "operator")
    return grown


def errors(at: Visit) -> int:
    said = at.page.locator(".numbers div").first.locator("small").inner_text()
    return int("".join(letter for letter in said if letter.isdigit()))


def fine(at: Visit, axe: str, *, touch: bool) -> None:
    """All can be read and hit, and nothing stands in anybody's way."""
    settle(at)
    assert faults(at, touch=touch) == []
    wide = at.page.evaluate("document.querySelector('.panel-body').scrollWidth")
    assert wide <= at.page.evaluate("document.querySelector('.panel-body').clientWidth")
    at.page.evaluate(axe)
    wrong = at.page.evaluate("async () => (await axe.run('main')).violations")
    assert [
        json.dumps([each["id"], each["nodes"][0]["html"]])
        for each in wrong if each["impact"] in ("serious", "critical")
    ] == []  # fmt: skip


@pytest.mark.parametrize(("size", "lang"), [("desktop", "zh"), ("phone", "en")])
def test_a_finding_is_accepted_found_in_the_register_changed_and_taken_back(
    size: str, lang: str, gap: dict[str, Any], visit: Start, axe: str
) -> None:
    words, touch = WORDS[lang], size == "phone"
    at = visit(size, lang, bypass_csp=True)
    page = at.page
    at.open(f"15/{gap['point'][1]}/{gap['point'][0]}?finding={gap['id']}&lang={lang}")
    page.wait_for_selector(".exception .propose")
    page.wait_for_selector(".numbers")
    before = errors(at)
    assert page.locator(".card h2 em").count() == 0
    # Accepted, with a reason and a day that is proposed.
    at.first(".exception .propose").click()
    save = page.get_by_role("button", name=words["save"], exact=True)
    assert save.is_disabled()
    page.fill(".exception textarea", "湖面，无人居住")
    assert page.input_value(".exception input[type=date]") > "2026"
    fine(at, axe, touch=touch)
    seen = page.evaluate("location.hash")
    save.click()
    page.wait_for_selector(".exception.holds")
    assert "湖面，无人居住" in page.inner_text(".exception")
    # The keyboard has gone along, and the map stays where it was.
    assert page.evaluate("location.hash") == seen
    assert page.evaluate("document.activeElement.closest('.exception') !== null")
    assert page.inner_text(".card h2 em") == words["flag"]
    at.until(f"document.querySelector('.numbers small').innerText.includes('{before - 1}')")
    page.click(".card .close")
    # It is on the list for who asks for it, flagged; among what stands it is not.
    if touch:
        page.click(".handle")
        settle(at)
    shown = page.locator(".findings .segments").nth(1).locator("button")
    assert shown.nth(1).inner_text().endswith(" 1")
    shown.nth(1).click()
    at.first(".findings .row").click()
    page.wait_for_selector(".findings .flag")
    fine(at, axe, touch=touch)
    # The register leads back to it.
    page.click(".beside-links a[href^='/exceptions']")
    page.wait_for_selector(".register-entry")
    states = page.locator(".states button")
    assert states.first.inner_text() == f"{words['open']} 1"
    fine(at, axe, touch=touch)
    page.get_by_role("button", name=words["change"], exact=True).click()
    page.get_by_label(words["forever"]).check()
    page.fill(".register-entry textarea", "鱼塘")
    save.click()
    page.wait_for_selector(".register-said summary")
    assert words["forever"] in page.inner_text(".register-said")
    assert "鱼塘" in page.inner_text(".register-said")
    at.first(".register-entry .row").click()
    page.wait_for_selector(".card .exception.holds")
    page.click(".card .close")
    if touch:
        page.click(".handle")
        settle(at)
    # Taken back, after a question: it counts again.
    revoke = page.get_by_role("button", name=words["revoke"], exact=True)
    revoke.click()
    page.locator(".register-entry .primary").click()
    page.wait_for_selector(".register-entry", state="detached")
    at.until("document.activeElement.closest('.states') !== null")
    page.get_by_role("button", name=f"{words['revoked']} 1").click()
    page.wait_for_selector(".register-entry.revoked")
    fine(at, axe, touch=touch)
    page.click("a.back")
    page.wait_for_selector(".numbers")
    at.until(f"document.querySelector('.numbers small').innerText.includes('{before}')")
    assert page.locator(".findings .segments").count() == 1


def test_who_does_not_decide_is_told_and_not_asked(
    gap: dict[str, Any], visit: Start, sample: Service
) -> None:
    with sample.client("planner") as client:
        client.put(f"/api/coverage/accepted/{gap['id']}", json={"reason": "湖面"})
    at = visit("desktop", "zh", role="leader")
    at.open(f"?finding={gap['id']}")
    at.page.wait_for_selector(".exception.holds")
    assert "湖面" in at.page.inner_text(".exception")
    assert at.page.locator(".exception button").count() == 0
    at.open("", "exceptions")
    at.page.wait_for_selector(".register-entry")
    assert at.page.locator(".register-entry .propose").count() == 0


@pytest.mark.parametrize(("size", "lang"), [("desktop", "en"), ("phone", "zh")])
def test_the_checks_over_time_are_shown_and_compared(
    size: str, lang: str, redrawn: int, visit: Start, sample: Service, axe: str
) -> None:
    words, touch = WORDS[lang], size == "phone"
    with sample.client("planner") as client:
        told = client.get("/api/coverage/history").json()["checks"]
        changed = client.get(f"/api/coverage/history/{redrawn}").json()
    at = visit(size, lang, path="history", bypass_csp=True)
    page = at.page
    page.wait_for_selector(".history-changes .row")
    # The chart says in words what it draws, and the table has its figures.
    assert page.locator(".chart-bar").count() == len(told)
    assert f"{told[0]['errors']:,}" in str(page.get_attribute(".chart > svg", "aria-label"))
    rows = page.locator(".history-table tbody tr")
    assert rows.first.locator("td").first.inner_text() == f"{told[0]['errors']:,}"
    fine(at, axe, touch=touch)
    # What the grown grid brought is new in its check, and no longer found.
    at_grown = [each["id"] for each in told].index(redrawn)
    rows.nth(at_grown).locator("button").click()
    message = changed["new"][0]["message_zh" if lang == "zh" else "message"]
    row = page.locator(".history-changes .row", has_text=message).first
    row.wait_for()
    assert words["gone"] in row.inner_text()
    assert f"{changed['new_count']}" in page.locator(".history-head").first.inner_text()
    row.click()
    at.until("location.hash.startsWith('#1')")
    assert page.locator(".card").count() == 0
    if touch:
        page.click(".handle")
        settle(at)
    page.locator(".measures button").nth(2).click()
    page.wait_for_selector(".chart-land")
    fine(at, axe, touch=touch)
