"""A county in a cluster of its own, whose processes are killed; and the state that is left."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
from psycopg import sql
from sqlalchemy import URL, Engine
from sqlalchemy.exc import OperationalError

from api.auth import create_demo_accounts
from api.coverage.service import CHECK_LOCK, run_check
from api.db import engine, migrate, session_scope
from api.imports.service import IMPORT_LOCK, Request, run_import, undo_import
from api.jobs.worker import WORKER_LOCK
from api.maps.shapes import refresh_shapes
from api.postgis import Cluster
from api.sample import build_county, load_sample
from tests.postgis.county_state import State, state

HOLDERS = """
    SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database
    WHERE datname = %(name)s AND locktype = 'advisory' AND granted AND objid = %(lock)s
"""
# Not a transaction that has only just begun: a service at rest looks after its queue.
BUSY = """
    SELECT pid, objid::text FROM pg_locks WHERE locktype = 'advisory' AND objid <> %(worker)s
    UNION ALL
    SELECT pid, state FROM pg_stat_activity
    WHERE state LIKE 'idle in%%' AND state_change < now() - interval '2 seconds'
"""
KINDS = ("county", "drawn", "found")
NAME, BEFORE = "wangge", "before"


def eventually(found: Callable[[], Any], within_s: float = 30, every_s: float = 0.02) -> Any:
    """Wait until something is found, and return it."""
    end = time.monotonic() + within_s
    while not (value := found()):
        assert time.monotonic() < end, found
        time.sleep(every_s)
    return value


# -- what is done --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Action:
    """Something that is done to the county: on the command line, over HTTP, in this process."""

    name: str
    kind: str = ""
    file: Path = Path()
    undoes: int = 0

    @property
    def lock(self) -> int:
        """The lock that is held while it is done."""
        return CHECK_LOCK if self.name == "check" else IMPORT_LOCK

    def command(self) -> list[str]:
        """Say it on the command line."""
        if self.undoes:
            return ["import", "--undo", str(self.undoes)]
        return ["import", self.kind, str(self.file), "--crs", "EPSG:4326"]

    def here(self, bind: Engine) -> str:
        """Do it in this process; return what came of it."""
        if self.name == "check":
            return str(run_check(bind, "operator"))
        if self.undoes:
            return str(undo_import(bind, self.undoes, "operator"))
        request = Request(self.kind, self.file, crs="EPSG:4326")
        return run_import(bind, request, "operator").state


@dataclass(slots=True)
class Expected:
    """What comes of an action that nobody disturbs, and how long its lock is held."""

    seconds: float
    county: State
    drawn: State
    found: State


@dataclass(slots=True)
class World:
    """A cluster of its own with the county as it was, and a database in which things happen."""

    home: Path
    cluster: Cluster = field(init=False)
    actions: dict[str, Action] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    before: dict[str, State] = field(default_factory=dict)
    # From the start of a command to its lock, seconds; measured again in each trial.
    seconds_to_begin: float = 2.0
    known: dict[str, Expected] = field(default_factory=dict)
    _watching: "psycopg.Connection[Any] | None" = None

    def __post_init__(self) -> None:
        self.cluster = Cluster(self.home)

    @property
    def url(self) -> URL:
        """The county's database, as the commands find it by themselves."""
        return self.cluster.url(NAME)

    @property
    def bind(self) -> Engine:
        return engine(self.url)

    @property
    def scratch(self) -> Path:
        """Where the processes put temporary files."""
        return self.home / "tmp"

    def environment(self) -> dict[str, str]:
        """The environment of a process of this world; its database is the embedded one."""
        return {
            **os.environ, "WANGGE_DATA_DIR": str(self.home), "TMPDIR": str(self.scratch),
            "WANGGE_DATABASE_URL": "",
        }  # fmt: skip

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command in a process group of its own; its words go to files."""
        out, err = (self.home / f"{stream}.txt" for stream in ("out", "err"))
        with out.open("wb") as sink, err.open("wb") as words:
            return subprocess.Popen(
                [sys.executable, "-m", "api.cli", *arguments], stdout=sink, stderr=words,
                env=self.environment(), start_new_session=True,
            )  # fmt: skip

    def said(self) -> str:
        """Return what the last command wrote to standard error."""
        return (self.home / "err.txt").read_text()

    # -- the county as it was --------------------------------------------------------------------

    def build(self) -> None:
        """Make the cluster, and in it a small county with an import that can be undone."""
        self.scratch.mkdir()
        self.cluster.up()
        self._administer("CREATE DATABASE {}", BEFORE)
        url = self.cluster.url(BEFORE)
        migrate(url)
        county = build_county(size="small")
        load_sample(engine(url), county, clean=True)
        with session_scope(engine(url)) as session:
            accounts = create_demo_accounts(session)
        self.passwords = {role: password for role, _, password, _ in accounts}
        self._write(county.frames)
        assert self.actions.pop("first").here(engine(url)) == "imported"
        refresh_shapes(engine(url))
        self.before = {kind: state(engine(url), kind) for kind in KINDS}
        engine(url).dispose()

    def _write(self, frames: Mapping[str, pd.DataFrame]) -> None:
        homes = frames["household"]
        lists = {
            "first": ("households", f"{self.home}/first.csv", _homes(homes[::3], "1")),
            "households": ("households", f"{self.home}/homes.zip", _homes(homes, "2")),
            "visits": ("visits", f"{self.home}/visits.csv", _visits(frames["visit"])),
        }
        for name, (kind, path, rows) in lists.items():
            self.actions[name] = Action(name, kind, Path(path))
            if path.endswith(".csv"):
                rows.to_csv(path, index=False)
            else:
                with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                    archive.writestr("homes.geojson", _geojson(rows))
        self.actions["undo"] = Action("undo", undoes=1)
        self.actions["check"] = Action("check")

    def renew(self, name: str = NAME) -> None:
        """Put the county back to what it was."""
        # A trial that has failed may have left it down.
        self.cluster.up()
        for used in (name, BEFORE):
            engine(self.cluster.url(used)).dispose()
        self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        # Not by the log: a sequence that was copied so may give a number twice after a crash.
        self._administer("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, BEFORE)

    def _administer(self, statement: str, *names: str) -> None:
        with self.cluster.connect("postgres") as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]

    def expected(self, name: str) -> Expected:
        """Do an action undisturbed, once, in a database of its own."""
        if name not in self.known:
            self.renew("after")
            bind = engine(self.cluster.url("after"))
            begun = time.monotonic()
            self.actions[name].here(bind)
            refresh_shapes(bind)
            seconds = time.monotonic() - begun
            if name in ("households", "undo"):  # which a check follows
                run_check(bind, "operator")
            self.known[name] = Expected(seconds, *(state(bind, k) for k in KINDS))
            bind.dispose()
        return self.known[name]

    # -- who is at work --------------------------------------------------------------------------

    def ask(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask the cluster something, as somebody who watches; nothing while it is down."""
        try:
            if self._watching is None:
                self._watching = self.cluster.connect("postgres")
            return self._watching.execute(statement, values).fetchall()  # type: ignore[call-overload]
        except (OSError, psycopg.OperationalError):
            self.look_away()
            return []

    def patiently(self, read: Callable[[], State]) -> State:
        """Read from a database that may be about to recover."""

        def found() -> State | None:
            try:
                return read()
            except OperationalError:
                return None

        value: State = eventually(found, 60, 0.2)
        return value

    def look_away(self) -> None:
        """Close the watcher's connection."""
        if self._watching is not None:
            self._watching.close()
        self._watching = None

    def holders(self, lock: int) -> list[int]:
        """Return the processes of the county's database that hold a lock."""
        found = self.ask(HOLDERS, name=NAME, lock=lock)
        return [int(row[0]) for row in found]

    def require_free(self) -> None:
        """Nobody holds on to anything after some seconds: lock, transaction, or staged rows."""
        eventually(lambda: self.ask("SELECT 1") and not self.ask(BUSY, worker=WORKER_LOCK), 20, 0.2)
        with self.cluster.connect(NAME) as connection:
            staged = "SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'"
            assert connection.execute(staged).fetchall() == []

    def postmaster(self) -> int | None:
        """Return the process that all of the database's come from; null while there is none."""
        try:
            text = (self.cluster.data / "postmaster.pid").read_text()
        except FileNotFoundError:
            return None
        # It is written line by line.
        number = text.split("\n")[0]
        return int(number) if number else None

    def stop(self) -> None:
        """End the cluster."""
        self.look_away()
        engine(self.url).dispose()
        self.cluster.down()


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a command and all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


# -- the files -----------------------------------------------------------------------------------


def _homes(homes: pd.DataFrame, mark: str) -> pd.DataFrame:
    """Rename the addresses of households, and add as many again."""
    told = pd.DataFrame(homes[["code", "address", "area_code", "grid_code", "people"]])
    told["lon"], told["lat"] = homes.geom.x, homes.geom.y
    told["address"] += f" {mark}"
    more = told.assign(code=told["code"] + f"N{mark}", address=told["address"] + " 新")
    return pd.concat([told, more], ignore_index=True)


def _visits(visits: pd.DataFrame) -> pd.DataFrame:
    told = visits[["code", "household_code", "person_code", "visited_at"]].copy()
    told["visited_at"] = [at.isoformat() for at in told["visited_at"]]
    more = told.assign(code=told["code"] + "N")
    return pd.concat([told.assign(note="再访"), more.assign(note="新")], ignore_index=True)


def _geojson(rows: pd.DataFrame) -> str:
    features = []
    for row in rows.to_dict("records"):
        lon, lat = row.pop("lon"), row.pop("lat")
        at = None if lon != lon else {"type": "Point", "coordinates": [lon, lat]}
        features.append({"type": "Feature", "properties": row, "geometry": at})
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
