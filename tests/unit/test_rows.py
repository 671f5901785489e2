"""A batch of a file to rows of a table: what follows from a code, and what cannot come in."""

from typing import Any

import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point

from layers.transfer import KINDS, Kind
from layers.transfer.mapping import map_columns
from layers.transfer.placing import Placer
from layers.transfer.rejects import Faults, Reject
from layers.transfer.rows import Rows, read_rows
from tests.unit.import_rows import BOWTIE, BOX, CODES, G, V, batch, listed, rows_of

# -- what a code says by itself ------------------------------------------------------------------


def test_areas_level_and_parent_follow_from_the_code() -> None:
    found = rows_of("areas", batch(
        code=["990101", "990101101", V, "990101101002", "990101101003"],
        name=["澜禾县", "澜阳镇", "柳河村", "鹭和社区", "鹭和居委会"],
    ))  # fmt: skip
    assert found.rejects == []
    assert listed(found, "row", "code", "level", "parent_code", "kind") == [
        (1, "990101", "county", None, None),
        (2, "990101101", "town", "990101", None),
        (3, V, "village", "990101101", "village"),
        (4, "990101101002", "village", "990101101", "community"),
        (5, "990101101003", "village", "990101101", "community"),
    ]


def test_official_codes_of_twelve_digits_lose_their_zeros() -> None:
    found = rows_of("areas", batch(
        code=["990101000000", "990101101000", V, "990101100000"],
        name=["县", "镇", "村", "乡"],
        parent_code=[None, "990101000000", "990101101000", None],
    ))  # fmt: skip
    assert found.rejects == []
    assert listed(found, "code", "level", "parent_code") == [
        ("990101", "county", None),
        ("990101101", "town", "990101"),
        (V, "village", "990101101"),
        ("990101100", "town", "990101"),
    ]


def test_what_a_file_says_of_an_area_goes_before_what_its_code_says() -> None:
    found = rows_of("areas", batch(
        code=[V, V, "990101101"], name=["柳河社区", "柳河村", "澜阳镇"],
        level=["村", "", ""], kind=["村", "社区", ""], parent_code=["990101101", "", "990101"],
    ))  # fmt: skip
    assert found.rejects == []
    assert listed(found, "level", "parent_code", "kind") == [
        ("village", "990101101", "village"),
        ("village", "990101101", "community"),
        ("town", "990101", None),
    ]


@pytest.mark.parametrize(
    ("kind", "column", "values", "derived"),
    [
        ("grids", "area_code", {"code": [G]}, [V]),
        ("grids", "area_code", {"code": [G, G], "area_code": ["", "990101101002"]},
         [V, "990101101002"]),
        ("units", "grid_code", {"code": [G + "-01"]}, [G]),
        ("units", "grid_code", {"code": [G + "-01", "U1", G], "grid_code": ["", "", "g"]},
         [G, None, "g"]),
        ("households", "area_code", {"code": [G + "01"], "address": ["x"]}, [V]),
        # The grid's code is asked before the household's own.
        ("households", "area_code", {"code": ["H1", G + "01"], "grid_code": [G, "990101101002001"],
                                     "address": ["x", "y"]}, [V, "990101101002"]),
        ("households", "area_code", {"code": ["H1"], "address": ["x"]}, [None]),
        ("branches", "area_code", {"code": ["B1"], "name": ["x"], "grid_code": [G]}, [V]),
    ],
)  # fmt: skip
def test_whose_a_row_is_follows_from_the_code(
    kind: str, column: str, values: dict[str, list[str | None]], derived: list[str | None]
) -> None:
    shapes = [BOX] * len(values["code"]) if KINDS[kind].located else None
    found = rows_of(kind, batch(shapes, **values))
    kept = dict(listed(found, "row", column))
    assert [kept.get(row) for row in range(1, len(derived) + 1)] == derived
    missing = [row for row, value in enumerate(derived, 1) if value is None]
    assert [(r.row, r.field, r.reason) for r in found.rejects] == [
        (row, column, "missing") for row in missing
    ]


def test_an_incident_without_a_title_is_called_by_its_kind() -> None:
    found = rows_of("incidents", batch(kind=["noise"], reported_at=["2026-01-05"]))
    assert listed(found, "title") == [("noise",)]
    own = batch(kind=["noise"], title=["扰民"], reported_at=["2026-01-05"])
    assert listed(rows_of("incidents", own), "title") == [("扰民",)]


def test_what_a_file_leaves_open_gets_the_default_and_what_it_lacks_stays_lacking() -> None:
    given = batch([BOX] * 2, code=[G, G[:-1] + "2"], coverage=["", "叠加"])
    found = rows_of("grids", given)
    assert listed(found, "coverage") == [("exclusive",), ("overlay",)]
    assert set(found.table.column_names) == {"row", "code", "area_code", "coverage", "geom"}


