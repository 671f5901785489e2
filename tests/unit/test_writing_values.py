"""Any value that an import may have brought in leaves in any format and comes back as it was."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from layers.transfer import KINDS, Kind
from layers.transfer.outgoing import LANGS, Lang
from layers.transfer.writing import WRITERS, write_layer
from tests.unit.outgoing_layers import POINT, SQUARE, outgoing, read_back
from tests.unit.stored_values import TRAPS, as_read, as_stored, rows_of

SHAPES = {"points": POINT, "polygons": SQUARE, "any": shapely.LineString([(115, 33), (116, 34)])}
INCIDENTS = KINDS["incidents"]


def comes_back(path: Path, kind: Kind, values: dict[str, list[Any]], lang: Lang) -> None:
    rows = len(values["code"])
    shapes = None if kind.shapes == "none" else [SHAPES[kind.shapes]] * rows
    write_layer(path, outgoing(kind, values, shapes, lang=lang))
    found, back = read_back(path, kind)
    for field in kind.fields:
        due = [as_read(field, value) for value in values[field.name]]
        read: list[Any] = found[field.name]
        if field.type == "moment":
            read = [each and dt.datetime.fromisoformat(each) for each in read]
        assert read == due, (kind.name, field.name)
    if shapes:
        assert [shape.geom_type for shape in back] == [SHAPES[kind.shapes].geom_type] * rows or (
            path.suffix == ".zip"
        )


@st.composite
def layers(draw: st.DrawFn) -> tuple[str, dict[str, list[Any]], Lang]:
    kind = draw(st.sampled_from(list(KINDS)))
    return kind, draw(rows_of(KINDS[kind])), draw(st.sampled_from(LANGS))


def try_layer(path: Path, layer: tuple[str, dict[str, list[Any]], Lang]) -> None:
    kind, values, lang = KINDS[layer[0]], layer[1], layer[2]
    assume(path.suffix != ".zip" or kind.shapes != "none")
    comes_back(path, kind, values, lang)


@pytest.mark.parametrize("ending", WRITERS)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(layers())
def test_any_row_of_any_kind(tmp_path: Path, ending: str, layer: Any) -> None:
    try_layer(tmp_path / f"x{ending}", layer)


@pytest.mark.slow
@pytest.mark.parametrize("ending", WRITERS)
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(layers())
def test_any_row_of_any_kind_many_times(tmp_path: Path, ending: str, layer: Any) -> None:
    try_layer(tmp_path / f"x{ending}", layer)


@pytest.mark.parametrize("ending", WRITERS)
def test_every_trap(tmp_path: Path, ending: str) -> None:
    held = [word for trap in TRAPS if (word := as_stored(INCIDENTS.field("title"), trap))]
    assert len(held) == len(TRAPS)
    rows = len(held)
    values = {
        "code": [str(row) for row in range(rows)], "title": held, "description": held,
        "kind": held[::-1], "tier": ["local"] * rows, "alert": ["blue"] * rows,
        "status": ["found"] * rows,
    }  # fmt: skip
    for lang in LANGS:
        whole = {field.name: values.get(field.name, [None] * rows) for field in INCIDENTS.fields}
        comes_back(tmp_path / f"x{ending}", INCIDENTS, whole, lang)
        # One trap alone in its column: a reader may guess a type from it.
        for row in range(rows) if lang == "zh" else ():
            one = {name: [column[row]] for name, column in whole.items()}
            comes_back(tmp_path / f"x{ending}", INCIDENTS, one, lang)
