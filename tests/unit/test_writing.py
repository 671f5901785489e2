"""What leaves in a file: headers that are known, values that read the same."""

import csv
import datetime as dt
import json
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from geo.same import are_same
from layers.transfer import KINDS, Kind, TransferError, open_batches
from layers.transfer.cells import wkt
from layers.transfer.mapping import map_columns
from layers.transfer.outgoing import (
    LANGS,
    Lang,
    Target,
    columns_of,
    short_names,
    to_arrow,
    word_of,
)
from layers.transfer.placing import Placer
from layers.transfer.values import read_values
from layers.transfer.writing import WRITERS, write_layer
from tests.unit.outgoing_layers import AT, CLOCKWISE, POINT, RARE, SQUARE, outgoing, read_back

# -- headers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_import_knows_each_header_and_no_masked_one(kind: Kind, lang: Lang) -> None:
    clear = [column.header for column in columns_of(kind, lang, masked=False)]
    names = [field.name for field in kind.fields]
    assert map_columns(kind, clear, {}) == dict(zip(names, clear, strict=True))
    masked = columns_of(kind, lang, masked=True)
    known = map_columns(kind, [column.header for column in masked], {})
    assert set(known) == {field.name for field in kind.fields if not field.personal}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_short_names_are_unique_known_and_ten_bytes(kind: Kind) -> None:
    for masked in (False, True):
        columns = columns_of(kind, "zh", masked=masked)
        short = short_names(kind, columns)
        assert len(set(short)) == len(short)
        assert max(len(name.encode()) for name in short) <= 10
        hidden = {column.field.name for column in columns if column.masked}
        assert set(map_columns(kind, short, {})) == {f.name for f in kind.fields} - hidden


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_word_of_a_choice_is_read_back(kind: Kind) -> None:
    for field in (field for field in kind.fields if field.words):
        stored = list(dict.fromkeys((field.words or {}).values()))
        for lang in LANGS:
            assert read_values(field, to_arrow(field, lang, stored))[0].to_pylist() == stored
        assert set(word_of(field)) == set(stored)


# -- formats -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("ending", WRITERS)
def test_values_and_doubles_come_back(tmp_path: Path, ending: str, lang: Lang) -> None:
    kind = KINDS["incidents"]
    path = tmp_path / f"事件{ending}"
    values = {
        "code": [f"00{row}" for row in range(len(RARE))],
        "title": RARE,
        "tier": ["local", *["auto"] * (len(RARE) - 1)],
        "satisfied": [True, False, *[None] * (len(RARE) - 2)],
        "rating": [5, *[None] * (len(RARE) - 1)],
        "reported_at": [AT.replace(microsecond=0)] * len(RARE),
        "closed_at": [None, *[AT.replace(microsecond=0)] * (len(RARE) - 1)],
        "description": ["x", *RARE[1:]],
    }
    write_layer(path, outgoing(kind, values, [POINT, None] + [POINT] * (len(RARE) - 2), lang=lang))
    found, shapes = read_back(path, kind)
    for name in ("code", "title", "tier", "description"):
        assert found[name] == values[name]
    assert found["satisfied"][:3] == ["true", "false", None]
    assert found["rating"][:2] == ["5", None]
    moments = [np.datetime64(at[:19]) - np.timedelta64(int(at[-5:-3] or 0), "h")
               for at in found["reported_at"] if at]  # fmt: skip
    assert set(moments) == {np.datetime64("2026-01-05T01:30:00")}
    assert found["closed_at"][0] is None
    assert shapely.get_coordinates(shapes[0]).tolist() == shapely.get_coordinates(POINT).tolist()
    assert shapes[1] is None
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", WRITERS)
def test_microseconds_days_and_tags_come_back(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    visits, homes, members = KINDS["incidents"], KINDS["households"], KINDS["members"]
    write_layer(path, outgoing(visits, {"code": ["1"], "reported_at": [AT]}, [POINT]))
    moment = read_back(path, visits)[0]["reported_at"][0]
    assert moment is not None
    assert dt.datetime.fromisoformat(moment) == AT
    tags = [["独居老人", "慢性病"], [], ["{a}", "x}"]]
    layer = outgoing(homes, {"code": ["1", "2", "3"], "need_tags": tags}, [POINT] * 3)
    write_layer(path, layer)
    braces = ['{"独居老人","慢性病"}', None, '{"{a}","x}"}']
    assert read_back(path, homes)[0]["need_tags"] == braces
    if ending != ".shp.zip":
        days = [dt.date(1949, 10, 1), dt.date(1899, 12, 31), None]
        write_layer(path, outgoing(members, {"code": ["1", "2", "3"], "joined_on": days}))
        found = read_back(path, members)[0]["joined_on"]
        assert found == ["1949-10-01", "1899-12-31", None]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    titles=st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
        .map(str.strip)
        .filter(bool),
        min_size=1,
        max_size=20,
    ),
    lon=st.floats(73, 135),
    lat=st.floats(4, 53),
)
@example(titles=RARE, lon=115.30000000000001, lat=33.1)
@pytest.mark.parametrize("ending", WRITERS)
def test_any_text_and_any_double(
    tmp_path: Path, ending: str, titles: list[str], lon: float, lat: float
) -> None:
    kind = KINDS["incidents"]
    # Where every value looks like a day, GDAL takes a column of GeoJSON for days.
    titles = ["标题", *titles]
    if ending == ".shp.zip":
        titles = [title.encode()[:250].decode(errors="ignore").strip() or "x" for title in titles]
    path = tmp_path / f"x{ending}"
    codes = [str(row) for row in range(len(titles))]
    place = shapely.Point(lon, lat)
    write_layer(path, outgoing(kind, {"code": codes, "title": titles}, [place] * len(titles)))
    found, shapes = read_back(path, kind)
    assert found["title"] == titles
    assert found["code"] == codes
    assert shapely.get_coordinates(shapes[-1]).tolist() == [[lon, lat]]


