"""Layers in batches: every format, its text, types and places as the file has them."""

import datetime as dt
import decimal
import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from layers.transfer import TransferError
from layers.transfer.batches import as_text
from tests.unit.county_files import feature, geojson, polygon_wkb, square, villages, write_raw
from tests.unit.taken_files import Taken, packed, take

NAMES = ["澜禾村", "禾塘社区"]


def same(read: Taken, crs: str | None = "EPSG:4326") -> None:
    """The two villages, bit for bit, with their Chinese headers and names."""
    assert read.columns["编码"] == ["a", "b"]
    assert read.columns["名称"] == NAMES
    assert read.rows == [1, 2]
    assert read.shapes is not None
    for shape, meant in zip(read.shapes, villages().geometry, strict=True):
        # A Shapefile turns rings around, KML adds heights; a vertex stays the vertex that it was.
        found = shapely.get_parts([shapely.force_2d(shape)])
        assert len(found) == 1
        assert {*map(tuple, shapely.get_coordinates(found))} == {
            *map(tuple, shapely.get_coordinates(meant))
        }
    assert (read.source.crs is None) == (crs is None)
    assert (read.opened, read.faults) == ({}, {})


# -- layers --------------------------------------------------------------------------------------


def write(path: Path) -> Path:
    frame = villages()
    if path.suffix in (".parquet", ".geoparquet"):
        frame.to_parquet(path)
    elif path.suffix in (".geojson", ".json"):
        path.write_text(frame.to_json(ensure_ascii=False, drop_id=True), encoding="utf-8")
    elif path.suffix == ".fgb":
        frame.to_file(path, SPATIAL_INDEX="NO")
    else:
        frame.to_file(path)
    return path


@pytest.mark.parametrize("ending", ["geojson", "json", "gpkg", "shp", "parquet", "geoparquet",
                                    "fgb", "GPKG"])  # fmt: skip
def test_layers(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"网格.{ending}")
    read = take(path)
    same(read)
    assert read.source.headers == ["编码", "名称"]
    assert read.source.rows in (2, None)
    assert read.source.notes == []


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "shp"])
def test_layers_in_a_zip(tmp_path: Path, ending: str) -> None:
    same(take(packed(write(tmp_path / f"网格.{ending}"))))


@pytest.mark.parametrize("driver", ["KML", "LIBKML"])
def test_kml_and_kmz(tmp_path: Path, driver: str) -> None:
    villages().to_file(tmp_path / "v.kml", driver=driver)
    same(take(tmp_path / "v.kml"))
    with zipfile.ZipFile(tmp_path / "v.kmz", "w") as archive:
        archive.write(tmp_path / "v.kml", "doc.kml")
    same(take(tmp_path / "v.kmz"))


def test_a_layer_of_several_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "several.gpkg"
    villages().to_file(path, layer="north")
    villages().iloc[:1].to_file(path, layer="south")
    with pytest.raises(TransferError, match=r"2 layers.*several.gpkg.*--layer: north, south"):
        take(path)
    for each in (path, packed(path)):
        same(take(each, layer="north"))
        assert take(each, layer="south").rows == [1]
        with pytest.raises(TransferError, match="no layer “west”"):
            take(each, layer="west")


def test_a_list_in_a_geopackage_has_no_places(tmp_path: Path) -> None:
    pyogrio.write_dataframe(pd.DataFrame({"编码": ["007"], "n": [4]}), tmp_path / "list.gpkg")
    read = take(tmp_path / "list.gpkg")
    assert read.shapes is None
    assert read.columns == {"编码": ["007"], "n": ["4"]}


def test_rows_without_a_shape(tmp_path: Path) -> None:
    frame = villages()
    frame.loc[0, "geometry"] = None
    for ending in ("gpkg", "shp", "parquet", "geojson"):
        path = tmp_path / f"v.{ending}"
        frame.to_parquet(path) if ending == "parquet" else frame.to_file(path)
        read = take(path)
        assert read.shapes is not None
        assert [shape is None for shape in read.shapes] == [True, False]


def test_open_rings_are_closed_and_said(tmp_path: Path) -> None:
    cell = square()
    blobs = [polygon_wkb(cell), polygon_wkb(cell[:-1]), polygon_wkb(cell)]
    read = take(write_raw(tmp_path / "open.gpkg", ["a", "b", "c"], blobs))
    assert read.opened == {2: tuple(cell[0])}
    assert read.shapes is not None
    assert all(shape.equals(shapely.Polygon(cell)) for shape in read.shapes)


