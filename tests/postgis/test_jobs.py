"""Jobs: put in the queue with a transaction, done once, called off, begun again when killed."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import shapely
from sqlalchemy import URL, Connection, Engine, func, insert, select, text, update

from api.commands.work import worker_beside
from api.db import engine
from api.errors import BusyError
from api.jobs import kinds
from api.jobs.queue import enqueue
from api.jobs.worker import INTERRUPTED, MOST_ATTEMPTS, WORKER_LOCK, Worker, recover, run_job
from api.postgis import DatabaseUnreachableError
from geo.errors import GeoError
from layers.tables import area, coverage_check, grid, job, setting
from tests.serving import child_environment

NONE: dict[str, Any] = {}


@pytest.fixture
def bind(database: URL) -> Engine:
    """A county of one grid: enough for a check."""
    shape = f"SRID=4326;{shapely.MultiPolygon([shapely.box(115.2, 33.5, 115.3, 33.6)]).wkt}"
    with engine(database).begin() as connection:
        codes = {"990101": "county", "990101001": "town", "990101001001": "village"}
        for code, level in codes.items():
            kind, parent = ("village" if level == "village" else None), code[:-3]
            connection.execute(
                insert(area).values(code=code, name=code, level=level, kind=kind, geom=shape,
                                    parent_code=None if level == "county" else parent)
            )  # fmt: skip
        connection.execute(
            insert(grid).values(code="990101001001001", name="1", area_code="990101001001",
                                kind="rural", coverage="exclusive", geom=shape)
        )  # fmt: skip
    return engine(database)


@contextmanager
def working(bind: Engine) -> Iterator[Worker]:
    worker = Worker(bind)
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    yield worker
    worker.stop()
    thread.join(30)
    assert not thread.is_alive()


def ask(bind: Engine, kind: str, params: dict[str, Any] | None = None) -> UUID:
    with bind.begin() as connection:
        return enqueue(connection, kind, params or NONE, "planner")


def row(bind: Engine, number: UUID) -> Any:
    with bind.connect() as connection:
        return connection.execute(select(job).where(job.c.id == number)).one()


def wait(bind: Engine, number: UUID, *states: str) -> Any:
    end = time.monotonic() + 60
    while (found := row(bind, number)).state not in (states or ("done", "failed", "cancelled")):
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found


def declare(monkeypatch: pytest.MonkeyPatch, **works: Callable[..., Any]) -> None:
    monkeypatch.setattr("api.jobs.worker.KINDS", {**kinds.KINDS, **works})


# -- the queue -----------------------------------------------------------------------------------


def test_what_is_rolled_back_was_never_asked_for(bind: Engine) -> None:
    with bind.connect() as connection:
        enqueue(connection, "check", NONE, "planner")
        connection.rollback()
        assert connection.scalar(select(func.count()).select_from(job)) == 0
        assert connection.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0


def test_jobs_are_done_one_after_another_in_order(
    bind: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    running: list[int] = []

    def work(_: Engine, params: Any, __: str, ___: Any, ____: Any) -> dict[str, Any]:
        running.append(1)
        assert len(running) == 1
        time.sleep(0.02)
        done.append(params["n"])
        running.pop()
        return {"n": params["n"]}

    declare(monkeypatch, work=work)
    first = [ask(bind, "work", {"n": n}) for n in range(5)]
    with working(bind):
        last = [ask(bind, "work", {"n": n}) for n in range(5, 10)]
        ended = [wait(bind, number) for number in first + last]
    assert done == list(range(10))
    assert [each.result for each in ended] == [{"n": n} for n in range(10)]
    assert {(each.state, each.progress, each.attempts) for each in ended} == {("done", 1.0, 1)}
    with bind.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0


def test_a_job_that_fails_says_why_and_others_go_on(
    bind: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any) -> dict[str, Any]:
        raise GeoError("The file has no rows.", cure="Is it the right one?")

    def break_down(*_: Any) -> dict[str, Any]:
        raise RuntimeError("household 42, 13 Main Street")

    declare(monkeypatch, refuse=refuse, break_down=break_down)
    numbers = [ask(bind, kind) for kind in ("refuse", "break_down", "check")]
    with working(bind):
        refused, broken, checked = (wait(bind, number) for number in numbers)
    assert refused.state == "failed"
    assert refused.error == "The file has no rows. Is it the right one?"
    assert broken.state == "failed"
    assert "42" not in broken.error
    assert "household 42" in caplog.text
    assert checked.state == "done"


# -- calling off ---------------------------------------------------------------------------------


def test_a_job_that_waits_can_be_called_off(bind: Engine) -> None:
    number = ask(bind, "check")
    with bind.begin() as connection:
        connection.execute(update(job).where(job.c.id == number).values(cancel=True))
    run_job(bind, number)
    assert row(bind, number).state == "cancelled"
    assert row(bind, number).started_at is None


def test_a_job_at_work_ends_at_its_next_step(bind: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[int] = []

    def work(_: Engine, __: Any, ___: str, progress: Any, ____: Any) -> dict[str, Any]:
        for step in range(10_000):
            progress(step / 10_000, f"step {step}")
            reached.append(step)
            time.sleep(0.01)
        return {}

    declare(monkeypatch, work=work)
    number = ask(bind, "work")
    with working(bind):
        wait(bind, number, "running")
        with bind.begin() as connection:
            connection.execute(update(job).where(job.c.id == number).values(cancel=True))
        ended = wait(bind, number)
    assert ended.state == "cancelled"
    assert ended.result is None
    assert len(reached) < 9_999


def test_what_is_committed_can_no_longer_be_called_off(
    bind: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(bind: Engine, _: Any, __: str, progress: Any, finish: Any) -> dict[str, Any]:
        with bind.begin() as connection:
            finish(connection, {"made": 1})
        with bind.begin() as connection:
            connection.execute(update(job).values(cancel=True))
        progress(0.9, "drawing")
        return {"made": 1}

    declare(monkeypatch, work=work)
    number = ask(bind, "work")
    run_job(bind, number)
    assert (row(bind, number).state, row(bind, number).result) == ("done", {"made": 1})


def test_what_failed_after_its_commit_is_done(
    bind: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who is told that it failed is told that nothing has changed."""

    def work(bind: Engine, _: Any, __: str, ___: Any, finish: Any) -> dict[str, Any]:
        with bind.begin() as connection:
            finish(connection, {"made": 1})
        raise RuntimeError("the map could not be drawn")

    declare(monkeypatch, work=work)
    number = ask(bind, "work")
    run_job(bind, number)
    ended = row(bind, number)
    assert (ended.state, ended.result, ended.error) == ("done", {"made": 1}, None)
    assert "could not be drawn" in caplog.text


