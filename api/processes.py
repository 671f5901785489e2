"""The processes of a PostgreSQL cluster, known by the folder that they work in.

The *postmaster* is the one that all others come from. What it leaves when it is killed are
*orphans*: each ends by itself when it next waits, which in a long statement it does not.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

PID_FILE = "postmaster.pid"


def postmaster(data: Path) -> int | None:
    """Return the pid of the postmaster of this very folder, if it lives."""
    pid = _noted(data)
    return pid if pid is not None and _works_in(Path(f"/proc/{pid}"), data) else None


def is_strangers(data: Path) -> bool:
    """Tell whether the number in the pid file lives, but is no process of this cluster."""
    pid = _noted(data)
    return pid is not None and Path(f"/proc/{pid}").exists() and postmaster(data) is None


def _noted(data: Path) -> int | None:
    try:
        return int((data / PID_FILE).read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _works_in(process: Path, data: Path) -> bool:
    """Tell whether a process is PostgreSQL, in this folder: all of its processes go there."""
    try:
        return (process / "exe").readlink().name == "postgres" and (process / "cwd").samefile(data)
    except OSError:  # it has ended meanwhile, or is another account's
        return False


def end_orphans(data: Path, within_s: float) -> bool:
    """End what a dead postmaster has left: until then no other one can start.

    The transaction of each ends as if its connection had been lost.

    Parameters
    ----------
    data
        The cluster's folder; its postmaster is dead.
    within_s
        How long to wait for them, seconds.

    Returns
    -------
    bool
        Whether all have ended.
    """
    deadline = time.monotonic() + within_s
    while orphans := [each for each in Path("/proc").glob("[0-9]*") if _works_in(each, data)]:
        if time.monotonic() > deadline:
            return False
        for each in orphans:
            with suppress(ProcessLookupError):
                os.kill(int(each.name), signal.SIGTERM)
        time.sleep(0.1)
    return True
