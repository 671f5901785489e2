"""``wangge check FILE``: its formats, its names that last, its switches and its exit status."""

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely

from api.cli import run
from geo.findings import RULES
from tests.unit.county_files import (
    LAT,
    LON,
    SIDE,
    Check,
    Ran,
    cell,
    feature,
    geojson,
    points,
    square,
    write,
)

NUMBER = (int, float)
SUMMARY = {
    "grids": int,
    "areas": int,
    "households": int,
    "parent_area_km2": NUMBER,
    "grid_area_km2": NUMBER,
    "uncovered_km2": NUMBER,
    "overlap_km2": NUMBER,
    "outside_km2": NUMBER,
    "households_uncovered": int,
    "households_in_several": int,
    "by_rule": dict,
    "errors": int,
    "warnings": int,
    "blind_spots": bool,
}
FINDING = {
    "id": str,
    "rule": str,
    "name": str,
    "severity": str,
    "grids": list,
    "area": (str, type(None)),
    "area_m2": NUMBER,
    "width_m": NUMBER,
    "length_m": NUMBER,
    "households": int,
    "point": list,
    "bbox": list,
    "geometry": dict,
    "message": str,
    "message_zh": str,
    "fix": str,
}
DOCUMENT = {
    "wangge": str,
    "source": str,
    "crs": str,
    "tolerance_m": NUMBER,
    "read_seconds": NUMBER,
    "seconds": NUMBER,
    "summary": dict,
    "findings": list,
}


def has(value: dict[str, Any], keys: dict[str, Any]) -> None:
    """Every key of the contract, of its type; whole numbers are no truths."""
    for key, kind in keys.items():
        assert isinstance(value[key], kind), (key, value[key])
        assert kind is bool or not isinstance(value[key], bool), key


# -- JSON ----------------------------------------------------------------------------------------


def test_json_is_the_object_of_the_contract(check: Check, village: list[object]) -> None:
    ran = check(*village)
    assert (ran.status, ran.err) == (1, "")
    document = ran.document
    has(document, DOCUMENT)
    has(document["summary"], SUMMARY)
    assert document["source"] == "grids.geojson"
    assert document["crs"] == "EPSG:4547"
    assert document["tolerance_m"] == 0.01
    for found in document["findings"]:
        has(found, FINDING)
        assert (found["name"], found["severity"]) == (
            RULES[found["rule"]].name,
            RULES[found["rule"]].severity,
        )
        assert re.fullmatch(r"[0-9a-f]{12}", found["id"])
        west, south, east, north = found["bbox"]
        assert west <= found["point"][0] <= east
        assert south <= found["point"][1] <= north
        assert shapely.geometry.shape(found["geometry"]).bounds == pytest.approx(found["bbox"])


def test_json_says_what_is_so(check: Check, village: list[object]) -> None:
    document = check(*village).document
    summary = document["summary"]
    assert summary["by_rule"] == {"C101": 1, "C103": 1, "H201": 1, "H205": 1} or (
        summary["by_rule"] == {"C102": 1, "C103": 1, "H201": 1, "H205": 1}
    )
    assert (summary["errors"], summary["warnings"]) == (3, 1)
    assert (summary["grids"], summary["areas"], summary["households"]) == (3, 1, 3)
    assert (summary["households_uncovered"], summary["households_in_several"]) == (1, 0)
    assert summary["blind_spots"] is True
    # Σ grids − parent = overlap + outside − uncovered, whatever the shapes.
    balance = summary["overlap_km2"] + summary["outside_km2"] - summary["uncovered_km2"]
    assert summary["grid_area_km2"] - summary["parent_area_km2"] == pytest.approx(balance, abs=1e-6)
    gap = next(found for found in document["findings"] if found["rule"] in ("C101", "C102"))
    assert (gap["area"], gap["households"]) == ("V", 1)
    assert {"V2", "V4"} <= set(gap["grids"])
    assert "网格" in gap["message_zh"]


def test_findings_are_sorted_by_severity_then_area(check: Check, village: list[object]) -> None:
    order = ("error", "warning", "info")
    keys = [(order.index(f["severity"]), -f["area_m2"]) for f in check(*village).findings]
    assert len(keys) > 3
    assert keys == sorted(keys)


def test_what_was_not_given_is_null_and_not_zero(check: Check, clean: Path) -> None:
    summary = check(clean).document["summary"]
    assert summary["blind_spots"] is None
    assert summary["parent_area_km2"] is None
    assert summary["outside_km2"] is None


