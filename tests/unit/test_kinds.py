"""The declared fields of every kind against the tables, the templates and the map's layers."""

import re
from pathlib import Path
from typing import Any

import pytest
from geoalchemy2 import Geometry
from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Integer,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

from api.imports.rules import KNOWN, RULES, require_words
from layers.tables import STATUSES, TIERS, metadata
from layers.transfer import KINDS, Field, Kind, TransferError, kind_of, open_batches
from layers.transfer.columns import plain
from layers.transfer.kinds import Type
from layers.transfer.mapping import map_columns
from layers.transfer.rejects import REASONS
from layers.transfer.rows import EXAMPLE
from layers.transfer.templates import PLACES, Language, choices, template

EVERY = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
TYPES: dict[Type, type[TypeEngine[Any]]] = {
    "text": Text, "code": Text, "choice": Text, "integer": Integer, "boolean": Boolean,
    "date": Date, "moment": DateTime, "tags": ARRAY,
}  # fmt: skip
SHAPES = {"MULTIPOLYGON": "polygons", "POINT": "points", "GEOMETRY": "any"}


def table_of(kind: Kind) -> Table:
    return metadata.tables[kind.table]


def own(kind: Kind) -> list[Column[Any]]:
    """What a row of a file fills: not generated, not stamped, not named by the kind."""
    left = ("geom", "version_from", kind.fixed)
    return [c for c in table_of(kind).columns if c.computed is None and c.name not in left]


def checks(table: Table) -> dict[str, str]:
    """The table's own constraints, without its name; those of columns too."""
    parts = [*table.constraints, *(each for column in table.columns for each in column.constraints)]
    return {
        str(check.name).removeprefix(f"ck_{table.name}_"): str(check.sqltext)
        for check in parts
        if isinstance(check, CheckConstraint)
    }


# -- the tables ----------------------------------------------------------------------------------


@EVERY
def test_fields_are_the_columns_that_are_written(kind: Kind) -> None:
    assert sorted(field.name for field in kind.fields) == sorted(c.name for c in own(kind))
    assert kind.fixed is None or kind.fixed in table_of(kind).c


@EVERY
def test_what_is_required_may_not_be_null(kind: Kind) -> None:
    for column in own(kind):
        field = kind.field(column.name)
        assert field.required == (not column.nullable), field.name
        # A row that is silent gets what the column would get by itself.
        if column.server_default is not None:
            assert field.default is not None
            assert field.default in str(column.server_default.arg)  # type: ignore[attr-defined]  # a DefaultClause


@EVERY
def test_types_are_those_of_the_columns(kind: Kind) -> None:
    for column in own(kind):
        field = kind.field(column.name)
        assert isinstance(column.type, TYPES[field.type]), field.name
        if isinstance(column.type, DateTime):
            assert column.type.timezone


@EVERY
def test_choices_are_those_that_the_table_holds_to(kind: Kind) -> None:
    held = {name.removesuffix(KNOWN): text for name, text in checks(table_of(kind)).items()
            if name.endswith(KNOWN)}  # fmt: skip
    assert held.keys() == {field.name for field in kind.fields if field.type == "choice"}
    for name, text in held.items():
        field = kind.field(name)
        assert field.words is not None
        values = set(re.findall(r"'([^']*)'", text))
        assert set(field.words.values()) == values
        # What is stored is a word for itself, and there is a Chinese one for each.
        assert {value: field.words[value] for value in values} == {v: v for v in values}
        assert all(re.search(r"[\u4e00-\u9fff]", word) for word in choices(field))
        lower = {word.lower() for word in field.words}
        assert len(lower) == len(field.words)
        assert field.default is None or field.default in values


@EVERY
def test_codes_name_the_tables_that_the_foreign_keys_do(kind: Kind) -> None:
    for column in own(kind):
        keys = [key.column for key in column.foreign_keys]
        field = kind.field(column.name)
        assert field.to == (keys[0].table.name if keys else None), field.name
        assert all(key.name == "code" for key in keys)
        assert not keys or field.type == "code"


@EVERY
def test_shapes_are_those_of_the_table(kind: Kind) -> None:
    geom = table_of(kind).c.get("geom")
    if geom is None:
        assert kind.shapes == "none"
        assert not kind.located
    else:
        assert isinstance(geom.type, Geometry)
        assert kind.shapes == SHAPES[str(geom.type.geometry_type)]
        assert kind.located == (not geom.nullable)


