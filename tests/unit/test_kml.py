"""KML as others read it: by GDAL, and as plain XML."""

import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas as gpd
import pyogrio
import pytest
import shapely

from layers.transfer import KINDS, TransferError, kind_of, open_batches
from layers.transfer.writing import write_layer
from tests.unit.outgoing_layers import CLOCKWISE, POINT, RARE, SQUARE, outgoing, read_back

KML = "{http://www.opengis.net/kml/2.2}"
# As the schema of KML 2.2 orders what stands in them.
ORDER = {
    "Document": ["name", "Style", "Schema", "Placemark"],
    "Placemark": ["name", "styleUrl", "ExtendedData", "Point", "LineString", "Polygon",
                  "MultiGeometry"],
    "Style": ["IconStyle", "LabelStyle", "LineStyle", "PolyStyle"],
    "LineStyle": ["color", "width"],
    "Polygon": ["outerBoundaryIs", "innerBoundaryIs"],
}  # fmt: skip
LINE = shapely.LineString([(115, 33), (115.1, 33.30000000000001)])
HOLED = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 0)], [[(4, 1), (5, 1), (5, 2), (4, 1)]])
SHAPES = [
    POINT, LINE, shapely.MultiLineString([LINE]), shapely.MultiPoint([(1, 2), (3, 4)]),
    SQUARE, HOLED, CLOCKWISE, shapely.GeometryCollection([POINT, LINE]), None,
]  # fmt: skip


def parsed(path: Path) -> ET.Element:
    return ET.parse(path).getroot()  # noqa: S314 - written here


def labels(path: Path) -> list[str | None]:
    return [each.text for each in parsed(path).iterfind(f".//{KML}Placemark/{KML}name")]


def every_shape(path: Path) -> None:
    codes = [str(row) for row in range(len(SHAPES))]
    layer = outgoing(
        kind_of("reference:路"), {"code": codes, "name": ["<路>"] * len(codes)}, SHAPES
    )
    write_layer(path, layer)


def test_each_shape_is_read_bit_for_bit(tmp_path: Path) -> None:
    every_shape(tmp_path / "x.kml")
    frame = pyogrio.read_dataframe(tmp_path / "x.kml")
    assert frame.crs.to_epsg() == 4326
    assert set(frame["Name"]) == {"<路>"}
    for before, after in zip(SHAPES, frame.geometry, strict=True):
        if before is None:
            assert after is None
        else:
            there, back = shapely.get_coordinates(before), shapely.get_coordinates(after)
            assert there.tolist() == back.tolist()
    written = [
        [float(number) for number in place.split(",")]
        for element in parsed(tmp_path / "x.kml").iter(f"{KML}coordinates")
        for place in str(element.text).split()
    ]
    assert written == shapely.get_coordinates(SHAPES).tolist()


def test_elements_are_where_the_schema_wants_them(tmp_path: Path) -> None:
    every_shape(tmp_path / "x.kml")
    root = parsed(tmp_path / "x.kml")
    seen = set()
    for element in root.iter():
        order = ORDER.get(element.tag.removeprefix(KML))
        if order:
            places = [order.index(child.tag.removeprefix(KML)) for child in element]
            assert places == sorted(places), element.tag
            seen.add(element.tag.removeprefix(KML))
    assert seen == set(ORDER)
    assert root.findtext(f"{KML}Document/{KML}name") == "参考图层 路"
    (schema,) = root.iter(f"{KML}Schema")
    uses = {each.attrib["schemaUrl"] for each in root.iter(f"{KML}SchemaData")}
    assert uses == {f"#{schema.attrib['id']}"}
    styles = {each.text for each in root.iter(f"{KML}styleUrl")}
    assert styles == {f"#{each.attrib['id']}" for each in root.iter(f"{KML}Style")}
    # Nothing is loaded from anywhere.
    assert "href" not in (tmp_path / "x.kml").read_text(encoding="utf-8")


def test_an_archive_is_one_document_that_libkml_reads(tmp_path: Path) -> None:
    every_shape(tmp_path / "x.kmz")
    with zipfile.ZipFile(tmp_path / "x.kmz") as archive:
        assert archive.namelist() == ["doc.kml"]
    assert len(pyogrio.read_dataframe(tmp_path / "x.kmz")) == len(SHAPES)


