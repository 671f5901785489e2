"""Real files that nobody here has made: what comes in is what an independent reader counts."""

import csv
import gzip
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import openpyxl
import pyogrio
import pyproj
import pytest
import shapely
from sqlalchemy import URL, func, select, update

from layers.tables import setting
from tests.postgis.import_files import Office, shape_of, table_of

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(
    not DATA.exists(), reason="no ../shared/data here: put the real files beside the repository"
)
VILLAGES = DATA / "dancheng_villages.csv"
PRECINCTS = DATA / "franklin_precincts" / "Franklin_2015pPrecs.shp"
WARDS = DATA / "vijayawada" / "Vijayawada_Wards.geojson"
CITY = DATA / "vijayawada" / "Vijayawada_Boundary.geojson"
ASB = DATA / "lancashire" / "lancashire_asb.tab"
LANCASHIRE = DATA / "lancashire" / "lancashire_wards.gpkg"
DISTRICTS = DATA / "lancashire" / "lancashire_districts.geojson"
POPULATION = DATA / "lancashire" / "lancashire_ward_pop.xlsx"
ASSAULTS = DATA / "chicago" / "chicago_aggravated_assaults.csv.gz"
POLICE = DATA / "chicago" / "chicago_police_districts.kml"
KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture
def office(database: URL, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


def set_lengths(office: Office, **lengths: int) -> None:
    """Give the county another pattern of codes, as an administrator does."""
    with office.engine.begin() as connection:
        connection.execute(
            update(setting).where(setting.c.key == "code_lengths").values(value=lengths)
        )


def layer(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray], str]:
    """A layer as GDAL reads it: shapes, columns, CRS."""
    meta, _, shapes, columns = pyogrio.raw.read(path)
    fields = dict(zip(meta["fields"].tolist(), columns, strict=True))
    return shapely.force_2d(shapely.from_wkb(shapes)), fields, meta["crs"]


def stored(office: Office, name: str) -> dict[str, Any]:
    content = office.content(name)
    return {code: shape_of(row) for code, row in content.items() if row["geom"]}


def as_parts(shape: Any) -> Any:
    """A polygon as the multipolygon that tables hold."""
    return shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape


def test_every_file_of_the_folder_is_imported_here() -> None:
    beside = {".shx", ".dbf", ".prj", ".cpg", ".md"}
    files = {path for path in DATA.rglob("*") if path.is_file() and path.suffix not in beside}
    assert files == {VILLAGES, PRECINCTS, WARDS, CITY, ASB, LANCASHIRE, DISTRICTS, POPULATION,
                     ASSAULTS, POLICE}  # fmt: skip


# -- a county's list of places -------------------------------------------------------------------


def test_the_villages_of_dancheng_under_their_towns(office: Office) -> None:
    with VILLAGES.open(encoding="utf-8-sig", newline="") as source:
        lines = list(csv.DictReader(source))
    office.give("areas", [{"编码": "411625", "名称": "郸城县"}], crs=None)
    # The villages first: their towns are not there, and every row says so.
    early = office.give("areas", VILLAGES, crs=None)
    assert early.state == "rejected"
    assert {(each.field, each.reason) for each in early.rejects} == {("parent_code", "unknown")}
    assert len(early.rejects) == len(lines)
    # The same file holds the towns, once for each village.
    columns = {"code": "town_code", "name": "town_name"}
    towns = office.give("areas", VILLAGES, crs=None, columns=columns)
    names = {line["town_code"]: line["town_name"] for line in lines}
    assert towns.state == "imported"
    assert (towns.counts["new"], towns.counts["repeated"]) == (22, len(lines) - 22)
    told = {"code": "village_code", "name": "village_name", "parent_code": "town_code"}
    outcome = office.give("areas", VILLAGES, crs=None, columns=told)
    assert (outcome.state, outcome.rejects) == ("imported", [])
    assert outcome.counts["new"] == outcome.counts["read"] == len(lines) == 531
    content = office.content("area")
    for line in lines:
        row = content[line["village_code"]]
        assert (row["name"], row["parent_code"], row["level"]) == (
            line["village_name"], line["town_code"], "village",
        )  # fmt: skip
    assert {code: row["name"] for code, row in content.items() if row["level"] == "town"} == names
    kinds = Counter(row["kind"] for row in content.values() if row["level"] == "village")
    urban = sum("社区" in line["village_name"] or "居民" in line["village_name"] for line in lines)
    assert kinds == {"community": urban, "village": len(lines) - urban}
    assert urban == 50
    assert office.give("areas", VILLAGES, crs=None, columns=told).state == "unchanged"


