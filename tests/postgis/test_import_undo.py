"""An import taken back: rows removed, restored and put back as a new version, or a refusal."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select, update

from api.errors import ConflictError, NotFoundError
from api.imports.service import open_version
from layers.tables import HISTORY, imported_row, rows_at
from layers.transfer import TransferError, kind_of
from tests.postgis.import_files import (
    GRIDS,
    LISTS,
    OWN,
    A,
    Content,
    Office,
    Row,
    areas,
    files,
    grids,
    household,
    point,
    table_of,
)

G1 = GRIDS[0]
HOME = f"{G1}001"
NEW = {"new": 0, "changed": 0, "closed": 0}


@pytest.fixture
def office(database: URL, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


def at(office: Office, name: str, version: int) -> dict[str, Any]:
    """What a table held in a version, by code."""
    statement = rows_at(table_of(name), version).subquery()
    with office.engine.connect() as connection:
        rows = connection.execute(select(statement)).mappings().all()
    assert len({row["code"] for row in rows}) == len(rows)
    return {row["code"]: {k: str(v) for k, v in row.items() if k not in OWN} for row in rows}


def everything(office: Office) -> dict[str, Content]:
    names = {kind_of(words).table for words in files()}
    return {name: office.content(name) for name in sorted(names)}


# -- rows with a history -------------------------------------------------------------------------


def test_new_rows_go_changed_ones_come_back_and_closed_ones_too(office: Office) -> None:
    office.fill("grids")
    office.give("households", [household(1, 需求="独居老人"), household(2), household(3)])
    before, was = office.content("household"), open_version(office.engine)
    moved = household(1, 人口="8", geometry=point(0.7, 0.7))
    done = office.give("households", [moved, household(2), household(9)], replace=A)
    after = office.content("household")
    assert done.counts | {"new": 1, "changed": 1, "closed": 1} == done.counts
    own, counts = office.take_back(done.number)
    assert counts == {"closed": 1, "changed": 1, "new": 1}
    assert office.content("household") == before
    # Each of the three is a version, and what was then can still be seen.
    assert done.version is not None
    assert open_version(office.engine) == done.version + 1 == was + 2
    assert at(office, "household", was) == at(office, "household", was + 2)
    assert set(at(office, "household", done.version)) == set(after)
    assert at(office, "household", done.version)[HOME]["people"] == "8"
    # And the undoing can be undone, as often as one likes.
    again, counts = office.take_back(own)
    assert counts == {"closed": 1, "changed": 1, "new": 1}
    assert office.content("household") == after
    office.take_back(again)
    assert office.content("household") == before


def test_everything_goes_back_the_way_it_came(office: Office) -> None:
    empty = everything(office)
    held, numbers = [], []
    for kind, rows in files().items():
        held.append(everything(office))
        numbers.append(office.give(kind, rows).number)
    for number, before in zip(reversed(numbers), reversed(held), strict=True):
        office.take_back(number)
        assert everything(office) == before
    assert everything(office) == empty
    assert {len(rows) for rows in empty.values()} == {0}


def test_a_row_that_came_back_is_in_no_version_twice(office: Office) -> None:
    office.fill("grids")
    first = office.give("households", [household(1), household(2)])
    second = office.give("households", [household(1)], replace=A)
    office.take_back(second.number)
    office.give("households", [household(2, 人口="5")])
    counts = [len(at(office, "household", version)) for version in
              range(first.version or 0, open_version(office.engine) + 1)]  # fmt: skip
    assert counts == [2, 1, 2, 2]
    assert office.count(f"{HISTORY}.household") == 2


# -- refusals ------------------------------------------------------------------------------------


def test_an_import_that_is_not_there(office: Office) -> None:
    with pytest.raises(NotFoundError, match="no import 4711"):
        office.take_back(4711)


def test_an_import_is_undone_once(office: Office) -> None:
    number = office.give("areas", areas()).number
    office.take_back(number)
    held = office.fingerprint()
    with pytest.raises(ConflictError, match="undone already"):
        office.take_back(number)
    assert office.fingerprint() == held


# The rows of the first import, then what came since: a row changed, closed, or back again.
SINCE: dict[str, list[tuple[list[Row], dict[str, Any]]]] = {
    "changed": [([household(1, 人口="8")], {})],
    "closed": [([household(2)], {"replace": A})],
    "closed and back, changed": [
        ([household(2)], {"replace": A}),
        ([household(1, 人口="8")], {}),
    ],
}


@pytest.mark.parametrize("case", SINCE)
def test_rows_that_changed_since_are_not_undone(office: Office, case: str) -> None:
    office.fill("grids")
    first = office.give("households", [household(1), household(2)])
    for rows, options in SINCE[case]:
        assert office.give("households", rows, **options).state == "imported"
    held = office.fingerprint()
    with pytest.raises(ConflictError, match=f"changed since .*{HOME}"):
        office.take_back(first.number)
    assert office.fingerprint() == held


def test_a_closed_row_that_is_there_again_is_not_undone(office: Office) -> None:
    office.fill("grids")
    office.give("households", [household(1), household(2)])
    closing = office.give("households", [household(2)], replace=A)
    office.give("households", [household(1, 人口="8")])
    with pytest.raises(ConflictError, match=f"changed since .*{HOME}"):
        office.take_back(closing.number)
    assert office.content("household")[HOME]["people"] == 8


def test_later_imports_undone_first_clear_the_way(office: Office) -> None:
    """What the refusal tells to do must help."""
    office.fill("grids")
    first = office.give("households", [household(1), household(2)])
    second = office.give("households", [household(1, 人口="8"), household(3)])
    third = office.give("households", [household(3)], replace=A)
    for done in (third, second, first):
        office.take_back(done.number)
    assert office.content("household") == {}


def test_an_import_of_other_rows_is_no_hindrance(office: Office) -> None:
    office.fill("grids")
    first = office.give("households", [household(1)])
    office.give("households", [household(2)])
    office.give("people", LISTS["people"])
    office.take_back(first.number)
    assert office.codes("household") == [f"{G1}002"]


def test_rows_that_others_name_are_not_undone(office: Office) -> None:
    office.give("areas", areas())
    number = office.give("grids", grids()).number
    office.give("households", [household(1), household(2, GRIDS[4])])
    held = office.fingerprint()
    with pytest.raises(TransferError, match=r"2 of household\.grid_code"):
        office.take_back(number)
    assert office.fingerprint() == held


def test_areas_go_back_though_they_name_each_other(office: Office) -> None:
    number = office.give("areas", areas()).number
    assert office.take_back(number)[1] == {**NEW, "closed": 4}
    assert office.count("area") == 0


def test_a_restored_row_that_names_what_is_gone_is_refused(office: Office) -> None:
    office.fill("people")
    office.give("people", [{"人员编码": "P1", "姓名": "王小禾", "户号": f"{G1}002"}])
    moved = office.give("people", [{"人员编码": "P1", "户号": HOME}])
    office.give("households", [household(1)], replace=A)
    held = office.fingerprint()
    with pytest.raises((ConflictError, TransferError)):
        office.take_back(moved.number)
    assert office.fingerprint() == held


def test_a_restored_pair_that_another_row_has_is_refused(office: Office) -> None:
    office.fill("links")
    away = office.give("links", [{"联系编码": "L1", "户号": f"{G1}002"}])
    office.give("links", [{"联系编码": "L2", "党员编码": "M1", "户号": HOME}])
    held = office.fingerprint()
    with pytest.raises((ConflictError, TransferError)):
        office.take_back(away.number)
    assert office.fingerprint() == held


# -- rows without a history ----------------------------------------------------------------------

VISIT = LISTS["visits"][0]
INCIDENT = {**LISTS["incidents"][0], "描述": "第一行\n“引号”\\ \t末", "评分": "5", "是否满意": "是",
            "办结时间": "2026-01-06 00:00:00.123456"}  # fmt: skip
EVENTS = {
    "visits": ("visit", VISIT, {**VISIT, "备注": "换了"}, {**VISIT, "编码": "V2"}),
    "incidents": (
        "incident", INCIDENT,
        {**INCIDENT, "标题": "换了", "评分": "", "geometry": None, "办结时间": ""},
        {**INCIDENT, "工单号": "I2"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", EVENTS)
def test_visits_and_incidents_come_back_from_images(office: Office, kind: str) -> None:
    name, first, other, second = EVENTS[kind]
    office.fill("links")
    office.give(kind, [first])
    before = office.content(name)
    done = office.give(kind, [other, second])
    assert done.counts | {"new": 1, "changed": 1} == done.counts
    own, counts = office.take_back(done.number)
    assert counts == {"closed": 1, "changed": 1, "new": 0}
    assert office.content(name) == before
    held = office.fingerprint()
    with pytest.raises(ConflictError, match="cannot be undone"):
        office.take_back(own)
    assert office.fingerprint() == held
    assert office.give(kind, [other, second]).counts["new"] == 1


@pytest.mark.parametrize("kind", EVENTS)
def test_events_that_changed_since_are_not_undone(office: Office, kind: str) -> None:
    name, first, other, _ = EVENTS[kind]
    office.fill("links")
    number = office.give(kind, [first]).number
    office.give(kind, [other])
    held = office.fingerprint()
    with pytest.raises(ConflictError, match="changed since"):
        office.take_back(number)
    assert office.fingerprint() == held
    assert office.count(name) == 1


def test_an_incident_that_somebody_worked_on_is_not_undone(office: Office) -> None:
    office.fill("links")
    number = office.give("incidents", [INCIDENT]).number
    incident = table_of("incident")
    with office.engine.begin() as connection:
        connection.execute(update(incident).values(status="answered"))
    with pytest.raises(ConflictError, match=r"changed since \(I1\)"):
        office.take_back(number)
    assert office.content("incident")["I1"]["status"] == "answered"


def test_only_rows_that_changed_are_kept_as_images(office: Office) -> None:
    office.fill("links")
    office.give("visits", [VISIT])
    number = office.give("visits", [VISIT, {**VISIT, "编码": "V2"}]).number
    with office.engine.connect() as connection:
        rows = connection.execute(
            select(imported_row.c.code, imported_row.c.before).where(
                imported_row.c.import_id == number
            )
        ).all()
    assert [tuple(row) for row in rows] == [("V2", None)]
    office.take_back(number)
    assert office.codes("visit") == ["V1"]
