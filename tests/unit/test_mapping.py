"""Which column is which field: guessed in two languages, remembered, told; never one for two."""

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from layers.transfer import KINDS, Kind, TransferError
from layers.transfer.mapping import CONSTANT, column_values, map_columns, parse_columns
from layers.transfer.places import place_columns

PEOPLE = KINDS["people"]

# -- guessed -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "headers", "mapping"),
    [
        (
            "areas",
            ["区划代码", "村名", "层级", "村社类型", "上级代码", "面积"],
            {"code": "区划代码", "name": "村名", "level": "层级", "kind": "村社类型",
             "parent_code": "上级代码"},
        ),
        (
            "grids",
            ["网格编码", "网格名称", "所属村", "网格类型", "专属策略", "是否锁定"],
            {"code": "网格编码", "name": "网格名称", "area_code": "所属村", "kind": "网格类型",
             "coverage": "专属策略", "locked": "是否锁定"},
        ),
        (
            "households",
            ["户编码", "家庭住址", "村代码", "登记网格", "单元编码", "人数", "困难情况", "经度"],
            {"code": "户编码", "address": "家庭住址", "area_code": "村代码",
             "grid_code": "登记网格", "unit_code": "单元编码", "people": "人数",
             "need_tags": "困难情况"},
        ),
        (
            "people",
            ["序号", "人员编号", "姓名", "手机号", "户号"],
            {"code": "人员编号", "name": "姓名", "phone": "手机号", "household_code": "户号"},
        ),
        (
            "members",
            ["党员编号", "人员编号", "户编码", "所属支部", "入党时间"],
            {"code": "党员编号", "person_code": "人员编号", "household_code": "户编码",
             "branch_code": "所属支部", "joined_on": "入党时间"},
        ),
        (
            "appointments",
            ["人员编码", "职务", "所属网格", "任职时间"],
            {"person_code": "人员编码", "role": "职务", "grid_code": "所属网格",
             "starts_on": "任职时间"},
        ),
        (
            "incidents",
            ["工单号", "类别", "事件标题", "发生时间", "完成时间", "满意度"],
            {"code": "工单号", "kind": "类别", "title": "事件标题", "reported_at": "发生时间",
             "closed_at": "完成时间", "rating": "满意度"},
        ),
        # Of two that would do, the likelier word, then the first column.
        ("people", ["编号", "人员编号", "手机", "电话"], {"code": "人员编号", "phone": "电话"}),
        ("people", ["Code", "code ", "NAME"], {"code": "Code", "name": "NAME"}),
        ("people", ["人员 编号", "Household_Code"],
         {"code": "人员 编号", "household_code": "Household_Code"}),
        ("people", ["甲", "乙", ""], {}),
        ("people", [], {}),
    ],
)  # fmt: skip
def test_headers_of_offices(kind: str, headers: list[str], mapping: dict[str, str]) -> None:
    assert map_columns(KINDS[kind], headers, {}) == mapping


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_header_that_is_declared_is_known_alone(kind: Kind) -> None:
    for field in kind.fields:
        for header in (field.name, field.zh, field.en, *field.headers):
            found = map_columns(kind, [header], {})
            assert list(found.values()) == [header]
            # A word may be two fields': then the earlier one has it.
            names = [each.name for each in kind.fields]
            assert names.index(next(iter(found))) <= names.index(field.name)


# -- told and remembered -------------------------------------------------------------------------


def test_told_goes_before_remembered_and_that_before_a_guess() -> None:
    headers = ["编码", "姓名", "电话", "备注", "曾用名"]
    guessed = {"code": "编码", "name": "姓名", "phone": "电话"}
    assert map_columns(PEOPLE, headers, {}) == guessed
    remembered = {"code": "编码", "name": "曾用名", "phone": "备注"}
    assert map_columns(PEOPLE, headers, {}, remembered) == remembered
    told = {"name": "备注", "phone": "电话"}
    assert map_columns(PEOPLE, headers, told, remembered) == {"code": "编码", **told}
    assert map_columns(PEOPLE, headers, {}, {}) == guessed


def test_a_column_that_is_told_is_taken_from_the_field_that_had_it() -> None:
    headers = ["编码", "姓名", "人员编号"]
    told = {"name": "编码"}
    assert map_columns(PEOPLE, headers, told) == {"code": "人员编号", "name": "编码"}
    remembered = {"code": "编码", "name": "姓名"}
    assert map_columns(PEOPLE, headers, told, remembered) == {"code": "人员编号", "name": "编码"}
    assert map_columns(PEOPLE, ["编码"], told, {"code": "编码"}) == {"name": "编码"}


def test_what_is_left_out_stays_out() -> None:
    headers = ["编码", "姓名", "电话"]
    without = {"code": "编码", "name": "姓名"}
    assert map_columns(PEOPLE, headers, {"phone": ""}) == without
    assert map_columns(PEOPLE, headers, {}, without) == without
    assert map_columns(PEOPLE, headers, {"phone": "电话"}, without) == {**without, "phone": "电话"}
    assert map_columns(PEOPLE, headers, {"name": ""}, without) == {"code": "编码"}


def test_somebody_may_say_that_one_column_is_two_fields() -> None:
    headers = ["编码", "类别"]
    told = {"kind": "类别", "title": "类别"}
    mapping = map_columns(KINDS["incidents"], headers, told)
    assert mapping == {"code": "编码", **told}
    assert map_columns(KINDS["incidents"], headers, {}, mapping) == mapping


