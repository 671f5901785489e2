"""The register of accepted exceptions: who may, what it does to the counts, and how it ends."""

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import shapely
from sqlalchemy import delete, func, select, update

from api.auth import ROLES
from api.coverage.service import run_check
from api.db import session_scope
from layers.exceptions import day_of
from layers.tables import accepted_finding, account, audit_entry, grid
from layers.tiles import Scope, Tile
from layers.vector import row_statement
from tests.postgis.conftest import OTHER, OWN, square, wkt

Client = Callable[[str], httpx.Client]
REGISTER = "/api/coverage/accepted"
DECIDERS = ("administrator", "planner")


@pytest.fixture(autouse=True)
def _empty(service: Any) -> Iterator[None]:
    yield
    with session_scope(service.engine) as session:
        session.execute(delete(accepted_finding))


@pytest.fixture(scope="module", autouse=True)
def _checked(service: Any) -> None:
    """The gap and its household as the check finds them, and an overlap in another town."""
    with session_scope(service.engine) as session:
        wide = square(2, 2, 1.1, 1)
        session.execute(update(grid).where(grid.c.code == f"{OTHER}001").values(geom=wkt(wide)))
    run_check(service.engine, "operator")


def only(client: httpx.Client, rule: str, **query: Any) -> dict[str, Any]:
    answer = client.get("/api/coverage/findings", params={"rule": rule, **query}).json()
    (found,) = answer["findings"]
    return dict(found)


def accept(client: httpx.Client, found: str, **body: Any) -> httpx.Response:
    return client.put(f"{REGISTER}/{found}", json={"reason": "一个湖", **body})


def register(client: httpx.Client, **query: Any) -> dict[str, dict[str, Any]]:
    answer = client.get(REGISTER, params=query).json()
    assert answer["numberReturned"] == len(answer["exceptions"])
    return {each["id"]: each for each in answer["exceptions"]}


def kept(client: httpx.Client) -> list[dict[str, Any]]:
    """What the file of exceptions holds."""
    return list(client.get(f"{REGISTER}/file.json").json()["accepted"])


def today(service: Any) -> dt.date:
    with session_scope(service.engine) as session:
        day: dt.date = session.execute(select(day_of(func.now()))).scalar_one()
        return day


def pass_days(service: Any, days: int) -> None:
    """Let a decision grow old: as if it had been made, and would end, so many days earlier."""
    held = accepted_finding.c
    with session_scope(service.engine) as session:
        session.execute(
            update(accepted_finding).values(
                until=held.until - days, accepted_at=held.accepted_at - dt.timedelta(days=days)
            )
        )


def drawn_pale(service: Any) -> set[str]:
    """Which findings the map draws as accepted, asked past every cache."""
    window = Tile(8, 209, 102).window()
    with session_scope(service.engine) as session:
        rows = session.execute(row_statement("findings", window, Scope())).mappings()
        return {row["id"] for row in rows if row["accepted"]}


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_only_planners_decide(role: str, service: Any, signed_in: Client) -> None:
    found = only(signed_in("planner"), "C102")["id"]
    client, may = signed_in(role), role in DECIDERS
    seen = client.get(f"/api/coverage/findings/{found}").json()
    assert seen.get("may_accept", False) is may
    answer = accept(client, found)
    gone = client.delete(f"{REGISTER}/{found}")
    assert (answer.status_code, gone.status_code) == ((200, 200) if may else (403, 403))
    if not may:
        assert answer.json()["detail_zh"] == "例外由管理员和规划员登记。"
    assert accept(signed_in(""), found).status_code == 401


@pytest.fixture
def _village_planner(service: Any) -> Iterator[None]:
    """The planner's account ends at the first village."""
    name = service.passwords["planner"][0]
    with session_scope(service.engine) as session:
        session.execute(update(account).where(account.c.username == name).values(area_code=OWN))
    yield
    with session_scope(service.engine) as session:
        session.execute(update(account).where(account.c.username == name).values(area_code=None))


