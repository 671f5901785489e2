"""A check of the county in the database: read bit for bit, stored, one at a time, remembered."""

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import shapely
from sqlalchemy import func, insert, select

from api.coverage.service import CHECK_LOCK, read_county, run_check
from api.db import session_scope
from api.errors import ConflictError
from layers.tables import accepted_finding, audit_entry, coverage_check, finding, grid, job
from tests.postgis.conftest import wkt

Client = Callable[[str], httpx.Client]
OWN = "990101001001"


def test_a_planner_checks_and_reads_what_was_found(service: Any, signed_in: Client) -> None:
    planner = signed_in("planner")
    before = planner.get("/api/coverage").json()["check"]["id"]
    done = service.finished(planner, planner.post("/api/coverage/check"))
    assert done["state"] == "done"
    check = done["result"]["check"]
    assert check > before
    verdict = planner.get("/api/coverage").json()
    assert verdict["check"]["id"] == check
    # The tiny county has one gap, along its village's edge, with one household in it.
    rules = {each["rule"]: each for each in verdict["by_rule"]}
    assert rules["C102"]["count"] == 1
    assert rules["H201"]["households"] == 1
    assert verdict["summary"]["blind_spots"] is True
    assert verdict["summary"]["households"] == 480
    found = planner.get("/api/coverage/findings?rule=C102").json()["findings"][0]
    assert found["area"]["code"] == OWN
    assert found["area"]["town_name"] == "柳河1镇"
    assert found["message"]
    assert found["message_zh"]
    shape = shapely.geometry.shape(
        planner.get(f"/api/coverage/findings/{found['id']}").json()["geometry"]
    )
    assert shape.equals_exact(shapely.box(115.236, 33.52, 115.24, 33.54), 1e-9, normalize=True)
    with session_scope(service.engine) as session:
        row = session.execute(select(job).where(job.c.id == done["id"])).one()
        stored = session.execute(select(coverage_check).where(coverage_check.c.id == check)).one()
        lines = session.scalar(
            select(func.count()).where(audit_entry.c.action == "checked the coverage")
        )
    assert (row.state, row.progress, row.result) == ("done", 1.0, {"check": check})
    assert row.finished_at >= row.started_at
    assert stored.crs == "EPSG:4547"
    assert stored.created_by == "planner"
    assert lines == 1


def test_coordinates_come_bit_for_bit(service: Any) -> None:
    with service.engine.connect() as connection:
        grids, villages, households, people = read_county(connection)
        texts = dict(
            connection.execute(
                select(grid.c.code, func.encode(func.ST_AsBinary(grid.c.geom), "hex"))
            ).all()
        )
    assert dict(zip(grids["code"], shapely.to_wkb(grids.geometry, hex=True), strict=True)) == {
        code: text.upper() for code, text in texts.items()
    }
    assert [len(villages), len(households), len(people)] == [4, 480, 2]
    assert households.geometry.isna().sum() == 4
    assert grids.crs == villages.crs == households.crs == "EPSG:4326"


def test_the_same_county_gives_the_same_findings(service: Any) -> None:
    numbers = [run_check(service.engine, "operator") for _ in range(2)]
    with session_scope(service.engine) as session:
        first, second = (
            session.execute(
                select(*(c for c in finding.c if c.name not in ("check_id", "geom", "geom_3857",
                                                                "point")))
                .where(finding.c.check_id == number)
                .order_by(finding.c.position)
            ).all()
            for number in numbers
        )  # fmt: skip
    assert first == second
    assert len(first) > 2


def test_a_second_check_waits_for_the_first(service: Any, signed_in: Client) -> None:
    planner = signed_in("planner")
    with service.engine.connect() as connection:
        connection.execute(select(func.pg_advisory_lock(CHECK_LOCK)))
        asked = planner.post("/api/coverage/check")
        end = time.monotonic() + 60
        while (job := planner.get(f"/api/jobs/{asked.json()['id']}").json())["step"] != "waiting":
            assert time.monotonic() < end, job
            time.sleep(0.02)
        # Who is not in the queue is told at once.
        with pytest.raises(ConflictError):
            run_check(service.engine, "operator")
        connection.execute(select(func.pg_advisory_unlock(CHECK_LOCK)))
        connection.commit()
    assert service.finished(planner, asked)["state"] == "done"


def test_a_failed_check_says_so_and_frees_the_lock(
    service: Any, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("household 42, 13 Main Street")

    monkeypatch.setattr("api.coverage.service.check_coverage", fail)
    planner = signed_in("planner")
    failed = service.finished(planner, planner.post("/api/coverage/check"))
    monkeypatch.undo()
    assert failed["state"] == "failed"
    # What the error said may hold rows: it is logged, and not told.
    assert "42" not in failed["error"]
    assert failed["finished_at"] is not None
    run_check(service.engine, "operator")


def test_an_accepted_finding_is_shown_and_not_counted(service: Any, signed_in: Client) -> None:
    planner = signed_in("planner")
    before = planner.get("/api/coverage").json()["summary"]["errors"]
    found = planner.get("/api/coverage/findings?rule=C102").json()["findings"][0]
    assert found["accepted"] is False
    with session_scope(service.engine) as session:
        session.execute(
            insert(accepted_finding).values(
                finding_id=found["id"], rule="C102", reason="a lake", accepted_by="planner",
                severity="error", grids=[], area_m2=1.0, households=1, message="m",
                message_zh="问题", point=wkt(shapely.Point(found["point"])),
                until=dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30),
            )
        )  # fmt: skip
    after = planner.get("/api/coverage").json()
    assert after["summary"]["errors"] == before - 1
    # The household in it is still in no grid.
    assert after["summary"]["blind_spots"] is True
    again = planner.get("/api/coverage/findings?rule=C102").json()["findings"][0]
    assert again["accepted"] is True
    run_check(service.engine, "operator")
    kept = planner.get("/api/coverage/findings?rule=C102").json()["findings"][0]
    assert kept["accepted"] is True
