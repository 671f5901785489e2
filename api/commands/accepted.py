"""``wangge accepted``: the county's register of exceptions, as ``check --accepted`` reads it."""

from pathlib import Path
from typing import Annotated

import typer

from api.accepted.schemas import AcceptedEntry, AcceptedFile
from api.accepted.store import in_force
from api.commands.context import Context, day_of
from api.commands.output import require_folder, write_whole


def accepted(
    context: typer.Context,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A JSON file; else it is printed.")
    ] = None,
    today: Annotated[str | None, typer.Option(help="The day to go by, as 2026-01-31.")] = None,
) -> None:
    """Write the exceptions that hold: which finding, why, who says so, until when."""
    require_folder(output)
    given: Context = context.obj
    day = day_of(today)
    with given.engine().connect() as connection:
        rows = in_force(connection, day, None)
    register = AcceptedFile(accepted=[AcceptedEntry(**row._mapping) for row in rows])
    words = register.model_dump_json(indent=1) + "\n"
    if output is None:
        typer.echo(words, nl=False)
        return
    write_whole(output, lambda path: path.write_text(words, encoding="utf-8"))
    typer.echo(f"{len(rows):,} 项例外 · exceptions → {output}", err=True)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog="Example: wangge accepted -o accepted.json")(accepted)