@pytest.mark.parametrize("ending", [each for each in WRITERS if each != ".shp.zip"])
def test_outlines_keep_ring_order_and_may_be_missing(tmp_path: Path, ending: str) -> None:
    kind = KINDS["areas"]
    path = tmp_path / f"x{ending}"
    shapes = [SQUARE, None, CLOCKWISE]
    write_layer(path, outgoing(kind, {"code": ["1", "2", "3"]}, shapes))
    back = read_back(path, kind)[1]
    assert back[1] is None
    for before, after in ((SQUARE, back[0]), (CLOCKWISE, back[2])):
        assert shapely.get_coordinates(after).tolist() == shapely.get_coordinates(before).tolist()


def test_a_shapefile_turns_rings_and_moves_no_vertex(tmp_path: Path) -> None:
    kind = KINDS["areas"]
    holed = shapely.Polygon([(1, 1), (9, 1), (9, 9), (1, 9)], [[(2, 2), (3, 2), (3, 3)]])
    many = shapely.MultiPolygon([holed, *SQUARE.geoms])
    shapes = np.array([SQUARE, CLOCKWISE, many], dtype=object)
    layer = outgoing(kind, {"code": ["1", "2", "3"]}, shapes.tolist())
    write_layer(tmp_path / "x.shp.zip", layer)
    assert layer.notes == []
    back = read_back(tmp_path / "x.shp.zip", kind)[1]
    assert shapely.get_coordinates(back[1]).tolist() == shapely.get_coordinates(CLOCKWISE).tolist()
    assert shapely.get_coordinates(back[0]).tolist() != shapely.get_coordinates(SQUARE).tolist()
    assert are_same(back, shapes, 0.0).all()


def test_wkt_is_exact_for_every_type() -> None:
    shapes = np.array(
        [
            shapely.Point(1e-7, 0.1 + 0.2),
            shapely.LineString([(0.1, 1 / 3), (2 / 3, 1e5 / 7)]),
            shapely.Polygon([(0, 0), (9, 0), (9, 9)], [[(2, 1), (3, 1), (3, 2)]]),
            shapely.MultiPoint([(1, 2), (3, 4)]),
            shapely.GeometryCollection([POINT, SQUARE]),
        ],
        dtype=object,
    )
    assert shapely.from_wkt(wkt(shapes).to_pylist()).tolist() == shapes.tolist()


# -- other readers -------------------------------------------------------------------------------


def test_gdal_reads_names_system_and_types(tmp_path: Path) -> None:
    kind = KINDS["grids"]
    values = {"code": ["001"], "name": ["=一"], "locked": [True]}
    write_layer(tmp_path / "x.gpkg", outgoing(kind, values, [SQUARE], crs="EPSG:4547", lang="code"))
    info = pyogrio.read_info(tmp_path / "x.gpkg")
    assert (info["crs"], info["geometry_type"], info["layer_name"]) == (
        "EPSG:4547", "MultiPolygon", "grids",
    )  # fmt: skip
    frame = pyogrio.read_dataframe(tmp_path / "x.gpkg")
    assert frame.loc[0, ["code", "name", "locked"]].tolist() == ["001", "=一", True]
    write_layer(tmp_path / "x.shp.zip", outgoing(kind, values, [SQUARE]))
    with zipfile.ZipFile(tmp_path / "x.shp.zip") as archive:
        assert archive.read("grids.cpg") == b"UTF-8"
        assert set(archive.namelist()) == {
            f"grids.{e}" for e in ("cpg", "dbf", "prj", "shp", "shx")
        }
    assert pyogrio.read_dataframe(f"/vsizip/{tmp_path}/x.shp.zip").loc[0, "coverage"] is None


