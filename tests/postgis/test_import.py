"""A file into PostGIS: each kind, each format, twice, tried first, and in an area's stead."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import URL, select

from layers.tables import audit_entry, coverage_version, data_import
from layers.transfer import TransferError
from tests.postgis.import_files import (
    COUNTY,
    GRIDS,
    LISTS,
    TOWN,
    A,
    Office,
    areas,
    files,
    grids,
    household,
    point,
    shape_of,
    square,
)

G1 = GRIDS[0]
HOME = f"{G1}001"
MORNING = dt.datetime(2026, 1, 5, 1, 30, tzinfo=dt.UTC)
# What the little files leave in the tables, field by field: one row of each kind.
STORED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "areas": ("area", A, {"name": "押岭村", "level": "village", "kind": "village",
              "parent_code": TOWN, "name_en": None}),
    "grids": ("grid", G1, {"name": "第1网格", "area_code": A, "kind": "rural",
              "coverage": "exclusive", "locked": False}),
    "units": ("household_unit", f"{G1}-01", {"name": None, "grid_code": G1}),
    "households": ("household", HOME, {
        "address": "1 号", "area_code": A, "grid_code": G1, "unit_code": None, "people": 3,
        "need_tags": ["独居老人", "慢性病"], "geom": "POINT(115.205 33.505)"}),
    "people": ("person", "P2", {"name": "李四", "phone": None, "household_code": None}),
    "branches": ("party_branch", "B1", {"name": "押岭村党支部", "area_code": A,
                 "grid_code": None, "geom": "POINT(115.22 33.52)"}),
    "members": ("party_member", "M1", {"person_code": "P1", "branch_code": "B1",
                "household_code": None, "joined_on": dt.date(1998, 7, 1)}),
    "appointments": ("appointment", "T1", {
        "person_code": "P2", "role": "grid_worker", "full_time": True, "grid_code": G1,
        "starts_on": dt.date(2025, 1, 1), "ends_on": None}),
    "links": ("contact_link", "L1", {"member_code": "M1", "household_code": HOME}),
    "visits": ("visit", "V1", {"household_code": HOME, "person_code": "P2",
               "visited_at": MORNING, "note": "一切正常"}),
    "incidents": ("incident", "I1", {
        "kind": "safety", "title": "路灯不亮", "tier": "local", "alert": "blue",
        "status": "found", "reported_at": MORNING, "grid_code": G1, "rating": None}),
    "reference:roads": ("reference_feature", "roads/1", {
        "layer": "roads", "name": "东西路", "class": "county",
        "geom": "LINESTRING(115.2 33.5,115.28 33.54)"}),
    "network:police": ("department_network", "police/1", {
        "department": "police", "name": "城关警务区", "responsible": "李四"}),
}  # fmt: skip
NOTHING = {"new": 0, "changed": 0, "closed": 0, "rejected": 0}


@pytest.fixture
def office(database: URL, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


def versions(office: Office) -> int:
    return office.count("coverage_version")


# -- every kind ----------------------------------------------------------------------------------


def test_every_kind_comes_in_and_the_same_file_again_changes_nothing(office: Office) -> None:
    assert set(STORED) == set(files())
    for kind, rows in files().items():
        path = office.write(kind, rows)
        before = versions(office)
        outcome = office.give(kind, path)
        assert (outcome.state, outcome.rejects, outcome.doubts) == ("imported", [], []), kind
        assert outcome.counts | {"read": len(rows), "new": len(rows)} == outcome.counts, kind
        assert versions(office) == before + 1 == outcome.version, kind
        name, code, stored = STORED[kind]
        content = office.content(name)
        assert len(content) == len(rows), kind
        assert content[code] | stored == content[code], kind
        held = office.fingerprint()
        again = office.give(kind, path)
        assert again.state == "unchanged", kind
        assert again.counts | NOTHING | {"unchanged": len(rows)} == again.counts, kind
        assert (again.number, again.version) == (None, None), kind
        assert office.fingerprint() == held, kind


def test_a_shape_is_stored_bit_for_bit_and_a_polygon_as_several(office: Office) -> None:
    office.give("areas", areas()[:1])
    box = shapely.box(115.1 + 1e-13, 33.1, 346 / 3, 33.2)
    office.give("reference:ground", [{"代码": "1", "名称": "尖", "geometry": box}])
    stored = shape_of(office.content("reference_feature")["ground/1"])
    assert stored.bounds == box.bounds
    county = shape_of(office.content("area")[COUNTY])
    assert county.geom_type == "MultiPolygon"
    assert shapely.equals_identical(county.geoms[0], square(0, 0, 4, 2))


@pytest.mark.parametrize("ending", [".csv", ".gpkg", ".geojson", ".parquet", ".xlsx"])
def test_every_format_brings_the_same_rows(office: Office, ending: str) -> None:
    office.fill("grids")
    rows = [household(number, 需求="独居老人") for number in range(1, 6)]
    path = office.write("households", rows, ending)
    says = ending in (".gpkg", ".geojson", ".parquet")
    outcome = office.give("households", path, crs=None if says else "EPSG:4326")
    assert outcome.state == "imported"
    assert office.content("household")[HOME] == {
        "code": HOME, "address": "1 号", "area_code": A, "grid_code": G1, "unit_code": None,
        "people": 3, "need_tags": ["独居老人"], "geom": "POINT(115.205 33.505)",
    }  # fmt: skip
    # Another format of the same rows has nothing new to say.
    assert office.give("households", rows).state == "unchanged"


def test_who_imported_what_stands_in_the_list_and_in_the_audit(office: Office) -> None:
    outcome = office.give("areas", areas(), name="行政区划.csv")
    office.take_back(outcome.number)
    with office.engine.connect() as connection:
        rows = connection.execute(select(data_import).order_by(data_import.c.id)).all()
        lines = connection.execute(
            select(audit_entry.c.account, audit_entry.c.action, audit_entry.c.target)
            .order_by(audit_entry.c.id)
        ).all()  # fmt: skip
        titles = connection.scalars(
            select(coverage_version.c.title).order_by(coverage_version.c.id)
        ).all()
    first, second = rows
    assert (first.kind, first.file, first.crs) == ("areas", "行政区划.csv", "EPSG:4326")
    assert first.headers == ["编码", "名称", "级别", "wkt"]
    assert first.columns == {"code": "编码", "name": "名称", "level": "级别"}
    assert (first.created_by, first.version_id, first.undoes) == ("operator", 2, None)
    assert first.counts["new"] == 4
    assert (second.undoes, second.version_id) == (first.id, 3)
    assert [tuple(line) for line in lines] == [
        ("operator", "imported", f"import {first.id}"),
        ("operator", "undid an import", f"import {first.id}"),
    ]
    assert "行政区划" in titles[1]
    assert str(first.id) in titles[2]


# -- trying --------------------------------------------------------------------------------------


def test_a_dry_run_counts_and_draws_and_changes_nothing(office: Office) -> None:
    office.fill("grids")
    rows = [household(1), household(2), household(3), household(1, GRIDS[4])]
    office.give("households", rows)
    held = office.fingerprint()
    tried = office.give(
        "households",
        [household(1), household(2, 人口="5", geometry=point(0.5, 0.5)), household(9)],
        replace=A, dry_run=True, outline=True,
    )  # fmt: skip
    assert tried.state == "tried"
    counts = {"read": 3, "new": 1, "changed": 1, "unchanged": 1, "closed": 1, "rejected": 0}
    assert tried.counts | counts == tried.counts
    assert (tried.number, tried.version) == (None, None)
    assert tried.outline is not None
    drawn = {
        (each["properties"]["state"], each["properties"]["code"]): each["geometry"]["coordinates"]
        for each in tried.outline["features"]
    }
    assert drawn == {
        ("new", f"{G1}009"): [115.205, 33.505],
        ("changed", f"{G1}002"): [115.21, 33.51],
        ("closed", f"{G1}003"): [115.205, 33.505],
    }
    assert office.fingerprint() == held


def test_a_dry_run_of_bad_rows_says_what_would_come_in(office: Office) -> None:
    office.fill("grids")
    held = office.fingerprint()
    tried = office.give("households", [household(1), household(2, 人口="三口")], dry_run=True)
    assert (tried.state, tried.counts["new"], tried.counts["rejected"]) == ("tried", 1, 1)
    assert [reject.field for reject in tried.rejects] == ["people"]
    assert office.fingerprint() == held


# -- what a file does not speak of ---------------------------------------------------------------


def test_columns_that_a_file_has_not_keep_what_they_hold(office: Office) -> None:
    office.fill("households")
    before = office.content("household")[HOME]
    outcome = office.give("households", [{"住户编码": HOME, "人口": "7"}], crs=None)
    assert outcome.state == "imported"
    assert outcome.counts["changed"] == 1
    assert office.content("household")[HOME] == {**before, "people": 7}


def test_a_column_that_is_there_and_empty_is_emptied(office: Office) -> None:
    office.fill("households")
    before = office.content("household")[HOME]
    row = {"住户编码": HOME, "人口": "", "需求标签": "", "geometry": None}
    assert office.give("households", [row]).counts["changed"] == 1
    emptied = {**before, "people": None, "need_tags": [], "geom": None}
    assert office.content("household")[HOME] == emptied


def test_a_household_without_coordinates_is_on_the_list_unlocated(office: Office) -> None:
    office.fill("grids")
    listed = [{"住户编码": f"{G1}{number:03}", "住址": f"{number} 号"} for number in (1, 2)]
    assert office.give("households", listed, crs=None).state == "imported"
    half = [household(3), household(4, geometry=None)]
    assert office.give("households", half).counts["new"] == 2
    placed = {code: row["geom"] is not None for code, row in office.content("household").items()}
    assert placed == {f"{G1}00{number}": number == 3 for number in (1, 2, 3, 4)}


def test_equal_rows_are_read_as_one_and_incidents_are_told_apart(office: Office) -> None:
    office.fill("grids")
    outcome = office.give("households", [household(1), household(1), household(2)])
    assert (outcome.state, outcome.counts["new"], outcome.counts["repeated"]) == ("imported", 2, 1)
    seen = {"类型": "noise", "标题": "扰民", "上报时间": "2026-01-05", "geometry": point(1, 1)}
    twice = office.write("incidents", [seen, seen, {**seen, "标题": "垃圾"}])
    assert office.give("incidents", twice).counts["new"] == 3
    assert office.give("incidents", twice).state == "unchanged"
    assert office.count("incident") == 3


# -- columns -------------------------------------------------------------------------------------


def test_columns_are_remembered_from_the_last_import_of_these_headers(office: Office) -> None:
    first = [{"甲": "P1", "乙": "王小禾", "丙": "1"}]
    second = [{"甲": "P2", "乙": "李四", "丙": "2"}]
    with pytest.raises(TransferError, match="No column of codes"):
        office.give("people", first, crs=None)
    told = {"code": "甲", "name": "乙", "phone": "丙"}
    office.give("people", first, crs=None, columns=told)
    outcome = office.give("people", second, crs=None)
    assert outcome.columns == told
    assert (
        office.content("person")["P2"] | {"name": "李四", "phone": "2"}
        == (office.content("person")["P2"])
    )
    # Other headers, another kind: nobody has said anything of those.
    with pytest.raises(TransferError, match="No column of codes"):
        office.give("people", [{"甲": "P3", "乙": "赵远"}], crs=None)
    with pytest.raises(TransferError, match="No column of codes"):
        office.give("branches", first, crs=None)


def test_what_is_told_now_goes_before_what_is_remembered(office: Office) -> None:
    rows = [{"甲": "P1", "乙": "王小禾", "丙": "王大禾"}]
    office.give("people", rows, crs=None, columns={"code": "甲", "name": "乙"})
    office.give("people", rows, crs=None, columns={"name": "丙"})
    assert office.content("person")["P1"]["name"] == "王大禾"
    assert office.give("people", rows, crs=None).state == "unchanged"


# -- in an area's stead --------------------------------------------------------------------------


def test_replacing_closes_what_is_absent_in_the_area_and_nowhere_else(office: Office) -> None:
    office.fill("grids")
    everywhere = [household(number, grid) for grid in GRIDS for number in (1, 2)]
    office.give("households", everywhere)
    keep = [household(1, grid) for grid in GRIDS[:4]]
    outcome = office.give("households", keep, replace=A)
    assert outcome.state == "imported"
    counts = {"new": 0, "changed": 0, "unchanged": 4, "closed": 4}
    assert outcome.counts | counts == outcome.counts
    assert office.codes("household") == sorted(
        [f"{grid}001" for grid in GRIDS] + [f"{grid}002" for grid in GRIDS[4:]]
    )
    assert office.count("history.household") == 4
    # Without it what is absent stays.
    assert office.give("households", keep[:1]).state == "unchanged"


def test_replacing_a_village_by_fewer_grids(office: Office) -> None:
    office.fill("grids")
    whole = [{**grids()[0], "geometry": square(0, 0, 2, 2)}]
    outcome = office.give("grids", whole, replace=A)
    assert outcome.counts | {"changed": 1, "closed": 3} == outcome.counts
    assert office.codes("grid") == [G1, *GRIDS[4:]]


def test_rows_that_others_name_are_not_closed(office: Office) -> None:
    office.fill("households")
    held = office.fingerprint()
    kept = [{**row} for row in grids() if row["网格编码"] == GRIDS[1]]
    with pytest.raises(TransferError) as raised:
        office.give("grids", kept, replace=A)
    assert "2 of household.grid_code" in str(raised.value)
    assert "1 of household_unit.grid_code" in str(raised.value)
    assert office.fingerprint() == held


def test_areas_close_with_what_is_under_them_and_not_without(office: Office) -> None:
    office.give("areas", areas())
    town = [areas()[1]]
    # Both villages go: that they name the town which stays is no hindrance.
    outcome = office.give("areas", town, replace=TOWN)
    assert outcome.counts["closed"] == 2
    assert office.codes("area") == [COUNTY, TOWN]
    office.give("areas", areas())
    office.give("grids", grids())
    held = office.fingerprint()
    with pytest.raises(TransferError, match=r"8 of grid\.area_code"):
        office.give("areas", town, replace=TOWN)
    # A file without the town that its villages are under.
    outcome = office.give("areas", areas()[2:], replace=TOWN)
    assert [(each.row, each.reason) for each in outcome.rejects] == [(1, "unknown"), (2, "unknown")]
    assert office.fingerprint() == held


@pytest.mark.parametrize("kind", ["people", "visits", "incidents", "reference:roads"])
def test_what_lies_in_no_area_cannot_be_replaced_by_one(office: Office, kind: str) -> None:
    office.fill("visits")
    held = office.fingerprint()
    with pytest.raises(TransferError, match="cannot be replaced by area"):
        office.give(kind, LISTS[kind], replace=A)
    assert office.fingerprint() == held


@pytest.mark.parametrize("code", ["", "99", f"{A}9", "x%"])
def test_what_is_no_area_cannot_be_replaced(office: Office, code: str) -> None:
    """The empty code begins every code there is: nobody means to close the county."""
    office.fill("households")
    held = office.fingerprint()
    with pytest.raises(TransferError, match="There is no area"):
        office.give("households", [household(1)], replace=code)
    assert office.fingerprint() == held


def test_a_row_under_what_is_closed_is_refused(office: Office) -> None:
    office.give("areas", areas()[:3])
    held = office.fingerprint()
    outcome = office.give("areas", areas()[3:], replace=TOWN)
    assert [(each.field, each.value, each.reason) for each in outcome.rejects] == [
        ("parent_code", TOWN, "unknown")
    ]
    assert office.fingerprint() == held
    # With the town in the file, the new village stands where the old one was.
    outcome = office.give("areas", [areas()[1], areas()[3]], replace=TOWN)
    assert outcome.counts | {"new": 1, "closed": 1} == outcome.counts


def test_other_layers_of_the_same_table_stay(office: Office) -> None:
    office.fill("reference:roads")
    rivers = [{**LISTS["reference:roads"][0], "名称": "柳河"}]
    assert office.give("reference:rivers", rivers).counts["new"] == 1
    assert office.codes("reference_feature") == ["rivers/1", "roads/1"]
    assert {row["layer"] for row in office.content("reference_feature").values()} == {
        "rivers", "roads",
    }  # fmt: skip
