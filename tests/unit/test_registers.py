"""A county's lists: sizes of grids and units, contacts, visits: S304 to S306, P401 to V501."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.findings import Finding
from geo.registers import Registers, check_registers
from geo.rules import RULES, LimitError, Limits

SIDE, X, Y = 1000.0, 500_000.0, 3_700_000.0
TODAY = dt.date(2026, 11, 15)


@pytest.fixture
def grids() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "code": ["v1001", "v1002", "v1003"],
            "name": ["甲网格", "乙网格", "丙网格"],
            "name_en": ["Grid A", "Grid B", "Grid C"],
            "area_code": ["v1"] * 3,
            "kind": ["rural", "community", "dedicated"],
        },
        geometry=[shapely.box(X + x, Y, X + x + SIDE, Y + SIDE) for x in (0, SIDE, 2 * SIDE)],
        crs="EPSG:4547",
    )


@pytest.fixture
def parents() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"code": ["v1"], "name": ["柳河村"], "name_en": ["Liuhe"]},
        geometry=[shapely.box(X, Y, X + 3 * SIDE, Y + SIDE)], crs="EPSG:4547",
    )  # fmt: skip


def homes(counts: dict[str, int], **columns: object) -> gpd.GeoDataFrame:
    """Households of each grid's list, in a row along its grid's foot; twelve to a unit."""
    codes = [code for code, n in counts.items() for _ in range(n)]
    at = [int(code[-1]) - 1 for code in codes]
    points = [shapely.Point(X + x * SIDE + 5 + 7 * i % 900, Y + 50) for i, x in enumerate(at)]
    frame = gpd.GeoDataFrame(
        {
            "code": [f"h{i:04}" for i in range(len(codes))],
            "grid_code": codes,
            "area_code": "v1",
            "needy": False,
        },
        geometry=points,
        crs="EPSG:4547",
    )
    return frame.assign(**columns)


def found(
    grids: gpd.GeoDataFrame,
    parents: gpd.GeoDataFrame,
    households: gpd.GeoDataFrame,
    limits: Limits | None = None,
    **lists: object,
) -> dict[str, list[Finding]]:
    out: dict[str, list[Finding]] = {}
    registers = Registers(**lists)
    for each in check_registers(grids, parents, households, registers, limits or Limits.of()):
        assert each.severity == RULES[each.rule].severity
        assert "{" not in each.message + each.message_zh + each.fix + each.fix_zh
        out.setdefault(each.rule, []).append(each)
    return out


def test_a_grid_has_as_many_households_as_its_kind_should(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame
) -> None:
    some = found(grids, parents, homes({"v1001": 29, "v1002": 501, "v1003": 0}), sizes=True)
    assert [f.grids for f in some["S304"]] == [("v1001",)]
    assert [f.grids for f in some["S305"]] == [("v1002",)]
    assert some["S304"][0].message == "Grid A has 29 households, fewer than the 30 of a rural grid."
    assert some["S304"][0].message_zh == "甲网格只有 29 户，低于农村网格的下限 30 户。"
    assert some["S305"][0].message_zh == "乙网格有 501 户，超过社区网格的上限 500 户。"
    assert found(grids, parents, homes({"v1001": 30, "v1002": 500}), sizes=True) == {}


def test_few_households_are_not_counted_out(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame
) -> None:
    some = found(grids, parents, homes({"v1001": 3, "v1002": 100}), sizes=True)["S304"][0]
    assert some.message.startswith("Grid A has fewer than 10 households, fewer than")
    assert some.households == 0


def test_without_a_kind_or_a_whole_list_sizes_are_not_judged(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame
) -> None:
    few = homes({"v1001": 3})
    assert found(grids.drop(columns="kind"), parents, few, sizes=True) == {}
    assert found(grids, parents, few) == {}


def test_a_village_can_have_bounds_of_its_own(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame
) -> None:
    few = homes({"v1001": 20, "v1002": 100})
    own = Limits.of({}, {"v1": {"households_per_grid": {"rural": {"least": 15}}}})
    other = Limits.of({}, {"v2": {"households_per_grid": {"rural": {"least": 15}}}})
    county = Limits.of({"households_per_grid": {"community": {"most": 99}}})
    assert found(grids, parents, few, own, sizes=True) == {}
    assert list(found(grids, parents, few, other, sizes=True)) == ["S304"]
    assert list(found(grids, parents, few, county, sizes=True)) == ["S304", "S305"]


def test_who_is_on_nobodys_list_counts_where_he_lives(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame
) -> None:
    listed = homes({"v1001": 30, "v1002": 100})
    listed.loc[:4, "grid_code"] = None
    lies = np.where(listed.index < 30, 0, 1)
    registers = Registers(sizes=True)
    assert check_registers(grids, parents, listed, registers, Limits.of(), lies) == []
    assert check_registers(grids, parents, listed, registers, Limits.of())[0].rule == "S304"


def test_a_unit_is_about_ten(grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame) -> None:
    listed = homes({"v1001": 41, "v1002": 40})
    unit = ["v1001-01"] * 15 + ["v1001-02"] * 14 + ["v1001-03"] * 12 + ["v1002-01"] * 5
    listed["unit_code"] = unit + [None] * 35
    units = gpd.GeoDataFrame(
        {"code": ["v1001-01", "v1002-02"], "grid_code": ["v1001", "v1002"]},
        geometry=[shapely.box(X, Y, X + 100, Y + 100), None], crs="EPSG:4547",
    )  # fmt: skip
    some = found(grids, parents, listed, sizes=True, units=units)["S306"]
    assert [f.message for f in some] == [
        "Unit v1001-01 of Grid A has 15 households, more than 14.",
        "Unit v1002-01 of Grid B has 5 households, fewer than 6.",
        "Unit v1002-02 of Grid B has 0 households, fewer than 6.",
    ]
    assert some[0].geometry.equals(units.geometry[0])
    assert some[1].geometry.geom_type == "MultiPoint"
    assert some[1].message_zh == "乙网格的十户单元 v1002-01 有 5 户，不足 6 户。"


def links(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["member_code", "household_code"])


@pytest.fixture
def members() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "code": ["m1", "m2", "m3"],
            "person_code": ["p1", "p2", "p1"],
            "household_code": ["h0000", "h0001", "h0000"],
            "area_code": ["v1"] * 3,
        }
    )


def contacts(member: str, first: int, n: int) -> list[tuple[str, str]]:
    return [(member, f"h{first + i:04}") for i in range(n)]


def test_a_member_keeps_contact_with_five_to_eight(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame, members: pd.DataFrame
) -> None:
    listed = homes({"v1001": 40})
    some = links(*contacts("m1", 0, 4), *contacts("m2", 4, 9), *contacts("m3", 20, 5))
    few, many = found(grids, parents, listed, members=members, links=some)["P401"]
    assert few.message == "1 member of Liuhe keeps contact with fewer than 5 households."
    assert few.message_zh == "柳河村有 1 名党员的联系户少于 5 户。"
    assert many.message == "1 member of Liuhe keeps contact with more than 8 households."
    assert few.area == "v1"
    assert few.geometry.geoms[0].equals(listed.geometry[0])
    right = links(*contacts("m1", 0, 5), *contacts("m2", 5, 8), *contacts("m3", 20, 8))
    assert found(grids, parents, listed, members=members, links=right) == {}
    wide = Limits.of({"contacts_per_member": {"least": 4, "most": 9}})
    assert found(grids, parents, listed, wide, members=members, links=some) == {}


def test_who_is_in_need_has_a_contact(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame, members: pd.DataFrame
) -> None:
    listed = homes({"v1001": 40}, needy=[i in (3, 30, 31) for i in range(40)])
    some = links(*contacts("m1", 0, 5), *contacts("m2", 5, 8), *contacts("m3", 20, 8))
    (alone,) = found(grids, parents, listed, members=members, links=some)["P402"]
    assert alone.message == "2 households of Liuhe have a need, and nobody keeps contact."
    assert alone.households == 2
    listed.loc[30, "needy"] = False
    (other,) = found(grids, parents, listed, members=members, links=some)["P402"]
    # Somebody else is meant now: an exception for the two is none for the one.
    assert other.id != alone.id
    assert other.message_zh == "柳河村有 1 户有需求却没有党员联系。"
    listed.loc[31, "needy"] = False
    assert found(grids, parents, listed, members=members, links=some) == {}


def test_a_contact_lives_near(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame, members: pd.DataFrame
) -> None:
    listed = homes({"v1001": 30, "v1003": 1})
    some = links(*contacts("m1", 0, 5), *contacts("m2", 5, 8), *contacts("m3", 23, 8))
    (far,) = found(grids, parents, listed, members=members, links=some)["P403"]
    assert far.message.startswith("1 contact of Liuhe reaches farther than 1.5 km, up to 2.")
    assert far.geometry.geom_type == "MultiLineString"
    assert far.length_m == pytest.approx(listed.geometry[0].distance(listed.geometry[30]), rel=1e-3)
    # Both ends must be known: of a household without a place nothing can be said.
    listed.loc[30, "geometry"] = None
    assert found(grids, parents, listed, members=members, links=some) == {}
    wide = Limits.of({"contact_distance_m": 3000})
    listed = homes({"v1001": 30, "v1003": 1})
    assert found(grids, parents, listed, wide, members=members, links=some) == {}


def test_one_person_is_listed_once_with_one_household(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame, members: pd.DataFrame
) -> None:
    listed = homes({"v1001": 40})
    # m1 and m3 are one person under two branches.
    some = links(*contacts("m1", 0, 5), *contacts("m2", 0, 8), *contacts("m3", 4, 8))
    (twice,) = found(grids, parents, listed, members=members, links=some)["P404"]
    assert twice.message == "1 contact of Liuhe stands on the list more than once."
    assert twice.geometry.geoms[0].length > 0
    apart = links(*contacts("m1", 0, 5), *contacts("m2", 0, 8), *contacts("m3", 5, 8))
    assert found(grids, parents, listed, members=members, links=apart) == {}


def visits(days: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame(
        [(home, TODAY - dt.timedelta(days=ago)) for home, ago in days.items()],
        columns=["household_code", "day"],
    )


def test_every_household_was_visited_within_the_period(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame
) -> None:
    listed = homes({"v1001": 4, "v1002": 2})
    seen = {"h0000": 0, "h0001": 6, "h0002": 7, "h0004": 1, "h0005": 2}
    (late,) = found(grids, parents, listed, visits=visits(seen), today=TODAY)["V501"]
    assert late.grids == ("v1001",)
    assert late.households == 2
    assert late.message == (
        "2 of the 4 households of Grid A (50%) were not visited in the 7 days to 2026-11-15."
    )
    assert "4 户中有 2 户（50%）" in late.message_zh
    longer = Limits.of({"visit_days": 8})
    again = found(grids, parents, listed, longer, visits=visits(seen), today=TODAY)["V501"]
    assert [f.households for f in again] == [1]
    every = visits({**seen, "h0002": 3, "h0003": 3})
    assert found(grids, parents, listed, visits=every, today=TODAY) == {}
    # Where nobody records visits, nothing is said of them.
    assert found(grids, parents, listed, visits=visits({}), today=TODAY) == {}


def test_a_code_has_the_county_s_pattern(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame
) -> None:
    grids["code"] = ["990101101001001", "99010110100102", "9901011010010A3"]
    some = found(grids, parents, homes({}), code_digits=15)["G006"]
    assert [f.grids for f in some] == [("99010110100102",), ("9901011010010A3",)]
    assert some[0].message == "The code of Grid B is not of 15 digits."
    assert some[0].message_zh == "乙网格的编码不是 15 位数字。"
    assert found(grids, parents, homes({})) == {}


@pytest.mark.parametrize(
    ("county", "areas"),
    [
        ({"visits": 7}, {}),
        ({"visit_days": 0}, {}),
        ({"visit_days": True}, {}),
        ({"visit_days": "7"}, {}),
        ({"contacts_per_member": 5}, {}),
        ({"contacts_per_member": {"least": 9}}, {}),
        ({"households_per_grid": {"urban": {"least": 9}}}, {}),
        ({"households_per_grid": {"rural": {"least": 400}}}, {}),
        ({}, {"v1": {"stacked": 30}}),
    ],
)
def test_a_threshold_that_makes_no_sense_is_refused(county: dict, areas: dict) -> None:
    with pytest.raises(LimitError):
        Limits.of(county, areas)
