"""Imports over HTTP: sent in parts, tried, brought in, told of, taken back."""

import io
import socket
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import openpyxl
import pytest
from sqlalchemy import func, select

from api.db import session_scope
from api.imports import uploads
from api.settings import settings
from layers.tables import household
from layers.transfer.kinds import KINDS

Client = Callable[[str], httpx.Client]
VILLAGE = "990101001001"
HEAD = "住户编码,住址,村（社区）编码,网格编码,经度,纬度"
LIST = f"""{HEAD}
N1,新村 1 号,{VILLAGE},{VILLAGE}001,115.205,33.505
N2,新村 2 号,{VILLAGE},{VILLAGE}001,115.206,33.506
"""


def upload(client: httpx.Client, name: str, body: bytes | str) -> str:
    number = client.post("/api/uploads").json()["upload"]
    text = body.encode() if isinstance(body, str) else body
    answer = client.put(f"/api/uploads/{number}/{name}", content=text)
    assert answer.status_code == 201, answer.text
    return str(number)


def ask(service: Any, client: httpx.Client, number: str, **more: Any) -> dict[str, Any]:
    body = {"upload": number, "kind": "households", "crs": "EPSG:4326", **more}
    job: dict[str, Any] = service.finished(client, client.post("/api/imports", json=body))
    return job


def count(service: Any) -> int:
    with session_scope(service.engine) as session:
        return int(session.scalar(select(func.count()).select_from(household)))


@pytest.fixture
def planner(signed_in: Client) -> httpx.Client:
    return signed_in("planner")


# -- the whole way -------------------------------------------------------------------------------


def test_sent_tried_imported_and_taken_back(service: Any, planner: httpx.Client) -> None:
    before = count(service)
    number = upload(planner, "住户.csv", LIST)
    tried = ask(service, planner, number, dry_run=True)
    assert (tried["state"], tried["result"]["state"]) == ("done", "tried")
    assert tried["result"]["counts"]["new"] == 2
    assert tried["result"]["columns"]["address"] == "住址"
    assert tried["params"]["name"] == "住户.csv"
    outline = planner.get(f"/api/uploads/{number}/outline.json").json()
    assert [each["properties"] for each in outline["features"]] == [
        {"state": "new", "code": "N1"}, {"state": "new", "code": "N2"},
    ]  # fmt: skip
    assert count(service) == before
    done = ask(service, planner, number)
    assert done["result"]["state"] == "imported"
    assert count(service) == before + 2
    assert ask(service, planner, number)["result"]["state"] == "unchanged"
    # The check that follows an import runs by itself, and is of the new version.
    following = planner.get("/api/jobs?kind=check").json()["jobs"][0]
    assert following["created_by"] == "planner"
    newest = planner.get("/api/imports").json()["imports"][0]
    assert (newest["id"], newest["file"]) == (done["result"]["import"], "住户.csv")
    undone = service.finished(planner, planner.post(f"/api/imports/{newest['id']}/undo"))
    assert undone["result"]["counts"] == {"closed": 2, "changed": 0, "new": 0}
    assert count(service) == before
    again = service.finished(planner, planner.post(f"/api/imports/{newest['id']}/undo"))
    assert again["state"] == "failed"
    assert "undone already" in again["error"]
    assert "已经撤销" in again["error_zh"]


def test_rejects_are_told_and_can_be_fetched(service: Any, planner: httpx.Client) -> None:
    before = count(service)
    bad = LIST + f"N3,=cmd|'/c calc'!A1,{VILLAGE},{VILLAGE}099,115.2,33.5\n"
    number = upload(planner, "bad.csv", bad)
    told = ask(service, planner, number)["result"]
    assert told["state"] == "rejected"
    (group,) = told["reject_groups"]
    assert (group["n"], group["rows"], group["field"]) == (1, [3], "grid_code")
    assert group["message_zh"]
    assert count(service) == before
    answer = planner.get(f"/api/uploads/{number}/rejects.csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert f"{VILLAGE}099" in answer.text
    done = ask(service, planner, number, partial=True)["result"]
    assert done["state"] == "imported"
    assert count(service) == before + 2
    service.finished(planner, planner.post(f"/api/imports/{done['import']}/undo"))


def test_a_file_that_does_not_say_its_crs_is_asked_for_it(
    service: Any, planner: httpx.Client
) -> None:
    failed = ask(service, planner, upload(planner, "a.csv", LIST), crs=None)
    assert failed["state"] == "failed"
    assert "coordinate system" in failed["error"]


def two_sheets() -> bytes:
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("村二")):
        for line in LIST.splitlines():
            sheet.append(line.split(","))
    book.active.title = "村一"
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


