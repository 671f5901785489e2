"""The register of accepted exceptions: which findings are accepted, now or at some moment.

A row of the register is a decision: it holds from ``accepted_at`` until it is revoked or replaced
(``revoked_at``), and never after its last day, ``until``. Days are the county's.
"""

from typing import Any

from sqlalchemy import ColumnElement, Date, cast, exists, func, or_

from layers.incidents import ZONE
from layers.tables import accepted_finding, finding


def day_of(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the county's day at a moment."""
    return cast(func.timezone(str(ZONE), moment), Date)


def is_accepted(finding_id: ColumnElement[str] | None = None) -> ColumnElement[bool]:
    """Tell whether somebody accepted a finding, and that has neither run out nor been revoked.

    Parameters
    ----------
    finding_id
        The finding's id; null: of the row of ``finding`` that the statement selects from.
    """
    decision = accepted_finding.c
    return exists().where(
        decision.finding_id == (finding.c.id if finding_id is None else finding_id),
        decision.revoked_at.is_(None),
        holds_on(decision.until, day_of(func.now())),
    )


def was_accepted(moment: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether the row of ``finding`` was an accepted exception at a moment."""
    decision = accepted_finding.c
    return exists().where(
        decision.finding_id == finding.c.id,
        decision.accepted_at <= moment,
        or_(decision.revoked_at.is_(None), decision.revoked_at > moment),
        holds_on(decision.until, day_of(moment)),
    )


def holds_on(last: ColumnElement[Any], day: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether a decision's last day, null for none, has not passed on a day."""
    return or_(last.is_(None), last >= day)
