"""Households without a place: who sees which, what is proposed, what is kept and what refused."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from api.db import session_scope
from api.imports.service import IMPORT_LOCK
from layers.tables import audit_entry, household

Client = Callable[[str], httpx.Client]
VILLAGES = ["990101001001", "990101001002", "990101002001", "990101002002"]
OWN, OTHER = VILLAGES[0], VILLAGES[3]
# In the tiny county the eighth household of each village is on the list without a place; the
# village of its own account lies here.
INSIDE, OUTSIDE = (115.21, 33.51), (115.25, 33.53)


def post(client: httpx.Client, *places: tuple[str, tuple[float, float]]) -> httpx.Response:
    body = [{"code": code, "lon": lon, "lat": lat} for code, (lon, lat) in places]
    return client.post("/api/households/locations", json={"places": body})


def spot(service: Any, code: str) -> tuple[float, float] | None:
    geom = household.c.geom
    with session_scope(service.engine) as session:
        x, y = session.execute(
            select(func.ST_X(geom), func.ST_Y(geom)).where(household.c.code == code)
        ).one()
    return None if x is None else (x, y)


def test_each_sees_what_is_missing_in_his_area(signed_in: Client) -> None:
    whole = signed_in("planner").get("/api/households/unlocated").json()
    assert (whole["n"], [each["code"] for each in whole["villages"]]) == (4, VILLAGES)
    assert whole["villages"][0]["town_name"] == "柳河1镇"
    own = signed_in("party_officer").get("/api/households/unlocated").json()
    assert [each["code"] for each in own["villages"]] == [OWN]


def test_a_place_is_proposed_by_the_address(signed_in: Client) -> None:
    (home,) = signed_in("planner").get(f"/api/households/unlocated/{OWN}").json()["households"]
    assert (home["code"], home["address"]) == (f"{OWN}-0007", "7号")
    assert home["proposal"]["how"] == "between"
    assert home["proposal"]["basis"] == "5号、9号"
    assert home["proposal"]["spread_m"] > 0


@pytest.mark.parametrize(
    ("role", "code", "at", "status"),
    [
        ("party_officer", f"{OTHER}-0007", (115.25, 33.55), 409),
        ("planner", f"{OWN}-0001", INSIDE, 409),
        ("planner", "nobody", INSIDE, 409),
        ("planner", f"{OWN}-0007", OUTSIDE, 400),
        ("planner", f"{OWN}-0007", (200.0, 33.5), 422),
        ("leader", f"{OWN}-0007", INSIDE, 403),
        ("grid_worker", f"{OWN}-0007", INSIDE, 403),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(
    role: str, code: str, at: tuple[float, float], status: int, service: Any, signed_in: Client
) -> None:
    good = (f"{VILLAGES[1]}-0007", (115.25, 33.51))
    places = [good, (code, at)] if role == "planner" else [(code, at)]
    answer = post(signed_in(role), *places)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail_zh"]
    assert spot(service, good[0]) is None
    assert spot(service, f"{OWN}-0007") is None


def test_an_import_under_way_is_waited_for(service: Any, signed_in: Client) -> None:
    with service.engine.connect() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(IMPORT_LOCK)))
        assert post(signed_in("planner"), (f"{OWN}-0007", INSIDE)).status_code == 409


def test_an_officer_places_his_households_and_it_can_be_undone(
    service: Any, signed_in: Client
) -> None:
    planner, officer = signed_in("planner"), signed_in("party_officer")
    answer = post(officer, (f"{OWN}-0007", INSIDE))
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert done["located"] == 1
    assert spot(service, f"{OWN}-0007") == INSIDE
    assert officer.get("/api/households/unlocated").json()["n"] == 0
    newest = planner.get("/api/imports").json()["imports"][0]
    assert (newest["id"], newest["created_by"]) == (done["import"], "party-officer")
    with session_scope(service.engine) as session:
        lines = session.scalars(
            select(audit_entry.c.target).where(audit_entry.c.action == "located households")
        ).all()
    assert lines == [f"import {done['import']}"]
    undone = service.finished(planner, planner.post(f"/api/imports/{done['import']}/undo"))
    assert undone["state"] == "done", undone["error"]
    assert spot(service, f"{OWN}-0007") is None


def test_a_placing_is_taken_back_by_who_made_it_or_a_planner(
    service: Any, signed_in: Client
) -> None:
    planner, officer = signed_in("planner"), signed_in("party_officer")

    def placed_by(client: httpx.Client) -> str:
        done = post(client, (f"{OWN}-0007", INSIDE)).json()
        assert spot(service, f"{OWN}-0007") == INSIDE
        return f"/api/households/locations/{done['import']}"

    own = placed_by(officer)
    answer = officer.delete(own)
    assert (answer.status_code, answer.json()["located"]) == (200, 1)
    assert spot(service, f"{OWN}-0007") is None
    assert officer.delete(own).status_code == 409
    # The undoing itself is no placing.
    number = answer.json()["import"]
    assert planner.delete(f"/api/households/locations/{number}").status_code == 404
    anothers = placed_by(planner)
    assert officer.delete(anothers).status_code == 404
    assert signed_in("leader").delete(anothers).status_code == 403
    assert spot(service, f"{OWN}-0007") == INSIDE
    assert planner.delete(anothers).status_code == 200
    assert planner.delete(placed_by(officer)).status_code == 200
    assert spot(service, f"{OWN}-0007") is None


def test_an_import_is_no_placing(service: Any, signed_in: Client) -> None:
    planner = signed_in("planner")
    number = planner.post("/api/uploads").json()["upload"]
    head = "住户编码,住址,村（社区）编码"
    planner.put(f"/api/uploads/{number}/a.csv", content=f"{head}\nN9,九号,{OWN}\n".encode())
    body = {"upload": number, "kind": "households"}
    done = service.finished(planner, planner.post("/api/imports", json=body))["result"]
    assert done["state"] == "imported", done
    assert planner.delete(f"/api/households/locations/{done['import']}").status_code == 404
    service.finished(planner, planner.post(f"/api/imports/{done['import']}/undo"))
