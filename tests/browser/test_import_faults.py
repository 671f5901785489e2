"""What cannot come in, and what goes wrong on the way, as the import page tells it."""

import csv
from pathlib import Path

import pytest

from api.settings import settings
from tests.browser.conftest import Start
from tests.browser.importing import (
    alert,
    choose,
    give,
    go_on,
    heading,
    opened,
    tiles,
    undo,
)
from tests.browser.own_county import (
    count,
    homes,
    spoiled,
    without,
)
from tests.browser.test_journeys import wait_for
from tests.postgis.import_files import A, grids, write
from tests.serving import Service

# -- what cannot come in -------------------------------------------------------------------------


def test_rejects_are_listed_and_the_good_rows_come_in(
    office: Start, own: Service, tmp_path: Path
) -> None:
    at = opened(office)
    page = at.page
    held = count(own, "household")
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
    assert count(own, "household") == held + 3
    undo(at)
    assert count(own, "household") == held


def test_what_must_come_in_whole_does_not_come_in_part(
    office: Start, own: Service, tmp_path: Path
) -> None:
    at = opened(office, lang="en", kind="Grids")
    rows = [{**row, "网格编码": f"{A}{n:03}"} for n, row in enumerate(grids()[:2], 30)]
    rows[1]["类型"] = "没有这种"
    give(at, write(tmp_path / "grids.geojson", rows))
    assert "must come in whole" in at.page.inner_text(".found")
    assert at.page.inner_text(".panel-foot") == "Another file"


def test_a_file_that_cannot_be_read_is_told_in_both_languages(
    office: Start, tmp_path: Path
) -> None:
    at = opened(office)
    broken = tmp_path / "坏的.zip"
    broken.write_bytes(b"PK\x03\x04 and no more")
    give(at, broken, ".notice.bad")
    assert "ZIP 文件已损坏，请重新打包。（文件 坏的.zip）" in alert(at)
    at.page.click(".language")
    at.page.wait_for_selector("html[lang=en]")
    assert "The ZIP file is broken. (file 坏的.zip) Pack it again." in alert(at)
    go_on(at, ".steps")


def test_what_goes_wrong_on_the_way_can_be_put_right(
    office: Start, own: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smaller = settings().model_copy(update={"max_upload_mb": 1})
    monkeypatch.setitem(own.app.state._state, "settings", smaller)
    at = opened(office)
    page = at.page
    large = tmp_path / "large.csv"
    large.write_bytes(b"x" * (1024 * 1024 + 1))
    choose(at, large)
    assert "2 MB" in alert(at)
    assert "WANGGE_MAX_UPLOAD_MB" in alert(at)
    # Not even sent.
    assert not [url for url in at.requested if url.endswith("large.csv")]
    rows = without(homes()[:2], "经度", "纬度")
    one, other = write(tmp_path / "一.csv", rows), write(tmp_path / "二.csv", rows)
    choose(at, [one, other])
    wait_for(page, lambda: "一次导入一个文件" in alert(at), "two do not belong together")
    page.click(".file .link")
    page.wait_for_selector(".steps")
    assert page.locator("[role=alert]").count() == 0
    page.context.set_offline(True)
    choose(at, one)
    assert "没有连上服务" in alert(at)
    page.context.set_offline(False)
    page.click("[role=alert] .more")
    page.wait_for_selector(".found")
    assert page.locator("[role=alert]").count() == 0
    # The browser itself complains of the two refusals, too.
    assert len(at.complaints) >= 2
    at.complaints.clear()


# -- working -------------------------------------------------------------------------------------


def test_work_is_told_of_and_can_be_called_off(
    office: Start, own: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_IMPORT_BATCH_ROWS", "100")
    settings.cache_clear()
    try:
        at = opened(office)
        page = at.page
        held = count(own, "household")
        template = without(homes()[:1], "经度", "纬度")[0]
        rows = [{**template, "住户编码": f"{A}001{n:06}"} for n in range(40_000)]
        choose(at, write(tmp_path / "全县.csv", rows))
        page.wait_for_selector(".working progress")
        # Heard once a step, not at every per cent.
        said = "document.querySelector('.panel-body > [role=status]').textContent"
        wait_for(page, lambda: page.evaluate(said) == "读取文件", "reading is told")
        page.click(".panel-foot .more")
        wait_for(page, lambda: "已取消" in heading(page), "called off")
        assert count(own, "household") == held
        go_on(at, ".steps")
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_sending_can_be_called_off(office: Start, tmp_path: Path) -> None:
    at = opened(office)
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
