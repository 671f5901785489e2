"""The worklist as it is met in a browser: work given out, seen on the map, reported, and judged."""

import datetime as dt
import io
from collections.abc import Callable, Iterator
from typing import Any

import openpyxl
import pytest
from sqlalchemy import delete, func, select, update

from api.db import session_scope
from api.worklist.service import county_day
from layers.tables import coverage_check, work_task
from tests.browser.conftest import Visit
from tests.browser.test_journeys import wait_for
from tests.browser.test_page import faults, settle
from tests.postgis.tasks import clear
from tests.serving import Service

Start = Callable[..., Visit]
DUE = (county_day() + dt.timedelta(days=10)).isoformat()
RULE = "C103"


@pytest.fixture(autouse=True)
def _as_it_was(sample: Service) -> Iterator[None]:
    yield
    clear(sample.engine)


def opened(visit: Start, *arguments: Any, path: str = "worklist", **options: Any) -> Visit:
    at = visit(*arguments, path=path, bypass_csp=True, **options)
    at.page.wait_for_selector(".work-n b")
    return at


def number(at: Visit) -> int:
    return int(at.first(".work-n b").inner_text())


def serious(at: Visit, axe: str) -> list[str]:
    at.page.evaluate(axe)
    found = at.page.evaluate("async () => (await axe.run()).violations")
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


def raised(at: Visit) -> None:
    """On a phone, put the panel's sheet up."""
    if at.page.locator(".handle").is_visible() and not at.page.locator(".panel.up").count():
        at.page.click(".handle")
        settle(at)


def give_out(sample: Service, **which: str) -> list[dict[str, Any]]:
    with sample.client("planner") as client:
        body = {"to": "village", "due": DUE, **(which or {"rule": RULE})}
        assert client.post("/api/worklist", json=body).json()["assigned"] > 0
        return list(client.get("/api/worklist?limit=1000").json()["tasks"])


def make_late(sample: Service, number: int) -> None:
    with session_scope(sample.engine) as session:
        late = county_day() - dt.timedelta(days=3)
        session.execute(update(work_task).where(work_task.c.id == number).values(due_on=late))


WORDS = {
    "zh": {"assign": "全部交办", "done": "已交办 {n} 件。", "late": "逾期 3 天",
           "report": "报告已整改", "fixed": "已报整改，待核查", "log": "报告已整改"},
    "en": {"assign": "Assign them all", "done": "{n} assigned.", "late": "3 days overdue",
           "report": "Report it fixed", "fixed": "Reported fixed, not yet checked",
           "log": "reported it fixed"},
}  # fmt: skip


@pytest.mark.parametrize(("size", "lang"), [("phone", "zh"), ("desktop", "en")])
def test_work_is_given_out_seen_and_reported(
    size: str, lang: str, visit: Start, sample: Service, axe: str
) -> None:
    words, touch = WORDS[lang], size == "phone"
    at = opened(visit, size, lang)
    page = at.page
    assert number(at) == 0
    assert faults(at, touch=touch) == []
    with sample.client("planner") as client:
        left = client.get("/api/worklist/counts").json()["unassigned"]
    n = next(each["n"] for each in left if each["rule"] == RULE)
    # All of a kind in one go.
    raised(at)
    page.click(".work-left summary")
    page.locator(".work-left select").first.select_option(RULE)
    page.locator(".work-left select").nth(1).select_option("village")
    page.fill(".work-left input[type=date]", DUE)
    assert faults(at, touch=touch) == []
    page.click(f".work-left button:text-is('{words['assign']}')")
    page.wait_for_selector(f".work-left [role=status]:text-is('{words['done'].format(n=n)}')")
    wait_for(page, lambda: number(at) == n, "as many to do")
    assert page.locator(".panel .rows .row").count() == n
    # One is late, and says so by symbol and word.
    with sample.client("planner") as client:
        first = client.get("/api/worklist").json()["tasks"][0]
    make_late(sample, first["id"])
    page.reload()
    page.wait_for_selector(".panel .rows .row")
    raised(at)
    row = page.locator(".panel .rows .row").first
    assert words["late"] in row.inner_text()
    assert row.locator(".late svg.symbol path").count() > 0
    assert serious(at, axe) == []
    # The task, and what its reader can do about it.
    row.click()
    page.wait_for_selector(".card .work-form")
    at.painted()
    settle(at)
    assert first["message_zh" if lang == "zh" else "message"] in page.inner_text(".card .message")
    assert faults(at, touch=touch) == []
    assert serious(at, axe) == []
    page.fill(".card textarea", "已并入")
    page.click(f".card button:text-is('{words['report']}')")
    page.wait_for_selector(f".card h2:has-text('{words['fixed']}')")
    page.click(".card .work-log summary")
    log = page.inner_text(".card .work-log")
    assert words["log"] in log
    assert "已并入" in log
    wait_for(page, lambda: number(at) == n - 1, "one less to do")
    # The address opens the same again.
    again = opened(visit, size, lang, path="worklist?state=fixed", place=page.url.split("#")[1])
    again.page.wait_for_selector(f".card h2:has-text('{words['fixed']}')")


