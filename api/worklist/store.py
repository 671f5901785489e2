"""Queries of the worklist: tasks within a reader's scope, and what is not assigned yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Subquery,
    and_,
    any_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from api.coverage.store import AnyRow, Rows, described, shown_point, shown_shape
from geo.findings import SEVERITIES
from layers.exceptions import is_accepted
from layers.tables import (
    account,
    appointment,
    area,
    finding,
    party_branch,
    person,
    setting,
    work_task,
    work_task_log,
)
from layers.tiles import Scope
from layers.vector import findings_in_scope, is_mapped, latest_check
from layers.worklist.states import (
    is_open,
    is_overdue,
    is_with,
    shown_state,
    tasks_in_scope,
    urgency,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks are asked for; null, or empty, for any.

    Attributes
    ----------
    state
        As shown: ``accepted`` among them.
    area
        Code of an area or a grid, in which the finding lies.
    assignee
        Code of an area, with all in it, or of a person.
    due_before
        Tasks that are due on an earlier day.
    overdue
        Open ones whose day has passed.
    finding
        Of which finding.
    home
        Code of the village in which the finding lies, or whose task it is.
    number
        The task's own number.
    """

    state: tuple[str, ...] = ()
    area: str | None = None
    assignee: str | None = None
    due_before: date | None = None
    overdue: bool | None = None
    rule: str | None = None
    finding: str | None = None
    home: str | None = None
    number: int | None = None

    def where(self, scope: Scope, today: date) -> list[ColumnElement[bool]]:
        """Pick the tasks that a reader may see."""
        own = work_task.c
        picked = [tasks_in_scope(scope)]
        if self.state:
            picked.append(shown_state().in_(self.state))
        if self.area:
            picked.append(tasks_in_scope(replace(scope, prefix=self.area)))
        if self.assignee:
            picked.append(is_with(self.assignee))
        if self.home:
            picked.append(is_at_home(literal(self.home)))
        if self.due_before:
            picked.append(own.due_on < self.due_before)
        if self.overdue is not None:
            picked.append(is_overdue(today) if self.overdue else ~is_overdue(today))
        equal = ((own.rule, self.rule), (own.finding_id, self.finding), (own.id, self.number))
        return picked + [column == value for column, value in equal if value is not None]