def test_a_clean_coverage_says_so_with_status_0(check: Check, tmp_path: Path, clean: Path) -> None:
    ring = [[*v] for v in shapely.union_all([shapely.Polygon(square(n)) for n in (0, 1)])
            .exterior.coords]  # fmt: skip
    within = geojson(tmp_path / "w.geojson", feature("V", ring))
    homes = points(tmp_path / "h.geojson", ("h1", 0.5, 0.5))
    ran = check(clean, "--within", within, "--households", homes)
    assert (ran.status, ran.err, ran.findings) == (0, "", [])
    assert ran.document["summary"]["blind_spots"] is False


def without_seconds(words: str) -> str:
    return re.sub(r'"(read_)?seconds": [0-9.e-]+', "", words)


@pytest.mark.parametrize("form", ["json", "geojson", "html", "sarif", "table"])
def test_the_same_input_gives_the_same_bytes(
    check: Check, village: list[object], form: str
) -> None:
    first, second = (check(*village, form=form).out for _ in range(2))
    assert without_seconds(first) == without_seconds(second)
    assert len(first) > 500
    if form == "json":
        assert len(first) - len(without_seconds(first)) > 20, "both are there, and only they differ"


# -- Names that last -----------------------------------------------------------------------------


def names(ran: Ran) -> dict[tuple[str, frozenset[str]], str]:
    return {(f["rule"], frozenset(f["grids"])): f["id"] for f in ran.findings}


def test_a_name_survives_an_unrelated_edit(check: Check, tmp_path: Path) -> None:
    faults = [
        cell("a", 0),
        cell("b", 0.9),
        feature("gone"),
        cell("twice", 5),
        cell("twice", 6),
        feature("open", square(8)[:-1]),
    ]
    homes = points(tmp_path / "h.geojson", ("h1", 0.5, 0.5), ("lost", 9.5, 0.5), ("h3", None, None))
    before = names(check(geojson(tmp_path / "g.geojson", *faults), "--households", homes))
    assert {rule for rule, _ in before} >= {"C103", "G001", "G002", "G003", "H201", "H205"}
    # Rows before, rows after, another order, more land in the layer, one more fault of its own.
    edited = [cell("new", 20, 3), *reversed(faults), feature("gone too"), cell("z", 12)]
    after = names(check(geojson(tmp_path / "g.geojson", *edited), "--households", homes))
    assert {key: after.get(key) for key in before} == before
    assert len(after) > len(before)


def test_a_name_survives_a_vertex_moved_elsewhere_on_the_same_grid(
    check: Check, tmp_path: Path
) -> None:
    before = names(check(geojson(tmp_path / "g.geojson", cell("a", 0), cell("b", 0.9))))
    moved = square(0)
    moved[-1] = moved[0] = [LON - SIDE / 3, LAT]
    after = names(check(geojson(tmp_path / "g.geojson", feature("a", moved), cell("b", 0.9))))
    assert before == after
    assert len(before) == 1


def test_names_are_unique(check: Check, tmp_path: Path) -> None:
    rows = [feature("x"), feature("x"), cell("a", 0), cell("b", 0.9), cell("c", 2), cell("c", 3)]
    found = check(geojson(tmp_path / "g.geojson", *rows)).findings
    assert len({finding["id"] for finding in found}) == len(found) >= 4


# -- Accepted findings ---------------------------------------------------------------------------


@pytest.fixture
def overlap(check: Check, tmp_path: Path) -> tuple[Path, str]:
    path = geojson(tmp_path / "over.geojson", cell("a", 0), cell("b", 0.9))
    return path, str(check(path).only("C103")["id"])


def test_an_accepted_finding_is_listed_flagged_and_not_counted(
    check: Check, tmp_path: Path, overlap: tuple[Path, str]
) -> None:
    path, name = overlap
    for words in (
        name,
        f"{name}\nfedcba987654\n",
        json.dumps([name]),
        json.dumps([{"id": name, "reason": "enclave"}]),
        json.dumps({"accepted": [{"id": name, "until": "2999-12-31"}]}),
    ):
        ran = check(path, "--accepted", write(tmp_path / "ok.txt", words))
        assert ran.status == 0
        assert ran.only("C103")["accepted"] is True
        assert ran.document["summary"]["errors"] == 0
        assert ran.document["summary"]["by_rule"] == {}
        assert ran.document["summary"]["accepted"] == 1


def test_an_acceptance_ends_with_its_day(
    check: Check, tmp_path: Path, overlap: tuple[Path, str]
) -> None:
    path, name = overlap
    words = json.dumps([{"id": name, "until": "2026-06-30"}])
    accepted = write(tmp_path / "accepted.json", words)
    for today, status in (("2026-06-30", 0), ("2026-07-01", 1)):
        ran = check(path, "--accepted", accepted, "--today", today)
        assert ran.status == status
        assert ran.only("C103")["accepted"] is (status == 0)
    yesterday = date.fromordinal(date.today().toordinal() - 1)  # noqa: DTZ011 - the operator's day
    write(accepted, json.dumps([{"id": name, "until": str(yesterday)}]))
    assert check(path, "--accepted", accepted).status == 1