# -- waiting for another -------------------------------------------------------------------------


def busy_work(times: list[int], free: threading.Event) -> Callable[..., dict[str, Any]]:
    def work(*_: Any) -> dict[str, Any]:
        times.append(1)
        if not free.is_set():
            raise BusyError("Another import is under way.", "另一个导入正在进行。")
        return {}

    return work


def test_a_job_waits_for_whoever_is_at_the_same_work(
    bind: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be what is left of its own worker, which was killed."""
    times: list[int] = []
    free = threading.Event()
    declare(monkeypatch, work=busy_work(times, free))
    number = ask(bind, "work")
    with working(bind):
        while row(bind, number).step != "waiting":
            time.sleep(0.02)
        free.set()
        assert wait(bind, number).state == "done"
    assert (len(times) > 1, row(bind, number).attempts) == (True, 1)


def test_a_job_that_waits_for_another_can_be_called_off(
    bind: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, work=busy_work([], threading.Event()))
    number = ask(bind, "work")
    with working(bind):
        while row(bind, number).step != "waiting":
            time.sleep(0.02)
        with bind.begin() as connection:
            connection.execute(update(job).where(job.c.id == number).values(cancel=True))
        assert wait(bind, number).state == "cancelled"


def test_patience_ends(bind: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.jobs.worker.PATIENCE_S", -1)
    declare(monkeypatch, work=busy_work([], threading.Event()))
    number = ask(bind, "work")
    run_job(bind, number)
    ended = row(bind, number)
    assert (ended.state, ended.error) == ("failed", "Another import is under way.")


# -- dying ---------------------------------------------------------------------------------------


def test_an_interrupted_job_is_begun_again_once(bind: Engine) -> None:
    numbers = [ask(bind, "check") for _ in range(3)]
    with bind.begin() as connection:
        for number, attempts in zip(numbers, (0, 1, 2), strict=True):
            state = "running" if attempts else "queued"
            connection.execute(
                update(job).where(job.c.id == number).values(state=state, attempts=attempts)
            )
            if attempts:
                in_hand = "UPDATE procrastinate_jobs SET status = 'doing' WHERE args->>'job' = :job"
                connection.execute(text(in_hand), {"job": str(number)})
    recover(bind)
    assert [row(bind, number).state for number in numbers] == ["queued", "queued", "failed"]
    assert (row(bind, numbers[2]).error, row(bind, numbers[2]).error_zh) == INTERRUPTED
    with bind.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 2
    with working(bind):
        ended = [wait(bind, number) for number in numbers]
    assert [(each.state, each.attempts) for each in ended] == [
        ("done", 1), ("done", 2), ("failed", 2),
    ]  # fmt: skip


def test_work_that_was_committed_is_not_done_twice(
    bind: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[int] = []

    def work(bind: Engine, _: Any, __: str, ___: Any, finish: Any) -> dict[str, Any]:
        times.append(1)

        def make(connection: Connection) -> None:
            connection.execute(setting.insert().values(key="made", value=1, updated_by="x"))
            finish(connection, {"made": 1})

        with bind.begin() as connection:
            make(connection)
        raise SystemExit  # the worker dies between its commit and the end

    declare(monkeypatch, work=work)
    number = ask(bind, "work")
    with pytest.raises(SystemExit):
        run_job(bind, number)
    assert row(bind, number).state == "running"
    recover(bind)
    run_job(bind, number)
    assert times == [1]
    assert (row(bind, number).state, row(bind, number).result) == ("done", {"made": 1})


@pytest.mark.parametrize("is_made", [False, True])
def test_a_job_whose_last_attempt_was_interrupted(is_made: bool, bind: Engine) -> None:
    """What was made last is done, however often its worker died."""
    number = ask(bind, "check")
    last = {"state": "running", "attempts": MOST_ATTEMPTS}
    with bind.begin() as connection:
        made = {"result": {"check": 1}} if is_made else {}
        connection.execute(update(job).where(job.c.id == number).values(**last, **made))
    with working(bind):
        ended = wait(bind, number)
    assert (ended.state, ended.result) == (("done", {"check": 1}) if is_made else ("failed", None))


def test_a_job_that_was_called_off_stays_so_though_its_worker_was_killed(bind: Engine) -> None:
    number = ask(bind, "check")
    with bind.begin() as connection:
        asked = update(job).where(job.c.id == number)
        connection.execute(asked.values(state="running", attempts=1, cancel=True))
    with working(bind):
        assert wait(bind, number).state == "cancelled"
    with bind.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(coverage_check)) == 0


def test_one_worker_at_a_time(bind: Engine) -> None:
    with bind.connect() as other:
        other.execute(select(func.pg_advisory_lock(WORKER_LOCK)))
        with working(bind):
            number = ask(bind, "check")
            time.sleep(1)
            assert row(bind, number).state == "queued"
            other.execute(select(func.pg_advisory_unlock(WORKER_LOCK)))
            other.commit()
            assert wait(bind, number).state == "done"


def test_a_worker_beside_the_service_ends_with_it(bind: Engine) -> None:
    """The worker's process is told by its standard input that its parent is gone."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "work", "--beside"],
        stdin=subprocess.PIPE, env=child_environment(bind),
    )  # fmt: skip
    assert wait(bind, ask(bind, "check")).state == "done"
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(30) == 0


def test_a_worker_without_its_database_ends_with_status_3(bind: Engine) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "work"], stderr=subprocess.PIPE, text=True,
        env=child_environment(bind),
    )  # fmt: skip
    assert wait(bind, ask(bind, "check")).state == "done"
    with bind.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    _, said = process.communicate(timeout=60)
    assert process.returncode == 3, said
    assert "Traceback" not in said


def test_a_worker_is_kept_beside_though_the_database_cannot_be_brought_back(
    bind: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each that ends is followed by another, whatever goes wrong in between."""
    ended = tmp_path / "ended"
    worker = tmp_path / "worker"
    worker.write_text(f"#!/bin/sh\necho >> {ended}\nexit 3\n")
    worker.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(worker))
    monkeypatch.setattr("api.commands.work.FIRST_PAUSE_S", 0.01)

    def revive() -> None:
        raise DatabaseUnreachableError("The database did not start.")

    with worker_beside(revive):
        end = time.monotonic() + 30
        while not ended.exists() or len(ended.read_text()) < 3:
            assert time.monotonic() < end
            time.sleep(0.02)
