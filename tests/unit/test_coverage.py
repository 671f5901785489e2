"""The check, rule by rule, on coverages small enough to read."""

from collections import Counter

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import from_wkt

from geo.coverage import CoverageReport, check_coverage, is_exact_coverage
from geo.errors import ColumnError, CrsError, EmptyLayerError, MissingCrsError
from geo.findings import Finding

PLANE = "EPSG:4547"
# A corner of the plane that is a real place, so that measures are honest there.
X, Y = 500_000.0, 3_700_000.0


def frame(
    *wkt: str, codes: str = "", crs: str | None = PLANE, **columns: object
) -> gpd.GeoDataFrame:
    """Polygons near 0 0, moved to a real place; codes a, b, c, … unless told."""
    shapes = shapely.transform(
        np.array([from_wkt(words) if words else None for words in wkt], dtype=object),
        lambda points: points + np.array([X, Y]),
    )
    names = list(codes) if codes else [chr(97 + number) for number in range(len(wkt))]
    return gpd.GeoDataFrame({"code": names, **columns}, geometry=list(shapes), crs=crs)


def square(left: float, bottom: float, right: float, top: float) -> str:
    return shapely.box(left, bottom, right, top).wkt


PARENT = frame("POLYGON((0 0, 10 0, 20 0, 20 10, 10 10, 0 10, 0 0))", codes="V")
LEFT, RIGHT = square(0, 0, 10, 10), square(10, 0, 20, 10)


def check(
    *wkt: str, parents: gpd.GeoDataFrame | None = PARENT, **columns: object
) -> CoverageReport:
    return check_coverage(frame(*wkt, **columns), parents)


def rules(report: CoverageReport) -> Counter[str]:
    return Counter(finding.rule for finding in report.findings)


def only(report: CoverageReport, rule: str) -> Finding:
    found = [finding for finding in report.findings if finding.rule == rule]
    assert len(found) == 1, rules(report)
    return found[0]


# -- Clean: no finding ---------------------------------------------------------------------------


def test_two_halves_are_clean() -> None:
    report = check(LEFT, RIGHT)
    assert report.findings == []
    assert report.summary["uncovered_km2"] == report.summary["overlap_km2"] == 0


@pytest.mark.parametrize(
    "shapes",
    [
        pytest.param(
            [square(0, 0, 10, 10), square(10, 0, 20, 10)][::-1], id="in another order"
        ),
        pytest.param(
            ["POLYGON((10 10, 0 10, 0 0, 10 0, 10 10))", RIGHT], id="from another vertex"
        ),
        pytest.param(["POLYGON((0 0, 0 10, 10 10, 10 0, 0 0))", RIGHT], id="clockwise"),
        pytest.param(
            ["POLYGON((0 0, 10 0, 10 0, 10 10, 0 10, 0 0))", RIGHT], id="a vertex twice"
        ),
        pytest.param(
            [LEFT, "POLYGON((10 0, 20 0, 20 10, 10 10, 10 0), (14 4, 14 6, 16 6, 16 4, 14 4))",
             square(14, 4, 16, 6)], id="an enclave in its hole"),
        pytest.param(
            [LEFT, "MULTIPOLYGON(((10 0, 20 0, 20 10, 10 10, 10 0),"
             "(12 4, 14 6, 16 4, 14 2, 12 4)))", "POLYGON((12 4, 14 2, 16 4, 14 6, 12 4))"],
            id="a hole that is another grid"),
    ],
)  # fmt: skip
def test_clean_however_it_is_written(shapes: list[str]) -> None:
    assert check(*shapes).findings == []


def test_touching_at_a_corner_alone_is_clean() -> None:
    corners = [
        square(0, 0, 10, 5),
        square(10, 5, 20, 10),
        square(0, 5, 10, 10),
        square(10, 0, 20, 5),
    ]
    parent = frame("POLYGON((0 0, 10 0, 20 0, 20 5, 20 10, 10 10, 0 10, 0 5, 0 0))", codes="V")
    assert check(*corners, parents=parent).findings == []


def test_an_overlay_takes_no_part() -> None:
    report = check(LEFT, RIGHT, square(8, 4, 12, 6), coverage=["exclusive"] * 2 + ["overlay"])
    assert report.findings == []


