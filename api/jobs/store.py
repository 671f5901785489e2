"""What is asked of the table of jobs."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from layers.tables import job

AnyRow = Row[*tuple[Any, ...]]
FIELDS = (
    job.c.id, job.c.kind, job.c.state, job.c.progress, job.c.step, job.c.params, job.c.result,
    job.c.error, job.c.error_zh, job.c.created_by, job.c.created_at, job.c.started_at,
    job.c.finished_at,
)  # fmt: skip


def list_jobs(session: Session, kind: str | None, limit: int) -> Sequence[AnyRow]:
    """Return the latest jobs, the newest first."""
    statement = select(*FIELDS).order_by(job.c.created_at.desc(), job.c.id).limit(limit)
    if kind is not None:
        statement = statement.where(job.c.kind == kind)
    return session.execute(statement).all()


def find_job(session: Session, number: UUID) -> AnyRow | None:
    """Return one job; null if there is none."""
    return session.execute(select(*FIELDS).where(job.c.id == number)).one_or_none()


def cancel(session: Session, number: UUID) -> None:
    """Ask a job to end; one that waits ends at once, one at work at its next step."""
    session.execute(
        update(job)
        .where(job.c.id == number, job.c.state.in_(("queued", "running")))
        .values(cancel=True)
    )
    session.execute(
        update(job)
        .where(job.c.id == number, job.c.state == "queued")
        .values(state="cancelled", finished_at=func.now())
    )
