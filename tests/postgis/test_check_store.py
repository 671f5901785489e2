"""``wangge check --store``: the county's check is kept and judges tasks; without it none is."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import shapely
from sqlalchemy import func, select, update

from api.cli import run
from api.coverage.service import CHECK_LOCK, run_check
from api.db import session_scope
from api.settings import settings
from layers.tables import audit_entry, coverage_check, grid
from tests.postgis.conftest import OWN, square, wkt
from tests.postgis.tasks import assign, clear, fixed, one
from tests.postgis.test_import_command import Ran

Client = Callable[[str], httpx.Client]
Command = Callable[..., Ran]


@pytest.fixture
def wangge(
    service: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """Run ``wangge check`` on the service's own database, as the console script does."""
    url = service.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("WANGGE_DATABASE_URL", url)
    settings.cache_clear()

    def ran(*arguments: str) -> Ran:
        capfd.readouterr()
        return Ran(run(["check", *arguments]), *capfd.readouterr())

    yield ran
    monkeypatch.undo()
    settings.cache_clear()
    clear(service.engine)


def last(service: Any) -> int:
    with session_scope(service.engine) as session:
        return session.scalar(select(func.max(coverage_check.c.id))) or 0


def redraw(service: Any, shape: shapely.Geometry) -> None:
    with session_scope(service.engine) as session:
        session.execute(update(grid).where(grid.c.code == f"{OWN}004").values(geom=wkt(shape)))


def test_a_stored_check_judges_tasks_and_another_writes_nothing(
    wangge: Command, service: Any, signed_in: Client
) -> None:
    run_check(service.engine, "operator")
    planner = signed_in("planner")
    (gap,) = planner.get("/api/coverage/findings", params={"rule": "C102"}).json()["findings"]
    assert assign(planner, gap["id"]).json()["assigned"] == 1
    assert fixed(planner, one(planner, gap["id"])).status_code == 200
    # Nobody had put it right: only the check that is stored says so.
    before = last(service)
    plain = wangge("--format", "json")
    assert (last(service), one(planner, gap["id"])["state"]) == (before, "fixed")
    stored = wangge("--store", "--format", "json")
    assert (plain.status, stored.status) == (1, 1)
    told = [json.loads(ran.out) for ran in (plain, stored)]
    assert told[0]["findings"] == told[1]["findings"]
    assert told[0]["summary"] == told[1]["summary"]
    assert last(service) > before
    assert f"已保存为第 {last(service)} 次检查" in stored.err
    assert f"stored as check {last(service)}; the worklist is judged by it." in stored.err
    assert one(planner, gap["id"])["state"] == "reopened"
    # It is put right and reported: the next one verifies it, and the history has each.
    assert fixed(planner, one(planner, gap["id"])).status_code == 200
    redraw(service, square(1, 1))
    wangge()
    assert one(planner, gap["id"])["state"] == "fixed"
    wangge("--store")
    assert one(planner, gap["id"])["state"] == "verified"
    history = planner.get("/api/coverage/history").json()["checks"]
    assert [each["id"] for each in history[:2]] == [last(service), last(service) - 1]
    with session_scope(service.engine) as session:
        entry = audit_entry.c
        rows = select(entry.account).where(entry.target == f"check {last(service)}")
        assert session.scalars(rows).all() == ["operator"]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("FILE",), "网格文件"),
        (("--rules", "-C105"), "--rules"),
        (("--limits", "narrow_gap_m=2"), "--limits"),
        (("--tolerance", "0.5"), "--tolerance"),
        (("--scheduler", "threads"), "--scheduler"),
    ],
)
def test_only_the_county_by_its_own_rules_is_stored(
    options: tuple[str, ...], what: str, wangge: Command, service: Any, tmp_path: Path
) -> None:
    file = tmp_path / "grids.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    before = last(service)
    ran = wangge("--store", *(str(file) if each == "FILE" else each for each in options))
    assert (ran.status, ran.out, last(service)) == (2, "", before)
    assert "--store keeps the check of the county in the database" in ran.err
    assert f"不能与{what}同用" in ran.err


def test_two_checks_are_not_stored_at_once(wangge: Command, service: Any) -> None:
    before = last(service)
    with service.engine.connect() as connection:
        connection.execute(select(func.pg_advisory_lock(CHECK_LOCK)))
        ran = wangge("--store")
        connection.execute(select(func.pg_advisory_unlock(CHECK_LOCK)))
    assert (ran.status, last(service)) == (2, before)
    assert "A check is under way already. 正在检查中，请稍候。" in ran.err
