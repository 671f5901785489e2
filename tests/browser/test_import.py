"""The import page: a county begins in four steps; a file is looked at before it comes in."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page
from pyproj import Transformer

from api.postgis import Cluster
from api.settings import settings
from tests.browser.conftest import Start, Visit, visits_to
from tests.browser.own_county import (
    choose,
    corner,
    count,
    drop,
    homes,
    in_datum,
    own_county,
    place_of,
    towns_and_villages,
    without,
    zipped_gbk,
)
from tests.browser.test_journeys import on_screen, wait_for
from tests.browser.test_page import faults, settle
from tests.postgis.import_files import GRIDS, A, areas, grids, square, write
from tests.serving import Service

GREEN = (0x0B, 0x6B, 0x50)


@pytest.fixture
def empty(cluster: Cluster, browser: Browser, tmp_path: Path) -> Iterator[tuple[Service, Start]]:
    """A county with nothing in it yet, of the test's own, and pages on it."""
    with own_county(cluster, tmp_path, {}) as service, visits_to(service, browser) as start:
        yield service, start


@pytest.fixture(scope="module")
def county(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Areas, grids and households; what a test brings in, it takes back."""
    rows = {"areas": areas(), "grids": grids(), "households": homes()}
    with own_county(cluster, tmp_path_factory.mktemp("county"), rows) as service:
        yield service


@pytest.fixture
def visit(county: Service, browser: Browser) -> Iterator[Start]:
    """Pages on the filled county."""
    with visits_to(county, browser) as start:
        yield start


def opened(start: Start, size: str = "desktop", lang: str = "zh", kind: str = "住户") -> Visit:
    """Open the import page with a kind chosen."""
    at: Visit = start(size, lang, path="import")
    at.page.wait_for_selector(".steps")
    at.page.locator(".steps li", has_text=re.compile(f"^{kind}")).locator("label").first.click()
    return at


def give(at: Visit, path: Path, then: str = ".found") -> None:
    choose(at, path)
    at.page.wait_for_selector(then)


def go_on(at: Visit, then: str) -> None:
    """Press the one button that goes on."""
    at.page.click(".panel-foot .primary")
    at.page.wait_for_selector(then)


def answer(at: Visit, words: str, then: str = ".found") -> None:
    """Answer a question by the choice that has these words."""
    at.page.locator(".choices button", has_text=words).click()
    at.page.wait_for_selector(then)


def undo(at: Visit) -> None:
    at.page.click(".panel-foot .more")
    wait_for(at.page, lambda: heading(at.page) in ("已撤销", "Undone"), "undone")


def heading(page: Page) -> str:
    """What the keyboard stands on, which is what a screen reader says."""
    return str(page.evaluate("document.activeElement.textContent"))


def tiles(at: Visit) -> dict[str, str]:
    """The four numbers of a trial or an import, by their words."""
    names = at.page.locator(".changes dt").all_inner_texts()
    return dict(zip(names, at.page.locator(".changes dd").all_inner_texts(), strict=True))


def alert(at: Visit) -> str:
    at.page.wait_for_selector("[role=alert]")
    return at.page.inner_text("[role=alert]")


def pixel(page: Page, at: tuple[float, float]) -> tuple[int, ...]:
    """The colour of the page where a place (longitude, latitude) stands on the map."""
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    x, y = on_screen(page, *at)
    return tuple(int(value) for value in shot[round(y), round(x)])


def is_greener(colour: tuple[int, ...]) -> bool:
    """Tell whether a preview's fill lies over the ground there."""
    red, green, _ = colour
    return green - red > 12


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
    visit: Start, county: Service, tmp_path: Path
) -> None:
    at = opened(visit, kind="网格")
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
    assert count(county, "grid") == len(grids())


