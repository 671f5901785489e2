"""The worker: one a database, it does the queued jobs one after another.

It holds a lock of the database for as long as it lives. Whoever gets that lock knows that nobody
else is at work, so every job that still "runs" was interrupted, and is begun again, once.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any
from uuid import UUID

import procrastinate
from procrastinate.jobs import Status
from sqlalchemy import Connection, Engine, RowMapping, case, func, select, text, update
from sqlalchemy.exc import InterfaceError, OperationalError

from api.errors import BusyError, details_of
from api.exports import files
from api.imports import uploads
from api.jobs.kinds import KINDS
from api.jobs.queue import TASK, deliver
from api.maps.shapes import refresh_shapes
from api.postgis import DatabaseUnreachableError
from layers.tables import job

log = logging.getLogger("wangge")

# The advisory lock of the worker; any fixed number that is ours.
WORKER_LOCK = 0x776F726B
MOST_ATTEMPTS = 2
TOLD_EVERY_S = 0.3
LOOKED_EVERY_S = 2.0
TIDIED_EVERY_S = 3600.0
# For so long a job waits for another import or check: somebody's own, or what is left of a killed
# one. And for so long the queue may be out of reach.
PATIENCE_S, OUT_OF_REACH_S = 600.0, 5.0
GONE = (OperationalError, InterfaceError)
INTERRUPTED = (
    "The work was interrupted twice; nothing is half-done. Try again, then tell the administrator.",
    "任务两次被中断，没有留下半成品。请重试，仍有问题请告知管理员。",
)


class JobCancelledError(Exception):
    """Somebody asked for the job to end."""


class Worker:
    """Does queued jobs until it is stopped.

    Parameters
    ----------
    engine
        Of a migrated database.
    lost
        Called, from any thread, when the database has gone away: a process that is nothing but a
        worker ends there. Without it the worker stops when it can.
    """

    def __init__(self, engine: Engine, lost: Callable[[], object] | None = None) -> None:
        self.engine = engine
        self._stop = threading.Event()
        self._lost = lost or self.stop
        self._look_at = self._tidy_at = 0.0

    def stop(self) -> None:
        """Let the worker end after the job in hand; from any thread."""
        self._stop.set()

    def run(self) -> None:
        """Wait for the lock, put interrupted work back in the queue, and work.

        Raises
        ------
        OperationalError, DatabaseUnreachableError
            If the database goes away.
        """
        with self.engine.connect() as lock, _reaching():
            if self._take(lock):
                recover(self.engine)
                refresh_shapes(self.engine)
                asyncio.run(self._work(lock))

    def _take(self, lock: Connection) -> bool:
        """Hold the lock for as long as the connection lives; false if stopped while waiting."""
        while not self._stop.is_set():
            taken = lock.scalar(select(func.pg_try_advisory_lock(WORKER_LOCK)))
            lock.commit()
            if taken:
                return True
            self._stop.wait(LOOKED_EVERY_S)
        return False

    async def _work(self, lock: Connection) -> None:
        app = _app(self.engine)
        app.task(name=TASK)(self._do)
        async with app.open_async():
            delivery = asyncio.create_task(
                app.run_worker_async(
                    install_signal_handlers=False, delete_jobs="always", listen_notify=True
                )
            )
            try:
                while not (self._stop.is_set() or delivery.done()):
                    await asyncio.to_thread(self._look_after, lock)
                    await asyncio.wait([delivery], timeout=0.2)
            finally:
                delivery.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await delivery

    def _look_after(self, lock: Connection) -> None:
        now = time.monotonic()
        if now > self._look_at:
            self._look_at = now + LOOKED_EVERY_S
            self._hold(lock)
        if now > self._tidy_at:
            self._tidy_at = now + TIDIED_EVERY_S
            uploads.purge(kept=_wanted_uploads(self.engine))
            files.purge()

    def _hold(self, lock: Connection) -> None:
        # A lock is lost with its connection, silently, and another worker may have it by now.
        try:
            lock.execute(select(1))
            lock.commit()
        except GONE:
            self._lost()
            raise

    def _do(self, job: str) -> None:
        try:
            run_job(self.engine, UUID(job))
        except GONE:
            # The row stays as it is: whoever works next begins the job again.
            log.warning("the database went away during job %s; it will be begun again", job)
            self._lost()


@contextlib.contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except procrastinate.exceptions.ConnectorException as error:
        raise DatabaseUnreachableError(
            "The queue of jobs does not answer.", "See: wangge db status"
        ) from error


def _app(engine: Engine) -> procrastinate.App:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=url, min_size=1, max_size=4, timeout=OUT_OF_REACH_S
        )
    )


def recover(engine: Engine) -> None:
    """Put every interrupted job in the queue again, before those that have waited.

    The caller holds the worker's lock. If what is left of a dead worker is still committing, its
    row is waited for.
    """
    with engine.begin() as connection:
        # What was made last is done, however often its worker died.
        spent = (job.c.attempts >= MOST_ATTEMPTS) & job.c.result.is_(None)
        connection.execute(
            update(job)
            .where(job.c.state == "running")
            .values(
                state=case((spent, "failed"), else_="queued"),
                error=case((spent, INTERRUPTED[0])),
                error_zh=case((spent, INTERRUPTED[1])),
                finished_at=case((spent, func.now())),
                progress=0,
                step="",
            )
        )
        unfinished = select(job.c.id).where(job.c.state == "queued").order_by(job.c.created_at)
        numbers = connection.scalars(unfinished).all()
    # Read after the rows: whatever is asked for meanwhile is delivered by whoever asks.
    delivered = asyncio.run(_clear_queue(engine))
    with engine.begin() as connection:
        for number in numbers:
            if number not in delivered:
                deliver(connection, number, again=True)


async def _clear_queue(engine: Engine) -> set[UUID]:
    """Take out of the queue what a dead worker had in hand; return what still waits there."""
    app = _app(engine)
    async with app.open_async():
        held = list(await app.job_manager.list_jobs_async(task=TASK))
        for each in held:
            if each.id is not None and each.status != Status.TODO.value:
                await app.job_manager.finish_job_by_id_async(
                    each.id, Status.FAILED, delete_job=True
                )
    return {UUID(str(each.task_kwargs["job"])) for each in held if each.status == Status.TODO.value}


def run_job(engine: Engine, number: UUID) -> None:
    """Do one job, and write what came of it into its row.

    Raises
    ------
    OperationalError, InterfaceError
        If the database goes away; the row then still says that it runs.
    """
    row = _begin(engine, number)
    if row is None:
        return
    try:
        result = row["result"]
        if result is None:  # else its worker died after the work was made last
            result = _patiently(engine, number, row)
        _end(engine, number, "done", result=result)
    except JobCancelledError:
        _end(engine, number, "cancelled")
    except Exception as error:
        status, detail, detail_zh = details_of(error)
        if isinstance(error, GONE) and status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.exception("job %s (%s) failed", number, row["kind"])
        _end(engine, number, "failed", error=detail, error_zh=detail_zh)


def _patiently(engine: Engine, number: UUID, row: RowMapping) -> dict[str, Any]:
    """Do a job's work, after whoever is at the same work already."""
    progress = _Progress(engine, number)
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return KINDS[row["kind"]](
                engine,
                row["params"],
                row["created_by"],
                progress,
                lambda connection, result: _settle(connection, number, result=result),
            )
        except BusyError:
            if time.monotonic() > until:
                raise
            progress(0.0, "waiting")
            time.sleep(TOLD_EVERY_S)


