"""``wangge check --rules --limits``: how grave a rule is, and by which thresholds it goes."""

from pathlib import Path

import pytest

from tests.unit.county_files import SIDE, Check, cell, feature, geojson, points, square


def severities(ran: object) -> dict[str, str]:
    return {each["rule"]: each["severity"] for each in ran.document["findings"]}  # type: ignore[attr-defined]


def test_a_rule_is_as_grave_as_is_said(check: Check, village: list[object]) -> None:
    usual = check(*village)
    assert severities(usual)["H205"] == "warning"
    said = check(*village, "--rules", "H205=error,C=info")
    assert {rule: s for rule, s in severities(said).items() if rule[0] == "C"} == dict.fromkeys(
        (rule for rule in severities(usual) if rule[0] == "C"), "info"
    )
    assert severities(said)["H205"] == "error"
    assert said.document["summary"]["warnings"] == 0
    assert set(severities(said)) == set(severities(usual))


def test_what_is_graded_does_not_switch_the_others_off(check: Check, village: list[object]) -> None:
    assert set(severities(check(*village, "--rules", "C103,H205=info"))) == {"C103", "H205"}
    assert "C103" not in severities(check(*village, "--rules", "H205=info,-C103"))


def test_the_claim_is_open_where_a_rule_is_off(check: Check, village: list[object]) -> None:
    assert check(*village).document["summary"]["blind_spots"] is True
    assert check(*village, "--rules", "-C1,-H201").document["summary"]["blind_spots"] is None


def test_thresholds_are_told(check: Check, tmp_path: Path) -> None:
    metre = SIDE / 933  # of longitude, in degrees
    right = [[x + metre, y] for x, y in square(1)]
    path = geojson(tmp_path / "slit.geojson", cell("a", 0), feature("b", right))
    assert severities(check(path)) == {}
    wide = check(path, "--limits", "narrow_gap_m=2")
    assert severities(wide) == {"C107": "warning"}
    assert wide.document["findings"][0]["width_m"] == pytest.approx(1.0, rel=0.05)


def test_a_files_households_are_counted_by_grid_where_that_is_asked(
    check: Check, tmp_path: Path
) -> None:
    cells = cell("a", 0), cell("b", 1)
    for each, kind in zip(cells, ("农村网格", "rural"), strict=True):
        each["properties"]["kind"] = kind
    grids = geojson(tmp_path / "g.geojson", *cells)
    spots = [(f"h{n:03}", 0.1 + n / 100, 0.5) for n in range(40)]
    homes = points(tmp_path / "h.geojson", *spots, ("z", 1.5, 0.5))
    asked = [grids, "--households", homes]
    assert severities(check(*asked)) == {}
    sized = check(*asked, "--rules", "+S")
    assert severities(sized) == {"S304": "warning"}
    assert sized.document["findings"][0]["grids"] == ["b"]
    most = "households_per_grid.rural.least=0,households_per_grid.rural.most=39"
    assert severities(check(*asked, "--rules", "S305", "--limits", most)) == {"S305": "warning"}


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--rules", "C105=grave"),
        ("--rules", "X=error"),
        ("--limits", "narrow_gap_m"),
        ("--limits", "narrow_gap_m=wide"),
        ("--limits", "narrow=2"),
        ("--limits", "narrow_gap_m=900"),
        ("--limits", "households_per_grid.rural.least=900"),
        ("--limits", "households_per_grid=3,households_per_grid.rural.least=1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(
    check: Check, clean: Path, option: str, words: str
) -> None:
    ran = check(clean, option, words)
    assert ran.status == 2
    assert ran.err.count("\n") == 1
