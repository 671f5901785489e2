"""Every format that an office sends, read as it is: text, coordinates, layers, headers."""

import sqlite3
import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.datum import gcj02_from_wgs84
from geo.errors import MissingCrsError
from layers.transfer import Read, read_layer
from layers.transfer.columns import guess, name_columns, plain, text
from layers.transfer.errors import TransferError
from layers.transfer.rings import read_wkb, read_wkt
from tests.unit.county_files import feature, geojson, polygon_wkb, square, villages

NAMES = ["澜禾村", "禾塘社区"]


def same(read: Read) -> None:
    """The two villages, bit for bit, with their Chinese headers and names."""
    assert read.frame["编码"].tolist() == ["a", "b"]
    assert read.frame["名称"].tolist() == NAMES
    # A Shapefile turns rings around; a vertex stays the vertex that it was.
    for shape, meant in zip(read.frame.geometry, villages().geometry, strict=True):
        found = shapely.get_parts([shape])
        assert len(found) == 1
        assert {vertex[:2] for vertex in found[0].exterior.coords} >= {*meant.exterior.coords}
    assert read.frame.crs == "EPSG:4326"
    assert read.opened == {}


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "shp", "parquet", "geoparquet", "fgb"])
def test_formats(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"网格.{ending}"
    frame = villages()
    if ending.endswith("parquet"):
        frame.to_parquet(path)
    elif ending == "geojson":
        path.write_text(frame.to_json(ensure_ascii=False, drop_id=True), encoding="utf-8")
    else:
        frame.to_file(path, **({"SPATIAL_INDEX": "NO"} if ending == "fgb" else {}))
    read = read_layer(path)
    same(read)
    assert read.notes == []


@pytest.mark.parametrize("driver", ["KML", "LIBKML"])
def test_kml_and_kmz(tmp_path: Path, driver: str) -> None:
    villages().to_file(tmp_path / "v.kml", driver=driver)
    same(read_layer(tmp_path / "v.kml"))
    with zipfile.ZipFile(tmp_path / "v.kmz", "w") as archive:
        archive.write(tmp_path / "v.kml", "doc.kml")
    same(read_layer(tmp_path / "v.kmz"))


def test_a_geojson_with_and_without_a_name(tmp_path: Path) -> None:
    for members in ({}, {"name": "cells"}):
        path = geojson(tmp_path / "g.geojson", feature("a", square()), **members)
        assert len(read_layer(path).frame) == 1
        assert len(read_layer(path, layer=members.get("name", "g")).frame) == 1
        with pytest.raises(TransferError, match=f"--layer: {members.get('name', 'g')}"):
            read_layer(path, layer="other")


def test_a_single_feature_and_a_bare_geometry_are_geojson(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(str(feature("a", square())).replace("'", '"'))
    assert read_layer(path).frame["code"].tolist() == ["a"]
    path.write_text(str(feature("a", square())["geometry"]).replace("'", '"'))
    assert len(read_layer(path).frame) == 1


def test_geojson_says_crs84(tmp_path: Path) -> None:
    for name in ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"):
        said = {"type": "name", "properties": {"name": name}}
        read = read_layer(geojson(tmp_path / "g.geojson", feature("a", square()), crs=said))
        assert read.frame.geometry[0].bounds[:2] == tuple(square()[0])


def test_an_older_geojson_may_name_another_crs(tmp_path: Path) -> None:
    ring = [[500000, 3700000], [500100, 3700000], [500100, 3700100], [500000, 3700000]]
    said = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
    read = read_layer(geojson(tmp_path / "g.geojson", feature("a", ring), crs=said))
    assert read.frame.crs == "EPSG:4547"


def test_a_geopackage_of_several_layers(tmp_path: Path) -> None:
    path = tmp_path / "several.gpkg"
    villages().to_file(path, layer="north")
    villages().iloc[:1].to_file(path, layer="south")
    with pytest.raises(TransferError, match=r"2 layers.*--layer: north, south"):
        read_layer(path)
    same(read_layer(path, layer="north"))
    assert len(read_layer(path, layer="south").frame) == 1


# -- Chinese text --------------------------------------------------------------------------------


def shapefile(folder: Path, encoding: str, said: str | None) -> Path:
    """A Shapefile in an encoding, whose .cpg says this, or is not there."""
    path = folder / "网格.shp"
    villages().to_file(path, encoding=encoding)
    page = path.with_suffix(".cpg")
    page.unlink()
    if said is not None:
        page.write_text(said)
    return path


def packed(path: Path, name: str = "网格", **others: str) -> Path:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        for other, words in others.items():
            archive.writestr(f"{other}.geojson", words)
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part.suffix != ".zip":
                archive.write(part, name + part.suffix)
    return path.with_suffix(".zip")


@pytest.mark.parametrize("encoding", ["GBK", "GB18030", "UTF-8"])
@pytest.mark.parametrize("said", ["as it is", None, "UTF-8", "utf8\n"])
def test_a_shapefiles_text_loose_and_zipped(
    tmp_path: Path, encoding: str, said: str | None
) -> None:
    path = shapefile(tmp_path, encoding, encoding if said == "as it is" else said)
    for each in (path, packed(path)):
        read = read_layer(each)
        same(read)
        guessed = encoding != "UTF-8" and said != "as it is"
        expected = [f"{each.name}: The text is read as GB18030."] if guessed else []
        assert read.notes == expected


def test_a_gbk_page_that_lies_over_utf8(tmp_path: Path) -> None:
    same(read_layer(shapefile(tmp_path, "UTF-8", "GBK")))


def test_only_the_headers_are_chinese(tmp_path: Path) -> None:
    path = tmp_path / "headers.shp"
    villages().assign(名称=["x", "y"]).to_file(path, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    assert read_layer(path).frame.columns.tolist() == ["编码", "名称", "geometry"]


def test_an_encoding_that_is_told_wins(tmp_path: Path) -> None:
    path = tmp_path / "hk.shp"
    frame = villages().rename(columns={"编码": "code", "名称": "name"})
    frame.assign(name=["瀾禾村", "禾塘社區"]).to_file(path, encoding="Big5")
    path.with_suffix(".cpg").unlink()
    assert read_layer(path, encoding="Big5").frame["name"].tolist() == ["瀾禾村", "禾塘社區"]
    with pytest.raises(TransferError, match=r"UTF-8.*--encoding"):
        read_layer(path, encoding="UTF-8")


def test_a_zip_of_windows_with_names_in_gbk(tmp_path: Path) -> None:
    loose = shapefile(tmp_path, "GBK", None)

    def in_gbk(path: Path) -> Path:
        path.write_bytes(path.read_bytes().replace(b"XXXX", "网格".encode("gbk")))
        return path

    same(read_layer(in_gbk(packed(loose, "XXXX"))))
    path = in_gbk(packed(loose, "XXXX", other="{}"))
    with pytest.raises(TransferError, match="--layer: other, 网格"):
        read_layer(path)
    same(read_layer(path, layer="网格"))


def test_a_zip_of_a_mac_and_endings_in_capitals(tmp_path: Path) -> None:
    path = shapefile(tmp_path, "UTF-8", "UTF-8")
    with zipfile.ZipFile(tmp_path / "mac.zip", "w") as archive:
        for part in path.parent.glob("网格.*"):
            archive.write(part, f"in/网格{part.suffix.upper()}")
        archive.writestr("__MACOSX/in/._网格.shp", b"shadow")
    same(read_layer(tmp_path / "mac.zip"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_geojson_and_csv_in_what_excel_saves(tmp_path: Path, encoding: str) -> None:
    words = villages().to_json(ensure_ascii=False, drop_id=True)
    (tmp_path / "g.geojson").write_bytes(words.encode(encoding))
    same(read_layer(tmp_path / "g.geojson"))
    table = villages().drop(columns="geometry").assign(WKT=villages().to_wkt()["geometry"])
    (tmp_path / "g.csv").write_bytes(table.to_csv(index=False).encode(encoding))
    same(read_layer(tmp_path / "g.csv", crs="EPSG:4326"))


# -- Coordinates ---------------------------------------------------------------------------------


def test_a_missing_prj_must_be_told(tmp_path: Path) -> None:
    path = shapefile(tmp_path, "UTF-8", "UTF-8")
    path.with_suffix(".prj").unlink()
    for each in (path, packed(path)):
        with pytest.raises(MissingCrsError, match=f"{each.name}.*--crs"):
            read_layer(each)
        assert read_layer(each, crs="EPSG:4490").frame.crs == "EPSG:4490"
        assert read_layer(each, default_crs="EPSG:4490").frame.crs == "EPSG:4490"


def test_what_is_told_wins_over_the_file_and_that_is_said(tmp_path: Path) -> None:
    villages().to_file(tmp_path / "v.gpkg")
    read = read_layer(tmp_path / "v.gpkg", crs="EPSG:4490")
    assert read.frame.crs == "EPSG:4490"
    assert read.notes == ["v.gpkg: The file says EPSG:4326; it is read as EPSG:4490, as told."]
    assert read_layer(tmp_path / "v.gpkg", default_crs="EPSG:4490").frame.crs == "EPSG:4326"


@pytest.mark.parametrize("told", ["GCJ-02", "gcj02", "Gcj-02"])
def test_gcj_02_is_converted_vertex_by_vertex(tmp_path: Path, told: str) -> None:
    ring = np.array(square())
    shifted = np.column_stack(gcj02_from_wgs84(ring[:, 0], ring[:, 1])).tolist()
    read = read_layer(geojson(tmp_path / "g.geojson", feature("a", shifted)), crs=told)
    back = shapely.get_coordinates(read.frame.geometry.values)
    assert np.abs(back - ring).max() < 1e-8
    assert np.abs(np.array(shifted) - ring).max() > 1e-3


def test_heights_are_counted(tmp_path: Path) -> None:
    rows = [feature(str(n), [[*v, 1.0] for v in square(n)]) for n in range(3)]
    read = read_layer(geojson(tmp_path / "z.geojson", feature("flat", square(5)), *rows))
    assert [note[:30] for note in read.notes] == ["z.geojson: 3 rows have heights"]


def test_measures_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "m.gpkg"
    pyogrio.write_dataframe(villages(), path, layer="m", SPATIAL_INDEX="NO")
    measured = struct.pack("<BIII", 1, 2003, 1, 5) + b"".join(
        struct.pack("<3d", *vertex, 7.0) for vertex in square()
    )
    with sqlite3.connect(path) as connection:
        names = "select name from sqlite_master where type = 'trigger' and tbl_name = 'm'"
        for (name,) in connection.execute(names).fetchall():
            connection.execute(f'drop trigger "{name}"')
        blob = b"GP\0\1" + struct.pack("<i", 4326) + measured
        connection.execute("update m set geom = ?", (blob,))
        connection.execute("update gpkg_geometry_columns set m = 1")
    connection.close()
    read = read_layer(path)
    assert [note[:32] for note in read.notes] == ["m.gpkg: 2 rows have heights (Z) o"[:32]]
    assert read.frame.geometry[0].equals(shapely.Polygon(square()))


@given(st.lists(st.booleans(), min_size=1, max_size=4), st.integers(0, 3))
def test_of_an_open_ring_the_first_vertex_is_known(shut: list[bool], start: int) -> None:
    cell = square()[:-1]
    ring = cell[start:] + cell[:start]
    blobs = np.array([polygon_wkb(ring + ring[:1] if ok else ring) for ok in shut], dtype=object)
    shapes, opened = read_wkb(blobs)
    assert all(shape.equals(shapely.Polygon(cell)) for shape in shapes)
    assert opened.keys() == {row for row, ok in enumerate(shut) if not ok}
    assert all(list(place.coords) == [tuple(ring[0])] for place in opened.values())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("word", "size"), [(3, 2), (1003, 3), (2003, 3), (3003, 4),
                                            (3 | 0x80000000, 3), (3 | 0x20000000, 2)])  # fmt: skip
def test_every_dialect_of_wkb(order: str, word: int, size: int) -> None:
    srid = struct.pack(f"{order}I", 4326) if word & 0x20000000 else b""
    ring = [(*vertex, 9.0, 9.0)[:size] for vertex in square()[:-1]]
    body = b"".join(struct.pack(f"{order}{size}d", *vertex) for vertex in ring)
    head = struct.pack("B", order == "<") + struct.pack(f"{order}I", word) + srid
    blob = head + struct.pack(f"{order}II", 1, len(ring)) + body
    shapes, opened = read_wkb(np.array([blob, None], dtype=object))
    assert shapes[0].is_valid
    assert shapes[1] is None
    assert [place.coords[0][:2] for place in opened.values()] == [tuple(square()[0])]


def test_wkt_that_is_open_broken_or_missing() -> None:
    words = ["POLYGON ((0 0, 1 0, 1 1))", "POLYGON ((0 0, 1 0, 1 1, 0 0))", "POLYGON ((", None]
    shapes, opened = read_wkt(np.array(words, dtype=object))
    assert [shape is None for shape in shapes] == [False, False, True, True]
    assert {row: place.coords[0] for row, place in opened.items()} == {0: (0.0, 0.0)}


# -- Headers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "field", "column"),
    [
        (["网格编码", "名称"], "code", "网格编码"),
        (["CODE", "name"], "code", "CODE"),
        (["Grid Code"], "code", "Grid Code"),
        (["grid_code"], "code", "grid_code"),
        (["网格 名称"], "name", "网格 名称"),
        (["村名", "x"], "name", "村名"),
        (["所属村", "面积"], "area_code", "所属村"),
        (["Village_Code"], "area_code", "Village_Code"),
        (["登记网格"], "grid_code", "登记网格"),
        (["家庭住址"], "address", "家庭住址"),
        (["area"], "area_code", None),
        (["colour"], "code", None),
        ([], "code", None),
    ],
)
def test_a_header_is_known(headers: list[str], field: str, column: str | None) -> None:
    assert guess(headers, field) == column


def named(told: dict[str, str | None] | None = None, **columns: list[object]) -> pd.DataFrame:
    frame = gpd.GeoDataFrame(columns, geometry=villages().geometry.tolist(), crs=4326)
    fields = ("code", "name", "area_code", "coverage")
    return name_columns(frame, fields, told or {})[0].drop(columns="geometry")


def test_codes_are_text_however_they_are_stored() -> None:
    for codes in ([1, 2], [1.0, 2.0], ["1", " 2 "], np.array([1, 2], dtype="int32").tolist()):
        assert named(code=codes)["code"].tolist() == ["1", "2"]
    assert text(pd.Series([1.0, None])).tolist() == ["1", ""]
    assert text(pd.Series([990101001001.0, 1.0])).tolist() == ["990101001001", "1"]
    assert plain("Ward_No.") == "wardno"


def test_a_weak_header_names_rows_only_if_it_names_each_differently() -> None:
    assert named(id=["x", "y"])["code"].tolist() == ["x", "y"]
    assert named(id=["x", "x"])["code"].tolist() == ["1", "2"], "the rows' numbers"


def test_an_area_is_a_code_only_where_the_codes_stand_under_it() -> None:
    assert "area_code" not in named(code=["a", "b"], area=[12.5, 13.5])
    assert "area_code" not in named(code=["a", "b"], area=["12", "13"])
    assert named(code=["11", "12"], area=[1, 1])["area_code"].tolist() == ["1", "1"]


def test_coverage_in_both_languages() -> None:
    found = named(code=["a", "b"], 覆盖方式=["叠加", None])["coverage"].tolist()
    assert found == ["overlay", "exclusive"]
    assert "coverage" not in named(code=["a", "b"], coverage=["85 %", "90 %"])
    with pytest.raises(TransferError, match=r"90 %.*row 2.*overlay"):
        named({"coverage": "c"}, code=["a", "b"], c=["overlay", "90 %"])


def test_a_column_that_is_told_wins_and_must_be() -> None:
    told: dict[str, str | None] = {"code": "name"}
    assert named(told, code=["a", "b"], name=["c", "d"])["code"].tolist() == ["c", "d"]
    with pytest.raises(TransferError, match=r"no column “nope”.*code"):
        named({"code": "nope"}, code=["a", "b"])


@pytest.mark.parametrize(
    "header", ["lon,lat", "LON,LAT", "经度,纬度", "lng,lat", "Longitude,Latitude", "x,y",
               " 东经 , 北纬 "]
)  # fmt: skip
def test_columns_of_coordinates(tmp_path: Path, header: str) -> None:
    path = tmp_path / "homes.csv"
    path.write_text(f"code,{header}\n007,115.5,33.5\n008,,\n", encoding="utf-8")
    frame = read_layer(path, crs="EPSG:4326").frame
    assert frame["code"].tolist() == ["007", "008"], "codes keep their zeros"
    assert frame.geometry[0] == shapely.Point(115.5, 33.5)
    assert frame.geometry[1] is None