@pytest.mark.usefixtures("_village_planner")
def test_a_planner_of_a_village_decides_there_alone(service: Any, signed_in: Client) -> None:
    whole, own = signed_in("administrator"), signed_in("planner")
    mine, other = only(whole, "C102")["id"], only(whole, "C103")["id"]
    assert accept(own, other).status_code == 404
    assert accept(whole, other).status_code == 200
    assert own.delete(f"{REGISTER}/{other}").status_code == 404
    assert set(register(own)) == set()
    assert accept(own, mine).status_code == 200
    assert set(register(own)) == {mine}
    assert set(register(whole)) == {mine, other}
    # A fault that reaches into another village is shown to both, and decided by neither alone.
    with session_scope(service.engine) as session:
        shared = accepted_finding.c
        session.execute(
            update(accepted_finding).where(shared.finding_id == mine)
            .values(finding_id="shared", grids=[f"{OWN}001", f"{OTHER}001"])
        )  # fmt: skip
    assert register(own)["shared"]["may_change"] is False
    refused = own.delete(f"{REGISTER}/shared")
    assert refused.status_code == 403
    assert "辖区" in refused.json()["detail_zh"]
    assert whole.delete(f"{REGISTER}/shared").status_code == 200


def test_a_reader_has_the_register_of_his_area(signed_in: Client) -> None:
    planner = signed_in("planner")
    mine, other = only(planner, "C102")["id"], only(planner, "C103")["id"]
    for found in (mine, other):
        accept(planner, found)
    assert set(register(signed_in("leader"))) == {mine, other}
    assert set(register(signed_in("party_officer"))) == {mine}
    assert set(register(planner, area=OTHER)) == {other}
    files = {
        role: {each["id"] for each in kept(signed_in(role))} for role in ("leader", "party_officer")
    }
    assert files == {"leader": {mine, other}, "party_officer": {mine}}


def test_a_household_is_blurred_for_who_gets_counts_only(signed_in: Client) -> None:
    lost = only(signed_in("planner"), "H201")
    accept(signed_in("planner"), lost["id"])
    exact = register(signed_in("planner"))[lost["id"]]["point"]
    coarse = register(signed_in("leader"))[lost["id"]]["point"]
    assert exact == lost["point"]
    assert coarse != exact
    assert coarse == only(signed_in("leader"), "H201")["point"]


# --- what it does -------------------------------------------------------------------------------


def test_what_is_accepted_is_told_and_not_counted_anywhere(service: Any, signed_in: Client) -> None:
    planner = signed_in("planner")
    before = planner.get("/api/coverage").json()
    gap, lost = only(planner, "C102"), only(planner, "H201")
    area = planner.get(f"/api/areas/{OWN}").json()["counts"]["findings"]["error"]
    drawn = planner.get("/legends/findings.json").json()
    tile = planner.get("/tiles/findings/8/209/102.mvt")
    until = str(today(service) + dt.timedelta(days=30))
    entry = accept(planner, gap["id"], until=until).json()
    assert entry["state"] == "in_force"
    assert entry["decision"]["accepted_by"] == "planner"
    assert (entry["decision"]["reason"], entry["decision"]["until"]) == ("一个湖", until)
    assert entry["message_zh"] == gap["message_zh"]
    after = planner.get("/api/coverage").json()
    rules = {each["rule"]: each for each in after["by_rule"]}
    assert (rules["C102"]["count"], rules["C102"]["accepted"]) == (0, 1)
    assert "C102" not in after["summary"]["by_rule"]
    assert after["summary"]["errors"] == before["summary"]["errors"] - 1
    assert after["summary"]["accepted"] == 1
    town = next(each for each in after["by_town"] if each["code"] == OWN[:9])
    assert town["accepted"] == 1
    counts = planner.get(f"/api/areas/{OWN}").json()["counts"]
    assert counts["findings"]["error"] == area - 1
    legend = planner.get("/legends/findings.json").json()
    assert legend["n"] == drawn["n"] - 1
    assert {each["id"]: each["n"] for each in legend["items"]}["accepted"] == 1
    # The map's tiles are others, and the pictures with them.
    assert planner.get("/tiles/findings/8/209/102.mvt").headers["etag"] != tile.headers["etag"]
    # A finished map has it in a layer of its own.
    page = planner.get(f"/maps/coverage/{OWN}.html").text
    assert json.dumps("已登记例外 1").strip('"') in page
    # It is still on the list, told apart by who asks.
    assert only(planner, "C102")["accepted"] is True
    assert only(planner, "C102", accepted=True)["id"] == gap["id"]
    left = planner.get("/api/coverage/findings?rule=C102&accepted=false").json()
    assert left["numberMatched"] == 0
    card = planner.get(f"/api/coverage/findings/{gap['id']}").json()
    assert card["exception"]["reason"] == "一个湖"
    # The household in it is still in no grid; once that is accepted too, no blind spot stands.
    assert after["summary"]["blind_spots"] is True
    accept(planner, lost["id"])
    assert planner.get("/api/coverage").json()["summary"]["blind_spots"] is False
    officer = signed_in("party_officer").get("/api/coverage").json()["summary"]
    assert (officer["blind_spots"], officer["accepted"]) == (False, 2)