# -- C101, C102: gaps ----------------------------------------------------------------------------


def test_c101_a_gap_inside() -> None:
    holed = "POLYGON((10 0, 20 0, 20 10, 10 10, 10 0), (14 4, 14 6, 16 6, 16 4, 14 4))"
    gap = only(check(LEFT, holed), "C101")
    assert gap.area_m2 == pytest.approx(4)
    assert gap.width_m == pytest.approx(2, rel=0.11)
    assert gap.grids == ("b",)
    assert gap.geometry.contains(gap.point)


def test_c102_an_uncovered_edge() -> None:
    report = check(LEFT, square(10, 0, 18, 10))
    edge = only(report, "C102")
    assert edge.area_m2 == pytest.approx(20)
    assert edge.area == "V"
    assert report.summary["uncovered_km2"] == pytest.approx(20e-6)
    assert rules(report) == {"C102": 1}


def test_a_missing_grid_is_one_finding() -> None:
    assert only(check(LEFT), "C102").area_m2 == pytest.approx(100)


# -- C103, C106, G004: land that several hold ----------------------------------------------------


def test_c103_a_pair() -> None:
    report = check(square(0, 0, 12, 10), RIGHT)
    overlap = only(report, "C103")
    assert overlap.area_m2 == pytest.approx(20)
    assert overlap.grids == ("a", "b")
    assert overlap.depth == 2
    assert rules(report) == {"C103": 1}


def test_c103_three_on_one_spot_counts_the_place_once() -> None:
    report = check(square(0, 0, 12, 10), RIGHT, square(9, 4, 11, 6))
    assert report.summary["overlap_km2"] == pytest.approx((20 + 2) * 1e-6)
    assert max(finding.depth or 0 for finding in report.findings) == 3


def test_c106_nested() -> None:
    report = check(LEFT, RIGHT, square(12, 2, 14, 4))
    assert only(report, "C106").grids == ("c", "b")
    assert rules(report) == {"C106": 1}


def test_g004_duplicate_is_not_an_overlap_as_well() -> None:
    report = check(LEFT, RIGHT, RIGHT)
    assert only(report, "G004").grids == ("b", "c")
    assert rules(report) == {"G004": 1}
    assert report.summary["overlap_km2"] == pytest.approx(100e-6)


# -- C104: land beyond the parent ----------------------------------------------------------------


def test_c104_overhang() -> None:
    report = check(LEFT, square(10, 0, 21, 10))
    beyond = only(report, "C104")
    assert beyond.area_m2 == pytest.approx(10)
    assert beyond.grids == ("b",)
    assert rules(report) == {"C104": 1}


def test_c104_into_another_village_is_an_overlap_too() -> None:
    villages = frame(LEFT, RIGHT, codes="VW")
    report = check(square(0, 0, 11, 10), RIGHT, parents=villages, area_code=["V", "W"])
    assert rules(report) == {"C103": 1, "C104": 1}
    assert only(report, "C104").grids == ("a",)


def test_land_held_only_by_the_neighbours_grid_is_no_gap() -> None:
    villages = frame(LEFT, RIGHT, codes="VW")
    report = check(
        square(0, 0, 11, 10), square(11, 0, 20, 10), parents=villages, area_code=["V", "W"]
    )
    assert rules(report) == {"C104": 1}


def test_c104_an_overlay_beyond_its_area() -> None:
    coverage = ["exclusive", "exclusive", "overlay"]
    report = check(LEFT, RIGHT, square(18, 4, 22, 6), coverage=coverage)
    assert only(report, "C104").area_m2 == pytest.approx(4)


# -- C105: borders that do not match -------------------------------------------------------------


def test_c105_a_vertex_on_one_side_alone() -> None:
    report = check("POLYGON((0 0, 10 0, 10 5, 10 10, 0 10, 0 0))", RIGHT)
    border = only(report, "C105")
    assert border.grids == ("a", "b")
    assert border.length_m == pytest.approx(10)
    assert rules(report) == {"C105": 1}


def test_c105_noise_under_the_tolerance_and_not_above() -> None:
    def bent(by: float) -> str:
        return f"POLYGON((0 0, 10 0, {10 + by} 5, 10 10, 0 10, 0 0))"

    assert rules(check(bent(0.004), RIGHT)) == {"C105": 1}
    assert rules(check(bent(0.04), RIGHT)) == {"C103": 1}
    assert rules(check(bent(-0.04), RIGHT)) == {"C101": 1}


