"""``wangge worklist``: who is to put what right, as a workbook, a table, or pages to print."""

from datetime import date
from pathlib import Path
from typing import Annotated, cast

import typer

from api import audit
from api.commands.context import OPERATOR, Context
from api.commands.output import require_folder, working, write_whole
from api.coverage.store import Rows
from api.db import session_scope
from api.errors import ApiError
from api.settings import settings
from api.worklist.carry import FORMS, Taken, carried
from api.worklist.service import county_day
from api.worklist.store import Wanted, counts
from layers.tiles import Scope
from layers.transfer.errors import TransferError
from layers.transfer.writing import ending_of
from layers.worklist.lines import Lang, state_words
from layers.worklist.states import OVERDUE, STATES


def worklist(
    context: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="FILE.(xlsx|csv|json|pdf)")
    ] = None,
    *,
    area: Annotated[
        str | None, typer.Option(help="Code of a county, town, village or grid.")
    ] = None,
    state: Annotated[
        list[str] | None, typer.Option(help=f"Any of these: {' '.join(STATES)}. May be repeated.")
    ] = None,
    assignee: Annotated[
        str | None, typer.Option(help="Code of an area, with all in it, or of a person.")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="A rule's code, C101.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is overdue.")] = False,
    today: Annotated[str | None, typer.Option(help="The day to go by, 2026-01-31.")] = None,
    lang: Annotated[str | None, typer.Option(help="zh or en.")] = None,
) -> None:
    """Write the worklist: a row for each task, or as PDF a page for each village with work to do.

    Without -o it is told in numbers, town by town.
    """
    unknown = [each for each in state or () if each not in STATES]
    if unknown:
        raise typer.BadParameter(f"“{unknown[0]}” is no state; there are: {', '.join(STATES)}.")
    form = None if output is None else ending_of(output, [f".{each}" for each in FORMS])
    require_folder(output)
    wanted = Wanted(tuple(state or ()), area, assignee, overdue=overdue or None, rule=rule)
    words = cast("Lang", lang or settings().lang)
    scope = Scope(area or "", individual=True, sensitive=True)
    taken = Taken(scope, wanted, words, _day(today))
    given: Context = context.obj
    with session_scope(given.engine()) as session:
        if output is None or form is None:
            _tell(counts(session, scope, taken.today), words)
            return
        try:
            with working("Writing the worklist · 生成任务清单"):
                body = carried(session, taken, form.removeprefix("."))
            audit.record(session, OPERATOR, audit.TASKS_TAKEN, target=f"area {area or 'all'}",
                         detail={"form": form.removeprefix(".")})  # fmt: skip
        except ApiError as error:
            raise TransferError(error.detail, zh=error.detail_zh) from error
    write_whole(output, lambda path: path.write_bytes(body))
    typer.echo(f"{output}: {len(body) / 1e3:,.0f} kB", err=True)


def _day(told: str | None) -> date:
    try:
        return date.fromisoformat(told) if told else county_day()
    except ValueError:
        raise typer.BadParameter(f"“{told}” is no day; write it like 2026-01-31.") from None


def _tell(rows: Rows, lang: Lang) -> None:
    """Say how many tasks stand how, a town a line."""
    towns: dict[str, list[str]] = {}
    for row in rows:
        name = (row.name if lang == "zh" else row.name_en or row.name) or "—"
        said = towns.setdefault(name, [])
        said.append(f"{state_words(row.state, lang)} {row.n:,}")
        if row.overdue:
            said[-1] += f" ({OVERDUE[lang == 'en']} {row.overdue:,})"
    for name, said in towns.items():
        typer.echo(f"{name}: {', '.join(said)}")
    if not towns:
        typer.echo("没有任务。" if lang == "zh" else "There are no tasks.")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "worklist",
        epilog="Example: wangge worklist --area 990101101 -o 整改单.pdf",
    )(worklist)
