"""What a file does not say, the import page asks; what is doubted, it questions."""

import re
from pathlib import Path

import openpyxl
import pytest
from pyproj import Transformer

from tests.browser.conftest import Start
from tests.browser.importing import (
    alert,
    answer,
    give,
    go_on,
    look_again,
    opened,
    stands_on,
    tiles,
    undo,
)
from tests.browser.own_county import (
    homes,
    in_datum,
    place_of,
    without,
)
from tests.postgis.import_files import A, grids, square, write
from tests.serving import Service

# -- what the file does not say ------------------------------------------------------------------


def test_coordinates_that_are_off_lead_to_a_question(
    office: Start, own: Service, tmp_path: Path
) -> None:
    at = opened(office)
    page = at.page
    rows = homes(seed=11)
    baidu = write(tmp_path / "百度.csv", in_datum(rows, "BD-09"))
    give(at, baidu, ".ask")
    stands_on(at, "这些坐标是哪一种？")
    words = page.locator(".choices").inner_text()
    for each in ("CGCS2000", "高德、腾讯", "百度", "WGS 84", "GPS"):
        assert each in words
    answer(at, "CGCS2000")
    assert "BD-09" in alert(at)
    assert page.locator(".panel-foot .primary").count() == 0
    page.locator(".notice .primary", has_text="BD-09").click()
    page.wait_for_selector(".panel-foot .primary")
    assert page.locator("[role=alert]").count() == 0
    assert "BD-09" in page.inner_text(".reading summary")
    go_on(at, ".ended")
    wanted = (rows[0]["经度"], rows[0]["纬度"])
    assert place_of(own, rows[0]["住户编码"]) == pytest.approx(wanted, abs=1e-8)
    undo(at)


def test_a_doubt_can_be_overruled(office: Start, own: Service, tmp_path: Path) -> None:
    rows = in_datum(homes(seed=11), "GCJ-02")
    at = opened(office)
    give(at, write(tmp_path / "高德.csv", rows), ".ask")
    answer(at, "WGS 84")
    assert "GCJ-02" in alert(at)
    at.page.locator(".notice .more").click()
    at.page.wait_for_selector(".panel-foot .primary")
    assert at.page.locator("[role=alert]").count() == 0
    # Other coordinates are doubted anew.
    at.page.click(".reading summary")
    crs = at.page.locator(".reading label", has_text=re.compile("^坐标系"))
    crs.locator("select").select_option("CGCS2000 经纬度")
    at.page.click(".panel-foot .primary")
    assert "GCJ-02" in alert(at)
    at.page.locator(".notice .more").click()
    at.page.wait_for_selector(".panel-foot .primary")
    go_on(at, ".ended")
    place = (rows[0]["经度"], rows[0]["纬度"])
    assert place_of(own, rows[0]["住户编码"]) == pytest.approx(place, abs=1e-8)
    undo(at)


def test_a_zone_is_named_by_its_code(office: Start, own: Service, tmp_path: Path) -> None:
    rows = homes(seed=5)
    to_zone = Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True).transform
    flat = [to_zone(row["经度"], row["纬度"]) for row in rows]
    metric = [{**row, "经度": x, "纬度": y} for row, (x, y) in zip(rows, flat, strict=True)]
    at = opened(office)
    give(at, write(tmp_path / "测绘.csv", metric), ".ask")
    at.page.fill(".other input", "4547")
    at.page.click(".other button")
    at.page.wait_for_selector(".found")
    go_on(at, ".ended")
    wanted = (rows[0]["经度"], rows[0]["纬度"])
    assert place_of(own, rows[0]["住户编码"]) == pytest.approx(wanted, abs=1e-7)
    undo(at)


