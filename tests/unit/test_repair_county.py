"""The repair on counties made at random and spoiled: what it may do, and what must be so after."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo.coverage import CoverageReport
from geo.measure import Ruler
from geo.repair import Options, Repaired, repair
from geo.repair_fill import FILLS
from geo.repair_rules import WINNERS
from geo.repair_words import WHY
from tests.unit import random_county, spoiled_county

PLANE = "EPSG:4547"
CRS = (PLANE, "EPSG:4326")
FEW, MANY = 12, 400
# A repair moves a border by the tolerance, and looks for its neighbours so much further.
NEAR_M = 0.1
# Two edges of a border that lie this close to each other, in radians, make a spike.
SPIKE, SHORT_M = 1e-3, 0.01
LAND = ("C101", "C102", "C103", "C104", "C106", "G004")
UNSAFE = WHY["unsafe"][0]


def frames(seed: int, crs: str) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    county = random_county.clean(seed, villages=1 + seed % 3)
    return random_county.spoil(county, 1 + seed % 12).frames(crs)


def assert_sound(
    grids: gpd.GeoDataFrame, lands: gpd.GeoDataFrame, result: Repaired, options: Options
) -> None:
    """All that holds of every repair."""
    before, after = (f.geometry.to_numpy() for f in (grids, result.grids))
    there = ~(shapely.is_missing(before) | shapely.is_empty(before))
    assert result.grids.drop(columns="geometry").equals(grids.drop(columns="geometry"))
    assert (shapely.area(after[there]) > 0).all(), "none is emptied"
    locked = grids["code"].isin(options.locked).to_numpy()
    assert shapely.is_valid(after[there & ~locked]).all()
    same = shapely.to_wkb(before) == shapely.to_wkb(after)
    assert same[locked].all(), "locked"
    assert same[~_touched(grids, result.before)].all(), "not concerned"
    assert not [left for left in result.left if left.why == UNSAFE]
    assert len(result.left) == len([f for f in result.after.findings if f.rule[0] in "CG"])
    _assert_land_is_kept(lands, result, options)
    assert_nothing_new_is_wrong(grids, lands, result, options)
    _assert_no_spikes(before[there & ~same], after[there & ~same], result)


def _unit(grids: gpd.GeoDataFrame, metres: float) -> float:
    """Some metres in the layer's units."""
    shapes = grids.geometry.to_numpy()
    return metres / min(Ruler.of(shapes, grids.crs).metres(shapes))


def _touched(grids: gpd.GeoDataFrame, report: CoverageReport) -> np.ndarray:
    """Which grids any finding is near of, and which are invalid."""
    faults = np.array([f.geometry for f in report.findings if f.rule != "G005"], dtype=object)
    shapes, near = grids.geometry.to_numpy(), _unit(grids, NEAR_M)
    hit = shapely.STRtree(shapes).query(faults, predicate="dwithin", distance=near)[1]
    touched = ~shapely.is_valid(shapes)
    touched[hit] = True
    return touched


def _assert_land_is_kept(lands: gpd.GeoDataFrame, result: Repaired, options: Options) -> None:
    """Every place of the parents is in a grid as it was, or is told to be in none."""
    used = result.grids.geometry[~result.grids.geometry.is_empty & result.grids.geometry.notna()]
    held = shapely.union_all(used[result.grids["coverage"] != "overlay"].make_valid().to_numpy())
    parents = shapely.union_all(lands.geometry.to_numpy())
    gaps = sum(f.geometry.area for f in result.after.findings if f.rule in ("C101", "C102"))
    missing = parents.difference(held).area
    # A locked border that is off by less than the tolerance leaves a sliver that is no gap.
    slivers = sum(f.geometry.length for f in result.after.findings if f.rule == "C105")
    locked = result.grids["code"].isin(options.locked)
    slivers += shapely.length(result.grids.geometry[locked].to_numpy()).sum()
    slack = slivers * _unit(result.grids, result.after.tolerance_m)
    assert missing == pytest.approx(gaps, abs=1e-6 * parents.area + slack)
    # Where nothing is left, grids are the parents, to a millionth.
    if not {f.rule for f in result.after.findings}.intersection(LAND):
        total = shapely.area(used.to_numpy()).sum()
        assert total == pytest.approx(parents.area, rel=1e-6)


def wrong(grids: gpd.GeoDataFrame, lands: gpd.GeoDataFrame) -> BaseGeometry:
    """All land that is in no grid, in two, or beyond its grid's parent: by plain overlay."""
    used = grids[~(grids.geometry.isna() | grids.geometry.is_empty)]
    shapes = shapely.make_valid(used.geometry.to_numpy())
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    first = one < two
    parents = lands.set_index("code").geometry
    own = [parents.get(code, parents.iloc[0]) for code in used["area_code"]]
    parts = [
        shapely.union_all(parents.to_numpy()).difference(shapely.union_all(shapes)),
        *shapely.intersection(shapes[one[first]], shapes[two[first]]),
        *shapely.difference(shapes, np.array(own, dtype=object)),
    ]
    return shapely.union_all([part for part in parts if part.area > 0])


