"""The export page: chosen, made, fetched, and read by somebody else's code."""

import csv
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import geopandas as gpd
import openpyxl
import pytest
from playwright.sync_api import Page
from sqlalchemy import insert, select

from api.db import session_scope
from layers.tables import area, audit_entry, grid, household, job
from tests.browser.conftest import Start, Visit
from tests.browser.test_page import faults, settle
from tests.serving import Service

REASON = "核对住户名单"
FIND = 'input[type="search"][aria-label^="只要"], input[type="search"][aria-label^="One"]'


def opened(start: Start, size: str = "desktop", lang: str = "zh", **options: str) -> Visit:
    at = start(size, lang, path="export", **options)
    at.page.wait_for_selector(".export-form")
    settle(at)
    return at


def field(page: Page, words: str) -> str:
    return f'.field:has-text("{words}") select'


def pick_format(page: Page, name: str) -> None:
    page.locator(".formats label", has_text=re.compile(f"^{name}")).click()


def make(at: Visit) -> None:
    at.page.click(".panel-foot .primary")
    at.page.wait_for_selector(".ended")


def fetch(at: Visit, folder: Path) -> Path:
    """Press the button, and keep what comes under the name that the browser would give it."""
    with at.page.expect_download() as coming:
        at.page.click(".panel-foot a.primary")
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


def village_of(sample: Service) -> tuple[str, str, str]:
    """A village that has households: code, name, English name."""
    with session_scope(sample.engine) as session:
        found = select(area.c.code, area.c.name, area.c.name_en).where(
            area.c.level == "village", area.c.code.in_(select(household.c.area_code))
        )
        code, name, name_en = session.execute(found.order_by(area.c.code).limit(1)).one()
    return code, name, name_en


def own_village(sample: Service) -> str:
    with sample.client("party_officer") as client:
        return str(client.get("/api/session").json()["area"]["code"])


def count(sample: Service, within: str) -> int:
    with session_scope(sample.engine) as session:
        own = household.c.area_code == within
        return len(session.execute(select(household.c.code).where(own)).all())


# -- the whole way -------------------------------------------------------------------------------


def test_a_list_of_a_village_for_excel(visit: Start, sample: Service, tmp_path: Path) -> None:
    code, name, _ = village_of(sample)
    at = opened(visit)
    page = at.page
    page.select_option(field(page, "内容"), "households")
    page.click("text=只要一个乡镇、村或网格")
    page.fill(FIND, code)
    page.locator(".find .row", has_text=name).first.click()
    assert page.inner_text(".picked b") == name
    page.select_option(field(page, "坐标系"), "GCJ-02")
    make(at)
    assert page.evaluate("document.activeElement.textContent") == "文件已生成"
    rows = count(sample, code)
    assert f"{rows:,} 行" in page.inner_text(".ended")
    assert "已脱敏" in page.inner_text(".file")
    path = fetch(at, tmp_path)
    assert path.name == f"住户-{name}-GCJ-02.xlsx"
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    header, *found = sheet.iter_rows()
    names = [cell.value for cell in header]
    assert len(found) == rows
    assert names[:2] == ["编码", "住址（已脱敏）"]
    assert {cell.value for cell in (row[names.index("坐标系")] for row in found)} <= {
        "GCJ-02",
        None,
    }
    # Codes are text, in full.
    assert {(row[0].data_type, row[0].number_format) for row in found} == {("s", "@")}
    assert {row[0].value[:12] for row in found} == {code}


def test_outlines_of_the_county_for_a_gis_in_english_on_a_phone(
    visit: Start, sample: Service, tmp_path: Path
) -> None:
    at = opened(visit, "phone", "en")
    page = at.page
    page.select_option(field(page, "What"), "grids")
    pick_format(page, "GeoPackage")
    zone = page.locator(f"{field(page, 'Coordinates')} option", has_text="zone 11").first
    crs = str(zone.get_attribute("value"))
    page.select_option(field(page, "Coordinates"), crs)
    make(at)
    path = fetch(at, tmp_path)
    assert path.name == f"Grids-{crs.replace(':', ' ')}.gpkg"
    frame = gpd.read_file(path)
    with session_scope(sample.engine) as session:
        codes = set(session.scalars(select(grid.c.code)))
    assert set(frame["Code"]) == codes
    assert frame.crs.to_string() == crs
    assert frame.geometry.is_valid.all()


