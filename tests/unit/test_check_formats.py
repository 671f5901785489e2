"""What ``wangge check`` writes: a table, JSON, GeoJSON, SARIF and a page, and where to."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import geopandas as gpd
import pytest

from geo.findings import RULES
from tests.unit.county_files import (
    Check,
    cell,
    feature,
    geojson,
    square,
    write,
)


@pytest.mark.parametrize(
    ("ending", "begins"),
    [("json", "{"), ("geojson", '{\n "type"'), ("sarif", '{\n "$schema"'), ("html", "<!doctype"),
     ("htm", "<!doctype"), ("txt", "“全域无盲区”不成立"), ("JSON", "{")],
)  # fmt: skip
def test_the_ending_picks_the_format(
    check: Check, tmp_path: Path, village: list[object], ending: str, begins: str
) -> None:
    target = tmp_path / f"report.{ending}"
    ran = check(*village, "-o", target, form=None)
    assert (ran.status, ran.out, ran.err) == (1, "", "")
    assert target.read_text(encoding="utf-8").lstrip().startswith(begins)
    assert not list(tmp_path.glob("*.part"))


def test_what_is_told_wins_over_the_ending(
    check: Check, tmp_path: Path, village: list[object]
) -> None:
    check(*village, "-o", tmp_path / "report.txt", form="json")
    assert json.loads((tmp_path / "report.txt").read_text(encoding="utf-8"))["summary"]


def test_an_old_report_is_replaced_whole(check: Check, tmp_path: Path, clean: Path) -> None:
    target = write(tmp_path / "report.json", "x" * 100_000)
    check(clean, "-o", target, form=None)
    assert json.loads(target.read_text())["findings"] == []


def test_messages_go_to_stderr_and_the_result_to_stdout(check: Check, tmp_path: Path) -> None:
    ran = check(geojson(tmp_path / "g.geojson", feature("", square(), 编号="7")))
    assert json.loads(ran.out)
    assert all(line.startswith("wangge: ") for line in ran.err.splitlines())
    high = geojson(tmp_path / "z.geojson", feature("a", [[*vertex, 1.0] for vertex in square()]))
    ran = check(high)
    assert "heights" in ran.err
    assert "heights" not in ran.out


@pytest.mark.parametrize(("lang", "word"), [("zh", "空白"), ("en", "Uncovered land")])
def test_a_table_in_either_language(
    check: Check, village: list[object], lang: str, word: str
) -> None:
    out = check(*village, "--lang", lang, form="table").out
    assert word in out
    for found in check(*village).findings:
        assert found["id"] in out
        assert found["message" if lang == "en" else "message_zh"] in out


def test_geojson_is_findings_as_features(
    check: Check, tmp_path: Path, village: list[object]
) -> None:
    target = tmp_path / "found.geojson"
    check(*village, "-o", target, form=None)
    frame = gpd.read_file(target)
    assert frame.crs == "EPSG:4326"
    found = {finding["id"]: finding for finding in check(*village).findings}
    document = json.loads(target.read_text(encoding="utf-8"))
    assert document["type"] == "FeatureCollection"
    assert [each["id"] for each in document["features"]] == list(found)
    for each in document["features"]:
        assert each["type"] == "Feature"
        assert each["geometry"] == found[each["id"]]["geometry"]
        assert each["properties"]["rule"] == found[each["id"]]["rule"]
    assert len(frame) == len(found)


def test_sarif_has_what_a_ci_needs(check: Check, village: list[object]) -> None:
    sarif = json.loads(check(*village, form="sarif").out)
    assert sarif["version"] == "2.1.0"
    (one,) = sarif["runs"]
    driver = one["tool"]["driver"]
    assert driver["name"] == "wangge"
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    assert all(rule["shortDescription"]["text"] for rule in driver["rules"])
    found = check(*village).findings
    assert len(one["results"]) == len(found) > 0
    for result, finding in zip(one["results"], found, strict=True):
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == finding["rule"]
        assert (
            result["level"]
            == {"error": "error", "warning": "warning", "info": "note"}[finding["severity"]]
        )
        assert finding["message"] in result["message"]["text"]
        assert list(result["partialFingerprints"].values()) == [finding["id"]]
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "grids.geojson"


def test_sarif_names_a_file_as_a_uri(check: Check, tmp_path: Path) -> None:
    path = geojson(tmp_path / "网格 1.geojson", cell("a", 0), cell("b", 0.9))
    (result,) = json.loads(check(path, form="sarif").out)["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "%E7%BD%91%E6%A0%BC%201.geojson"


class Loads(HTMLParser):
    """Collects whatever a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.languages: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action", "data", "srcset", "poster"):
                self.addresses.append(f"{tag} {name}={value}")
            if name == "lang" and value:
                self.languages.add(value)


def test_html_stands_alone_in_both_languages(check: Check, village: list[object]) -> None:
    out = check(*village, "--lang", "en", form="html").out
    page = Loads()
    page.feed(out)
    assert page.addresses == []
    assert not re.search(r"https?://|@import|\bfetch\(|//[a-z]+\.", out)
    assert not re.search(r"url\((?!#)", out), "patterns of its own alone"
    assert page.languages == {"zh-CN", "en"}
    assert re.search(r'<html lang="en"', out)
    assert '<html lang="zh-CN"' in check(*village, form="html").out
    for found in check(*village).findings:
        for words in (found["message"], found["message_zh"], found["fix"]):
            assert words in out


def test_what_a_file_says_is_never_html(check: Check, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    path = geojson(tmp_path / "g.geojson", cell("a", 0, name=evil), cell("b", 0.9, name=evil))
    out = check(path, form="html").out
    assert evil not in out
    assert "&lt;script&gt;" in out