@EVERY
def test_natural_codes_are_made_of_fields(kind: Kind) -> None:
    names = {field.name for field in kind.fields} - {"code"}
    if kind.shapes != "none":
        names.add("geom")
    assert set(kind.natural) <= names
    assert kind.natural or not kind.repeats


def test_every_table_of_the_county_has_a_kind() -> None:
    made_by_the_service = {
        "account", "accepted_finding", "audit_entry", "coverage_check", "coverage_shape",
        "coverage_version", "data_import", "finding", "household_group", "imported_row",
        "incident_change", "incident_log", "job", "login_session", "setting", "work_task",
        "work_task_log",
    }  # fmt: skip
    tables = {table.name for table in metadata.tables.values() if not table.schema}
    assert {kind.table for kind in KINDS.values()} == tables - made_by_the_service
    assert {STATUSES, TIERS} == {
        tuple(dict.fromkeys(words.values()))
        for name in ("status", "tier")
        if (words := KINDS["incidents"].field(name).words)
    }


# -- what is broken has words --------------------------------------------------------------------


def test_every_constraint_has_words() -> None:
    assert require_words() == set()
    for kind in KINDS.values():
        names = {name for name in checks(table_of(kind)) if not name.endswith(KNOWN)}
        assert {RULES.get(name, name) for name in names} <= REASONS.keys(), kind.name


# -- names and templates -------------------------------------------------------------------------


@EVERY
def test_no_two_fields_have_one_name(kind: Kind) -> None:
    names = [{plain(field.name), plain(field.zh), plain(field.en)} for field in kind.fields]
    assert sum(map(len, names)) == len(set().union(*names))
    assert all(plain(header) for field in kind.fields for header in field.headers)


@EVERY
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_template_comes_back_as_it_was_sent(tmp_path: Path, kind: Kind, lang: Language) -> None:
    path = tmp_path / "template.xlsx"
    path.write_bytes(template(kind, lang))
    with open_batches(path) as source:
        (batch,) = source.batches
    mapping = map_columns(kind, source.headers, {})
    assert mapping == {f.name: f.zh if lang == "zh" else f.en for f in kind.fields}
    places = [zh if lang == "zh" else en for _, zh, en, *_ in PLACES.get(kind.shapes, ())]
    assert source.headers == [*mapping.values(), *places]
    assert (batch.shapes is not None) == bool(places)
    shown = {name: batch.columns[column].to_pylist() for name, column in mapping.items()}
    assert shown["code"] == [EXAMPLE + kind.field("code").example]
    assert all(shown[f.name] == [f.example or None] for f in kind.fields if f.name != "code")


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("level", ["县", "乡", "村"]),
        ("kind", ["村", "社区"]),
    ],
)
def test_a_drop_down_offers_one_word_for_each_value(name: str, offered: list[str]) -> None:
    assert choices(KINDS["areas"].field(name)) == offered


def test_a_boolean_offers_yes_and_no_and_a_text_nothing() -> None:
    assert choices(Field("x", "x", "x", "boolean")) == ["是", "否"]
    assert choices(KINDS["incidents"].field("alert")) == []


# -- how a kind is written -----------------------------------------------------------------------


ALONE = [name for name, kind in KINDS.items() if not kind.fixed]


@pytest.mark.parametrize("words", [*ALONE, "reference:roads", "network:公安", "reference:a-b_1"])
def test_a_kind_is_what_it_is_called(words: str) -> None:
    kind = kind_of(words)
    assert kind.title == words
    assert kind.name == words.split(":")[0]
    assert kind.fields == KINDS[kind.name].fields


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "areas, grids"),
        ("grid", "areas, grids"),
        ("Grids", "no kind of data"),
        ("reference", "reference:NAME"),
        ("reference:", "reference:NAME"),
        ("reference:a b", "reference:NAME"),
        ("reference:../x", "reference:NAME"),
        ("reference:a:b", "reference:NAME"),
        ("reference:" + "a" * 41, "reference:NAME"),
        ("grids:", "Write grids alone"),
        ("grids:x", "Write grids alone"),
    ],
)
def test_what_is_no_kind_is_said(words: str, said: str) -> None:
    with pytest.raises(TransferError, match=said):
        kind_of(words)


def test_there_is_no_such_field() -> None:
    with pytest.raises(KeyError):
        KINDS["grids"].field("gird")
