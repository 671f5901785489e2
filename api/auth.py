"""Accounts, passwords and sessions: who somebody is, and which rows he may see.

A password is kept as an Argon2id hash, a session as the SHA-256 of a random token: neither can
be used by someone who reads the database. Whoever has no account waits as long as whoever gives
a wrong password. Attempts are throttled by counting failures in the append-only log, which every
worker shares and no restart forgets.
"""

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row, delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from api import audit
from api.errors import NotAllowedError, NotSignedInError, ThrottledError
from layers.tables import account, finding, grid, login_session
from layers.vector import latest_check

Role = Literal["administrator", "planner", "leader", "party_officer", "grid_worker", "auditor"]
ROLES: tuple[Role, ...] = get_args(Role)
# Without an area, these see nothing instead of everything.
AREA_BOUND: frozenset[Role] = frozenset({"party_officer", "grid_worker"})
# Who may see single households (never a leader or an auditor: they get counts).
INDIVIDUAL: frozenset[Role] = frozenset(
    {"administrator", "planner", "party_officer", "grid_worker"}
)
# Who may see, in his area, who of them is a member, has a need, and is kept in contact with.
SENSITIVE: frozenset[Role] = frozenset({"administrator", "party_officer", "grid_worker"})
SENSITIVE_ONLY = (
    "Memberships, needs and contacts are shown to those who work with them: administrators, party "
    "officers and grid workers, each in their own area.",
    "党员、需求和联系情况只给管理员、党务和网格员看，各限于自己的辖区。",
)

THROTTLE_WINDOW = timedelta(minutes=15)
# Failures within the window before an address must wait: for one account, and for any.
ACCOUNT_FAILURES, ADDRESS_FAILURES = 5, 50

_hasher = PasswordHasher()
# 64 MiB a hash: two at once are enough for two cores, and a flood cannot exhaust the memory.
_hashing = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Reader:
    """Someone signed in.

    ``prefix`` is the code of the area he may see, empty for the whole county: codes are
    hierarchical, so what lies in an area begins with its code.
    """

    account_id: int
    username: str
    role: Role
    area_code: str | None
    grid_code: str | None = None

    @property
    def prefix(self) -> str:
        """The code that everything he may see begins with."""
        own = self.grid_code or self.area_code
        if own is None and self.role in AREA_BOUND:
            raise NotAllowedError("This account has no area.", "该账号没有指定辖区。")
        return own or ""

    @property
    def sees_households(self) -> bool:
        """Whether single households of his area are shown to him."""
        return self.role in INDIVIDUAL

    @property
    def sees_members(self) -> bool:
        """Whether memberships, needs and contacts of his area are shown to him."""
        return self.role in SENSITIVE

    def sees(self, code: str) -> bool:
        """Tell whether the area, grid, unit or household of this code lies in his area."""
        return code.startswith(self.prefix)


def hash_password(password: str) -> str:
    """Return an Argon2id hash (RFC 9106, low-memory profile)."""
    with _hashing:
        return _hasher.hash(password)


# Verified against where there is no such account, so that both answers take equally long.
_NOBODY = _hasher.hash(secrets.token_hex(16))


