"""The catalogue: every rule declared once, whole; switched and graded as a county says."""

import geopandas as gpd
import pytest
import shapely

from geo.coverage import BLIND_RULES, blind_spots, check_coverage
from geo.findings import RULES, SEVERITIES
from geo.rules import LIMITS, Limits
from layers.style import finding_class

# The catalogue as it was agreed.
AGREED = {
    "G001": "error", "G002": "error", "G003": "error", "G004": "error", "G005": "warning",
    "G006": "error", "G007": "warning",
    "C101": "error", "C102": "error", "C103": "error", "C104": "error", "C105": "warning",
    "C106": "error", "C107": "warning",
    "H201": "error", "H202": "error", "H203": "warning", "H204": "info", "H205": "warning",
    "S301": "warning", "S302": "warning", "S303": "warning", "S304": "warning", "S305": "warning",
    "S306": "warning",
    "P401": "warning", "P402": "warning", "P403": "warning", "P404": "warning",
    "V501": "warning",
}  # fmt: skip


def test_every_rule_of_the_catalogue_is_in_the_table() -> None:
    assert {code: rule.severity for code, rule in RULES.items()} == AGREED
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
    assert len({rule.name_zh for rule in RULES.values()}) == len(RULES)


@pytest.mark.parametrize("code", AGREED)
def test_a_row_is_whole(code: str) -> None:
    rule = RULES[code]
    for name in ("reason", "message", "fix", "why", "how"):
        english, chinese = getattr(rule, name), getattr(rule, f"{name}_zh")
        assert english.strip(), name
        assert any("\u4e00" <= sign <= "\u9fff" for sign in chinese) or "{" in chinese, name
    assert len(rule.why) > 60
    assert len(rule.how) > 60
    assert set(rule.limits) <= set(LIMITS)
    assert finding_class(code)


def test_every_threshold_is_some_rule_s() -> None:
    used = {key for rule in RULES.values() for key in rule.limits}
    assert used == set(LIMITS)
    Limits.of({key: limit.default for key, limit in LIMITS.items()})


def boxes(*sides: tuple[float, float]) -> list[shapely.Polygon]:
    x, y = 530_000, 3_720_000
    return [shapely.box(x + left, y, x + right, y + 100) for left, right in sides]


@pytest.fixture
def grids() -> gpd.GeoDataFrame:
    """Three grids in a row: a gap of 20 m, then an overlap of 30 m."""
    shapes = boxes((0, 100), (120, 250), (220, 300))
    return gpd.GeoDataFrame({"code": ["a", "b", "c"]}, geometry=shapes, crs="EPSG:4547")


@pytest.fixture
def parent() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"code": ["v"]}, geometry=boxes((0, 300)), crs="EPSG:4547")


@pytest.fixture
def home() -> gpd.GeoDataFrame:
    shapes = [box.centroid for box in boxes((40, 60))]
    return gpd.GeoDataFrame({"code": ["h"]}, geometry=shapes, crs="EPSG:4547")


def test_a_rule_can_be_off_and_as_grave_as_a_county_says(
    grids: gpd.GeoDataFrame, parent: gpd.GeoDataFrame
) -> None:
    usual = check_coverage(grids, parent)
    assert {f.rule: f.severity for f in usual.findings} == {"C102": "error", "C103": "error"}
    assert usual.summary["rules_off"] == []
    said = check_coverage(
        grids, parent, rules={"C102": False, "C103": True}, severities={"C103": "info"}
    )
    assert {f.rule: f.severity for f in said.findings} == {"C103": "info"}
    assert (said.summary["errors"], said.summary["rules_off"]) == (0, ["C102"])


def test_a_county_that_agrees_with_the_table_changes_nothing(grids: gpd.GeoDataFrame) -> None:
    """Without a parent a hole is a warning, and stays one."""
    hole = grids.geometry.union_all().envelope.buffer(50).difference(grids.geometry.union_all())
    ring = gpd.GeoDataFrame({"code": ["r"]}, geometry=[hole], crs=grids.crs)
    ring["geometry"] = ring.difference(shapely.union_all(boxes((104, 116))))
    around = gpd.GeoDataFrame(
        {"code": [*grids["code"], "r"]}, geometry=[*grids.geometry, *ring.geometry], crs=grids.crs
    )
    said = check_coverage(around, severities={"C101": "error"})
    assert {f.severity for f in said.findings if f.rule == "C101"} == {"warning"}


def test_what_was_not_looked_for_is_not_said_to_be_absent(
    grids: gpd.GeoDataFrame, parent: gpd.GeoDataFrame, home: gpd.GeoDataFrame
) -> None:
    def verdict(**off: bool) -> bool | None:
        report = check_coverage(grids, parent, households=home, rules=off)
        return report.summary["blind_spots"]  # type: ignore[no-any-return]

    assert verdict() is True
    assert verdict(C103=False) is True
    assert verdict(C102=False) is None
    assert blind_spots({}, ()) is False
    for rule in BLIND_RULES:
        assert blind_spots({}, {rule}) is None
        assert blind_spots({rule: 1}, ()) is True


def test_severities_are_ordered() -> None:
    assert SEVERITIES == ("error", "warning", "info")
