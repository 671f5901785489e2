"""The repair, fault by fault, on coverages small enough to read."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import from_wkt
from shapely.geometry.base import BaseGeometry

from geo.coverage import check_coverage
from geo.repair import Options, Repaired, repair
from geo.repair_words import WHY

PLANE = "EPSG:4547"
# A corner of the plane that is a real place.
X, Y = 500_000.0, 3_700_000.0


def frame(*wkt: str, codes: str = "", **columns: object) -> gpd.GeoDataFrame:
    """Polygons near 0 0, moved to a real place; codes a, b, c, … unless told."""
    shapes = shapely.transform(
        np.array([from_wkt(words) if words else None for words in wkt], dtype=object),
        lambda points: points + np.array([X, Y]),
    )
    names = list(codes) if codes else [chr(97 + number) for number in range(len(wkt))]
    return gpd.GeoDataFrame({"code": names, **columns}, geometry=list(shapes), crs=PLANE)


def square(left: float, bottom: float, right: float, top: float) -> str:
    return shapely.box(left, bottom, right, top).wkt


def ring(*points: tuple[float, float]) -> str:
    return shapely.Polygon(points).wkt


PARENT = frame(ring((0, 0), (10, 0), (20, 0), (20, 10), (10, 10), (0, 10)), codes="V")
LEFT, RIGHT = square(0, 0, 10, 10), square(10, 0, 20, 10)


def mended(
    *wkt: str, parents: gpd.GeoDataFrame | None = PARENT, codes: str = "", **options: object
) -> Repaired:
    return repair(frame(*wkt, codes=codes), parents, options=Options(**options))  # type: ignore[arg-type]


def shape(result: Repaired, code: str) -> BaseGeometry:
    """A grid as it is now, near 0 0 again."""
    (found,) = result.grids.geometry[result.grids["code"] == code]
    return shapely.transform(found, lambda points: points - np.array([X, Y]))


def is_square(result: Repaired, code: str, *corners: float) -> bool:
    return bool(shape(result, code).symmetric_difference(shapely.box(*corners)).area < 1e-6)


def reasons(result: Repaired) -> set[str]:
    """The words for why, of all that is left."""
    words = {sentence: word for word, (sentence, _) in WHY.items()}
    return {words[left.why] for left in result.left}


# -- Nothing to do -------------------------------------------------------------------------------


def test_a_clean_coverage_is_not_touched() -> None:
    grids = frame(LEFT, RIGHT)
    result = repair(grids, PARENT)
    assert (result.changes, result.changed, result.left, result.needed) == ([], [], [], [])
    for before, after in zip(grids.geometry, result.grids.geometry, strict=True):
        assert before is after


def test_other_columns_and_the_order_of_rows_stay() -> None:
    grids = frame(LEFT, square(10, 0, 19, 10), codes="ba", population=[7, 9])
    result = repair(grids, PARENT).grids
    assert result.drop(columns="geometry").equals(grids.drop(columns="geometry"))
    assert result.crs == grids.crs


# -- Gaps ----------------------------------------------------------------------------------------


def test_a_gap_goes_to_the_longest_border() -> None:
    # One side of the gap and both ends are b's.
    result = mended(
        LEFT, ring((10, 0), (20, 0), (20, 10), (10, 10), (10, 6), (12, 6), (12, 4), (10, 4))
    )
    assert is_square(result, "a", 0, 0, 10, 10)
    assert is_square(result, "b", 10, 0, 20, 10)
    (change,) = [change for change in result.changes if change.rule == "C101"]
    assert (change.grids, change.to) == ((), "b")
    assert change.area_m2 == pytest.approx(4)
    assert result.after.findings == []


def test_an_uncovered_edge_is_filled_to_the_boundary() -> None:
    result = mended(LEFT, square(10, 0, 18, 10))
    assert is_square(result, "b", 10, 0, 20, 10)
    assert result.after.findings == []


def test_a_gap_is_shared_out_along_the_middle_line() -> None:
    # A gap of four metres between borders with a vertex a metre.
    left = [(8.0, float(y)) for y in range(11)]
    right = [(12.0, float(y)) for y in range(10, -1, -1)]
    outer = frame(
        ring((0, 0), (8, 0), (12, 0), (20, 0), (20, 10), (12, 10), (8, 10), (0, 10)), codes="V"
    )
    shapes = (ring((0, 0), *left, (0, 10)), ring((20, 10), *right, (20, 0)))
    shared = mended(*shapes, parents=outer, fill="nearest")
    assert shape(shared, "a").area == pytest.approx(100, rel=0.03)
    assert shape(shared, "b").area == pytest.approx(100, rel=0.03)
    across = shape(shared, "a").intersection(shapely.box(0, 4, 20, 6))
    assert across.bounds[2] == pytest.approx(10, abs=0.1)
    assert shared.after.findings == []
    whole = mended(*shapes, parents=outer)
    assert sorted(shape(whole, code).area for code in "ab") == pytest.approx([80, 120])


def test_a_corridor_past_many_grids_makes_no_tentacle() -> None:
    # Eight grids, four on each side of a corridor of half a metre.
    rows = [(0.0, 4.75), (5.25, 10.0)]
    cells = [square(5 * k, low, 5 * k + 5, high) for low, high in rows for k in range(4)]
    corners = [(0, 0), (5, 0), (10, 0), (15, 0), (20, 0), (20, 4.75), (20, 5.25), (20, 10)]
    corners += [(15, 10), (10, 10), (5, 10), (0, 10), (0, 5.25), (0, 4.75)]
    result = mended(*cells, parents=frame(ring(*corners), codes="V"))
    assert result.after.findings == []
    for code in "abcdefgh":
        left, _, right, _ = shape(result, code).bounds
        assert right - left < 10.1, "none reaches past its neighbours"
        assert shape(result, code).area > 23.75 - 1e-6


def test_gaps_stay_where_nobody_is_to_fill_them() -> None:
    result = mended(LEFT, square(10, 0, 18, 10), fill="none")
    assert is_square(result, "b", 10, 0, 18, 10)
    assert reasons(result) == {"unfilled"}


def test_a_gap_as_large_as_a_grid_may_be_a_missing_one() -> None:
    result = mended(LEFT)
    assert reasons(result) == {"large"}
    assert is_square(mended(LEFT, largest_gap=1.5), "a", 0, 0, 20, 10)


def test_a_gap_that_would_be_a_spike_is_left() -> None:
    # Only its end, of a quarter of a metre, touches a grid that is not locked.
    sides = [square(0, 0, 20, 4.75), square(0, 5, 18, 10), square(18, 5, 20, 10)]
    end = square(0, 4.75, 2, 5)
    outer = [(0, 0), (20, 0), (20, 4.75), (20, 5), (20, 10), (18, 10), (0, 10), (0, 5), (0, 4.75)]
    result = mended(*sides, end, parents=frame(ring(*outer), codes="V"), locked=("a", "b", "c"))
    assert "spike" in reasons(result)
    assert is_square(result, "d", 0, 4.75, 2, 5)


def test_a_wide_hole_without_a_parent_may_be_somebody_else_s() -> None:
    def around(width: float) -> list[str]:
        hole = [(50 + width, 50), (50 + width, 50 + width), (50, 50 + width), (50, 50)]
        upper = [(0, 50), (0, 100), (100, 100), (100, 50), *hole]
        return [square(0, 0, 100, 50), ring(*upper)]  # type: ignore[arg-type]

    assert reasons(mended(*around(25), parents=None)) == {"wide"}
    assert mended(*around(25), parents=None, widest_m=30.0).after.findings == []
    assert mended(*around(5), parents=None).after.findings == []


# -- Overlaps ------------------------------------------------------------------------------------


def test_an_overlap_goes_where_its_border_is_longest() -> None:
    # A bulge of b into a: all but its foot borders on a.
    bulge = ring((10, 0), (20, 0), (20, 10), (10, 10), (10, 6), (8, 6), (8, 4), (10, 4))
    result = mended(LEFT, bulge)
    assert is_square(result, "a", 0, 0, 10, 10)
    assert is_square(result, "b", 10, 0, 20, 10)
    assert result.after.findings == []


@pytest.mark.parametrize(
    ("options", "kept_by"),
    [
        ({"winner": "first"}, "a"),
        ({"winner": "smallest"}, "b"),
        ({"declared": ("b",)}, "b"),
        ({"declared": ("b", "a")}, "b"),
        ({"declared": ("a", "b")}, "a"),
        ({"winner": "none", "declared": ("b",)}, "b"),
        ({"locked": ("b",)}, "b"),
        ({"locked": ("a",), "declared": ("b",)}, "a"),
    ],
)
def test_an_overlap_goes_to_whom_it_is_said(options: dict[str, object], kept_by: str) -> None:
    result = mended(square(0, 0, 12, 10), square(9, 0, 20, 10), **options)
    assert is_square(result, "a", 0, 0, 12 if kept_by == "a" else 9, 10)
    assert is_square(result, "b", 9 if kept_by == "b" else 12, 0, 20, 10)
    assert {finding.rule for finding in result.after.findings} <= {"C105"}


def test_nobody_said_who_keeps_it() -> None:
    result = mended(square(0, 0, 12, 10), RIGHT, winner="none")
    assert is_square(result, "a", 0, 0, 12, 10)
    assert reasons(result) == {"undecided"}


def test_a_nested_grid_is_cut_out_of_the_other() -> None:
    result = mended(LEFT, RIGHT, square(12, 2, 14, 4))
    assert is_square(result, "c", 12, 2, 14, 4)
    assert shape(result, "b").area == pytest.approx(96)
    assert result.after.findings == []


def test_one_grid_twice_is_left() -> None:
    result = mended(LEFT, RIGHT, RIGHT)
    assert result.changes == []
    assert reasons(result) == {"twice"}


def test_a_swallowed_neighbour_gets_its_land_back() -> None:
    result = mended(square(0, 0, 20, 10), RIGHT)
    assert is_square(result, "a", 0, 0, 10, 10)
    assert is_square(result, "b", 10, 0, 20, 10)


def test_even_by_declaration_no_grid_loses_everything() -> None:
    assert is_square(mended(square(0, 0, 20, 10), RIGHT, declared=("a",)), "b", 10, 0, 20, 10)
    most = mended(square(0, 0, 19, 10), RIGHT, declared=("a",))
    assert is_square(most, "b", 19, 0, 20, 10)


def test_two_locked_grids_that_overlap_are_left() -> None:
    result = mended(square(0, 0, 12, 10), RIGHT, locked=("a", "b"))
    assert result.changes == []
    assert reasons(result) == {"locked"}


def test_three_on_one_spot_become_one() -> None:
    result = mended(square(0, 0, 12, 10), RIGHT, square(9, 4, 11, 6))
    assert shape(result, "c").area == pytest.approx(4), "it would lose everything"
    assert sum(shape(result, code).area for code in "abc") == pytest.approx(200)
    assert {finding.rule for finding in result.after.findings} <= {"C105"}


# -- Beyond the parent ---------------------------------------------------------------------------


def test_an_overhang_is_cut_back() -> None:
    result = mended(LEFT, square(10, 0, 21, 10))
    assert is_square(result, "b", 10, 0, 20, 10)
    (change,) = [change for change in result.changes if change.rule == "C104"]
    assert (change.grids, change.to) == (("b",), None)
    assert result.after.findings == []


def test_land_that_only_the_next_village_s_grid_covers_goes_to_its_own() -> None:
    villages = frame(LEFT, RIGHT, codes="VW")
    grids = frame(square(0, 0, 11, 10), square(11, 0, 20, 10), area_code=["V", "W"])
    result = repair(grids, villages)
    assert is_square(result, "a", 0, 0, 10, 10)
    assert is_square(result, "b", 10, 0, 20, 10)
    (change,) = result.changes
    assert (change.rule, change.grids, change.to) == ("C104", ("a",), "b")
    kept = repair(grids, villages, options=Options(fill="none"))
    assert is_square(kept, "a", 0, 0, 11, 10), "cut off, it would be in no grid"


def test_a_grid_that_lies_mostly_outside_may_be_misfiled() -> None:
    villages = frame(LEFT, RIGHT, codes="VW")
    grids = frame(LEFT, RIGHT, area_code=["V", "V"])
    result = repair(grids, villages)
    assert result.changes == []
    assert "most" in reasons(result)


def test_an_overlay_is_cut_back_to_its_area_and_takes_no_part() -> None:
    coverage = ["exclusive", "exclusive", "overlay", "overlay"]
    grids = frame(LEFT, RIGHT, square(17, 4, 22, 6), square(3, 3, 15, 5), coverage=coverage)
    result = repair(grids, PARENT)
    assert is_square(result, "c", 17, 4, 20, 6)
    assert result.grids.geometry.iloc[3] is grids.geometry.iloc[3]
    assert result.after.findings == []


# -- Borders that do not match -------------------------------------------------------------------


def test_a_missing_vertex_is_put_into_the_neighbour() -> None:
    result = mended(ring((0, 0), (10, 0), (10, 5), (10, 10), (0, 10)), RIGHT)
    assert [10.0, 5.0] in shapely.get_coordinates(shape(result, "b")).tolist()
    assert result.after.findings == []
    assert [change.code for change in result.changed] == ["b"]


def test_near_misses_are_welded_to_what_is_fixed() -> None:
    off = ring((10.004, 0.003), (20, 0), (20, 10), (9.997, 9.998))
    result = mended(LEFT, off, locked=("a",))
    assert is_square(result, "b", 10, 0, 20, 10)
    assert result.after.findings == []


def test_a_parent_s_edge_gets_no_vertex_and_it_is_said_where_it_needs_one() -> None:
    plain = frame(square(0, 0, 20, 10), codes="V")
    result = mended(LEFT, RIGHT, parents=plain)
    assert result.changes == []
    assert reasons(result) == {"vertex"}
    assert sorted((code, x - X, y - Y) for code, (x, y) in result.needed) == [
        ("V", 10.0, 0.0), ("V", 10.0, 10.0),
    ]  # fmt: skip


def test_a_vertex_that_strays_from_a_parent_s_edge_is_taken_out() -> None:
    result = mended(ring((0, 0), (5, 0.004), (10, 0), (10, 10), (0, 10)), RIGHT)
    assert shapely.get_num_coordinates(shape(result, "a")) == 5
    assert result.after.findings == []


# -- Outlines, codes, datums ---------------------------------------------------------------------


def test_an_invalid_outline_is_made_valid() -> None:
    bow = ring((0, 0), (10, 0), (10, 10), (0, 10), (0, 5), (-0.001, 5), (0.001, 5), (0, 4))
    result = mended(bow, RIGHT)
    assert result.grids.geometry.is_valid.all()
    assert "G001" in {change.rule for change in result.changes}
    assert {finding.severity for finding in result.after.findings} <= {"warning"}


def test_a_locked_invalid_outline_stays() -> None:
    bow = "POLYGON((0 0, 10 10, 10 0, 0 10, 0 0))"
    grids = frame(bow, RIGHT)
    result = repair(grids, None, options=Options(locked=("a",)))
    assert result.grids.geometry.iloc[0] is grids.geometry.iloc[0]
    assert "locked" in reasons(result)


def test_what_has_no_shape_stays_without() -> None:
    result = mended(LEFT, RIGHT, "", codes="abc")
    assert result.grids.geometry.iloc[2] is None
    assert reasons(result) == {"rule"}


def test_a_layer_that_looks_shifted_is_left_alone() -> None:
    lands = frame(*(square(1000 * k, 0, 1000 * k + 1000, 1000) for k in range(2)), codes="VW")
    cells = [square(1000 * k, y, 1000 * k + 1000, y + 500) for k in range(2) for y in (0, 500)]
    grids = frame(*cells, area_code=list("VVWW"))
    from geo.datum import gcj02_from_wgs84

    degrees = grids.to_crs(4326)
    moved = shapely.transform(
        degrees.geometry.to_numpy(),
        lambda xy: np.column_stack(gcj02_from_wgs84(xy[:, 0], xy[:, 1])),
    )
    shifted = degrees.set_geometry(gpd.GeoSeries(moved, index=grids.index, crs=4326))
    result = repair(shifted, lands.to_crs(4326))
    assert "G007" in {left.finding.rule for left in result.left}
    assert result.changes == []
    assert "shifted" in reasons(result)


# -- Households, and the account -----------------------------------------------------------------


def test_households_that_change_their_grid_are_counted() -> None:
    homes = gpd.GeoDataFrame(
        {"code": ["in the gap", "in the overlap", "elsewhere", "nowhere"]},
        geometry=[*shapely.points([(X + 19, Y + 5), (X + 9.5, Y + 5), (X + 2, Y + 2)]), None],
        crs=PLANE,
    )
    result = repair(
        frame(LEFT, square(9, 0, 18, 10)), PARENT, households=homes,
        options=Options(declared=("b",)),
    )  # fmt: skip
    by_rule = {change.rule: change.households for change in result.changes}
    assert by_rule == {"C103": 1, "C102": 1}
    assert result.households_moved == 2
    assert repair(frame(LEFT, RIGHT), PARENT).households_moved is None


def test_each_grid_s_account_adds_up() -> None:
    result = mended(square(0, 0, 12, 10), square(10, 0, 18, 10))
    assert {grid.code for grid in result.changed} == {"a", "b"}
    for grid in result.changed:
        gained = grid.before_m2 + grid.gained_m2 - grid.lost_m2
        assert grid.after_m2 == pytest.approx(gained, abs=1e-6)


def test_every_reason_stands_in_both_languages() -> None:
    for words, words_zh in WHY.values():
        assert words.endswith(".")
        assert words_zh.endswith("。")
    assert check_coverage(frame(LEFT, RIGHT), PARENT).findings == []