def among(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Pick rows by one array, however long: each of a list would be a parameter of its own."""
    return column == any_(literal(list(values), ARRAY(column.type)))


# -- one task a row ------------------------------------------------------------------------------


def posts() -> Subquery:
    """Select who holds which office now: ``person_code``, ``role``, and ``code`` of the place."""
    held, branch = appointment.c, party_branch.c
    place = func.coalesce(
        held.unit_code, held.grid_code, held.area_code, branch.grid_code, branch.area_code
    )
    joined = appointment.outerjoin(party_branch, branch.code == held.branch_code)
    return (
        select(held.person_code, held.role, place.label("code"))
        .select_from(joined)
        .where(held.ends_on.is_(None))
        .subquery("posts")
    )


def _is_official(scope: Scope) -> ColumnElement[bool]:
    """Tell whether a task's person holds an office in the reader's area: those go by name."""
    held = posts()
    mine = func.starts_with(held.c.code, scope.prefix) if scope.prefix else true()
    return exists().where(held.c.person_code == work_task.c.person_code, mine)


def _items(scope: Scope, today: date) -> Select[*tuple[Any, ...]]:
    """Select tasks with all that their findings say, whose they are, and how they stand."""
    own, doer = work_task.c, area.alias("doer")
    shape = shown_shape(work_task, scope)
    found_now = exists().where(finding.c.check_id == latest_check(), finding.c.id == own.finding_id)
    kept = described(work_task, scope)
    joined = kept.outerjoin_from(kept.get_final_froms()[0], doer, doer.c.code == own.assignee_code)
    return joined.outerjoin(person, person.c.code == own.person_code).add_columns(
        own.id, own.finding_id, shown_state().label("state"),
        is_overdue(today).label("overdue"), found_now.label("found"), own.due_on, own.reopened,
        own.version, own.note, own.fixed_at, own.fixed_by, own.verified_at, own.assigned_at,
        own.assigned_by, own.assignee_code, doer.c.name.label("assignee_name"),
        doer.c.name_en.label("assignee_name_en"), doer.c.level.label("assignee_level"),
        own.person_code, person.c.name.label("person_name"),
        _is_official(scope).label("is_official"), own.width_m, own.length_m,
        func.ST_XMin(shape).label("west"), func.ST_YMin(shape).label("south"),
        func.ST_XMax(shape).label("east"), func.ST_YMax(shape).label("north"),
        own.fix, own.fix_zh,
    )  # fmt: skip


def list_tasks(
    session: Session, scope: Scope, wanted: Wanted, today: date,
    limit: int | None = None, offset: int = 0,
) -> tuple[int, Rows]:  # fmt: skip
    """Return how many tasks match and one page of them: who has to act first, then by their day."""
    where = wanted.where(scope, today)
    matched = session.scalar(select(func.count()).select_from(work_task).where(*where)) or 0
    order = (urgency(), work_task.c.due_on, work_task.c.id)
    page = _items(scope, today).where(*where).order_by(*order).limit(limit).offset(offset)
    return matched, session.execute(page).all()


def find_task(session: Session, scope: Scope, number: int, today: date) -> AnyRow | None:
    """Return a task with its shape as GeoJSON; null if there is none for the reader."""
    shape = func.ST_AsGeoJSON(shown_shape(work_task, scope), 15).label("geojson")
    statement = _items(scope, today).add_columns(shape)
    where = Wanted(number=number).where(scope, today)
    return session.execute(statement.where(*where)).one_or_none()


def lock_task(session: Session, scope: Scope, number: int) -> AnyRow | None:
    """Return a task that nobody else changes until this transaction ends; null if none is his."""
    accepted = is_accepted(work_task.c.finding_id).label("accepted")
    own = select(work_task, accepted).where(work_task.c.id == number, tasks_in_scope(scope))
    return session.execute(own.with_for_update(of=work_task)).one_or_none()


def places(session: Session, scope: Scope, wanted: Wanted, today: date, most: int) -> Rows:
    """Return where the tasks are that a map shows: number, finding, state, overdue, point."""
    own = work_task.c
    point = shown_point(work_task, scope)
    return session.execute(
        select(
            own.id, own.finding_id, own.rule, shown_state().label("state"),
            is_overdue(today).label("overdue"), func.ST_X(point).label("lon"),
            func.ST_Y(point).label("lat"),
        )
        .where(*wanted.where(scope, today), is_mapped(work_task))
        .order_by(urgency().desc(), own.due_on.desc(), own.id)
        .limit(most)
    ).all()  # fmt: skip


def log_of(session: Session, number: int) -> Rows:
    """Return a task's changes, the first first, with what the places are called."""
    line, doer = work_task_log.c, area.alias("doer")
    return session.execute(
        select(
            line.at, line.actor, line.change, line.from_state, line.to_state, line.due_on,
            line.assignee_code, doer.c.name.label("assignee_name"),
            doer.c.name_en.label("assignee_name_en"), doer.c.level.label("assignee_level"),
            line.person_code, line.finding_id, line.check_id, line.note,
        )
        .select_from(work_task_log.outerjoin(doer, doer.c.code == line.assignee_code))
        .where(line.task_id == number)
        .order_by(line.id)
    ).all()  # fmt: skip


# -- counts --------------------------------------------------------------------------------------


def counts(session: Session, scope: Scope, today: date) -> Rows:
    """Count the tasks of the reader's area by town and state, and how many are overdue."""
    own, town = work_task.c, area.alias("town")
    in_town = func.starts_with(own.area_code, town.c.code) & (town.c.level == "town")
    state = shown_state().label("state")
    return session.execute(
        select(
            town.c.code, town.c.name, town.c.name_en, state, func.count().label("n"),
            func.count().filter(is_overdue(today)).label("overdue"),
        )
        .select_from(work_task.outerjoin(town, in_town))
        .where(tasks_in_scope(scope))
        .group_by(town.c.code, town.c.name, town.c.name_en, state)
        .order_by(town.c.code)
    ).all()  # fmt: skip


def is_unassigned() -> ColumnElement[bool]:
    """Pick findings of the latest check that stand, and that nobody is to put right."""
    has_task = exists().where(work_task.c.finding_id == finding.c.id)
    return and_(finding.c.check_id == latest_check(), ~is_accepted(), ~has_task)


def unassigned(session: Session, scope: Scope) -> Rows:
    """Count what nobody is to put right yet, by rule: the gravest first, then the most."""
    n = func.count().label("n")
    rank = case({name: at for at, name in enumerate(SEVERITIES)}, value=finding.c.severity)
    return session.execute(
        select(finding.c.rule, n)
        .where(is_unassigned(), findings_in_scope(scope))
        .group_by(finding.c.rule)
        .order_by(func.min(rank), n.desc(), finding.c.rule)
    ).all()


def is_at_home(village: ColumnElement[str]) -> ColumnElement[bool]:
    """Pick tasks on a village's own page: what lies in it, and what is given to it."""
    own = work_task.c
    return or_(own.area_code == village, own.assignee_code == village)


def open_villages(session: Session, scope: Scope) -> list[str]:
    """Return the villages of the reader's area in which something is still to be done."""
    work = exists().where(is_at_home(area.c.code), is_open(), tasks_in_scope(scope))
    rows = select(area.c.code).where(area.c.level == "village", scope.around(area.c.code), work)
    return list(session.scalars(rows.order_by(area.c.code)))


# -- who -----------------------------------------------------------------------------------------


def person_of(session: Session, account_id: int) -> str | None:
    """Return the code of the person that an account is of, where that is known."""
    return session.scalar(select(account.c.person_code).where(account.c.id == account_id))


def officials_at(session: Session, row: AnyRow, scope: Scope) -> Rows:
    """Return who of the reader's area holds an office where a finding lies: with role and place."""
    held = posts()
    here = [held.c.code == code for code in row.grids] + [
        func.starts_with(held.c.code, code) for code in [row.area_code] if code
    ]
    return session.execute(
        select(person.c.code, person.c.name, held.c.role, held.c.code.label("place"))
        .join(held, held.c.person_code == person.c.code)
        .where(or_(*here) if here else ~true(), scope.within(held.c.code))
        .order_by(held.c.code, held.c.role, person.c.code)
    ).all()


def areas_around(session: Session, row: AnyRow, scope: Scope) -> Rows:
    """Return the town and the villages that a finding lies in and that are the reader's."""
    codes = [code for code in (row.area_code, *row.grids) if code]
    within = [func.starts_with(literal(code), area.c.code) for code in codes]
    return session.execute(
        select(area.c.code, area.c.name, area.c.name_en, area.c.level)
        .where(
            or_(*within) if within else ~true(), area.c.level != "county",
            scope.within(area.c.code),
        )
        .order_by(area.c.code)
    ).all()  # fmt: skip


def find_subject(session: Session, scope: Scope, name: str) -> AnyRow | None:
    """Return where a finding lies, of the latest check or of a task; null if none is the reader's.

    Returns
    -------
    row or None
        ``area_code`` and ``grids``.
    """
    found, own = finding.c, work_task.c
    stands = select(found.area_code, found.grids).where(
        found.check_id == latest_check(), found.id == name, findings_in_scope(scope)
    )
    kept = select(own.area_code, own.grids).where(own.finding_id == name, tasks_in_scope(scope))
    return session.execute(stands).one_or_none() or session.execute(kept).one_or_none()


def county(session: Session) -> AnyRow | None:
    """Return the county's names; null where there is none yet."""
    names = select(area.c.code, area.c.name, area.c.name_en).where(area.c.level == "county")
    return session.execute(names.limit(1)).one_or_none()


def is_synthetic(session: Session) -> bool:
    """Tell whether the county is made up."""
    said = session.scalar(select(setting.c.value).where(setting.c.key == "synthetic"))
    return bool(said)
