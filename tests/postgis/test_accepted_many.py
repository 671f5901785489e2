"""Many findings accepted in one act, and taken back: who may, which, how many, all or none."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, select, update

from api import audit
from api.accepted import many
from api.auth import ROLES
from api.db import session_scope
from layers.tables import accepted_finding, account, audit_entry
from tests.postgis.conftest import OTHER, OWN
from tests.postgis.tasks import GAP, LOST, OVERLAP, PARTS, STAFF
from tests.postgis.test_service_accepted import DECIDERS, REGISTER, accept, register, today

Client = Callable[[str], httpx.Client]
TOWN = OWN[:9]


@pytest.fixture(autouse=True)
def _empty(service: Any) -> Iterator[None]:
    yield
    with session_scope(service.engine) as session:
        session.execute(delete(accepted_finding))


@pytest.fixture
def _village_planner(service: Any) -> Iterator[None]:
    """The planner's account ends at the first village."""
    name = service.passwords["planner"][0]
    mine = update(account).where(account.c.username == name)
    with session_scope(service.engine) as session:
        session.execute(mine.values(area_code=OWN))
    yield
    with session_scope(service.engine) as session:
        session.execute(mine.values(area_code=None))


def accept_all(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post(REGISTER, json={"reason": "下次测绘统一", **body})


def revoke_all(client: httpx.Client, *ids: str) -> httpx.Response:
    return client.post(f"{REGISTER}/revocations", json={"findings": list(ids)})


def holding(client: httpx.Client) -> set[str]:
    return set(register(client, state="in_force"))


def entries(service: Any, since: int) -> list[tuple[str, str, str | None]]:
    entry = audit_entry.c
    rows = select(entry.action, entry.target, entry.reason).where(
        entry.id > since, entry.action.in_((audit.ACCEPTED, audit.EXCEPTION_CHANGED,
                                            audit.EXCEPTION_REVOKED)),
    )  # fmt: skip
    with session_scope(service.engine) as session:
        return [tuple(row) for row in session.execute(rows.order_by(entry.id))]


def newest(service: Any) -> int:
    with session_scope(service.engine) as session:
        last = select(audit_entry.c.id).order_by(audit_entry.c.id.desc()).limit(1)
        return session.scalar(last) or 0


@pytest.mark.parametrize("role", ROLES)
def test_only_planners_accept_many(role: str, signed_in: Client) -> None:
    client, may = signed_in(role), role in DECIDERS
    answers = accept_all(client, rule="C101"), revoke_all(client, GAP)
    assert [each.status_code for each in answers] == ([200, 200] if may else [403, 403])
    if not may:
        assert answers[0].json()["detail_zh"] == "例外由管理员和规划员登记。"
        assert holding(signed_in("planner")) == set()
    assert accept_all(signed_in(""), rule="C101").status_code == 401


@pytest.mark.parametrize(
    ("which", "ids"),
    [
        ({"rule": "C103"}, {OVERLAP}),
        ({"area": OWN}, {GAP, LOST, PARTS}),
        ({"rule": "C101", "area": OWN[:6]}, {GAP}),
        ({"area": f"{OTHER}003"}, {STAFF}),
        ({"findings": [GAP, OVERLAP, GAP]}, {GAP, OVERLAP}),
    ],
)
def test_what_is_asked_for_is_accepted_each_with_its_row_and_its_line(
    which: dict[str, Any], ids: set[str], service: Any, signed_in: Client
) -> None:
    planner, before = signed_in("planner"), newest(service)
    until = str(today(service) + dt.timedelta(days=30))
    answer = accept_all(planner, until=until, **which).json()
    assert answer["accepted"] == len(ids)
    assert set(answer["findings"]) == ids
    assert answer["skipped"] == []
    rows = register(planner)
    assert set(rows) == ids
    said = {(r["decision"]["reason"], r["decision"]["until"]) for r in rows.values()}
    assert said == {("下次测绘统一", until)}
    assert len({row["decision"]["accepted_at"] for row in rows.values()}) == 1
    assert sorted(entries(service, before)) == [
        (audit.ACCEPTED, f"finding {each}", "下次测绘统一") for each in sorted(ids)
    ]
    # They count no longer, and all are taken back in one act.
    before = newest(service)
    open_ = planner.get("/api/coverage/findings", params={"accepted": False}).json()
    assert not ids & {each["id"] for each in open_["findings"]}
    assert revoke_all(planner, *sorted(ids)).json() == {"revoked": len(ids), "skipped": []}
    assert holding(planner) == set()
    assert [line[0] for line in entries(service, before)] == [audit.EXCEPTION_REVOKED] * len(ids)


def test_what_is_accepted_stays_and_what_has_run_out_is_renewed(
    service: Any, signed_in: Client
) -> None:
    planner, before = signed_in("planner"), newest(service)
    accept(planner, GAP)
    accept(planner, PARTS, until=str(today(service)))
    past = update(accepted_finding).values(until=today(service) - dt.timedelta(days=1))
    with session_scope(service.engine) as session:
        session.execute(past.where(accepted_finding.c.finding_id == PARTS))
    answer = accept_all(planner, findings=[GAP, PARTS, LOST, "nosuch"]).json()
    assert answer["findings"] == [PARTS, LOST]
    assert [each["finding"] for each in answer["skipped"]] == [GAP, "nosuch"]
    assert [each["reason_zh"] for each in answer["skipped"]] == [
        "已列为例外。", "最近一次核查在您的辖区没有这个问题。",
    ]  # fmt: skip
    rows = register(planner)
    assert rows[GAP]["decision"]["reason"] == "一个湖"
    assert [each["reason"] for each in rows[PARTS]["earlier"]] == ["一个湖"]
    assert [line[0] for line in entries(service, before)] == [
        audit.ACCEPTED, audit.ACCEPTED, audit.EXCEPTION_CHANGED, audit.ACCEPTED,
    ]  # fmt: skip


@pytest.mark.usefixtures("_village_planner")
def test_a_planner_of_a_village_accepts_there_alone(signed_in: Client) -> None:
    whole, own = signed_in("administrator"), signed_in("planner")
    beyond = accept_all(own, area=OTHER)
    assert (beyond.status_code, beyond.json()["detail_zh"]) == (403, "不在您的辖区之内。")
    assert accept_all(own, rule="C103").status_code == 422
    assert accept_all(own, findings=[OVERLAP]).status_code == 422
    assert holding(whole) == set()
    # Of a town, or of all, it is his own part; and what others accepted is not his to take back.
    mine = accept_all(own, area=TOWN).json()
    assert set(mine["findings"]) == {GAP, LOST, PARTS}
    assert accept_all(whole, rule="C103").json()["accepted"] == 1
    answer = revoke_all(own, OVERLAP, GAP).json()
    assert (answer["revoked"], [each["finding"] for each in answer["skipped"]]) == (1, [OVERLAP])
    assert holding(whole) == {LOST, PARTS, OVERLAP}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, ""),
        ({"rule": "C101", "findings": [GAP]}, 422, ""),
        ({"findings": []}, 422, ""),
        ({"findings": ["x"] * 1_001}, 422, ""),
        ({"rule": "C101", "reason": None}, 422, ""),
        ({"rule": "C101", "reason": "  "}, 422, ""),
        ({"rule": "C101", "until": "2020-01-01"}, 422, "已经过去"),
        ({"rule": "C104"}, 422, "没有可以登记"),
        ({"findings": ["nosuch"]}, 422, "没有这个问题"),
        ({"rule": "C101", "expected": 2}, 409, "现在是 1 处，不是 2 处"),
    ],
)
def test_what_makes_no_sense_accepts_nothing(
    body: dict[str, Any], status: int, words: str, signed_in: Client
) -> None:
    planner = signed_in("planner")
    answer = accept_all(planner, **body)
    assert answer.status_code == status
    assert words in answer.json()["detail_zh"]
    assert register(planner) == {}
    assert revoke_all(planner, GAP).status_code == 422


def test_no_more_than_a_bounded_number_is_accepted_at_once(
    service: Any, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = signed_in("planner")
    monkeypatch.setattr(many, "MOST_FINDINGS", 2)
    answer = accept_all(planner, area=OWN)
    assert answer.status_code == 422
    assert "共 3 处问题，一次最多登记 2 处" in answer.json()["detail_zh"]
    assert register(planner) == {}
