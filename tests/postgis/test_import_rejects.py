"""Rows that cannot come in: which, why, what cures it; and the good rows without them."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import URL, insert

from api.imports.rules import require_words
from api.postgis import Cluster
from layers.transfer.rejects import REASONS, write_rejects
from tests.postgis.import_files import (
    COUNTY,
    GRIDS,
    TOWN,
    A,
    B,
    Office,
    Row,
    areas,
    filled,
    grids,
    household,
    point,
    square,
    table_of,
)

G1 = GRIDS[0]
HOME = f"{G1}001"
DAY = {"任职日期": "2025-01-01"}
SEEN = {"类型": "noise", "标题": "扰民", "上报时间": "2026-01-05 09:30"}
BOW = shapely.Polygon([(115.2, 33.5), (115.22, 33.52), (115.22, 33.5), (115.2, 33.52)])
LINE = shapely.LineString([(115.2, 33.5), (115.22, 33.52)])

Said = tuple[int, str, str, str, str]


@pytest.fixture(scope="module")
def county(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Everything up to the links; every case must leave it as it is."""
    with filled(cluster, "import_rejects", tmp_path_factory.mktemp("rejects"), "links") as office:
        yield office


@pytest.fixture
def office(database: URL, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


# What a file says, and what is said of it: row, code, field, value, reason. Everything of
# tests.postgis.import_files is in the database, but for the incident.
CASES: dict[str, tuple[str, list[Row], list[Said]]] = {
    # -- what a row must have
    "no name": ("people", [{"人员编码": "P9", "姓名": ""}], [(1, "P9", "name", "", "missing")]),
    "no column of names, new": (
        "people", [{"人员编码": "P9", "电话": "1"}], [(1, "P9", "name", "", "missing")]),
    "no code": ("people", [{"人员编码": "", "姓名": "赵远"}], [(1, "", "code", "", "missing")]),
    "no village": (
        "branches", [{"支部编码": "B9", "名称": "某支部"}],
        [(1, "B9", "area_code", "", "missing")]),
    "grids without shapes": (
        "grids", [{"网格编码": f"{A}009", "网格名称": "新"}],
        [(1, f"{A}009", "geom", f"{A}009", "G002")]),
    "a grid without its shape": (
        "grids", [{**grids()[0], "geometry": None}], [(1, G1, "geom", "", "G002")]),
    "a line for a grid": (
        "grids", [{**grids()[0], "geometry": LINE}], [(1, G1, "geom", "LineString", "G002")]),
    "a bow for a grid": (
        "grids", [{**grids()[0], "geometry": BOW}],
        [(1, G1, "geom", "Self-intersection[115.21 33.51]", "G001")]),
    # -- what a value may be
    "people in words": (
        "households", [household(1, 人口="三口")], [(1, HOME, "people", "三口", "integer")]),
    "a spoiled code": (
        "households", [household(1, 住户编码="9.90101E+17")],
        [(1, "", "code", "9.90101E+17", "spoiled")]),
    "an unknown role": (
        "appointments", [{"编码": "T9", "人员编码": "P1", "职务": "皇帝", "网格编码": G1, **DAY}],
        [(1, "T9", "role", "皇帝", "choice")]),
    "a day that is none": (
        "members", [{"党员编码": "M9", "人员编码": "P2", "入党日期": "2025-02-30"}],
        [(1, "M9", "joined_on", "2025-02-30", "date")]),
    # -- what the other rows say
    "a code twice": (
        "people", [{"人员编码": "P9", "姓名": "赵远"}, {"人员编码": "P9", "姓名": "赵近"}],
        [(1, "P9", "code", "P9", "G003"), (2, "P9", "code", "P9", "G003")]),
    "a link twice": (
        "links", [{"联系编码": "L8", "党员编码": "M1", "户号": f"{G1}002"},
                  {"联系编码": "L9", "党员编码": "M1", "户号": f"{G1}002"}],
        [(1, "L8", "member_code", "M1", "pair"), (2, "L9", "member_code", "M1", "pair")]),
    # -- what the database says
    "a link that is there": (
        "links", [{"联系编码": "L9", "党员编码": "M1", "户号": HOME}],
        [(1, "L9", "member_code", "M1", "pair")]),
    "nobody": (
        "members", [{"党员编码": "M9", "人员编码": "P9", "支部编码": "B9"}],
        [(1, "M9", "branch_code", "B9", "unknown"), (1, "M9", "person_code", "P9", "unknown")]),
    "no such grid": (
        "incidents", [{"工单号": "I9", **SEEN, "网格编码": f"{A}009"}],
        [(1, "I9", "grid_code", f"{A}009", "unknown")]),
    "no such town": (
        "areas", [{"编码": f"{COUNTY}009001", "名称": "远村"}],
        [(1, f"{COUNTY}009001", "parent_code", f"{COUNTY}009", "unknown")]),
    # -- what the table's constraints say
    "under another village": (
        "grids", [{**grids()[0], "所属村": B}], [(1, G1, "code", G1, "G006")]),
    "not the county's pattern": (
        "grids", [{**grids()[0], "网格编码": f"{A}1"}], [(1, f"{A}1", "code", f"{A}1", "G006")]),
    "a unit under another grid": (
        "units", [{"单元编码": f"{G1}-02", "网格编码": GRIDS[1]}],
        [(1, f"{G1}-02", "code", f"{G1}-02", "G006")]),
    "fewer than nobody": (
        "households", [household(1, 人口="-1")],
        [(1, HOME, "people", "-1", "people_not_negative")]),
    "a grid head of nothing": (
        "appointments", [{"编码": "T9", "人员编码": "P1", "职务": "网格长", **DAY}],
        [(1, "T9", "role", "grid_head", "says_for_what")]),
    "a unit head of a grid": (
        "appointments", [{"编码": "T9", "人员编码": "P1", "职务": "十户长", "网格编码": G1, **DAY}],
        [(1, "T9", "role", "unit_head", "says_for_what")]),
    "gone before he came": (
        "appointments", [{"编码": "T9", "人员编码": "P1", "职务": "网格长", "网格编码": G1, **DAY,
                          "离任日期": "2024-12-31"}],
        [(1, "T9", "ends_on", "2024-12-31", "ends_after_it_starts")]),
    "closed before it was reported": (
        "incidents", [{"工单号": "I9", **SEEN, "办结时间": "2026-01-04"}],
        [(1, "I9", "closed_at", "2026-01-03 16:00:00+00", "closes_after_it_is_reported")]),
    "six of five": (
        "incidents", [{"工单号": "I9", **SEEN, "评分": "6"}],
        [(1, "I9", "rating", "6", "rating_1_to_5")]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_bad_row_is_told_and_nothing_comes_in(county: Office, case: str) -> None:
    kind, rows, said = CASES[case]
    held = county.fingerprint()
    outcome = county.give(kind, rows)
    assert outcome.state == "rejected"
    assert [tuple(reject) for reject in outcome.rejects] == said
    assert outcome.counts["rejected"] == len({row for row, *_ in said})
    assert outcome.number is None
    assert county.fingerprint() == held


def test_a_county_with_a_parent_and_a_village_without_one(office: Office) -> None:
    office.give("areas", areas())
    rows = [
        {"编码": COUNTY, "名称": "澜禾县", "级别": "县", "上级编码": TOWN},
        {"编码": TOWN, "名称": "柳河镇", "级别": "镇", "上级编码": A},
    ]
    outcome = office.give("areas", rows)
    assert tuple(sorted({reject.reason for reject in outcome.rejects}, reverse=True)) == (
        "county_on_top",
        "G006",
    )


def test_a_row_outside_the_area_that_is_replaced(office: Office) -> None:
    office.fill("households")
    outcome = office.give("households", [household(1), household(1, GRIDS[4])], replace=A)
    assert outcome.state == "rejected"
    code = f"{GRIDS[4]}001"
    assert [tuple(reject) for reject in outcome.rejects] == [(2, code, "code", code, "outside")]


def test_a_code_that_another_layer_has(office: Office) -> None:
    with office.engine.begin() as connection:
        shape = f"SRID=4326;{point(0, 0).wkt}"
        row = {"code": "roads/7", "layer": "rivers", "geom": shape}
        connection.execute(insert(table_of("reference_feature")).values(**row))
    outcome = office.give("reference:roads", [{"代码": "roads/7", "geometry": point(1, 1)}])
    assert [tuple(reject) for reject in outcome.rejects] == [
        (1, "roads/7", "code", "roads/7", "taken")
    ]


def test_every_constraint_has_words() -> None:
    assert require_words() == set()


def test_the_cases_cover_what_the_database_says() -> None:
    told = {said[-1] for _, _, rejects in CASES.values() for said in rejects}
    # By row alone, before anything is staged; tested where rows are read.
    alone = {"code", "boolean", "moment", "text", "tags", "example", "coordinate", "not_a_number",
             "half", "unreadable"}  # fmt: skip
    elsewhere = {"outside", "taken", "county_on_top"}
    # The catalogue's own number is said instead.
    renamed = {"code_under_parent"}
    assert set(REASONS) - told == alone | elsewhere | renamed


# -- the good rows -------------------------------------------------------------------------------

MIXED: list[Row] = [
    household(1), household(2, 人口="三口"), household(3), household(4, 网格编码=f"{A}009"),
    household(5),
]  # fmt: skip


def test_the_good_rows_come_in_as_one_version(office: Office, tmp_path: Path) -> None:
    office.fill("grids")
    before = office.count("coverage_version")
    outcome = office.give("households", MIXED, partial=True)
    assert (outcome.state, outcome.version) == ("imported", before + 1)
    counts = {"read": 5, "new": 3, "rejected": 2}
    assert outcome.counts | counts == outcome.counts
    assert office.codes("household") == [f"{G1}00{number}" for number in (1, 3, 5)]
    assert office.count("coverage_version") == before + 1
    write_rejects(tmp_path / "bad.csv", outcome.rejects)
    with (tmp_path / "bad.csv").open(encoding="utf-8-sig", newline="") as source:
        lines = list(csv.DictReader(source))
    assert [(line["row"], line["field"], line["value"]) for line in lines] == [
        ("2", "people", "三口"), ("4", "grid_code", f"{A}009"),
    ]  # fmt: skip
    assert all(line["reason"] and line["cure"] and line["原因"] and line["办法"] for line in lines)


def test_what_names_a_bad_row_of_the_same_file_does_not_come_in(office: Office) -> None:
    office.give("areas", areas()[:1])
    rows: list[dict[str, Any]] = [
        {"编码": TOWN, "名称": "", "级别": "镇"}, {"编码": A, "名称": "押岭村", "级别": "村"},
    ]  # fmt: skip
    outcome = office.give("areas", rows, partial=True)
    assert outcome.state == "rejected"
    assert office.codes("area") == [COUNTY]


def test_only_bad_rows_leave_nothing_to_import(office: Office) -> None:
    office.fill("grids")
    held = office.fingerprint()
    outcome = office.give("households", [MIXED[1], MIXED[3]], partial=True)
    assert outcome.state == "unchanged"
    assert outcome.counts["rejected"] == 2
    assert office.fingerprint() == held


@pytest.mark.parametrize(
    ("kind", "rows"),
    [("areas", [*areas(), {"编码": f"{TOWN}009", "名称": "", "geometry": square(0, 2)}]),
     ("grids", [*grids(), {**grids()[0], "网格编码": f"{A}009", "geometry": BOW}])],
)  # fmt: skip
def test_areas_and_grids_never_come_in_in_part(office: Office, kind: str, rows: list[Row]) -> None:
    if kind == "grids":
        office.give("areas", areas())
    held = office.fingerprint()
    outcome = office.give(kind, rows, partial=True)
    assert outcome.state == "rejected"
    assert len(outcome.rejects) == 1
    assert office.fingerprint() == held


def test_a_rejected_row_is_not_closed_by_its_own_file(office: Office) -> None:
    """A row that cannot be read is not absent: what the county holds of it must stay."""
    office.fill("grids")
    office.give("households", [household(1), household(2)])
    outcome = office.give(
        "households", [household(1), household(2, 人口="三口")], replace=A, partial=True
    )
    assert outcome.state == "rejected"
    assert office.codes("household") == [f"{G1}001", f"{G1}002"]


def test_a_file_that_is_wrong_throughout_comes_in_neither_whole_nor_in_part(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the most faults that are told, nobody knows which rows are good."""
    for module in ("rules", "service"):
        monkeypatch.setattr(f"api.imports.{module}.MOST_REJECTS", 10)
    office.fill("grids")
    held = office.fingerprint()
    rows = [household(number, 网格编码=f"{A}009") for number in range(1, 21)]
    outcome = office.give("households", rows, partial=True)
    assert (outcome.state, len(outcome.rejects)) == ("rejected", 10)
    assert {reject.reason for reject in outcome.rejects} == {"unknown"}
    assert office.fingerprint() == held