@pytest.mark.parametrize(
    ("name", "body", "option", "choices", "answer"),
    [("a.csv", LIST, "crs", [], {"crs": "EPSG:4490"}),
     ("a.xlsx", two_sheets(), "layer", ["村一", "村二"], {"crs": "EPSG:4490", "layer": "村二"}),
     ("a.csv", LIST.replace("住户编码", "甲"), "columns", ["甲", *HEAD.split(",")[1:]],
      {"crs": "EPSG:4490", "columns": {"code": "甲"}}),
     ("a.csv", LIST.encode("GB18030"), "encoding", [], {"crs": "EPSG:4490", "encoding": "GBK"})],
)  # fmt: skip
def test_a_trial_asks_what_the_file_does_not_say(
    name: str, body: bytes | str, option: str, choices: list[str], answer: dict[str, Any],
    service: Any, planner: httpx.Client,
) -> None:  # fmt: skip
    before, number = count(service), upload(planner, name, body)
    # What was said wrong is asked again.
    said = {"crs": None, "encoding": "ascii" if option == "encoding" else None}
    asked = ask(service, planner, number, **said, dry_run=True)
    assert (asked["state"], asked["result"]["state"]) == ("done", "asked"), asked["error"]
    question = asked["result"]["asks"]
    assert (question["option"], question["choices"]) == (option, choices)
    assert name in question["message"]
    assert name in question["message_zh"]
    # Who does not try is told that it failed: there is nobody to answer.
    assert ask(service, planner, number, **said)["state"] == "failed"
    assert count(service) == before
    tried = ask(service, planner, number, **{"crs": None, **answer}, dry_run=True)["result"]
    assert (tried["state"], tried["asks"], tried["counts"]["new"]) == ("tried", None, 2)


def test_what_can_be_imported_tells_what_is_there(service: Any, planner: httpx.Client) -> None:
    told = planner.get("/api/imports/kinds").json()
    assert told["levels"] == {"county": 1, "town": 2, "village": 4}
    rows = {each["name"]: each["rows"] for each in told["kinds"]}
    assert (rows["areas"], rows["grids"]) == (7, 16)
    assert [*rows][:4] == ["areas", "grids", "units", "households"]


def test_the_parts_of_a_shapefile_are_one_upload(
    service: Any, planner: httpx.Client, tmp_path: Path
) -> None:
    import geopandas as gpd
    import shapely

    river = shapely.LineString([(115.2, 33.5), (115.21, 33.51)])
    named = {"code": ["R1"], "name": ["柳河"]}
    frame = gpd.GeoDataFrame(named, geometry=[river], crs="EPSG:4490")
    frame.to_file(tmp_path / "rivers.shp", encoding="GB18030")
    number = planner.post("/api/uploads").json()["upload"]
    for part in sorted(tmp_path.iterdir()):
        planner.put(f"/api/uploads/{number}/{part.name}", content=part.read_bytes())
    done = ask(service, planner, number, kind="reference:河流", crs=None)
    assert done["result"]["counts"]["new"] == 1, done
    assert done["params"]["name"] == "rivers.shp"


