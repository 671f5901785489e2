"""What follows a commit, and what is left of work, when a process ends just there."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import URL, Connection, func, select, text

from api.cli import run
from api.db import session_scope
from api.imports import uploads
from api.imports.service import Request, run_import
from api.jobs.queue import enqueue, have_checked
from api.jobs.worker import Worker
from api.maps.cache import TileCache
from api.maps.shapes import SHAPES_LOCK, build_shapes, refresh_shapes
from api.maps.store import tile
from api.settings import settings
from layers.tables import coverage_check, coverage_version, job
from layers.tiles import Scope, Tile
from tests.postgis.county_state import state
from tests.postgis.import_files import GRIDS, Office, cell, household, point
from tests.postgis.kills import eventually, kill_group
from tests.serving import child_environment, serve

# Twelve households a grid: enough for a group on a small map.
HOMES = [
    household(number, grid, geometry=point(cell(grid)[0] + number / 20, cell(grid)[1] + 0.5))
    for grid in GRIDS
    for number in range(1, 13)
]
WAITS = text("SELECT EXISTS (SELECT FROM pg_locks WHERE objid = :lock AND NOT granted)")


@pytest.fixture
def office(database: URL, tmp_path: Path) -> Office:
    """A county that is drawn and has no households yet."""
    office = Office(database, tmp_path)
    office.fill("grids")
    refresh_shapes(office.engine)
    return office


@contextmanager
def command(office: Office, *arguments: object) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command on the office's database; what it says goes to a file."""
    with (office.folder / "said").open("wb") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", *map(str, arguments)], start_new_session=True,
            env=child_environment(office.engine), stderr=words, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        yield process
    finally:
        kill_group(process)


@contextmanager
def nobody_draws(office: Office) -> Iterator[Connection]:
    """Keep whoever has committed from drawing for as long as the block lasts."""
    with office.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(select(func.pg_advisory_lock(SHAPES_LOCK)))
        try:
            yield connection
        finally:
            connection.execute(select(func.pg_advisory_unlock(SHAPES_LOCK)))


def has_committed(connection: Connection, n: int) -> bool:
    """Tell whether the n-th import is made and is to be drawn."""
    imports = connection.scalar(select(func.count()).select_from(coverage_version))
    return imports == n and bool(connection.scalar(WAITS, {"lock": SHAPES_LOCK}))


@contextmanager
def working(office: Office) -> Iterator[None]:
    worker = Worker(office.engine)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(60)


def jobs(office: Office) -> list[tuple[str, str]]:
    with office.engine.connect() as connection:
        rows = connection.execute(select(job.c.kind, job.c.state).order_by(job.c.created_at))
        return [(kind, state) for kind, state in rows]


def require_drawn(office: Office) -> None:
    """What is drawn is what a drawing from nothing gives."""
    held = state(office.engine, "drawn")
    build_shapes(office.engine)
    assert held == state(office.engine, "drawn")


# -- between the commit and what follows it ------------------------------------------------------


@pytest.mark.parametrize("is_serving", [False, True])
def test_what_a_killed_client_did_not_draw_is_drawn_and_checked_by_the_worker(
    is_serving: bool, office: Office
) -> None:
    """It dies after its commit: a worker at work does the rest at once, another when it starts."""
    homes, before = office.write("households", HOMES), state(office.engine, "drawn")
    kept = TileCache()
    with ExitStack() as stack:
        if is_serving:
            stack.enter_context(working(office))
        with nobody_draws(office) as connection:
            with command(office, "import", "households", homes, "--crs", "EPSG:4326") as process:
                eventually(lambda: has_committed(connection, 4), 120)
                kill_group(process)
            assert office.count("household") == len(HOMES)
            assert state(office.engine, "drawn") == before
            (held,) = jobs(office)
            assert held in (("check", "queued"), ("check", "running"))
            looked = look(office, kept)
        if not is_serving:
            stack.enter_context(working(office))
        eventually(lambda: jobs(office) == [("check", "done")], 60)
    assert state(office.engine, "drawn") != before
    require_drawn(office)
    with office.engine.connect() as connection:
        newest = connection.scalar(select(func.max(coverage_version.c.id)))
        assert connection.scalar(select(coverage_check.c.version_id)) == newest
    # A cache that was filled meanwhile knows that it is of yesterday.
    assert look(office, kept) == look(office, TileCache()) != looked


def look(office: Office, cache: TileCache) -> list[bytes]:
    """Look at the middle of the county on the layers that are drawn, from far and from near."""
    at = [Tile(10, 839, 410), Tile(12, 3359, 1642), Tile(16, 53746, 26284)]
    with session_scope(office.engine) as session:
        places = [(layer, each) for layer in ("areas", "grids", "households") for each in at]
        return [tile(cache, session, *each, Scope())[0].body for each in places]


def test_an_import_is_told_though_the_database_goes_away_before_it_is_drawn(
    office: Office,
) -> None:
    homes = office.write("households", HOMES)
    end = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE objid = :lock AND NOT granted")
    with (
        nobody_draws(office) as connection,
        command(office, "import", "households", homes, "--crs", "EPSG:4326") as process,
    ):
        eventually(lambda: has_committed(connection, 4), 120)
        connection.execute(end, {"lock": SHAPES_LOCK})
        assert process.wait(60) == 0
    said = (office.folder / "said").read_text()
    assert said.startswith("wangge: it is done; but the database went away")
    assert said.count("\n") == 1
    assert office.count("household") == len(HOMES)