def test_an_import_is_counted_undone_and_the_same_file_changes_nothing(
    visit: Start, county: Service, tmp_path: Path
) -> None:
    at = opened(visit)
    page = at.page
    held = count(county, "household")
    more = [{**row, "住户编码": f"{row['网格编码']}{n:03}"} for n, row in enumerate(homes(), 500)]
    path = write(tmp_path / "又一批.csv", more)
    give(at, path, ".ask")
    answer(at, "CGCS2000")
    assert tiles(at)["新增"] == str(len(homes()))
    go_on(at, ".ended")
    assert (heading(page), tiles(at)["新增"]) == ("已导入", str(len(homes())))
    assert count(county, "household") == held + len(more)
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
    assert heading(page) == "已撤销"
    assert count(county, "household") == held
    go_on(at, ".history")
    assert page.locator(".history li").nth(1).locator("span").last.inner_text() == "已撤销"
    # The undoing stands there too, and can itself be undone.
    page.locator(".history li").first.locator("button").click()
    page.wait_for_selector(".ended")
    assert count(county, "household") == held + len(more)
    go_on(at, ".history")
    page.locator(".history li").first.locator("button").click()
    page.wait_for_selector(".ended")
    assert count(county, "household") == held


def test_a_page_that_is_opened_again_goes_on_where_it_was(
    visit: Start, county: Service, tmp_path: Path
) -> None:
    at = opened(visit)
    path = write(tmp_path / "名册.xlsx", without(homes(seed=3)[:5], "经度", "纬度"))
    give(at, path)
    shown = at.page.inner_text(".found")
    at.page.reload()
    at.page.wait_for_selector(".found")
    assert at.page.inner_text(".file b") == "名册.xlsx"
    assert at.page.inner_text(".found") == shown
    at.page.click(".file .link")
    at.page.wait_for_selector(".steps")
    assert "job=" not in at.page.url


# -- what the file does not say ------------------------------------------------------------------


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_coordinates_that_are_off_lead_to_a_question(
    datum: str, visit: Start, county: Service, tmp_path: Path
) -> None:
    at = opened(visit)
    page = at.page
    give(at, write(tmp_path / "采集.csv", in_datum(homes(seed=11), datum)), ".ask")
    assert heading(page) == "这些坐标是哪一种？"
    words = page.locator(".choices").inner_text()
    for each in ("CGCS2000", "高德、腾讯", "百度", "WGS 84", "GPS"):
        assert each in words
    answer(at, "CGCS2000")
    assert datum in alert(at)
    assert page.locator(".panel-foot .primary").count() == 0
    page.locator(".notice .primary", has_text=datum).click()
    page.wait_for_selector(".notice", state="detached")
    page.wait_for_selector(".panel-foot .primary")
    assert datum in page.inner_text(".reading summary")
    go_on(at, ".ended")
    wanted = homes(seed=11)[0]
    assert place_of(county, wanted["住户编码"]) == pytest.approx(
        (wanted["经度"], wanted["纬度"]), abs=1e-8
    )
    undo(at)


def test_a_doubt_can_be_overruled(visit: Start, county: Service, tmp_path: Path) -> None:
    rows = in_datum(homes(seed=11), "GCJ-02")
    at = opened(visit)
    give(at, write(tmp_path / "采集.csv", rows), ".ask")
    answer(at, "CGCS2000")
    alert(at)
    at.page.locator(".notice .more").click()
    at.page.wait_for_selector(".panel-foot .primary")
    assert at.page.locator("[role=alert]").count() == 0
    go_on(at, ".ended")
    place = (rows[0]["经度"], rows[0]["纬度"])
    assert place_of(county, rows[0]["住户编码"]) == pytest.approx(place, abs=1e-8)
    undo(at)


def test_a_zone_is_named_by_its_code(visit: Start, county: Service, tmp_path: Path) -> None:
    rows = homes(seed=5)
    to_zone = Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True).transform
    flat = [to_zone(row["经度"], row["纬度"]) for row in rows]
    metric = [{**row, "经度": x, "纬度": y} for row, (x, y) in zip(rows, flat, strict=True)]
    at = opened(visit)
    give(at, write(tmp_path / "测绘.csv", metric), ".ask")
    at.page.fill(".other input", "4547")
    at.page.click(".other button")
    at.page.wait_for_selector(".found")
    go_on(at, ".ended")
    wanted = (rows[0]["经度"], rows[0]["纬度"])
    assert place_of(county, rows[0]["住户编码"]) == pytest.approx(wanted, abs=1e-7)
    undo(at)


