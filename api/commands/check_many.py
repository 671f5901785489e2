"""``wangge check`` of many counties: which, by whom, and what is said of those that failed."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api.commands.checking import Asked
from api.commands.context import Context
from api.commands.files import Request, read_boundary
from api.commands.output import Writing
from api.counties.cluster import PROCESSES, THREADS, Workers
from api.counties.service import check_counties
from api.counties.sources import County, in_database, in_folders

FOUND, UNUSABLE = 1, 2
# A worker takes 0.4 GB before it has a county: with too little it would never begin.
LEAST_GB, UNITS_GB = 1, {"M": 1e-3, "G": 1.0, "T": 1e3}
STEPS = {"check": "Counties · 各县", "borders": "Borders · 县界"}


@dataclass(frozen=True)
class Many:
    """How many counties are found and worked on; ``outline`` is a file of them all together."""

    field: str
    outline: Path | None
    workers: Workers


def check_many(
    context: Context,
    request: Request | None,
    day: date | None,
    asked: Asked,
    many: Many,
    writing: Writing,
) -> int:
    """Check the counties of a partitioned folder, or without a request those of the database.

    Returns
    -------
    int
        The exit status: 2 if a county could not be checked, whatever was found of the others.
    """
    _require_workers(many.workers)
    notes: list[str] = []
    if request is None:
        counties: list[County] = in_database(context, day)
    else:
        counties, notes = in_folders(request, many.field)
    outline = None
    if many.outline is not None:
        outline, said = read_boundary(many.outline, request or Request(Path()))
        notes += said
    with _progress() as progress:
        found = check_counties(
            counties, asked, many.workers, outline=outline, progress=progress,
            source="database" if request is None else request.grids.name,
        )  # fmt: skip
    for note in (*notes, *found.notes):
        typer.echo(f"wangge: {note}", err=True)
    writing.write(found.document, replace(found.outline, synthetic=context.sample))
    where = {each["county"]: each["source"] for each in found.document["counties"]}
    for code, why in found.failed.items():
        typer.echo(f"wangge: county {code} ({where[code]}): {why}", err=True)
    if found.failed:
        return UNUSABLE
    return FOUND if found.document["summary"]["errors"] else 0


def _require_workers(workers: Workers) -> None:
    if workers.scheduler not in (PROCESSES, THREADS) and "://" not in workers.scheduler:
        raise typer.BadParameter(
            f"--scheduler “{workers.scheduler}” is not known; there are {PROCESSES}, {THREADS}, "
            "or an address such as tcp://10.0.0.5:8786."
        )
    size = re.fullmatch(r"(\d+(?:\.\d+)?) ?([MGT])i?B", workers.memory)
    if size is None or float(size[1]) * UNITS_GB[size[2]] < LEAST_GB:
        raise typer.BadParameter(
            f"--worker-memory “{workers.memory}” is no size such as 4GB, or less than {LEAST_GB}GB."
        )


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], object]]:
    """Show how many counties are done, on a terminal alone."""
    if not sys.stderr.isatty():
        yield lambda _step, _done, _all: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bars:
        tasks = {step: bars.add_task(words, total=None) for step, words in STEPS.items()}
        yield lambda step, done, all_: bars.update(tasks[step], completed=done, total=all_)
