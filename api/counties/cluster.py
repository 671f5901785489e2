"""Workers: processes or threads of this machine, or a Dask cluster at an address.

A task is one county. A worker that is killed, by hand or because it took more memory than it may,
is replaced, and its county is done again; a county that costs its worker each time, at last alone,
is given up, and said. Workers of this machine speak over TLS with certificates of the moment:
whoever else is on the machine can give them no work.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.counties import SchedulerUnreachableError
from api.counties.work import Failed

if TYPE_CHECKING:
    from distributed import Client

PROCESSES, THREADS = "processes", "threads"
MEMORY = "4GB"
# How long a cluster at an address may take to answer, seconds.
PATIENCE = 15
# How often a county may cost its worker before it is set aside, to be tried once more alone.
MOST_DEATHS = 1
# Workers of this machine show themselves to nobody: no page, and no port but on this machine.
NOWHERE = "127.0.0.1:0"
LOCAL = {
    "distributed.scheduler.allowed-failures": MOST_DEATHS,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


@dataclass(frozen=True, slots=True)
class Workers:
    """Where the work is done, and by how many; ``memory`` bounds each process, as ``4GB``."""

    scheduler: str = PROCESSES
    count: int | None = None
    memory: str = MEMORY


@contextmanager
def cluster(workers: Workers) -> Iterator["Client"]:
    """Give a client of the workers; those of this machine go with the block.

    Raises
    ------
    SchedulerUnreachableError
        If nobody answers at the address.
    """
    # Asked for here: it is large, and most commands have no use for it.
    import dask
    from distributed import Client, LocalCluster, Security

    if "://" in workers.scheduler:
        try:
            with Client(workers.scheduler, timeout=PATIENCE, set_as_default=False) as client:
                yield client
        except OSError as error:
            raise SchedulerUnreachableError(
                f"No Dask scheduler answers at {workers.scheduler}.",
                cure="Start one, or use --scheduler processes.",
            ) from error
        return
    count = workers.count or os.cpu_count() or 1
    processes = workers.scheduler == PROCESSES
    options: dict[str, Any] = {
        "dashboard_address": NOWHERE, "worker_dashboard_address": NOWHERE,
        "silence_logs": logging.CRITICAL,
    }  # fmt: skip
    if processes:
        options |= {"n_workers": count, "threads_per_worker": 1, "memory_limit": workers.memory,
                    "security": Security.temporary(), "host": "127.0.0.1"}  # fmt: skip
    else:
        options |= {"n_workers": 1, "threads_per_worker": count, "memory_limit": 0}
    with (
        tempfile.TemporaryDirectory(prefix="wangge-workers-") as folder,
        dask.config.set(LOCAL),
        LocalCluster(processes=processes, local_directory=folder, **options) as local,
        Client(local, set_as_default=False) as client,
    ):
        yield client


def each_county(
    client: "Client",
    work: Callable[..., Any],
    tasks: Mapping[str, tuple[Any, ...]],
    done: Callable[[], object] = lambda: None,
) -> dict[str, Any]:
    """Do the same for each county, as the workers are free.

    Parameters
    ----------
    client
        Of the workers.
    work
        A function of a module.
    tasks
        County to the arguments, in the order in which they should begin.
    done
        Called after each.

    Returns
    -------
    dict
        County to what the work returned, or :class:`~api.counties.work.Failed`, by county.
    """
    results: dict[str, Any] = {}
    lost = _round(client, work, tasks, results, done)
    for county in lost:
        # One at a time: who only waited at a worker that died is done, who is to blame is known.
        if _round(client, work, {county: tasks[county]}, results, done):
            results[county] = Failed(
                "Each worker that took it was killed, or ran out of memory; a worker may take more "
                "with --worker-memory."
            )
            done()
    return dict(sorted(results.items()))


def _round(
    client: "Client",
    work: Callable[..., Any],
    tasks: Mapping[str, tuple[Any, ...]],
    results: dict[str, Any],
    done: Callable[[], object],
) -> list[str]:
    """Do tasks, add to the results, and return those that have cost too many workers."""
    from distributed import KilledWorker, as_completed

    futures = {
        client.submit(work, *arguments, pure=False, priority=-at): county
        for at, (county, arguments) in enumerate(tasks.items())
    }
    lost = []
    for future in as_completed(futures, loop=client.loop):
        try:
            results[futures[future]] = future.result()
            done()
        except KilledWorker:
            lost.append(futures[future])
        # Whatever is held by a worker counts there: it is let go at once.
        future.release()
    return lost
