"""Rows with any value that the tables can hold: exported in every format, imported, unchanged."""

import datetime as dt
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from api.exports import Request, export_layer
from api.postgis import Cluster
from layers.tables import metadata
from layers.transfer import KINDS, open_batches
from layers.transfer.writing import WRITERS
from tests.postgis.import_files import GRIDS, A, Office, filled
from tests.unit.stored_values import TRAPS, as_stored, rows_of

# What a row names must be there; all else is any value.
NAMED: dict[str, dict[str, Any]] = {
    "households": {"area_code": A, "grid_code": GRIDS[0], "unit_code": None},
    "branches": {"area_code": A, "grid_code": None},
    "people": {"household_code": None},
    "members": {"person_code": "P1", "household_code": None, "branch_code": "B1"},
    "incidents": {"grid_code": None, "household_code": None},
    "reference": {"layer": "traps"},
}
LANGS = itertools.cycle(["zh", "en", "code"])
# Fields that a table's own rules bound.
BOUNDED = {"people": lambda n: abs(n), "rating": lambda n: 1 + abs(n) % 5}
Layer = tuple[str, dict[str, list[Any]]]


@pytest.fixture(scope="module")
def office(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A county up to its people, branches and members."""
    with filled(cluster, "exported_values", tmp_path_factory.mktemp("office"), "members") as made:
        yield made


def hold(office: Office, kind: str, values: dict[str, list[Any]]) -> int:
    """Put rows into the table in place of those that a test put there before."""
    table = metadata.tables[KINDS[kind].table]
    place = "SRID=4326;POINT(115.20500000000001 33.505)"
    codes = [f"T-{code}" for code in values["code"]]
    shaped = {"geom": place} if "geom" in table.c else {}
    rows = [
        {**{name: column[row] for name, column in values.items()}, "code": code, **NAMED[kind],
         **shaped}
        for row, code in enumerate(codes)
    ]  # fmt: skip
    with office.engine.begin() as connection:
        connection.execute(delete(table).where(table.c.code.startswith("T-")))
        connection.execute(insert(table), rows)
    return office.count(table.name)


def changes_nothing(office: Office, folder: Path, kind: str, rows: int) -> None:
    title = "reference:traps" if kind == "reference" else kind
    for ending in WRITERS:
        if ending == ".shp.zip" and KINDS[kind].shapes == "none":
            continue
        path, lang = folder / f"x{ending}", next(LANGS)
        with office.engine.begin() as connection:
            export_layer(connection, Request(title, lang=lang, reveal="核对"), path)  # type: ignore[arg-type]
        told = None if ending not in (".csv", ".xlsx") else "EPSG:4326"
        tried = office.give(title, path, crs=told, dry_run=True)
        assert tried.rejects == [], (ending, lang)
        found = {name: tried.counts[name] for name in ("new", "changed", "unchanged", "closed")}
        assert found == {"new": 0, "changed": 0, "unchanged": rows, "closed": 0}, (ending, lang)


@pytest.mark.parametrize("kind", NAMED)
def test_every_trap_changes_nothing(office: Office, tmp_path: Path, kind: str) -> None:
    stored = {
        field.name: [as_stored(field, trap) for trap in TRAPS]
        if field.type == "text"
        else [None] * len(TRAPS)
        for field in KINDS[kind].fields
    }
    stored["code"] = [f"{row:017}" for row in range(len(TRAPS))]
    filler = {"tier": "local", "status": "found", "reported_at": "2026-01-05T09:30:00.000001+08:00",
              "need_tags": ["a", "独居；b"[:2]]}  # fmt: skip
    for name, value in filler.items():
        if name in stored:
            stored[name] = [value] * len(TRAPS)
    rows = hold(office, kind, stored)
    changes_nothing(office, tmp_path, kind, rows)


def rejected(office: Office, path: Path, kind: str, field: str, code: str) -> None:
    """An import takes nothing of the file, and says which row it is."""
    told = "EPSG:4326" if path.suffix in (".csv", ".xlsx") else None
    tried = office.give(kind, path, crs=told, dry_run=True)
    assert [(each.field, each.code) for each in tried.rejects] == [(field, code)]
    assert (tried.counts["new"], tried.counts["changed"]) == (0, 0)


@pytest.mark.parametrize("ending", [each for each in WRITERS if each != ".shp.zip"])
def test_a_day_that_no_import_takes_is_written_as_it_is(
    office: Office, tmp_path: Path, ending: str
) -> None:
    hold(office, "members", {"code": ["1", "2"], "joined_on": [dt.date(1, 1, 1), dt.date.max]})
    path = tmp_path / f"x{ending}"
    with office.engine.begin() as connection:
        export_layer(connection, Request("members", reveal="核对"), path)
    with open_batches(path) as source:
        days = next(iter(source.batches)).columns["入党日期"].to_pylist()
    assert days[-2:] == ["0001-01-01", "9999-12-31"]
    rejected(office, path, "members", "joined_on", "T-1")
    hold(office, "members", {"code": ["1"], "joined_on": [dt.date.max]})


@pytest.mark.parametrize("ending", [each for each in WRITERS if each not in (".kml", ".kmz")])
def test_a_sign_that_no_import_takes_changes_nothing(
    office: Office, tmp_path: Path, ending: str
) -> None:
    hold(office, "branches", {"code": ["1"], "name": ["a\x01b"]})
    path = tmp_path / f"x{ending}"
    with office.engine.begin() as connection:
        export_layer(connection, Request("branches"), path)
    rejected(office, path, "branches", "name", "T-1")


def test_blanks_at_an_end_are_said(office: Office, tmp_path: Path) -> None:
    rows = hold(office, "branches", {"code": ["1", "2", "3"], "name": [" a", "b\u3000", "c d"]})
    for ending in WRITERS:
        path = tmp_path / f"x{ending}"
        with office.engine.begin() as connection:
            outcome = export_layer(connection, Request("branches"), path)
        assert [note.en[:7] for note in outcome.notes] == ["2 texts"], ending
        told = "EPSG:4326" if ending in (".csv", ".xlsx") else None
        tried = office.give("branches", path, crs=told, dry_run=True)
        assert (tried.counts["changed"], tried.counts["unchanged"]) == (2, rows - 2), ending
    hold(office, "branches", {"code": ["1"], "name": ["c d"]})


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    kind = draw(st.sampled_from(list(NAMED)))
    values = draw(rows_of(KINDS[kind], most=20))
    for name in BOUNDED.keys() & values:
        values[name] = [n if n is None else BOUNDED[name](n) for n in values[name]]
    if kind == "incidents":
        pairs = zip(values["reported_at"], values["closed_at"], strict=True)
        values["closed_at"] = [closed and max(at, closed) for at, closed in pairs]
    return kind, values


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck),
          phases=[Phase.explicit, Phase.generate])  # fmt: skip
@given(layers())
def test_any_rows_change_nothing(office: Office, tmp_path: Path, layer: Layer) -> None:
    changes_nothing(office, tmp_path, layer[0], hold(office, *layer))


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck),
          phases=[Phase.explicit, Phase.generate])  # fmt: skip
@given(layers())
def test_any_rows_change_nothing_many_times(office: Office, tmp_path: Path, layer: Layer) -> None:
    changes_nothing(office, tmp_path, layer[0], hold(office, *layer))
