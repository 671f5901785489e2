"""Rules and thresholds of a county: who may see and change them; the check goes by them."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, insert, select

from api.auth import ROLES
from api.coverage.service import run_check
from api.db import session_scope
from geo.rules import LIMITS, RULES
from geo.rules.ruling import SETTINGS
from layers.tables import (
    audit_entry,
    contact_link,
    finding,
    household,
    party_member,
    setting,
    visit,
)
from layers.tiles import Scope
from layers.vector import hidden_rules
from tests.postgis.conftest import OTHER, OWN

Client = Callable[[str], httpx.Client]
ALLOWED = ("administrator", "planner")
PERSONAL = {"P401", "P402", "P403", "P404", "V501", "S306"}


@pytest.fixture(scope="module", autouse=True)
def _lists(service: Any) -> None:
    """One member with two contacts, a household in need with none, one visit."""
    with session_scope(service.engine) as session:
        session.execute(insert(party_member).values(
            code="M1", person_code="p1", household_code=f"{OWN}-0000"))  # fmt: skip
        session.execute(insert(contact_link), [
            {"code": f"L{n}", "member_code": "M1", "household_code": f"{OWN}-{n:04}"}
            for n in (1, 2)])  # fmt: skip
        session.execute(
            household.update().where(household.c.code == f"{OTHER}-0009")
            .values(need_tags=["独居老人"])
        )  # fmt: skip
        at = dt.datetime.now(dt.UTC)
        session.execute(insert(visit).values(
            code="V1", household_code=f"{OWN}-0000", person_code="p1", visited_at=at))  # fmt: skip
    run_check(service.engine, "operator")


@pytest.fixture
def _as_it_was(service: Any) -> Iterator[None]:
    yield
    with session_scope(service.engine) as session:
        session.execute(delete(setting).where(setting.c.key.in_(SETTINGS)))
    run_check(service.engine, "operator")


def by_rule(client: httpx.Client) -> dict[str, dict[str, Any]]:
    return {each["rule"]: each for each in client.get("/api/coverage").json()["by_rule"]}


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_only_those_who_plan_for_the_county_see_and_change_rules(
    role: str, service: Any, signed_in: Client
) -> None:
    client, may = signed_in(role), role in ALLOWED
    before = client.get("/api/rules")
    after = client.put("/api/rules", json={"rules": {}})
    assert (before.status_code, after.status_code) == ((200, 200) if may else (403, 403))
    if not may:
        assert after.json()["detail_zh"] == "规则和阈值由县级管理员和规划员设定。"
    assert signed_in("").put("/api/rules", json={}).status_code == 401


def test_the_book_has_every_rule_and_threshold(signed_in: Client) -> None:
    book = signed_in("planner").get("/api/rules").json()
    assert [rule["code"] for rule in book["rules"]] == list(RULES)
    assert [limit["key"] for limit in book["limits"]] == list(LIMITS)
    assert all(rule["on"] and rule["severity"] == rule["usual_severity"] for rule in book["rules"])
    assert all(limit["value"] == limit["usual"] for limit in book["limits"])
    assert book["areas"] == []


# --- what is changed ----------------------------------------------------------------------------


@pytest.mark.usefixtures("_as_it_was")
def test_the_next_check_goes_by_what_was_said(service: Any, signed_in: Client) -> None:
    planner = signed_in("planner")
    assert planner.get("/api/coverage").json()["summary"]["blind_spots"] is True
    assert "S305" not in by_rule(planner)
    answer = planner.put(
        "/api/rules",
        json={
            "rules": {"S301": {"on": False}, "H205": {"severity": "error"}},
            "limits": {
                "households_per_grid": {"community": {"least": 0, "most": 20}},
                "visit_days": 3,
            },
            "areas": {OTHER[:9]: {"households_per_grid": {"community": {"most": 40}}}},
        },
    )
    book = answer.json()
    rules = {rule["code"]: rule for rule in book["rules"]}
    limits = {limit["key"]: limit["value"] for limit in book["limits"]}
    assert (rules["S301"]["on"], rules["H205"]["severity"]) == (False, "error")
    assert limits["visit_days"] == 3
    assert limits["households_per_grid"]["community"] == {"least": 0, "most": 20}
    assert limits["households_per_grid"]["rural"] == {"least": 30, "most": 300}
    assert book["areas"][0]["name"] == "柳河2镇"
    assert book["changed_by"] == "planner"
    assert planner.get("/api/rules").json() == book
    run_check(service.engine, "operator")
    found = by_rule(planner)
    assert "S301" not in found
    assert found["H205"]["severity"] == "error"
    # Thirty households are too many in the first town's two villages, not in the second's.
    assert found["S305"]["count"] == 2


@pytest.mark.usefixtures("_as_it_was")
def test_a_rule_that_is_off_leaves_the_claim_open(service: Any, signed_in: Client) -> None:
    planner = signed_in("planner")
    off = {code: {"on": False} for code in ("C101", "C102", "H201")}
    planner.put("/api/rules", json={"rules": off})
    run_check(service.engine, "operator")
    summary = planner.get("/api/coverage").json()["summary"]
    assert summary["blind_spots"] is None
    assert summary["rules_off"] == ["C101", "C102", "H201"]


@pytest.mark.usefixtures("_as_it_was")
def test_each_change_is_kept_in_the_log(service: Any, signed_in: Client) -> None:
    administrator = signed_in("administrator")
    administrator.put("/api/rules", json={"limits": {"stacked": 30}})
    administrator.put("/api/rules", json={"rules": {"G005": {"severity": "info"}}})
    with session_scope(service.engine) as session:
        rows = session.execute(
            select(audit_entry.c.account, audit_entry.c.detail)
            .where(audit_entry.c.action == "changed the rules")
            .order_by(audit_entry.c.id.desc()).limit(2)
        ).all()  # fmt: skip
        stored = session.scalar(select(setting.c.value).where(setting.c.key == "stacked"))
    last, first = rows
    assert first.detail["after"] == {"rules": {}, "limits_at": {}, "stacked": 30}
    assert last.detail["before"] == first.detail["after"]
    assert last.detail["after"] == {"rules": {"G005": {"severity": "info"}}, "limits_at": {}}
    assert last.account == "administrator"
    # What is as the table has it is not stored: a later table speaks for itself.
    assert stored is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"rules": {"X999": {"on": False}}}, 422),
        ({"rules": {"C101": {"severity": "grave"}}}, 422),
        ({"rules": {"C101": {"off": True}}}, 422),
        ({"limits": {"visit_days": 0}}, 422),
        ({"limits": {"cluster_m": "wide"}}, 422),
        ({"limits": {"rules": {}}}, 422),
        ({"limits": {"households_per_grid": {"rural": {"least": 400}}}}, 422),
        ({"areas": {OWN: {"stacked": 5}}}, 422),
        ({"areas": {"999999": {"visit_days": 5}}}, 400),
        ({"more": 1}, 422),
    ],
)
def test_what_makes_no_sense_is_refused_whole(
    body: dict[str, Any], status: int, signed_in: Client
) -> None:
    planner = signed_in("planner")
    before = planner.get("/api/rules").json()
    answer = planner.put("/api/rules", json={"rules": {"G005": {"on": False}}, **body})
    assert answer.status_code == status, answer.text
    assert answer.json()["detail_zh"]
    assert planner.get("/api/rules").json() == before


# --- who is told what ---------------------------------------------------------------------------


def test_each_privacy_has_its_readers() -> None:
    assert set(hidden_rules(Scope())) == PERSONAL
    assert set(hidden_rules(Scope(individual=True))) == {c for c in PERSONAL if c[0] == "P"}
    assert hidden_rules(Scope(individual=True, sensitive=True)) == []


@pytest.mark.parametrize(
    ("role", "personal"),
    [
        ("administrator", {"P401", "P402", "P403", "V501", "S306"}),
        ("planner", {"V501", "S306"}),
        ("leader", set()),
        ("auditor", set()),
        ("party_officer", {"P401", "P403", "V501", "S306"}),
    ],
)
def test_members_needs_and_visits_are_told_to_their_keepers_alone(
    role: str, personal: set[str], signed_in: Client
) -> None:
    client = signed_in(role)
    verdict = client.get("/api/coverage").json()
    assert set(by_rule(client)) & PERSONAL == personal
    assert set(verdict["summary"]["by_rule"]) & PERSONAL == personal
    listed = client.get("/api/coverage/findings?limit=1000").json()
    assert {f["rule"] for f in listed["findings"]} & PERSONAL == personal
    assert listed["numberMatched"] == len(listed["findings"])
    counted = sum(each["count"] for each in verdict["by_rule"] if each["severity"] == "warning")
    assert verdict["summary"]["warnings"] == counted
    for rule in PERSONAL - personal:
        assert client.get(f"/api/coverage/findings?rule={rule}").json()["numberMatched"] == 0


def test_a_finding_of_another_reader_is_not_there(service: Any, signed_in: Client) -> None:
    with session_scope(service.engine) as session:
        ids = dict(
            session.execute(select(finding.c.rule, finding.c.id).order_by(finding.c.check_id)).all()
        )
    for rule, role, status in (
        ("P402", "administrator", 200), ("P402", "planner", 404), ("P402", "leader", 404),
        ("P402", "party_officer", 404),  # of another village
        ("P401", "party_officer", 200), ("V501", "planner", 200), ("V501", "leader", 404),
    ):  # fmt: skip
        answer = signed_in(role).get(f"/api/coverage/findings/{ids[rule]}")
        assert answer.status_code == status, (rule, role)
    # Who was shown members and needs is kept.
    with session_scope(service.engine) as session:
        read = session.execute(
            select(audit_entry.c.account, audit_entry.c.target)
            .where(audit_entry.c.action == "read the member map")
            .order_by(audit_entry.c.id)
        ).all()
    assert read == [
        ("administrator", f"finding {ids['P402']}"), ("party-officer", f"finding {ids['P401']}"),
    ]  # fmt: skip


def test_no_map_shows_them(signed_in: Client) -> None:
    administrator = signed_in("administrator")
    legend = administrator.get("/legends/findings.json").json()
    open_rules = sum(
        each["count"] for code, each in by_rule(administrator).items() if code not in PERSONAL
    )
    assert legend["n"] == open_rules
    found = administrator.get("/api/locate?lon=115.205&lat=33.505").json()["findings"]
    assert {each["rule"] if isinstance(each, dict) else each for each in found} & PERSONAL == set()
    grid = administrator.get(f"/api/grids/{OWN}001").json()["findings"]
    assert {each["rule"] for each in grid} & PERSONAL == set()
