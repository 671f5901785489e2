"""Accounts as an operator keeps them: opened with a random password, listed, disabled."""

import re
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from api import audit
from api.auth import AREA_BOUND, Role, create_account, hash_password
from api.errors import ConflictError, InvalidRequestError, NotFoundError
from layers.tables import account, area, grid, login_session, person

AnyRow = Row[*tuple[Any, ...]]
# What can be typed again without doubt: letters of any script, digits, and . _ @ -
NAME = re.compile(r"[\w.@-]{1,100}")
PASSWORD_BYTES = 12


def open_account(
    session: Session,
    username: str,
    role: Role,
    created_by: str,
    *,
    area_code: str | None = None,
    grid_code: str | None = None,
    person_code: str | None = None,
) -> str:
    """Add an account, or open a disabled one anew; earlier sign-ins stay ended.

    Parameters
    ----------
    username
        Letters, digits and ``. _ @ -``.
    area_code, grid_code
        The area or grid that the account ends at; the whole county without. A grid's village is
        its area.
    person_code
        Whose account it is: what is assigned to that person is then its own.

    Returns
    -------
    str
        A random password, which is kept nowhere.

    Raises
    ------
    InvalidRequestError
        If the name cannot be one, or the role needs an area and none is given.
    NotFoundError
        If there is no such area, grid or person.
    ConflictError
        If the account is there and active.
    """
    if not NAME.fullmatch(username):
        raise InvalidRequestError(
            f"“{username}” cannot be a name: letters, digits and . _ @ - alone.",
            f"“{username}”不能作用户名：只用文字、数字和 . _ @ -。",
        )
    area_code, grid_code = _scope(session, role, area_code, grid_code)
    if person_code and not session.scalar(
        select(person.c.code).where(person.c.code == person_code)
    ):
        raise NotFoundError(f"There is no person {person_code}.", f"没有人员 {person_code}。")
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    found = session.execute(
        select(account.c.id, account.c.disabled_at).where(account.c.username == username)
    ).one_or_none()
    if found is None:
        create_account(
            session, username, password, role,
            area_code=area_code, grid_code=grid_code, person_code=person_code,
        )  # fmt: skip
    elif found.disabled_at is None:
        raise ConflictError(
            f"There is an account {username}; for a new password: disable it, then add it again.",
            f"账号 {username} 已存在；要换新口令，请先停用再添加。",
        )
    else:
        session.execute(
            update(account)
            .where(account.c.id == found.id)
            .values(
                password_hash=hash_password(password), role=role, area_code=area_code,
                grid_code=grid_code, person_code=person_code, is_sample=False, disabled_at=None,
            )
        )  # fmt: skip
    audit.record(session, created_by, audit.ACCOUNT_OPENED, target=username, detail={"role": role})
    return password


def _scope(
    session: Session, role: Role, area_code: str | None, grid_code: str | None
) -> tuple[str | None, str | None]:
    """Return the codes of area and grid, both known to the county."""
    if grid_code is not None:
        village = session.scalar(select(grid.c.area_code).where(grid.c.code == grid_code))
        if village is None:
            raise NotFoundError(f"There is no grid {grid_code}.", f"没有网格 {grid_code}。")
        return village, grid_code
    if area_code is None:
        if role in AREA_BOUND:
            raise InvalidRequestError(
                f"A {role} answers for a part of the county: say which with --area or --grid.",
                "该角色只管一部分：用 --area 或 --grid 指明辖区。",
            )
        return None, None
    if session.scalar(select(area.c.code).where(area.c.code == area_code)) is None:
        raise NotFoundError(f"There is no area {area_code}.", f"没有区划 {area_code}。")
    return area_code, None


def list_accounts(session: Session) -> Sequence[AnyRow]:
    """Return every account: name, role, where it ends, whose it is, when made and disabled."""
    fields = account.c
    return session.execute(
        select(
            fields.username, fields.role, fields.area_code, fields.grid_code,
            fields.person_code, fields.is_sample, fields.created_at, fields.disabled_at,
        ).order_by(fields.disabled_at.is_not(None), fields.username)
    ).all()  # fmt: skip


def disable_account(session: Session, username: str, created_by: str) -> None:
    """Let nobody in by an account any more, and end what is open; it can be added again.

    Raises
    ------
    NotFoundError
        If there is no such account, or none that is active.
    """
    number = session.scalar(
        update(account)
        .where(account.c.username == username, account.c.disabled_at.is_(None))
        .values(disabled_at=func.now())
        .returning(account.c.id)
    )
    if number is None:
        raise NotFoundError(
            f"There is no active account {username}.", f"没有启用的账号 {username}。"
        )
    session.execute(
        update(login_session)
        .where(login_session.c.account_id == number, login_session.c.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )
    audit.record(session, created_by, audit.ACCOUNT_DISABLED, target=username)


def is_anyone_active(session: Session) -> bool:
    """Tell whether anybody could sign in."""
    active = select(account.c.id).where(account.c.disabled_at.is_(None))
    return session.execute(active.limit(1)).first() is not None
