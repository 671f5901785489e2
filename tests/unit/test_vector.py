"""Statements are bound, never spelled; addresses and descriptions are what clients expect."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from layers.catalog import CATALOG, tilejson
from layers.tables import metadata
from layers.tiles import Scope, Tile
from layers.vector import tile_statement

EVIL = "990101'); drop table grid; --"


def sql(layer: str, tile: Tile, scope: Scope) -> str:
    return str(tile_statement(layer, tile, scope).compile(dialect=postgresql.dialect()))


@pytest.mark.parametrize("layer", CATALOG)
@pytest.mark.parametrize("zoom", [5, 8, 12, 14])
def test_a_statement_holds_no_value_of_the_reader(layer: str, zoom: int) -> None:
    text = sql(layer, Tile(zoom, 1, 1), Scope(EVIL, individual=True, sensitive=True))
    assert "drop" not in text
    if layer != "ground":
        assert "starts_with" in text


@pytest.mark.parametrize("layer", CATALOG)
def test_a_statement_names_only_tables_that_are(layer: str) -> None:
    known = {*metadata.tables, "found", "drawn", "names", "both", "counts", "needs", "unnest",
             "jsonb_array_elements"}  # fmt: skip
    for scope in (Scope("990101"), Scope("990101", individual=True, sensitive=True)):
        for name in re.findall(r"(?:FROM|JOIN) (\w+)", sql(layer, Tile(14, 1, 1), scope)):
            assert name in known, name


@pytest.mark.parametrize("layer", CATALOG)
def test_who_gets_counts_is_not_even_asked_about_households(layer: str) -> None:
    text = sql(layer, Tile(16, 1, 1), Scope("990101", individual=False))
    assert not re.search(r"\bhousehold\b", text)


@pytest.mark.parametrize("layer", [key for key in CATALOG if CATALOG[key].is_sensitive])
def test_who_may_not_see_what_is_sensitive_has_no_table_read_for_him(layer: str) -> None:
    text = sql(layer, Tile(16, 1, 1), Scope("990101", individual=True))
    assert not set(re.findall(r"\w+", text)) & set(metadata.tables)
    assert "false" in text


@given(z=st.integers(-2, 24), x=st.integers(-2, 2**24), y=st.integers(-2, 2**24))
def test_an_address_exists_within_the_pyramid(z: int, x: int, y: int) -> None:
    inside = 0 <= z <= 22 and 0 <= x < 2 ** max(z, 0) and 0 <= y < 2 ** max(z, 0)
    assert Tile(z, x, y).exists() == inside


@pytest.mark.parametrize("layer", CATALOG)
def test_tilejson_is_version_three(layer: str) -> None:
    document = tilejson(layer, (115.0, 33.0, 116.0, 34.0), "https://here")
    assert document["tilejson"] == "3.0.0"
    assert document["tiles"] == [f"https://here/tiles/{layer}/{{z}}/{{x}}/{{y}}.mvt"]
    assert document["bounds"] == [115.0, 33.0, 116.0, 34.0]
    (described,) = document["vector_layers"]
    assert described["id"] == layer
    assert set(described["fields"]) == set(CATALOG[layer].columns)
    assert 0 <= document["minzoom"] <= document["maxzoom"] <= 22


def test_equal_scopes_are_one_key() -> None:
    assert len({Scope("990101"), Scope("990101"), Scope("990101", individual=True)}) == 2


def test_an_unknown_layer_is_refused() -> None:
    with pytest.raises(KeyError):
        tile_statement("secrets", Tile(0, 0, 0), Scope())
