"""Real files that nobody here has drawn: what the check says of them is what brute force finds."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyproj
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from geo.coverage import CoverageReport, check_coverage
from layers.transfer import read_layer
from tests.unit import arrangement_oracle as oracle
from tests.unit.county_files import Check

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason="no ../shared/data here: put the real files beside the repository"
)
TOLERANCE_M = 0.01
WARDS = DATA / "vijayawada" / "Vijayawada_Wards.geojson"
CITY = DATA / "vijayawada" / "Vijayawada_Boundary.geojson"
FOOT_M = 1200 / 3937
PRECINCTS = DATA / "franklin_precincts" / "Franklin_2015pPrecs.shp"


def polygons(path: Path) -> gpd.GeoDataFrame:
    """A file as the oracle takes it: a valid polygon a row, known by the row's number."""
    frame = read_layer(path).frame
    shapes = shapely.make_valid(shapely.force_2d(frame.geometry.to_numpy()), method="structure")
    codes = [f"row {number}" for number in range(len(frame))]
    return gpd.GeoDataFrame({"code": codes}, geometry=shapes, crs=frame.crs)


def equal_area(frame: gpd.GeoDataFrame) -> pyproj.CRS:
    """A plane about the layer's middle whose areas are those of the ellipsoid."""
    lon, lat = frame.to_crs(4326).union_all().centroid.coords[0]
    return pyproj.CRS(f"+proj=laea +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m")


def assert_agrees(report: CoverageReport, truth: oracle.Truth, *names: str) -> None:
    """The land of each class is the arrangement's: nothing left out, nothing made up, as large."""
    compare = oracle.Comparer(truth, TOLERANCE_M)
    for name in names:
        claims = truth.claims()[name]
        said = [f for f in report.findings if f.rule in oracle.CLASSES[name]]
        assert compare.missing(name, said, claims) == []
        assert compare.false(said, claims) == []
        real = [face for _, face in claims if face.is_land(TOLERANCE_M)]
        told, true = sum(f.area_m2 for f in said), sum(face.metric.area for face in real)
        # The plane that the check measures in is honest to a thousandth.
        assert told == pytest.approx(true, rel=2e-3, abs=1.0), name
    land = [face for face in truth.faces if face.is_land(TOLERANCE_M)]
    deepest = max((len(face.owners) for face in land), default=0)
    depths = [f.depth or 0 for f in report.findings if f.rule == "C103"]
    assert max(depths, default=deepest) == deepest


def enclosed(grids: gpd.GeoDataFrame, crack: float) -> BaseGeometry:
    """Land that no grid holds and that is closed off, but for cracks narrower than ``crack``.

    The holes of the union alone would leave out what a crack of a nanometre opens.
    """
    union = shapely.union_all(grids.geometry.to_numpy())
    # Grown by half of it on either side, such a crack is closed.
    parts = shapely.get_parts(union.buffer(crack / 2))
    holes = [shapely.Polygon(ring) for part in parts for ring in part.interiors]
    return shapely.union_all(holes).buffer(crack / 2).difference(union)


def test_the_wards_of_vijayawada_in_their_city(check: Check) -> None:
    wards, city = polygons(WARDS), polygons(CITY)
    truth = oracle.derive(wards, city, equal_area(city))
    report = check_coverage(wards, city, tolerance_m=TOLERANCE_M)
    assert_agrees(report, truth, "uncovered", "overlap", "C104")
    told = check(WARDS, "--within", CITY, "--code", "WARD_NO")
    summary: dict[str, Any] = json.loads(told.out)["summary"]
    assert summary["grids"] == len(wards) == 77
    claims = truth.claims()
    km2 = {name: sum(face.metric.area for _, face in claims[name]) / 1e6 for name in oracle.CLASSES}
    for key, name in (("uncovered_km2", "uncovered"), ("overlap_km2", "overlap"),
                      ("outside_km2", "C104")):  # fmt: skip
        assert summary[key] == pytest.approx(km2[name], rel=2e-3, abs=1e-6), key


def test_the_precincts_of_franklin_without_a_parent(check: Check) -> None:
    told = check(PRECINCTS, "--code", "PRECCODE")
    assert told.status == 1
    document = json.loads(told.out)
    precincts = polygons(PRECINCTS)
    truth = oracle.derive(precincts, None, equal_area(precincts))
    report = check_coverage(precincts, tolerance_m=TOLERANCE_M)
    assert_agrees(report, truth, "overlap")
    gaps = [f.geometry for f in report.findings if f.rule == "C101"]
    told, open_ = shapely.union_all(gaps), enclosed(precincts, TOLERANCE_M / FOOT_M)
    slack = 0.01 * TOLERANCE_M / FOOT_M * open_.length
    assert told.symmetric_difference(open_).area < slack < 1e-5 * open_.area
    summary = document["summary"]
    claims = truth.claims()
    overlap = sum(face.metric.area for _, face in claims["overlap"])
    assert summary["overlap_km2"] * 1e6 == pytest.approx(overlap, rel=2e-3)
    # Holes are warnings where nobody said what should be covered, and the outer border is open.
    holes = [f for f in document["findings"] if f["rule"] == "C101"]
    assert {f["severity"] for f in holes} == {"warning"}
    assert summary["outer_border_checked"] is False
    assert summary["parent_area_km2"] is None
    assert summary["blind_spots"] is None
    invalid = [f for f in document["findings"] if f["rule"] == "G001"]
    raw = read_layer(PRECINCTS).frame.geometry
    assert len({f["grids"][0] for f in invalid}) >= int((~raw.is_valid).sum()) > 0
