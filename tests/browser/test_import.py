"""The import page: a county begins in four steps; a file is looked at before it comes in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from api.postgis import Cluster
from tests.browser.conftest import Start, visits_to
from tests.browser.importing import (
    answer,
    corner,
    drop,
    give,
    go_on,
    is_greener,
    opened,
    pixel,
    stands_on,
    tiles,
)
from tests.browser.own_county import (
    count,
    homes,
    own_county,
    towns_and_villages,
    without,
    zipped_gbk,
)
from tests.browser.test_journeys import wait_for
from tests.postgis.import_files import GRIDS, A, areas, grids, square, write
from tests.serving import Service


@pytest.fixture
def empty(cluster: Cluster, browser: Browser, tmp_path: Path) -> Iterator[tuple[Service, Start]]:
    """A county with nothing in it yet, of the test's own, and pages on it."""
    with own_county(cluster, tmp_path, {}) as service, visits_to(service, browser) as start:
        yield service, start


# -- the first county ----------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "lang"), [("desktop", "zh"), ("phone", "en")])
def test_a_county_begins_in_four_steps(
    size: str, lang: str, empty: tuple[Service, Start], tmp_path: Path
) -> None:
    service, start = empty
    at = start(size, lang, role=None)
    page = at.page
    page.wait_for_selector("input[name=username]")
    at.sign_in(*service.passwords["planner"])
    page.click(".notice a.primary")  # the empty county's page leads here
    page.wait_for_selector(".steps")
    assert page.url.split("#")[0].endswith("/import")
    steps = page.locator("ol.steps > li")
    words = page.locator("ol.steps > li > label > b")
    names = ["县界", "乡镇、村（社区）", "网格", "住户"]
    if lang == "en":
        names = ["Outline of the county", "Towns and villages", "Grids", "Households"]
    assert words.all_inner_texts() == names

    def step(number: int) -> None:
        """The step is the open one, the earlier ones are ticked."""
        there = [each or "" for each in steps.evaluate_all("all => all.map((li) => li.className)")]
        assert there == ["there"] * (number - 1) + ["on"] + [""] * (4 - number)

    step(1)
    drop(at, write(tmp_path / "县界.geojson", areas()[:1]))
    page.wait_for_selector(".found")
    at.painted()
    wait_for(page, lambda: is_greener(pixel(page, corner(square(0, 0, 4, 2)))), "the outline")
    assert count(service, "area") == 0
    go_on(at, ".ended")
    assert count(service, "area") == 1
    wait_for(page, lambda: not is_greener(pixel(page, corner(square(0, 0, 4, 2)))), "no preview")
    go_on(at, ".steps")

    step(2)
    packed = zipped_gbk(tmp_path, "乡镇村界线", towns_and_villages())
    give(at, packed)
    assert page.inner_text(".file b") == "乡镇村界线.zip"
    assert "CGCS2000" in page.inner_text(".reading summary")
    go_on(at, ".ended")
    assert count(service, "area") == 4
    if size == "phone":  # the rest of the way is the same
        return
    assert page.locator(".trail button").all_inner_texts() == ["澜禾县"]
    go_on(at, ".steps")

    step(3)
    give(at, write(tmp_path / "网格.gpkg", grids()[:-1]))
    wait_for(page, lambda: is_greener(pixel(page, corner(square(0.4, 0.4, 0.2, 0.2)))), "grids")
    assert count(service, "grid") == 0
    go_on(at, ".ended")
    assert count(service, "grid") == 7
    # The check that follows is told of where one stands.
    page.wait_for_selector(".ended p[role=status]")
    with service.client("planner") as client:
        errors = client.get("/api/coverage").json()["summary"]["errors"]
    assert errors > 0
    assert str(errors) in page.inner_text(".ended p[role=status]")
    go_on(at, ".steps")

    step(4)
    listed = [row for row in without(homes(), "经度", "纬度") if row["网格编码"] != GRIDS[-1]]
    give(at, write(tmp_path / "住户.xlsx", listed))
    go_on(at, ".ended")
    assert count(service, "household") == len(listed)
    page.wait_for_selector(".ended p[role=status]")
    # Whole now: every kind is offered; and those without a place have a page of their own.
    page.locator(".ended a", has_text="补坐标" if lang == "zh" else "locate").click()
    page.wait_for_selector(".rows .row")
    rows = page.locator(".rows .row .n").all_inner_texts()
    assert sum(map(int, rows)) == len(listed)
    page.locator(".pages a", has_text="导入" if lang == "zh" else "Import").click()
    page.wait_for_selector("ul.steps")
    assert page.locator("ol.steps").count() == 0
    assert page.locator("ul.steps > li").count() == 13