def is_password(password: str, password_hash: str | None) -> bool:
    """Check a password in the same time whether there is an account or not."""
    with _hashing:
        try:
            _hasher.verify(password_hash or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def _hash_token(token: str) -> str:
    # A random token of 256 bits needs no slow hash: there is nothing to guess from.
    return hashlib.sha256(token.encode()).hexdigest()


def _throttle(session: Session, username: str, address: str) -> None:
    # One attempt at a time for an account, or parallel guesses would all see the same count.
    session.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": username})
    counts = (
        (audit.failures(session, within=THROTTLE_WINDOW, account=username, address=address),
         ACCOUNT_FAILURES),
        (audit.failures(session, within=THROTTLE_WINDOW, account=None, address=address),
         ADDRESS_FAILURES),
    )  # fmt: skip
    if any(count >= limit for count, limit in counts):
        raise ThrottledError(int(THROTTLE_WINDOW.total_seconds()))


def sign_in(
    session: Session, username: str, password: str, address: str, lifetime: timedelta
) -> str | None:
    """Open a session for the right password.

    Parameters
    ----------
    session
        Committed by the caller, also after a failure: the failure is a line of the log.
    username, password
        As they were typed.
    address
        The client's network address, by which failures are counted.
    lifetime
        How long the session lasts, whatever happens in it.

    Returns
    -------
    str or None
        The token for the cookie; null if the account or the password is wrong.

    Raises
    ------
    ThrottledError
        After too many failures.
    """
    _throttle(session, username, address)
    row = session.execute(
        select(account.c.id, account.c.password_hash).where(
            account.c.username == username, account.c.disabled_at.is_(None)
        )
    ).one_or_none()
    where = {"address": address}
    if not is_password(password, row.password_hash if row else None) or row is None:
        audit.record(session, username, audit.SIGN_IN_FAILED, detail=where)
        return None
    token = secrets.token_urlsafe(32)
    session.execute(
        insert(login_session).values(
            token_hash=_hash_token(token),
            account_id=row.id,
            expires_at=func.now() + lifetime,
        )
    )
    audit.record(session, username, audit.SIGNED_IN, detail=where)
    return token


def sign_out(session: Session, reader: Reader, token: str) -> None:
    """End a session now."""
    session.execute(
        update(login_session)
        .where(login_session.c.token_hash == _hash_token(token))
        .values(revoked_at=func.now())
    )
    audit.record(session, reader.username, audit.SIGNED_OUT)


def find_reader(session: Session, token: str | None) -> Reader:
    """Return who holds a token.

    Raises
    ------
    NotSignedInError
        If there is no token, or its session has ended, or its account is disabled.
    """
    if not token:
        raise NotSignedInError
    row = session.execute(
        select(
            account.c.id, account.c.username, account.c.role, account.c.area_code,
            account.c.grid_code,
        )
        .join(login_session, login_session.c.account_id == account.c.id)
        .where(
            login_session.c.token_hash == _hash_token(token),
            login_session.c.expires_at > func.now(),
            login_session.c.revoked_at.is_(None),
            account.c.disabled_at.is_(None),
        )
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotSignedInError(
            "Your session has ended; please sign in again.", "登录已失效，请重新登录。"
        )
    return Reader(*row)


def create_account(
    session: Session,
    username: str,
    password: str,
    role: Role,
    *,
    area_code: str | None = None,
    grid_code: str | None = None,
    person_code: str | None = None,
    is_sample: bool = False,
) -> None:
    """Add an account; ``person_code`` is whose it is, for what is assigned to a person.

    Raises
    ------
    NotAllowedError
        If the role is bound to an area and none is given.
    """
    if role in AREA_BOUND and area_code is None:
        raise NotAllowedError(f"A {role} needs an area.", "该角色必须指定辖区。")
    session.execute(
        insert(account).values(
            username=username,
            password_hash=hash_password(password),
            role=role,
            area_code=area_code,
            grid_code=grid_code,
            person_code=person_code,
            is_sample=is_sample,
        )
    )


def create_demo_accounts(session: Session) -> list[tuple[Role, str, str, str]]:
    """Make one sample account a role, with a random password each; earlier ones are replaced.

    Returns
    -------
    list of (role, username, password, scope)
        ``scope`` is the code of the account's area: a village for the party officer, a grid for
        the grid worker, empty for the whole county.
    """
    sample = select(account.c.id).where(account.c.is_sample)
    session.execute(delete(login_session).where(login_session.c.account_id.in_(sample)))
    session.execute(delete(account).where(account.c.is_sample))
    first = _instructive_grid(session)
    made = []
    for role in ROLES:
        place: str | None = None
        own_grid: str | None = None
        if role in AREA_BOUND:
            if first is None:
                continue
            place = first.area_code
            own_grid = first.code if role == "grid_worker" else None
        username, password = role.replace("_", "-"), secrets.token_urlsafe(9)
        create_account(
            session, username, password, role,
            area_code=place, grid_code=own_grid, is_sample=True,
        )  # fmt: skip
        made.append((role, username, password, own_grid or place or ""))
    return made


def _instructive_grid(session: Session) -> Row[str, str] | None:
    """Return a grid and its village: where most households live in a gap, if there is one."""
    gap = [finding.c.check_id == latest_check(), finding.c.rule == "C101"]
    here = finding.c.area_code == grid.c.area_code
    lost = select(func.coalesce(func.max(finding.c.households), -1)).where(*gap, here)
    place = select(grid.c.code, grid.c.area_code)
    place = place.order_by(lost.scalar_subquery().desc(), grid.c.code)
    return session.execute(place.limit(1)).one_or_none()


def has_sample_accounts(session: Session) -> bool:
    """Tell whether a sample account could sign in."""
    active = select(account.c.id).where(account.c.is_sample, account.c.disabled_at.is_(None))
    return session.execute(active.limit(1)).first() is not None
