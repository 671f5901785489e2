"""Long work: a list, one job, and calling it off."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from api.access import Database, access
from api.auth import Reader
from api.errors import NOT_FOUND, PROBLEMS, NotFoundError
from api.jobs import store
from api.jobs.queue import enqueue
from api.jobs.schemas import Job, JobList

router = APIRouter(prefix="/api/jobs", tags=["jobs"], responses={**PROBLEMS})

# Long work is about the whole county, and so are those who ask for it.
Planner = Annotated[Reader, Depends(access("administrator", "planner", reach="county"))]
Number = Annotated[UUID, Path(alias="id", examples=["2f6f3f0e-6c35-4c6f-9a5e-0f3a9f5c2b11"])]


@router.get("", summary="The latest jobs")
def list_jobs(
    reader: Planner,
    session: Database,
    kind: Annotated[str | None, Query(examples=["import"])] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> JobList:
    """Return the latest jobs, the newest first."""
    rows = store.list_jobs(session, kind, limit)
    return JobList(jobs=[Job(**row._mapping) for row in rows])


@router.get("/{id}", summary="A job", responses={**NOT_FOUND})
def get_job(number: Number, reader: Planner, session: Database) -> Job:
    """Return how far a job is, and what came of it."""
    return find(session, number)


@router.post("/{id}/cancel", summary="Call a job off", responses={**NOT_FOUND})
def cancel_job(number: Number, reader: Planner, session: Database) -> Job:
    """Ask a job to end: at once if it waits, else at its next step; nothing is left half-done."""
    find(session, number)
    store.cancel(session, number)
    return find(session, number)


def ask(session: Database, kind: str, params: dict[str, Any], created_by: str) -> Job:
    """Put a job in the queue, and return it as it is told of."""
    return find(session, enqueue(session.connection(), kind, params, created_by))


def find(session: Database, number: UUID) -> Job:
    """Return a job.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    row = store.find_job(session, number)
    if row is None:
        raise NotFoundError(f"There is no job {number}.", f"没有任务 {number}。")
    return Job(**row._mapping)
