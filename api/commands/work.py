"""``wangge work``: the worker that does long work, beside the service or by itself."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from api.jobs.worker import Worker
from api.postgis import DatabaseUnreachableError

log = logging.getLogger("wangge")

UNREACHABLE = 3
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0


def work(
    context: typer.Context,
    *,
    beside: Annotated[
        bool, typer.Option("--beside", hidden=True, help="End when standard input ends.")
    ] = False,
) -> None:
    """Do queued imports and checks until interrupted; ``wangge serve`` starts one itself.

    One at a time works on a database; others wait for its place.
    """
    if beside:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    Worker(context.obj.engine(), lost=_end_without_database).run()


# Without ceremony, both: whatever is being done is in a transaction, and is begun again later.


def _end_with_parent() -> None:
    """End the process when the parent, which holds the other end of standard input, is gone."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


def _end_without_database() -> None:
    typer.echo("wangge: the worker's database has gone away. See: wangge db status", err=True)
    os._exit(UNREACHABLE)


@contextmanager
def worker_beside(revive: Callable[[], object]) -> Iterator[None]:
    """Keep a worker running in a process of its own for as long as the block lasts.

    Parameters
    ----------
    revive
        Called before a worker that ended is started again: brings back what it may have lacked.
    """
    ending = threading.Event()
    running: list[subprocess.Popen[bytes]] = []

    def keep() -> None:
        pause = FIRST_PAUSE_S
        while not ending.is_set():
            begun = time.monotonic()
            process = subprocess.Popen(
                [sys.executable, "-m", "api.cli", "work", "--beside"], stdin=subprocess.PIPE
            )
            running[:] = [process]
            process.wait()
            _let_go(process)
            if time.monotonic() - begun > LONGEST_PAUSE_S:
                pause = FIRST_PAUSE_S  # it had worked
            if ending.wait(pause):
                return
            pause = min(pause * 2, LONGEST_PAUSE_S)
            try:
                revive()
            except DatabaseUnreachableError as error:
                log.warning("%s", error)

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        for process in running:
            _let_go(process)
            process.wait()


def _let_go(process: "subprocess.Popen[bytes]") -> None:
    """Close the other end of a worker's standard input, on which it ends."""
    if process.stdin is not None:
        process.stdin.close()


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog="Example: wangge work")(work)
