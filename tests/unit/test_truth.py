"""The sample county, whole: the check says what is true of it, all of it, and nothing else.

What is true is derived from the geometry and the lists by :mod:`tests.unit.arrangement_oracle`
and by plain counting; nothing here knows what was injected.
"""

from collections import Counter
from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from api.sample import SampleCounty
from geo.coverage import CoverageReport, check_coverage
from geo.findings import Finding
from tests.unit import arrangement_oracle as oracle

TOLERANCE_M = 0.01
# What a shift between WGS 84 and the datum of Chinese web maps is here, in metres, at least and
# at most (measured over the county).
SHIFT_M = (500.0, 600.0)


def layer(sample: SampleCounty, name: str) -> gpd.GeoDataFrame:
    return sample.frames[name].rename_geometry("geometry")


def villages(sample: SampleCounty) -> gpd.GeoDataFrame:
    areas = layer(sample, "area")
    return areas[areas["level"] == "village"]


@pytest.fixture(scope="module")
def report(county: SampleCounty) -> CoverageReport:
    """The check as the service runs it: appointments that are in force."""
    held = county.frames["appointment"]
    return check_coverage(
        layer(county, "grid"),
        villages(county),
        households=layer(county, "household"),
        appointments=held[held["ends_on"].isna()],
        tolerance_m=TOLERANCE_M,
    )


@pytest.fixture(scope="module")
def truth(county: SampleCounty) -> oracle.Truth:
    return oracle.derive(layer(county, "grid"), villages(county))


def by_rule(report: CoverageReport, rule: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.rule == rule]


def places(shapes: Iterable[BaseGeometry]) -> list[tuple[float, ...]]:
    return sorted(map(tuple, shapely.get_coordinates(list(shapes)).tolist()))


def test_gaps_overlaps_and_overhangs_are_the_arrangement_s(
    report: CoverageReport, truth: oracle.Truth
) -> None:
    # An overlay beyond its village is no face of the partition: see below.
    base = [f for f in report.findings if set(f.grids) <= truth.grids.keys()]
    assert oracle.disagreements(base, truth, tolerance_m=TOLERANCE_M) == []
    claims = truth.claims()
    assert {len(face.owners) for _, face in claims["overlap"]} >= {2, 3}
    assert all(claims[name] for name in ("uncovered", "overlap", "C104"))


def test_the_summary_adds_up_to_the_arrangement_s_areas(
    report: CoverageReport, truth: oracle.Truth
) -> None:
    claims = truth.claims()

    def km2(name: str) -> float:
        return sum(face.metric.area for _, face in claims[name]) / 1e6

    assert report.summary["uncovered_km2"] == pytest.approx(km2("uncovered"), rel=1e-3)
    assert report.summary["overlap_km2"] == pytest.approx(km2("overlap"), rel=1e-3)
    assert report.summary["outside_km2"] == pytest.approx(km2("C104"), rel=1e-3)


def test_overlaps_are_as_deep_as_their_deepest_face(
    report: CoverageReport, truth: oracle.Truth
) -> None:
    faces = [face for _, face in truth.claims()["overlap"] if face.is_land(TOLERANCE_M)]
    for finding in by_rule(report, "C103"):
        near = finding.geometry.buffer(1e-9)
        deepest = max(
            len(face.owners) for face in faces if near.contains(face.shape.representative_point())
        )
        assert finding.depth == deepest


def test_overlays_stay_in_their_village_or_are_told(
    county: SampleCounty, report: CoverageReport
) -> None:
    grids, lands = layer(county, "grid"), villages(county).set_index("code").geometry
    overlays = grids[grids["coverage"] == "overlay"].set_index("code")
    astray = {
        code
        for code, row in overlays.iterrows()
        if not lands[row["area_code"]].covers(row.geometry)
    }
    told = {f.grids[0] for f in by_rule(report, "C104") if f.grids[0] in overlays.index}
    assert told == astray