# -- rows that cannot come in --------------------------------------------------------------------


def test_each_fault_of_a_row_is_told_with_what_stood_there() -> None:
    given = batch(
        code=["P1", "a b", "4.1E+14", "", "P5"],
        name=["甲", "乙", "", "丙", "丁\x00"],
        phone=["1", "2", "3", "4", "5"],
    )
    given.rows += 4
    found = rows_of("people", given)
    assert listed(found, "row", "code", "name", "phone") == [(5, "P1", "甲", "1")]
    assert sorted(found.rejects) == [
        Reject(6, "", "code", "a b", "code"),
        Reject(7, "", "code", "4.1E+14", "spoiled"),
        Reject(8, "", "code", "", "missing"),
        Reject(9, "P5", "name", "丁\x00", "text"),
    ]


def test_what_stood_there_is_cut() -> None:
    (reject,) = rows_of("people", batch(code=["P1"], name=["长" * 300 + "\x00"])).rejects
    assert reject.value == "长" * 200


def test_rows_without_a_wrong_value_are_all_that_is_left() -> None:
    found = rows_of("households", batch(
        code=[f"{G}0{n}" for n in range(5)], address=["x"] * 5,
        people=["1", "四", "", "4", "5"], need_tags=["独居", "", "a\x01", "b", "c"],
    ))  # fmt: skip
    assert listed(found, "row", "people", "need_tags") == [
        (1, "1", '{"独居"}'), (4, "4", '{"b"}'), (5, "5", '{"c"}'),
    ]  # fmt: skip
    assert [(r.row, r.field, r.reason) for r in sorted(found.rejects)] == [
        (2, "people", "integer"),
        (3, "need_tags", "tags"),
    ]


@pytest.mark.parametrize(
    ("kind", "code", "right"),
    [
        ("grids", G, True),
        ("grids", G + "1", False),
        ("grids", "99010110100100A", True),
        ("grids", "9901011010010-1", False),
        ("grids", "99010110100100甲", False),
        ("areas", V, True),
        ("areas", "990101", True),
        ("areas", "99010", False),
        ("areas", "99010110100", False),
    ],
)
def test_codes_have_the_countys_pattern(kind: str, code: str, right: bool) -> None:
    found = rows_of(
        kind, batch([BOX], code=[code], name=["x"], level=["村"] if code == V else [""])
    )
    assert len(found.table) == right
    if not right and kind == "grids":
        assert found.rejects == [Reject(1, code, "code", code, "G006")]
    if not right and kind == "areas":
        assert found.rejects == [Reject(1, code, "level", "", "missing")]


def test_a_code_of_another_level_than_is_said() -> None:
    found = rows_of("areas", batch(code=["990101101"], name=["x"], level=["村"]))
    assert found.rejects == [Reject(1, "990101101", "code", "990101101", "G006")]


# -- codes of what has none ----------------------------------------------------------------------

SEEN = {"kind": "noise", "title": "扰民", "reported_at": "2026-01-05 09:30", "description": "x"}


def natural(_kind: str = "incidents", _shape: Any = None, /, **columns: str | None) -> str:
    given = batch(None if _shape is None else [_shape], **{k: [v] for k, v in columns.items()})
    (code,) = rows_of(_kind, given).table.column("code").to_pylist()
    assert isinstance(code, str)
    return code


def test_natural_codes_are_the_same_again() -> None:
    code = natural(**SEEN)
    # Another version must make the same, or files that are in come in twice.
    assert code == natural(**dict(reversed(SEEN.items())))
    assert code == "5a4e8a8f417ec38e1ab1"
    # The same moment in other words, a column in which nothing stands, another one that is ours.
    assert natural(**{**SEEN, "reported_at": "2026年1月5日 9时30分"}) == code
    assert natural(**SEEN, grid_code="", household_code=None) == code
    assert natural(**SEEN, rating="5", 备注="x") == code


@pytest.mark.parametrize("name", SEEN)
def test_natural_codes_tell_rows_apart(name: str) -> None:
    other = {**SEEN, name: "2026-01-06" if name == "reported_at" else "another"}
    assert natural(**other) != natural(**SEEN)


def test_natural_codes_tell_places_layers_and_columns_apart() -> None:
    road = shapely.LineString([(115, 33), (116, 33)])
    codes = [
        natural("incidents", Point(115, 33), **SEEN),
        natural("incidents", Point(115, 33.000000000000007), **SEEN),
        natural(**SEEN),
        natural("reference:roads", road, name="a"),
        natural("reference:rivers", road, name="a"),
        natural("reference:roads", road, name="a", **{"class": "b"}),
        natural("reference:roads", road, **{"class": "a"}),
        natural("reference:roads", road, name="ab"),
    ]
    assert len(set(codes)) == len(codes)


