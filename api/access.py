"""Who may call a route, and which rows he gets: declared on the route, where a test reads it.

A route declares its roles and the reach of its answer:

- ``public``: no account is needed, and nothing of the county is in the answer;
- ``own``: about the reader himself;
- ``rows``: what lies outside the reader's area is left out of the answer;
- ``county``: the whole county, so refused to who has a smaller area;
- ``path``: the ``code`` in the path must lie in the reader's area, else 403.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.auth import ROLES, Reader, Role, find_reader
from api.db import session_scope
from api.errors import NotAllowedError

COOKIE = "wangge_session"
Reach = Literal["public", "own", "rows", "county", "path"]


async def database_session(request: Request) -> AsyncIterator[Session]:
    """Lend a request its session: committed when the handler returns, else rolled back.

    A session takes a connection when it is first used, which is in a thread; only its end, which
    waits for the database, is sent to one here. Each such hop costs as much as a warm tile.
    """
    scope = session_scope(request.app.state.engine)
    with_session = scope.__enter__()
    try:
        yield with_session
    except BaseException as error:
        await run_in_threadpool(scope.__exit__, type(error), error, error.__traceback__)
        raise
    await run_in_threadpool(scope.__exit__, None, None, None)


# "function": the commit comes before the answer, so that a failed one is never told as done.
Database = Annotated[Session, Depends(database_session, scope="function")]


@dataclass(frozen=True, slots=True)
class Access:
    """A route's declaration, and the dependency that enforces it.

    ``refusal`` is what a role that is not among them is told, in English and Chinese.
    """

    roles: frozenset[Role]
    reach: Reach
    refusal: tuple[str, str] = ("Your role may not do this.", "您的角色没有此项权限。")

    def __call__(self, request: Request, session: Database) -> Reader:
        """Return the reader, or refuse him.

        Raises
        ------
        NotSignedInError
            If nobody is signed in.
        NotAllowedError
            If it is not for this role, or the path's code is not in his area.
        """
        reader = find_reader(session, request.cookies.get(COOKIE))
        if reader.role not in self.roles:
            raise NotAllowedError(*self.refusal)
        if self.reach == "county" and reader.prefix:
            raise NotAllowedError("This is for the whole county.", "此操作涉及全县。")
        if self.reach == "path" and not reader.sees(request.path_params["code"]):
            raise NotAllowedError("This is not in your area.", "不在您的辖区之内。")
        return reader


@dataclass(frozen=True, slots=True)
class Public:
    """The declaration of a route that needs no account."""

    roles: frozenset[Role] = frozenset(ROLES)
    reach: Reach = "public"

    async def __call__(self) -> None:
        """Let everyone pass, without the cost of a thread."""


PUBLIC = Public()


def access(*roles: Role, reach: Reach, refusal: tuple[str, str] | None = None) -> Access:
    """Declare a route's roles (none named means all) and reach, and how others are refused."""
    told = () if refusal is None else (refusal,)
    return Access(frozenset(roles or ROLES), reach, *told)


def declared(route: Any) -> list[Access | Public]:  # noqa: ANN401 - any kind of route is asked
    """Return what a route declares; an empty list if nothing."""
    own = getattr(getattr(route, "app", None), "access", None)
    found: list[Access | Public] = [own] if isinstance(own, Access | Public) else []
    todo = [route.dependant] if hasattr(route, "dependant") else []
    while todo:
        dependant = todo.pop()
        if isinstance(dependant.call, Access | Public):
            found.append(dependant.call)
        todo += dependant.dependencies
    return found


EveryoneInArea = Annotated[Reader, Depends(access(reach="rows"))]
EveryoneAtPath = Annotated[Reader, Depends(access(reach="path"))]
Oneself = Annotated[Reader, Depends(access(reach="own"))]
