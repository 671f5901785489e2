"""Whatever is wrong with a file: one clear line and status 2, or a finding, and never a crash."""

import os
from pathlib import Path
from typing import Any

import pytest
import shapely

from tests.unit.county_files import (
    LAT,
    LON,
    SIDE,
    Check,
    feature,
    geojson,
    points,
    polygon_wkb,
    refused,
    square,
    villages,
    write,
    write_raw,
)

A, B = feature("a", square(0)), feature("b", square(1))


def test_the_files_that_these_tests_spoil_are_fine(check: Check, tmp_path: Path) -> None:
    ran = check(geojson(tmp_path / "grids.geojson", A, B))
    assert (ran.status, ran.err, ran.findings) == (0, "", [])


# -- Not a spatial file ----------------------------------------------------------------------------


def test_a_file_that_is_not_there(check: Check, tmp_path: Path) -> None:
    refused(
        check(tmp_path / "nowhere.geojson"), "nowhere.geojson", "no such file", "Check its name"
    )


def test_a_name_that_no_file_can_have(check: Check, tmp_path: Path) -> None:
    refused(check(tmp_path / f"{'n' * 300}.shp"), "nnn.shp", "cannot be read", "Check its name")


def test_a_folder(check: Check, tmp_path: Path) -> None:
    refused(check(tmp_path), tmp_path.name, "folder", "Name a file in it")
    (tmp_path / "empty.gdb").mkdir()
    refused(check(tmp_path / "empty.gdb"), "empty.gdb", "not a spatial file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(check: Check, tmp_path: Path) -> None:
    path = geojson(tmp_path / "secret.geojson", A)
    path.chmod(0)
    refused(check(path), "secret.geojson", "cannot be read", "may read it")


ENDINGS = ("geojson", "json", "gpkg", "shp", "zip", "kml", "kmz", "parquet", "csv", "txt", "png")


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_bytes(check: Check, tmp_path: Path, ending: str) -> None:
    refused(check(write(tmp_path / f"e.{ending}", b"")), f"e.{ending}", "0 bytes", "Export it")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\xff\xfe\0\0", b"hello, world\n"])
def test_not_a_spatial_file(check: Check, tmp_path: Path, ending: str, data: bytes) -> None:
    refused(check(write(tmp_path / f"junk.{ending}", data), "--crs", "EPSG:4326"), f"junk.{ending}")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('{"a": 1}', "no GeoJSON"),
        ("[1, 2]", "no GeoJSON"),
        ("3", "no GeoJSON"),
        ("null", "no GeoJSON"),
        ("no JSON at all", "line 1, column 1"),
        ("[" * 100_000, "nested too deep"),
        ('{"type": "FeatureCollection"}', "no list of features"),
        ('{"type": "FeatureCollection", "features": null}', "no list of features"),
        ('{"type": "FeatureCollection", "features": []}', "no rows"),
        ('{"type": "FeatureCollection", "features": [null]}', "row 1"),
        ('{"type": "FeatureCollection", "features": ["a"]}', "row 1"),
        ('{"type": "Feature", "properties": {}, "geometry": 5}', "row 1"),
    ],
)
def test_json_that_is_no_geojson(check: Check, tmp_path: Path, words: str, said: str) -> None:
    refused(check(write(tmp_path / "x.json", words)), "x.json", said)