def test_accepted_blind_spots_are_none(check: Check, tmp_path: Path, village: list[object]) -> None:
    found = [f["id"] for f in check(*village).findings if f["rule"] != "C103"]
    ran = check(*village, "--accepted", write(tmp_path / "a.json", json.dumps(found)))
    assert ran.status == 1, "the overlap stands"
    assert ran.document["summary"]["blind_spots"] is False


def test_the_other_formats_flag_it_too(
    check: Check, tmp_path: Path, overlap: tuple[Path, str]
) -> None:
    path, name = overlap
    accepted = write(tmp_path / "a.txt", name)
    sarif = json.loads(check(path, "--accepted", accepted, form="sarif").out)
    assert sarif["runs"][0]["results"][0]["suppressions"][0]["status"] == "accepted"
    assert "\n= C103" in check(path, "--accepted", accepted, form="table").out
    assert "已登记例外" in check(path, "--accepted", accepted, form="html").out


# -- Switches ------------------------------------------------------------------------------------


def rules(ran: Ran) -> set[str]:
    return set(ran.document["summary"]["by_rule"])


def test_rules_are_switched(check: Check, village: list[object]) -> None:
    everything = rules(check(*village))
    gap = (everything & {"C101", "C102"}).pop()
    for words, left in (
        ("-C103", everything - {"C103"}),
        (f"-C103,-{gap}", everything - {"C103", gap}),
        ("-C", everything - {"C103", gap}),
        ("-C,+C103", everything - {gap}),
        ("-c103", everything - {"C103"}),
        ("+C", everything),
        ("", everything),
        ("C103", {"C103"}),
        ("H", {"H201", "H205"}),
        (" C103 , H201 ", {"C103", "H201"}),
        ("H,-H205", {"H201"}),
    ):
        assert rules(check(*village, "--rules", words)) == left, words


def test_what_is_switched_off_is_not_counted(check: Check, village: list[object]) -> None:
    assert check(*village, "--rules", "-C,-H").status == 0
    assert check(*village, "--rules", "H205").status == 0, "a warning"
    assert check(*village, "--rules", "H201").status == 1


def test_borders_closer_than_the_tolerance_are_one(check: Check, tmp_path: Path) -> None:
    degree = 111_000.0
    sliver = 0.5 / degree / SIDE  # half a metre, in cells
    path = geojson(tmp_path / "g.geojson", cell("a", 0), cell("b", 1 - sliver))
    assert check(path).only("C103")["width_m"] == pytest.approx(0.47, abs=0.1)
    ran = check(path, "--tolerance", "1")
    assert ran.status == 0
    assert ran.document["tolerance_m"] == 1.0
    assert rules(ran) <= {"C105"}


def test_codes_of_the_boundary_and_of_the_parents(check: Check, tmp_path: Path) -> None:
    within = geojson(
        tmp_path / "w.geojson",
        feature("x", square(0), wards="North"),
        feature("y", square(1), wards="South"),
    )
    grids = geojson(tmp_path / "g.geojson", cell("a", 0, ward="North"), cell("b", 1, ward="North"))
    ran = check(grids, "--within", within, "--within-code", "wards", "--parent", "ward")
    found = ran.only("C104")
    assert (found["area"], found["grids"]) == ("North", ["b"]), "it is filed under that ward"
    assert ran.findings == [found]
    assert check(grids, "--within", within, "--within-code", "wards").status == 0


def test_an_overlay_takes_no_part(check: Check, tmp_path: Path) -> None:
    rows = [cell("a", 0, how="独占"), cell("b", 0.2, how="overlay"), cell("c", 1, how="")]
    path = geojson(tmp_path / "g.geojson", *rows)
    assert "C103" in rules(check(path))
    assert check(path, "--coverage", "how").status == 0


def test_a_code_may_stand_in_any_column(check: Check, tmp_path: Path) -> None:
    path = geojson(tmp_path / "g.geojson", cell("a", 0, no="n1"), cell("b", 0.9, no="n2"))
    assert check(path, "--code", "no").only("C103")["grids"] in (["n1", "n2"], ["n2", "n1"])


# -- Without a file ------------------------------------------------------------------------------


def test_a_database_that_does_not_answer_is_status_3(
    check: Check, limits: Callable[..., None]
) -> None:
    limits(WANGGE_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    ran = check()
    assert (ran.status, ran.out) == (3, "")
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("wangge: ")


def test_help_has_an_example(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--help"]) == 0
    assert "Example: wangge check grids.geojson" in capfd.readouterr().out