def test_mismatched_borders_are_where_vertices_stand_alone(
    report: CoverageReport, truth: oracle.Truth
) -> None:
    lone = oracle.mismatches(truth, TOLERANCE_M)
    told = by_rule(report, "C105")
    metric = np.array(oracle.to_metric([f.geometry for f in told], truth.crs))
    held = shapely.dwithin(metric[:, None], np.array(lone)[None, :], 2 * TOLERANCE_M)
    # A border is told only where a vertex stands alone …
    assert held.any(axis=1).all()
    # … and a vertex alone is told, as a border or because it borders on land of another finding.
    others = [f.geometry for f in report.findings if f.rule in oracle.LAND_RULES]
    land = shapely.union_all(oracle.to_metric(others, truth.crs))
    rest = np.array(lone)[~held.any(axis=0)]
    assert shapely.dwithin(land, rest, 2 * TOLERANCE_M).all()


def test_households_are_where_they_are(county: SampleCounty, report: CoverageReport) -> None:
    homes = layer(county, "household")
    wrong = oracle.household_truth(homes, layer(county, "grid"))
    for rule, codes in wrong.items():
        told = by_rule(report, rule)
        assert sum(f.households for f in told) == len(codes) > 0, rule
        if rule != "H205":
            where = homes.geometry[homes["code"].isin(codes)]
            assert places(f.geometry for f in told) == places(where), rule
    assert report.summary["households"] == len(homes)
    assert report.summary["households_uncovered"] == len(wrong["H201"])
    assert report.summary["households_in_several"] == len(wrong["H202"])
    assert report.summary["households_unlocated"] == len(wrong["H205"])


def test_stacks_are_counted(county: SampleCounty, report: CoverageReport) -> None:
    points = layer(county, "household").geometry.dropna()
    spots = Counter(zip(points.x, points.y, strict=True))
    stacks = {spot: n for spot, n in spots.items() if n >= 20}
    assert {(f.point.x, f.point.y): f.households for f in by_rule(report, "H204")} == stacks
    assert stacks


def test_grids_without_people_are_those_without_an_appointment(
    county: SampleCounty, report: CoverageReport
) -> None:
    held = county.frames["appointment"]
    held = held[held["ends_on"].isna()]
    grids = set(county.frames["grid"]["code"])
    for rule, role in (
        ("S301", "grid_worker"),
        ("S302", "grid_head"),
        ("S303", "branch_secretary"),
    ):
        without = grids - set(held.loc[held["role"] == role, "grid_code"].dropna())
        assert {f.grids[0] for f in by_rule(report, rule)} == without, rule
        assert without


def test_the_village_in_another_datum_is_the_one_that_lies_off_its_land(
    county: SampleCounty, report: CoverageReport
) -> None:
    metric = pyproj.CRS("EPSG:4547")
    grids, lands = layer(county, "grid").to_crs(metric), villages(county).to_crs(metric)
    base = grids[grids["coverage"] != "overlay"].dissolve("area_code").centroid
    off = base.distance(lands.set_index("code").geometry.centroid.reindex(base.index))
    shifted = off.index[(off > SHIFT_M[0]) & (off < SHIFT_M[1])]
    assert len(shifted) == 1
    (told,) = by_rule(report, "G007")
    assert told.area == shifted[0]
    assert SHIFT_M[0] < told.length_m < SHIFT_M[1]


def test_no_other_rule_speaks(report: CoverageReport) -> None:
    """Every finding is of a rule that a test above holds to the truth."""
    proved = oracle.LAND_RULES | {"C105", "G007", "H201", "H202", "H203", "H204", "H205"}
    assert {f.rule for f in report.findings} <= proved | {"S301", "S302", "S303"}


@pytest.mark.parametrize("epsg", [4326, 4547, 4490, 3857])
def test_of_the_clean_base_there_is_nothing_to_say(epsg: int, county: SampleCounty) -> None:
    grids = county.clean["grid"].rename_geometry("geometry").to_crs(epsg)
    areas = county.clean["area"].rename_geometry("geometry").to_crs(epsg)
    homes = county.clean["household"].rename_geometry("geometry").to_crs(epsg)
    found = check_coverage(grids, areas[areas["level"] == "village"], households=homes)
    rules = {f.rule for f in found.findings}
    assert rules == set(), [f.message for f in found.findings][:5]
    assert found.summary["blind_spots"] is False