def test_a_row_is_called_by_its_name_or_its_code(tmp_path: Path) -> None:
    path = tmp_path / "x.kml"
    codes = ["1", "2"]
    cases: list[tuple[str, dict[str, list[Any]], bool, list[str]]] = [
        ("branches", {"name": ["柳河支部", "二支部"]}, False, ["柳河支部", "二支部"]),
        ("units", {"name": ["第一", None]}, False, ["第一", "2"]),
        ("incidents", {"title": ["灯", "路"]}, False, ["灯", "路"]),
        ("households", {"address": ["一号", "二号"]}, False, ["一号", "二号"]),
        ("households", {"address": ["一**", "二**"]}, True, codes),
    ]
    for kind, values, masked, told in cases:
        shape = SQUARE if kind == "units" else POINT
        held = outgoing(KINDS[kind], {"code": codes, **values}, [shape] * 2, masked=masked)
        write_layer(path, held)
        assert labels(path) == told


@pytest.mark.parametrize("ending", [".geojson", ".kml", ".kmz"])
def test_a_list_in_a_format_of_maps_says_nothing_of_places(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    write_layer(path, outgoing(KINDS["people"], {"code": ["1", "2"], "name": ["甲", "乙"]}))
    assert read_back(path, KINDS["people"])[1] is None
    write_layer(path, outgoing(KINDS["branches"], {"code": ["1", "2"]}, [POINT, None]))
    assert read_back(path, KINDS["branches"])[1].tolist() == [POINT, None]


def test_a_label_is_never_taken_for_a_value(tmp_path: Path) -> None:
    for lang in ("zh", "en", "code"):
        path = tmp_path / "x.kml"
        people = outgoing(KINDS["people"], {"code": ["1"], "name": ["王*"]}, masked=True, lang=lang)
        write_layer(path, people)
        found, _ = read_back(path, KINDS["people"])
        assert found == {"code": ["1"], "household_code": [None]}
        units = outgoing(KINDS["units"], {"code": ["1"], "name": [None]}, [SQUARE], lang=lang)
        write_layer(path, units)
        assert read_back(path, KINDS["units"])[0]["name"] == [None]


def test_a_field_may_be_called_like_one_of_kml_s_own(tmp_path: Path) -> None:
    values = {"code": ["1", "2"], "title": ["a", "b"], "description": RARE[:2]}
    for lang in ("zh", "en", "code"):
        layer = outgoing(KINDS["incidents"], values, [POINT, None], lang=lang)
        write_layer(tmp_path / "x.kml", layer)
        with open_batches(tmp_path / "x.kml") as source:
            assert source.headers == [column.header for column in layer.columns]
        found, _ = read_back(tmp_path / "x.kml", KINDS["incidents"])
        assert found["description"] == RARE[:2]


def test_the_kml_of_others_keeps_the_placemark_s_name(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"Name": ["甲"], "code": ["1"]}, geometry=[POINT], crs="EPSG:4326")
    frame.to_file(tmp_path / "x.kml", driver="LIBKML")
    found, _ = read_back(tmp_path / "x.kml", KINDS["branches"])
    assert (found["code"], found["name"]) == (["1"], ["甲"])


@pytest.mark.parametrize("sign", ["\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_what_xml_cannot_write_is_refused_with_the_code(tmp_path: Path, sign: str) -> None:
    values = {"code": ["1", "B2"], "name": ["a", f"b{sign}"]}
    for ending in (".kml", ".kmz"):
        with pytest.raises(TransferError, match=r"control character.*code B2.*\.gpkg") as raised:
            write_layer(tmp_path / f"x{ending}", outgoing(KINDS["branches"], values, [POINT] * 2))
        assert "编码 B2" in raised.value.words_zh
    assert list(tmp_path.iterdir()) == []


def test_only_wgs_84_is_written(tmp_path: Path) -> None:
    for crs in ("EPSG:4490", "EPSG:4547", "GCJ-02", "BD-09"):
        layer = outgoing(KINDS["branches"], {"code": ["1"]}, [POINT], crs=crs)
        with pytest.raises(TransferError, match=rf"KML is always in WGS 84.*{crs}.*\.gpkg"):
            write_layer(tmp_path / "x.kmz", layer)
    assert list(tmp_path.iterdir()) == []