def test_every_format_comes_out_and_is_listed(
    visit: Start, sample: Service, tmp_path: Path
) -> None:
    at = opened(visit)
    with session_scope(sample.engine) as session:
        due = set(session.scalars(select(grid.c.code)))
    for ending, (name, read) in READERS.items():
        pick_format(at.page, name)
        assert at.page.locator(field(at.page, "坐标系")).is_disabled() == (
            ending in (".geojson", ".kml", ".kmz")
        )
        make(at)
        path = fetch(at, tmp_path)
        assert path.name == f"网格{ending}"
        assert read(path) == due
        at.page.click(".panel-foot button")
        on_top = at.page.locator(".history li").first
        on_top.locator(f'text="网格{ending}"').wait_for()
        with at.page.expect_download() as again:
            on_top.locator(".link").click()
        assert Path(again.value.path()).read_bytes() == path.read_bytes()


def _csv(path: Path) -> set[str]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        return {row["编码"] for row in csv.DictReader(source)}


def _geojson(path: Path) -> set[str]:
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    return {each["properties"]["编码"] for each in features}


def _kmz(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return _kml(archive.read("doc.kml").decode())


def _kml(text: str) -> set[str]:
    return set(re.findall(r'<SimpleData name="编码">(\w+)</SimpleData>', text))


READERS: dict[str, tuple[str, Callable[[Path], set[str]]]] = {
    ".csv": ("CSV", _csv),
    ".geojson": ("GeoJSON", _geojson),
    ".kml": ("KML", lambda path: _kml(path.read_text(encoding="utf-8"))),
    ".kmz": ("KMZ", _kmz),
    ".parquet": ("GeoParquet", lambda path: set(gpd.read_parquet(path)["编码"])),
    ".shp.zip": ("Shapefile", lambda path: set(gpd.read_file(f"/vsizip/{path}")["code"])),
}


def test_an_earlier_version_is_chosen_by_its_date(visit: Start, sample: Service) -> None:
    at = opened(visit)
    options = at.page.locator(f"{field(at.page, '版本')} option")
    assert options.first.inner_text() == "现在"
    last = options.nth(options.count() - 1)
    assert re.match(r"第 \d+ 版 · \d{4}年\d+月\d+日 · ", last.inner_text())
    number = str(last.get_attribute("value"))
    at.page.select_option(field(at.page, "版本"), number)
    pick_format(at.page, "CSV")
    make(at)
    assert at.page.inner_text(".file b") == f"网格-第{number}版.csv"
    # A record that only grows has no versions.
    at.page.click(".panel-foot button")
    at.page.select_option(field(at.page, "内容"), "incidents")
    assert at.page.locator(field(at.page, "版本")).is_disabled()


# -- personal data -------------------------------------------------------------------------------


def test_in_clear_for_a_reason_that_is_kept(visit: Start, sample: Service, tmp_path: Path) -> None:
    at = opened(visit, role="party_officer")
    page = at.page
    page.select_option(field(page, "内容"), "people")
    pick_format(page, "CSV")
    page.check(".tick input")
    go = page.locator(".panel-foot .primary")
    assert go.is_disabled()
    page.fill(".masks .field input", "abc")
    assert go.is_disabled()
    page.fill(".masks .field input", REASON)
    make(at)
    assert "未脱敏" in page.inner_text(".file")
    with fetch(at, tmp_path).open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    assert rows
    assert not any("*" in row["姓名"] for row in rows)
    with session_scope(sample.engine) as session:
        found = session.execute(select(audit_entry).order_by(audit_entry.c.id.desc())).first()
    assert found is not None
    assert (found.account, found.action, found.reason) == ("party-officer", "exported", REASON)


def test_who_may_not_is_offered_no_reason_and_no_memberships(visit: Start) -> None:
    at = opened(visit, role="leader")
    values = at.page.locator(f"{field(at.page, '内容')} option").evaluate_all(
        "all => all.map((each) => each.value)"
    )
    assert "people" in values
    assert not {"members", "links"} & set(values)
    at.page.select_option(field(at.page, "内容"), "people")
    assert "已脱敏" in at.page.inner_text(".masks")
    assert at.page.locator(".tick").count() == 0


def test_a_village_s_officer_has_his_village(visit: Start, sample: Service) -> None:
    at = opened(visit, role="party_officer")
    with sample.client("party_officer") as client:
        own = client.get("/api/session").json()["area"]
    assert f"全部：{own['name']}" in at.page.inner_text(".pick")
    make(at)
    assert at.page.inner_text(".file b") == f"网格-{own['name']}.xlsx"


def test_a_grid_worker_has_his_grid(visit: Start) -> None:
    at = opened(visit, role="grid_worker")
    assert "本网格" in at.page.inner_text(".field-said")
    make(at)
    assert "1 行" in at.page.inner_text(".ended")


# -- what goes wrong, and what goes on -----------------------------------------------------------


def test_a_page_that_is_opened_again_shows_what_it_was_making(visit: Start) -> None:
    at = opened(visit)
    make(at)
    at.page.reload()
    at.page.wait_for_selector(".ended")
    assert at.page.inner_text(".file b") == "网格.xlsx"


def test_an_export_can_be_called_off(visit: Start, sample: Service) -> None:
    # Nobody delivers it, so that it waits.
    params = {"export": "5f6f3f0e-6c35-4c6f-9a5e-0f3a9f5c2b11", "format": "csv", "kind": "grids",
              "name": "网格.csv", "reveal": None}  # fmt: skip
    row = {"kind": "export", "state": "queued", "created_by": "planner", "params": params}
    with session_scope(sample.engine) as session:
        number = session.execute(insert(job).values(**row).returning(job.c.id)).scalar_one()
    at = visit("desktop", "zh")
    at.page.goto(f"{at.address}/export?job={quote(str(number))}#?lang=zh")
    at.page.wait_for_selector(".working")
    # Another one has to wait for its turn, and says so.
    second = opened(visit)
    second.page.click(".panel-foot .primary")
    second.page.wait_for_selector("[role=alert]")
    assert "取消" in second.page.inner_text("[role=alert]")
    second.complaints.clear()  # the browser's own word of the 409
    at.page.click(".panel-foot .more")
    at.page.wait_for_selector("text=没有留下文件")
    assert at.page.locator("a.primary").count() == 0


def test_a_failure_says_why(visit: Start) -> None:
    at = opened(visit, lang="en")
    at.page.select_option(field(at.page, "Coordinates"), "other")
    at.page.fill("input[inputmode=numeric]", "2100")
    at.page.click(".panel-foot .primary")
    at.page.wait_for_selector(".notice.bad")
    assert "EPSG:2100" in at.page.inner_text(".notice.bad")
    at.page.click(".panel-foot .primary")
    at.page.wait_for_selector(".export-form")


# -- seen whole ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "lang"),
    [("phone", "zh"), ("phone", "en"), ("desktop", "zh"), ("desktop", "en"), ("wall", "zh")],
)
def test_no_text_is_clipped_and_nothing_is_in_the_way(
    size: str, lang: str, visit: Start, sample: Service, axe: str
) -> None:
    at = opened(visit, size, lang, role="party_officer", bypass_csp=True)  # type: ignore[arg-type]
    page, touch = at.page, size == "phone"
    assert faults(at, touch=touch) == []
    page.select_option(field(page, "What" if lang == "en" else "内容"), "households")
    page.locator(".pick label").last.click()
    page.fill(FIND, own_village(sample))
    page.wait_for_selector(".find .row")
    page.check(".tick input")
    page.select_option(field(page, "Coordinates" if lang == "en" else "坐标系"), "other")
    # Each part of the form is scrolled to, as a reader does.
    for selector in (".find", ".formats", ".masks"):
        page.locator(selector).scroll_into_view_if_needed()
        assert faults(at, touch=touch) == [], selector
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run('.panel')).violations")
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    page.locator(".pick label").first.click()
    page.uncheck(".tick input")
    page.select_option(field(page, "Coordinates" if lang == "en" else "坐标系"), "BD-09")
    make(at)
    settle(at)
    assert faults(at, touch=touch) == []
    page.click(".panel-foot button")
    page.wait_for_selector(".history")
    page.locator(".history").scroll_into_view_if_needed()
    assert faults(at, touch=touch) == []


def test_the_keyboard_alone_makes_a_file(visit: Start) -> None:
    at = opened(visit)
    page = at.page
    page.focus(field(page, "内容"))
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.panel-foot .primary')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector(".ended")
    assert page.evaluate("document.activeElement.textContent") == "文件已生成"