def test_where_the_rejects_cannot_be_written_nothing_is_imported(
    office: Office, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    held = state(office.engine)
    homes = office.write("households", [*HOMES, {**household(99), "人口": "三口"}])
    rejects = office.folder / "missing" / "bad.csv"
    url = office.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("WANGGE_DATABASE_URL", url)
    settings.cache_clear()
    asked = ["import", "households", homes, "--crs", "EPSG:4326", "--rejects", rejects]
    assert run([str(each) for each in asked]) == 2
    monkeypatch.undo()
    settings.cache_clear()
    assert "bad.csv" in capfd.readouterr().err
    assert state(office.engine) == held


def test_two_who_draw_at_once_do_not_stumble(office: Office) -> None:
    office.give("households", HOMES)
    both = [threading.Thread(target=refresh_shapes, args=(office.engine,)) for _ in range(2)]
    with nobody_draws(office) as connection:
        for each in both:
            each.start()
        waiting = text("SELECT count(*) FROM pg_locks WHERE objid = :lock AND NOT granted")
        eventually(lambda: connection.scalar(waiting, {"lock": SHAPES_LOCK}) == 2)
    for each in both:
        each.join(60)
    require_drawn(office)


def test_one_check_follows_several_imports(office: Office) -> None:
    """A check that waits sees all that was changed before it began."""
    for number in (1, 2):
        request = Request(
            "households", office.write("households", HOMES[: number * 40]), crs="EPSG:4326"
        )
        done = run_import(
            office.engine, request, "operator", lambda *_: None,
            lambda connection, outcome: have_checked(connection, outcome.kind, "operator"),
        )  # fmt: skip
        assert done.state == "imported"
    assert jobs(office) == [("check", "queued")]
    with working(office):
        eventually(lambda: jobs(office) == [("check", "done")], 60)


# -- uploads -------------------------------------------------------------------------------------


def folder_of_yesterday(*names: str) -> UUID:
    """An upload that was sent two days ago."""
    number = uploads.create()
    folder = uploads.folder_of(number)
    for name in names:
        (folder / name).write_text("...")
    for each in (*folder.iterdir(), folder):
        os.utime(each, (time.time() - 2 * uploads.KEPT_S,) * 2)
    return number


def test_a_client_that_dies_while_it_sends_leaves_nothing(office: Office) -> None:
    with serve(office.engine.url) as service, service.client("planner") as client:
        number = client.post("/api/uploads").json()["upload"]
        folder = uploads.folder_of(number)
        host, port = service.address.removeprefix("http://").split(":")
        head = (
            f"PUT /api/uploads/{number}/homes.csv HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Cookie: wangge_session={service.token('planner')}\r\nContent-Length: 1000000\r\n\r\n"
        )
        with socket.create_connection((host, int(port))) as sender:
            sender.sendall(head.encode() + b"x" * 100_000)
            eventually(lambda: list(folder.iterdir()))
        eventually(lambda: not list(folder.iterdir()))
        # What it did not finish is no file to be imported.
        body = {"upload": number, "kind": "households", "crs": "EPSG:4326"}
        refused = client.post("/api/imports", json=body)
        assert (refused.status_code, "nothing" in refused.json()["detail"]) == (400, True)


def test_what_a_killed_service_was_receiving_is_no_part_and_goes_with_its_day() -> None:
    number = uploads.create()
    folder = uploads.folder_of(number)
    (folder / f"~{uuid4().hex}.part").write_text("half")
    (folder / "homes.csv").write_text("whole")
    assert uploads.main_file(folder).name == "homes.csv"
    uploads.purge()
    assert folder.is_dir()
    old = uploads.folder_of(folder_of_yesterday(f"~{uuid4().hex}.part"))
    uploads.purge()
    assert not old.exists()


def test_an_upload_outlives_its_day_only_while_a_job_is_to_read_it(office: Office) -> None:
    """A service that was down over the weekend still has what it was asked to import."""
    kept, left = folder_of_yesterday(), folder_of_yesterday("homes.csv")
    homes = office.write("households", HOMES)
    (uploads.folder_of(kept) / "homes.csv").write_bytes(homes.read_bytes())
    for each in (uploads.folder_of(kept) / "homes.csv", uploads.folder_of(kept)):
        os.utime(each, (time.time() - 2 * uploads.KEPT_S,) * 2)
    asked = {"upload": str(kept), "kind": "households", "crs": "EPSG:4326", "dry_run": False}
    with office.engine.begin() as connection:
        enqueue(connection, "import", asked, "planner")
    gone = uploads.folder_of(left)
    with working(office):
        eventually(lambda: jobs(office) == [("import", "done"), ("check", "done")], 60)
        eventually(lambda: not gone.exists())
    assert office.count("household") == len(HOMES)


def test_a_part_may_go_while_old_uploads_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another request puts a part in its place at any time."""
    folder = uploads.folder_of(uploads.create())
    (folder / "~1.part").write_text("half")
    found = Path.glob

    def glob(path: Path, pattern: str) -> list[Path]:
        parts = list(found(path, pattern))
        (folder / "~1.part").unlink(missing_ok=True)
        return parts

    monkeypatch.setattr(Path, "glob", glob)
    uploads.purge()
    assert folder.is_dir()