def test_what_geojson_says_of_its_crs(tmp_path: Path) -> None:
    path = tmp_path / "g.geojson"
    ring = [[500000, 3700000], [500100, 3700000], [500100, 3700100], [500000, 3700000]]
    for name, crs, said in (
        ("urn:ogc:def:crs:EPSG::4547", "EPSG:4547", ""),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", ""),
        ("西安80", None, "西安80"),
    ):
        member = {"type": "name", "properties": {"name": name}}
        source = take(geojson(path, feature("a", ring), crs=member)).source
        assert (source.crs, source.said_crs) == (crs, said)


# -- Shapefiles ----------------------------------------------------------------------------------


def shapefile(folder: Path, encoding: str, said: str | None) -> Path:
    """A Shapefile in an encoding, whose .cpg says this, or is not there."""
    path = folder / "网格.shp"
    villages().to_file(path, encoding=encoding)
    path.with_suffix(".cpg").unlink()
    if said is not None:
        path.with_suffix(".cpg").write_text(said)
    return path


@pytest.mark.parametrize("encoding", ["GBK", "GB18030", "UTF-8"])
@pytest.mark.parametrize("said", ["as it is", None, "UTF-8", "utf8\n"])
def test_a_shapefiles_text_loose_and_zipped(
    tmp_path: Path, encoding: str, said: str | None
) -> None:
    path = shapefile(tmp_path, encoding, encoding if said == "as it is" else said)
    for each in (path, packed(path)):
        read = take(each)
        same(read)
        guessed = encoding != "UTF-8" and said != "as it is"
        assert read.source.notes == ["The text is read as GB18030."] * guessed


def test_an_encoding_that_is_told_wins(tmp_path: Path) -> None:
    path = tmp_path / "hk.shp"
    frame = villages().rename(columns={"编码": "code", "名称": "name"})
    frame.assign(name=["瀾禾村", "禾塘社區"]).to_file(path, encoding="Big5")
    path.with_suffix(".cpg").unlink()
    assert take(path, encoding="Big5").columns["name"] == ["瀾禾村", "禾塘社區"]
    with pytest.raises(TransferError, match=r"UTF-8.*--encoding"):
        take(path, encoding="UTF-8")
    with pytest.raises(TransferError, match=r"not klingon.*--encoding"):
        take(path, encoding="klingon")


def test_a_shapefile_without_its_prj_says_no_crs(tmp_path: Path) -> None:
    path = write(tmp_path / "v.shp")
    path.with_suffix(".prj").unlink()
    for each in (path, packed(path)):
        same(take(each), crs=None)


@pytest.mark.parametrize("part", [".shx", ".dbf"])
def test_a_shapefile_that_lacks_a_part(tmp_path: Path, part: str) -> None:
    path = write(tmp_path / "v.shp")
    path.with_suffix(part).unlink()
    for each in (path, packed(path)):
        with pytest.raises(TransferError, match=f"no {part}"):
            take(each)


# -- GeoParquet ----------------------------------------------------------------------------------


def parquet(path: Path, said: dict[str, Any] | None) -> Path:
    table = pa.table({"编码": ["a"], "geometry": [shapely.to_wkb(shapely.Point(115, 33))]})
    geo = {"primary_column": "geometry", "columns": {"geometry": said}}
    known = {} if said is None else {b"geo": json.dumps(geo).encode()}
    pq.write_table(table.replace_schema_metadata(known), path)
    return path


@pytest.mark.parametrize(
    ("said", "crs"),
    [({}, "OGC:CRS84"), ({"crs": None}, None), ({"crs": {"id": 1}}, None)],
)
def test_what_geoparquet_says_of_its_crs(
    tmp_path: Path, said: dict[str, Any], crs: str | None
) -> None:
    read = take(parquet(tmp_path / "x.parquet", said))
    assert read.source.crs == crs
    assert read.source.said_crs == ('{"id": 1}' if said.get("crs") else "")
    assert (read.columns, read.shapes) == ({"编码": ["a"]}, [shapely.Point(115, 33)])


def test_a_parquet_without_geometry_is_a_list(tmp_path: Path) -> None:
    read = take(parquet(tmp_path / "x.parquet", None))
    assert read.shapes is None
    assert read.columns["编码"] == ["a"]


# -- values --------------------------------------------------------------------------------------