def test_a_geojson_cut_short(check: Check, tmp_path: Path) -> None:
    whole = geojson(tmp_path / "whole.geojson", A, B).read_bytes()
    for length in (20, len(whole) // 2, len(whole) - 1):
        cut = write(tmp_path / "cut.geojson", whole[:length])
        refused(check(cut), "cut.geojson", "not JSON", "line 1", "cut short")


@pytest.mark.parametrize("ending", ["gpkg", "parquet", "shp"])
def test_a_binary_file_cut_short(check: Check, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"cut.{ending}"
    frame = villages()
    frame.to_parquet(path) if ending == "parquet" else frame.to_file(path)
    write(path, path.read_bytes()[: path.stat().st_size // 2])
    refused(check(path), f"cut.{ending}")


def test_a_shapefile_without_its_parts(check: Check, tmp_path: Path) -> None:
    for part in (".shx", ".dbf"):
        path = tmp_path / f"{part[1:]}.shp"
        villages().to_file(path)
        path.with_suffix(part).unlink()
        refused(check(path), path.name, f"no {part}", "Copy all of them")


def test_a_table_without_geometry(check: Check, tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"code": ["a"]}).to_parquet(tmp_path / "list.parquet")
    refused(check(tmp_path / "list.parquet"), "list.parquet", "GeoParquet")


# -- The coordinate system -------------------------------------------------------------------------


def test_no_coordinate_system(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "grids.shp"
    villages().to_file(path)
    path.with_suffix(".prj").unlink()
    refused(check(path), "grids.shp", "coordinate system", "--crs", "EPSG:4490")
    assert check(path, "--crs", "EPSG:4490").status == 0


@pytest.mark.parametrize("words", ["EPSG:banana", "banana", "", "EPSG:999999", "EPSG:5773",
                                   "EPSG:4978", "WGS84-ish"])  # fmt: skip
def test_a_coordinate_system_that_is_none(check: Check, tmp_path: Path, words: str) -> None:
    path = geojson(tmp_path / "grids.geojson", A)
    if not words:
        assert check(path, "--crs", words).status == 0
        return
    refused(check(path, "--crs", words), "grids.geojson", words, "EPSG:4547")


def test_a_coordinate_system_that_the_file_misnames(check: Check, tmp_path: Path) -> None:
    said = {"type": "name", "properties": {"name": "county grid"}}
    path = geojson(tmp_path / "grids.geojson", A, crs=said)
    refused(check(path), "grids.geojson", "county grid", "--crs")
    assert check(path, "--crs", "EPSG:4326").status == 0


def test_a_local_coordinate_system(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "local.shp"
    villages().to_file(path)
    path.with_suffix(".prj").write_text('LOCAL_CS["City 1954",UNIT["metre",1]]')
    refused(check(path), "local.shp", "--crs")


def test_metres_that_are_said_to_be_degrees(check: Check, tmp_path: Path) -> None:
    ring = [[500000, 3700000], [500100, 3700000], [500100, 3700100], [500000, 3700000]]
    path = geojson(tmp_path / "metres.geojson", A, feature("m", ring))
    refused(check(path), "metres.geojson", "row 2", "code m", "--crs")


def test_degrees_that_are_said_to_be_metres(check: Check, tmp_path: Path) -> None:
    path = geojson(tmp_path / "grids.geojson", A)
    refused(check(path, "--crs", "EPSG:4547"), "grids.geojson", "row 1", "--crs EPSG:4326")


def test_a_zone_number_before_the_eastings(check: Check, tmp_path: Path) -> None:
    villages().to_crs(4526).set_crs(4547, allow_override=True).to_file(tmp_path / "zone.gpkg")
    refused(check(tmp_path / "zone.gpkg"), "zone.gpkg", "row 1", "prefix")


def test_swapped_axes(check: Check, tmp_path: Path) -> None:
    swapped = [[lat, lon] for lon, lat in square()]
    path = geojson(tmp_path / "swapped.geojson", feature("a", swapped))
    refused(check(path), "swapped.geojson", "row 1", "code a", "Exchange x and y")


def test_gcj_02_of_coordinates_that_are_no_degrees(check: Check, tmp_path: Path) -> None:
    villages().to_crs(4547).to_file(tmp_path / "grids.gpkg")
    refused(check(tmp_path / "grids.gpkg", "--crs", "GCJ-02"), "grids.gpkg", "row 1", "--crs")


# -- Empty, NaN, duplicates, kinds -----------------------------------------------------------------


def test_no_rows(check: Check, tmp_path: Path) -> None:
    villages().iloc[:0].to_file(tmp_path / "none.gpkg")
    refused(check(tmp_path / "none.gpkg"), "none.gpkg", "no rows", "right one")


def test_no_polygon_at_all(check: Check, tmp_path: Path) -> None:
    path = points(tmp_path / "points.geojson", ("p", 0, 0))
    refused(check(path), "points.geojson", "No row is a polygon", "Point", "right layer")
    refused(check(geojson(tmp_path / "bare.geojson", feature("a"))), "bare.geojson", "polygon")


@pytest.mark.parametrize(
    "nothing",
    [
        feature("b"),
        feature("b", kind="Polygon") | {"geometry": {"type": "Polygon", "coordinates": []}},
        feature("b", []),
    ],
)
def test_a_row_without_a_polygon_is_a_finding(
    check: Check, tmp_path: Path, nothing: dict[str, Any]
) -> None:
    ran = check(geojson(tmp_path / "grids.geojson", A, nothing))
    assert ran.status == 1
    assert ran.only("G002")["grids"] == ["b"]


def test_mixed_kinds_are_findings_of_the_rows_that_are_no_polygons(
    check: Check, tmp_path: Path
) -> None:
    line = feature("l", [[LON, LAT], [LON + SIDE, LAT]], kind="LineString")
    point = feature("p", [LON, LAT], kind="Point")
    ran = check(geojson(tmp_path / "mixed.geojson", A, point, line, B))
    assert ran.status == 1
    found = [(finding["rule"], finding["grids"]) for finding in ran.findings]
    assert sorted(found) == [("G002", ["l"]), ("G002", ["p"])]
    assert all(finding["fix"] for finding in ran.findings)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "null", '"115.0"', "{}"])
@pytest.mark.parametrize("vertex", [0, 2])
def test_a_coordinate_that_is_no_number(
    check: Check, tmp_path: Path, value: str, vertex: int
) -> None:
    ring: list[Any] = square(1)
    ring[vertex] = ["HERE", LAT]
    if vertex == 0:
        ring[-1] = ring[0]
    path = geojson(tmp_path / "bad.geojson", A, feature("b", ring))
    path.write_text(path.read_text().replace('"HERE"', value))
    refused(check(path), "bad.geojson", "row 2", "code b", "source")


def test_nan_in_a_geopackage(check: Check, tmp_path: Path) -> None:
    ring = [tuple(vertex) for vertex in square(1)]
    ring[2] = (float("nan"), LAT)
    path = write_raw(tmp_path / "nan.gpkg", ["a", "b"], [polygon_wkb(square(0)), polygon_wkb(ring)])
    refused(check(path), "nan.gpkg", "row 2", "code b", "NaN", "Redraw")


def test_duplicate_codes_are_a_finding(check: Check, tmp_path: Path) -> None:
    ran = check(geojson(tmp_path / "twice.geojson", A, feature("a", square(1))))
    assert ran.status == 1
    found = ran.only("G003")
    assert found["grids"] == ["a"]
    assert "2 times" in found["message"]
    assert "of its own" in found["fix"]


def test_a_self_crossing_ring_is_a_finding_and_the_rest_is_checked(
    check: Check, tmp_path: Path
) -> None:
    left, right, low, high = LON + SIDE, LON + 2 * SIDE, LAT, LAT + SIDE
    bow = [[left, low], [right, high], [right, low], [left, high], [left, low]]
    overlap = feature("c", square(0.5))
    ran = check(geojson(tmp_path / "bow.geojson", A, feature("b", bow), overlap))
    found = ran.only("G001")
    assert found["grids"] == ["b"]
    assert "self-intersection" in found["message"]
    assert found["point"] == pytest.approx([(left + right) / 2, (low + high) / 2])
    assert "C103" in {finding["rule"] for finding in ran.findings}


def test_heights_are_left_out_and_counted(check: Check, tmp_path: Path) -> None:
    high = feature("b", [[*vertex, 5.0] for vertex in square(1)])
    ran = check(geojson(tmp_path / "z.geojson", A, high))
    assert (ran.status, ran.findings) == (0, [])
    assert ran.err.splitlines() == [
        "wangge: z.geojson: 1 row has heights (Z) or measures (M); they are left out, "
        "the check is of the plane."
    ]


# -- Text ------------------------------------------------------------------------------------------


def test_text_that_is_not_what_it_is_said_to_be(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "gbk.geojson"
    path.write_bytes(villages().to_json(ensure_ascii=False).encode("gbk"))
    refused(check(path, "--encoding", "UTF-8"), "gbk.geojson", "not UTF-8", "--encoding GBK")
    refused(check(path, "--encoding", "klingon"), "gbk.geojson", "klingon", "--encoding")
    ran = check(path)
    assert (ran.status, ran.findings) == (0, [])


def test_gbk_names_reach_the_sentence(check: Check, tmp_path: Path) -> None:
    path = tmp_path / "gbk.shp"
    villages().assign(编码=["a", "a"]).to_file(path, encoding="GBK")
    path.with_suffix(".cpg").write_text("UTF-8")
    frame = villages().assign(geometry=[shapely.Polygon(square(0)), shapely.Polygon(square(0.5))])
    frame.to_file(tmp_path / "over.shp", encoding="GBK")
    (tmp_path / "over.cpg").write_text("UTF-8")
    ran = check(tmp_path / "over.shp")
    assert "澜禾村" in ran.only("C103")["message_zh"]
    assert "over.shp: The text is read as GB18030." in ran.err
