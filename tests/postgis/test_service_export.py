"""Exports over HTTP: asked for, watched, fetched; each role within its rights, and not beyond."""

import csv
import io
import stat
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import geopandas as gpd
import httpx
import pytest
from sqlalchemy import delete, insert, select, update

from api.auth import ROLES, SENSITIVE
from api.db import session_scope
from api.exports import files
from api.exports.schemas import FORMATS
from api.jobs.kinds import do_export
from api.settings import settings
from layers.tables import account, audit_entry, job
from layers.transfer.kinds import KINDS
from layers.transfer.writing import WRITERS

Client = Callable[[str], httpx.Client]
COUNTY = "990101"
OWN, OTHER = "990101001001", "990101002002"
GRID = f"{OWN}001"
REASON = "核对住户名单"


def ask(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/api/exports", json={"kind": "grids", "format": "csv", **body})


def finished(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    end = time.monotonic() + 60
    while told["state"] in ("queued", "running"):
        assert time.monotonic() < end, told
        time.sleep(0.05)
        told = client.get(f"/api/exports/{told['id']}").json()
    return told


def fetched(client: httpx.Client, **body: Any) -> tuple[dict[str, Any], httpx.Response]:
    done = finished(client, ask(client, **body))
    assert (done["state"], done["ready"]) == ("done", True), done
    answer = client.get(f"/api/exports/{done['id']}/file")
    assert answer.status_code == 200, answer.text
    return done, answer


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def lines(service: Any, username: str) -> list[tuple[str, str, str | None, dict[str, Any]]]:
    entry = audit_entry.c
    found = select(entry.action, entry.target, entry.reason, entry.detail)
    own = entry.account == username, entry.action.in_(("exported", "asked for an export"))
    with session_scope(service.engine) as session:
        return [tuple(row) for row in session.execute(found.where(*own).order_by(entry.id))]  # type: ignore[misc]


# -- the whole way -------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", FORMATS)
def test_asked_for_watched_and_fetched(ending: str, signed_in: Client) -> None:
    planner = signed_in("planner")
    done, answer = fetched(planner, format=ending)
    assert done["result"]["counts"] == {"rows": 16, "located": 16, "unlocated": 0}
    assert (done["kind"], done["progress"], done["params"]["area"]) == ("export", 1.0, None)
    assert done["result"]["bytes"] == len(answer.content)
    sent = answer.headers["content-disposition"]
    assert sent.startswith("attachment;")
    assert unquote(sent.partition("utf-8''")[2]) == f"网格.{ending}" == done["result"]["file"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-type"] == files.MEDIA_TYPES[ending]
    newest = planner.get("/api/exports").json()["exports"][0]
    assert newest == done


def test_every_format_that_is_written_can_be_asked_for() -> None:
    assert {f".{ending}" for ending in FORMATS} == set(WRITERS)
    assert set(files.MEDIA_TYPES) == set(FORMATS)


def test_another_reader_reads_what_was_fetched(
    signed_in: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("fetched") / "x.gpkg"
    body = {"kind": "grids", "format": "gpkg", "area": OWN, "crs": "EPSG:4547", "lang": "en"}
    done, answer = fetched(signed_in("planner"), **body)
    assert done["result"]["file"] == "Grids-Yaling-EPSG 4547.gpkg"
    path.write_bytes(answer.content)
    frame = gpd.read_file(path)
    assert (len(frame), frame.crs.to_epsg()) == (4, 4547)
    assert list(frame["Code"]) == [f"{OWN}{part:03}" for part in (1, 2, 3, 4)]


def test_a_file_is_open_to_this_account_alone_and_gone_after_a_day(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = signed_in("planner")
    done, _ = fetched(planner)
    folder = settings().data_dir / "exports" / UUID(done["params"]["export"]).hex
    (held,) = folder.iterdir()
    assert stat.S_IMODE(held.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    files.purge()
    assert held.exists()
    monkeypatch.setattr(files, "KEPT_S", -1)
    files.purge()
    assert not folder.exists()
    told = planner.get(f"/api/exports/{done['id']}").json()
    assert (told["state"], told["ready"]) == ("done", False)
    gone = planner.get(f"/api/exports/{done['id']}/file")
    assert gone.status_code == 404
    assert "重新导出" in gone.json()["detail_zh"]


def test_a_version_and_a_datum_are_in_the_name(signed_in: Client) -> None:
    planner = signed_in("planner")
    version = planner.get("/api/exports/choices").json()["versions"][0]["id"]
    body = {"kind": "households", "area": OWN, "crs": "gcj02", "version": version}
    done, answer = fetched(planner, **body)
    assert done["result"]["file"] == f"住户-押岭村-第{version}版-GCJ-02.csv"
    assert rows_of(answer)[0]["坐标系"] == "GCJ-02"
    assert any("GCJ-02" in note["message_zh"] for note in done["result"]["notes"])


def test_what_cannot_be_written_says_why_in_both_languages(signed_in: Client) -> None:
    failed = finished(signed_in("planner"), ask(signed_in("planner"), format="kml", crs="BD-09"))
    assert (failed["state"], failed["ready"]) == ("failed", False)
    assert "WGS 84" in failed["error"]
    assert "请改用 WGS 84" in failed["error_zh"]
    assert signed_in("planner").get(f"/api/exports/{failed['id']}/file").status_code == 404


# -- called off, begun again ---------------------------------------------------------------------


@pytest.fixture
def waiting(service: Any) -> Iterator[str]:
    """An export of the planner's that nobody has begun."""
    number = "5f6f3f0e-6c35-4c6f-9a5e-0f3a9f5c2b11"
    params = {"export": number, "format": "csv", "name": "x.csv", "kind": "grids"}
    row = {"id": number, "kind": "export", "state": "queued", "created_by": "planner"}
    with session_scope(service.engine) as session:
        session.execute(insert(job).values(**row, params=params))
    yield number
    with session_scope(service.engine) as session:
        session.execute(delete(job).where(job.c.id == number))


def test_one_at_a_time_and_it_can_be_called_off(waiting: str, signed_in: Client) -> None:
    planner = signed_in("planner")
    second = ask(planner)
    assert second.status_code == 409
    assert "取消" in second.json()["detail_zh"]
    assert planner.post(f"/api/exports/{waiting}/cancel").json()["state"] == "cancelled"
    assert planner.get(f"/api/exports/{waiting}/file").status_code == 404
    assert finished(planner, ask(planner))["state"] == "done"


def test_another_account_may_ask_meanwhile(waiting: str, signed_in: Client) -> None:
    assert finished(signed_in("leader"), ask(signed_in("leader")))["state"] == "done"


class CalledOffError(Exception):
    pass


def test_called_off_while_it_is_written_nothing_is_left_and_it_can_be_begun_again(
    service: Any,
) -> None:
    number = files.create()
    params = {"export": str(number), "format": "gpkg", "name": "x.gpkg", "kind": "households"}

    def call_off(_share: float, step: str) -> None:
        if step == "writing":
            raise CalledOffError

    with pytest.raises(CalledOffError):
        do_export(service.engine, params, "planner", call_off, lambda *_: None)
    folder = settings().data_dir / "exports" / number.hex
    assert list(folder.iterdir()) == []
    # A worker that died is followed by another, which may find the folder gone.
    folder.rmdir()
    done = do_export(service.engine, params, "planner", lambda *_: None, lambda *_: None)
    again = do_export(service.engine, params, "planner", lambda *_: None, lambda *_: None)
    assert done["counts"] == again["counts"] == {"rows": 480, "located": 476, "unlocated": 4}
    assert [each.name for each in folder.iterdir()] == ["layer.gpkg"]


# -- whose it is ---------------------------------------------------------------------------------


def test_only_who_asked_sees_calls_off_and_fetches(signed_in: Client) -> None:
    done, _ = fetched(signed_in("leader"))
    path = f"/api/exports/{done['id']}"
    for role in ("administrator", "planner", "party_officer", "auditor"):
        other = signed_in(role)
        assert other.get(path).status_code == 404
        assert other.get(f"{path}/file").status_code == 404
        assert other.post(f"{path}/cancel").status_code == 404
        listed = [each["id"] for each in other.get("/api/exports").json()["exports"]]
        assert done["id"] not in listed
    assert signed_in("leader").get(f"{path}/file").status_code == 200


def test_a_job_that_is_no_export_is_no_export(service: Any, signed_in: Client) -> None:
    check = signed_in("planner").post("/api/coverage/check").json()
    assert signed_in("planner").get(f"/api/exports/{check['id']}").status_code == 404
    service.finished(signed_in("planner"), signed_in("planner").post("/api/coverage/check"))


@pytest.mark.parametrize(
    ("change", "kind", "reveal"),
    [({"area_code": OTHER}, "grids", None), ({"role": "leader"}, "households", None),
     ({"role": "planner"}, "people", REASON)],
)  # fmt: skip
def test_who_has_lost_the_right_does_not_get_the_file(
    change: dict[str, Any], kind: str, reveal: str | None, service: Any, signed_in: Client
) -> None:
    officer = signed_in("party_officer")
    done, _ = fetched(officer, kind=kind, reveal=reveal)
    own = account.c.username == "party-officer"
    with session_scope(service.engine) as session:
        session.execute(update(account).where(own).values(**change))
    try:
        assert officer.get(f"/api/exports/{done['id']}/file").status_code == 403
    finally:
        back = {"area_code": OWN, "role": "party_officer"}
        with session_scope(service.engine) as session:
            session.execute(update(account).where(own).values(**back))
    assert officer.get(f"/api/exports/{done['id']}/file").status_code == 200


# -- which area ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "area", "status"),
    [("planner", None, 202), ("planner", OTHER, 202), ("leader", COUNTY, 202),
     ("auditor", OTHER, 202), ("administrator", OTHER, 202),
     ("party_officer", None, 202), ("party_officer", OWN, 202), ("party_officer", GRID, 202),
     ("party_officer", OTHER, 403), ("party_officer", OWN[:9], 403),
     ("party_officer", COUNTY, 403), ("party_officer", f"{OTHER}001", 403),
     ("grid_worker", None, 202), ("grid_worker", GRID, 202), ("grid_worker", f"{OWN}002", 403),
     ("grid_worker", OWN, 403)],
)  # fmt: skip
def test_a_role_has_its_own_area(
    role: str, area: str | None, status: int, signed_in: Client
) -> None:
    client = signed_in(role)
    answer = ask(client, area=area, lang="code")
    assert answer.status_code == status, answer.text
    if status == 202:
        done = finished(client, answer)
        prefix = area or {"party_officer": OWN, "grid_worker": GRID}.get(role, "")
        assert done["params"]["area"] == (prefix or None)
        codes = [row["code"] for row in rows_of(client.get(f"/api/exports/{done['id']}/file"))]
        assert codes
        assert all(code.startswith(prefix) for code in codes)


@pytest.mark.parametrize(
    ("kind", "village", "grid"),
    [("areas", 1, 0), ("grids", 4, 1), ("units", 1, 1), ("households", 120, 30), ("people", 2, 2),
     ("appointments", 2, 2), ("reference:roads", 1, 1)],
)  # fmt: skip
def test_an_account_of_a_place_gets_what_lies_in_it(
    kind: str, village: int, grid: int, signed_in: Client
) -> None:
    for role, rows in (("party_officer", village), ("grid_worker", grid)):
        done = finished(signed_in(role), ask(signed_in(role), kind=kind))
        assert done["result"]["counts"]["rows"] == rows, role


def test_an_area_that_is_not_there_is_said_at_once(signed_in: Client) -> None:
    answer = ask(signed_in("planner"), area="990199")
    assert answer.status_code == 422
    assert "没有区划 990199" in answer.json()["detail_zh"]


# -- what of it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_without_a_reason_everybody_gets_masks(role: str, service: Any, signed_in: Client) -> None:
    done, answer = fetched(signed_in(role), kind="people", area=None)
    assert done["result"]["masked"] == ["姓名（已脱敏）", "电话（已脱敏）"]
    shown = {row["编码"]: row["电话（已脱敏）"] for row in rows_of(answer)}
    assert shown["p1"] == "138******78"
    assert "13812345678" not in answer.content.decode("utf-8-sig")
    name = service.passwords[role][0]
    *_, last = lines(service, name)
    area = {"party_officer": OWN, "grid_worker": GRID}.get(role)
    told = {"format": "csv", "area": area, "version": None, "revealed": False}
    assert last == ("asked for an export", "people", None, told)


@pytest.mark.parametrize("role", ROLES)
def test_a_reason_shows_them_to_who_has_to_reach_people(
    role: str, service: Any, signed_in: Client
) -> None:
    client, name = signed_in(role), service.passwords[role][0]
    before = lines(service, name)
    answer = ask(client, kind="people", reveal=REASON)
    if role in ("planner", "leader", "auditor"):
        assert answer.status_code == 403
        assert lines(service, name) == before
        return
    done = finished(client, answer)
    found = rows_of(client.get(f"/api/exports/{done['id']}/file"))
    assert {row["编码"]: row["电话"] for row in found}["p1"] == "13812345678"
    # A village's officer is not told of who lives and serves elsewhere.
    assert ("p3" in {row["编码"] for row in found}) == (role == "administrator")
    asked, exported = lines(service, name)[len(before) :]
    assert (asked[0], asked[3]["revealed"]) == ("asked for an export", True)
    assert exported[:3] == ("exported", "people", REASON)
    assert exported[3]["rows"] == len(found)


@pytest.mark.parametrize("role", ROLES)
def test_where_a_household_is_leaves_only_for_who_may_see_it(role: str, signed_in: Client) -> None:
    done, answer = fetched(signed_in(role), kind="households")
    placed = role in ("administrator", "planner", "party_officer", "grid_worker")
    assert ("经度" in rows_of(answer)[0]) == placed
    assert any("位置" in note["message_zh"] for note in done["result"]["notes"]) != placed
    choices = signed_in(role).get("/api/exports/choices").json()
    homes = next(kind for kind in choices["kinds"] if kind["name"] == "households")
    assert homes["shapes"] == ("points" if placed else "none")
    assert ("shp.zip" in homes["formats"]) == placed


@pytest.mark.parametrize("kind", ["members", "links"])
@pytest.mark.parametrize("role", ROLES)
def test_memberships_are_for_those_who_work_with_them(
    role: str, kind: str, signed_in: Client
) -> None:
    client = signed_in(role)
    answer = ask(client, kind=kind)
    may = role in SENSITIVE
    assert answer.status_code == (202 if may else 403)
    listed = [each["name"] for each in client.get("/api/exports/choices").json()["kinds"]]
    assert (kind in listed) == may
    if may:
        finished(client, answer)


def test_no_one_without_an_account_is_told_anything(signed_in: Client) -> None:
    assert ask(signed_in("")).status_code == 401
    assert signed_in("").get("/api/exports/choices").status_code == 401


# -- what there is to choose ---------------------------------------------------------------------


def test_the_choices_are_what_there_is(signed_in: Client) -> None:
    found = signed_in("planner").get("/api/exports/choices").json()
    kinds = {each["name"]: each for each in found["kinds"]}
    assert list(kinds) == [name for name in KINDS if name not in ("members", "links")]
    assert kinds["reference"]["layers"] == ["roads"]
    assert (kinds["network"]["layers"], kinds["network"]["empty"]) == ([], True)
    assert [name for name, each in kinds.items() if not each["versioned"]] == [
        "visits", "incidents",
    ]  # fmt: skip
    assert kinds["grids"]["formats"] == list(FORMATS)
    assert "shp.zip" not in kinds["people"]["formats"]
    assert [name for name, each in kinds.items() if each["personal"]] == [
        "households", "people", "visits", "incidents", "network",
    ]  # fmt: skip
    assert found["versions"][0]["id"] == max(each["id"] for each in found["versions"])
    assert (found["area"]["code"], found["may_reveal"]) == (COUNTY, False)
    officer = signed_in("party_officer").get("/api/exports/choices").json()
    assert (officer["area"]["code"], officer["may_reveal"]) == (OWN, True)


@pytest.mark.parametrize(
    ("change", "status"),
    [({"kind": "nonsense"}, 422), ({"kind": "reference"}, 422), ({"kind": "reference:x"}, 422),
     ({"format": "pdf"}, 422), ({"version": 999}, 422), ({"crs": "EPSG:1"}, 422),
     ({"lang": "fr"}, 422), ({"surprise": 1}, 422), ({"reveal": "abc"}, 422),
     ({"reveal": "x" * 501}, 422), ({"kind": "visits", "version": 1}, 422)],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_once(
    change: dict[str, Any], status: int, signed_in: Client
) -> None:
    assert ask(signed_in("planner"), **change).status_code == status
    assert signed_in("planner").get("/api/exports/no-number").status_code == 422