# -- layers --------------------------------------------------------------------------------------


def test_the_precincts_of_franklin_but_for_the_invalid_ones(office: Office) -> None:
    shapes, fields, crs = layer(PRECINCTS)
    valid = shapely.is_valid(shapes)
    assert (len(shapes), int((~valid).sum())) == (607, 9)
    columns = {"name": "PRECINCT_N"}
    whole = office.give("network:选区", PRECINCTS, crs=None, columns=columns)
    assert whole.state == "rejected"
    outcome = office.give("network:选区", PRECINCTS, crs=None, columns=columns, partial=True)
    assert outcome.state == "imported"
    assert {reject.reason for reject in outcome.rejects} == {"G001"}
    assert [reject.row for reject in outcome.rejects] == (np.flatnonzero(~valid) + 1).tolist()
    assert outcome.counts["new"] == int(valid.sum()) == office.count("department_network")
    held = office.content("department_network").values()
    assert Counter(row["name"] for row in held) == Counter(fields["PRECINCT_N"][valid].tolist())
    assert {row["department"] for row in held} == {"选区"}
    # Feet of Ohio to degrees, vertex by vertex.
    to_degrees = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    true = shapely.total_bounds(
        shapely.transform(shapes[valid], lambda xy: np.column_stack(to_degrees.transform(*xy.T)))
    )
    bounds = shapely.total_bounds(list(stored(office, "department_network").values()))
    assert np.abs(bounds - true).max() < 1e-9
    again = office.give("network:选区", PRECINCTS, crs=None, columns=columns, partial=True)
    assert again.state == "unchanged"


def test_precincts_by_a_code_that_stands_twice(office: Office) -> None:
    shapes, fields, _ = layer(PRECINCTS)
    valid, codes = shapely.is_valid(shapes), fields["PRECCODE"]
    often = Counter(codes[valid].tolist())
    columns = {"code": "PRECCODE", "name": "PRECINCT_N"}
    outcome = office.give("network:选区", PRECINCTS, crs=None, columns=columns, partial=True)
    twice = {row + 1 for row in np.flatnonzero(valid) if often[codes[row]] > 1}
    assert {each.row for each in outcome.rejects if each.reason == "G003"} == twice
    assert outcome.counts["new"] == int(valid.sum()) - len(twice)
    once = {f"选区/{code}" for code, times in often.items() if times == 1}
    assert set(office.codes("department_network")) == once


def test_the_wards_and_the_city_of_vijayawada_bit_for_bit(office: Office) -> None:
    shapes, fields, _ = layer(WARDS)
    columns = {"code": "WARD_NO", "name": "WARD_NO"}
    outcome = office.give("network:wards", WARDS, crs=None, columns=columns)
    assert (outcome.state, outcome.counts["new"]) == ("imported", 77)
    held = stored(office, "department_network")
    for number, shape in zip(fields["WARD_NO"], shapes, strict=True):
        ward = held[f"wards/{number:.0f}" if isinstance(number, float) else f"wards/{number}"]
        assert shapely.equals_identical(ward, as_parts(shape))
    (city,), _, _ = layer(CITY)
    boundary = office.give("reference:city", CITY, crs=None, columns={"code": "OBJECTID"})
    assert (boundary.state, boundary.counts["new"]) == ("imported", 1)
    assert shapely.equals_identical(stored(office, "reference_feature")["city/1"], city)


def test_the_districts_of_lancashire(office: Office) -> None:
    shapes, fields, _ = layer(DISTRICTS)
    columns = {"code": "objectid", "name": "district"}
    outcome = office.give("reference:districts", DISTRICTS, crs=None, columns=columns)
    assert (outcome.state, outcome.counts["new"]) == ("imported", len(shapes))
    content, held = office.content("reference_feature"), stored(office, "reference_feature")
    for code, name, shape in zip(fields["objectid"], fields["district"], shapes, strict=True):
        assert content[f"districts/{code}"]["name"] == name
        assert shapely.equals_identical(held[f"districts/{code}"], shape)


