"""The import page without a mouse, at every size, in both languages, and for whom it is."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer.main
from playwright.sync_api import FileChooser

from api.cli import app as cli
from tests.browser.conftest import Start, Visit
from tests.browser.importing import (
    answer,
    give,
    go_on,
    opened,
    stands_on,
    undo,
)
from tests.browser.own_county import (
    homes,
    in_datum,
    spoiled,
    without,
)
from tests.browser.test_journeys import wait_for
from tests.browser.test_page import faults, settle
from tests.postgis.import_files import write
from tests.serving import Service

# -- without a mouse -----------------------------------------------------------------------------


def test_the_keyboard_alone_brings_a_file_in(office: Start, own: Service, tmp_path: Path) -> None:
    at: Visit = office("desktop", "en", path="import")
    page = at.page
    # Asked for from the beginning: a key is quicker than the asking.
    choosers: list[FileChooser] = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    page.wait_for_selector(".steps")
    active = "document.activeElement"

    def tab_to(test: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(f"{active}.{test}"):
                return
        pytest.fail(f"Tab never reached {test}")

    tab_to("type === 'radio'")
    while "Households" not in str(page.evaluate(f"{active}.closest('li').textContent")):
        page.keyboard.press("ArrowDown")
    tab_to("type === 'file'")
    rows = [{**row, "住址": "改过"} for row in without(homes()[:4], "经度", "纬度")]
    path = write(tmp_path / "homes.csv", rows)
    page.keyboard.press("Enter")
    wait_for(page, lambda: bool(choosers), "the system asks for a file")
    choosers[0].set_files(path)
    page.wait_for_selector(".found")
    stands_on(at, "What would change")
    tab_to("classList.contains('primary')")
    assert page.evaluate(f"{active}.textContent") == "Import 4 rows"
    page.keyboard.press("Enter")
    page.wait_for_selector(".ended")
    stands_on(at, "Imported")
    tab_to("textContent === 'Undo'")
    page.keyboard.press("Enter")
    stands_on(at, "Undone")
    tab_to("classList.contains('primary')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".steps")
    # Where the next file is chosen, not at the top of the page.
    wait_for(page, lambda: page.evaluate(f"{active}.type") == "radio", "the keyboard came along")
    assert "Households" in page.evaluate(f"{active}.closest('li').textContent")


# -- who, and how it reads -----------------------------------------------------------------------


def test_who_may_not_import_is_told_so(office: Start) -> None:
    page = office("desktop", "zh", role="leader", path="import").page
    page.wait_for_selector(".panel .notice")
    assert "规划员" in page.inner_text(".panel .notice")
    assert page.locator(".drop").count() == 0


@pytest.mark.parametrize("size", ["phone", "desktop", "wall"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_state_can_be_read(
    size: str, lang: str, office: Start, own: Service, axe: str, tmp_path: Path
) -> None:
    at = opened(office, size, lang, "住户|Households")
    page, touch = at.page, size == "phone"
    # The colours and roles are the same at every size; looking for them is slow.
    looks = (size, lang) in {("phone", "zh"), ("desktop", "en")}

    def fine(what: str) -> None:
        settle(at)
        assert faults(at, touch=touch) == [], what
        if looks:
            page.evaluate(axe)
            found = page.evaluate("async () => (await axe.run('.panel')).violations")
            serious = [each for each in found if each["impact"] in ("serious", "critical")]
            assert json.dumps([each["nodes"][0]["html"] for each in serious]) == "[]", what

    fine("what to bring in")
    give(at, write(tmp_path / "采集.csv", in_datum(homes(seed=11), "GCJ-02")), ".ask")
    fine("a question")
    if size == "wall":  # each of its frames is four million pixels
        return
    answer(at, "CGCS2000")
    fine("a doubt")
    page.click(".reading summary")
    fine("how it is read")
    page.click(".file .link")
    give(at, spoiled(tmp_path))
    fine("rejects")
    page.locator(".rejects .link").scroll_into_view_if_needed()
    fine("the end of the rejects")
    go_on(at, ".ended")
    page.wait_for_selector(".ended p[role=status]")
    fine("imported")
    undo(at)
    fine("undone")
    go_on(at, ".steps")
    page.locator(".history").scroll_into_view_if_needed()
    fine("history")
    broken = tmp_path / "坏的.zip"
    broken.write_bytes(b"PK\x03\x04 and no more")
    give(at, broken, ".notice.bad")
    fine("unreadable")


# -- from the sample to one's own ----------------------------------------------------------------


@pytest.mark.parametrize(("size", "lang"), [("desktop", "zh"), ("phone", "en")])
def test_the_sample_shows_the_way_to_one_s_own_county(
    size: str, lang: str, visit: Start, sample: Service
) -> None:
    at: Visit = visit(size, lang, role="leader")
    page = at.page
    line = page.locator(".own summary")
    line.wait_for()
    words = {"zh": "合成数据 · 开始使用本县数据", "en": "Synthetic data · use your own county"}
    assert line.inner_text() == words[lang]
    if size == "phone":
        page.click(".handle")
    line.click()
    assert page.locator(".own li").count() == 3
    assert faults(at, touch=size == "phone") == []
    # What it says to type is what the command line takes.
    for command in page.locator(".own code").all_inner_texts():
        program, *arguments = command.split()
        assert program == ".venv/bin/wangge"
        found: Any = typer.main.get_command(cli)
        while hasattr(found, "get_command"):
            found = found.get_command(typer.Context(found), arguments.pop(0))
        found.make_context(found.name, arguments)


def test_the_way_is_open_where_the_sample_would_be_imported_into(visit: Start) -> None:
    page = visit("desktop", "zh", path="import").page
    page.wait_for_selector(".own[open]")
    assert "wangge user add" in page.inner_text(".own")
    assert page.locator(".own a").get_attribute("href") == "http://127.0.0.1:8001/import"


def test_one_s_own_county_has_no_such_line(office: Start) -> None:
    page = office("desktop", "zh", path="import").page
    page.wait_for_selector(".steps")
    assert page.locator(".own, .badge").count() == 0