AT = dt.datetime(2026, 1, 5, 1, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (pa.array(["007", "", None, "𠮷"]), ["007", "", None, "𠮷"]),
        (pa.array([990101101001, -1, None]), ["990101101001", "-1", None]),
        (pa.array([99010110100100001]), ["99010110100100001"]),
        (pa.array([2**63], pa.uint64()), ["9223372036854775808"]),
        # Whole numbers without a point; what is too long for a double looks spoiled, and is.
        (pa.array([990101101001.0, 1.5, -0.0, None, np.nan, 1e17]),
         ["990101101001", "1.5", "0", None, None, "1e+17"]),
        (pa.array([decimal.Decimal(990101101001), None]), ["990101101001", None]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array([dt.date(2026, 1, 5), None]), ["2026-01-05", None]),
        (pa.array([AT], pa.timestamp("s", "UTC")), ["2026-01-05 01:30:00Z"]),
        (pa.array([AT], pa.timestamp("ms", "+08:00")), ["2026-01-05 09:30:00.000+0800"]),
        (pa.array([AT.replace(tzinfo=None)], pa.timestamp("s")), ["2026-01-05 01:30:00"]),
        (pa.array([["独居", "慢性病"], [], None, ["a", None, "b"]]),
         ["独居；慢性病", "", None, "a；b"]),
        (pa.array([[1, 2]], pa.large_list(pa.int64())), ["1；2"]),
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
        (pa.array([1.0, 2.5]).dictionary_encode(), ["1", "2.5"]),
        (pa.array(["a"], pa.large_string()), ["a"]),
        (pa.array([b"\xff"]), [None]),
        (pa.array([{"a": 1}]), [None]),
        (pa.nulls(2), [None, None]),
        (pa.array([], pa.float64()), []),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)  # fmt: skip
def test_columns_as_text(values: pa.Array, text: list[str | None]) -> None:
    found = as_text(values)
    assert found.type == pa.string()
    assert found.to_pylist() == text


def test_typed_columns_of_a_geopackage_and_a_geoparquet(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"i": [4, 5], "x": [1.5, None], "on": pd.to_datetime(["2026-01-05", "2026-01-06"]).date,
         "at": pd.to_datetime([AT, AT]), "yes": [True, False]},
        geometry=[shapely.Point(115, 33)] * 2, crs=4326,
    )  # fmt: skip
    frame.to_file(tmp_path / "t.gpkg")
    frame.to_parquet(tmp_path / "t.parquet")
    for name, at in (
        ("t.gpkg", "2026-01-05 01:30:00.000Z"),
        ("t.parquet", "2026-01-05 01:30:00.000000Z"),
    ):
        columns = take(tmp_path / name).columns
        assert columns["i"] == ["4", "5"]
        assert columns["x"] == ["1.5", None]
        assert columns["on"] == ["2026-01-05", "2026-01-06"]
        assert columns["yes"] == ["true", "false"]
        assert columns["at"] == [at] * 2


# The reader of GeoJSON and KML drops the zone: 09:30Z would come in as 09:30 of China.
@pytest.mark.parametrize("zone", ["Z", "+08:00", "-05:00"])
def test_moments_of_geojson_keep_their_zone(tmp_path: Path, zone: str) -> None:
    path = geojson(tmp_path / "g.geojson", feature("a", square(), at=f"2026-01-05T09:30:00{zone}"))
    assert take(path).columns["at"] == [f"2026-01-05T09:30:00{zone}"]


def test_long_numbers_of_geojson_beside_a_null(tmp_path: Path) -> None:
    long = 99010110100100001
    path = geojson(tmp_path / "g.geojson", feature("a", square(), n=long), feature("b", n=None))
    with pytest.raises(TransferError, match=r"too long.*column n, row 1"):
        take(path)


# -- what cannot be used -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ending", ["gpkg", "shp", "kml", "parquet", "geojson", "xlsx", "zip", "gz"]
)
def test_what_is_no_such_file_is_said(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"bad.{ending}"
    with pytest.raises(TransferError, match=r"no such file.*bad"):
        take(path)
    path.write_bytes(b"")
    with pytest.raises(TransferError, match=r"0 bytes.*bad"):
        take(path)
    path.write_bytes(b"\x00\x01nothing that anybody knows" * 9)
    with pytest.raises(TransferError, match="bad"):
        take(path)


def test_a_parquet_that_breaks_off_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"编码": [f"{n:09}" for n in range(10_000)]}), path, compression="gzip")
    data = bytearray(path.read_bytes())
    data[100:20_000] = b"\xff" * 19_900
    path.write_bytes(data)
    with pytest.raises(TransferError, match=r"damaged.*x.parquet"):
        take(path)


def test_reading_changes_no_file(tmp_path: Path) -> None:
    path = write(tmp_path / "v.gpkg")
    before = path.read_bytes()
    take(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["v.gpkg"]
