"""The embedded PostGIS: a private PostgreSQL cluster, started on demand and found again.

A cluster lives in one folder, its *home*::

    home/
      cluster/          PostgreSQL's own files, of the account it runs under
      run/              its unix socket (a short path elsewhere when this one is too long)
      password  port    how to reach it; the password is readable by its owner alone
      lock              held while somebody starts or stops it

PostgreSQL refuses to run as root, so a root caller lends it to the account ``postgres`` that
Debian's package brings. Whoever can read ``password`` can connect; nobody else, over the socket
or over the loopback port.
"""

import fcntl
import hashlib
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import URL

from api.files import replace_text, write_private
from api.processes import end_orphans, is_strangers, postmaster

OWNER = "wangge"
MIN_VERSION = 15
START_TIMEOUT_S = 60
# A unix socket's path must fit in sockaddr_un; PostgreSQL adds this name to the folder.
SOCKET_PATH_LIMIT = 107
SOCKET_NAME = ".s.PGSQL.65535"
# Read when we are loaded: a process may have its own temporary folder later, this is for all.
SHORT_DIR = Path(tempfile.gettempdir())
INSTALL = "sudo apt-get install postgresql-postgis"

# fsync stays on: a household list is worth more than a second.
CONFIGURATION = """
# wangge: one machine, a few connections, spatial work.
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 256MB
effective_cache_size = 1GB
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
fsync = on
timezone = 'UTC'
log_timezone = 'UTC'
"""
# The work of a client that was killed ends a second later, and with it the locks that it holds.
OPTIONS = "-c client_connection_check_interval=1s"


class DatabaseUnreachableError(Exception):
    """The database cannot be had; ``message`` says why, ``cure`` what to do."""

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.message} {self.cure}".strip()


