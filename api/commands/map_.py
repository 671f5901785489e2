"""``wangge map``: a finished map of an area, as one HTML file or as a picture."""

from pathlib import Path
from typing import Annotated, cast

import typer
from sqlalchemy import select

from api.commands.context import OPERATOR, Context
from api.commands.output import write_whole
from api.db import session_scope
from api.errors import ApiError
from api.finished.frame import Order
from api.finished.service import MEDIA, SUBJECTS, Format, finished_map
from api.incidents.service import BANDWIDTH_M, Selection
from api.incidents.store import wanted
from api.settings import settings
from layers.map_style import Language
from layers.tables import area
from layers.tiles import Scope
from layers.transfer.errors import TransferError


def draw_map(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=" ".join(SUBJECTS))],
    output: Annotated[Path, typer.Option("--output", "-o", help="FILE.(html|png)")],
    *,
    code: Annotated[
        str | None, typer.Option("--area", help="Code of a county, town or village; else all.")
    ] = None,
    lang: Annotated[str | None, typer.Option(help="zh or en.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="First day of the incidents, 2026-01-01.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="Last day, included.")] = None,
    bandwidth: Annotated[
        float, typer.Option(help="Of the density of incidents, metres.")
    ] = BANDWIDTH_M,
    reveal: Annotated[
        str | None, typer.Option(help="Why addresses are to be in clear; it is logged.")
    ] = None,
) -> None:
    """Draw a map to keep: HTML opens anywhere with no network, PNG has legend, date and scale."""
    given: Context = context.obj
    form = output.suffix.lower().removeprefix(".")
    if form not in MEDIA:
        raise TransferError(
            f"“{output.name}” does not say in which format.",
            cure=f"End its name in {' or '.join(f'.{each}' for each in MEDIA)}.",
        )
    with session_scope(given.engine()) as session:
        county = select(area.c.code).where(area.c.level == "county")
        place = code or session.scalar(county) or ""
        order = Order(
            place, Scope(place, individual=True, sensitive=True),
            cast("Language", lang or settings().lang), account=OPERATOR,
            masked=not (reveal and reveal.strip()), reason=reveal,
            options=Selection(wanted(session, {"from": from_, "to": to}), bandwidth),
        )  # fmt: skip
        try:
            body = finished_map(session, name, order, cast("Format", form))
        except ApiError as error:
            raise TransferError(error.detail) from error
    write_whole(output, lambda path: path.write_bytes(body))
    typer.echo(f"{output}: {len(body) / 1e6:,.1f} MB")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("map", epilog="Example: wangge map coverage --area 990101101001 -o 网格.html")(
        draw_map
    )
