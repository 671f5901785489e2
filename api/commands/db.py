"""``wangge db``: the database up, down, migrated, reset; where it is and how it is."""

from typing import Annotated

import typer
from sqlalchemy import text

from api.commands.context import Context
from api.db import (
    cluster,
    database_url,
    drop_database,
    engine,
    is_at_head,
    is_embedded,
    migrate,
)

app = typer.Typer(no_args_is_help=True, help="The database: up, down, status, url, migrate, reset.")


@app.command(epilog="Example: wangge db up")
def up(context: typer.Context) -> None:
    """Start the embedded database, if it is not running, and migrate it."""
    given: Context = context.obj
    url = given.url()
    migrate(url)
    typer.echo(url.render_as_string())


@app.command(epilog="Example: wangge db down")
def down() -> None:
    """Stop the embedded database; nothing is lost."""
    if not is_embedded():
        raise typer.BadParameter("WANGGE_DATABASE_URL is set: that database is not ours to stop.")
    cluster().down()


@app.command(epilog="Example: wangge db status")
def status(context: typer.Context) -> None:
    """Say which database is used, whether it runs, and whether it is up to date."""
    given: Context = context.obj
    if is_embedded():
        home = cluster()
        running = home.is_running()
        typer.echo(f"embedded  {home.home}  {'running' if running else 'stopped'}")
        if not running:
            raise typer.Exit(3)
    url = given.url()
    with engine(url).connect() as connection:
        server = connection.execute(text("SHOW server_version")).scalar_one()
        size = connection.execute(
            text("SELECT pg_size_pretty(pg_database_size(current_database()))")
        ).scalar_one()
        state = "up to date" if is_at_head(connection) else "to be migrated: wangge db migrate"
    typer.echo(f"{url.render_as_string()}  PostgreSQL {server}  {size}  {state}")


@app.command("url", epilog='Example: psql "$(wangge db url)"')
def show_url(context: typer.Context) -> None:
    """Print the database's address, with its password, for other programs."""
    given: Context = context.obj
    plain = given.url().set(drivername="postgresql")
    typer.echo(plain.render_as_string(hide_password=False))


@app.command("migrate", epilog="Example: wangge db migrate")
def migrate_command(context: typer.Context) -> None:
    """Bring the tables up to date."""
    given: Context = context.obj
    migrate(given.url())


@app.command(epilog="Example: wangge --sample db reset --yes")
def reset(
    context: typer.Context,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Really delete everything in it.")] = False,
) -> None:
    """Delete the database and make it anew, empty."""
    given: Context = context.obj
    url = given.url()
    if not yes:
        raise typer.BadParameter(
            f"this deletes everything in {url.render_as_string()}; say --yes to do it."
        )
    drop_database(url)
    migrate(database_url(sample=given.sample))


def register(whole: typer.Typer) -> None:
    """Add the commands to the command line."""
    whole.add_typer(app, name="db")
