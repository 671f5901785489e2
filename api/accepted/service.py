"""The register: what a reader is told of it, and a finding accepted, changed, or taken back."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from api import audit
from api.accepted import store
from api.accepted.schemas import (
    AcceptedEntry,
    AcceptedFile,
    AcceptedItem,
    AcceptedList,
    NewDecision,
)
from api.auth import Reader, Role
from api.coverage.schemas import Decision, FindingArea
from api.coverage.store import AnyRow
from api.errors import ConflictError, NotAllowedError, NotFoundError, UnfitError
from api.maps.routes import scope_of

# Who redraws grids decides which faults stay.
DECIDERS: frozenset[Role] = frozenset({"administrator", "planner"})


def may_decide(reader: Reader, area_code: str | None, grids: Collection[str]) -> bool:
    """Tell whether a reader may accept a finding: all that it touches must be his.

    A fault on the border of two areas is shown to both, and decided by who plans for both.
    """
    touched = [*grids, *([area_code] if area_code else [])]
    return reader.role in DECIDERS and all(map(reader.sees, touched))


def listed(
    session: Session, reader: Reader, where: dict[str, str | None], limit: int, offset: int
) -> AcceptedList:
    """Return a page of the register of a reader's area."""
    scope = scope_of(reader)
    matched, rows = store.entries(session, scope, where, limit, offset)
    items = [_item(row, reader) for row in rows]
    return AcceptedList(
        numberMatched=matched, numberReturned=len(items), exceptions=items,
        counts=store.counts(session, scope),
    )  # fmt: skip


def as_file(session: Session, reader: Reader) -> AcceptedFile:
    """Return the exceptions in force as a file for ``wangge check --accepted``."""
    rows = store.in_force(session, None, scope_of(reader))
    return AcceptedFile(accepted=[AcceptedEntry(**row._mapping) for row in rows])


def decision_of(session: Session, reader: Reader, finding_id: str) -> Decision | None:
    """Return the last decision on a finding, whether it still holds or not."""
    row = store.last_decision(session, scope_of(reader), finding_id)
    if row is None:
        return None
    return Decision(
        reason=row.reason, accepted_by=row.accepted_by, accepted_at=row.accepted_at,
        until=row.until, ended_at=row.revoked_at, ended_by=row.revoked_by,
    )  # fmt: skip


def accept(session: Session, reader: Reader, finding_id: str, new: NewDecision) -> AcceptedItem:
    """Accept a finding, or say anew why and until when; nothing is written where nothing changes.

    Raises
    ------
    NotFoundError
        If there is no such finding, and no exception to it, in the reader's area.
    NotAllowedError
        If it touches what is not the reader's.
    UnfitError
        If its last day is past.
    """
    moment = store.take_turn(session, finding_id)
    found, before = _about(session, reader, finding_id)
    require_day(session, new.until)
    open_ = before if before is not None and before.revoked_at is None else None
    if found is None and open_ is None:
        raise _missing(finding_id)
    if open_ is None or (open_.reason, open_.until) != (new.reason, new.until):
        if open_ is not None:
            store.end(session, open_.id, reader.username, moment)
        store.decide(session, finding_id, reader.username, moment, new.reason, new.until)
        action = audit.EXCEPTION_CHANGED if open_ else audit.ACCEPTED
        log_decision(session, reader, finding_id, action, open_, new)
    return _entry(session, reader, finding_id)


def revoke(session: Session, reader: Reader, finding_id: str) -> AcceptedItem:
    """Take an exception back: its finding counts again.

    Raises
    ------
    NotFoundError
        If nobody accepted such a finding in the reader's area.
    NotAllowedError
        If it touches what is not the reader's.
    ConflictError
        If it was taken back already.
    """
    moment = store.take_turn(session, finding_id)
    _, before = _about(session, reader, finding_id)
    if before is None:
        raise NotFoundError("Nobody has accepted this.", "此问题没有登记为例外。")
    if before.revoked_at is not None:
        raise ConflictError(
            f"{before.revoked_by} has taken this exception back already.",
            f"{before.revoked_by} 已撤销此例外。",
        )
    store.end(session, before.id, reader.username, moment)
    log_decision(session, reader, finding_id, audit.EXCEPTION_REVOKED, before, None)
    return _entry(session, reader, finding_id)


def require_day(session: Session, until: date | None) -> None:
    """Refuse a last day that is past.

    Raises
    ------
    UnfitError
        If it is.
    """
    if until is not None and until < store.today(session):
        raise UnfitError(
            f"{until} is past: an exception ends today or later.",
            f"{until} 已经过去：有效期应为今天或以后。",
        )


def _about(
    session: Session, reader: Reader, finding_id: str
) -> tuple[AnyRow | None, AnyRow | None]:
    """Return a finding, null if gone, and the last decision on it, once he may decide."""
    scope = scope_of(reader)
    found = store.find_found(session, scope, finding_id)
    before = store.last_decision(session, scope, finding_id)
    touched = found or before
    if touched is None:
        raise _missing(finding_id)
    if not may_decide(reader, touched.area_code, touched.grids):
        raise NotAllowedError(
            "This reaches beyond your area: who plans for all of it decides.",
            "此问题超出您的辖区，由负责全部范围的规划员决定。",
        )
    return found, before


def _missing(finding_id: str) -> NotFoundError:
    return NotFoundError(f"There is no finding {finding_id}.", f"没有问题 {finding_id}。")


def log_decision(
    session: Session,
    reader: Reader,
    finding_id: str,
    action: str,
    before: AnyRow | None,
    new: NewDecision | None,
) -> None:
    """Write into the log what was decided on a finding, and what held before."""
    was = before and {"reason": before.reason, "until": before.until and str(before.until)}
    until, reason = (None, None) if new is None else (new.until and str(new.until), new.reason)
    audit.record(
        session, reader.username, action, target=f"finding {finding_id}", reason=reason,
        detail={"until": until, "before": was},
    )  # fmt: skip


def _entry(session: Session, reader: Reader, finding_id: str) -> AcceptedItem:
    _, rows = store.entries(session, scope_of(reader), {"id": finding_id}, 1, 0)
    return _item(rows[0], reader)


def _item(row: AnyRow, reader: Reader) -> AcceptedItem:
    values: dict[str, Any] = dict(row._mapping)
    may = may_decide(reader, row.area_code, [each["code"] for each in row.grids])
    decision = Decision(**{name: values.pop(name) for name in Decision.model_fields})
    area = FindingArea.out_of(values)
    point = (values.pop("lon"), values.pop("lat"))
    return AcceptedItem(**values, area=area, point=point, decision=decision, may_change=may)
