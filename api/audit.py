"""The append-only log of who did what, and the rule of thumb that a failed sign-in is in it too.

Nothing here reads the log for a reader's eyes; the database refuses to change or remove a line.
"""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.orm import Session

from layers.tables import audit_entry

SIGNED_IN = "signed in"
SIGN_IN_FAILED = "sign-in failed"
SIGNED_OUT = "signed out"
REVEALED = "revealed"
CHECKED = "checked the coverage"
RULES_CHANGED = "changed the rules"
ACCEPTED = "accepted an exception"
EXCEPTION_CHANGED = "changed an exception"
EXCEPTION_REVOKED = "revoked an exception"
IMPORTED = "imported"
UNDONE = "undid an import"
LOCATED = "located households"
EXPORTED = "exported"
MEMBERS_READ = "read the member map"
ASKED = "asked for an export"
TASKS_ASSIGNED = "assigned findings"
TASK_DUE = "set a task's day"
TASK_FIXED = "reported a task fixed"
TASKS_TAKEN = "took the worklist away"
ACCOUNT_OPENED = "opened an account"
ACCOUNT_DISABLED = "disabled an account"


def record(
    session: Session | Connection,
    account: str,
    action: str,
    *,
    target: str = "",
    reason: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Write one line of the log, in the caller's transaction.

    Parameters
    ----------
    session
        The line is there when this session commits, and only then.
    account
        The account's name as it was given, which for a failed sign-in may be nobody's.
    action
        One of this module's constants, or a command's own words.
    target
        What it was done to: a code, never a name or a number of a person.
    reason
        Why, in the actor's words, where a reason is asked for.
    """
    session.execute(
        insert(audit_entry).values(
            account=account,
            action=action,
            target=target,
            reason=reason,
            detail=dict(detail or {}),
        )
    )


def failures(session: Session, *, within: timedelta, account: str | None, address: str) -> int:
    """Count failed sign-ins from an address, for one account or for all of them.

    A success clears an account's count from that address.
    """
    entry = audit_entry.c
    here = [entry.detail["address"].astext == address, entry.at > func.now() - within]
    failed = [entry.action == SIGN_IN_FAILED, *here]
    if account is not None:
        last = select(func.max(entry.at)).where(
            entry.action == SIGNED_IN, entry.account == account, *here
        )
        since = func.coalesce(last.scalar_subquery(), func.now() - within)
        failed += [entry.account == account, entry.at > since]
    return session.scalar(select(func.count()).where(*failed)) or 0