def test_an_expired_one_counts_again_and_is_renewed(service: Any, signed_in: Client) -> None:
    planner = signed_in("planner")
    before = planner.get("/api/coverage").json()["summary"]
    gap = only(planner, "C102")["id"]
    assert drawn_pale(service) == set()
    day = today(service)
    assert accept(planner, gap, until=str(day)).status_code == 200
    # Its last day is a day of it.
    assert planner.get("/api/coverage").json()["summary"]["errors"] == before["errors"] - 1
    assert register(planner)[gap]["state"] == "in_force"
    assert drawn_pale(service) == {gap}
    pass_days(service, 1)
    assert planner.get("/api/coverage").json()["summary"] == before
    assert register(planner)[gap]["state"] == "expired"
    assert set(register(planner, state="expired")) == {gap}
    assert planner.get(REGISTER).json()["counts"] == {"expired": 1}
    assert kept(planner) == []
    assert only(planner, "C102")["accepted"] is False
    assert drawn_pale(service) == set()
    renewed = accept(planner, gap, until=str(day + dt.timedelta(days=1)), reason="仍是湖").json()
    assert renewed["state"] == "in_force"
    assert [each["until"] for each in renewed["earlier"]] == [str(day - dt.timedelta(days=1))]
    assert planner.get("/api/coverage").json()["summary"]["errors"] == before["errors"] - 1


def test_it_is_changed_revoked_and_every_act_is_kept(service: Any, signed_in: Client) -> None:
    planner, administrator = signed_in("planner"), signed_in("administrator")
    gap = only(planner, "C102")["id"]
    accept(planner, gap)
    # The same again is no act.
    assert accept(planner, gap).json()["earlier"] == []
    later = str(today(service) + dt.timedelta(days=365))
    changed = accept(administrator, gap, reason="鱼塘", until=later).json()
    assert changed["decision"]["accepted_by"] == "administrator"
    assert [each["reason"] for each in changed["earlier"]] == ["一个湖"]
    assert changed["earlier"][0]["ended_by"] == "administrator"
    revoked = planner.delete(f"{REGISTER}/{gap}").json()
    assert revoked["state"] == "revoked"
    assert revoked["decision"]["ended_by"] == "planner"
    assert only(planner, "C102")["accepted"] is False
    again = planner.delete(f"{REGISTER}/{gap}")
    assert again.status_code == 409
    assert "撤销" in again.json()["detail_zh"]
    assert len(accept(planner, gap).json()["earlier"]) == 2
    with session_scope(service.engine) as session:
        rows = session.execute(
            select(audit_entry.c.account, audit_entry.c.action, audit_entry.c.reason,
                   audit_entry.c.detail)
            .where(audit_entry.c.target == f"finding {gap}")
            .order_by(audit_entry.c.id.desc()).limit(4)
        ).all()[::-1]  # fmt: skip
    assert [(row.account, row.action, row.reason) for row in rows] == [
        ("planner", "accepted an exception", "一个湖"),
        ("administrator", "changed an exception", "鱼塘"),
        ("planner", "revoked an exception", None),
        ("planner", "accepted an exception", "一个湖"),
    ]
    assert rows[1].detail == {"until": later, "before": {"reason": "一个湖", "until": None}}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"reason": "   "}, 422),
        ({"reason": "x" * 501}, 422),
        ({"reason": "a lake", "until": "tomorrow"}, 422),
        ({"reason": "a lake", "until": "2020-01-01"}, 422),
        ({"reason": "a lake", "by": "me"}, 422),
        ({"reason": "a lake\0"}, 422),
    ],
)
def test_what_makes_no_sense_is_refused(
    body: dict[str, Any], status: int, signed_in: Client
) -> None:
    planner = signed_in("planner")
    gap = only(planner, "C102")["id"]
    answer = planner.put(f"{REGISTER}/{gap}", json=body)
    assert answer.status_code == status
    assert answer.json()["detail_zh"]
    assert register(planner) == {}