def test_geojson_is_longitude_and_latitude_and_refuses_another(tmp_path: Path) -> None:
    kind = KINDS["branches"]
    path = tmp_path / "x.geojson"
    write_layer(path, outgoing(kind, {"code": ["1"], "name": ["支部"]}, [POINT]))
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["features"][0]["geometry"]["coordinates"] == [POINT.x, POINT.y]
    assert "crs" not in document
    for crs in ("EPSG:4490", "EPSG:4547", "GCJ-02"):
        with pytest.raises(TransferError, match=r"RFC 7946.*\.gpkg"):
            write_layer(tmp_path / "y.geojson", outgoing(kind, {"code": ["1"]}, [POINT], crs=crs))
    assert [each.name for each in tmp_path.iterdir()] == ["x.geojson"]


def test_tables_are_safe_to_open(tmp_path: Path) -> None:
    kind = KINDS["branches"]
    values = {"code": ["000000000012", "990101101001"], "name": ["=1+1", "'=1"]}
    layer = outgoing(kind, values, [POINT, None], crs="GCJ-02")
    write_layer(tmp_path / "x.csv", layer)
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as source:
        first, second = csv.DictReader(source)
    assert (first["编码"], first["支部名称"], first["坐标系"]) == (
        "000000000012",
        "'=1+1",
        "GCJ-02",
    )
    assert (second["支部名称"], second["经度"], second["坐标系"]) == ("''=1", "", "")
    assert float(first["经度"]) == layer.target.place(np.array([POINT], dtype=object))[0].x
    write_layer(tmp_path / "x.xlsx", layer)
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert sheet is not None
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]][-3:] == ["经度", "纬度", "坐标系"]
    assert [(cell.value, cell.data_type) for cell in rows[1][:2]] == [
        ("000000000012", "s"), ("'=1+1", "s"),
    ]  # fmt: skip
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n"}


def test_geoparquet_says_its_system_or_that_none_is_known(tmp_path: Path) -> None:
    kind = KINDS["branches"]
    for crs, code in (("EPSG:4547", 4547), ("BD-09", None)):
        write_layer(tmp_path / "x.parquet", outgoing(kind, {"code": ["1"]}, [POINT], crs=crs))
        metadata = pq.read_schema(tmp_path / "x.parquet").metadata
        said = json.loads(metadata[b"geo"])["columns"]["geometry"]["crs"]
        assert (said and said["id"]["code"]) == code
        assert json.loads(metadata[b"wangge"]) == {"crs": crs}


@pytest.mark.parametrize("ending", [".gpkg", ".shp.zip", ".parquet"])
def test_a_hidden_datum_is_in_no_file_and_must_be_told(tmp_path: Path, ending: str) -> None:
    kind = KINDS["branches"]
    layer = outgoing(kind, {"code": ["1"]}, [POINT], crs="gcj02")
    write_layer(tmp_path / f"x{ending}", layer)
    with open_batches(tmp_path / f"x{ending}") as source:
        assert source.crs is None
        batch = next(iter(source.batches))
    assert batch.shapes is not None
    placed, _ = Placer("GCJ-02", None).place(batch.shapes)
    assert shapely.distance(placed[0], POINT) < 1e-13
    assert layer.name == "branches_GCJ-02"


@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:4526", "EPSG:3857", "GCJ-02", "BD-09"])
def test_there_and_back_neighbours_stay_neighbours(crs: str) -> None:
    rng = np.random.default_rng(3)
    places = np.column_stack([rng.uniform(115, 116, 999), rng.uniform(33, 34, 999)])
    line = np.array([shapely.LineString(places), shapely.LineString(places[::-1])], dtype=object)
    placed, _ = Placer(crs, None).place(Target(crs).place(line))
    there, again = (shapely.get_coordinates(each) for each in placed)
    assert np.abs(there - places).max() < 1e-13
    assert there.tolist() == again[::-1].tolist()


def test_the_stored_systems_are_the_stored_bits() -> None:
    for crs in (None, "EPSG:4326", "EPSG:4490"):
        assert Target(crs).place(np.array([POINT], dtype=object))[0] is POINT
