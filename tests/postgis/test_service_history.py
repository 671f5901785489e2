"""The coverage over time: what each check found, what came with it and what went."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx
import pytest
import shapely
from sqlalchemy import func, insert, select, update

from api.coverage.service import run_check
from api.db import session_scope
from layers.tables import coverage_check, finding, grid, household, party_member
from tests.postgis.conftest import OTHER, OWN, square, wkt

Client = Callable[[str], httpx.Client]
HISTORY = "/api/coverage/history"


def redrawn(service: Any, code: str, shape: shapely.Geometry) -> int:
    with session_scope(service.engine) as session:
        session.execute(update(grid).where(grid.c.code == code).values(geom=wkt(shape)))
    return run_check(service.engine, "operator")


@pytest.fixture(scope="module")
def checks(service: Any, signed_in: Client) -> list[int]:
    """Five checks: as it is; an overlap elsewhere; the gap accepted; both mended; a wider gap."""
    planner = signed_in("planner")
    made = [run_check(service.engine, "operator")]
    made.append(redrawn(service, f"{OTHER}001", square(2, 2, 1.1, 1)))
    (gap,) = planner.get("/api/coverage/findings?rule=C102").json()["findings"]
    address = f"/api/coverage/accepted/{gap['id']}"
    assert planner.put(address, json={"reason": "一个湖"}).status_code == 200
    done = service.finished(planner, planner.post("/api/coverage/check"))
    made.append(done["result"]["check"])
    # Taken back before the next check: the verdict's last word on the third counts it.
    with session_scope(service.engine) as session:
        session.execute(update(grid).where(grid.c.code == f"{OTHER}001").values(
            geom=wkt(square(2, 2))))  # fmt: skip
    made.append(redrawn(service, f"{OWN}004", square(1, 1)))
    assert planner.delete(address).status_code == 200
    made.append(redrawn(service, f"{OWN}004", square(1, 1, 0.5, 1)))
    return made


def history(client: httpx.Client, **query: Any) -> dict[int, dict[str, Any]]:
    answer = client.get(HISTORY, params=query).json()
    assert answer["numberReturned"] == len(answer["checks"])
    ids = [each["id"] for each in answer["checks"]]
    assert ids == sorted(ids, reverse=True)
    return {each["id"]: each for each in answer["checks"]}


def test_each_check_tells_what_stood_when_it_was_the_latest(
    checks: list[int], signed_in: Client
) -> None:
    planner = signed_in("planner")
    told = history(planner)
    first, second, third, fourth, fifth = (told[each] for each in checks)
    verdict = planner.get("/api/coverage").json()["summary"]
    for key in ("errors", "warnings", "accepted", "by_rule", "uncovered_km2",
                "households_uncovered"):  # fmt: skip
        assert fifth[key] == verdict[key], key
    assert (first["by_rule"]["C102"], "C103" in first["by_rule"]) == (1, False)
    # While the second was the latest the gap was accepted: that is how it was left.
    assert ("C102" in second["by_rule"], second["by_rule"]["C103"]) == (False, 1)
    assert (second["accepted"], third["accepted"], fourth["accepted"]) == (1, 1, 0)
    assert second["errors"] == third["errors"] < first["errors"] + second["by_rule"]["C103"] + 1
    assert first["uncovered_km2"] == third["uncovered_km2"] > fourth["uncovered_km2"] == 0
    assert fifth["uncovered_km2"] > first["uncovered_km2"]
    assert (first["households_uncovered"], fourth["households_uncovered"]) == (1, 0)
    assert (third["by"], fourth["by"]) == ("planner", "operator")
    assert third["rules_off"] == []
    assert third["version"]["id"] == verdict_version(planner)
    # Nothing is compared with what came before the first.
    # The overlap and its households; the border it lies over is no longer one to be matched.
    assert (second["new"], second["gone"]) == (2, 1)
    assert (third["new"], third["gone"]) == (0, 0)
    assert fourth["gone"] >= 3


def verdict_version(client: httpx.Client) -> int:
    return int(client.get("/api/coverage").json()["version"]["id"])


def test_it_equals_what_is_counted_by_hand(
    service: Any, checks: list[int], signed_in: Client
) -> None:
    with session_scope(service.engine) as session:
        columns = (finding.c.check_id, finding.c.id, finding.c.area_code, finding.c.grids)
        rows = session.execute(select(*columns)).all()
        every = list(session.scalars(select(coverage_check.c.id).order_by(coverage_check.c.id)))
    for role, prefix in (("planner", ""), ("party_officer", OWN)):
        held = {
            check: {
                row.id for row in rows
                if row.check_id == check
                and any(code.startswith(prefix) for code in [row.area_code or "", *row.grids])
            }
            for check in every
        }  # fmt: skip
        whole = {check: {row.id for row in rows if row.check_id == check} for check in every}
        told = history(signed_in(role))
        assert list(told) == every[::-1]
        for before, after in pairwise(every):
            changed = signed_in(role).get(f"{HISTORY}/{after}", params={"limit": 1000}).json()
            came, went = held[after] - whole[before], held[before] - whole[after]
            assert {each["id"] for each in changed["new"]} == came
            assert {each["id"] for each in changed["gone"]} == went
            assert (changed["new_count"], changed["gone_count"]) == (len(came), len(went))
            assert (told[after]["new"], told[after]["gone"]) == (len(came), len(went))
            assert {each["id"] for each in changed["new"] if each["stands"]} == (
                came & whole[every[-1]]
            )
        standing = {check: len(ids) for check, ids in held.items()}
        assert {check: sum(each["by_rule"].values()) + each["accepted"] for check, each in
                told.items()} == standing  # fmt: skip


def test_a_reader_has_the_history_of_his_area(checks: list[int], signed_in: Client) -> None:
    officer, leader = signed_in("party_officer"), signed_in("leader")
    assert officer.get(HISTORY).json()["area"] == OWN
    own, whole = history(officer), history(leader)
    second = checks[1]
    assert "C103" in whole[second]["by_rule"]
    assert "C103" not in own[second]["by_rule"]
    assert (own[second]["new"], whole[second]["new"]) == (0, 2)
    assert own[second]["uncovered_km2"] == pytest.approx(whole[second]["uncovered_km2"], rel=1e-3)
    changed = officer.get(f"{HISTORY}/{second}").json()
    assert (changed["new"], changed["gone"]) == ([], [])
    overlap = leader.get(f"{HISTORY}/{second}").json()["new"][0]
    assert (overlap["rule"], overlap["stands"]) == ("C103", False)
    assert overlap["message_zh"]
    assert overlap["area"]["code"] == OTHER


def test_what_a_reader_is_not_told_of_is_in_no_history(service: Any, signed_in: Client) -> None:
    with session_scope(service.engine) as session:
        session.execute(update(household).where(household.c.code == f"{OTHER}-0009").values(
            need_tags=["独居老人"]))  # fmt: skip
        member = {"code": "M1", "person_code": "p1", "household_code": f"{OWN}-0000"}
        session.execute(insert(party_member).values(**member))
    check = run_check(service.engine, "operator")
    told = {role: history(signed_in(role))[check] for role in ("administrator", "planner")}
    assert told["administrator"]["by_rule"]["P402"] == 1
    assert "P402" not in told["planner"]["by_rule"]
    assert told["administrator"]["new"] > told["planner"]["new"]
    rules = {each["rule"] for each in signed_in("planner").get(f"{HISTORY}/{check}").json()["new"]}
    assert "P402" not in rules


def test_a_household_is_blurred_there_too(checks: list[int], signed_in: Client) -> None:
    def lost(role: str) -> Any:
        answer = signed_in(role).get(f"{HISTORY}/{checks[3]}").json()
        return next(each["point"] for each in answer["gone"] if each["rule"] == "H201")

    assert lost("leader") != lost("planner")
    assert lost("leader") == pytest.approx(lost("planner"), abs=0.005)


def test_it_comes_in_pages_and_ends(checks: list[int], signed_in: Client) -> None:
    planner = signed_in("planner")
    whole = history(planner)
    assert list(history(planner, limit=2, offset=1)) == list(whole)[1:3]
    # A page's oldest check is still compared with the one before it.
    assert history(planner, limit=1)[max(whole)] == whole[max(whole)]
    oldest = min(whole)
    assert (whole[oldest]["new"], whole[oldest]["gone"]) == (None, None)
    first = planner.get(f"{HISTORY}/{oldest}").json()
    assert (first["before"], first["new"], first["new_count"]) == (None, [], 0)
    assert planner.get(f"{HISTORY}/999999").status_code == 404
    assert planner.get(f"{HISTORY}/0").status_code == 422
    assert planner.get(HISTORY, params={"limit": 0}).status_code == 422
    short = planner.get(f"{HISTORY}/{checks[3]}", params={"limit": 1}).json()
    assert len(short["gone"]) == 1
    assert short["gone_count"] > 1


def test_only_the_latest_check_keeps_the_shapes(service: Any, checks: list[int]) -> None:
    last = run_check(service.engine, "operator")
    dimension = func.max(func.ST_Dimension(finding.c.geom))
    with session_scope(service.engine) as session:
        rows = session.execute(
            select(finding.c.check_id, dimension, func.count()).group_by(finding.c.check_id)
        ).all()
        away = session.scalar(
            select(func.count()).where(func.ST_Distance(finding.c.geom, finding.c.point) > 0)
        )
    shaped = {row.check_id: row[1] for row in rows}
    assert shaped.pop(last) == 2
    assert set(shaped.values()) == {0}
    assert set(checks) <= set(shaped)
    # Each point is the finding's own: within what was its shape.
    assert away == 0