def test_what_is_not_there_is_not_accepted(signed_in: Client) -> None:
    planner = signed_in("planner")
    assert accept(planner, "nosuch").status_code == 404
    assert planner.delete(f"{REGISTER}/nosuch").status_code == 404
    # There, and nobody has accepted it.
    assert planner.delete(f"{REGISTER}/{only(planner, 'C102')['id']}").status_code == 404


def test_decisions_at_the_same_moment_follow_on_each_other(service: Any) -> None:
    start = threading.Barrier(6)
    with service.client("planner") as client:
        gap = only(client, "C102")["id"]

        def decide(number: int) -> int:
            start.wait()
            return accept(client, gap, reason=f"reason {number}").status_code

        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(decide, range(6))) == [200] * 6
    with session_scope(service.engine) as session:
        held = accepted_finding.c
        rows = session.execute(select(held.accepted_at, held.revoked_at).order_by(held.id)).all()
    assert len(rows) == 6
    assert [row.revoked_at for row in rows[:-1]] == [row.accepted_at for row in rows[1:]]
    assert rows[-1].revoked_at is None


# --- a finding has its id for as long as it is the same -----------------------------------------


@pytest.fixture
def _grids_as_they_were(service: Any) -> Iterator[None]:
    with session_scope(service.engine) as session:
        before = session.execute(select(grid.c.code, grid.c.geom)).all()
    yield
    with session_scope(service.engine) as session:
        for code, geom in before:
            session.execute(update(grid).where(grid.c.code == code).values(geom=geom))
    run_check(service.engine, "operator")


def redraw(service: Any, code: str, shape: shapely.Geometry) -> None:
    with session_scope(service.engine) as session:
        session.execute(update(grid).where(grid.c.code == code).values(geom=wkt(shape)))
    run_check(service.engine, "operator")


@pytest.mark.usefixtures("_grids_as_they_were")
def test_an_exception_outlives_other_edits_and_ends_with_its_finding(
    service: Any, signed_in: Client
) -> None:
    planner = signed_in("planner")
    gap = only(planner, "C102")
    accept(planner, gap["id"])
    # Another village is redrawn: what is accepted stays so, whatever else is found.
    redraw(service, f"{OTHER}002", square(3, 2, 0.9, 1))
    assert only(planner, "C102", area=OWN)["accepted"] is True
    assert register(planner)[gap["id"]]["state"] == "in_force"
    # The gap itself becomes another: three times as wide, and longer.
    redraw(service, f"{OWN}004", square(1, 1, 0.4, 1))
    changed = only(planner, "C102", area=OWN)
    assert changed["id"] != gap["id"]
    assert changed["accepted"] is False
    entry = register(planner)[gap["id"]]
    assert entry["state"] == "gone"
    assert entry["message_zh"] == gap["message_zh"]
    assert entry["point"] == gap["point"]
    assert planner.get(f"/api/coverage/findings/{gap['id']}").status_code == 404
    assert [each["id"] for each in kept(planner)] == [gap["id"]]
    # It is put away by who may; taken back, it cannot be accepted again: there is nothing.
    assert planner.delete(f"{REGISTER}/{gap['id']}").json()["state"] == "revoked"
    assert accept(planner, gap["id"]).status_code == 404