def test_a_value_for_all_rows() -> None:
    told = {"kind": "=noise", "title": "=", "tier": "=noise"}
    mapping = map_columns(KINDS["incidents"], ["编码", "类型"], told)
    assert mapping == {"code": "编码", **told}
    assert map_columns(KINDS["incidents"], ["编码", "类型"], {}, mapping) == mapping
    columns = {"编码": pa.array(["1", None])}
    assert column_values(columns, "编码", 2).to_pylist() == ["1", None]
    assert column_values(columns, "=noise", 2).to_pylist() == ["noise"] * 2
    assert column_values(columns, "=", 2).to_pylist() == [""] * 2
    assert column_values({}, "=x", 0).to_pylist() == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"nmae": "姓名"}, "no field “nmae”.*code, name, phone, household_code"),
        ({"geom": "姓名"}, "no field “geom”"),
        ({"name": "名"}, "no column “名”.*编码, 姓名"),
        ({"name": "姓名 "}, "no column “姓名 ”"),
    ],
)
def test_what_is_not_there_is_said(told: dict[str, str], said: str) -> None:
    with pytest.raises(TransferError, match=said):
        map_columns(PEOPLE, ["编码", "姓名"], told)


WORDS = sorted({w for k in KINDS.values() for f in k.fields
                for w in (f.name, f.zh, f.en, *f.headers)} | {"甲", "x", "面积"})  # fmt: skip


@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_no_column_is_two_fields_unless_told(data: st.DataObject, name: str) -> None:
    kind = KINDS[name]
    headers = data.draw(st.lists(st.sampled_from(WORDS), unique=True, max_size=12))
    fields = st.sampled_from([field.name for field in kind.fields])
    pairs = st.permutations(headers).flatmap(
        lambda some: st.lists(fields, unique=True, max_size=len(some)).map(
            lambda names: dict(zip(names, some, strict=False))
        )
    )
    told, remembered = data.draw(pairs), data.draw(pairs)
    found = map_columns(kind, headers, told, remembered)
    assert len(set(found.values())) == len(found)
    assert set(found.values()) <= set(headers)
    assert {field: found[field] for field in told} == told
    for field, column in remembered.items():
        if field not in told and column not in told.values():
            assert found[field] == column
    # In the order of the kind, whatever the order of the headers.
    order = [field.name for field in kind.fields]
    assert list(found) == sorted(found, key=order.index)
    # What was made once is made again.
    assert map_columns(kind, headers, {}, found) == (found or map_columns(kind, headers, {}))


# -- as the command line writes it ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "pairs"),
    [
        ([], {}),
        (["code=编号"], {"code": "编号"}),
        (["code=编号,name=姓名", "phone=手机"], {"code": "编号", "name": "姓名", "phone": "手机"}),
        ([" code = 编号 , name=姓名,"], {"code": "编号", "name": "姓名"}),
        (["kind==noise"], {"kind": "=noise"}),
        (["phone="], {"phone": ""}),
        (["code=a", "code=b"], {"code": "b"}),
    ],
)
def test_pairs(words: list[str], pairs: dict[str, str]) -> None:
    assert parse_columns(words) == pairs


@pytest.mark.parametrize("word", ["code", "code=a,name", " "])
def test_what_is_no_pair_is_said(word: str) -> None:
    with pytest.raises(TransferError, match="field=COLUMN"):
        parse_columns([word])


NAME = st.text(st.characters(exclude_characters=",=", exclude_categories=["Cs"]), min_size=1)


@given(st.dictionaries(NAME.map(str.strip).filter(bool), NAME.map(str.strip), max_size=4))
@example({"kind": CONSTANT + "noise"})
def test_pairs_are_read_as_they_were_written(pairs: dict[str, str]) -> None:
    assert parse_columns([",".join(f"{name}={column}" for name, column in pairs.items())]) == pairs


# -- columns of places ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "told", "found"),
    [
        (["编码", "经度", "纬度"], None, {"lon": "经度", "lat": "纬度"}),
        (["X", "y"], None, {"lon": "X", "lat": "y"}),
        (["Longitude", "Lat"], {}, {"lon": "Longitude", "lat": "Lat"}),
        (["lon", "lat", "WKT"], None, {"wkt": "WKT"}),
        (["lon", "lat", "WKT"], {"lon": "lon", "lat": "lat"}, {"lon": "lon", "lat": "lat"}),
        (["东", "北"], {"lon": "东", "lat": "北"}, {"lon": "东", "lat": "北"}),
        (["形", "lon", "lat"], {"wkt": "形"}, {"wkt": "形"}),
        (["lon"], None, {}),
        (["编码", "纬度"], None, {}),
        ([], None, {}),
    ],
)
def test_columns_of_places(
    headers: list[str], told: dict[str, str] | None, found: dict[str, str]
) -> None:
    assert place_columns(headers, told) == found


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"lon": "东"}, "no column “东”.*编码, x, 备注"),
        ({"wkt": "形"}, "no column “形”"),
        ({"lon": "x"}, "one coordinate.*lon=COLUMN,lat=COLUMN"),
        ({"lat": "x"}, "one coordinate"),
        ({"lat": "x", "lon": ""}, "one coordinate"),
    ],
)
def test_places_that_are_not_there_are_said(told: dict[str, str], said: str) -> None:
    with pytest.raises(TransferError, match=said):
        place_columns(["编码", "x", "备注"], told)
