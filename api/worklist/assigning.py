"""Whose a finding becomes: its town's, its village's, an area's or a person's; or why nobody's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Table,
    Text,
    case,
    func,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from api.coverage.store import AnyRow
from api.worklist.log import write_log
from api.worklist.store import among, is_unassigned, posts
from layers.exceptions import is_accepted
from layers.tables import area, finding, work_task
from layers.tables.worklist import KEPT
from layers.tiles import Scope
from layers.vector import findings_in_scope, latest_check
from layers.worklist.states import OPEN, tasks_in_scope

Level = Literal["town", "village"]


@dataclass(frozen=True, slots=True)
class Target:
    """To whom: each finding's own ``level``, one ``area`` by its code, or a ``person`` by his."""

    level: Level | None = None
    area: str | None = None
    person: str | None = None


# Why a finding gets nobody: English, Chinese.
REASONS: Mapping[str, tuple[str, str]] = {
    "none": (
        "It is no finding of the latest check in your area.",
        "最近一次核查在您的辖区没有这个问题。",
    ),
    "accepted": ("It is an accepted exception.", "已列为例外。"),
    "fixed": (
        "It is reported fixed: the next check decides.",
        "已报整改，由下次核查认定。",
    ),
    "elsewhere": (
        "Whoever it was to be assigned to does not answer for the place, or is not in your area.",
        "拟交办的对象不负责该处，或不在您的辖区。",
    ),
    "taken": ("Somebody has just assigned it.", "刚刚已由他人交办。"),
}


def assignee_of(of: Table, target: Target, scope: Scope) -> ColumnElement[Any]:
    """Select the code of the area that a row of ``of`` goes to; null where it fits nobody.

    ``of`` keeps what findings say. What goes to a person is his village's beside.
    """
    home = func.coalesce(of.c.area_code, of.c.grids[1])
    level = target.level or "village"
    around = select(area.c.code).where(
        area.c.level == level, func.starts_with(home, area.c.code), scope.within(area.c.code)
    )
    own = around.limit(1).scalar_subquery()
    if target.area is not None:
        there = Scope(target.area, individual=True, sensitive=True)
        is_place = select(area.c.code).where(
            area.c.code == target.area, area.c.level != "county", scope.within(area.c.code)
        )
        return case((findings_in_scope(there, of), is_place.scalar_subquery()), else_=null())
    if target.person is None:
        return own
    held = posts()
    here = or_(func.starts_with(held.c.code, of.c.area_code), held.c.code == func.any(of.c.grids))
    serves = select(held.c.code).where(held.c.person_code == target.person, here)
    return case((serves.exists(), own), else_=null())


def unassigned_ids(
    session: Session, scope: Scope, rule: str | None, within: str | None
) -> list[str]:
    """Return the findings of a rule, of an area, or of both that nobody is to put right yet."""
    where = [is_unassigned(), findings_in_scope(scope)]
    if rule is not None:
        where.append(finding.c.rule == rule)
    if within is not None:
        there = Scope(within, scope.individual, scope.sensitive)
        where.append(findings_in_scope(there))
    rows = select(finding.c.id).where(*where).order_by(finding.c.position)
    return list(session.scalars(rows))


@dataclass(slots=True)
class Sorted:
    """What is to be done with some findings: a task made, a task given on, or nothing and why."""

    new: dict[str, str]
    again: dict[int, str]
    skipped: dict[str, str]


def sort_out(
    session: Session, scope: Scope, ids: Sequence[str], target: Target, *, again: bool
) -> Sorted:
    """Say what is to be done with each finding; the tasks there are stay locked.

    Parameters
    ----------
    again
        Whether what somebody has already is to be given on.
    """
    own = work_task.c
    tasks = session.execute(
        select(
            own.id, own.finding_id, own.state, is_accepted(own.finding_id).label("accepted"),
            assignee_of(work_task, target, scope).label("assignee"),
        )
        .where(among(own.finding_id, ids), tasks_in_scope(scope))
        .order_by(own.id)
        .with_for_update(of=work_task)
    )  # fmt: skip
    held = {row.finding_id: row for row in tasks}
    rows = session.execute(
        select(
            finding.c.id, is_accepted().label("accepted"),
            assignee_of(finding, target, scope).label("assignee"),
        ).where(
            finding.c.check_id == latest_check(), findings_in_scope(scope), among(finding.c.id, ids)
        )
    )  # fmt: skip
    found = {row.id: row for row in rows}
    out = Sorted({}, {}, {})
    for each in dict.fromkeys(ids):
        task, row = held.get(each), found.get(each)
        why = _why(task, row)
        if why:
            out.skipped[each] = why
        elif task is not None and not again:
            out.skipped[each] = "taken"
        elif task is not None:
            out.again[task.id] = task.assignee
        elif row is not None:
            out.new[each] = row.assignee
    return out


def _why(task: AnyRow | None, row: AnyRow | None) -> str | None:
    """Return the key of the reason why a finding gets nobody; null where it gets somebody."""
    said = task if task is not None else row
    if said is None:
        return "none"
    if said.accepted:
        return "accepted"
    if task is not None and task.state not in OPEN:
        return "none" if task.state == "verified" else "fixed"
    return None if said.assignee else "elsewhere"


def pairs(codes: Mapping[str, str]) -> Any:  # noqa: ANN401 - a function's rows, as a table
    """Select keys and their assignees from two arrays: a county's findings are many parameters."""
    keys, values = literal(list(codes), ARRAY(Text)), literal(list(codes.values()), ARRAY(Text))
    return func.unnest(keys, values).table_valued("key", "assignee").render_derived(name="given")


def make_tasks(
    session: Session, new: Mapping[str, str], person: str | None, due: date, actor: str
) -> set[str]:
    """Make a task of each finding, by id to assignee; return those that got one.

    What somebody else has assigned in the meantime is left as he did.
    """
    if not new:
        return set()
    given = pairs(new)
    said = {name: finding.c[name] for name in KEPT}
    values = {
        "finding_id": finding.c.id, "state": literal("assigned"),
        "assignee_code": given.c.assignee, "person_code": literal(person),
        "due_on": literal(due), "assigned_by": literal(actor), **said,
    }  # fmt: skip
    rows = (
        select(*(value.label(name) for name, value in values.items()))
        .join(given, given.c.key == finding.c.id)
        .where(finding.c.check_id == latest_check())
    )
    made = session.execute(
        upsert(work_task)
        .from_select(list(values), rows.order_by(finding.c.position))
        .on_conflict_do_nothing(index_elements=["finding_id"])
        .returning(work_task)
    ).all()
    write_log(session, made, "assigned", actor, before=None)
    return {row.finding_id for row in made}


def give_on(
    session: Session, again: Mapping[int, str], person: str | None, due: date, actor: str
) -> int:
    """Give tasks, by number to assignee, to somebody else; return how many."""
    if not again:
        return 0
    own, given = work_task.c, pairs({str(number): code for number, code in again.items()})
    mine = own.id.cast(Text) == given.c.key
    before = dict(session.execute(select(own.id, own.state).join(given, mine)).all())
    changed = session.execute(
        update(work_task)
        .where(mine)
        .values(
            assignee_code=given.c.assignee, person_code=person, due_on=due,
            assigned_at=func.now(), assigned_by=actor, version=own.version + 1,
        )
        .returning(work_task)
    ).all()  # fmt: skip
    write_log(session, changed, "assigned", actor, before=before)
    return len(changed)
