"""Queries of the register: its rows within a reader's scope, and a decision made or ended."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    DateTime,
    FromClause,
    Select,
    Subquery,
    Text,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by, distinct_on
from sqlalchemy.orm import Session

from api.coverage.store import AnyRow, Rows, described
from api.worklist.store import among
from layers.exceptions import day_of, holds_on, is_accepted
from layers.tables import accepted_finding, finding
from layers.tiles import Scope
from layers.vector import findings_in_scope, latest_check

# What is kept of a finding beside its id.
SAID = ("rule", "severity", "grids", "area_code", "area_m2", "households", "point", "message",
        "message_zh")  # fmt: skip

# The advisory lock that all who decide share, and who decides on many has alone.
REGISTER_LOCK = 0x61636370


def _last() -> Subquery:
    """Select the last decision on each finding that was ever accepted, ended or not."""
    held = accepted_finding.c
    rows = select(accepted_finding).ext(distinct_on(held.finding_id))
    return rows.order_by(held.finding_id, held.id.desc()).subquery("last")


def _is_found(last: FromClause) -> ColumnElement[bool]:
    """Tell whether the latest check has the finding."""
    there = [finding.c.check_id == latest_check(), finding.c.id == last.c.finding_id]
    return exists().where(*there)


def _state(last: FromClause) -> ColumnElement[str]:
    """Tell the state of a last decision.

    What the latest check no longer finds is gone, whatever its last day: nothing is to be renewed.
    """
    return case(
        (last.c.revoked_at.is_not(None), "revoked"),
        (~_is_found(last), "gone"),
        (~holds_on(last.c.until, day_of(func.now())), "expired"),
        else_="in_force",
    )


def _earlier(last: FromClause) -> ColumnElement[Any]:
    """Gather the decisions before the last one, as JSON."""
    past = accepted_finding.alias("past")
    one = func.jsonb_build_object(
        "reason", past.c.reason, "accepted_by", past.c.accepted_by,
        "accepted_at", past.c.accepted_at, "until", past.c.until,
        "ended_at", past.c.revoked_at, "ended_by", past.c.revoked_by,
    )  # fmt: skip
    before = [past.c.finding_id == last.c.finding_id, past.c.id < last.c.id]
    rows = select(func.jsonb_agg(aggregate_order_by(one, past.c.id.desc()))).where(*before)
    return func.coalesce(rows.scalar_subquery(), literal([], JSONB))


def _entries(scope: Scope) -> Select[*tuple[Any, ...]]:
    last = _last()
    return described(last, scope).add_columns(
        last.c.finding_id.label("id"), _state(last).label("state"),
        _is_found(last).label("found"), last.c.reason, last.c.accepted_by, last.c.accepted_at,
        last.c.until, last.c.revoked_at.label("ended_at"), last.c.revoked_by.label("ended_by"),
        _earlier(last).label("earlier"),
    )  # fmt: skip


def counts(session: Session, scope: Scope) -> dict[str, int]:
    """Count a reader's exceptions by state."""
    last = _last()
    rows = select(_state(last).label("state"), func.count()).select_from(last)
    return dict(session.execute(rows.where(findings_in_scope(scope, last)).group_by("state")).all())


# What somebody should look at stands first; then what ends first.
_ORDER = {"expired": 0, "in_force": 1, "gone": 2, "revoked": 3}


def entries(
    session: Session, scope: Scope, where: Mapping[str, str | None], limit: int, offset: int
) -> tuple[int, Rows]:
    """Return how many exceptions match and one page of them.

    Parameters
    ----------
    where
        ``state``, ``rule`` and ``id`` equal, ``area_code`` begins; null for any.
    """
    entry = _entries(scope).subquery("entry")
    statement = select(entry)
    for key in ("state", "rule", "id"):
        if (wanted := where.get(key)) is not None:
            statement = statement.where(entry.c[key] == wanted)
    if area := where.get("area_code"):
        statement = statement.where(func.starts_with(entry.c.area_code, area))
    matched = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    order = (
        case(_ORDER, value=entry.c.state), entry.c.until.nulls_last(),
        entry.c.accepted_at.desc(), entry.c.id,
    )  # fmt: skip
    return matched, session.execute(statement.order_by(*order).limit(limit).offset(offset)).all()


def in_force(session: Session | Connection, day: dt.date | None, scope: Scope | None) -> Rows:
    """Return the decisions that hold on a day: by id, rule and area, with their words.

    Parameters
    ----------
    day
        Null: the county's today.
    scope
        Those that a reader is told of; null: all, as the operator has them.
    """
    held = accepted_finding.c
    on = day_of(func.now()) if day is None else literal(day, Date)
    statement = select(
        held.finding_id.label("id"), held.rule, held.area_code.label("area"), held.until,
        held.reason, held.accepted_by, held.accepted_at, held.message, held.message_zh,
    ).where(held.revoked_at.is_(None), holds_on(held.until, on))  # fmt: skip
    if scope is not None:
        statement = statement.where(findings_in_scope(scope, accepted_finding))
    return session.execute(statement.order_by(held.finding_id)).all()


def today(session: Session) -> dt.date:
    """Return the county's day."""
    day: dt.date = session.execute(select(day_of(func.now()))).scalar_one()
    return day