def _end(engine: Engine, number: UUID, state: str, **values: object) -> None:
    """Write how a job ended; one that was made last is done, whatever failed after that."""
    with engine.begin() as connection:
        made = connection.scalar(select(job.c.result).where(job.c.id == number))
        if made is not None and state != "done":
            state, values = "done", {}
        if state == "done":
            values |= {"progress": 1.0, "step": ""}
        _settle(connection, number, **values, state=state, finished_at=text("clock_timestamp()"))


def _settle(connection: Connection, number: UUID, **values: object) -> None:
    connection.execute(update(job).where(job.c.id == number).values(**values))


def _wanted_uploads(engine: Engine) -> set[UUID]:
    """Return the uploads that jobs are still to read."""
    unfinished = job.c.state.in_(("queued", "running")), job.c.kind == "import"
    with engine.connect() as connection:
        named = connection.scalars(select(job.c.params["upload"].astext).where(*unfinished))
        return {UUID(each) for each in named if each}


def _begin(engine: Engine, number: UUID) -> RowMapping | None:
    """Mark a job as begun; null if it is finished, or was cancelled while it waited."""
    with engine.begin() as connection:
        waits = job.c.id == number, job.c.state == "queued"
        connection.execute(
            update(job)
            .where(*waits, job.c.cancel)
            .values(state="cancelled", finished_at=func.now())
        )
        begun = (
            update(job)
            .where(*waits)
            .values(state="running", started_at=func.now(), attempts=job.c.attempts + 1)
            .returning(job.c.kind, job.c.params, job.c.created_by, job.c.result)
        )
        return connection.execute(begun).mappings().one_or_none()


class _Progress:
    """Tells a job's row how far it is, not too often, and ends the work if that is asked for."""

    def __init__(self, engine: Engine, number: UUID) -> None:
        self.engine, self.number = engine, number
        self.told_at = 0.0
        self.step: str | None = None

    def __call__(self, share: float, step: str) -> None:
        now = time.monotonic()
        if step == self.step and now - self.told_at < TOLD_EVERY_S:
            return
        self.told_at, self.step = now, step
        with self.engine.begin() as connection:
            cancel = connection.execute(
                update(job)
                .where(job.c.id == self.number, job.c.state == "running")
                .values(progress=min(max(share, 0.0), 1.0), step=step)
                # What is made last already cannot be called off.
                .returning(job.c.cancel & job.c.result.is_(None))
            ).scalar()
        if cancel:
            raise JobCancelledError
