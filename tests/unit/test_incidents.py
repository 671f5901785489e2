"""Filters are read or refused in words; statements are bound, whole cells are counted."""

import datetime as dt

import pytest
from sqlalchemy.dialects import postgresql

from layers.incidents import (
    FilterError,
    IncidentFilter,
    counts_statement,
    incident_features,
    named_entries,
    places_statement,
    read_filter,
)
from layers.tiles import Scope, Tile

KNOWN = {"kinds": ("road", "noise"), "alerts": ("blue", "red")}
EVIL = "990101'); drop table grid; --"


def sql(statement: object) -> str:
    return str(statement.compile(dialect=postgresql.dialect()))


def test_a_filter_is_read_from_words() -> None:
    given = {"from": "2026-01-01", "to": "2026-01-31", "kind": "road, noise", "tier": "",
             "status": None, "alert": "red"}  # fmt: skip
    found = read_filter(given, **KNOWN)
    assert found == IncidentFilter(
        dt.date(2026, 1, 1), dt.date(2026, 1, 31), kind=("noise", "road"), alert=("red",)
    )
    assert read_filter(found.query(), **KNOWN) == found
    # The order in which values are asked for makes no other question.
    assert read_filter({**given, "kind": "noise,road,noise"}, **KNOWN) == found
    assert read_filter({}, **KNOWN) == IncidentFilter()
    assert IncidentFilter().where() == []


@pytest.mark.parametrize(
    ("given", "words", "words_zh"),
    [
        ({"from": "2026-02-30"}, "“2026-02-30” is not a day (from). Write it as", "不是日期"),
        ({"to": "yesterday"}, "not a day (to)", "请写成 2026-01-31"),
        ({"from": "2026-02-01", "to": "2026-01-31"}, "ends on 2026-01-31, before", "早于开始日期"),
        ({"kind": "road,ufo"}, "There is no kind “ufo”. There are road, noise.", "类型，可选"),
        ({"tier": "none"}, "There are auto, local, escalated.", "处置方式"),
        ({"alert": "teal"}, "There are blue, red.", "预警"),
        ({"status": "lost"}, "There are found, dispatched", "状态"),
    ],
)
def test_what_makes_no_sense_is_refused_in_both_languages(
    given: dict[str, str], words: str, words_zh: str
) -> None:
    with pytest.raises(FilterError) as caught:
        read_filter(given, **KNOWN)
    assert words in str(caught.value)
    assert words_zh in caught.value.words_zh


def test_one_day_alone_is_a_period() -> None:
    day = read_filter({"from": "2026-03-01", "to": "2026-03-01"}, **KNOWN)
    first, end = (clause.right.value for clause in day.where())
    assert end - first == dt.timedelta(days=1)
    # The county's midnight, whatever the server's zone.
    assert first.astimezone(dt.UTC) == dt.datetime(2026, 2, 28, 16, tzinfo=dt.UTC)


def test_a_county_without_a_list_of_kinds_is_asked_for_any() -> None:
    assert read_filter({"kind": "潜水"}, kinds=(), alerts=()).kind == ("潜水",)


@pytest.mark.parametrize("individual", [True, False])
@pytest.mark.parametrize("zoom", [8, 12, 16])
def test_statements_hold_no_value_of_the_reader(zoom: int, individual: bool) -> None:
    wanted = IncidentFilter(kind=(EVIL,), alert=("red",), from_=dt.date(2026, 1, 1))
    scope = Scope(EVIL, individual)
    text = sql(incident_features(Tile(zoom, 1, 1).window(), scope, wanted).mvt(Tile(zoom, 1, 1)))
    for statement in (text, sql(counts_statement(wanted, scope)), sql(places_statement(wanted))):
        assert "drop" not in statement
        assert "2026" not in statement
    assert "starts_with" in text


@pytest.mark.parametrize("zoom", [8, 13, 18])
def test_who_gets_counts_is_asked_for_nothing_else(zoom: int) -> None:
    tile = Tile(zoom, 1, 1)
    text = sql(incident_features(tile.window(), Scope("990101"), IncidentFilter()).mvt(tile))
    for column in ("incident.code", "incident.title", "incident.kind", "household"):
        assert column not in text
    assert "HAVING" in text


def test_settings_that_are_not_lists_name_nothing() -> None:
    assert named_entries(None) == named_entries({"name": "blue"}) == named_entries("blue") == []
    assert named_entries([{"name": "blue"}, {"zh": "红"}, 3]) == [{"name": "blue"}]
