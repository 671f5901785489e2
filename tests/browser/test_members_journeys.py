"""Ways through the page of member households: lines, cards, names for a reason, and paper."""

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser
from sqlalchemy import select

from api.db import session_scope
from layers.style import PALETTE
from layers.tables import audit_entry
from tests.browser.conftest import Visit
from tests.browser.member_page import (
    Row,
    Start,
    homes,
    is_near,
    keepers,
    open_alone,
    open_member,
    opened,
    pixels,
    tap,
    village_of,
)  # fmt: skip
from tests.browser.test_journeys import hash_of, on_free_map, on_screen, wait_for
from tests.browser.test_page import faults, settle
from tests.serving import Service


@pytest.fixture(scope="module")
def own(sample: Service) -> Row:
    return village_of(sample, "party_officer")


# --- what it does -------------------------------------------------------------------------------


def middle_of_line(one: list[float], other: list[float]) -> list[float]:
    """The middle of a line of contact, which swings out by an eighth of its length."""
    narrow = np.cos(np.radians(one[1]))
    dx, dy = (other[0] - one[0]) * narrow, other[1] - one[1]
    mid = [(one[0] + other[0]) / 2 - dy * 0.12 / narrow, (one[1] + other[1]) / 2 + dx * 0.12]
    return [(a + 2 * m + b) / 4 for a, m, b in zip(one, mid, other, strict=True)]


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_a_member_s_households_are_flown_to_with_lines(size: str, visit: Start, own: Row) -> None:
    at = opened(visit, size, "zh")
    page = at.page
    open_member(at)
    wait_for(page, lambda: "member=" in page.url, "the member is in the address")
    code = page.url.rsplit("member=", 1)[1][:8]
    member = next(each for each in own["members"] if each["code"] == code)
    held = homes(own)
    # No fewer are listed than he looks after, and all of them are on the free part of the map.
    assert page.locator(".contacts .row").count() == len(member["contacts"])
    spots = [held[each]["at"] for each in (member["home"], *member["contacts"])]
    wait_for(page, lambda: all(on_free_map(page, spot) for spot in spots), "all are in sight")
    page.wait_for_timeout(300)
    drawn = pixels(page)
    ends = [each for each in member["contacts"] if each != member["home"]]
    assert ends
    for each in ends:
        line = on_screen(page, *middle_of_line(held[member["home"]]["at"], held[each]["at"]))
        assert is_near(drawn, line, PALETTE["ink"]), each
    # The same tap again takes the lines away.
    tap(at, ".row[aria-expanded=true]")
    wait_for(page, lambda: "member=" not in page.url, "no member is chosen")


def test_a_click_on_a_house_opens_its_card(visit: Start, own: Row) -> None:
    at = opened(visit, "desktop", "zh")
    page = at.page
    kept = keepers(own)
    spots = np.array([each["at"] for each in own["households"]])

    def is_apart(each: Row) -> bool:
        near = np.hypot(*((spots - each["at"]) * [92_800, 111_000]).T)
        return bool(np.sort(near)[1] > 14)

    wanted = next(each for each in own["households"]
                  if each["code"] in kept and each.get("needs") and is_apart(each))  # fmt: skip
    at.open(f"17/{wanted['at'][1]}/{wanted['at'][0]}?lang=zh", "members")
    at.painted()
    page.mouse.click(*on_screen(page, *wanted["at"]))
    page.wait_for_selector(".card-people")
    assert wanted["address"] in page.inner_text(".card")
    names = page.locator(".card-people").last.locator("b").all_inner_texts()
    assert names == [each["name"] for each in kept[wanted["code"]]]
    assert all(re.fullmatch(r".\*+", name) for name in names)
    assert f"home={wanted['code']}" in page.url
    page.keyboard.press("Escape") if page.locator(".card:focus-within").count() else (
        page.click(".close")
    )
    page.wait_for_selector(".card", state="detached")
    assert "home=" not in page.url


def test_a_name_is_shown_for_a_reason_that_is_kept(visit: Start, own: Row, sample: Service) -> None:
    at = opened(visit, "phone", "zh")
    page = at.page
    open_member(at)
    tap(at, ".contacts .row")
    page.wait_for_selector(".person-chips")
    masked = page.locator(".card-people").last.locator("b").first.inner_text()
    page.locator(".card-people").last.locator(".person-chips .chip").nth(1).click()
    page.fill(".ask input", "看望")
    page.click(".ask .primary")
    # Two letters are no reason: the browser says so, and nothing is asked.
    assert page.locator(".ask").count() == 1
    page.fill(".ask input", "上门看望独居老人")
    page.click(".ask .primary")
    page.wait_for_selector(".person a[href^='tel:']")
    name = page.locator(".card-people").last.locator("b").first.inner_text()
    assert name[0] == masked[0]
    assert "*" not in name
    with session_scope(sample.engine) as session:
        last = session.execute(
            select(audit_entry.c.account, audit_entry.c.reason)
            .where(audit_entry.c.action == "revealed")
            .order_by(audit_entry.c.id.desc())
        ).first()
    assert last == ("party-officer", "上门看望独居老人")


