"""In every grid people: S301 to S303."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo.staffing import check_staffing


@pytest.fixture
def grids() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"code": ["a", "b", "c"], "name": ["甲", None, "丙"], "area_code": ["v", "v", "v"]},
        geometry=[shapely.box(115, 33, 115.1, 33.1), shapely.box(115.1, 33, 115.2, 33.1), None],
        crs="EPSG:4326",
    )


def appointments(*rows: tuple[str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["role", "grid_code"])


def broken(findings: list) -> list[tuple[str, str]]:
    return [(f.rule, *f.grids) for f in findings]


def test_each_role_is_missed_by_itself(grids: gpd.GeoDataFrame) -> None:
    people = appointments(
        ("grid_worker", "a"), ("grid_worker", "b"), ("grid_head", "a"), ("grid_head", "c"),
        ("branch_secretary", "b"), ("unit_head", "c"), ("grid_worker", None),
    )  # fmt: skip
    assert broken(check_staffing(grids, people)) == [
        ("S301", "c"), ("S302", "b"), ("S303", "a"), ("S303", "c"),
    ]  # fmt: skip


def test_without_any_word_of_branches_they_are_not_judged(grids: gpd.GeoDataFrame) -> None:
    people = appointments(("grid_worker", "a"), ("branch_secretary", None))
    assert {f.rule for f in check_staffing(grids, people)} == {"S301", "S302"}
    branches = pd.DataFrame({"grid_code": ["a", None]})
    found = check_staffing(grids, people, branches)
    assert [f.grids for f in found if f.rule == "S303"] == [("b",), ("c",)]


def test_the_finding_names_the_grid_and_lies_in_it(grids: gpd.GeoDataFrame) -> None:
    finding, other, nowhere = check_staffing(grids, appointments(("grid_head", "x")))[:3]
    assert finding.message == "甲 has no grid worker."
    assert finding.message_zh == "甲没有网格员。"
    assert finding.severity == "warning"
    assert finding.area == "v"
    assert grids.geometry[0].contains(finding.point)
    assert "b" in other.message
    assert nowhere.geometry.geom_type == "Point"


def test_names_last_and_codes_count_once(grids: gpd.GeoDataFrame) -> None:
    people = appointments(("grid_head", "a"))
    first = {f.id for f in check_staffing(grids, people)}
    doubled = pd.concat([grids.iloc[::-1], grids])
    assert {f.id for f in check_staffing(doubled, people)} == first
    assert len(first) == 5
