"""What a check says of the worklist: what is gone is verified, what is found again is reopened.

A check judges only what it could see: not a task of a rule that is off, and not one that was
reported fixed after the check had read the county; that is the next check's. A finding whose fault
was put right in part comes back under another name: its task follows it, for a fault that is half
there is not gone.

::

                 found again       gone
    assigned     -                 verified
    reopened     -                 verified
    fixed        reopened          verified
    verified     reopened          -
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Text, and_, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session

from api.coverage.store import AnyRow
from api.worklist.log import write_log
from api.worklist.store import among
from layers.tables import coverage_check, finding, work_task
from layers.tables.worklist import KEPT

# (state, whether its finding is found) to the state that follows; what is not here stays.
NEXT: Mapping[tuple[str, bool], str] = {
    ("assigned", False): "verified",
    ("reopened", False): "verified",
    ("fixed", False): "verified",
    ("fixed", True): "reopened",
    ("verified", True): "reopened",
}
# What touches within so many degrees (a centimetre) is in the same place.
SAME_PLACE = 1e-7


def settle(
    session: Session, check: int, started: dt.datetime, off: Collection[str], actor: str
) -> None:
    """Let a check that has just been stored, in the same transaction, judge every task.

    Parameters
    ----------
    check
        The check's number; its findings are stored.
    started
        When it began to read the county.
    off
        Codes of rules that it did not look for.
    actor
        Who asked for it.
    """
    own = work_task.c
    # In order, as everywhere: two who lock several never wait for each other.
    tasks = session.execute(
        select(own.id, own.finding_id, own.state, own.fixed_at)
        .where(own.rule.not_in(off))
        .order_by(own.id)
        .with_for_update()
    ).all()
    if not tasks:
        return
    found = _found(session, check)
    followed = _follow(
        session, check,
        [t for t in tasks if t.finding_id not in found and t.state != "verified"],
    )  # fmt: skip
    _keep_what_is_said(session, check)
    judged = {
        task: _next(task, task.finding_id in found or task.id in followed, started)
        for task in tasks
    }
    for state in ("verified", "reopened"):
        _move(session, [t for t, after in judged.items() if after == state], state, check, actor)
    stay = [task for task, after in judged.items() if after is None and task.id in followed]
    _tell(session, stay, check, actor)


def _next(task: AnyRow, is_found: bool, started: dt.datetime) -> str | None:
    if task.state == "fixed" and task.fixed_at > started:
        return None
    return NEXT.get((task.state, is_found))


def _found(session: Session, check: int) -> set[str]:
    """Return the names of tasks' findings that the check has found."""
    here = select(finding.c.id).join(work_task, work_task.c.finding_id == finding.c.id)
    return set(session.scalars(here.where(finding.c.check_id == check)))


def _follow(session: Session, check: int, gone: Sequence[AnyRow]) -> set[int]:
    """Let tasks follow their faults to findings that no earlier check had, where they were.

    Returns
    -------
    set of int
        The tasks that now are of another finding.
    """
    if not gone:
        return set()
    own, new, nobody = work_task.c, finding.c, literal([], ARRAY(Text))
    before = select(func.max(coverage_check.c.id)).where(coverage_check.c.id < check)
    earlier = finding.alias("earlier")
    is_known = exists().where(
        earlier.c.check_id == before.scalar_subquery(), earlier.c.id == new.id
    )
    other = work_task.alias("other")
    has_task = exists().where(other.c.finding_id == new.id)
    pairs = session.execute(
        select(own.id, new.id.label("heir"))
        .join(finding, func.ST_DWithin(new.geom, own.geom, SAME_PLACE))
        .where(
            among(own.id, [task.id for task in gone]), new.check_id == check, new.rule == own.rule,
            new.area_code.is_not_distinct_from(own.area_code), ~is_known, ~has_task,
            # What a neighbour lacks is not what was put right here, though the two touch.
            or_(new.grids.overlap(own.grids), and_(new.grids == nobody, own.grids == nobody)),
        )
        .order_by(own.id, new.area_m2.desc(), new.households.desc(), new.id)
    )  # fmt: skip
    heirs: dict[int, str] = {}
    for task, heir in pairs:
        if task not in heirs and heir not in heirs.values():
            heirs[task] = heir
    for task, heir in heirs.items():
        session.execute(update(work_task).where(own.id == task).values(finding_id=heir))
    return set(heirs)


def _keep_what_is_said(session: Session, check: int) -> None:
    """Keep what this check says of each finding: its measures change while its name stays."""
    session.execute(
        update(work_task)
        .where(finding.c.check_id == check, finding.c.id == work_task.c.finding_id)
        .values({name: finding.c[name] for name in KEPT})
    )


def _move(session: Session, tasks: Sequence[AnyRow], state: str, check: int, actor: str) -> None:
    values: dict[str, Any] = {"state": state, "version": work_task.c.version + 1}
    if state == "verified":
        values["verified_at"] = func.now()
    else:
        values |= {"reopened": work_task.c.reopened + 1, "verified_at": None}
    before = {task.id: task.state for task in tasks}
    moved = update(work_task).where(among(work_task.c.id, list(before))).values(values)
    rows = session.execute(moved.returning(work_task)).all()
    write_log(session, rows, state, actor, before=before, check=check)


def _tell(session: Session, tasks: Sequence[AnyRow], check: int, actor: str) -> None:
    """Write down which tasks have followed their faults, and are as they were."""
    before = {task.id: task.state for task in tasks}
    rows = session.execute(select(work_task).where(among(work_task.c.id, list(before)))).all()
    write_log(session, rows, "followed", actor, before=before, check=check)
