"""A disk that is full: under the service, the command, or the database. Said, and nothing left."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg import sql
from sqlalchemy import URL, select

from api.imports import uploads
from api.postgis import Cluster
from layers.tables import job
from tests.postgis.county_state import state
from tests.postgis.import_files import GRIDS, Office, household
from tests.serving import child_environment, serve

FULL = "wangge: The disk is full; nothing was changed."
HOMES = [household(n, grid, 住址="很长的地址" * 40) for grid in GRIDS for n in range(1, 500)]


@pytest.fixture
def office(database: URL, tmp_path: Path) -> Office:
    office = Office(database, tmp_path)
    office.fill("grids")
    return office


def command(office: Office, *arguments: object, file_kb: int | None = None) -> tuple[int, str]:
    """Run a command that can write no file larger than so much; return its status and words."""
    limit = ["prlimit", f"--fsize={file_kb * 1024}"] if file_kb else []
    done = subprocess.run(
        [*limit, sys.executable, "-m", "api.cli", *map(str, arguments)], text=True,
        capture_output=True, env=child_environment(office.engine), check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


# -- our own disk --------------------------------------------------------------------------------


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """To whoever writes, a limit of the process is a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_upload_that_finds_no_room_is_told_so_and_leaves_nothing(office: Office) -> None:
    with serve(office.engine.url) as service, service.client("planner") as client:
        number = client.post("/api/uploads").json()["upload"]
        with no_file_larger_than(200_000):
            refused = client.put(f"/api/uploads/{number}/homes.csv", content=bytes(2_000_000))
        assert refused.status_code == 507, refused.text
        assert refused.headers["content-type"] == "application/problem+json"
        assert "disk is full" in refused.json()["detail"]
        assert "磁盘空间已满" in refused.json()["detail_zh"]
        assert list(uploads.folder_of(number).iterdir()) == []
        assert client.put(f"/api/uploads/{number}/homes.csv", content=b"x").status_code == 201


def test_a_job_that_cannot_keep_its_rejects_imports_nothing(office: Office) -> None:
    held = state(office.engine)
    bad = [{**household(n), "人口": "很多口人" * 50} for n in range(1, 2000)]
    file = office.write("households", [*HOMES[2000:], *bad])
    with serve(office.engine.url) as service, service.client("planner") as client:
        number = client.post("/api/uploads").json()["upload"]
        client.put(f"/api/uploads/{number}/homes.csv", content=file.read_bytes())
        body = {"upload": number, "kind": "households", "crs": "EPSG:4326", "partial": True}
        with no_file_larger_than(100_000):
            ended = service.finished(client, client.post("/api/imports", json=body))
        assert (ended["state"], ended["result"]) == ("failed", None)
        assert "disk is full" in ended["error"]
        assert "磁盘空间已满" in ended["error_zh"]
        assert state(office.engine) == held
        again = service.finished(client, client.post("/api/imports", json=body))
        assert again["result"]["state"] == "imported"


def test_an_archive_that_finds_no_room_to_be_unpacked(office: Office) -> None:
    held = state(office.engine)
    layer = office.write("households", HOMES, ".geojson")
    packed = office.folder / "homes.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(layer, "homes.geojson")
    status, said = command(office, "import", "households", packed, file_kb=100)
    assert (status, said.count("\n")) == (3, 1), said
    assert said.startswith(FULL)
    assert state(office.engine) == held


# -- the database's disk -------------------------------------------------------------------------


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of its own, that is soon full."""
    folder = Path(tempfile.mkdtemp(prefix="wangge-disk-"))
    words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("only root may mount a small disk: run the tests as root to have this one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


@pytest.fixture
def cramped(office: Office, cluster: Cluster) -> Iterator[Path]:
    """The rows that an import stages find no room."""
    with small_disk(1) as disk:
        room = disk / "room"
        cluster.account.own(disk, 0o711)
        cluster.account.own(room, 0o700)
        name, database = sql.Identifier(disk.name), sql.Identifier(str(office.engine.url.database))
        with cluster.connect("postgres") as connection:
            place = sql.SQL("CREATE TABLESPACE {} LOCATION {}")
            connection.execute(place.format(name, sql.Literal(str(room))))
            use = sql.SQL("ALTER DATABASE {} SET temp_tablespaces = {}")
            connection.execute(use.format(database, name))
        office.engine.dispose()
        yield disk
        office.engine.dispose()
        with cluster.connect("postgres") as connection:
            connection.execute(sql.SQL("ALTER DATABASE {} RESET temp_tablespaces").format(database))
            connection.execute(sql.SQL("DROP TABLESPACE {}").format(name))


def test_rows_that_find_no_room_in_the_database(office: Office, cramped: Path) -> None:
    held = state(office.engine)
    homes = office.write("households", HOMES)
    asked = ("import", "households", homes, "--crs", "EPSG:4326")
    status, said = command(office, *asked)
    assert (status, said.count("\n")) == (3, 1), said
    assert said.startswith(FULL)
    with serve(office.engine.url) as service, service.client("planner") as client:
        number = client.post("/api/uploads").json()["upload"]
        client.put(f"/api/uploads/{number}/homes.csv", content=homes.read_bytes())
        body = {"upload": number, "kind": "households", "crs": "EPSG:4326"}
        ended = service.finished(client, client.post("/api/imports", json=body))
        # Not tried again and again: the worker goes on with what is next.
        assert (ended["state"], "disk is full" in ended["error"]) == ("failed", True)
        with office.engine.connect() as connection:
            assert connection.scalar(select(job.c.attempts)) == 1
        assert state(office.engine) == held
        subprocess.run(["mount", "-o", "remount,size=100m", str(cramped)], check=True)
        done = service.finished(client, client.post("/api/imports", json=body))
        assert done["result"]["state"] == "imported"


@pytest.mark.slow
def test_a_database_whose_own_disk_is_full_comes_back_when_there_is_room(tmp_path: Path) -> None:
    """Without room for its log PostgreSQL stops at once: a crash like any other."""
    with small_disk(200) as disk:
        cluster = Cluster(disk / "home")
        disk.chmod(0o755)
        cluster.up()
        try:
            full_to_the_brim(cluster, disk, tmp_path)
        finally:
            cluster.down()
            shutil.rmtree(disk / "home", ignore_errors=True)


def full_to_the_brim(cluster: Cluster, disk: Path, folder: Path) -> None:
    from api.db import ensure_database, migrate

    url = cluster.url("brim")
    ensure_database(url)
    migrate(url)
    office = Office(url, folder)
    office.fill("grids")
    held = state(office.engine)
    office.engine.dispose()
    homes = office.write("households", HOMES)
    asked = ("import", "households", homes, "--crs", "EPSG:4326")
    ballast = disk / "ballast"
    left = shutil.disk_usage(disk).free - 2_000_000
    ballast.write_bytes(bytes(left))
    status, said = command(office, *asked)
    assert (status, said.count("\n")) == (3, 1), said
    ballast.unlink()
    cluster.up()
    assert state(office.engine) == held
    assert command(office, *asked)[0] == 0
    office.engine.dispose()
