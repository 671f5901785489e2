"""Who sees a task, gives it out, and reports it: by role, by area, by office."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from api.auth import ROLES
from api.db import session_scope
from api.worklist.service import ASSIGNERS, REPORTERS
from layers.tables import (
    account,
    appointment,
    audit_entry,
    finding,
    party_branch,
)
from tests.postgis.conftest import OTHER, OWN
from tests.postgis.tasks import (
    DUE,
    GAP,
    LOST,
    OVERLAP,
    PARTS,
    STAFF,
    Client,
    assign,
    clear,
    fixed,
    one,
)


@pytest.fixture(autouse=True)
def _as_it_was(service: Any) -> Iterator[None]:
    yield
    clear(service.engine)


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_who_gives_work_out_and_who_reports_it(role: str, signed_in: Client) -> None:
    client, planner = signed_in(role), signed_in("planner")
    may = role in ASSIGNERS
    given = assign(client, PARTS)
    assert given.status_code == (200 if may else 403), given.text
    if not may:
        assert given.json()["detail_zh"] == "任务由管理员、规划员和领导在各自辖区内交办。"
        assign(planner, PARTS)
    task = one(planner, PARTS)
    day = {"due": DUE, "version": task["version"]}
    assert client.put(f"/api/worklist/{task['id']}/due", json=day).status_code == (
        200 if may else 403
    )
    choices = client.get("/api/worklist/choices", params={"finding": PARTS})
    assert choices.status_code == (200 if may else 403)
    # The party officer's village, and the grid worker's grid, are the finding's.
    seen = one(client, PARTS)
    assert seen["may_fix"] is (role in REPORTERS)
    assert fixed(client, seen).status_code == (200 if role in REPORTERS else 403)


def test_nobody_sees_a_task_outside_his_area(signed_in: Client) -> None:
    planner, officer, worker = (signed_in(r) for r in ("planner", "party_officer", "grid_worker"))
    assign(planner, GAP, OVERLAP, LOST, STAFF, PARTS)
    theirs = one(planner, OVERLAP)
    for client, seen in ((officer, {GAP, LOST, PARTS}), (worker, {PARTS})):
        listed = client.get("/api/worklist").json()
        assert {each["finding"] for each in listed["tasks"]} == seen
        assert client.get("/api/worklist", params={"area": OTHER}).json()["numberMatched"] == 0
        assert client.get("/api/worklist/counts").json()["total"]["assigned"] == len(seen)
        spots = client.get("/api/worklist/places").json()["spots"]
        assert {each["finding"] for each in spots} == seen
        for path in ("", "/log"):
            assert client.get(f"/api/worklist/{theirs['id']}{path}").status_code == 404
        assert fixed(client, theirs).status_code == 404
    assert one(planner, OVERLAP)["state"] == "assigned"


def test_a_leader_of_a_village_gives_out_his_village_s_alone(
    service: Any, signed_in: Client
) -> None:
    leader = signed_in("leader")
    with session_scope(service.engine) as session:
        own = account.c.username == "leader"
        session.execute(update(account).where(own).values(area_code=OWN))
    try:
        answer = assign(leader, GAP, OVERLAP, to="village").json()
        assert answer["assigned"] == 1
        (skipped,) = answer["skipped"]
        assert skipped["finding"] == OVERLAP
        assert skipped["reason_zh"] == "最近一次核查在您的辖区没有这个问题。"
        # Not to the town, which is over him.
        over = assign(leader, PARTS, to="town").json()
        assert (over["assigned"], len(over["skipped"])) == (0, 1)
        areas = leader.get("/api/worklist/choices", params={"finding": PARTS}).json()["areas"]
        assert [each["code"] for each in areas] == [OWN]
    finally:
        with session_scope(service.engine) as session:
            session.execute(update(account).where(own).values(area_code=None))


def test_a_household_is_blurred_for_who_gets_counts_only(signed_in: Client) -> None:
    planner, leader = signed_in("planner"), signed_in("leader")
    assign(planner, LOST, GAP)
    exact, coarse = one(planner, LOST), one(leader, LOST)
    assert exact["point"] != coarse["point"]
    assert coarse["point"] == pytest.approx(exact["point"], abs=0.005)
    shape = leader.get(f"/api/worklist/{exact['id']}").json()["geometry"]
    assert shape["coordinates"] == pytest.approx(coarse["point"])
    (spot,) = leader.get("/api/worklist/places", params={"rule": "H201"}).json()["spots"]
    assert spot["point"] == pytest.approx(coarse["point"])
    assert one(planner, GAP)["point"] == one(leader, GAP)["point"]


def test_what_speaks_of_needs_is_for_its_keepers_alone(service: Any, signed_in: Client) -> None:
    planner, administrator = signed_in("planner"), signed_in("administrator")
    with session_scope(service.engine) as session:
        session.execute(update(finding).where(finding.c.id == PARTS).values(rule="P403"))
    try:
        assert assign(planner, PARTS).json()["skipped"][0]["finding"] == PARTS
        assert assign(administrator, PARTS).json()["assigned"] == 1
        number = one(administrator, PARTS)["id"]
        for role in ("planner", "leader", "auditor"):
            assert signed_in(role).get(f"/api/worklist/{number}").status_code == 404
            assert signed_in(role).get("/api/worklist").json()["tasks"] == []
        assert administrator.get(f"/api/worklist/{number}").status_code == 200
        # Not on a map, and who looked is kept.
        assert administrator.get("/api/worklist/places").json()["spots"] == []
        with session_scope(service.engine) as session:
            row = session.execute(
                select(audit_entry.c.account, audit_entry.c.target)
                .where(audit_entry.c.action == "read the member map")
                .order_by(audit_entry.c.id.desc()).limit(1)
            ).one()  # fmt: skip
        assert tuple(row) == ("administrator", f"task {number}")
    finally:
        with session_scope(service.engine) as session:
            session.execute(update(finding).where(finding.c.id == PARTS).values(rule="G005"))


# --- people -------------------------------------------------------------------------------------


def test_a_person_in_office_there_gets_a_task_and_others_cannot_report_it(
    service: Any, signed_in: Client
) -> None:
    planner, worker, officer = (signed_in(r) for r in ("planner", "grid_worker", "party_officer"))
    choices = planner.get("/api/worklist/choices", params={"finding": PARTS}).json()
    assert [(each["code"], each["name"], each["role"]) for each in choices["people"]] == [
        ("p2", "李大山", "grid_head"), ("p1", "王小明", "grid_worker"),
    ]  # fmt: skip
    assert [each["code"] for each in choices["areas"]] == [OWN[:9], OWN]
    assert assign(planner, PARTS, person="p1").json()["assigned"] == 1
    task = one(worker, PARTS)
    assert task["person"] == {"code": "p1", "name": "王小明"}
    assert task["assignee"]["code"] == OWN
    # Nothing says that the worker's account is that person's.
    assert task["may_fix"] is False
    refused = fixed(worker, task)
    assert refused.status_code == 403
    assert refused.json()["detail_zh"] == "此项交由他人办理，应由本人或其上级报告整改。"
    with session_scope(service.engine) as session:
        own = account.c.username == "grid-worker"
        session.execute(update(account).where(own).values(person_code="p1"))
    try:
        assert one(worker, PARTS)["may_fix"] is True
        assert fixed(worker, task).status_code == 200
    finally:
        with session_scope(service.engine) as session:
            session.execute(update(account).where(own).values(person_code=None))
    assert one(officer, PARTS)["state"] == "fixed"


def test_who_holds_no_office_there_gets_nothing(service: Any, signed_in: Client) -> None:
    planner = signed_in("planner")
    for code in ("p3", "nobody", "p1"):
        target = OVERLAP if code == "p1" else PARTS
        answer = assign(planner, target, person=code).json()
        assert (answer["assigned"], len(answer["skipped"])) == (0, 1), code
    # A branch's secretary holds one in the branch's village.
    with session_scope(service.engine) as session:
        session.execute(insert(party_branch).values(code="b1", name="支部", area_code=OWN))
        session.execute(insert(appointment).values(
            code="a9", person_code="p3", role="branch_secretary", branch_code="b1",
            starts_on=dt.date(2025, 1, 1),
        ))  # fmt: skip
    assert assign(planner, PARTS, person="p3").json()["assigned"] == 1
    assert one(planner, PARTS)["person"]["name"] == "赵远"
    with session_scope(service.engine) as session:
        session.execute(
            update(appointment).where(appointment.c.code == "a9")
            .values(ends_on=dt.date(2026, 1, 1))
        )  # fmt: skip
    # Out of office he is nobody's to read.
    assert one(planner, PARTS)["person"] == {"code": "p3", "name": "赵*"}


def test_nobody_of_another_area_is_named_or_given_work(service: Any, signed_in: Client) -> None:
    leader = signed_in("leader")
    both = [f"{OWN}001", f"{OTHER}001"]
    mine = account.c.username == "leader"
    with session_scope(service.engine) as session:
        session.execute(update(finding).where(finding.c.id == PARTS).values(grids=both))
        session.execute(insert(appointment).values(
            code="a8", person_code="p3", role="grid_head", grid_code=both[1],
            starts_on=dt.date(2025, 1, 1),
        ))  # fmt: skip
        session.execute(update(account).where(mine).values(area_code=OWN))
    try:
        choices = leader.get("/api/worklist/choices", params={"finding": PARTS}).json()
        assert [each["code"] for each in choices["people"]] == ["p2", "p1"]
        assert [each["code"] for each in choices["areas"]] == [OWN]
        assert assign(leader, PARTS, assignee=OTHER).json()["assigned"] == 0
        everyone = signed_in("planner").get("/api/worklist/choices", params={"finding": PARTS})
        assert [each["code"] for each in everyone.json()["people"]] == ["p2", "p1", "p3"]
        # Given to him by who may, he is masked to the leader of the other village.
        assert assign(signed_in("planner"), PARTS, person="p3").json()["assigned"] == 1
        assert one(signed_in("planner"), PARTS)["person"]["name"] == "赵远"
        assert one(leader, PARTS)["person"]["name"] == "赵*"
    finally:
        with session_scope(service.engine) as session:
            session.execute(update(account).where(mine).values(area_code=None))
            session.execute(update(finding).where(finding.c.id == PARTS).values(grids=both[:1]))