def test_an_edge_drawn_twice_is_one_fault_of_each_rule() -> None:
    steps = np.linspace(0, 10, 41)
    wave = " ".join(f"{10 + 0.3 * np.sin(2 * y):.6f} {y}," for y in steps[1:-1])
    left = f"POLYGON((0 0, 10 0, {wave} 10 10, 0 10, 0 0))"
    assert rules(check(left, RIGHT)) == {"C101": 1, "C103": 1}


# -- G: rows by themselves -----------------------------------------------------------------------


def test_g001_says_where_and_checks_the_rest() -> None:
    bowtie = "POLYGON((10 0, 20 10, 20 0, 10 10, 10 0))"
    report = check(LEFT, bowtie)
    fault = only(report, "G001")
    assert (fault.point.x - X, fault.point.y - Y) == pytest.approx((15, 5))
    assert report.summary["uncovered_km2"] == pytest.approx(50e-6)


@pytest.mark.parametrize("shape", ["", "POLYGON EMPTY", "POINT(1 1)", "LINESTRING(0 0, 1 1)"])
def test_g002_no_polygon(shape: str) -> None:
    assert only(check(LEFT, RIGHT, shape), "G002").grids == ("c",)


def test_g003_duplicate_code() -> None:
    assert only(check(LEFT, RIGHT, codes="aa"), "G003").grids == ("a",)


def test_g005_detached_parts() -> None:
    report = check(
        "MULTIPOLYGON(((0 0, 10 0, 10 10, 0 10, 0 0)), ((18 0, 20 0, 20 10, 18 10, 18 0)))",
        square(10, 0, 18, 10),
        parents=frame("POLYGON((0 0,10 0,18 0,20 0,20 10,18 10,10 10,0 10,0 0))", codes="V"),
    )
    assert rules(report) == {"G005": 1}


def test_g006_not_under_its_village() -> None:
    grids = frame(LEFT, RIGHT)
    grids["code"], grids["area_code"] = ["990101001001001", "990101001002001"], "990101001001"
    assert only(check_coverage(grids, PARENT), "G006").grids == ("990101001002001",)


# -- Without a parent ----------------------------------------------------------------------------


def test_without_a_parent_a_hole_is_a_warning_and_the_edge_unchecked() -> None:
    holed = "POLYGON((10 0, 20 0, 20 10, 10 10, 10 0), (14 4, 14 6, 16 6, 16 4, 14 4))"
    report = check(LEFT, holed, parents=None)
    assert only(report, "C101").severity == "warning"
    assert report.summary["parent_area_km2"] is None
    assert report.summary["blind_spots"] is None
    assert report.summary["outer_border_checked"] is False


def test_several_parents_and_no_codes_are_tiled_together() -> None:
    villages = frame(LEFT, RIGHT, codes="VW")
    across = ["POLYGON((0 0, 10 0, 20 0, 20 5, 0 5, 0 0))",
              "POLYGON((0 5, 20 5, 20 10, 10 10, 0 10, 0 5))"]  # fmt: skip
    report = check(*across, parents=villages)
    assert {finding.severity for finding in report.findings} <= {"warning"}
    assert rules(check(across[0], parents=villages))["C102"] == 1


# -- Households ----------------------------------------------------------------------------------


def homes(*places: tuple[float, float]) -> gpd.GeoDataFrame:
    points = [shapely.Point(X + x, Y + y) for x, y in places]
    return gpd.GeoDataFrame(
        {"code": [str(n) for n in range(len(points))]}, geometry=points, crs=PLANE
    )


def test_blind_spots_need_a_parent_and_households() -> None:
    report = check_coverage(frame(LEFT, RIGHT), PARENT, households=homes((5, 5), (10, 5)))
    assert report.summary["blind_spots"] is False
    assert report.summary["households_uncovered"] == report.summary["households_in_several"] == 0


