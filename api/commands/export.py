"""``wangge export``: a layer of the county's database as a file."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from api.commands.context import OPERATOR, Context
from api.exports import Outcome, Request, export_file
from api.settings import settings
from layers.transfer.outgoing import Lang


def export(
    context: typer.Context,
    layer: Annotated[
        str,
        typer.Argument(
            help="areas grids units households people branches members appointments links visits "
            "incidents reference:NAME network:NAME"
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="FILE.(gpkg|geojson|shp.zip|kml|kmz|parquet|csv|xlsx)"),
    ],
    *,
    area: Annotated[
        str | None, typer.Option(help="Code of a county, town, village or grid: what lies in it.")
    ] = None,
    crs: Annotated[
        str | None, typer.Option(help="EPSG code, GCJ-02 or BD-09; else EPSG:4326.")
    ] = None,
    version: Annotated[
        int | None, typer.Option(help="The layer as it was at this coverage version.")
    ] = None,
    lang: Annotated[
        str | None, typer.Option(help="Of headers and words: zh, en, or code (as stored).")
    ] = None,
    reveal: Annotated[
        str | None, typer.Option(help="Why personal data is to be in clear; it is logged.")
    ] = None,
) -> None:
    """Export a layer; personal data is masked unless a reason is given."""
    given: Context = context.obj
    request = Request(
        layer, area=area, version=version, crs=crs, reveal=reveal, account=OPERATOR,
        lang=cast("Lang", lang or settings().lang),
    )  # fmt: skip
    with _bar() as progress:
        outcome = export_file(given.engine(), request, output, progress)
    _tell(outcome)


@contextmanager
def _bar() -> Iterator[Callable[[float, str], None]]:
    """Show how far the work is, on a terminal alone."""
    if not sys.stderr.isatty():
        yield lambda _share, _step: None
        return
    parts = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*parts, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=1.0)
        yield lambda share, step: shown.update(task, completed=share, description=step)


def _tell(outcome: Outcome) -> None:
    for note in outcome.notes:
        typer.echo(f"wangge: {note.en}", err=True)
    rows, unlocated = outcome.counts["rows"], outcome.counts.get("unlocated", 0)
    parts = [f"{rows:,} 行 · rows"]
    parts += [f"{unlocated:,} 未定位 · without a shape"] if unlocated else []
    parts += [outcome.crs] if outcome.crs else []
    typer.echo(f"{outcome.kind} → {outcome.file}: {', '.join(parts)}.", err=True)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "export",
        epilog="Example: wangge export households --area 990101101001 --crs GCJ-02 -o 住户.xlsx",
    )(export)
