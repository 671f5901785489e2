"""The worklist over HTTP: who may give work out, report it, and see it; what is refused."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, func, select, text, update

from api.coverage.service import run_check
from api.db import session_scope
from api.worklist.service import county_day
from layers.tables import (
    accepted_finding,
    audit_entry,
    coverage_check,
    finding,
    work_task,
    work_task_log,
)
from tests.postgis.conftest import COUNTY, OTHER, OWN
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


# --- from beginning to end ----------------------------------------------------------------------


def test_a_finding_is_assigned_reported_and_judged_by_the_next_check(
    service: Any, signed_in: Client
) -> None:
    leader, officer, planner = (signed_in(r) for r in ("leader", "party_officer", "planner"))
    assert assign(leader, GAP, to="town").json() == {
        "assigned": 1, "reassigned": 0, "skipped": [],
    }  # fmt: skip
    task = one(officer, GAP)
    assert (task["state"], task["due"], task["assigned_by"]) == ("assigned", DUE, "leader")
    assert task["assignee"] == {"code": OWN[:9], "name": "柳河1镇", "name_en": "Liuhe 1",
                                "level": "town"}  # fmt: skip
    assert task["area"]["town_name"] == "柳河1镇"
    assert (task["found"], task["may_fix"], task["may_assign"]) == (True, True, False)
    answer = fixed(officer, task, "  已并入第4网格  ")
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["state"], done["note"], done["fixed_by"]) == (
        "fixed", "已并入第4网格", "party-officer"
    )  # fmt: skip
    assert done["geometry"]["type"] == "MultiPolygon"
    # The tiny county's gap is a C102 to a real check: what was written by hand is gone.
    service.finished(planner, planner.post("/api/coverage/check"))
    after = one(officer, GAP)
    assert (after["state"], after["found"], after["may_fix"]) == ("verified", False, False)
    assert after["message_zh"] == "问题", "it reads as it did"
    lines = planner.get(f"/api/worklist/{task['id']}/log").json()["lines"]
    assert [(x["actor"], x["change"], x["note"]) for x in lines] == [
        ("leader", "assigned", None), ("party-officer", "fixed", "已并入第4网格"),
        ("planner", "verified", None),
    ]  # fmt: skip
    assert lines[2]["check"] is not None
    with session_scope(service.engine) as session:
        kept = session.execute(
            select(audit_entry.c.account, audit_entry.c.action)
            .where(audit_entry.c.action.in_(["assigned findings", "reported a task fixed"]))
            .order_by(audit_entry.c.id.desc()).limit(2)
        ).all()  # fmt: skip
        # The findings that the tests go by are put back.
        check = session.scalar(select(func.max(finding.c.check_id)))
        session.execute(text("DELETE FROM coverage_check WHERE id = :id"), {"id": check})
    assert kept == [("party-officer", "reported a task fixed"), ("leader", "assigned findings")]


def test_all_of_a_rule_or_an_area_go_to_their_towns_in_one_call(signed_in: Client) -> None:
    planner = signed_in("planner")
    before = planner.get("/api/worklist/counts").json()
    assert {each["rule"]: each["n"] for each in before["unassigned"]} == {
        "C101": 1, "C103": 1, "H201": 1, "S301": 1, "G005": 1,
    }  # fmt: skip
    body = {"area": OTHER[:9], "to": "town", "due": DUE}
    assert planner.post("/api/worklist", json=body).json()["assigned"] == 2
    assert planner.post("/api/worklist", json=body).json()["assigned"] == 0
    rest = {"rule": "C101", "to": "village", "due": DUE}
    assert planner.post("/api/worklist", json=rest).json()["assigned"] == 1
    after = planner.get("/api/worklist/counts").json()
    assert after["total"]["assigned"] == 3
    assert [(t["code"], t["assigned"]) for t in after["towns"]] == [(OWN[:9], 1), (OTHER[:9], 2)]
    assert {each["rule"] for each in after["unassigned"]} == {"H201", "G005"}
    assert {t["assignee"]["code"] for t in planner.get("/api/worklist").json()["tasks"]} == {
        OTHER[:9], OWN,
    }  # fmt: skip


def test_the_list_is_filtered_and_paged(service: Any, signed_in: Client) -> None:
    planner = signed_in("planner")
    assign(planner, GAP, LOST, PARTS)
    assign(planner, OVERLAP, STAFF, to="town")
    fixed(planner, one(planner, PARTS))
    with session_scope(service.engine) as session:
        late = county_day() - dt.timedelta(days=1)
        session.execute(update(work_task).where(work_task.c.finding_id == GAP).values(due_on=late))

    def found(**query: Any) -> set[str]:
        answer = planner.get("/api/worklist", params=query).json()
        assert answer["numberMatched"] == len(answer["tasks"])
        return {each["finding"] for each in answer["tasks"]}

    assert found(state="fixed") == {PARTS}
    assert found(state=["fixed", "assigned"]) == {GAP, LOST, PARTS, OVERLAP, STAFF}
    assert found(area=OTHER) == {OVERLAP, STAFF}
    assert found(assignee=OTHER[:9]) == {OVERLAP, STAFF}
    assert found(assignee=OTHER) == set()
    assert found(overdue=True) == {GAP}
    assert found(overdue=False) == {LOST, PARTS, OVERLAP, STAFF}
    assert found(due_before=DUE) == {GAP}
    assert found(rule="C103") == {OVERLAP}
    whole = planner.get("/api/worklist", params={"limit": 2, "offset": 0}).json()
    assert (whole["numberMatched"], whole["numberReturned"]) == (5, 2)
    # Who has to act first: by their day, and what is reported fixed after them.
    assert whole["tasks"][0]["finding"] == GAP
    last = planner.get("/api/worklist", params={"limit": 2, "offset": 4}).json()["tasks"]
    assert [each["finding"] for each in last] == [PARTS]
    assert planner.get("/api/worklist/counts").json()["total"]["overdue"] == 1
    assert planner.get("/api/worklist", params={"state": "lost"}).status_code == 422


def test_the_map_shows_each_where_it_is(signed_in: Client) -> None:
    planner = signed_in("planner")
    assign(planner, GAP, LOST)
    spots = planner.get("/api/worklist/places").json()
    assert {each["finding"]: each["state"] for each in spots["spots"]} == {
        GAP: "assigned", LOST: "assigned",
    }  # fmt: skip
    assert spots["more"] is False
    assert planner.get("/api/worklist/places?rule=C101").json()["spots"][0]["finding"] == GAP


# --- what cannot be -----------------------------------------------------------------------------


def test_impossible_changes_are_told(signed_in: Client) -> None:
    planner = signed_in("planner")
    assign(planner, GAP)
    task = one(planner, GAP)
    assert fixed(planner, task).status_code == 200
    again = fixed(planner, task)
    assert again.status_code == 409
    assert again.json()["detail_zh"] == f"第 {task['id']} 号任务已报整改。"
    late = planner.put(f"/api/worklist/{task['id']}/due", json={"due": DUE, "version": 2})
    assert late.status_code == 409
    given = assign(planner, GAP, to="town").json()
    assert given["skipped"][0]["reason_zh"] == "已报整改，由下次核查认定。"
    assert planner.post("/api/worklist/999999/fixed", json={"version": 1}).status_code == 404


def test_a_task_that_is_to_be_done_is_given_on(signed_in: Client) -> None:
    planner = signed_in("planner")
    assign(planner, GAP)
    later = (county_day() + dt.timedelta(days=20)).isoformat()
    answer = assign(planner, GAP, due=later, to="town").json()
    assert (answer["assigned"], answer["reassigned"]) == (0, 1)
    task = one(planner, GAP)
    assert (task["assignee"]["level"], task["due"], task["version"]) == ("town", later, 2)
    moved = planner.put(f"/api/worklist/{task['id']}/due", json={"due": DUE, "version": 2})
    assert (moved.json()["due"], moved.json()["version"]) == (DUE, 3)
    lines = planner.get(f"/api/worklist/{task['id']}/log").json()["lines"]
    assert [(x["change"], x["due"], x["assignee"]["level"]) for x in lines] == [
        ("assigned", DUE, "village"), ("assigned", later, "town"), ("due", DUE, "town"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"findings": [GAP]}, 422),
        ({"findings": [GAP], "to": "town", "person": "p1"}, 422),
        ({"to": "town"}, 422),
        ({"findings": [], "to": "town"}, 422),
        ({"findings": [GAP], "rule": "C101", "to": "town"}, 422),
        ({"findings": [GAP], "to": "county"}, 422),
        ({"findings": [GAP], "to": "town", "due": "2020-01-01"}, 400),
        ({"findings": [GAP], "to": "town", "due": "2999-01-01"}, 400),
        ({"findings": [GAP], "to": "town", "more": 1}, 422),
    ],
)
def test_what_makes_no_sense_is_refused(
    body: dict[str, Any], status: int, signed_in: Client
) -> None:
    answer = signed_in("planner").post("/api/worklist", json={"due": DUE, **body})
    assert answer.status_code == status, answer.text
    assert answer.json()["detail_zh"]
    assert signed_in("planner").get("/api/worklist").json()["numberMatched"] == 0


def test_an_area_that_does_not_hold_the_finding_gets_nothing(signed_in: Client) -> None:
    planner = signed_in("planner")
    for code in (OTHER, COUNTY, "123456", f"{OWN}004"):
        answer = assign(planner, GAP, assignee=code).json()
        assert (answer["assigned"], len(answer["skipped"])) == (0, 1), code
    assert assign(planner, GAP, assignee=OWN).json()["assigned"] == 1


def test_an_accepted_exception_is_not_given_out(service: Any, signed_in: Client) -> None:
    planner = signed_in("planner")
    assign(planner, GAP)
    kept = ("rule", "severity", "grids", "area_code", "area_m2", "households", "point", "message",
            "message_zh")  # fmt: skip
    with session_scope(service.engine) as session:
        for name in (GAP, OVERLAP):
            row = session.execute(select(finding).where(finding.c.id == name)).one()
            session.execute(accepted_finding.insert().values(
                finding_id=name, reason="权属争议", accepted_by="planner",
                **{each: row._mapping[each] for each in kept},
            ))  # fmt: skip
    try:
        assert one(planner, GAP)["state"] == "accepted"
        assert fixed(planner, one(planner, GAP)).status_code == 409
        body = {"rule": "C103", "to": "town", "due": DUE}
        assert planner.post("/api/worklist", json=body).json()["assigned"] == 0
        assert assign(planner, OVERLAP).json()["skipped"][0]["reason_zh"] == "已列为例外。"
    finally:
        with session_scope(service.engine) as session:
            session.execute(delete(accepted_finding))


# --- at once ------------------------------------------------------------------------------------


def test_two_at_once_do_not_lose_each_other_s_change(service: Any, signed_in: Client) -> None:
    planner = signed_in("planner")
    assign(planner, GAP)
    task = one(planner, GAP)
    roles = ("planner", "administrator") * 3
    days = [(county_day() + dt.timedelta(days=n)).isoformat() for n in range(1, 7)]

    def move(client: httpx.Client, day: str) -> int:
        body = {"due": day, "version": task["version"]}
        return client.put(f"/api/worklist/{task['id']}/due", json=body).status_code

    with ExitStack() as stack, ThreadPoolExecutor(6) as pool:
        clients = [stack.enter_context(service.client(role)) for role in roles]
        told = sorted(pool.map(move, clients, days))
    assert told == [200, 409, 409, 409, 409, 409]
    after = one(planner, GAP)
    lines = planner.get(f"/api/worklist/{task['id']}/log").json()["lines"]
    assert (after["version"], len(lines)) == (2, 2)
    assert lines[-1]["due"] == after["due"]


def test_two_who_give_out_the_same_at_once_make_one_task(service: Any) -> None:
    roles = ("planner", "administrator", "leader") * 2
    body = {"area": COUNTY, "to": "town", "due": DUE}

    def give(client: httpx.Client) -> dict[str, Any]:
        answer = client.post("/api/worklist", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    with ExitStack() as stack, ThreadPoolExecutor(6) as pool:
        clients = [stack.enter_context(service.client(role)) for role in roles]
        told = list(pool.map(give, clients))
    assert sum(each["assigned"] for each in told) == 5
    with session_scope(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(work_task)) == 5
        assert session.scalar(select(func.count()).select_from(work_task_log)) == 5


def test_reports_while_checks_are_stored_are_neither_lost_nor_in_each_other_s_way(
    service: Any, signed_in: Client
) -> None:
    planner = signed_in("planner")
    run_check(service.engine, "operator")
    with session_scope(service.engine) as session:
        last = session.scalar(select(func.max(finding.c.check_id)))
    body = {"area": COUNTY, "to": "village", "due": DUE}
    n = planner.post("/api/worklist", json=body).json()["assigned"]
    assert n > 10
    tasks = planner.get("/api/worklist?limit=1000").json()["tasks"]

    def report(client: httpx.Client, some: list[dict[str, Any]]) -> list[int]:
        return [fixed(client, task).status_code for task in some]

    # Nobody changes a grid: what is reported before a check reads the county is reopened by it.
    with ExitStack() as stack, ThreadPoolExecutor(3) as pool:
        clients = [stack.enter_context(service.client(role)) for role in ("planner", "leader")]
        told = [pool.submit(report, c, tasks[k::2]) for k, c in enumerate(clients)]
        for _ in range(3):
            run_check(service.engine, "operator")
        answers = [status for each in told for status in each.result()]
    assert set(answers) <= {200, 404}, "404: not what a leader may see"
    run_check(service.engine, "operator")
    with session_scope(service.engine) as session:
        rows = session.execute(select(work_task)).all()
        for row in rows:
            line = work_task_log.c
            told_of = session.execute(
                select(line.from_state, line.to_state).where(line.task_id == row.id)
                .order_by(line.id)
            ).all()  # fmt: skip
            assert [each[0] for each in told_of] == [None, *(each[1] for each in told_of[:-1])]
            reported = [each for each in told_of if each[1] == "fixed"]
            assert row.state == ("reopened" if reported else "assigned")
            assert row.reopened == len(reported)
            assert row.version == len(told_of)
        assert sum(row.reopened for row in rows) == answers.count(200)
        session.execute(delete(coverage_check).where(coverage_check.c.id >= last))
