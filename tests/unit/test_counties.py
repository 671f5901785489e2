"""Borders between counties: what the borders alone tell is what a check of all grids tells."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.counties import Seam, border_of, join_borders, outline_of
from geo.coverage import TOLERANCE_M, check_coverage
from geo.errors import CrsError
from geo.findings import Finding
from geo.seams import Near, Told, explain_seam, near_seam
from geo.winding import winding
from tests.unit.many_counties import Counties, make
from tests.unit.random_county import EAST, NORTH

RULES = ("C101", "C102", "C103", "C104", "C105", "C106", "C107", "G004")
WIDTH_M = 1.0
MEASURES = ("area_m2", "width_m", "length_m")


def seam_of(counties: Counties, outline: gpd.GeoDataFrame | None = None) -> Seam:
    borders = [border_of(name, counties.part(name)) for name in counties.names]
    return join_borders(borders, tolerance_m=TOLERANCE_M, width_m=WIDTH_M, outline=outline)


def near_of(counties: Counties, seam: Seam) -> dict[str, Near]:
    return {name: near_seam(counties.part(name), each) for name, each in seam.wanted().items()}


def owners(counties: Counties, found: Finding) -> tuple[str, ...]:
    return tuple(sorted({counties.home[code] for code in found.grids}))


def by_all_grids(counties: Counties, outline: gpd.GeoDataFrame | None) -> Iterator[Finding]:
    """The oracle: the check of all counties' grids at once."""
    yield from (f for f in check_coverage(counties.grids, outline).findings if f.rule in RULES)


def same(mine: dict[str, Finding], theirs: dict[str, Finding], exact: bool) -> None:
    assert set(mine) == set(theirs)
    for name, one in mine.items():
        two = theirs[name]
        assert (one.rule, set(one.grids), one.depth) == (two.rule, set(two.grids), two.depth)
        for measure in MEASURES:
            # Degrees are measured in the plane of the grids that are there.
            slack = 1e-9 if exact else 2e-3
            assert getattr(one, measure) == pytest.approx(
                getattr(two, measure), rel=slack, abs=1e-6
            )


@pytest.mark.parametrize("seed", range(14))
def test_what_lies_between_counties_is_what_a_check_of_all_grids_tells(seed: int) -> None:
    crs = ("EPSG:4547", "EPSG:4490")[seed % 2]
    counties = make(seed, 6, 16, crs=crs)
    seam = seam_of(counties)
    near = near_of(counties, seam)
    found = explain_seam(seam, near)
    assert all(whose == owners(counties, each) for each, whose in found)
    theirs = {f.id: f for f in by_all_grids(counties, None) if len(owners(counties, f)) > 1}
    same({each.id: each for each, _ in found}, theirs, exact=crs == "EPSG:4547")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 300))
def test_the_same_for_many_seeds(seed: int) -> None:
    counties = make(seed, 6, 16)
    seam = seam_of(counties)
    # Which grids a sliver is filed under can hang on grids that are not there: land cannot.
    rules = [rule for rule in RULES if rule not in ("C105", "C107")]
    mine = {each.id: each for each, _ in explain_seam(seam, near_of(counties, seam))
            if each.rule in rules}  # fmt: skip
    theirs = {f.id: f for f in by_all_grids(counties, None)
              if f.rule in rules and len(owners(counties, f)) > 1}  # fmt: skip
    same(mine, theirs, exact=True)


@pytest.mark.parametrize("seed", range(8))
def test_against_an_outline_what_no_county_has_told_is_told(seed: int) -> None:
    """The first county is absent: what it should cover is a gap, of nobody's but the outline."""
    counties = make(seed, 5, 10)
    gone = counties.names[0]
    kept = counties.grids[counties.grids["code"].map(counties.home) != gone]
    counties = Counties(kept.reset_index(drop=True), counties.lands, counties.outline,
                        counties.homes, counties.home)  # fmt: skip
    names = sorted(set(kept["code"].map(counties.home)))
    own = {name: check_coverage(counties.part(name), counties.land(name)).findings
           for name in names}  # fmt: skip
    told = [Told.of(findings) for findings in own.values()]
    borders = [border_of(name, counties.part(name)) for name in names]
    seam = join_borders(
        borders, tolerance_m=TOLERANCE_M, width_m=WIDTH_M, outline=counties.outline
    )  # fmt: skip
    near = {name: near_seam(counties.part(name), each) for name, each in seam.wanted().items()}
    found = {each.id: each for each, _ in explain_seam(seam, near, told)}

    def wanted(each: Finding) -> bool:
        if each.rule not in ("C101", "C102", "C104"):
            return len(owners(counties, each)) > 1
        families = {"C104": ("C104",)}.get(each.rule, ("C101", "C102"))
        return not any(
            shapely.dwithin(other.geometry, each.point, TOLERANCE_M)
            for findings in own.values() for other in findings if other.rule in families
        )  # fmt: skip

    theirs = {f.id: f for f in by_all_grids(counties, counties.outline) if wanted(f)}
    same(found, theirs, exact=True)
    missing = max((f for f in found.values() if f.rule == "C102"), key=lambda f: f.area_m2)
    lands = counties.land(gone).geometry.iloc[0]
    assert missing.geometry.intersection(lands).area > 0.5 * lands.area
    assert missing.severity == "error"


