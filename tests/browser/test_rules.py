"""The page of rules and thresholds, and the documentation, as somebody meets them in a browser."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete, select

from api.db import session_scope
from geo.rules import RULES
from geo.rules.ruling import SETTINGS
from layers.tables import setting
from tests.browser.conftest import Start, Visit
from tests.browser.test_page import faults, settle
from tests.serving import Service


def opened(start: Start, size: str = "desktop", lang: str = "zh", **options: str) -> Visit:
    at = start(size, lang, path="rules", **options)
    at.page.wait_for_selector(".rule")
    settle(at)
    return at


@pytest.fixture
def _as_it_was(sample: Service) -> Iterator[None]:
    with session_scope(sample.engine) as session:
        before = session.execute(select(setting).where(setting.c.key.in_(SETTINGS))).all()
    yield
    with session_scope(sample.engine) as session:
        session.execute(delete(setting).where(setting.c.key.in_(SETTINGS)))
        for row in before:
            session.execute(setting.insert().values(**row._mapping))


@pytest.mark.usefixtures("_as_it_was")
def test_a_planner_switches_grades_and_bounds(visit: Start) -> None:
    at = opened(visit)
    page = at.page
    assert page.locator(".rule").count() == len(RULES)
    assert page.locator(".rules-foot").count() == 0
    page.get_by_label("检查 C105 边界不吻合").uncheck()
    page.get_by_label("H204 住户坐标堆叠的级别").select_option("warning")
    page.get_by_label("每个网格的户数 · 农村网格 · 至多").fill("200")
    page.get_by_label("每个网格的户数 · 农村网格 · 至多").blur()
    assert page.locator(".rules-foot p").inner_text() == "有 3 处改动尚未保存"
    page.click(".rules-foot .primary")
    page.get_by_text("已保存，下次检查按此执行。").wait_for()
    again = opened(visit, lang="en")
    assert again.page.locator(".rule.off").inner_text().startswith("Mismatched border")
    assert again.page.get_by_label("How grave H204").input_value() == "warning"
    assert "Usually: Note" in again.page.locator(".rules-list").all_inner_texts()[1]
    again.page.get_by_label("Check C105 Mismatched border").check()
    again.page.click(".rules-buttons .plain")
    assert again.page.locator(".rule.off").count() == 1


@pytest.mark.usefixtures("_as_it_was")
def test_a_town_gets_a_threshold_of_its_own(visit: Start) -> None:
    at = opened(visit, lang="en")
    page = at.page
    page.click(".limit-add summary")
    page.locator(".limit-add select").select_option("visit_days")
    page.fill(".limit-add input[type=search]", "镇")
    page.locator(".limit-add .rows button").first.click()
    town = page.locator(".limit > b").inner_text()
    days = page.get_by_label(f"{town} · Every household is visited within")
    days.fill("14")
    days.blur()
    page.click(".rules-foot .primary")
    page.get_by_text("Saved; the next check goes by it.").wait_for()
    # What makes no sense is said, and nothing is lost.
    days.fill("0")
    days.blur()
    page.click(".rules-foot .primary")
    page.locator(".rules-foot .notice").wait_for()
    assert "1 to" in page.locator(".rules-foot .notice").inner_text()
    page.click(".rules-buttons .plain")
    assert days.input_value() == "14"


def test_others_have_no_such_page(visit: Start) -> None:
    at = visit(role="leader", path="rules")
    at.page.wait_for_selector(".panel .notice")
    assert "管理员和规划员" in at.page.locator(".panel .notice").inner_text()
    assert at.page.locator('.pages a[href^="/rules"]').count() == 0


@pytest.mark.parametrize(
    ("size", "lang"), [("phone", "zh"), ("phone", "en"), ("desktop", "en"), ("wall", "zh")]
)
def test_the_page_fits_and_is_legible(size: str, lang: str, visit: Start) -> None:
    at = opened(visit, size, lang)
    assert faults(at, touch=size == "phone") == []
    wide = at.page.evaluate("document.querySelector('.panel-body').scrollWidth")
    assert wide <= at.page.evaluate("document.querySelector('.panel-body').clientWidth")


@pytest.mark.parametrize(("size", "lang"), [("phone", "en"), ("desktop", "zh")])
def test_the_documentation_fits_and_is_legible(size: str, lang: str, visit: Start) -> None:
    at = visit(size, lang, role=None, path="docs/rules")
    for path in ("rules", "proof", "rules/C103", "rules/P401", "rules/S305"):
        at.page.goto(f"{at.address}/docs/{path}?lang={lang}")
        assert at.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert at.page.locator("h1").count() == 1
        # A document is scrolled: what stands below is not beyond it.
        found = [each for each in faults(at) if not each.startswith("beyond the page")]
        assert found == [], path


def test_a_findings_card_leads_to_its_rule(visit: Start, sample: Service) -> None:
    at = visit()
    at.page.wait_for_selector(".findings .row")
    with sample.client("planner") as client:
        found = client.get("/api/coverage/findings?rule=C103").json()["findings"][0]["id"]
    at.open(f"?finding={found}")
    at.page.wait_for_selector('.card a[href="/docs/rules/C103?lang=zh"]')