def find_binaries(version: str | None = None) -> Path:
    """Return the folder of PostgreSQL's programs that have PostGIS.

    Parameters
    ----------
    version
        A major version, as ``15``; without one the newest is taken.

    Raises
    ------
    DatabaseUnreachableError
        If there is none; says what to install.
    """
    found = sorted(
        (
            control.parts[-3]
            for control in Path("/usr/share/postgresql").glob("*/extension/postgis.control")
            if control.parts[-3].isdigit()
            and int(control.parts[-3]) >= MIN_VERSION
            and version in (None, control.parts[-3])
        ),
        key=int,
    )
    if not found:
        wanted = version or f"{MIN_VERSION} or later"
        raise DatabaseUnreachableError(
            f"PostgreSQL {wanted} with PostGIS is not on this machine.",
            f"Install it ({INSTALL}), or set WANGGE_DATABASE_URL to another database.",
        )
    return Path("/usr/lib/postgresql") / found[-1] / "bin"


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the cluster's processes run under."""

    uid: int
    gid: int
    name: str

    @classmethod
    def choose(cls) -> "Account":
        """Take the caller's own account, or ``postgres`` where the caller is root."""
        name = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        try:
            entry = pwd.getpwnam(name)
        except KeyError as error:
            raise DatabaseUnreachableError(
                "PostgreSQL does not run as root, and the account “postgres” is missing.",
                f"Install PostgreSQL ({INSTALL}) or run wangge as an ordinary user.",
            ) from error
        return cls(entry.pw_uid, entry.pw_gid, name)

    def own(self, path: Path, mode: int) -> None:
        """Make a folder that is this account's."""
        path.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)
        path.chmod(mode)

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program as this account; its words come back, nothing is printed."""
        user, group = (self.uid, self.gid) if os.geteuid() == 0 else (None, None)
        return subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            cwd="/",  # the caller's folder may be closed to the account
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            check=False,
        )


class Cluster:
    """One embedded cluster.

    Parameters
    ----------
    home
        Its folder; made when missing.
    """

    def __init__(self, home: Path) -> None:
        self.home = home.absolute()
        self.account = Account.choose()
        self.data = self.home / "cluster"
        self.log = self.home / "run" / "postgresql.log"
        short = self.home / "run"
        if len(os.fsencode(short / SOCKET_NAME)) >= SOCKET_PATH_LIMIT:
            digest = hashlib.blake2b(os.fsencode(self.home), digest_size=6).hexdigest()
            short = SHORT_DIR / f"wangge-{os.geteuid()}-{digest}"
        self.socket_dir = short

    # -- where it is -------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port on the loopback address."""
        return int((self.home / "port").read_text())

    def url(self, database: str) -> URL:
        """Return how to reach a database of the cluster."""
        return URL.create(
            "postgresql+psycopg",
            username=OWNER,
            password=(self.home / "password").read_text().strip(),
            database=database,
            query={"host": str(self.socket_dir), "port": str(self.port)},
        )

    def is_initialised(self) -> bool:
        """Tell whether the cluster's files exist."""
        return (self.data / "PG_VERSION").exists()

    def is_running(self) -> bool:
        """Tell whether it answers, to our password, on our socket."""
        if not self.is_initialised():
            return False
        try:
            with self.connect("postgres"):
                return True
        except (OSError, psycopg.OperationalError):
            return False

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """Open a connection in autocommit, as CREATE DATABASE wants it."""
        return psycopg.connect(
            host=str(self.socket_dir),
            port=self.port,
            user=OWNER,
            password=(self.home / "password").read_text().strip(),
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    # -- up and down -------------------------------------------------------------------------

    def up(self) -> None:
        """Start the cluster unless it runs; make it first if it is not there yet.

        Raises
        ------
        DatabaseUnreachableError
            If it cannot be started; says why and where its log is.
        """
        if self.is_running():
            return
        with self._locked():
            if self.is_running():  # somebody else has started it while we waited
                return
            if not self.is_initialised():
                self._initialise()
            self._start()

    def down(self) -> None:
        """Stop the cluster, if it runs; open connections are closed."""
        if not self.is_initialised():
            return
        with self._locked():
            # In the middle of a recovery it would begin to stop and never end.
            if self._is_alive_after_a_while():
                done = self._stop("fast")
                if done.returncode:  # without ceremony, which the next start recovers from
                    done = self._stop("immediate")
                if done.returncode:
                    raise DatabaseUnreachableError(
                        f"The database did not stop: {last_line(done.stderr or done.stdout)}",
                        f"Its log is {self.log}.",
                    )

    def _stop(self, mode: str) -> subprocess.CompletedProcess[str]:
        return self.account.run(
            self._program("pg_ctl"), "stop", "-D", self.data, "-m", mode, "-w", "-t", "30"
        )

    def _program(self, name: str) -> Path:
        version = (self.data / "PG_VERSION").read_text().strip() if self.is_initialised() else None
        return find_binaries(version) / name

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._make_home()
        with (self.home / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _make_home(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self.account.own(self.home / "run", 0o700)
            self.account.own(self.socket_dir, 0o700)
            enters = self.account.run("test", "-x", self.home / "run").returncode == 0
            if self.socket_dir.stat().st_uid != self.account.uid:
                enters = False
        except OSError as error:
            raise DatabaseUnreachableError(
                f"The folder {self.home} cannot be used: {error.strerror}.",
                "Set WANGGE_DATA_DIR to a folder that you may write.",
            ) from error
        if not enters:
            raise DatabaseUnreachableError(
                f"The account “{self.account.name}” may not enter {self.home}.",
                "Set WANGGE_DATA_DIR to a folder that is open to it, such as /var/lib/wangge.",
            )

    def _initialise(self) -> None:
        # Made beside and renamed, so that a killed initdb leaves nothing that looks whole.
        fresh = self.home / "run" / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password = secrets.token_urlsafe(24)
        secret = self.home / "run" / "password.new"
        write_private(secret, password)
        if os.geteuid() == 0:
            os.chown(secret, self.account.uid, self.account.gid)
        done = self.account.run(
            find_binaries() / "initdb", "--pgdata", fresh, "--username", OWNER, "--pwfile", secret,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8",
            "--data-checksums",
        )  # fmt: skip
        secret.unlink()
        if done.returncode:
            raise DatabaseUnreachableError(
                f"The database could not be made: {last_line(done.stderr)}",
                f"Is there room on the disk of {self.home}?",
            )
        with (fresh / "postgresql.conf").open("a") as handle:
            handle.write(CONFIGURATION)
        write_private(self.home / "password", password)
        fresh.rename(self.data)

    def _start(self) -> None:
        self._clear_stale_pid()
        if self.is_running():  # it was only slow to come up
            return
        if not end_orphans(self.data, START_TIMEOUT_S):
            raise DatabaseUnreachableError(
                "Processes of the database that died do not end.", f"Its log is {self.log}."
            )
        port = self._choose_port()
        done = self.account.run(
            self._program("pg_ctl"), "start", "-D", self.data, "-w", "-t", str(START_TIMEOUT_S),
            "-l", self.log,
            "-o", f"-p {port} -k '{self.socket_dir}' -c listen_addresses=127.0.0.1 {OPTIONS}",
        )  # fmt: skip
        if done.returncode:
            reason = last_line(self.log.read_text() if self.log.exists() else done.stderr)
            raise DatabaseUnreachableError(
                f"The database did not start: {reason}", f"Its log is {self.log}."
            )

    def _choose_port(self) -> int:
        file = self.home / "port"
        port = int(file.read_text()) if file.exists() else 0
        if not port or not is_free(port):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            replace_text(file, str(port))
        return port

    # -- pid files ---------------------------------------------------------------------------

    def _clear_stale_pid(self) -> None:
        """Remove a pid file whose number belongs to another program by now.

        A number that died is PostgreSQL's own to remove: from that file it learns whether
        somebody of its past life still works on the data.
        """
        pid = postmaster(self.data)
        if pid is None:
            if is_strangers(self.data):
                (self.data / "postmaster.pid").unlink(missing_ok=True)
            for lock in self.socket_dir.glob(".s.PGSQL.*.lock"):  # the folder is ours alone
                lock.unlink(missing_ok=True)
            return
        if self._is_alive_after_a_while() and not self.is_running():
            raise DatabaseUnreachableError(
                f"The database (process {pid}) runs but does not answer.", f"Its log is {self.log}."
            )

    def _is_alive_after_a_while(self) -> bool:
        """Give one that lives but does not answer time: it starts, recovers, or goes down."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while postmaster(self.data) is not None and time.monotonic() < deadline:
            if self.is_running():
                return True
            time.sleep(0.1)
        return postmaster(self.data) is not None


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def last_line(words: str) -> str:
    """Return the last line that says something, without PostgreSQL's prefix."""
    lines = [line for line in words.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"FATAL|PANIC|ERROR|error", line)] or lines
    return (
        re.sub(r"^.*?(FATAL|PANIC|ERROR|error):\s*", "", telling[-1])
        if telling
        else "no reason given"
    )