def assert_nothing_new_is_wrong(
    grids: gpd.GeoDataFrame, lands: gpd.GeoDataFrame, result: Repaired, options: Options
) -> None:
    before, after = wrong(grids, lands), wrong(result.grids, lands)
    unit = _unit(grids, options.tolerance_m)
    # Borders were welded, to a neighbour and with it to what is fixed: no more than slivers.
    assert after.difference(before.buffer(2 * unit)).buffer(-2 * unit).is_empty


def _assert_no_spikes(before: np.ndarray, after: np.ndarray, result: Repaired) -> None:
    ruler = Ruler.of(result.grids.geometry.to_numpy(), result.grids.crs)
    known = {spot for shape in before for spot in spikes(shape, ruler)}
    made = {spot for shape in after for spot in spikes(shape, ruler)}
    assert made - known == set()


def spikes(shape: BaseGeometry, ruler: Ruler) -> set[tuple[float, ...]]:
    """Vertices where a border turns back on itself over more than the tolerance."""
    out: set[tuple[float, ...]] = set()
    for ring in shapely.get_rings(shapely.get_parts([shape])):
        stored = shapely.get_coordinates(ring)[:-1]
        flat = shapely.get_coordinates(ruler.project(np.array([ring], dtype=object)))[:-1]
        back, on = np.roll(flat, 1, axis=0) - flat, np.roll(flat, -1, axis=0) - flat
        long = np.minimum(np.hypot(*back.T), np.hypot(*on.T)) > SHORT_M
        angle = np.abs(np.arctan2(_cross(back, on), (back * on).sum(axis=1)))
        out.update(map(tuple, stored[long & (angle < SPIKE)].tolist()))
    return out


def _cross(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    return np.asarray(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])


def hold(seed: int, crs: str, options: Options) -> None:
    grids, lands = frames(seed, crs)
    codes = sorted(grids["code"])
    if options.locked:
        options = replace(options, locked=codes[seed % len(codes) :: 5])
    result = repair(grids, lands, options=options)
    assert_sound(grids, lands, result, options)
    again = repair(result.grids, lands, options=options)
    assert again.changed == [], "a second repair changes nothing"


OPTIONS = st.builds(
    Options,
    fill=st.sampled_from(FILLS),
    winner=st.sampled_from(WINNERS),
    locked=st.sampled_from([(), ("some",)]),
    largest_gap=st.sampled_from([0.5, 3.0]),
)


@settings(max_examples=FEW, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(CRS), OPTIONS)
def test_of_a_spoiled_county(seed: int, crs: str, options: Options) -> None:
    hold(seed, crs, options)


@pytest.mark.slow
@settings(max_examples=MANY, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from(CRS), OPTIONS)
def test_of_many_spoiled_counties(seed: int, crs: str, options: Options) -> None:
    hold(seed, crs, options)


@pytest.mark.parametrize("crs", CRS)
@pytest.mark.parametrize(("seed", "size"), [(1, 5.0), (20, 0.05)])
def test_every_class_of_defect_is_repaired_or_said_why_not(
    seed: int, size: float, crs: str
) -> None:
    county = spoiled_county.make(seed, size)
    grids, lands = county.grids.to_crs(crs), county.lands.to_crs(crs)
    result = repair(grids, lands)
    assert not [left for left in result.left if left.why == UNSAFE]
    assert result.after.summary["errors"] == sum(
        left.finding.severity == "error" for left in result.left
    )
    rules = {left.finding.rule for left in result.left if left.finding.severity == "error"}
    assert rules < {f.rule for f in result.before.findings if f.severity == "error"}
    assert result.after.summary["errors"] < result.before.summary["errors"]
    assert repair(result.grids, lands).changed == []


@pytest.mark.parametrize("crs", CRS)
@pytest.mark.parametrize("name", ["bulge", "bite", "node_gap", "corridor", "drawn_twice", "hole"])
def test_what_one_stroke_spoils_ends_clean(name: str, crs: str) -> None:
    for seed in range(3):
        county = random_county.clean(seed, villages=2)
        stroke = random_county.STROKES[name]
        for size in (5.0, 0.05):
            county.grids.update(stroke(county, sorted(county.grids)[seed], size) or {})
        grids, lands = county.frames(crs)
        result = repair(grids, lands)
        # A grid of several pieces was one before, and a parent may want a vertex.
        left = {left.finding.rule for left in result.left}
        assert left <= {"G005", "C105"}, (seed, left)


def test_the_spikes_are_seen() -> None:
    """A test of spikes that sees none would pass everything."""
    ruler = Ruler.of(np.array([shapely.box(500_000, 3_700_000, 500_001, 3_700_001)]), PLANE)
    thin = [(0, 0), (10, 0), (10, 5), (30, 5.001), (10, 5.002), (10, 10), (0, 10)]
    spiked = shapely.transform(shapely.Polygon(thin), lambda xy: np.add(xy, (500_000, 3_700_000)))
    assert len(spikes(spiked, ruler)) == 1
    assert spikes(shapely.box(500_000, 3_700_000, 500_010, 3_700_010), ruler) == set()
