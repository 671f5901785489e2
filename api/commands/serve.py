"""``wangge serve``: the service on an address of this machine."""

import ipaddress
import multiprocessing
import os
import threading
from multiprocessing.process import BaseProcess
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from api import scratch
from api.accounts import is_anyone_active
from api.auth import has_sample_accounts
from api.commands.context import Context
from api.commands.work import worker_beside
from api.db import cluster, is_embedded, session_scope
from api.settings import settings

# A busy machine takes its time to begin a process; to kill it for that would only be repeated.
SLOW_START_S = 60


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_open_door(engine: Engine, host: str) -> None:
    """Refuse an address that others can reach while sample accounts could sign in.

    Raises
    ------
    typer.BadParameter
        Naming the cure.
    """
    if is_loopback(host):
        return
    with session_scope(engine) as session:
        if has_sample_accounts(session):
            raise typer.BadParameter(
                f"sample accounts are active, whose passwords lie in a file: {host} is refused. "
                "Disable them (wangge user disable NAME), or serve on 127.0.0.1."
            )


def tell_newcomer(engine: Engine) -> None:
    """Say how somebody gets in, where nobody can yet."""
    with session_scope(engine) as session:
        if not is_anyone_active(session):
            typer.echo(
                "还没有人能登录。Nobody can sign in yet: wangge user add NAME --role planner",
                err=True,
            )


def app_of_one_process() -> FastAPI:
    """Make the application in one of the service's processes, which ends with the first one.

    Otherwise processes of a service that was killed would go on answering, on its address.
    """
    from api.app import create_app  # here, for no other command needs all of it

    first = multiprocessing.parent_process()
    if first is not None:
        scratch.take()
        threading.Thread(target=_end_after, args=(first,), daemon=True).start()
    return create_app()


def _end_after(process: BaseProcess) -> None:
    process.join()
    os._exit(0)


def run_server(context: Context, host: str, port: int, workers: int) -> None:
    """Serve until interrupted."""
    engine = context.engine()
    refuse_open_door(engine, host)
    tell_newcomer(engine)
    # A worker is brought back after the database was; only this process knows how to do that.
    revive = cluster().up if is_embedded() else engine.dispose
    # A worker is a process of its own, which reads its settings again.
    os.environ["WANGGE_DATABASE_URL"] = engine.url.render_as_string(hide_password=False)
    settings.cache_clear()
    engine.dispose()
    typer.echo(f"http://{host}:{port}", err=True)
    with worker_beside(revive):
        uvicorn.run(
            "api.commands.serve:app_of_one_process",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_level="warning",
            timeout_worker_healthcheck=SLOW_START_S,
            # The version of the server is nobody's business.
            server_header=False,
        )


def serve(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes.")] = None,
) -> None:
    """Serve the county's map and its interfaces."""
    given = settings()
    run_server(context.obj, host or given.host, port or given.port, workers or given.workers)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog="Example: wangge serve --port 8080")(serve)