def test_of_counties_that_meet_nothing_is_asked() -> None:
    counties = make(1, 6, 0)
    seam = seam_of(counties, counties.outline)
    assert seam.wanted() == {}
    assert explain_seam(seam, {}) == []
    # And without an outline only what is the outer border is left.
    assert seam_of(counties).wanted() == {}


def test_only_the_grids_at_the_seam_are_loaded() -> None:
    counties = make(5, 4, 6, side=6)
    seam = seam_of(counties)
    near = near_of(counties, seam)
    assert 0 < sum(len(each.grids) for each in near.values()) < 0.2 * len(counties.grids)


def at(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A box in metres from a place in the county's own plane."""
    return shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)


def squares(*codes: str, shift: float = 0.0, crs: str = "EPSG:4547") -> gpd.GeoDataFrame:
    boxes = [at(100 * n + shift, 0, 100 * n + 100 + shift, 100) for n in range(len(codes))]
    return gpd.GeoDataFrame({"code": list(codes)}, geometry=boxes, crs=crs)


def found_between(*parts: gpd.GeoDataFrame) -> list[tuple[Finding, tuple[str, ...]]]:
    named = dict(zip("ABC", parts, strict=False))
    borders = [border_of(name, part) for name, part in named.items()]
    seam = join_borders(borders, tolerance_m=TOLERANCE_M, width_m=WIDTH_M)
    near = {name: near_seam(named[name], each) for name, each in seam.wanted().items()}
    return explain_seam(seam, near)


def test_grids_of_the_same_code_are_told_apart() -> None:
    """Two counties deliver the same grids: each is named with its county."""
    found = found_between(squares("1", "2"), squares("1", "2"))
    assert [each.rule for each, _ in found] == ["G004", "G004"]
    assert {each.grids for each, _ in found} == {("A/1", "B/1"), ("A/2", "B/2")}
    assert all(whose == ("A", "B") for _, whose in found)


def test_a_grid_deep_inside_another_county_is_found() -> None:
    """No border of the one runs near the other's: the grids in between have long cancelled."""
    wide = squares(*(f"a{n}" for n in range(9)))
    inside = gpd.GeoDataFrame({"code": ["b"]}, geometry=[at(410, 30, 540, 60)],
                              crs="EPSG:4547")  # fmt: skip
    found = found_between(wide, inside)
    assert {(each.rule, frozenset(each.grids)) for each, _ in found} == {
        ("C103", frozenset({"a4", "b"})), ("C103", frozenset({"a5", "b"})),
    }  # fmt: skip
    assert sum(each.area_m2 for each, _ in found) == pytest.approx(130 * 30)


def test_land_far_from_every_county_is_missing_all_the_same() -> None:
    counties = {"A": squares("1"), "B": squares("2", shift=100)}
    far = at(5000, 0, 5100, 100)
    # Vertex by vertex what the two cover, and a piece that nobody does.
    both = shapely.coverage_union_all([part.geometry.iloc[0] for part in counties.values()])
    shell = shapely.MultiPolygon([both, far])
    outline = gpd.GeoDataFrame({"code": ["all"]}, geometry=[shell], crs="EPSG:4547")
    borders = [border_of(name, part) for name, part in counties.items()]
    seam = join_borders(borders, tolerance_m=TOLERANCE_M, width_m=WIDTH_M, outline=outline)
    near = {name: near_seam(counties[name], each) for name, each in seam.wanted().items()}
    ((found, whose),) = explain_seam(seam, near)
    assert (found.rule, found.grids, whose, found.severity) == ("C102", (), (), "error")
    assert found.geometry.equals(far)


def test_counties_in_different_systems_are_not_compared() -> None:
    with pytest.raises(CrsError, match="County B is in EPSG:4548"):
        found_between(squares("1"), squares("2", crs="EPSG:4548"))


def test_an_outline_is_the_land_of_its_grids() -> None:
    counties = make(2, 2, 0)
    name = counties.names[0]
    land = shapely.union_all(counties.part(name).geometry.to_numpy())
    drawn = outline_of(border_of(name, counties.part(name)))
    assert drawn.symmetric_difference(land).area < 1e-6 * land.area


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 4),
                          st.integers(1, 4)), min_size=1, max_size=6))  # fmt: skip
def test_winding_counts_the_polygons_that_hold_a_point(
    boxes: list[tuple[int, int, int, int]],
) -> None:
    shapes = [shapely.box(x, y, x + w, y + h) for x, y, w, h in boxes]
    rings = [shapely.get_coordinates(shapely.orient_polygons(shape)) for shape in shapes]
    ends = np.vstack([np.hstack((ring[:-1], ring[1:])) for ring in rings])
    x, y = np.meshgrid(np.arange(11) + 0.37, np.arange(11) + 0.41)
    points = np.column_stack((x.ravel(), y.ravel()))
    held = [sum(shape.contains(at) for shape in shapes) for at in shapely.points(points)]
    assert winding(points, ends).tolist() == held