def test_the_map_shows_each_task_by_how_it_stands(visit: Start, sample: Service) -> None:
    tasks = give_out(sample)
    make_late(sample, tasks[0]["id"])
    at = opened(visit, "desktop", "zh")
    at.painted()
    legend = at.first(".legend-body").inner_text()
    assert f"n = {len(tasks)}" in legend
    assert "逾期" in legend
    # A click on a symbol opens its card: the middle of the page, where its point is the middle.
    lon, lat = tasks[0]["point"]
    at.open(f"17/{lat}/{lon}?lang=zh", "worklist")
    at.page.wait_for_selector(".panel .rows .row")
    at.painted()
    at.page.wait_for_timeout(300)
    at.page.mouse.click(640, 400)
    at.page.wait_for_selector(f".card h2:has-text('第 {tasks[0]['id']} 号任务')")
    assert f"finding={tasks[0]['finding']}" in at.page.url
    assert "/tiles/households/" not in " ".join(at.requested)


def test_a_findings_card_gives_it_out_and_on(visit: Start, sample: Service, axe: str) -> None:
    with sample.client("planner") as client:
        found = client.get(f"/api/coverage/findings?rule={RULE}").json()["findings"][0]
        choices = client.get(f"/api/worklist/choices?finding={found['id']}").json()
    at = visit("desktop", "zh", bypass_csp=True)
    at.open(f"?finding={found['id']}&lang=zh")
    page = at.page
    person = choices["people"][0]
    page.locator(".card .work select").select_option(f"person {person['code']}")
    page.fill(".card .work input[type=date]", DUE)
    page.click(".card .work button:text-is('交办')")
    page.wait_for_selector(".card .standing")
    assert person["name"] in page.inner_text(".card .standing")
    assert serious(at, axe) == []
    # Given on, to the town; and from the card to the list.
    page.click(".card .work-again summary")
    town = choices["areas"][0]
    page.locator(".card .work-again select").select_option(f"assignee {town['code']}")
    page.click(".card .work-again button")
    page.wait_for_selector(f".card .standing:has-text('{town['name']}')")
    page.click(".card .work > .link")
    page.wait_for_selector(".panel.worklist .rows .row")
    page.wait_for_selector(".card h2:has-text('待办')")


def test_another_s_report_and_the_next_check_are_seen(visit: Start, sample: Service) -> None:
    task = give_out(sample)[0]
    at = opened(visit, "desktop", "zh")
    at.page.locator(".panel .rows .row").first.click()
    at.page.wait_for_selector(".card .work-form")
    with sample.client("administrator") as client:
        body = {"version": task["version"], "note": "我先改了"}
        client.post(f"/api/worklist/{task['id']}/fixed", json=body)
        # Who comes second is told, and shown what has become of it.
        at.page.click(".card button:text-is('报告已整改')")
        at.page.wait_for_selector(".card h2:has-text('已报整改，待核查')")
        assert "我先改了" in at.page.inner_text(".card .facts")
        at.complaints[:] = [each for each in at.complaints if "409" not in each]
        # Nobody has changed a grid: the check finds it again.
        sample.finished(client, client.post("/api/coverage/check"))
    at.page.reload()
    first = at.page.locator(".panel .rows .row").first
    first.locator("svg[aria-label=退回重办]").wait_for()
    assert "退回 1 次" in first.inner_text()
    with session_scope(sample.engine) as session:
        state = select(func.count()).where(work_task.c.state == "reopened")
        assert session.scalar(state) == 1
        last = select(func.max(coverage_check.c.id)).scalar_subquery()
        session.execute(delete(coverage_check).where(coverage_check.c.id == last))


@pytest.mark.parametrize(("role", "may"), [("party_officer", True), ("auditor", False)])
def test_each_sees_his_own_and_does_what_is_his(
    role: str, may: bool, visit: Start, sample: Service
) -> None:
    with sample.client("planner") as client:
        county = client.get("/api/areas?level=county").json()["areas"][0]["code"]
    give_out(sample, area=county)
    with sample.client(role) as client:
        own = client.get("/api/worklist").json()
    at = opened(visit, "desktop", "zh", role=role)
    assert number(at) == own["numberMatched"] > 0
    assert at.page.locator(".work-left").count() == 0
    at.page.locator(".panel .rows .row").first.click()
    at.page.wait_for_selector(".card .message")
    assert at.page.locator(".card textarea").count() == int(may)
    assert at.page.locator(".card .work-again").count() == 0
    # What is carried away is his own as well.
    with at.page.expect_download() as taken:
        at.page.click(".actions a:text-is('办公表格（Excel）')")
    book = openpyxl.load_workbook(io.BytesIO(taken.value.path().read_bytes()))
    assert book.worksheets[0].max_row == 3 + own["numberMatched"]


def test_without_webgl_the_tasks_lie_on_pictures(visit: Start, sample: Service) -> None:
    give_out(sample)
    at = opened(visit, "desktop", "zh")
    at.page.add_init_script("""
        const real = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind.startsWith("webgl") ? null : real.call(this, kind, ...rest);
        };""")
    at.open("?lang=zh", "worklist")
    at.page.wait_for_selector(".task-mark svg path", state="attached")
    at.painted()
    with sample.client("planner") as client:
        spots = client.get("/api/worklist/places").json()["spots"]
    assert at.page.locator(".task-mark").count() == len(spots)
    at.page.locator(".task-mark").first.dispatch_event("click")
    at.page.wait_for_selector(".card .work-form")
