"""Options and lists of households that cannot be, and the limits that an operator sets."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from tests.unit.county_files import (
    LAT,
    LON,
    SIDE,
    Check,
    feature,
    geojson,
    refused,
    square,
    villages,
    write,
)

A, B = feature("a", square(0)), feature("b", square(1))


@pytest.fixture
def grids(tmp_path: Path) -> Path:
    return geojson(tmp_path / "grids.geojson", A, B)


def test_a_list_without_coordinates(check: Check, tmp_path: Path, grids: Path) -> None:
    path = write(tmp_path / "list.csv", "code,address\n1,x\n")
    refused(
        check(grids, "--households", path), "list.csv", "code", "address", "lon and lat", "经度"
    )


def test_a_csv_needs_to_be_told_its_coordinate_system(
    check: Check, tmp_path: Path, grids: Path
) -> None:
    path = write(tmp_path / "homes.csv", f"code,lon,lat\n1,{LON + SIDE / 2},{LAT + SIDE / 2}\n")
    refused(check(grids, "--households", path), "homes.csv", "--crs")
    ran = check(grids, "--households", path, "--crs", "EPSG:4326")
    assert (ran.status, ran.findings) == (0, [])


def test_grids_in_metres_and_households_in_degrees(check: Check, tmp_path: Path) -> None:
    villages().to_crs(4547).to_file(tmp_path / "grids.gpkg")
    path = write(tmp_path / "homes.csv", f"code,lon,lat\n1,{LON + SIDE / 2},{LAT + SIDE / 2}\n")
    ran = check(tmp_path / "grids.gpkg", "--households", path, "--households-crs", "EPSG:4326")
    assert (ran.status, ran.findings) == (0, [])
    assert "homes.csv: transformed from EPSG:4326" in ran.err


def test_a_coordinate_in_a_csv_that_is_none(check: Check, tmp_path: Path, grids: Path) -> None:
    path = write(tmp_path / "homes.csv", "code,lon,lat\n1,115.005,33.005\n2,abc,33\n3,,\n")
    ran = check(grids, "--households", path, "--crs", "EPSG:4326")
    refused(ran, "homes.csv", "row 2", "line 3", "abc", "lon", "plain number")


def test_swapped_columns_of_a_csv(check: Check, tmp_path: Path, grids: Path) -> None:
    path = write(tmp_path / "homes.csv", "code,lon,lat\nh1,33.005,115.005\n")
    ran = check(grids, "--households", path, "--crs", "EPSG:4326")
    refused(ran, "homes.csv", "row 1", "code h1", "Exchange x and y")


def test_a_household_without_a_place_is_a_finding(
    check: Check, tmp_path: Path, grids: Path
) -> None:
    path = write(tmp_path / "homes.csv", "code,lon,lat\n1,115.005,33.005\n2,,\n")
    ran = check(grids, "--households", path, "--crs", "EPSG:4326")
    assert ran.status == 0, "a warning is no error"
    assert ran.only("H205")["severity"] == "warning"


def test_a_household_is_a_point(check: Check, tmp_path: Path, grids: Path) -> None:
    path = geojson(tmp_path / "homes.geojson", feature("h", [LON, LAT], kind="Point"), A)
    ran = check(grids, "--households", path)
    refused(ran, "homes.geojson", "row 2", "code a", "Polygon", "one point")
    inside = [[LON + SIDE / 2, LAT + SIDE / 2]]
    path = geojson(tmp_path / "multi.geojson", feature("h", inside, kind="MultiPoint"))
    assert check(grids, "--households", path).findings == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('code,wkt\na,"POLYGON((115 33,115.1 33,115.1 33.1,115 33))"\nb,banana\n', "row 2"),
        ("code,wkt\n", "no rows"),
        ("code,wkt\na,b,c,d\n", "row 1"),
        ("code,wkt\na,POINT EMPTY\nb,c,d\n", "line 3"),
        ("\n\n", "not a table"),
        ("code,lon,lat\na,115,33\n", "No row is a polygon"),
    ],
)
def test_a_table_that_is_not_well_formed(
    check: Check, tmp_path: Path, words: str, said: str
) -> None:
    path = write(tmp_path / "grids.csv", words)
    refused(check(path, "--crs", "EPSG:4326"), "grids.csv", said)


# -- Options ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--layer", "nope"], ("grids.geojson", "nope", "--layer: grids")),
        (["--code", "nope"], ("grids.geojson", "nope", "There are: code")),
        (["--parent", "nope"], ("grids.geojson", "nope")),
        (["--coverage", "nope"], ("grids.geojson", "nope")),
        (["--coverage", "code"], ("grids.geojson", "“a”", "row 1", "exclusive")),
        (["--rules", "Z9"], ("Z9", "C101")),
        (["--rules", "+C,-C999"], ("-C999", "C101")),
        (["--rules", "-"], ("“-”",)),
        (["--format", "pdf"], ("pdf", "sarif")),
        (["--lang", "fr"], ("fr", "zh, en")),
        (["--today", "soon"], ("soon", "2026-01-31")),
        (["--tolerance", "-1"], ("--tolerance",)),
        (["--tolerance", "nan"], ("--tolerance",)),
        (["--tolerance", "wide"], ("--tolerance",)),
        (["--accepted", "nowhere.json"], ("nowhere.json", "until")),
        (["--within", "nowhere.geojson"], ("nowhere.geojson",)),
        (["--households", "nowhere.csv"], ("nowhere.csv",)),
        (["--shout"], ("--shout", "--help")),
    ],
)
def test_options_that_cannot_be(
    check: Check, grids: Path, options: list[str], said: tuple[str, ...]
) -> None:
    refused(check(grids, *options), *said)


@pytest.mark.parametrize("words", ["{bad", '{"id": "a"}', "[[1]]", '[{"id": "a", "until": "x"}]'])
def test_a_file_of_exceptions_that_is_none(
    check: Check, tmp_path: Path, grids: Path, words: str
) -> None:
    path = write(tmp_path / "accepted.json", words)
    refused(check(grids, "--accepted", path), "accepted.json", "one identifier a line")


def test_an_ending_that_is_no_format(check: Check, tmp_path: Path, grids: Path) -> None:
    ran = check(grids, "-o", tmp_path / "report.docx", form=None)
    refused(ran, "report.docx", ".docx", ".html", "--format")
    assert not (tmp_path / "report.docx").exists()


def test_no_folder_to_write_to(check: Check, tmp_path: Path, grids: Path) -> None:
    before = sorted(tmp_path.iterdir())
    ran = check(grids, "-o", tmp_path / "missing" / "report.json")
    refused(ran, "report.json", "missing", "Make it first")
    refused(check(grids, "-o", tmp_path), tmp_path.name, "folder")
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_is_left_half_written(check: Check, tmp_path: Path, grids: Path) -> None:
    # The longest name that fits leaves no room for the name of what is being written.
    ran = check(grids, "-o", tmp_path / f"{'r' * 250}.json")
    refused(ran, "rrr.json", "cannot be written", "-o")
    assert [path.name for path in tmp_path.iterdir()] == ["grids.geojson"]


# -- Limits ----------------------------------------------------------------------------------------


def test_a_boundary_of_a_million_vertices_is_normal(
    check: Check, tmp_path: Path, limits: Callable[..., None]
) -> None:
    angle = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    ring = np.column_stack((LON + 0.1 * np.cos(angle), LAT + 0.1 * np.sin(angle)))
    frame = gpd.GeoDataFrame({"code": ["V"]}, geometry=[shapely.Polygon(ring)], crs=4326)
    frame.to_file(tmp_path / "boundary.gpkg")
    frame.to_file(tmp_path / "grids.gpkg")
    ran = check(tmp_path / "grids.gpkg", "--within", tmp_path / "boundary.gpkg")
    assert (ran.status, ran.findings) == (0, [])
    limits(WANGGE_MAX_VERTICES="1000000")
    refused(check(tmp_path / "grids.gpkg"), "grids.gpkg", "1,000,001", "WANGGE_MAX_VERTICES")


def test_the_limits_are_documented(check: Check) -> None:
    ran = check("--help")
    assert ran.status == 0
    for name in ("WANGGE_MAX_VERTICES", "WANGGE_MAX_UNZIPPED_MB"):
        assert name in ran.out
