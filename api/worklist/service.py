"""What is done with tasks: given to somebody, their day set, reported fixed; each is logged.

::

    assigned ──report──▶ fixed ──check: gone──▶ verified
        ▲                  │                       │
        └── reopened ◀─────┴──check: found again───┘

A change locks its task's row and names the version that was seen, so that of two at once the
second is told, and nothing is lost.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from api import audit
from api.auth import Reader, Role
from api.coverage.store import AnyRow, Rows
from api.errors import ConflictError, InvalidRequestError, NotAllowedError, NotFoundError
from api.people.masking import mask_name
from api.worklist import assigning, store
from api.worklist.log import write_log
from api.worklist.schemas import (
    Assigned,
    Assignee,
    Assignment,
    Counts,
    Person,
    RuleCount,
    Skipped,
    StateCounts,
    Task,
    TownCounts,
)
from geo.findings import RULES
from layers.incidents import ZONE
from layers.tables import work_task
from layers.tiles import Scope
from layers.worklist.states import OPEN

# Who gives work out; and who, where it is his, says that it is done.
ASSIGNERS: tuple[Role, ...] = ("administrator", "planner", "leader")
REPORTERS: tuple[Role, ...] = (*ASSIGNERS, "party_officer", "grid_worker")
# A day further off than this is a slip of the keyboard.
LATEST = timedelta(days=3 * 366)
WORDS = {
    "assigned": ("to do", "待办"),
    "reopened": ("reopened", "退回重办"),
    "fixed": ("reported fixed already", "已报整改"),
    "verified": ("verified already", "已核查通过"),
    "accepted": ("an accepted exception", "已列为例外"),
}


def county_day() -> date:
    """Return today, in the county's zone."""
    return datetime.now(ZONE).date()


# -- read ----------------------------------------------------------------------------------------


def told(row: AnyRow, reader: Reader, person: str | None) -> dict[str, Any]:
    """Return a task's row in the shape of the schema.

    Parameters
    ----------
    row
        Of :func:`api.worklist.store.list_tasks`.
    person
        The code of the person that the reader is, where that is known.
    """
    said = row._mapping
    plain = ("id", "rule", "severity", "state", "overdue", "found", "reopened", "version", "note",
             "fixed_at", "fixed_by", "verified_at", "assigned_at", "assigned_by", "grids",
             "area_m2", "width_m", "length_m", "households", "message", "message_zh", "fix",
             "fix_zh")  # fmt: skip
    name = row.person_name if row.is_official else mask_name(row.person_name or "")
    place = {
        "code": row.area_code, "name": row.area_name or row.area_code,
        "name_en": row.area_name_en, "town_name": row.town_name,
        "town_name_en": row.town_name_en,
    }  # fmt: skip
    return {
        **{key: said[key] for key in plain},
        "finding": row.finding_id,
        "due": row.due_on,
        "assignee": Assignee(
            code=row.assignee_code, name=row.assignee_name, name_en=row.assignee_name_en,
            level=row.assignee_level,
        ),
        "person": row.person_code and Person(code=row.person_code, name=name),
        "area": place if row.area_code else None,
        "point": (row.lon, row.lat),
        "bbox": (row.west, row.south, row.east, row.north),
        "may_fix": row.state in OPEN and is_his(row, reader, person),
        "may_assign": row.state in OPEN and reader.role in ASSIGNERS,
    }  # fmt: skip


def is_his(row: AnyRow, reader: Reader, person: str | None) -> bool:
    """Tell whether a reader who sees a task may report it fixed.

    Who gives work out may, in his area; of the others whoever works in the area that it is
    assigned to, or over it. What is a person's is his, and his superiors'.
    """
    if reader.role not in REPORTERS:
        return False
    own, code = reader.prefix, row.assignee_code
    if reader.role in ASSIGNERS or code.startswith(own):
        return True
    if row.person_code is not None:
        return bool(row.person_code == person)
    return own.startswith(code)


def tasks(session: Session, reader: Reader, rows: Rows) -> list[Task]:
    """Return rows as tasks that say what the reader may do."""
    person = store.person_of(session, reader.account_id)
    return [Task(**told(row, reader, person)) for row in rows]


def counts(session: Session, scope: Scope, reader: Reader, today: date) -> Counts:
    """Return the worklist of the reader's area in numbers."""
    total, towns = StateCounts(), dict[str | None, TownCounts]()
    for row in store.counts(session, scope, today):
        town = towns.setdefault(
            row.code, TownCounts(code=row.code, name=row.name, name_en=row.name_en)
        )
        for each in (total, town):
            setattr(each, row.state, getattr(each, row.state) + row.n)
            each.overdue += row.overdue
    left = [
        RuleCount(
            rule=row.rule, name=RULES[row.rule].name, name_zh=RULES[row.rule].name_zh, n=row.n
        )
        for row in store.unassigned(session, scope)
    ]
    may = reader.role in ASSIGNERS
    return Counts(
        today=today, total=total, towns=list(towns.values()), unassigned=left, may_assign=may
    )