def test_columns_are_mapped_overridden_and_remembered(
    visit: Start, county: Service, tmp_path: Path
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
        return write(tmp_path / f"{village}.xlsx", rows)

    at = opened(visit)
    page = at.page
    give(at, listed("一村", "改"), ".ask")
    assert heading(page) == "哪一列是编码？"

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
    page.click(".panel-foot .primary")
    page.wait_for_selector(".notice.good")
    select("住址", "备注")
    select("人口", "固定值…")
    page.locator(".columns label", has_text=re.compile("^人口")).locator("input").fill("9")
    page.keyboard.press("Tab")
    page.click(".panel-foot .primary")
    wait_for(page, lambda: tiles(at).get("变更") == "6", "six are changed")
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
    page.locator(".history li", has_text="一村.xlsx").last.locator("button").click()
    page.wait_for_selector(".ended")


def test_one_value_for_all_is_chosen_where_only_some_may_stand(
    visit: Start, county: Service, tmp_path: Path
) -> None:
    at = opened(visit, kind="网格")
    page = at.page
    rows = [{**row, "网格编码": f"{A}{n:03}", "geometry": square(0, 0, 0.1, 0.1)}
            for n, row in enumerate(grids()[:2], 20)]  # fmt: skip
    give(at, write(tmp_path / "网格.geojson", rows))
    page.click(".reading summary")
    covering = page.locator(".columns label", has_text=re.compile("^覆盖方式"))
    covering.locator("select").first.select_option("固定值…")
    assert covering.locator("select").nth(1).locator("option").count() > 1
    covering.locator("select").nth(1).select_option(index=1)
    page.click(".panel-foot .primary")
    page.wait_for_selector(".found")
    assert tiles(at)["新增"] == "2"
    # It stays as it was said, and unfolded.
    assert covering.locator("select").first.input_value() == "="


def test_a_needed_column_that_lacks_is_shown_at_once(visit: Start, tmp_path: Path) -> None:
    at = opened(visit)
    page = at.page
    rows = [{**row, "住户编码": f"{A}001{n:03}"}
            for n, row in enumerate(without(homes()[:3], "经度", "纬度", "住址"), 950)]  # fmt: skip
    give(at, write(tmp_path / "缺地址.xlsx", rows))
    assert tiles(at)["拒收"] == "3"
    lacking = page.locator(".columns label.missing")
    assert lacking.all_inner_texts()[0].startswith("住址")
    lacking.locator("select").select_option("固定值…")
    page.locator(".columns label", has_text=re.compile("^住址")).locator("input").fill("押岭村")
    page.keyboard.press("Tab")
    page.click(".panel-foot .primary")
    wait_for(page, lambda: tiles(at).get("新增") == "3", "all can come in")


def test_sheets_are_chosen_by_name(visit: Start, tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    rows = without(homes(), "经度", "纬度")
    for sheet, held in ((book.active, rows[:3]), (book.create_sheet("二村"), rows[3:8])):
        sheet.append(list(held[0]))
        for row in held:
            sheet.append([*row.values()])
    book.active.title = "一村"
    book.save(tmp_path / "两村.xlsx")
    at = opened(visit)
    give(at, tmp_path / "两村.xlsx", ".ask")
    assert at.page.locator(".choices button").all_inner_texts() == ["一村", "二村"]
    answer(at, "二村")
    assert "共读取 5 行" in at.page.inner_text(".found")


# -- what cannot come in -------------------------------------------------------------------------


def spoiled(folder: Path) -> Path:
    """Six households of which three cannot come in, for three reasons."""
    rows = [dict(row) for row in without(homes(), "经度", "纬度")[:6]]
    rows[1]["人口"] = "三口人"
    rows[3]["住址"] = ""
    rows[5]["网格编码"] = f"{A}999"
    for n, row in enumerate(rows):
        row["住户编码"] = f"{row['住户编码'][:15]}{900 + n}"
    return write(folder / "有问题.csv", rows)


def test_rejects_are_listed_and_the_good_rows_come_in(
    visit: Start, county: Service, tmp_path: Path
) -> None:
    at = opened(visit)
    page = at.page
    held = count(county, "household")
    give(at, spoiled(tmp_path))
    assert tiles(at) == {"新增": "3", "变更": "0", "关闭": "0", "拒收": "3"}
    said = {
        line.split(maxsplit=1)[0]: " ".join(line.split())
        for line in page.locator(".rejects li").all_inner_texts()
    }
    assert said == {
        "人口": "人口 三口人 不是整数 只写数字。 第 2 行",
        "住址": "住址 为空，此项必填 请补填。 第 4 行",
        "网格编码": f"网格编码 {A}999 在库中不存在 请先导入被引用的数据，或改正编码。 第 6 行",
    }
    with page.expect_download() as got:
        page.click(".rejects .link")
    with Path(got.value.path()).open(encoding="utf-8-sig", newline="") as source:
        lines = list(csv.DictReader(source))
    assert [(each["row"], each["field"], each["value"]) for each in lines] == [
        ("2", "people", "三口人"), ("4", "address", ""), ("6", "grid_code", f"{A}999"),
    ]  # fmt: skip
    assert page.inner_text(".panel-foot .primary") == "导入其余 3 行"
    go_on(at, ".ended")
    assert count(county, "household") == held + 3
    undo(at)
    assert count(county, "household") == held


def test_what_must_come_in_whole_does_not_come_in_part(
    visit: Start, county: Service, tmp_path: Path
) -> None:
    at = opened(visit, lang="en", kind="Grids")
    rows = [{**row, "网格编码": f"{A}{n:03}"} for n, row in enumerate(grids()[:2], 30)]
    rows[1]["类型"] = "没有这种"
    give(at, write(tmp_path / "grids.geojson", rows))
    assert "must come in whole" in at.page.inner_text(".found")
    assert at.page.inner_text(".panel-foot") == "Another file"


@pytest.mark.parametrize(
    ("lang", "words"),
    [("zh", "ZIP 文件已损坏，请重新打包。"), ("en", "The ZIP file is broken.")],
)
def test_a_file_that_cannot_be_read_is_told_in_words(
    lang: str, words: str, visit: Start, county: Service, tmp_path: Path
) -> None:
    at = opened(visit, lang=lang, kind="住户|Households")
    broken = tmp_path / "坏的.zip"
    broken.write_bytes(b"PK\x03\x04 and no more")
    give(at, broken, ".notice.bad")
    assert words in alert(at)
    assert "坏的.zip" in alert(at)
    go_on(at, ".steps")


def test_what_is_too_large_is_not_even_sent(
    visit: Start, county: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(visit)
    smaller = settings().model_copy(update={"max_upload_mb": 1})
    monkeypatch.setitem(county.app.state._state, "settings", smaller)
    large = tmp_path / "很大.csv"
    large.write_bytes(b"x" * (1024 * 1024 + 1))
    choose(at, large)
    assert "2 MB" in alert(at)
    assert "WANGGE_MAX_UPLOAD_MB" in alert(at)
    assert not [url for url in at.requested if "%E5%BE%88%E5%A4%A7.csv" in url]
    # The next one is taken.
    give(at, write(tmp_path / "小.xlsx", without(homes()[:2], "经度", "纬度")))


def test_two_files_that_do_not_belong_together_are_refused(visit: Start, tmp_path: Path) -> None:
    at = opened(visit)
    rows = without(homes()[:2], "经度", "纬度")
    choose(at, [write(tmp_path / "一.csv", rows), write(tmp_path / "二.csv", rows)])
    assert "一次导入一个文件" in alert(at)
    at.complaints.clear()
    at.page.click(".file .link")
    at.page.wait_for_selector(".steps")


def test_without_the_network_it_can_be_tried_again(visit: Start, tmp_path: Path) -> None:
    at = opened(visit)
    at.page.context.set_offline(True)
    choose(at, write(tmp_path / "住户.xlsx", without(homes()[:2], "经度", "纬度")))
    assert "没有连上服务" in alert(at)
    at.complaints.clear()
    at.page.context.set_offline(False)
    at.page.click("[role=alert] .more")
    at.page.wait_for_selector(".found")
    assert at.page.locator("[role=alert]").count() == 0


# -- working -------------------------------------------------------------------------------------


def test_work_is_told_of_and_can_be_called_off(
    visit: Start, county: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_IMPORT_BATCH_ROWS", "100")
    settings.cache_clear()
    try:
        at = opened(visit)
        page = at.page
        held = count(county, "household")
        template = without(homes()[:1], "经度", "纬度")[0]
        rows = [{**template, "住户编码": f"{A}001{n:06}"} for n in range(60_000)]
        choose(at, write(tmp_path / "全县.csv", rows))
        page.wait_for_selector(".working progress")
        # Heard once a step, not at every per cent.
        said = "document.querySelector('.panel-body > [role=status]').textContent"
        wait_for(page, lambda: page.evaluate(said) == "读取文件", "reading is told")
        page.click(".panel-foot .more")
        wait_for(page, lambda: "已取消" in heading(page), "called off")
        assert count(county, "household") == held
        go_on(at, ".steps")
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_sending_can_be_called_off(visit: Start, tmp_path: Path) -> None:
    at = opened(visit)
    page = at.page
    session = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 50_000}
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", slow)
    large = tmp_path / "慢.csv"
    large.write_bytes(b"x" * 3_000_000)
    choose(at, large)
    page.wait_for_selector(".working >> text=正在上传")
    page.click(".panel-foot .more")
    page.wait_for_selector(".steps")
    assert page.locator("[role=alert]").count() == 0
    at.complaints.clear()


def test_the_keyboard_alone_brings_a_file_in(visit: Start, county: Service, tmp_path: Path) -> None:
    at: Visit = visit("desktop", "en", path="import")
    page = at.page
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
    path = write(tmp_path / "homes.xlsx", without(homes(seed=9)[:4], "经度", "纬度"))
    rows = [{**row, "住址": "改过"} for row in without(homes()[:4], "经度", "纬度")]
    path = write(tmp_path / "homes.xlsx", rows)
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(path)
    page.wait_for_selector(".found")
    assert heading(page) == "What would change"
    tab_to("classList.contains('primary')")
    assert page.evaluate(f"{active}.textContent") == "Import 4 rows"
    page.keyboard.press("Enter")
    page.wait_for_selector(".ended")
    assert heading(page) == "Imported"
    tab_to("textContent === 'Undo'")
    page.keyboard.press("Enter")
    wait_for(page, lambda: heading(page) == "Undone", "undone")
    tab_to("classList.contains('primary')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".steps")
    # Where the next file is chosen, not at the top of the page.
    wait_for(page, lambda: page.evaluate(f"{active}.type") == "radio", "the keyboard came along")
    assert "Households" in page.evaluate(f"{active}.closest('li').textContent")


# -- who, and how it reads -----------------------------------------------------------------------


def test_who_may_not_import_is_told_so(visit: Start) -> None:
    page = visit("desktop", "zh", role="leader", path="import").page
    page.wait_for_selector(".panel .notice")
    assert "规划员" in page.inner_text(".panel .notice")
    assert page.locator(".drop").count() == 0


@pytest.mark.parametrize("size", ["phone", "desktop", "wall"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_state_can_be_read(
    size: str, lang: str, visit: Start, county: Service, axe: str, tmp_path: Path
) -> None:
    at = opened(visit, size, lang, "住户|Households")
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
