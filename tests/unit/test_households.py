"""H201 to H205 on two villages of four grids, drawn as squares of a hundred metres."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from geo.coverage import check_coverage
from geo.errors import GeometryTypeError
from geo.findings import Finding
from geo.households import HouseholdCheck, check_households, locate
from geo.surroundings import Surroundings

E0, N0 = 530_000, 3_720_000  # EPSG:4547, in the county


def frame(rows: list[tuple], *columns: str) -> gpd.GeoDataFrame:
    table = pd.DataFrame(rows, columns=[*columns, "geometry"])
    return gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4547")


def square(i: float, j: float, size: float = 100) -> shapely.Polygon:
    return box(E0 + i * 100, N0 + j * 100, E0 + i * 100 + size, N0 + j * 100 + size)


def at(x: float, y: float) -> Point:
    return Point(E0 + x, N0 + y)


#  b1 b2 | c1 c2      each 100 m
GRIDS = frame(
    [
        ("c2", "丙二", "C", "exclusive", square(3, 0)),
        ("c1", "丙一", "C", "exclusive", square(2, 0)),
        ("b2", "乙二", "B", "exclusive", square(1, 0)),
        ("b1", "乙一", "B", "exclusive", square(0, 0)),
        ("b9", "市场", "B", "overlay", box(E0 + 40, N0 + 40, E0 + 60, N0 + 120)),
    ],
    *("code", "name", "area_code", "coverage"),
)
PARENTS = frame(
    [
        ("B", "乙村", box(E0, N0, E0 + 200, N0 + 300)),
        ("C", "丙村", box(E0 + 200, N0, E0 + 400, N0 + 100)),
    ],
    *("code", "name"),
)


def check(
    *homes: tuple[str | None, Point | None],
    grids: gpd.GeoDataFrame = GRIDS,
    **limits: float,
) -> HouseholdCheck:
    rows = [(f"h{i:03}", record, point) for i, (record, point) in enumerate(homes)]
    return check_households(frame(rows, "code", "grid_code"), grids, PARENTS, limits=limits)


def only(result: HouseholdCheck) -> Finding:
    (finding,) = result.findings
    return finding


# --- the border rule --------------------------------------------------------------------------


def test_a_point_on_a_border_belongs_to_the_smallest_code() -> None:
    result = check(("b2", at(100, 50)), ("b1", at(100, 50)), (None, at(200, 50)))
    assert result.findings == []
    assert GRIDS["code"].iloc[result.grid].tolist() == ["b1", "b1", "b2"]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_every_point_of_a_tiling_is_in_exactly_one(places: list[tuple[int, int]]) -> None:
    """Points on a lattice through all borders and corners; truth by the definition, one by one."""
    cells = [box(i * 10, j * 10, i * 10 + 10, j * 10 + 10) for i in range(4) for j in range(4)]
    points = shapely.points(places)
    found = locate(points, np.array(cells))
    truth = [min(i for i, c in enumerate(cells) if c.intersects(p)) for p in points]
    assert found.tolist() == truth


def test_null_and_empty_are_nowhere() -> None:
    nothing = np.array([None, Point(), at(1, 1)], dtype=object)
    assert locate(nothing, np.array([None, shapely.Polygon(), square(0, 0)])).tolist() == [
        -1,
        -1,
        2,
    ]
    assert locate(nothing, np.array([], dtype=object)).tolist() == [-1, -1, -1]


# --- H201 -------------------------------------------------------------------------------------


def test_covered_households_raise_nothing() -> None:
    result = check(("b1", at(10, 10)), ("c2", at(390, 90)), (None, at(150, 50)))
    assert result.findings == []
    assert (result.households, result.uncovered, result.in_several, result.unlocated) == (
        3,
        0,
        0,
        0,
    )


def test_uncovered_are_clustered_and_name_the_nearest_grid() -> None:
    result = check(
        ("b1", at(130, 120)), ("b1", at(150, 130)), ("b1", at(140, 160)), ("c2", at(1400, 50))
    )
    near, far = sorted(result.findings, key=lambda f: f.length_m)
    assert (near.rule, near.households, near.grids, near.area) == ("H201", 3, ("b2",), "B")
    assert (far.households, far.grids, far.area) == (1, ("c2",), "C")
    assert near.length_m == pytest.approx(30)  # from the middle one
    assert far.length_m == pytest.approx(1000, rel=1e-3)
    assert (
        near.message == "3 households of 乙村 lie in no grid; the nearest grid is 乙二, 30 m away."
    )
    assert near.message_zh == "乙村有 3 户不在任何网格内，最近的网格是乙二，相距 30 米。"
    assert shapely.get_num_geometries(near.geometry) == 3
    assert near.geometry.intersects(near.point)
    assert result.uncovered == 4


def test_a_cluster_is_called_after_its_settlement_and_the_nearest_worker() -> None:
    around = Surroundings.of(
        frame(
            [("柳湾", square(1, 1, 30)), (None, square(1.3, 1.3, 5)), ("远庄", at(900, 900))],
            "name",
        ),
        {"b2": ("王小明", "李大山")},
    )
    rows = [("h1", "b1", at(130, 120)), ("h2", "b1", at(150, 130)), ("h3", "b1", at(1400, 50))]
    result = check_households(
        frame(rows, "code", "grid_code"), GRIDS, PARENTS, limits={"cluster_m": 50}, around=around
    )
    near, far = sorted(result.findings, key=lambda f: f.length_m)
    assert near.message == (
        "2 households at 柳湾, 乙村 lie in no grid; the nearest grid is 乙二, 20 m away, "
        "its worker 王小明."
    )
    assert near.message_zh == (
        "乙村柳湾有 2 户不在任何网格内，最近的网格是乙二，相距 20 米，网格员王小明。"
    )
    # No settlement within 300 m, no worker known: neither is made up.
    assert (
        far.message == "1 household of 丙村 lies in no grid; the nearest grid is 丙二, 1 km away."
    )


def test_nearest_is_told_in_metres_where_the_plane_is_degrees() -> None:
    """A grid 95 m to the east is nearer than one 100 m to the north, though not in degrees."""
    rows = [("n", square(0, 2.0)), ("e", box(E0 + 145, N0 + 50, E0 + 245, N0 + 150))]
    grids = frame(rows, "code").to_crs(4326)
    home = frame([("h", at(50, 100))], "code").to_crs(4326)
    finding = only(check_households(home, grids))
    assert finding.grids == ("e",)
    assert finding.length_m == pytest.approx(95, rel=1e-3)


@pytest.mark.parametrize(("gap", "findings"), [(99, 1), (300, 2)])
def test_the_reach_of_a_cluster(gap: float, findings: int) -> None:
    assert len(check((None, at(50, 150)), (None, at(50 + gap, 150))).findings) == findings


@given(st.integers(0, 10_000), st.floats(20, 300))
@settings(max_examples=30, deadline=None)
def test_neighbours_are_never_parted(seed: int, reach: float) -> None:
    places = np.random.default_rng(seed).uniform(500, 1500, (40, 2))
    result = check(*((None, at(*place)) for place in places), cluster_m=reach)
    clusters = [shapely.get_coordinates(f.geometry) for f in result.findings]
    assert sum(map(len, clusters)) == 40
    for i, one in enumerate(clusters):
        for other in clusters[i + 1 :]:
            gaps = np.linalg.norm(one[:, None] - other[None], axis=2)
            assert gaps.min() >= reach


def test_the_recorded_overlay_covers_and_another_does_not() -> None:
    inside = at(50, 110)  # in the market, above b1
    assert check(("b9", inside)).findings == []
    assert only(check(("b1", inside))).rule == "H201"
    assert only(check((None, inside))).rule == "H201"


# --- H202 -------------------------------------------------------------------------------------


def test_in_several_only_strictly_inside() -> None:
    grids = pd.concat([GRIDS, frame([("c3", "丙三", "C", "exclusive", square(2.5, 0))],
                                    "code", "name", "area_code", "coverage")])  # fmt: skip
    result = check(
        ("c1", at(260, 50)), ("c3", at(270, 50)), ("c2", at(320, 50)), ("c1", at(250, 50)),
        ("b1", at(50, 50)), grids=grids,
    )  # fmt: skip
    assert sorted((f.rule, f.grids, f.households) for f in result.findings) == [
        ("H202", ("c1", "c3"), 2),
        ("H202", ("c2", "c3"), 1),
    ]
    assert result.in_several == 3
    assert result.findings[0].message_zh == "有 2 户同时落在丙一、丙三内。"


# --- H203 -------------------------------------------------------------------------------------


def test_misfiled_by_pair_with_the_greatest_distance() -> None:
    result = check(
        ("b1", at(130, 50)), ("b1", at(180, 50)), ("c1", at(150, 50)), ("b1", at(20, 20))
    )
    pair, single = sorted(result.findings, key=lambda f: -f.households)
    assert (pair.rule, pair.grids, pair.households, pair.area) == ("H203", ("b1", "b2"), 2, "B")
    assert pair.length_m == pytest.approx(80, rel=1e-3)
    assert pair.message == "2 households of 乙一 lie in 乙二, up to 80 m away."
    assert (single.grids, single.households) == (("c1", "b2"), 1)


def test_on_the_border_or_in_the_overlay_of_its_record_nothing_is_misfiled() -> None:
    assert check(("b2", at(100, 50)), ("b9", at(50, 50)), ("b1", at(50, 50))).findings == []
    assert only(check(("b9", at(20, 50)))).grids == ("b9", "b1")


def test_a_record_that_is_no_grid() -> None:
    finding = only(check(("zz", at(20, 50))))
    assert (finding.rule, finding.grids, finding.length_m) == ("H203", ("b1",), 0)
    assert "which is no grid" in finding.message


# --- H204 and H205 ----------------------------------------------------------------------------


def test_stacked_says_the_likely_cause() -> None:
    result = check(*[("b1", at(10, 10))] * 5, *[("b2", at(150, 50))] * 6, stacked=5)
    small, middle = sorted(result.findings, key=lambda f: f.households)
    assert {f.rule for f in result.findings} == {"H204"}
    assert (small.households, small.severity) == (5, "info")
    assert "one building" in small.message
    assert "the middle of 乙二" in middle.message
    assert check(*[("b1", at(10, 10))] * 5, stacked=6).findings == []


def test_unlocated_are_counted_beside_covered() -> None:
    result = check(("b1", None), ("b2", None), ("c1", Point()), (None, None), ("b1", at(1, 1)))
    found = sorted((f.area or "", f.households, f.grids) for f in result.findings)
    assert found == [("", 1, ()), ("B", 2, ("b1", "b2")), ("C", 1, ("c1",))]
    assert {f.rule for f in result.findings} == {"H205"}
    assert (result.unlocated, result.uncovered) == (4, 0)
    for finding in result.findings:
        if finding.area:
            land = PARENTS.geometry[PARENTS["code"] == finding.area].iloc[0]
            assert land.contains(finding.point)


# --- all --------------------------------------------------------------------------------------


def test_names_last_whatever_the_order_and_the_neighbours() -> None:
    homes = [("b1", at(130, 120)), ("b1", at(130, 50)), ("c1", None), (None, at(900, 900))]
    before = {f.id for f in check(*homes).findings}
    assert len(before) == 4
    shuffled = GRIDS.iloc[[3, 0, 4, 2, 1]]
    assert {f.id for f in check(*homes, grids=shuffled).findings} == before
    more = {f.id for f in check(*homes, ("c2", at(150, 50))).findings}
    assert before < more


def test_empty_and_bare_lists() -> None:
    assert check().findings == []
    bare = gpd.GeoDataFrame(geometry=[at(10, 10), at(900, 10)], crs="EPSG:4547")
    result = check_households(bare, GRIDS[["code", "geometry"]])
    assert only(result).rule == "H201"
    assert only(result).area is None


def test_a_household_is_a_point() -> None:
    with pytest.raises(GeometryTypeError) as error:
        check(("b1", at(1, 1)), ("b1", square(0, 0)))
    assert error.value.where["row"] == 2


def test_rows_that_share_a_code_are_checked_with_households() -> None:
    homes = frame([("h1", "b1", at(150, 50)), ("h2", "b1", at(20, 20))], "code", "grid_code")
    report = check_coverage(GRIDS.replace({"code": {"b2": "b1"}}), PARENTS, households=homes)
    rules = {f.rule for f in report.findings}
    # Whoever is recorded in either of them is at home in both.
    assert "G003" in rules
    assert "H203" not in rules