def test_a_kept_address_restores_what_was_seen(visit: Start, own: Row) -> None:
    at = opened(visit, "desktop", "en")
    open_alone(at)
    wait_for(at.page, lambda: hash_of(at.page)[0] >= 16.9, "the house is near")
    address = at.page.url.split("/", 3)[3]
    title = at.page.inner_text(".card h2")
    again = visit("desktop", "zh", role="party_officer", path="members")
    path, hash_ = address.split("#")
    again.open(hash_, path)
    again.painted()
    again.page.wait_for_selector(".card-people")
    assert again.page.inner_text(".card h2") == title
    assert again.page.get_attribute("html", "lang") == "en"
    assert again.page.url.endswith(address)
    # A member is kept as well.
    open_member(at)
    wait_for(at.page, lambda: "member=" in at.page.url, "the member is in the address")
    path, hash_ = at.page.url.split("/", 3)[3].split("#")
    again.open(hash_, path)
    again.painted()
    again.page.wait_for_selector(".row[aria-expanded=true]")


def test_the_keyboard_alone_reaches_a_member_and_a_card(visit: Start) -> None:
    at = opened(visit, "desktop", "en")
    page = at.page

    def tab_to(test: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches({test!r})"):
                return
        pytest.fail(f"never focused: {test}")

    tab_to(".segments button[aria-pressed=false]")
    page.keyboard.press("Enter")
    tab_to(".rows .row")
    page.keyboard.press("Enter")
    page.wait_for_selector(".contacts")
    tab_to(".contacts .row")
    page.keyboard.press("Enter")
    page.wait_for_selector(".card-people")
    tab_to(".close")
    page.keyboard.press("Escape")
    page.wait_for_selector(".card", state="detached")


# --- on paper -----------------------------------------------------------------------------------


def test_a_sheet_is_printed_with_the_whole_village(visit: Start, own: Row) -> None:
    at = opened(visit, "phone", "zh")
    page = at.page
    page.evaluate("() => { window.print = () => { window.asked = true; }; }")
    if not page.locator(".panel.up").count():
        page.click(".handle")
        settle(at)
    page.click(".print")
    at.until("window.asked === true")
    # Sharp enough for paper, whatever the screen: three dots to the pixel.
    size = page.evaluate("(i => [i.naturalWidth, i.naturalHeight])"
                         "(document.querySelector('.print-picture'))")  # fmt: skip
    assert size[0] > 2200
    assert size[1] > 1700
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1047, "height": 718})
    assert page.locator("main").is_hidden()
    assert page.locator(".print-sheet.first").is_visible()
    sheet = page.inner_text(".print-sheets")
    assert own["area"]["name"] in sheet
    assert "党员户图" in sheet
    assert "合成数据" in sheet
    assert "截至 2026年11月15日" in sheet
    assert page.locator(".print-members li").count() == len(own["members"])
    image = np.array(Image.open(io.BytesIO(page.locator("figure").screenshot())).convert("RGB"))
    gold = [int(PALETTE["member"][i : i + 2], 16) for i in (1, 3, 5)]
    assert (np.abs(image.astype(int) - gold).max(axis=2) < 30).sum() > 300
    assert faults(at) == []


# --- without a graphics card --------------------------------------------------------------------


@pytest.fixture
def plain_visit(sample: Service, browser: Browser, visit: Start) -> Start:
    def start(*arguments: Any, **options: Any) -> Visit:
        at = visit(*arguments, **options)
        at.page.add_init_script(
            "const own = HTMLCanvasElement.prototype.getContext;"
            "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
            " return kind.startsWith('webgl') ? null : own.call(this, kind, ...rest); }"
        )
        at.open(f"?lang={arguments[1]}", options["path"])
        return at

    return start


def test_pictures_take_the_live_map_s_place(plain_visit: Start, own: Row) -> None:
    at = opened(plain_visit, "desktop", "zh")
    page = at.page
    page.wait_for_selector(".ground-plain")
    open_member(at)
    wait_for(page, lambda: "member=" in page.url, "the member is in the address")
    code = page.url.rsplit("member=", 1)[1][:8]
    member = next(each for each in own["members"] if each["code"] == code)
    spots = [homes(own)[each]["at"] for each in (member["home"], *member["contacts"])]
    page.wait_for_load_state("networkidle")
    assert [url for url in at.requested if re.search(r"/tiles/members/.*\.png", url)]
    assert page.locator(".ground-map path").count() >= 2 * len(member["contacts"])
    wait_for(page, lambda: "/" in page.url.rsplit("#", 1)[1], "the view is in the address")
    x, y = on_screen(page, *spots[0])
    page.mouse.click(x, y)
    page.wait_for_selector(".card-people")
    assert faults(at) == []
