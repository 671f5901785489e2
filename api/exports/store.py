"""What is asked of the database for the page of exports."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.jobs.store import FIELDS, AnyRow
from layers.tables import coverage_version, job, metadata
from layers.transfer import Kind

MOST_VERSIONS = 200
KIND = "export"


def find_own(session: Session, number: UUID, username: str) -> AnyRow | None:
    """Return an export that an account has asked for; null if there is none."""
    own = job.c.id == number, job.c.kind == KIND, job.c.created_by == username
    return session.execute(select(*FIELDS).where(*own)).one_or_none()


def list_own(session: Session, username: str, limit: int) -> Sequence[AnyRow]:
    """Return an account's last exports, the newest first."""
    newest = job.c.created_at.desc(), job.c.id
    own = job.c.kind == KIND, job.c.created_by == username
    return session.execute(select(*FIELDS).where(*own).order_by(*newest).limit(limit)).all()


def has_unfinished(session: Session, username: str) -> bool:
    """Tell whether an account's last export is still being made.

    Two who ask at the same moment in the account's name are told one after the other.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"export {username}"))))
    own = job.c.kind == KIND, job.c.created_by == username
    unfinished = job.c.state.in_(("queued", "running"))
    return bool(session.scalar(select(func.count()).where(*own, unfinished)))


def list_versions(session: Session) -> Sequence[AnyRow]:
    """Return the coverage versions, the newest first."""
    version = coverage_version.c
    columns = select(version.id, version.title, version.valid_from.label("at"))
    return session.execute(columns.order_by(version.id.desc()).limit(MOST_VERSIONS)).all()


def is_empty(session: Session, kind: Kind) -> bool:
    """Tell whether there is no row of a kind."""
    found = select(metadata.tables[kind.table].c.code).limit(1)
    return session.execute(found).first() is None