# -- templates -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_template_is_understood_when_it_comes_back(
    kind: str, lang: str, service: Any, planner: httpx.Client
) -> None:
    answer = planner.get(f"/api/imports/templates/{kind}.xlsx?lang={lang}")
    assert answer.headers["content-disposition"].startswith("attachment")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book.worksheets[0]
    headers = [cell.value for cell in sheet[1]]
    fields = KINDS[kind].fields
    assert headers[: len(fields)] == [each.zh if lang == "zh" else each.en for each in fields]
    number = upload(planner, f"{kind}.xlsx", answer.content)
    named = f"{kind}:试" if KINDS[kind].fixed else kind
    tried = ask(service, planner, number, kind=named, dry_run=True)
    assert tried["state"] == "done", tried["error"]
    assert tried["result"]["columns"].keys() == {each.name for each in fields}
    assert tried["result"]["counts"]["examples"] == 1
    assert tried["result"]["counts"]["new"] == 0
    choices = [
        rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "list"
    ]
    wanted = [each for each in fields if each.type in ("choice", "boolean")]
    assert len(choices) == len(wanted)


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kept"),
    [("..%2F..%2Fetc%2Fpasswd", "passwd"), ("C:%5C%E6%A1%8C%E9%9D%A2%5Ca.csv", "a.csv"),
     ("~outline.json", "outline.json"), (f"{'网' * 90}.csv", f"{'网' * 48}.csv"),
     ("%00a%0Ab.csv", "ab.csv")],
)  # fmt: skip
def test_a_name_cannot_lead_out_of_its_folder(name: str, kept: str, planner: httpx.Client) -> None:
    number = planner.post("/api/uploads").json()["upload"]
    answer = planner.put(f"/api/uploads/{number}/{name}", content=b"x")
    if answer.status_code == 201:
        assert answer.json()["name"] == kept
        folder = settings().data_dir / "uploads" / UUID(number).hex
        assert [each.name for each in folder.iterdir()] == [kept]
        assert stat.S_IMODE((folder / kept).stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    else:  # a slash in a name is no part of this address
        assert "%2F" in name
        assert answer.status_code in (404, 405)


def test_what_is_too_large_is_refused_and_not_kept(
    planner: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_MAX_UPLOAD_MB", "1")
    settings.cache_clear()
    try:
        number = planner.post("/api/uploads").json()["upload"]
        answer = planner.put(f"/api/uploads/{number}/a.csv", content=bytes(1024 * 1024 + 1))
        assert answer.status_code == 413
        assert "WANGGE_MAX_UPLOAD_MB" in answer.json()["detail_zh"]
        assert list(uploads.folder_of(number).iterdir()) == []
        half = bytes(600 * 1024)
        assert planner.put(f"/api/uploads/{number}/a.csv", content=half).status_code == 201
        assert planner.put(f"/api/uploads/{number}/b.csv", content=half).status_code == 413
    finally:
        monkeypatch.undo()
        settings.cache_clear()


@pytest.mark.parametrize(
    ("change", "status"),
    [({"kind": "nonsense"}, 422), ({"kind": "reference"}, 422), ({"upload": str(UUID(int=7))}, 404),
     ({"surprise": 1}, 422)],
)  # fmt: skip
def test_a_request_that_cannot_be_is_refused_at_once(
    change: dict[str, Any], status: int, planner: httpx.Client
) -> None:
    body = {"upload": upload(planner, "a.csv", LIST), "kind": "households", **change}
    assert planner.post("/api/imports", json=body).status_code == status


def test_a_sender_who_goes_away_leaves_nothing(
    service: Any, planner: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    number = planner.post("/api/uploads").json()["upload"]
    host, port = service.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as wire:
        cookie = f"wangge_session={planner.cookies['wangge_session']}"
        wire.sendall(
            f"PUT /api/uploads/{number}/half.csv HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Cookie: {cookie}\r\nContent-Length: 1000000\r\n\r\n{'x' * 1000}".encode()
        )
        folder = uploads.folder_of(number)
        while not list(folder.iterdir()):
            time.sleep(0.01)
    while list(folder.iterdir()):
        time.sleep(0.01)
    assert "failed" not in caplog.text
    assert planner.get("/health").status_code == 200


def test_two_files_that_do_not_belong_together_are_refused(planner: httpx.Client) -> None:
    number = upload(planner, "a.csv", LIST)
    planner.put(f"/api/uploads/{number}/b.csv", content=b"x")
    answer = planner.post("/api/imports", json={"upload": number, "kind": "households"})
    assert answer.status_code == 400
    assert "a.csv, b.csv" in answer.json()["detail"]


def test_uploads_are_gone_after_a_day(
    planner: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = upload(planner, "a.csv", LIST)
    kept = uploads.folder_of(number)
    uploads.purge()
    assert kept.is_dir()
    monkeypatch.setattr(uploads, "KEPT_S", -1)
    uploads.purge()
    assert not kept.exists()
    assert planner.put(f"/api/uploads/{number}/b.csv", content=b"x").status_code == 404
