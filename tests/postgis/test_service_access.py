"""Every route says who may call it, and holds to it: by role, and by area."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import insert, select

from api.access import PUBLIC, Access, declared
from api.auth import ROLES
from api.db import session_scope
from api.exports import files
from api.imports import uploads
from api.settings import settings
from api.worklist.schemas import Assignment
from api.worklist.service import assign, county_day
from layers.tables import audit_entry, job
from layers.tiles import Scope

VILLAGES = ["990101001001", "990101001002", "990101002001", "990101002002"]
OWN, OTHER = VILLAGES[0], VILLAGES[3]
Client = Callable[[str], httpx.Client]

# The number of a job, and of an upload, that are there.
JOB = "2f6f3f0e-6c35-4c6f-9a5e-0f3a9f5c2b11"
# Stands for an export of whoever asks: each role has one of its own.
EXPORT = "00000000-0000-4000-8000-000000000000"
OWN_EXPORT = {role: f"{EXPORT[:-1]}{number}" for number, role in enumerate(ROLES, 1)}

# What each declared route is called with here; a new route must be added, or the tests below fail.
CALLS = {
    "GET /api/session": "/api/session",
    "DELETE /api/session": "/api/session",
    "GET /api/coverage": "/api/coverage",
    "GET /api/coverage/findings": "/api/coverage/findings",
    "GET /api/coverage/findings/{id}": "/api/coverage/findings/aaaaaaaaaaa1",
    "GET /api/coverage/findings/{id}/proposal": "/api/coverage/findings/aaaaaaaaaaa1/proposal",
    "POST /api/coverage/check": "/api/coverage/check",
    "GET /api/coverage/history": "/api/coverage/history",
    "GET /api/coverage/history/{check}": "/api/coverage/history/1",
    "GET /api/coverage/accepted": "/api/coverage/accepted",
    "GET /api/coverage/accepted/file.json": "/api/coverage/accepted/file.json",
    "POST /api/coverage/accepted": "/api/coverage/accepted",
    "POST /api/coverage/accepted/revocations": "/api/coverage/accepted/revocations",
    "PUT /api/coverage/accepted/{id}": "/api/coverage/accepted/aaaaaaaaaaa1",
    "DELETE /api/coverage/accepted/{id}": "/api/coverage/accepted/aaaaaaaaaaa1",
    "GET /api/rules": "/api/rules",
    "PUT /api/rules": "/api/rules",
    "GET /api/worklist": "/api/worklist",
    "POST /api/worklist": "/api/worklist",
    "GET /api/worklist/counts": "/api/worklist/counts",
    "GET /api/worklist/places": "/api/worklist/places",
    "GET /api/worklist/choices": "/api/worklist/choices?finding=aaaaaaaaaaa1",
    "GET /api/worklist.xlsx": "/api/worklist.xlsx",
    "GET /api/worklist/pages/{code}.pdf": f"/api/worklist/pages/{OWN}.pdf",
    "GET /api/worklist/{id}": "/api/worklist/1",
    "GET /api/worklist/{id}/log": "/api/worklist/1/log",
    "PUT /api/worklist/{id}/due": "/api/worklist/1/due",
    "POST /api/worklist/{id}/fixed": "/api/worklist/1/fixed",
    "GET /api/jobs": "/api/jobs",
    "GET /api/jobs/{id}": f"/api/jobs/{JOB}",
    "POST /api/jobs/{id}/cancel": f"/api/jobs/{JOB}/cancel",
    "POST /api/uploads": "/api/uploads",
    "PUT /api/uploads/{upload}/{name}": f"/api/uploads/{JOB}/a.csv",
    "GET /api/uploads/{upload}/outline.json": f"/api/uploads/{JOB}/outline.json",
    "GET /api/uploads/{upload}/rejects.csv": f"/api/uploads/{JOB}/rejects.csv",
    "GET /api/imports/kinds": "/api/imports/kinds",
    "GET /api/imports/templates/{kind}.xlsx": "/api/imports/templates/households.xlsx",
    "GET /api/imports": "/api/imports",
    "POST /api/imports": "/api/imports",
    "POST /api/imports/{id}/undo": "/api/imports/1/undo",
    "GET /api/exports/choices": "/api/exports/choices",
    "GET /api/exports": "/api/exports",
    "POST /api/exports": "/api/exports",
    "GET /api/exports/{job}": f"/api/exports/{EXPORT}",
    "POST /api/exports/{job}/cancel": f"/api/exports/{EXPORT}/cancel",
    "GET /api/exports/{job}/file": f"/api/exports/{EXPORT}/file",
    "GET /api/households/unlocated": "/api/households/unlocated",
    "GET /api/households/unlocated/{code}": f"/api/households/unlocated/{OWN}",
    "POST /api/households/locations": "/api/households/locations",
    "DELETE /api/households/locations/{import}": "/api/households/locations/1",
    "GET /api/areas": "/api/areas",
    "GET /api/areas/{code}": f"/api/areas/{OWN}",
    "GET /api/grids/{code}": f"/api/grids/{OWN}001",
    "GET /maps/{name}/{code}.{form}": f"/maps/coverage/{OWN}001.png",
    "GET /api/search": "/api/search?q=村",
    "GET /api/members": "/api/members",
    "GET /api/members/{code}": f"/api/members/{OWN}",
    "GET /api/members/{code}/households/{household}": f"/api/members/{OWN}/households/{OWN}-0000",
    "GET /api/locate": "/api/locate?lon=115.21&lat=33.51",
    "POST /api/people/{person}/reveal": "/api/people/p1/reveal",
    "GET /api/incidents": "/api/incidents",
    "GET /api/incidents/{code}": "/api/incidents/I0000",
    "GET /api/statistics/incidents": "/api/statistics/incidents",
    "GET /tiles/heat/{z}/{x}/{y}.png": "/tiles/heat/10/839/410.png",
    "GET /tiles/heat/{z}/{x}/{y}.mvt": "/tiles/heat/10/839/410.mvt",
    "GET /tiles/heat.json": "/tiles/heat.json",
    "GET /tiles/incidents/{z}/{x}/{y}.mvt": "/tiles/incidents/10/839/410.mvt",
    "GET /tiles/incidents/{z}/{x}/{y}.png": "/tiles/incidents/10/839/410.png",
    "GET /tiles/incidents.json": "/tiles/incidents.json",
    "GET /legends/heat.json": "/legends/heat.json",
    "GET /legends/heat.svg": "/legends/heat.svg",
    "GET /legends/heat.png": "/legends/heat.png",
    "GET /legends/incidents.json": "/legends/incidents.json",
    "GET /legends/incidents.svg": "/legends/incidents.svg",
    "GET /legends/incidents.png": "/legends/incidents.png",
    "GET /styles/incidents.json": "/styles/incidents.json",
    "GET /tiles/{layer}/{z}/{x}/{y}.mvt": "/tiles/grids/10/839/410.mvt",
    "GET /tiles/{layer}/{z}/{x}/{y}.png": "/tiles/grids/10/839/410.png",
    "GET /tiles/{layer}.json": "/tiles/grids.json",
    "GET /styles/{name}.json": "/styles/coverage.json",
    "GET /sketches/coverage.svg": "/sketches/coverage.svg",
    "GET /legends/{layer}.json": "/legends/findings.json",
    "GET /legends/{layer}.svg": "/legends/findings.svg",
    "GET /legends/{layer}.png": "/legends/findings.png",
}
OPEN = {
    "HEAD /{path:path}",
    "POST /api/session",
    "GET /health",
    "GET /ready",
    "GET /metrics",
    "GET /openapi.json",
    "GET /docs/rules",
    "GET /docs/rules/{code}",
    "GET /docs/proof",
    "GET /{path:path}",
}


@pytest.fixture(scope="module", autouse=True)
def _something_to_ask_for(service: Any) -> None:
    with session_scope(service.engine) as session:
        session.execute(insert(job).values(id=JOB, kind="check", state="done", created_by="x"))
    folder = settings().data_dir / "uploads" / UUID(JOB).hex
    folder.mkdir(parents=True)
    for name in (uploads.OUTLINE, uploads.REJECTS):
        (folder / name).write_text("{}")
    with session_scope(service.engine) as session:
        # The first task there is, so its number is 1; on the grid worker's own grid.
        task = Assignment(findings=["aaaaaaaaaaa5"], to="village", due=county_day())
        assign(session, Scope(individual=True), task, "planner")
    area = {"party_officer": OWN, "grid_worker": f"{OWN}001"}
    with session_scope(service.engine) as session:
        for role, number in OWN_EXPORT.items():
            params = {"export": number, "format": "csv", "name": "网格.csv", "kind": "grids",
                      "area": area.get(role), "individual": False}  # fmt: skip
            name = service.passwords[role][0]
            row = {"id": number, "kind": "export", "state": "done", "created_by": name}
            session.execute(insert(job).values(**row, params=params))
            files.place_for(number, "csv").write_text("code")


def routes(holder: Any) -> Iterator[Any]:
    """Every route, also those of included routers and mounted applications."""
    for route in holder.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner)
        else:
            yield route


def names(app: FastAPI) -> dict[str, Any]:
    return {
        f"{method} {route.path}": route
        for route in routes(app)
        for method in (getattr(route, "methods", None) or {"MOUNT"})
    }


def test_every_route_declares_its_access(service: Any) -> None:
    silent = [name for name, route in names(service.app).items() if len(declared(route)) != 1]
    assert silent == []


def test_every_route_is_known_to_these_tests(service: Any) -> None:
    found = names(service.app)
    assert set(found) == set(CALLS) | OPEN
    assert {name for name, route in found.items() if declared(route) == [PUBLIC]} == OPEN
    assert all(isinstance(route, APIRoute) for route in found.values())


@pytest.mark.parametrize("name", CALLS)
def test_without_a_session_nothing_is_told(name: str, signed_in: Client) -> None:
    method, _ = name.split(" ", 1)
    answer = signed_in("").request(method, CALLS[name])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"]
    assert answer.json()["status"] == 401


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", [name for name in CALLS if name.startswith("GET")])
def test_a_role_gets_what_the_route_declares(
    name: str, role: str, service: Any, signed_in: Client
) -> None:
    (access,) = declared(names(service.app)[name])
    assert isinstance(access, Access)
    allowed = role in access.roles
    path = CALLS[name].replace(EXPORT, OWN_EXPORT[role])
    if role == "grid_worker" and name == "GET /api/areas/{code}":
        allowed = False  # his area is a grid, and the village is wider
    if role == "grid_worker" and name == "GET /api/worklist/pages/{code}.pdf":
        path = path.replace(OWN, f"{OWN}001")
    if role == "grid_worker" and name.startswith("GET /api/members/{code}"):
        path = path.replace(f"members/{OWN}", f"members/{OWN}001")
    if role == "grid_worker" and name == "GET /api/coverage/findings/{id}":
        path = path.replace("aaaaaaaaaaa1", "aaaaaaaaaaa5")  # one on his own grid
    answer = signed_in(role).request(name.split(" ")[0], path)
    assert answer.status_code == (200 if allowed else 403), answer.text


def test_only_planners_of_the_county_check_it(signed_in: Client) -> None:
    for role in ("leader", "party_officer", "grid_worker", "auditor"):
        for path in ("/api/coverage/check", f"/api/jobs/{JOB}/cancel", "/api/uploads",
                     "/api/imports/1/undo"):  # fmt: skip
            assert signed_in(role).post(path).status_code == 403, (role, path)
        body = {"upload": JOB, "kind": "households"}
        assert signed_in(role).post("/api/imports", json=body).status_code == 403
        put = signed_in(role).put(f"/api/uploads/{JOB}/a.csv", content=b"code")
        assert put.status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/api/areas/{OWN}", 200),
        (f"/api/areas/{OTHER}", 403),
        (f"/api/areas/{OWN[:9]}", 403),
        (f"/api/grids/{OWN}002", 200),
        (f"/api/households/unlocated/{OWN}", 200),
        (f"/api/households/unlocated/{OTHER}", 403),
        (f"/api/grids/{OTHER}001", 403),
        ("/api/coverage/findings/aaaaaaaaaaa1", 200),
        ("/api/coverage/findings/aaaaaaaaaaa2", 404),
    ],
)
def test_an_officer_sees_his_village_only(path: str, status: int, signed_in: Client) -> None:
    assert signed_in("party_officer").get(path).status_code == status
    # A leader of the whole county works with counts: single households are not for him.
    everywhere = "planner" if "unlocated" in path else "leader"
    assert signed_in(everywhere).get(path).status_code == 200


def test_an_officers_lists_hold_his_village_only(signed_in: Client) -> None:
    officer, leader = signed_in("party_officer"), signed_in("leader")

    def areas(client: httpx.Client) -> list[str]:
        return [area["code"] for area in client.get("/api/areas").json()["areas"]]

    def found(client: httpx.Client) -> list[str]:
        return [each["id"] for each in client.get("/api/coverage/findings").json()["findings"]]

    def hits(client: httpx.Client) -> list[str]:
        return [hit["code"] for hit in client.get("/api/search?q=押岭").json()["hits"]]

    assert areas(officer) == [OWN]
    assert len(areas(leader)) == 7
    assert found(officer) == ["aaaaaaaaaaa1", "aaaaaaaaaaa3", "aaaaaaaaaaa5"]
    assert len(found(leader)) == 5
    assert hits(officer) == [OWN]
    assert hits(leader) == [OWN, OTHER]
    # Asking for the other village by name does not open it either.
    other = officer.get(f"/api/coverage/findings?area={OTHER}").json()
    assert other["numberMatched"] == 0
    assert leader.get(f"/api/coverage/findings?area={OTHER}").json()["numberMatched"] == 2


def test_an_officers_verdict_is_of_his_village(signed_in: Client) -> None:
    own = signed_in("party_officer").get("/api/coverage").json()
    whole = signed_in("leader").get("/api/coverage").json()
    assert own["area"] == OWN
    assert own["summary"]["grids"] == 4
    assert own["summary"]["households"] == 120
    assert own["summary"]["errors"] == 2
    assert own["summary"]["uncovered_km2"] == pytest.approx(0.4)
    assert own["summary"]["overlap_km2"] == 0
    assert own["summary"]["households_unlocated"] == 1
    assert [town["code"] for town in own["by_town"]] == [OWN[:9]]
    assert {rule["rule"] for rule in own["by_rule"]} == {"C101", "G005", "H201"}
    assert whole["area"] is None
    assert whole["summary"]["grids"] == 16
    assert whole["summary"]["errors"] == 3
    assert [town["errors"] for town in whole["by_town"]] == [2, 1]


def test_a_grid_worker_sees_his_grid_only(signed_in: Client) -> None:
    worker = signed_in("grid_worker")
    assert worker.get(f"/api/grids/{OWN}001").status_code == 200
    assert worker.get(f"/api/grids/{OWN}002").status_code == 403
    assert worker.get("/api/coverage/findings").json()["numberMatched"] == 1
    legend = worker.get("/legends/grids.json").json()
    assert legend["n"] == 1


def test_a_number_is_shown_for_a_reason_that_is_kept(service: Any, signed_in: Client) -> None:
    path, why = "/api/people/p1/reveal", {"reason": "his wife is ill"}
    for role in ("administrator", "party_officer", "grid_worker"):
        answer = signed_in(role).post(path, json=why)
        assert answer.json() == {"code": "p1", "name": "王小明", "phone": "13812345678"}
    for role in ("planner", "leader", "auditor"):
        assert signed_in(role).post(path, json=why).status_code == 403
    officer = signed_in("party_officer")
    assert officer.post(path, json={"reason": ""}).status_code == 422
    assert officer.post("/api/people/p3/reveal", json=why).status_code == 404
    assert signed_in("administrator").post("/api/people/p3/reveal", json=why).status_code == 200
    with session_scope(service.engine) as session:
        rows = session.execute(
            select(audit_entry.c.account, audit_entry.c.target, audit_entry.c.reason)
            .where(audit_entry.c.action == "revealed")
            .order_by(audit_entry.c.id)
        ).all()
    names = ["administrator", "party-officer", "grid-worker"]
    assert rows == [
        *((name, "person p1", "his wife is ill") for name in names),
        ("administrator", "person p3", "his wife is ill"),
    ]


def test_a_phone_is_masked_for_everyone(signed_in: Client) -> None:
    for role in ("administrator", "party_officer", "auditor"):
        people = signed_in(role).get(f"/api/grids/{OWN}001").json()["officials"]
        assert [each["name"] for each in people] == ["李大山", "王小明"]
        assert [each["phone"] for each in people] == [None, "138******78"]


def test_a_single_household_is_blurred_for_who_gets_counts_only(signed_in: Client) -> None:
    exact = signed_in("planner").get("/api/coverage/findings/aaaaaaaaaaa3").json()
    coarse = signed_in("leader").get("/api/coverage/findings/aaaaaaaaaaa3").json()
    gap = signed_in("leader").get("/api/coverage/findings/aaaaaaaaaaa1").json()
    assert exact["geometry"]["coordinates"] == exact["point"]
    assert coarse["point"] != exact["point"]
    assert coarse["geometry"]["coordinates"] == pytest.approx(coarse["point"])
    assert coarse["point"] == pytest.approx(exact["point"], abs=0.005)
    assert gap["geometry"]["type"] == "MultiPolygon"
