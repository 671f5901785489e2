"""``wangge user``: who may sign in: added with a random password, listed, disabled."""

import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from api.accounts import disable_account, list_accounts, open_account
from api.auth import ROLES, Role
from api.commands.context import OPERATOR, Context
from api.db import session_scope
from api.errors import ApiError

app = typer.Typer(no_args_is_help=True, help="Who may sign in: add, list, disable.")

ROLES_ZH: Mapping[Role, str] = {
    "administrator": "管理员", "planner": "规划员", "leader": "领导", "party_officer": "党务",
    "grid_worker": "网格员", "auditor": "审计",
}  # fmt: skip


@contextmanager
def _session(context: typer.Context) -> Iterator[Session]:
    """Open a session on the chosen database; what the service would refuse is a wrong option."""
    given: Context = context.obj
    with session_scope(given.engine()) as session:
        try:
            yield session
        except ApiError as error:
            raise typer.BadParameter(f"{error.detail} {error.detail_zh}") from error


@app.command(epilog="Example: wangge user add wangfang --role planner")
def add(
    context: typer.Context,
    username: Annotated[str, typer.Argument(help="Letters, digits and . _ @ -")],
    *,
    role: Annotated[str, typer.Option(help=", ".join(ROLES))],
    area: Annotated[
        str | None, typer.Option(help="Code of the town or village that it ends at.")
    ] = None,
    grid: Annotated[str | None, typer.Option(help="Code of the grid that it ends at.")] = None,
    person: Annotated[
        str | None, typer.Option(help="Code of the person whose it is, for the worklist.")
    ] = None,
) -> None:
    """Add an account, or open a disabled one anew; its random password is printed once.

    Whoever imports is an administrator or a planner of the whole county. A party_officer and a
    grid_worker need an area or a grid.
    """
    if role not in ROLES:
        raise typer.BadParameter(f"“{role}” is no role; there are: {', '.join(ROLES)}.")
    with _session(context) as session:
        password = open_account(
            session, username, role, OPERATOR,
            area_code=area, grid_code=grid, person_code=person,
        )  # fmt: skip
    typer.echo(f"{username}  {password}")
    scope = grid or area
    where = (f"辖区 {scope}", f"of {scope}") if scope else ("全县", "of the whole county")
    typer.echo(
        f"{ROLES_ZH[role]}，{where[0]}；口令只显示这一次。"
        f" {role.replace('_', ' ')} {where[1]}; the password is shown this once.",
        err=True,
    )


@app.command("list", epilog="Example: wangge user list")
def list_command(context: typer.Context) -> None:
    """List the accounts: name, role, since when, where it ends, whose it is, whether disabled."""
    with _session(context) as session:
        accounts = list_accounts(session)
    width = max((_width(each.username) for each in accounts), default=0)
    for each in accounts:
        scope = each.grid_code or each.area_code or "全县 county"
        state = "停用 disabled" if each.disabled_at else "示例 sample" if each.is_sample else ""
        name = each.username + " " * (width - _width(each.username))
        since = f"{each.created_at:%Y-%m-%d}"
        whose = each.person_code or ""
        typer.echo(f"{name}  {each.role:<13}  {since}  {scope}  {whose}  {state}".rstrip())
    if not accounts:
        typer.echo(
            "还没有账号。There is no account yet: wangge user add NAME --role planner", err=True
        )


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@app.command(epilog="Example: wangge user disable wangfang")
def disable(
    context: typer.Context,
    username: Annotated[str, typer.Argument(help="As wangge user list shows it.")],
) -> None:
    """Disable an account, and end its sessions at once; what it did stays in the log."""
    with _session(context) as session:
        disable_account(session, username, OPERATOR)
    typer.echo(f"{username}：已停用。Disabled.", err=True)


def register(whole: typer.Typer) -> None:
    """Add the commands to the command line."""
    whole.add_typer(app, name="user")
