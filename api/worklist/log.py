"""The log of tasks, where each change is one line; the database refuses to change or remove one."""

from collections.abc import Mapping, Sequence

from sqlalchemy import insert
from sqlalchemy.orm import Session

from api.coverage.store import AnyRow
from layers.tables import work_task_log


def write_log(
    session: Session, tasks: Sequence[AnyRow], change: str, actor: str, *,
    before: Mapping[int, str] | None, check: int | None = None, note: str | None = None,
) -> None:  # fmt: skip
    """Write a change of tasks, as they are after it, into the log.

    Parameters
    ----------
    before
        Their states before, by number; null where there were none.
    """
    lines = [
        {
            "task_id": row.id, "actor": actor, "change": change,
            "from_state": None if before is None else before[row.id], "to_state": row.state,
            "assignee_code": row.assignee_code, "person_code": row.person_code,
            "due_on": row.due_on, "finding_id": row.finding_id, "check_id": check, "note": note,
        }
        for row in sorted(tasks, key=lambda row: row.id)
    ]  # fmt: skip
    if lines:
        session.execute(insert(work_task_log), lines)
