"""Killed at random moments: the client, the service or the database. The old state or the new."""

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from api.errors import ConflictError
from api.imports.service import IMPORT_LOCK
from api.maps.shapes import refresh_shapes
from tests.postgis.county_state import state
from tests.postgis.killed_service import Served, all_ended, jobs_of
from tests.postgis.kills import Action, World, eventually, kill_group

ACTIONS = ("households", "visits", "undo")
# During a command: itself, or the database under it.
COMMAND = ("client", "backend", "postmaster")
# During a job: all of the service at once, the service alone, its worker, or the database.
JOB = ("all", "service", "worker", "backend", "postmaster")
SLOW = [*(("command", seed) for seed in range(36)), *(("job", seed) for seed in range(35))]
seen: Counter[tuple[str, str, str]] = Counter()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    home = Path(tempfile.mkdtemp(prefix="wangge-kill-"))
    home.chmod(0o755)
    world = World(home)
    world.build()
    yield world
    world.stop()
    shutil.rmtree(home)


def which(world: World, action: Action) -> str:
    """Tell the old state from the new one; there is no other."""
    known = world.expected(action.name)
    kind = "found" if action.name == "check" else "county"
    old, new = world.before[kind], getattr(known, kind)
    now = world.patiently(lambda: state(world.bind, kind))
    assert now in (old, new), {name: (old[name], now[name], new[name]) for name in now}
    return "new" if now == new else "old"


def strike(world: World, victim: str, action: Action) -> None:
    """Kill a process of the database: the one at work, or the one that all come from."""
    if victim == "postmaster":
        running = world.postmaster()
        assert running is not None
        os.kill(running, signal.SIGKILL)
    for backend in world.holders(action.lock)[:1] if victim == "backend" else []:
        os.kill(backend, signal.SIGKILL)


# -- a command -----------------------------------------------------------------------------------


def command_trial(world: World, victim: str, name: str, moment: float) -> str:
    """Kill during a command.

    ``moment`` is the share of the time from its lock to its end; below zero it has not begun yet.
    """
    action, known = world.actions[name], world.expected(name)
    world.renew()
    process = world.start(*action.command())
    if moment < 0:
        time.sleep((1 + moment) * world.seconds_to_begin)
    else:
        begun = time.monotonic()
        eventually(lambda: world.holders(IMPORT_LOCK) or process.poll() is not None, 120, 0.005)
        world.seconds_to_begin = time.monotonic() - begun
        time.sleep(moment * known.seconds)
    if victim == "client":
        kill_group(process)
    else:
        strike(world, victim, action)
    status = process.wait(120)
    world.cluster.up()
    world.require_free()
    came = which(world, action)
    if victim != "client":
        said = world.said()
        assert status in (0, 3), said
        assert "Traceback" not in said
        assert said.count("\n") == 1 or (status, said) == (0, ""), said
        assert came == "new" or status == 3, said
    _again(world, action, came)
    return came


def _again(world: World, action: Action, came: str) -> None:
    """Do the same again: what is done already changes nothing, and what comes of it is one."""
    if action.undoes and came == "new":
        with pytest.raises(ConflictError, match="undone already"):
            action.here(world.bind)
    else:
        done = action.here(world.bind)
        assert action.undoes or done == {"old": "imported", "new": "unchanged"}[came]
    known = world.expected(action.name)
    assert state(world.bind) == known.county
    # Whoever comes next draws what was not drawn.
    refresh_shapes(world.bind)
    assert state(world.bind, "drawn") == known.drawn


# -- a job ---------------------------------------------------------------------------------------


def job_trial(world: World, victim: str, name: str, moment: float, workers: int = 1) -> str:
    """Kill during a job that a service does; it ends by itself, as if nothing had happened."""
    action, known = world.actions[name], world.expected(name)
    world.renew()
    service = Served(world, workers)
    try:
        number = service.ask(action)
        if moment >= 0:
            eventually(lambda: world.holders(action.lock) or jobs_of(world)[0].result, 120, 0.005)
            time.sleep(moment * known.seconds)
        if victim in ("all", "service"):
            service.kill(everything=victim == "all")
            world.require_free()
            came = which(world, action)
            service.begin()
        else:
            died = world.postmaster()
            if victim == "worker":
                os.kill(service.worker(), signal.SIGKILL)
            strike(world, victim, action)
            if victim == "postmaster":  # which the service brings back by itself
                eventually(lambda: world.postmaster() != died and service.answers(), 120, 0.1)
            came = which(world, action)
        _require_done(world, action, number)
        assert service.answers()
    finally:
        kill_group(service.process)
    return came


def _require_done(world: World, action: Action, number: UUID) -> None:
    jobs = all_ended(world)
    (asked,) = [each for each in jobs if each.id == number]
    assert (asked.state, asked.progress, asked.step) == ("done", 1.0, ""), asked
    assert asked.attempts in (1, 2)
    # A check follows, once, where something that is checked has changed.
    follows = ["check"] if action.name in ("households", "undo") else []
    assert [(each.kind, each.state) for each in jobs if each is not asked] == [
        (kind, "done") for kind in follows
    ]
    known = world.expected(action.name)
    assert state(world.bind) == known.county
    assert state(world.bind, "drawn") == known.drawn
    assert state(world.bind, "found") == known.found
    world.require_free()
    assert not list(world.home.glob("uploads/*/*.part"))


# -- the trials ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("victim", "name", "moment"),
    [("client", "households", 0.4), ("backend", "visits", 0.5), ("postmaster", "undo", 0.3)],
)
def test_a_command_is_killed(world: World, victim: str, name: str, moment: float) -> None:
    command_trial(world, victim, name, moment)


def test_a_service_is_killed_and_its_job_is_done_once(world: World) -> None:
    job_trial(world, "all", "visits", 0.5)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "seed"), SLOW)
def test_killed_at_a_random_moment(world: World, how: str, seed: int) -> None:
    rng = random.Random(f"{how} {seed}")
    moment = rng.uniform(-0.15, 1.15)
    if how == "command":
        victim, name = COMMAND[seed % len(COMMAND)], rng.choice(ACTIONS)
        came = command_trial(world, victim, name, moment)
    else:
        victim, name = JOB[seed % len(JOB)], rng.choice([*ACTIONS, "check"])
        came = job_trial(world, victim, name, moment, workers=rng.choice([1, 1, 2]))
    seen[how, victim, came] += 1


@pytest.mark.slow
def test_the_moments_have_reached_both_states(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    if seen.total() < len(SLOW):
        pytest.skip("it counts the trials above: run all of this file with -m slow")
    with capsys.disabled():
        for (how, victim, came), n in sorted(seen.items()):
            sys.stdout.write(f"\n{how:>8} {victim:>10} {came} {n:>3}")
    for how in ("command", "job"):
        for came in ("old", "new"):
            assert sum(seen[how, victim, came] for victim in (*COMMAND, *JOB)) >= 5, seen
    # What the killed ones had unpacked has gone too.
    assert world.start("db", "status").wait(60) == 0
    assert not [left for left in world.scratch.rglob("*") if left.is_file()]