def test_the_wards_of_lancashire_by_list_and_by_map(office: Office) -> None:
    """The list of wards with their people first, then the map of most of them."""
    sheet = openpyxl.load_workbook(POPULATION).worksheets[0]
    _, *lines = sheet.iter_rows(values_only=True)
    listed = {str(code): str(name) for code, name, _ in lines}
    set_lengths(office, county=1, town=3, village=9, grid=12)
    top = [{"编码": "E", "名称": "England"}, {"编码": "E05", "名称": "Wards"}]
    assert office.give("areas", top, crs=None).state == "imported"
    columns = {"code": "gss_code", "name": "ward"}
    outcome = office.give("areas", POPULATION, crs=None, columns=columns)
    assert (outcome.state, outcome.counts["read"]) == ("imported", len(lines))
    assert outcome.counts["new"] == len(listed) == 285
    wards = {c: r for c, r in office.content("area").items() if r["level"] == "village"}
    assert {code: row["name"] for code, row in wards.items()} == listed

    shapes, fields, crs = layer(LANCASHIRE)
    columns = {"code": "ward_code", "name": "ward_name"}
    outcome = office.give("areas", LANCASHIRE, crs=None, columns=columns)
    drawn = set(fields["ward_code"].tolist())
    assert outcome.state == "imported"
    counts = {"read": len(shapes), "new": len(drawn - set(listed)),
              "changed": len(drawn & set(listed))}  # fmt: skip
    assert outcome.counts | counts == outcome.counts
    held = stored(office, "area")
    assert set(held) == drawn
    to_degrees = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    ward = shapely.transform(shapes[0], lambda xy: np.column_stack(to_degrees.transform(*xy.T)))
    assert shapely.hausdorff_distance(held[fields["ward_code"][0]], ward) < 1e-6


def test_the_police_districts_of_chicago(office: Office) -> None:
    root = ET.parse(POLICE).getroot()  # noqa: S314 - a file that is known
    names = [each.findtext(f"{KML}name") for each in root.iter(f"{KML}Placemark")]
    outcome = office.give("network:police", POLICE, crs=None, partial=True)
    shapes, _, _ = layer(POLICE)
    valid = shapely.is_valid(shapes)
    assert len(names) == outcome.counts["read"] == len(shapes) == 25
    assert outcome.columns["name"] == "Name"
    assert outcome.counts["new"] == int(valid.sum())
    held = office.content("department_network").values()
    assert Counter(row["name"] for row in held) == Counter(np.array(names)[valid].tolist())


# -- events --------------------------------------------------------------------------------------


def months(office: Office) -> dict[str, int]:
    """How many incidents of each month, of the office's own time."""
    incident = table_of("incident").c
    month = func.to_char(func.timezone("Asia/Shanghai", incident.reported_at), "YYYY-MM")
    with office.engine.connect() as connection:
        rows = connection.execute(select(month, func.count()).group_by(month)).all()
    return {row[0]: row[1] for row in rows}


def places(office: Office) -> Counter[tuple[float, float]]:
    geom = table_of("incident").c.geom
    with office.engine.connect() as connection:
        rows = connection.execute(select(func.ST_X(geom), func.ST_Y(geom))).all()
    return Counter((row[0], row[1]) for row in rows)


def test_the_incidents_of_lancashire(office: Office) -> None:
    with ASB.open(encoding="utf-8", newline="") as source:
        lines = list(csv.DictReader(source, delimiter="\t"))
    outcome = office.give("incidents", ASB, columns={"kind": "=asb"})
    assert (outcome.state, outcome.rejects) == ("imported", [])
    assert outcome.columns == {
        "kind": "=asb", "reported_at": "month", "description": "location",
    }  # fmt: skip
    assert outcome.counts["new"] == outcome.counts["read"] == len(lines) == 56_434
    assert office.count("incident") == len(lines)
    assert months(office) == Counter(line["month"][:7] for line in lines)
    assert places(office) == Counter(
        (float(line["longitude"]), float(line["latitude"])) for line in lines
    )
    assert office.give("incidents", ASB, columns={"kind": "=asb"}).state == "unchanged"


def test_the_assaults_of_chicago(office: Office) -> None:
    with gzip.open(ASSAULTS, "rt", encoding="utf-8", newline="") as source:
        lines = list(csv.DictReader(source))
    columns = {"kind": "=assault", "title": "loc_cat"}
    outcome = office.give("incidents", ASSAULTS, columns=columns)
    assert (outcome.state, outcome.rejects) == ("imported", [])
    assert outcome.counts["new"] == outcome.counts["read"] == len(lines) == 148_636
    assert office.count("incident") == len(lines)
    assert months(office) == Counter(line["date"][:7] for line in lines)
    assert places(office) == Counter(
        (float(line["longitude"]), float(line["latitude"])) for line in lines
    )
    _, counts = office.take_back(outcome.number)
    assert counts["closed"] == len(lines)
    assert office.count("incident") == 0
