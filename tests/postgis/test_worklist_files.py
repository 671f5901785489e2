"""The worklist carried away: a workbook, a table, pages to print; read with others' programs."""

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from sqlalchemy import URL, select, update

from api.cli import run
from api.db import session_scope
from api.settings import settings
from api.worklist import papers
from api.worklist.service import county_day
from layers.tables import audit_entry, work_task
from layers.tiles import Scope
from layers.worklist.sheet import pages
from tests.postgis.conftest import COUNTY, OTHER, OWN
from tests.postgis.tasks import GAP, LOST, OVERLAP, PARTS, STAFF, Client, clear

DUE = county_day() + dt.timedelta(days=10)
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module", autouse=True)
def _work(service: Any, signed_in: Client) -> Iterator[None]:
    """All five findings are somebody's; one is reported fixed, one is late, one would be run."""
    planner = signed_in("planner")
    body: dict[str, Any] = {"area": COUNTY, "to": "village", "due": DUE.isoformat()}
    assert planner.post("/api/worklist", json=body).json()["assigned"] == 5
    body = {"findings": [PARTS], "person": "p1", "due": DUE.isoformat()}
    assert planner.post("/api/worklist", json=body).json()["reassigned"] == 1
    found = planner.get("/api/worklist", params={"finding": STAFF}).json()["tasks"][0]
    note = {"note": "=HYPERLINK(1)", "version": found["version"]}
    assert planner.post(f"/api/worklist/{found['id']}/fixed", json=note).status_code == 200
    with session_scope(service.engine) as session:
        late = county_day() - dt.timedelta(days=3)
        own = work_task.c.finding_id
        session.execute(update(work_task).where(own == GAP).values(due_on=late))
    yield
    clear(service.engine)