def take_turn(session: Session, finding_id: str) -> dt.datetime:
    """Wait until nobody else decides on a finding, and return the moment.

    The moment is the clock's, not the transaction's: decisions then follow on each other.
    """
    key = func.hashtextextended(f"accepted {finding_id}", 0)
    session.execute(select(func.pg_advisory_xact_lock_shared(REGISTER_LOCK)))
    session.execute(select(func.pg_advisory_xact_lock(key)))
    return _moment(session)


def take_all_turns(session: Session) -> dt.datetime:
    """Wait until nobody else decides on any finding, and return the moment.

    One lock for all: a thousand would fill the database's table of locks.
    """
    session.execute(select(func.pg_advisory_xact_lock(REGISTER_LOCK)))
    return _moment(session)


def _moment(session: Session) -> dt.datetime:
    moment: dt.datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return moment


def last_decision(session: Session, scope: Scope, finding_id: str) -> AnyRow | None:
    """Return the last decision on a finding; null if there is none that the reader is told of."""
    last = _last()
    mine = [last.c.finding_id == finding_id, findings_in_scope(scope, last)]
    return session.execute(select(last).where(*mine)).one_or_none()


def find_found(session: Session, scope: Scope, finding_id: str) -> AnyRow | None:
    """Return a finding of the latest check as it is stored; null if the reader is told of none."""
    columns = (finding.c[name] for name in SAID)
    mine = [finding.c.check_id == latest_check(), finding.c.id == finding_id]
    return session.execute(
        select(*columns).where(*mine, findings_in_scope(scope))
    ).one_or_none()  # fmt: skip


def find_many(
    session: Session, scope: Scope, ids: Sequence[str] | None, rule: str | None, within: str | None
) -> Rows:
    """Return findings of the latest check that the reader is told of, the gravest first.

    Parameters
    ----------
    ids
        These, accepted or not; null: all that stand of the rule, of the area, or of both.
    """
    columns = (finding.c.id, finding.c.area_code, finding.c.grids, is_accepted().label("accepted"))
    where = [finding.c.check_id == latest_check(), findings_in_scope(scope)]
    where.append(~is_accepted() if ids is None else among(finding.c.id, ids))
    if rule is not None:
        where.append(finding.c.rule == rule)
    if within is not None:
        where.append(findings_in_scope(replace(scope, prefix=within)))
    return session.execute(select(*columns).where(*where).order_by(finding.c.position)).all()


def open_decisions(session: Session, ids: Sequence[str], scope: Scope | None = None) -> Rows:
    """Return the decisions on findings that nobody has ended, past their day or not."""
    held = accepted_finding.c
    where = [among(held.finding_id, ids), held.revoked_at.is_(None)]
    if scope is not None:
        where.append(findings_in_scope(scope, accepted_finding))
    return session.execute(select(accepted_finding).where(*where)).all()


def end_many(session: Session, ids: Sequence[str], account: str, moment: dt.datetime) -> None:
    """End what is open of the decisions on findings."""
    held = accepted_finding.c
    session.execute(
        update(accepted_finding)
        .where(among(held.finding_id, ids), held.revoked_at.is_(None))
        .values(revoked_at=moment, revoked_by=account)
    )


def decide_many(
    session: Session, ids: Sequence[str], account: str, moment: dt.datetime, reason: str,
    until: dt.date | None,
) -> None:  # fmt: skip
    """Write a decision on each of some findings of the latest check, with what they say."""
    made = _made(account, moment, reason, until) | {"finding_id": finding.c.id}
    rows = select(*(finding.c[name] for name in SAID), *made.values()).where(
        finding.c.check_id == latest_check(), among(finding.c.id, ids)
    )
    session.execute(
        insert(accepted_finding).from_select([*SAID, *made], rows.order_by(finding.c.position))
    )


def _made(
    account: str, moment: dt.datetime, reason: str, until: dt.date | None
) -> dict[str, ColumnElement[Any]]:
    return {
        "reason": literal(reason, Text), "accepted_by": literal(account, Text),
        "until": literal(until, Date), "accepted_at": literal(moment, DateTime(timezone=True)),
    }  # fmt: skip


def end(session: Session, decision: int, account: str, moment: dt.datetime) -> None:
    """End a decision: it was revoked, or another follows."""
    session.execute(
        update(accepted_finding)
        .where(accepted_finding.c.id == decision)
        .values(revoked_at=moment, revoked_by=account)
    )


def decide(
    session: Session,
    finding_id: str,
    account: str,
    moment: dt.datetime,
    reason: str,
    until: dt.date | None,
) -> None:
    """Write a decision, with what the finding says; where it is gone, with what it last said."""
    made = _made(account, moment, reason, until) | {"finding_id": literal(finding_id, Text)}
    found = finding.alias("found")
    now = [found.c.check_id == latest_check(), found.c.id == finding_id]
    kept = accepted_finding.alias("kept")
    newest = select(func.max(kept.c.id)).where(kept.c.finding_id == finding_id).scalar_subquery()
    before = accepted_finding.alias("before")
    is_there = session.scalar(select(exists().where(*now)))
    source, which = (found, now) if is_there else (before, [before.c.id == newest])
    rows = select(*(source.c[name] for name in SAID), *made.values()).where(*which)
    session.execute(insert(accepted_finding).from_select([*SAID, *made], rows))