# -- what is shown before it comes in ------------------------------------------------------------


def test_what_would_change_is_on_the_map_before_it_comes_in(
    office: Start, own: Service, tmp_path: Path
) -> None:
    at = opened(office, kind="网格", blank=False)
    at.painted()
    page = at.page
    # One grid redrawn, one new beside the county, the others as they are.
    rows = [dict(row) for row in grids()]
    rows[1]["geometry"] = square(1, 0, 0.5, 1)
    fresh = {**rows[0], "网格编码": f"{A}009", "网格名称": "新网格",
             "geometry": square(0.2, 2.2, 0.8, 0.8)}  # fmt: skip
    give(at, write(tmp_path / "网格.gpkg", [*rows, fresh]))
    assert tiles(at) == {"新增": "1", "变更": "1", "关闭": "0", "拒收": "0"}
    assert "不变 7" in page.inner_text(".found")
    changed, untouched = corner(square(1.1, 0.1, 0.3, 0.8)), corner(square(2.4, 0.4, 0.2, 0.2))
    wait_for(page, lambda: is_greener(pixel(page, corner(fresh["geometry"]))), "the new one")
    red, green, _ = pixel(page, changed)
    assert red - green > 12  # the changed one in its own colour
    assert not is_greener(pixel(page, untouched))
    page.click(".file .link")
    page.wait_for_selector(".steps")
    wait_for(page, lambda: not is_greener(pixel(page, corner(fresh["geometry"]))), "gone again")
    assert count(own, "grid") == len(grids())


def test_an_import_is_counted_undone_and_the_same_file_changes_nothing(
    office: Start, own: Service, tmp_path: Path
) -> None:
    at = opened(office)
    page = at.page
    held = count(own, "household")
    more = [{**row, "住户编码": f"{row['网格编码']}{n:03}"} for n, row in enumerate(homes(), 500)]
    path = write(tmp_path / "又一批.csv", more)
    give(at, path, ".ask")
    answer(at, "CGCS2000")
    assert tiles(at)["新增"] == str(len(homes()))
    go_on(at, ".ended")
    stands_on(at, "已导入")
    assert tiles(at)["新增"] == str(len(homes()))
    assert count(own, "household") == held + len(more)
    go_on(at, ".steps")
    give(at, path, ".ask")
    answer(at, "CGCS2000")
    assert tiles(at) == {"新增": "0", "变更": "0", "关闭": "0", "拒收": "0"}
    assert "什么也不会改变" in page.inner_text(".notice.good")
    assert page.inner_text(".panel-foot") == "换一个文件"
    go_on(at, ".history")
    line = page.locator(".history li").first
    assert "又一批.csv" in line.inner_text()
    assert "住户" in line.inner_text()
    line.locator("button").click()
    page.wait_for_selector(".ended")
    stands_on(at, "已撤销")
    assert count(own, "household") == held
    go_on(at, ".history")
    assert page.locator(".history li").nth(1).locator("span").last.inner_text() == "已撤销"
    # The undoing stands there too, and can itself be undone.
    page.locator(".history li").first.locator("button").click()
    page.wait_for_selector(".ended")
    assert count(own, "household") == held + len(more)
    go_on(at, ".history")
    page.locator(".history li").first.locator("button").click()
    page.wait_for_selector(".ended")
    assert count(own, "household") == held


def test_a_page_that_is_opened_again_goes_on_where_it_was(
    office: Start, own: Service, tmp_path: Path
) -> None:
    at = opened(office)
    path = write(tmp_path / "名册.csv", without(homes(seed=3)[:5], "经度", "纬度"))
    give(at, path)
    shown = at.page.inner_text(".found")
    at.page.reload()
    at.page.wait_for_selector(".found")
    assert at.page.inner_text(".file b") == "名册.csv"
    assert at.page.inner_text(".found") == shown
    at.page.click(".file .link")
    at.page.wait_for_selector(".steps")
    assert "job=" not in at.page.url
