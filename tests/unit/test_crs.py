"""The plane to measure in, hidden datums, coordinates that cannot be."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import crs as geocrs
from geo.errors import CoordinateError, MissingCrsError, SwappedAxesError

COUNTY = (115.01, 33.4, 115.64, 33.8)
GEOD = pyproj.Geod(ellps="WGS84")
TO_GCJ, FROM_GCJ = geocrs.gcj02_from_wgs84, geocrs.wgs84_from_gcj02
TO_BD, FROM_BD = geocrs.bd09_from_wgs84, geocrs.wgs84_from_bd09


def layer(*polygons: shapely.Geometry | None, crs: str | None = "EPSG:4326") -> gpd.GeoDataFrame:
    codes = [f"g{i}" for i in range(len(polygons))]
    return gpd.GeoDataFrame({"code": codes}, geometry=list(polygons), crs=crs)


# --- the metric CRS ---------------------------------------------------------------------------


def bounds_in(crs: str) -> tuple[float, ...]:
    if crs == "EPSG:4326":
        return COUNTY
    return pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform_bounds(*COUNTY)


@pytest.mark.parametrize(
    ("own", "metric"),
    [
        ("EPSG:4326", "EPSG:4547"),
        ("EPSG:3857", "EPSG:4547"),
        ("EPSG:4547", "EPSG:4547"),
        ("EPSG:4548", "EPSG:4548"),
        ("EPSG:32650", "EPSG:32650"),
    ],
)
def test_the_county_is_measured_in_an_honest_plane(own: str, metric: str) -> None:
    assert geocrs.metric_crs(bounds_in(own), own).to_string() == metric


@pytest.mark.parametrize(
    ("place", "metric"),
    [
        ((80.55, 16.45, 80.70, 16.57), "EPSG:32644"),
        ((-83.2, 39.8, -82.8, 40.1), "EPSG:32617"),
        ((151.0, -34.0, 151.2, -33.8), "EPSG:32756"),
        ((116.2, 39.8, 116.5, 40.0), "EPSG:4548"),
    ],
)
def test_elsewhere_by_longitude(place: tuple[float, ...], metric: str) -> None:
    assert geocrs.metric_crs(place, "EPSG:4326").to_string() == metric
    assert geocrs.metric_crs(shapely.box(*place), "OGC:CRS84").to_string() == metric


@given(st.floats(-179, 178), st.floats(-79, 78))
@settings(max_examples=80, deadline=None)
def test_areas_are_true_to_a_thousandth_anywhere(lon: float, lat: float) -> None:
    box = shapely.segmentize(shapely.box(lon, lat, lon + 0.5, lat + 0.5), 0.05)
    plane = geocrs.metric_crs(box, "EPSG:4326")
    transformer = pyproj.Transformer.from_crs(4326, plane, always_xy=True)
    moved = shapely.transform(box, transformer.transform, interleaved=False)
    true = abs(GEOD.geometry_area_perimeter(box)[0])
    assert moved.area == pytest.approx(true, rel=1e-3)


def test_without_crs_or_bounds_there_is_no_plane() -> None:
    with pytest.raises(MissingCrsError):
        geocrs.metric_crs(COUNTY, None)
    with pytest.raises(CoordinateError):
        geocrs.metric_crs(shapely.Polygon(), "EPSG:4326")
    with pytest.raises(CoordinateError):
        geocrs.metric_crs((38500000, 3700000, 38600000, 3800000), "EPSG:4326")


def test_units() -> None:
    assert geocrs.unit_metres("EPSG:4547") == 1
    assert geocrs.unit_metres("EPSG:3735") == pytest.approx(0.3048006096)
    assert geocrs.unit_metres("EPSG:4490") == pytest.approx(111_195, abs=1)
    with pytest.raises(MissingCrsError):
        geocrs.unit_metres(None)


# --- GCJ-02 and BD-09 -------------------------------------------------------------------------


def test_published_places() -> None:
    lon, lat = TO_GCJ(116.404, 39.915)
    assert (lon, lat) == (
        pytest.approx(116.41024449916938, abs=1e-11),
        pytest.approx(39.91640428150164, abs=1e-11),
    )
    lon, lat = geocrs.bd09_from_gcj02(116.404, 39.915)
    assert (lon, lat) == (
        pytest.approx(116.41036949371029, abs=1e-11),
        pytest.approx(39.92133699351021, abs=1e-11),
    )


def test_the_county_moves_by_half_a_kilometre_and_not_abroad() -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(115.01, 115.64, 5000), rng.uniform(33.4, 33.8, 5000)
    metres = GEOD.inv(lon, lat, *TO_GCJ(lon, lat))[2]
    assert 525 < metres.min() < metres.max() < 570
    assert [float(v) for v in TO_GCJ(-82.9, 40.0)] == [-82.9, 40.0]


@pytest.mark.parametrize(("there", "back"), [(TO_GCJ, FROM_GCJ), (TO_BD, FROM_BD)])
def test_the_way_back_is_exact_and_the_same_in_any_batch(there, back) -> None:  # noqa: ANN001
    rng = np.random.default_rng(2)
    lon, lat = rng.uniform(74, 134, 3001), rng.uniform(19, 53, 3001)
    shifted = there(lon, lat)
    found = np.array(back(*shifted))
    assert np.abs(found - [lon, lat]).max() * 111e3 < 1e-7

    alone = np.array([back(x, y) for x, y in zip(*shifted, strict=True)]).T
    order = rng.permutation(3001)
    shuffled = np.array(back(shifted[0][order], shifted[1][order]))
    strided = np.array(back(shifted[0][1::7], shifted[1][1::7]))
    assert (alone == found).all()
    assert (shuffled == found[:, order]).all()
    assert (strided == found[:, 1::7]).all()


# --- plausibility -----------------------------------------------------------------------------


def test_a_plausible_layer_passes_with_its_missing_geometries() -> None:
    geocrs.assert_plausible(layer(shapely.box(*COUNTY), None, shapely.Polygon()))
    geocrs.assert_plausible(layer(shapely.box(*bounds_in("EPSG:4547")), crs="EPSG:4547"))
    geocrs.assert_plausible(layer(shapely.box(*bounds_in("EPSG:3857")), crs="EPSG:3857"))


def test_no_crs_is_an_error_never_a_default() -> None:
    with pytest.raises(MissingCrsError, match="--crs"):
        geocrs.assert_plausible(layer(shapely.box(*COUNTY), crs=None))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_that_is_none_is_refused_by_row(value: float) -> None:
    with np.errstate(invalid="ignore"):
        bad = shapely.polygons([(115, 33), (116, value), (116, 34), (115, 33)])
    with pytest.raises(CoordinateError) as error:
        geocrs.assert_plausible(layer(shapely.box(*COUNTY), bad))
    assert error.value.where["row"] == 2
    assert error.value.where["code"] == "g1"


def test_swapped_axes() -> None:
    west, south, east, north = COUNTY
    with pytest.raises(SwappedAxesError):
        geocrs.assert_plausible(layer(shapely.box(south, west, north, east)))
    west, south, east, north = bounds_in("EPSG:4547")
    with pytest.raises(SwappedAxesError):
        geocrs.assert_plausible(layer(shapely.box(south, west, north, east), crs="EPSG:4547"))


@pytest.mark.parametrize(
    ("bounds", "crs", "cure"),
    [
        (COUNTY, "EPSG:4547", "degrees"),
        (bounds_in("EPSG:4547"), "EPSG:4326", "metres"),
        (bounds_in("EPSG:4526"), "EPSG:4547", "zone number"),
        ((115, 33, 400, 34), "EPSG:4326", "Check the CRS"),
    ],
)
def test_out_of_range_says_the_cure(bounds: tuple[float, ...], crs: str, cure: str) -> None:
    with pytest.raises(CoordinateError, match=cure) as error:
        geocrs.assert_plausible(layer(None, shapely.box(*bounds), crs=crs))
    assert error.value.where["row"] == 2
