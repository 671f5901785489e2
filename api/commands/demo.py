"""``wangge demo``: from nothing to a checked county on a map; run again, it is ready in seconds."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from sqlalchemy import Engine, func, select

from api.auth import create_demo_accounts, has_sample_accounts
from api.commands.context import Context
from api.commands.serve import run_server
from api.coverage.service import run_check
from api.db import session_scope
from api.files import write_private
from api.maps.shapes import build_shapes
from api.sample.county import SEED, build_county
from api.sample.load import load_sample
from api.settings import settings
from layers.tables import coverage_check, setting

SIGN_IN_FILE = "demo-sign-in.txt"
Result = TypeVar("Result")


def demo(
    context: typer.Context,
    *,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Stop before serving: build and check only.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the service.")] = 8000,
    seed: Annotated[int, typer.Option(help="Another number makes another county.")] = SEED,
) -> None:
    """Build the sample county (合成数据), check it, and serve it on this machine.

    It has a database of its own; a real county's is never touched. What is there already is
    kept, and a run that was interrupted goes on where it stopped.
    """
    context.obj = Context(sample=True)
    with Console(stderr=True).status("网格 · wangge") as status:

        def step(words: str, work: Callable[[], Result]) -> Result:
            status.update(words)
            return work()

        engine = step("Starting PostGIS · 启动数据库", context.obj.engine)
        if sample_seed(engine) is None:
            county = step("Making the sample county · 生成示例县", lambda: build_county(seed))
            step("Loading it · 载入数据", lambda: load_sample(engine, county))
        elif sample_seed(engine) != seed:
            raise typer.BadParameter(
                f"the sample here was made with seed {sample_seed(engine)} and is kept; "
                "for another: wangge --sample db reset --yes"
            )
        if not is_checked(engine):
            step("Drawing its borders for every zoom · 综合边界", lambda: build_shapes(engine))
            step("Checking it · 检查覆盖", lambda: run_check(engine, "demo"))
        sign_in = sign_in_file(engine)
    summary = verdict(engine)
    size = f"{summary['grids']:,} grids, {summary['households']:,} households"
    result = f"{summary['errors']:,} errors, {summary['warnings']:,} warnings"
    typer.echo(f"Sample county (合成数据): {size}; {result}.")
    typer.echo(sign_in.read_text().rstrip())
    typer.echo(f"(kept in {sign_in})")
    if not no_serve:
        typer.echo(f"网格 · wangge is at http://127.0.0.1:{port} (Ctrl-C stops it)")
        run_server(context.obj, "127.0.0.1", port, settings().workers)


def sample_seed(engine: Engine) -> int | None:
    """Return the seed of the sample in a database; null where there is none."""
    with session_scope(engine) as session:
        found = session.scalar(select(setting.c.value).where(setting.c.key == "sample"))
    return None if found is None else int(found["seed"])


def is_checked(engine: Engine) -> bool:
    """Tell whether the sample was checked, which is the last step of building it."""
    with session_scope(engine) as session:
        return bool(session.scalar(select(func.count()).select_from(coverage_check)))


def verdict(engine: Engine) -> dict[str, int]:
    """Return the latest check's summary."""
    latest = select(coverage_check.c.summary).order_by(coverage_check.c.id.desc()).limit(1)
    with session_scope(engine) as session:
        summary: dict[str, int] = session.execute(latest).scalar_one()
    return summary


def sign_in_file(engine: Engine) -> Path:
    """Return the file of the sign-ins, one a role; made when it or the accounts are missing."""
    file = settings().data_dir / SIGN_IN_FILE
    with session_scope(engine) as session:
        if file.exists() and has_sample_accounts(session):
            return file
        accounts = create_demo_accounts(session)
    width = max(len(username) for _, username, *_ in accounts)
    lines = [
        f"  {username:<{width}}  {password}" + (f"  {scope}" if scope else "")
        for _, username, password, scope in accounts
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    write_private(file, "Sign in as · 登录\n" + "\n".join(lines) + "\n")
    return file


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog="Example: wangge demo --no-serve")(demo)