def test_a_code_that_is_given_is_kept() -> None:
    assert natural(code="I1", **SEEN) == "I1"
    found = rows_of(
        "incidents", batch(code=["", "I2"], kind=["a", "b"], reported_at=["2026-1-5"] * 2)
    )
    assert found.rejects == [Reject(1, "", "code", "", "missing")]


# -- the row that a template shows ---------------------------------------------------------------


def test_example_rows_are_passed_over_whatever_is_wrong_with_them() -> None:
    found = rows_of("people", batch(
        code=["示例P0000001", "P1", "示例", "P2"], name=["王小禾", "甲", None, "乙\x00"],
    ))  # fmt: skip
    assert listed(found, "row", "code") == [(2, "P1")]
    assert found.examples == 2
    assert [(r.row, r.reason) for r in found.rejects] == [(4, "text")]


def test_an_examples_place_is_no_place() -> None:
    # A template filled in with metres still has degrees in its example row.
    given = batch([Point(115, 33), Point(500000, 3700000), None], code=["示例1", "H1", "示例2"],
                  address=["x"] * 3, area_code=[V] * 3)  # fmt: skip
    given.faults = [Faults("经度", "half", (2,), ("1",))]
    found = rows_of("households", given, "EPSG:4547")
    assert (listed(found, "row"), found.rejects, found.examples) == ([(2,)], [], 2)


@pytest.mark.parametrize("kind", [k for k in KINDS.values() if not k.fixed], ids=lambda k: k.name)
def test_every_kinds_example_is_passed_over_and_good_without_its_mark(kind: Kind) -> None:
    example = {f.name: [f.example] for f in kind.fields}
    shapes = (
        None if kind.shapes == "none" else [BOX if kind.shapes == "polygons" else Point(115, 33)]
    )
    good = rows_of(kind, batch(shapes, **example))
    assert good.rejects == []
    assert len(good.table) == 1
    example["code"] = ["示例" + example["code"][0]]
    marked = rows_of(kind, batch(shapes, **example))
    assert (len(marked.table), marked.rejects, marked.examples) == (0, [], 1)


# -- any rows ------------------------------------------------------------------------------------

CELL = st.sampled_from(
    ["", "x", "a b", "4.1E+14", "示例", "a\x00", G + "01", G, V, "990101", "四", "2026-1-5"]
)
PLACE = st.sampled_from([None, Point(115, 33), Point(115, 33.5), Point(200, 100), BOX, BOWTIE])


@given(st.data(), st.sampled_from(["areas", "households", "incidents", "people", "visits"]))
def test_every_row_is_kept_rejected_or_an_example_however_the_file_is_cut(
    data: st.DataObject, name: str
) -> None:
    kind = KINDS[name]
    n = data.draw(st.integers(1, 6))
    columns = {f.name: data.draw(st.lists(CELL, min_size=n, max_size=n)) for f in kind.fields}
    if kind.natural and data.draw(st.sampled_from([True, False])):
        del columns["code"]
    places: list[Any] | None = None
    if kind.shapes != "none":
        # A first row in range: else it is the coordinate system that is refused.
        columns |= {"code": ["P", *columns["code"][1:]]} if "code" in columns else {}
        places = [Point(115, 33), *data.draw(st.lists(PLACE, min_size=n - 1, max_size=n - 1))]
    whole = rows_of(kind, batch(places, **columns))
    kept = set(whole.table.column("row").to_pylist())
    refused = {reject.row for reject in whole.rejects}
    assert kept | refused <= {*range(1, n + 1)}
    assert not kept & refused
    assert len(kept) + len(refused) + whole.examples == n
    parts = one_by_one(kind, columns, places)
    assert pa.concat_tables([part.table for part in parts]).equals(whole.table)
    assert sorted(reject for part in parts for reject in part.rejects) == sorted(whole.rejects)
    assert sum(part.examples for part in parts) == whole.examples


def one_by_one(kind: Kind, columns: dict[str, list[str]], places: list[Any] | None) -> list[Rows]:
    placer = Placer("EPSG:4326", None) if places else None
    mapping = map_columns(kind, list(columns), {})
    parts = []
    for at in range(len(next(iter(columns.values())))):
        cells = {name: [values[at]] for name, values in columns.items()}
        given = batch(places and [places[at]], **cells)
        given.rows += at
        parts.append(read_rows(kind, given, mapping, placer, CODES))
    return parts
