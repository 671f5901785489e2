"""All findings of a kind accepted in one act, as somebody meets it in a browser, and taken back."""

import pytest

from tests.browser.conftest import Start
from tests.browser.test_exceptions import errors, fine
from tests.browser.test_page import settle
from tests.serving import Service

RULE = "C103"
WORDS = {
    "zh": {"all": "全部 {n} 处列为例外…", "next": "下一步", "save": "登记 {n} 处",
           "sure": "{n} 处问题将列为例外，不再计数。确定登记？", "back": "返回修改",
           "done": "已登记 {n} 处例外。", "undo": "全部撤销",
           "changed": "现在是 {m} 处，不是 {n} 处，请刷新后再看。"},
    "en": {"all": "Accept all {n} as exceptions…", "next": "Next", "save": "Accept {n}",
           "sure": "{n} findings become exceptions and no longer count. Accept them?",
           "back": "Back", "done": "{n} accepted as exceptions.", "undo": "Take them all back",
           "changed": "There are {m} of them now, not {n}: look at them again."},
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("no_exceptions")


@pytest.mark.parametrize(("size", "lang"), [("phone", "zh"), ("desktop", "en")])
def test_all_of_a_kind_are_accepted_and_taken_back(
    size: str, lang: str, visit: Start, sample: Service, axe: str
) -> None:
    with sample.client("planner") as client:
        query = {"rule": RULE, "accepted": "false"}
        found = client.get("/api/coverage/findings", params=query).json()["findings"]
        rules = client.get("/api/coverage").json()["by_rule"]
    kind = next(each for each in rules if each["rule"] == RULE)
    n, touch = len(found), size == "phone"
    words = {key: text.format(n=n, m=n - 1) for key, text in WORDS[lang].items()}
    at = visit(size, lang, bypass_csp=True)
    page = at.page
    page.wait_for_selector(".findings .row")
    before = errors(at)

    def press(word: str) -> None:
        page.get_by_role("button", name=words[word], exact=True).click()

    if touch:
        page.click(".handle")
        settle(at)
    name = kind["name_zh"] if lang == "zh" else kind["name"].replace("-", " ").capitalize()
    page.locator(".findings .row", has_text=name).first.click()
    press("all")
    # A reason is asked for, the count is said, and only then is it asked whether.
    assert page.get_by_role("button", name=words["next"], exact=True).is_disabled()
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    page.fill(".accept-all textarea", "两套图源，下次测绘统一")
    fine(at, axe, touch=touch)
    press("next")
    assert page.inner_text(".accept-all [role=status]") == words["sure"]
    assert "两套图源，下次测绘统一" in page.inner_text(".accept-all")
    fine(at, axe, touch=touch)
    press("back")
    assert page.input_value(".accept-all textarea") == "两套图源，下次测绘统一"
    # Somebody else decides on one of them meanwhile: what was counted is no longer so.
    press("next")
    with sample.client("administrator") as other:
        one = f"/api/coverage/accepted/{found[0]['id']}"
        assert other.put(one, json={"reason": "湖面"}).status_code == 200
        press("save")
        page.wait_for_selector(f".accept-all [role=alert]:text-is('{words['changed']}')")
        assert other.delete(one).status_code == 200
    assert [text for text in at.complaints if "409 (Conflict)" not in text] == []
    at.complaints.clear()
    press("save")
    page.wait_for_selector(f".accept-all [role=status]:text-is('{words['done']}')")
    assert page.evaluate("document.activeElement.closest('.accept-all') !== null")
    page.wait_for_selector(".findings .empty")
    at.until(f"document.querySelector('.numbers small').innerText.includes('{before - n}')")
    fine(at, axe, touch=touch)
    with sample.client("planner") as client:
        held = client.get("/api/coverage/accepted", params={"state": "in_force"}).json()
    assert {each["id"] for each in held["exceptions"]} == {each["id"] for each in found}
    # Taken back in one act: they count again, and can be accepted again.
    press("undo")
    page.get_by_role("button", name=words["all"], exact=True).wait_for()
    at.until(f"document.querySelector('.numbers small').innerText.includes('{before}')")


def test_who_does_not_decide_is_not_asked(visit: Start) -> None:
    at = visit("desktop", "zh", role="leader")
    at.page.locator(".findings .row").first.click()
    at.page.wait_for_selector(".findings h3")
    at.page.wait_for_selector(".findings .rows .row")
    assert at.page.locator(".accept-all").count() == 0