def test_columns_are_mapped_overridden_and_remembered(
    office: Start, own: Service, tmp_path: Path
) -> None:
    names = {"住户编码": "甲", "住址": "乙", "村（社区）编码": "丙"}

    def listed(village: str, addresses: str) -> Path:
        rows = [
            {
                **{names.get(name, name): value for name, value in row.items()},
                "备注": f"{addresses}{n}",
            }
            for n, row in enumerate(without(homes(), "经度", "纬度", "人口")[:6])
        ]
        return write(tmp_path / f"{village}.csv", rows)

    at = opened(office)
    page = at.page
    give(at, listed("一村", "改"), ".ask")
    stands_on(at, "哪一列是编码？")

    def select(field: str, column: str) -> None:
        label = page.locator(".columns label", has_text=re.compile(f"^{re.escape(field)}"))
        label.locator("select").first.select_option(column)

    select("编码", "甲")
    select("住址", "备注")
    select("村（社区）编码", "丙")
    go_on(at, ".found")
    assert tiles(at)["变更"] == "6"
    # On second thoughts; what was looked at no longer counts.
    page.click(".reading summary")
    select("住址", "乙")
    assert page.inner_text(".panel-foot") == "按新的读法再看一遍"
    look_again(at)
    assert page.locator(".notice.good").count() == 1
    select("住址", "备注")
    select("人口", "固定值…")
    page.locator(".columns label", has_text=re.compile("^人口")).locator("input").fill("9")
    page.keyboard.press("Tab")
    look_again(at)
    assert tiles(at)["变更"] == "6"
    go_on(at, ".ended")
    go_on(at, ".steps")
    give(at, listed("二村", "再改"))
    assert tiles(at)["变更"] == "6"
    chosen = page.locator(".columns label", has_text=re.compile("^住址")).locator("select").first
    assert chosen.input_value() == "备注"
    go_on(at, ".ended")
    undo(at)
    page.goto(page.url.split("?")[0])
    page.wait_for_selector(".history")
    page.locator(".history li", has_text="一村.csv").last.locator("button").click()
    page.wait_for_selector(".ended")


def test_one_value_for_all_is_chosen_where_only_some_may_stand(
    office: Start, own: Service, tmp_path: Path
) -> None:
    at = opened(office, kind="网格")
    page = at.page
    rows = [{**row, "网格编码": f"{A}{n:03}", "geometry": square(0, 0, 0.1, 0.1)}
            for n, row in enumerate(grids()[:2], 20)]  # fmt: skip
    give(at, write(tmp_path / "网格.geojson", rows))
    page.click(".reading summary")
    covering = page.locator(".columns label", has_text=re.compile("^覆盖方式"))
    covering.locator("select").first.select_option("固定值…")
    assert covering.locator("select").nth(1).locator("option").count() > 1
    covering.locator("select").nth(1).select_option(index=1)
    look_again(at)
    assert tiles(at)["新增"] == "2"
    # It stays as it was said, and unfolded.
    assert covering.locator("select").first.input_value() == "="


def test_a_needed_column_that_lacks_is_shown_at_once(office: Start, tmp_path: Path) -> None:
    at = opened(office)
    page = at.page
    rows = [{**row, "住户编码": f"{A}001{n:03}"}
            for n, row in enumerate(without(homes()[:3], "经度", "纬度", "住址"), 950)]  # fmt: skip
    give(at, write(tmp_path / "缺地址.csv", rows))
    assert tiles(at)["拒收"] == "3"
    lacking = page.locator(".columns label.missing")
    assert lacking.all_inner_texts()[0].startswith("住址")
    lacking.locator("select").select_option("固定值…")
    page.locator(".columns label", has_text=re.compile("^住址")).locator("input").fill("押岭村")
    page.keyboard.press("Tab")
    look_again(at)
    assert tiles(at)["新增"] == "3"


def test_sheets_are_chosen_by_name(office: Start, tmp_path: Path) -> None:

    book = openpyxl.Workbook()
    rows = without(homes(), "经度", "纬度")
    for sheet, held in ((book.active, rows[:3]), (book.create_sheet("二村"), rows[3:8])):
        sheet.append(list(held[0]))
        for row in held:
            sheet.append([*row.values()])
    book.active.title = "一村"
    book.save(tmp_path / "两村.xlsx")
    at = opened(office)
    give(at, tmp_path / "两村.xlsx", ".ask")
    assert at.page.locator(".choices button").all_inner_texts() == ["一村", "二村"]
    answer(at, "二村")
    assert "共读取 5 行" in at.page.inner_text(".found")
