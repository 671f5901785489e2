"""How a task stands: its states in words, which of them are open, and when one is overdue.

A task's own state is stored. That its finding is an accepted exception is the register's word
(:mod:`layers.exceptions`), which may run out: so it is asked each time, and never stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_

from layers.exceptions import is_accepted
from layers.tables import work_task
from layers.tiles import Scope
from layers.vector import findings_in_scope


@dataclass(frozen=True, slots=True)
class TaskState:
    """A state as it is shown: its words, and its symbol in :data:`layers.style.IMAGES`."""

    id: str
    zh: str
    en: str

    @property
    def image(self) -> str:
        """The state's symbol; its colour has the same name."""
        return f"task-{self.id}"


# In the order in which somebody has to act.
STATES: Mapping[str, TaskState] = {
    state.id: state
    for state in (
        TaskState("reopened", "退回重办", "Reopened"),
        TaskState("assigned", "待办", "To do"),
        TaskState("fixed", "已报整改，待核查", "Reported fixed, not yet checked"),
        TaskState("accepted", "列为例外", "Accepted exception"),
        TaskState("verified", "核查通过", "Verified"),
    )
}
OVERDUE = ("逾期", "Overdue")
# What somebody has still to put right.
OPEN = ("assigned", "reopened")


def shown_state() -> ColumnElement[str]:
    """Select how a task stands: its own state, or ``accepted`` while the exception holds."""
    own = work_task.c.state
    return case(
        (and_(own != "verified", is_accepted(work_task.c.finding_id)), "accepted"), else_=own
    )


def is_open() -> ColumnElement[bool]:
    """Pick tasks that somebody has still to do something about."""
    return and_(work_task.c.state.in_(OPEN), ~is_accepted(work_task.c.finding_id))


def is_overdue(today: date) -> ColumnElement[bool]:
    """Pick open tasks whose last day has passed."""
    return and_(work_task.c.due_on < today, is_open())


def urgency() -> ColumnElement[Any]:
    """Rank tasks by who has to act first: the states' own order."""
    return case({state: place for place, state in enumerate(STATES)}, value=shown_state())


def tasks_in_scope(scope: Scope) -> ColumnElement[bool]:
    """Pick tasks that a reader may be told of: those of findings that he may be told of."""
    return findings_in_scope(scope, work_task)


def is_with(code: str) -> ColumnElement[bool]:
    """Pick tasks that are an area's, or what lies in it, or a person's."""
    own = work_task.c
    return or_(own.person_code == code, own.assignee_code.startswith(code, autoescape=True))
