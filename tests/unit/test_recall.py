"""Every defect of every class is told, with its rule, its grids and its size, and nothing else.

The county, one village for each class, and its truth are made by :mod:`tests.unit.spoiled_county`.
"""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import affinity

from geo.coverage import check_coverage
from geo.findings import Finding
from layers.transfer import read_layer
from tests.unit import spoiled_county
from tests.unit.defects import DEFECTS, WIDTHS
from tests.unit.spoiled_county import PLANE, SHOWN, Spoiled, disagreements, make

USUAL = 0.01
# (CRS, tolerance in metres). Below any defect nothing is welded: a gap of 10 µm is land. Degrees
# need more, since their last digit is a nanometre.
CASES = [(PLANE, USUAL), ("EPSG:4326", USUAL), (PLANE, 1e-6)]
FEW, MANY = range(2), range(1000, 1060)


def told(county: Spoiled, crs: str, tolerance_m: float) -> list[Finding]:
    """What the check says, in the plane that the truth is in."""
    report = check_coverage(
        county.grids.to_crs(crs), county.lands.to_crs(crs), tolerance_m=tolerance_m
    )
    shapes = gpd.GeoSeries([f.geometry for f in report.findings], crs=crs).to_crs(PLANE)
    return [replace(f, geometry=s) for f, s in zip(report.findings, shapes, strict=True)]


@pytest.mark.parametrize(("crs", "tolerance_m"), CASES)
@pytest.mark.parametrize("seed", FEW)
def test_all_is_told_and_nothing_else(seed: int, crs: str, tolerance_m: float) -> None:
    county = make(seed)
    assert disagreements(told(county, crs, tolerance_m), county.truths, tolerance_m) == []


@pytest.mark.parametrize("size", WIDTHS)
def test_whatever_its_size(size: float) -> None:
    county = make(7, size)
    assert disagreements(told(county, PLANE, USUAL), county.truths, USUAL) == []


@pytest.mark.slow
@pytest.mark.parametrize(("crs", "tolerance_m"), CASES)
@pytest.mark.parametrize("seed", MANY)
def test_of_many_counties_in_every_size(seed: int, crs: str, tolerance_m: float) -> None:
    wrong = {}
    for size in (None, *WIDTHS):
        county = make(seed, size)
        wrong[size] = disagreements(told(county, crs, tolerance_m), county.truths, tolerance_m)
    assert {size: words for size, words in wrong.items() if words} == {}


# -- the generator and the comparer themselves ---------------------------------------------------


def test_every_class_is_made_and_every_rule_of_land_is_broken() -> None:
    county = make(1)
    assert len(county.truths) == len(DEFECTS)
    claimed = {rule for truth in county.truths for c in truth.claims for rule in c.rule.split("|")}
    assert claimed >= {f"G00{n}" for n in range(1, 8)} | {f"C10{n}" for n in range(1, 7)}
    assert make(1).grids.equals(county.grids)
    assert not make(2).grids.equals(county.grids)


def test_the_comparer_sees_what_is_left_out_moved_or_made_up() -> None:
    county = make(3, 5.0)
    findings = told(county, PLANE, USUAL)
    seen = 0
    for finding in findings:
        rest = [f for f in findings if f is not finding]
        # A shifted village has many findings, any of which may be missing.
        seen += disagreements(rest, county.truths, USUAL) != []
        if finding.rule == "G002":  # it has no place
            continue
        for made in (
            replace(finding, geometry=affinity.translate(finding.geometry, 0.0, 5000.0)),
            replace(finding, grids=("nobody",)),
            replace(finding, rule="C107"),
        ):
            assert disagreements([*rest, made], county.truths, USUAL) != []
    assert seen >= len(DEFECTS) - 10 > 0
    nests = [f for f in findings if f.rule == "C106" and len(f.grids) == 2]
    assert nests
    for finding in nests:
        larger = replace(finding, area_m2=1.01 * finding.area_m2 + 1)
        rest = [larger if f is finding else f for f in findings]
        assert disagreements(rest, county.truths, USUAL) != []


def test_it_is_written_for_other_checkers(tmp_path: Path) -> None:
    county = make(0)
    spoiled_county.write(county, tmp_path)
    read = read_layer(tmp_path / "grids.geojson").frame
    assert len(read) == len(county.grids)
    assert SHOWN in (tmp_path / "truth.json").read_text()