def test_h201_a_household_in_a_gap_is_counted_with_the_gap() -> None:
    narrow = square(10, 0, 18, 10)
    report = check_coverage(frame(LEFT, narrow), PARENT, households=homes((5, 5), (19, 5)))
    assert only(report, "C102").households == 1
    assert report.summary["households_uncovered"] == 1
    assert report.summary["blind_spots"] is True


# -- What is refused -----------------------------------------------------------------------------


def test_refusals() -> None:
    with pytest.raises(MissingCrsError):
        check_coverage(frame(LEFT, crs=None))
    with pytest.raises(ColumnError):
        check_coverage(frame(LEFT).drop(columns="code"))
    with pytest.raises(EmptyLayerError):
        check_coverage(frame(LEFT).iloc[:0])
    with pytest.raises(EmptyLayerError):
        check_coverage(frame("POINT(0 0)"))
    with pytest.raises(CrsError):
        check_coverage(frame(LEFT), frame(LEFT, crs="EPSG:4548"))


# -- Invariants ----------------------------------------------------------------------------------


@st.composite
def coverages(draw: st.DrawFn) -> gpd.GeoDataFrame:
    """A clean coverage: a lattice with moved nodes, its cells joined at random."""
    columns, rows = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    shift = st.integers(-30, 30).map(lambda percent: percent / 100)
    nodes = {
        (i, j): (X + 100 * (i + draw(shift)), Y + 100 * (j + draw(shift)))
        for i in range(columns + 1)
        for j in range(rows + 1)
    }
    cells = [
        shapely.Polygon([nodes[i, j], nodes[i + 1, j], nodes[i + 1, j + 1], nodes[i, j + 1]])
        for i in range(columns)
        for j in range(rows)
    ]
    owner = [draw(st.integers(0, 3)) for _ in cells]
    shapes = [
        shapely.coverage_union_all(
            [cell for cell, who in zip(cells, owner, strict=True) if who == w]
        )
        for w in sorted(set(owner))
    ]
    return gpd.GeoDataFrame(
        {"code": [str(n) for n in range(len(shapes))]}, geometry=shapes, crs=PLANE
    )


def outline(grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    whole = shapely.coverage_union_all(grids.geometry.values)
    return gpd.GeoDataFrame({"code": ["V"]}, geometry=[whole], crs=PLANE)


@settings(max_examples=60, deadline=None)
@given(coverages())
def test_a_clean_coverage_has_no_finding_but_its_pieces(grids: gpd.GeoDataFrame) -> None:
    report = check_coverage(grids, outline(grids))
    assert set(rules(report)) <= {"G005"}
    assert is_exact_coverage(grids.geometry.values, outline(grids).geometry.values)


@settings(max_examples=60, deadline=None)
@given(coverages(), st.floats(-60, 60), st.floats(-60, 60), st.data())
def test_moving_one_grid_is_found_whole(
    grids: gpd.GeoDataFrame, east: float, north: float, data: st.DataObject
) -> None:
    parent, moved = outline(grids), data.draw(st.integers(0, len(grids) - 1))
    shapes = grids.geometry.values.copy()
    shapes[moved] = shapely.transform(
        shapes[moved], lambda points: points + np.array([east, north])
    )
    report = check_coverage(grids.set_geometry(list(shapes), crs=PLANE), parent)
    others = shapely.union_all(np.delete(np.asarray(shapes), moved))
    truth = parent.geometry[0].difference(others).difference(shapes[moved]).area
    slack = 0.011 * shapely.length(np.asarray(shapes)).sum()
    assert report.summary["uncovered_km2"] * 1e6 == pytest.approx(truth, rel=1e-3, abs=slack)
    twice = shapes[moved].intersection(others).area
    assert report.summary["overlap_km2"] * 1e6 == pytest.approx(twice, rel=1e-3, abs=slack)


@settings(max_examples=30, deadline=None)
@given(coverages(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(grids: gpd.GeoDataFrame, random: object) -> None:
    order = list(range(len(grids)))
    random.shuffle(order)  # type: ignore[attr-defined]  # a random.Random
    parent = outline(grids)
    less = grids.iloc[order].iloc[:-1].reset_index(drop=True)
    if less.empty:
        return
    again = less.sort_values("code").reset_index(drop=True)
    one, two = check_coverage(less, parent), check_coverage(again, parent)
    assert {finding.id for finding in one.findings} == {finding.id for finding in two.findings}
