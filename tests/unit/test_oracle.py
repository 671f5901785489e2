"""The checker against brute force: it says all that is wrong, and nothing that is not."""

from collections.abc import Iterable
from dataclasses import replace

import geopandas as gpd
import pytest
import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from geo.coverage import check_coverage
from geo.households import check_households
from tests.unit import arrangement_oracle as oracle
from tests.unit import random_county

USUAL = 0.01
# (CRS, tolerance in metres). With a tolerance far below any defect nothing is welded, and all must
# be equal; degrees need more of it, since their last digit is a nanometre and noding loses some.
CASES = [("EPSG:4547", 1e-6), ("EPSG:4326", 1e-4), ("EPSG:4547", USUAL), ("EPSG:4326", USUAL)]
FEW, MANY = range(6), range(100, 150)


def frames(seed: int, defects: int, crs: str) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    county = random_county.clean(seed, villages=1 + seed % 3)
    return random_county.spoil(county, defects).frames(crs)


def compare(seed: int, crs: str, tolerance_m: float) -> None:
    grids, lands = frames(seed, 1 + seed % 12, crs)
    report = check_coverage(grids, lands, tolerance_m=tolerance_m)
    truth = oracle.derive(grids, lands)
    assert oracle.disagreements(report.findings, truth, tolerance_m=tolerance_m) == []


@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:4326"])
@pytest.mark.parametrize("seed", FEW)
def test_a_clean_county_has_no_findings(seed: int, crs: str) -> None:
    grids, lands = frames(seed, 0, crs)
    # A grid in two pieces is told as such, and is clean.
    assert {f.rule for f in check_coverage(grids, lands).findings} <= {"G005"}
    assert oracle.disagreements([], oracle.derive(grids, lands), tolerance_m=USUAL) == []


@pytest.mark.parametrize(("crs", "tolerance_m"), CASES)
@pytest.mark.parametrize("seed", FEW)
def test_defects_are_told_exactly(seed: int, crs: str, tolerance_m: float) -> None:
    compare(seed, crs, tolerance_m)


@pytest.mark.slow
@pytest.mark.parametrize(("crs", "tolerance_m"), CASES)
@pytest.mark.parametrize("seed", MANY)
def test_defects_are_told_exactly_many_times(seed: int, crs: str, tolerance_m: float) -> None:
    compare(seed, crs, tolerance_m)


# --- households -------------------------------------------------------------------------------


@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:4326"])
@pytest.mark.parametrize("seed", FEW)
def test_households_as_by_plain_loops(seed: int, crs: str) -> None:
    county = random_county.spoil(random_county.clean(seed, villages=1 + seed % 2), 6)
    grids, lands = county.frames(crs)
    overlays = county.rng.random(len(grids)) < 0.15
    grids.loc[overlays, "coverage"] = "overlay"
    households = county.households(600, crs)
    truth = oracle.household_truth(households, grids)
    result = check_households(households, grids, lands)
    assert {rule for rule, codes in truth.items() if codes} >= {"H201", "H203", "H205"}
    for rule, codes in truth.items():
        told = [f for f in result.findings if f.rule == rule]
        assert sum(f.households for f in told) == len(codes)
        # A household without a place is known by its code alone, which a finding does not list.
        if rule != "H205":
            assert places(f.geometry for f in told) == places(
                households.geometry[households["code"].isin(codes)]
            )
    assert result.uncovered == len(truth["H201"])
    assert result.in_several == len(truth["H202"])
    assert result.unlocated == len(truth["H205"])


def places(shapes: Iterable[BaseGeometry]) -> list[tuple[float, ...]]:
    return sorted(map(tuple, shapely.get_coordinates(list(shapes)).tolist()))


# --- the oracle itself ------------------------------------------------------------------------


def test_the_comparer_sees_what_is_left_out_moved_or_made_up() -> None:
    """A comparer that never objects would pass everything."""
    grids, lands = frames(5, 6, "EPSG:4547")
    truth = oracle.derive(grids, lands)
    findings = check_coverage(grids, lands).findings
    land = [f for f in findings if f.rule in oracle.LAND_RULES]
    assert len(land) > 3
    for left_out in land:
        rest = [f for f in findings if f is not left_out]
        assert oracle.disagreements(rest, truth, tolerance_m=USUAL) != []
        moved = replace(left_out, geometry=affinity.translate(left_out.geometry, 0.5))
        assert oracle.disagreements([*rest, moved], truth, tolerance_m=USUAL) != []
        other = replace(left_out, grids=("nobody",))
        if left_out.rule not in ("C101", "C102"):
            assert oracle.disagreements([*rest, other], truth, tolerance_m=USUAL) != []