def book(client: httpx.Client, **query: str) -> openpyxl.Workbook:
    answer = client.get("/api/worklist.xlsx", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == SHEET
    assert answer.headers["cache-control"] == "private, no-store"
    return openpyxl.load_workbook(io.BytesIO(answer.content))


def rows(made: openpyxl.Workbook) -> list[dict[str, Any]]:
    sheet = made.worksheets[0]
    head = [cell.value for cell in sheet[3]]
    return [dict(zip(head, (c.value for c in row), strict=True)) for row in sheet.iter_rows(4)]


def test_the_office_gets_a_workbook_that_can_be_worked_with(signed_in: Client) -> None:
    made = book(signed_in("planner"))
    sheet = made.worksheets[0]
    assert sheet.title == "任务清单"
    assert sheet["A1"].value == "澜禾县任务清单"
    assert sheet["A2"].value.startswith(f"合成数据 · {county_day()}")
    assert sheet.freeze_panes == "C4"
    assert sheet.auto_filter.ref == "A3:W8"
    (chosen,) = sheet.data_validations.dataValidation
    assert (chosen.type, str(chosen.sqref)) == ("list", "B4:B8")
    assert chosen.formula1 == '"退回重办,待办,已报整改，待核查,列为例外,核查通过"'
    setup = sheet.page_setup
    assert (setup.orientation, setup.paperSize, setup.fitToHeight) == ("landscape", 9, 0)
    assert sheet.print_title_rows == "$3:$3"
    told = rows(made)
    assert [row["状态"] for row in told] == ["待办"] * 4 + ["已报整改，待核查"]
    first = told[0]
    assert (first["逾期"], first["责任单位"], first["期限"].date()) == (
        "逾期 3 天", "押岭村", county_day() - dt.timedelta(days=3),
    )  # fmt: skip
    by = {row["问题代号"]: row for row in told}
    assert by[PARTS]["责任人"] == "王小明"
    assert by[OVERLAP]["面积（m²）"] == 4e4
    # Text stays text: nothing in it is a formula.
    note = next(c for row in sheet.iter_rows(4) for c in row if c.value == "=HYPERLINK(1)")
    assert note.data_type == "s"
    assert list(rows(book(signed_in("planner"), lang="en"))[0])[:3] == ["No.", "State", "Due"]


def test_a_workbook_has_what_the_reader_may_see(signed_in: Client) -> None:
    seen = {
        role: {row["问题代号"] for row in rows(book(signed_in(role)))}
        for role in ("leader", "party_officer", "grid_worker", "auditor")
    }
    assert seen["leader"] == seen["auditor"] == {GAP, OVERLAP, LOST, STAFF, PARTS}
    assert seen["party_officer"] == {GAP, LOST, PARTS}
    assert seen["grid_worker"] == {PARTS}
    exact, coarse = (
        next(r for r in rows(book(signed_in(role), rule="H201"))) for role in ("planner", "leader")
    )
    assert exact["经度"] != coarse["经度"]
    assert rows(book(signed_in("party_officer"), area=OTHER)) == []
    assert signed_in("").get("/api/worklist.xlsx").status_code == 401
    assert signed_in("planner").get("/api/worklist.xlsx?area=12").status_code == 404


def letters(pdf: bytes) -> int:
    """How many pages a PDF says it has."""
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


def test_each_village_with_work_has_a_page(signed_in: Client) -> None:
    planner = signed_in("planner")
    one, county = (planner.get(f"/api/worklist/pages/{code}.pdf") for code in (OWN, COUNTY))
    for answer, n in ((one, 1), (county, 2)):
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
        assert letters(answer.content) == n
    assert "%E6%95%B4%E6%94%B9%E5%8D%95" in one.headers["content-disposition"]
    assert signed_in("party_officer").get(f"/api/worklist/pages/{OWN}.pdf").status_code == 200
    for code in (OTHER, COUNTY):
        refused = signed_in("party_officer").get(f"/api/worklist/pages/{code}.pdf")
        assert refused.status_code == 403
    # Nothing is to be done here.
    nothing = planner.get(f"/api/worklist/pages/{COUNTY}001002.pdf")
    assert nothing.status_code == 404
    assert nothing.json()["detail_zh"] == "此处没有待办的任务，无需打印。"


def test_a_county_s_pages_are_asked_for_town_by_town(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.worklist.routes.MOST_VILLAGES", 1)
    planner = signed_in("planner")
    refused = planner.get(f"/api/worklist/pages/{COUNTY}.pdf")
    assert refused.status_code == 400
    assert refused.json()["detail_zh"].startswith("有 2 个村有待办任务，请逐个乡镇打印")
    assert planner.get(f"/api/worklist/pages/{OTHER[:9]}.pdf").status_code == 200


def drawn(service: Any, scope: Scope, lang: Any = "zh") -> list[str]:
    with session_scope(service.engine) as session:
        page = papers.village_page(session, scope, OWN, lang, county_day())
        return list(pages(page))


def test_a_page_says_what_who_and_until_when(service: Any) -> None:
    (svg,) = drawn(service, Scope(OWN, individual=True, sensitive=True))
    told = re.sub(r"<[^>]*>", "\n", svg)
    for words in ("押岭村问题整改单", "澜禾县 › 柳河1镇", "合成数据", "逾期 3 天",
                  "王小明（押岭村）", DUE.isoformat(), "→ 办法", "完成", "签字 / 日期",
                  "北"):  # fmt: skip
        assert words in told, words
    # Three tasks: each a number on the map and in the list, a box, a line to sign on.
    assert svg.count('width="18" height="18"') == 3
    assert svg.count(">3</text>") == 2
    assert "data:image/png;base64," in svg
    assert not re.search(r'(?:href|src)="(?!data:|#)', svg)
    english = "".join(drawn(service, Scope(OWN, individual=True), "en"))
    assert "Overdue, 3 days" in english
    assert "Yaling · To be put right" in english


def test_a_long_list_goes_on_to_a_next_page(service: Any) -> None:
    with session_scope(service.engine) as session:
        page = papers.village_page(session, Scope(OWN, individual=True), OWN, "zh", county_day())
    page = replace(page, lines=[*page.lines] * 12, marks=[*page.marks] * 12)
    made = list(pages(page))
    assert len(made) == 3
    assert sum(svg.count('width="18" height="18"') for svg in made) == 36
    assert "续表" not in made[0]
    assert all("续表" in svg for svg in made[1:])
    # Nothing stands below the foot.
    tops = [float(y) for y in re.findall(r"translate\(36\.0 ([\d.]+)\)", made[0])]
    assert max(tops) < 1123 - 36 - 46


def test_marks_stand_apart(service: Any) -> None:
    with session_scope(service.engine) as session:
        page = papers.village_page(session, Scope(OWN, individual=True), OWN, "zh", county_day())
    page = replace(page, lines=[page.lines[0]] * 9, marks=[(300.0, 200.0)] * 9)
    svg = next(pages(page))
    start = svg.index("<image")
    on_map = svg[start : svg.index("问题与办法")]
    spots = [
        (float(x), float(y))
        for x, y in re.findall(r"translate\((\d+\.\d) (\d+\.\d)\)\"><g transform", on_map)
    ][1:]  # the first is the map's own corner
    assert len(spots) == 9
    for place, (x, y) in enumerate(spots):
        assert all(max(abs(x - a), abs(y - b)) > 20 for a, b in spots[:place])


# -- the command line ----------------------------------------------------------------------------


@pytest.fixture
def _here(county: URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WANGGE_DATABASE_URL", county.render_as_string(hide_password=False))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("_here")
def test_who_took_it_away_is_kept(service: Any, signed_in: Client, tmp_path: Path) -> None:
    book(signed_in("party_officer"))
    signed_in("leader").get(f"/api/worklist/pages/{OWN}.pdf")
    assert run(["worklist", "-o", str(tmp_path / "w.csv")]) == 0
    entry = audit_entry.c
    with session_scope(service.engine) as session:
        rows = session.execute(
            select(entry.account, entry.target, entry.detail["form"].astext)
            .where(entry.action == "took the worklist away")
            .order_by(entry.id.desc())
            .limit(3)
        ).all()
    assert [tuple(row) for row in reversed(rows)] == [
        ("party-officer", f"area {OWN}", "xlsx"), ("leader", f"area {OWN}", "pdf"),
        ("operator", "area all", "csv"),
    ]  # fmt: skip


@pytest.mark.usefixtures("_here")
def test_the_command_writes_what_the_service_gives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for ending in ("xlsx", "csv", "json", "pdf"):
        assert run(["worklist", "-o", str(tmp_path / f"w.{ending}")]) == 0
    made = openpyxl.load_workbook(tmp_path / "w.xlsx")
    assert len(rows(made)) == 5
    with (tmp_path / "w.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["问题代号"] for row in table] == [row["问题代号"] for row in rows(made)]
    assert "'=HYPERLINK(1)" in {row["办理说明"] for row in table}
    said = json.loads((tmp_path / "w.json").read_text())
    assert (said["synthetic"], said["counts"]["fixed"], len(said["tasks"])) == (True, 1, 5)
    assert letters((tmp_path / "w.pdf").read_bytes()) == 2
    capsys.readouterr()
    assert run(["worklist", "--lang", "zh"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "柳河1镇: 待办 3 (逾期 1)", "柳河2镇: 待办 1, 已报整改，待核查 1",
    ]  # fmt: skip
    later = (county_day() + dt.timedelta(days=40)).isoformat()
    path = tmp_path / "late.json"
    assert run(["worklist", "--today", later, "--overdue", "--area", OTHER, "-o", str(path)]) == 0
    assert [t["finding"] for t in json.loads(path.read_text())["tasks"]] == [OVERLAP]


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "w.doc"], "does not say in which format"),
        (["--state", "lost"], "is no state"),
        (["--area", "12", "-o", "w.xlsx"], "no area 12"),
        (["--area", f"{COUNTY}001002", "-o", "w.pdf"], "Nothing is to be done"),
        (["--today", "soon"], "is no day"),
        (["-o", "none/w.csv"], "no folder none"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(["worklist", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