# -- change --------------------------------------------------------------------------------------


def assign(session: Session, scope: Scope, asked: Assignment, account: str) -> Assigned:
    """Give findings to somebody until a day; each that nobody gets is told with the reason.

    Raises
    ------
    InvalidRequestError
        If the day has passed, or is years away.
    """
    _require_day(asked.due)
    ids = asked.findings
    if ids is None:
        ids = assigning.unassigned_ids(session, scope, asked.rule, asked.area)
    target = assigning.Target(asked.to, asked.assignee, asked.person)
    # What is asked for as a whole takes nothing from anybody; what is named may be given on.
    todo = assigning.sort_out(session, scope, ids, target, again=asked.findings is not None)
    made = assigning.make_tasks(session, todo.new, asked.person, asked.due, account)
    given = assigning.give_on(session, todo.again, asked.person, asked.due, account)
    todo.skipped |= {each: "taken" for each in todo.new if each not in made}
    if made or given:
        audit.record(
            session, account, audit.TASKS_ASSIGNED,
            target=asked.rule or asked.area or f"{len(ids)} findings",
            detail={
                "assigned": len(made), "reassigned": given,
                "to": asked.to or asked.assignee or asked.person, "due": asked.due.isoformat(),
            },
        )  # fmt: skip
    skipped = [
        Skipped(finding=each, reason=assigning.REASONS[why][0], reason_zh=assigning.REASONS[why][1])
        for each, why in todo.skipped.items()
    ]
    return Assigned(assigned=len(made), reassigned=given, skipped=skipped)


def set_due(
    session: Session, scope: Scope, number: int, due: date, version: int, account: str
) -> None:
    """Set a task's day.

    Raises
    ------
    NotFoundError, ConflictError
        As :func:`_changeable`.
    InvalidRequestError
        If the day has passed, or is years away.
    """
    _require_day(due)
    row = _changeable(session, scope, number, version)
    _change(session, row, "due", account, {"due_on": due})
    detail = {"from": row.due_on.isoformat(), "to": due.isoformat()}
    audit.record(session, account, audit.TASK_DUE, target=f"task {number}", detail=detail)


def report_fixed(
    session: Session, scope: Scope, number: int, note: str, version: int, reader: Reader
) -> None:
    """Report that a task's finding was put right; the next check verifies it.

    Raises
    ------
    NotFoundError, ConflictError
        As :func:`_changeable`.
    NotAllowedError
        If it is not the reader's.
    """
    row = _changeable(session, scope, number, version)
    if not is_his(row, reader, store.person_of(session, reader.account_id)):
        raise NotAllowedError(
            "This task is somebody else's: he, or who is over him, reports it.",
            "此项交由他人办理，应由本人或其上级报告整改。",
        )
    note = note.strip()
    values = {"state": "fixed", "fixed_at": func.now(), "fixed_by": reader.username,
              "note": note or None}  # fmt: skip
    _change(session, row, "fixed", reader.username, values, note or None)
    audit.record(session, reader.username, audit.TASK_FIXED, target=f"task {number}")


def _changeable(session: Session, scope: Scope, number: int, version: int) -> AnyRow:
    """Lock a task that the reader sees, as he saw it, and that somebody is still to do.

    Raises
    ------
    NotFoundError
        If there is none for him.
    ConflictError
        If it has changed since, or is no longer to be done.
    """
    row = store.lock_task(session, scope, number)
    if row is None:
        raise NotFoundError(f"There is no task {number}.", f"没有第 {number} 号任务。")
    state = "accepted" if row.accepted and row.state != "verified" else row.state
    if state not in OPEN:
        en, zh = WORDS[state]
        raise ConflictError(f"Task {number} is {en}.", f"第 {number} 号任务{zh}。")
    if row.version != version:
        raise ConflictError(
            "Somebody has changed this task since you saw it: look at it again.",
            "此项刚被他人改动，请刷新后再试。",
        )
    return row


def _change(
    session: Session, row: AnyRow, change: str, account: str, values: dict[str, Any],
    note: str | None = None,
) -> None:  # fmt: skip
    changed = session.execute(
        update(work_task)
        .where(work_task.c.id == row.id)
        .values(**values, version=work_task.c.version + 1)
        .returning(work_task)
    ).all()
    write_log(session, changed, change, account, before={row.id: row.state}, note=note)


def _require_day(due: date) -> None:
    today = county_day()
    if due < today:
        raise InvalidRequestError(f"The day {due} has passed.", f"期限 {due} 已过。")
    if due > today + LATEST:
        raise InvalidRequestError(f"The day {due} is too far away.", f"期限 {due} 太远。")
