"""The embedded cluster: found again, safe against two starts, stale pids and sudden death."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.postgis import Cluster, DatabaseUnreachableError, find_binaries

START = """
import sys
from pathlib import Path
from api.postgis import Cluster
Cluster(Path(sys.argv[1])).up()
"""


@pytest.fixture
def home(own_world: Path) -> Iterator[Path]:
    home = own_world / f"cluster-{time.monotonic_ns()}"
    yield home
    Cluster(home).down()


def ask(cluster: Cluster, statement: str) -> object:
    with cluster.connect("postgres") as connection:
        row = connection.execute(statement).fetchone()  # type: ignore[call-overload]
        return row[0] if row else None


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split("\n")[0])


def start_in_another_process(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", START, str(home)])


def test_up_twice_is_up_once_and_down_keeps_the_data(home: Path) -> None:
    cluster = Cluster(home)
    cluster.up()
    pid = postmaster(cluster)
    cluster.up()
    assert postmaster(cluster) == pid
    with cluster.connect("postgres") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    cluster.down()
    assert not cluster.is_running()
    again = Cluster(home)  # as a new process would find it
    again.up()
    assert ask(again, "SELECT answer FROM kept") == 42


def test_two_starts_at_once_make_one_cluster(home: Path) -> None:
    both = [start_in_another_process(home) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    cluster = Cluster(home)
    assert cluster.is_running()
    assert ask(cluster, "SHOW fsync") == "on"


def test_sudden_death_is_recovered_from(home: Path) -> None:
    cluster = Cluster(home)
    cluster.up()
    with cluster.connect("postgres") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(postmaster(cluster), signal.SIGKILL)
    cluster.up()
    assert ask(cluster, "SELECT answer FROM kept") == 42


def test_a_pid_file_whose_number_is_another_program_does_not_stop_it(home: Path) -> None:
    cluster = Cluster(home)
    cluster.up()
    pid_file = cluster.data / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    cluster.down()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
        cluster.up()
        assert cluster.is_running()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_taken_port_is_left_to_its_owner(home: Path) -> None:
    first = Cluster(home)
    first.up()
    second = Cluster(home.with_name(home.name + "-2"))
    second.home.mkdir()
    (second.home / "port").write_text(str(first.port))
    second.up()
    try:
        assert second.port != first.port
        assert ask(first, "SELECT 1") == ask(second, "SELECT 1") == 1
    finally:
        second.down()


def test_the_password_is_its_owners_alone_and_is_asked_for(home: Path) -> None:
    cluster = Cluster(home)
    cluster.up()
    assert (home / "password").stat().st_mode & 0o777 == 0o600
    for host in (str(cluster.socket_dir), "127.0.0.1"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(
                host=host, port=cluster.port, user="wangge", password="wrong", dbname="postgres"
            )
    assert ask(cluster, "SHOW listen_addresses") == "127.0.0.1"


def test_a_long_path_gets_a_short_socket(own_world: Path) -> None:
    home = own_world / ("long" * 25)
    cluster = Cluster(home)
    cluster.up()
    try:
        assert len(os.fsencode(cluster.socket_dir / ".s.PGSQL.65535")) < 107
        assert ask(cluster, "SELECT 1") == 1
    finally:
        cluster.down()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the cluster to another account")
def test_a_folder_closed_to_the_database_account_is_refused(own_world: Path) -> None:
    closed = own_world / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DatabaseUnreachableError, match="may not enter") as caught:
        Cluster(closed / "home").up()
    assert "WANGGE_DATA_DIR" in caught.value.cure


def test_a_missing_version_says_what_to_install() -> None:
    with pytest.raises(DatabaseUnreachableError, match="apt-get install"):
        find_binaries("99")


LONG = "SELECT count(*) FROM generate_series(1, 1000000000)"
AT_WORK = """
import sys
from pathlib import Path
from api.postgis import Cluster
with Cluster(Path(sys.argv[1])).connect("postgres") as connection:
    connection.execute("SELECT pg_advisory_lock(7)")
    connection.execute(sys.argv[2])
"""
HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7"


def at_work(cluster: Cluster) -> subprocess.Popen[bytes]:
    """Somebody in the middle of a statement that takes minutes, with a lock."""
    command = [sys.executable, "-c", AT_WORK, str(cluster.home), LONG]
    client = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while ask(cluster, HELD) != 1:
        assert client.poll() is None
        time.sleep(0.01)
    return client


def test_what_a_killed_postmaster_left_at_work_is_ended_first(home: Path) -> None:
    """In a long statement nobody notices that the postmaster is gone, and no other may start."""
    cluster = Cluster(home)
    cluster.up()
    client = at_work(cluster)
    os.kill(postmaster(cluster), signal.SIGKILL)
    cluster.up()
    assert client.wait(30) != 0
    assert ask(cluster, "SELECT 1") == 1


def test_the_work_of_a_killed_client_ends_with_it(home: Path) -> None:
    cluster = Cluster(home)
    cluster.up()
    client = at_work(cluster)
    client.kill()
    client.wait()
    end = time.monotonic() + 30
    while ask(cluster, HELD) != 0:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_database_that_recovers_is_stopped_when_it_has(home: Path) -> None:
    """Told to stop in the middle of its recovery PostgreSQL 15 may neither stop nor come up."""
    cluster = Cluster(home)
    cluster.up()
    with cluster.connect("postgres") as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 300000) AS n")
    backend = ask(cluster, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    os.kill(int(str(backend)), signal.SIGKILL)
    cluster.down()
    assert not cluster.is_running()
    cluster.up()
    assert ask(cluster, "SELECT count(*) FROM kept") == 300000
