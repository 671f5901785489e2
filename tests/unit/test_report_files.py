"""What ``wangge check`` writes for a GIS and for a CI, read with someone else's code."""

import json
import sqlite3
import xml.etree.ElementTree as ElementTree
from contextlib import closing
from html import escape
from pathlib import Path
from typing import Any

import jsonschema
import pyogrio
import pytest
import shapely

from tests.unit import spoiled_county
from tests.unit.county_files import Check, cell, geojson, refused

# Of SARIF 2.1.0 what its schema demands of the parts that are written here: an unknown key is
# refused, and the address of a rule's page is a whole one.
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}},
        "additionalProperties": False}  # fmt: skip
LEVEL = {"enum": ["none", "note", "warning", "error"]}
LOCATION = {
    "type": "object", "additionalProperties": False,
    "properties": {
        "physicalLocation": {"type": "object", "required": ["artifactLocation"], "properties": {
            "artifactLocation": {"properties": {"uri": {"type": "string", "pattern": "^[!-~]+$"}},
                                 "additionalProperties": False}}, "additionalProperties": False},
        "logicalLocations": {"type": "array", "uniqueItems": True, "items": {
            "properties": {"name": {"type": "string"}, "kind": {"type": "string"}},
            "additionalProperties": False}},
    },
}  # fmt: skip
RULE = {
    "type": "object", "required": ["id", "helpUri"], "additionalProperties": False,
    "properties": {
        "id": {"type": "string"}, "name": {"type": "string"}, "shortDescription": TEXT,
        "fullDescription": TEXT, "help": TEXT,
        "helpUri": {"type": "string", "pattern": r"^https?://[!-~]+$"},
        "defaultConfiguration": {"properties": {"level": LEVEL}, "additionalProperties": False},
    },
}  # fmt: skip
RESULT = {
    "type": "object", "required": ["message"], "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": -1},
        "level": LEVEL, "message": TEXT, "locations": {"type": "array", "items": LOCATION},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "properties": {"type": "object"},
        "suppressions": {"type": "array", "items": {
            "type": "object", "required": ["kind"], "additionalProperties": False,
            "properties": {"kind": {"enum": ["inSource", "external"]},
                           "status": {"enum": ["accepted", "underReview", "rejected"]}}}},
    },
}  # fmt: skip
SARIF = {
    "type": "object", "required": ["version", "runs"], "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string"}, "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": {
            "type": "object", "required": ["tool"], "additionalProperties": False,
            "properties": {
                "tool": {"type": "object", "required": ["driver"], "properties": {"driver": {
                    "type": "object", "required": ["name"], "additionalProperties": False,
                    "properties": {"name": {"type": "string"}, "version": {"type": "string"},
                                   "rules": {"type": "array", "items": RULE}}}}},
                "results": {"type": "array", "items": RESULT},
            }}},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county with every defect: points, lines, broken rings, a row without a shape."""
    folder = tmp_path_factory.mktemp("spoiled")
    spoiled_county.write(spoiled_county.make(3), folder)
    return folder


def told(folder: Path) -> list[object]:
    return [folder / "grids.geojson", "--within", folder / "within.geojson"]


def read(path: Path, layer: str) -> Any:
    return pyogrio.read_dataframe(path, layer=layer)


def test_a_geopackage_has_all_that_was_found(check: Check, tmp_path: Path, spoiled: Path) -> None:
    target = tmp_path / "report.gpkg"
    ran = check(*told(spoiled), "-o", target, form=None)
    assert (ran.status, ran.out) == (1, "")
    document = check(*told(spoiled)).document
    found = {each["id"]: each for each in document["findings"]}
    layers = dict(pyogrio.list_layers(target))
    assert layers == {
        "findings": "Unknown", "finding_points": "Point", "grids": "MultiPolygon",
        "areas": "MultiPolygon", "summary": None, "layer_styles": None,
    }  # fmt: skip
    drawn, points = read(target, "findings"), read(target, "finding_points")
    assert drawn.crs == points.crs == "EPSG:4326"
    assert list(drawn["id"]) == list(points["id"]) == list(found)
    assert {"Polygon", "LineString", "Point"} <= set(drawn.geom_type)
    for row, at in zip(drawn.itertuples(), points.geometry, strict=True):
        each = found[row.id]
        assert shapely.equals_exact(row.geometry, shapely.geometry.shape(each["geometry"]))
        assert [at.x, at.y] == each["point"]
        for name in ("rule", "severity", "area_m2", "households", "message", "message_zh", "fix"):
            assert getattr(row, name) == each[name]
        assert row.grids == ", ".join(each["grids"])
    # Every grid is there, with how many findings name it.
    grids = read(target, "grids")
    assert len(grids) == document["summary"]["grids"]
    for row in grids.itertuples():
        named = [each for each in found.values() if row.code in each["grids"]]
        assert row.findings == len(named)
        assert row.errors == sum(each["severity"] == "error" for each in named)
    assert grids["findings"].sum() > 20
    figures = read(target, "summary").set_index("figure")
    assert figures.loc["errors", "value"] == document["summary"]["errors"]
    assert figures.loc["by_rule.C101", "value"] == document["summary"]["by_rule"]["C101"]
    assert not list(tmp_path.glob("*.part*"))


def test_a_geopackage_declares_its_geometry_and_brings_its_styles(
    check: Check, tmp_path: Path, village: list[object]
) -> None:
    target = tmp_path / "report.gpkg"
    check(*village, "-o", target, form=None)
    with closing(sqlite3.connect(target)) as database:
        kinds = dict(
            database.execute("SELECT table_name, geometry_type_name FROM gpkg_geometry_columns")
        )
        styles = database.execute(
            "SELECT f_table_name, styleQML FROM layer_styles "
            "WHERE f_table_schema = '' AND f_geometry_column = 'geom' AND useAsDefault"
        ).fetchall()
    assert kinds["findings"] == "GEOMETRY"
    assert {name for name, _ in styles} >= {"findings", "finding_points", "grids", "areas"}
    for name, words in styles:
        root = ElementTree.fromstring(words.split(">", 1)[1])  # noqa: S314 - our own
        symbols = {each.get("name") for each in root.iter("symbol")}
        assert symbols >= {each.get("symbol") for each in root.iter("category")}, name
        assert root.findtext("layerGeometryType") == ("0" if name == "finding_points" else "2")
        if root.find("renderer-v2").get("attr"):  # type: ignore[union-attr]
            values = {each.get("value") for each in root.iter("category")}
            assert set(read(target, name)["class"]) <= values


def test_a_geopackage_of_a_clean_file_is_empty_and_whole(
    check: Check, tmp_path: Path, clean: Path
) -> None:
    target = tmp_path / "report.gpkg"
    target.write_bytes(b"an old one")
    assert check(clean, "-o", target, form=None).status == 0
    assert len(read(target, "findings")) == 0
    assert {"id", "message_zh", "depth"} <= set(read(target, "findings"))
    assert list(read(target, "grids")["findings"]) == [0, 0]


def test_a_geopackage_needs_a_name_and_a_place(check: Check, tmp_path: Path, clean: Path) -> None:
    refused(check(clean, form="gpkg"), "-o report.gpkg")
    told_so = tmp_path / "report.out"
    assert check(clean, "-o", told_so, form="gpkg").status == 0
    assert len(read(told_so.rename(tmp_path / "renamed.gpkg"), "grids")) == 2
    refused(check(clean, "-o", tmp_path / "no" / "report.gpkg", form=None), "no folder")


def test_sarif_is_as_its_schema_demands(check: Check, tmp_path: Path, spoiled: Path) -> None:
    found = json.loads(check(*told(spoiled), form="json").out)["findings"]
    accepted = tmp_path / "accepted.txt"
    accepted.write_text(found[0]["id"])
    log = json.loads(check(*told(spoiled), "--accepted", accepted, form="sarif").out)
    jsonschema.Draft202012Validator(SARIF).validate(log)
    assert len(log["runs"][0]["results"]) == len(found)
    broken = json.loads(json.dumps(log))
    broken["runs"][0]["tool"]["driver"]["rules"][0]["helpUri"] = "/docs/rules/G001"
    assert not jsonschema.Draft202012Validator(SARIF).is_valid(broken)


def test_sarif_leads_to_the_page_of_each_rule(check: Check, limits: Any, clean: Path) -> None:
    limits(WANGGE_PUBLIC_URL="https://grids.example/county/")
    driver = json.loads(check(clean, form="sarif").out)["runs"][0]["tool"]["driver"]
    for rule in driver["rules"]:
        assert rule["helpUri"] == f"https://grids.example/county/docs/rules/{rule['id']}"


def test_a_page_has_a_picture_of_each_finding(check: Check, spoiled: Path) -> None:
    out = check(*told(spoiled), form="html").out
    found = check(*told(spoiled)).findings
    assert out.count('<svg class="picture"') == len(found) > 50
    for each in found:
        assert escape(f"{each['message_zh']} {each['message']}") in out


def test_of_very_many_findings_the_gravest_have_pictures(check: Check, tmp_path: Path) -> None:
    rows = [cell(f"g{at}", at * 0.9) for at in range(140)]
    out = check(geojson(tmp_path / "many.geojson", *rows), form="html").out
    assert out.count('<svg class="picture"') == 100
    assert out.count('class="finding"') == 139
    assert "100 have a picture; the other 39" in out
    assert len(out) < 1_500_000
