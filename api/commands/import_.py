"""``wangge import``: a file into the county's database, whole or not at all; and back out."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from api.commands.context import OPERATOR, Context
from api.commands.output import write_whole
from api.errors import ApiError, is_disk_full
from api.imports.service import Outcome, Request, run_import, undo_import
from api.imports.words import COUNTS, STATES, outcome_json
from api.jobs.queue import have_checked
from api.maps.shapes import refresh_shapes
from api.postgis import DatabaseUnreachableError
from layers.transfer import TransferError
from layers.transfer.mapping import parse_columns
from layers.transfer.rejects import Reject, write_rejects

FOUND = 1
SHOWN = 3
Result = TypeVar("Result")


def import_file(
    context: typer.Context,
    kind: Annotated[
        str | None,
        typer.Argument(
            help="areas grids units households people branches members appointments links visits "
            "incidents reference:NAME network:NAME"
        ),
    ] = None,
    file: Annotated[Path | None, typer.Argument(help="The file.")] = None,
    *,
    crs: Annotated[
        str | None, typer.Option(help="EPSG code, GCJ-02 or BD-09; needed where nothing says.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(help="field=COLUMN,… where a header is not known; field==VALUE for all rows."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(help="Import the good rows, and write the bad ones here, with reasons (CSV)."),
    ] = None,
    replace: Annotated[
        str | None,
        typer.Option(help="Code of an area: what the file has not is closed there."),
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Layer or sheet, if there are several.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the text: GBK, GB18030, …")] = None,
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Import though the shift test doubts the coordinates.")
    ] = False,
    outline: Annotated[
        Path | None, typer.Option("--map", help="Write what would change as GeoJSON.")
    ] = None,
    undo: Annotated[int | None, typer.Option(help="Take back the import of this number.")] = None,
    form: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> int:
    """Import a file as a new coverage version: all of it, or nothing."""
    given: Context = context.obj
    if undo is not None:
        return _undo(given, undo)
    if kind is None or file is None:
        raise typer.BadParameter("KIND and FILE are needed, or --undo IMPORT.")
    request = Request(
        kind, file, crs=crs, columns=parse_columns(columns or []), layer=layer, encoding=encoding,
        replace=replace, partial=rejects is not None, as_is=as_is, dry_run=dry_run,
        outline=outline is not None,
    )  # fmt: skip
    engine = given.engine()

    def finish(connection: Connection, outcome: Outcome) -> None:
        # Before anything lasts: where they cannot be written, nothing is imported.
        _write_files(outcome, rejects, outline)
        have_checked(connection, outcome.kind, OPERATOR)

    with _bar() as progress:
        outcome = _named_errors(lambda: run_import(engine, request, OPERATOR, progress, finish))
        if outcome.state == "doubted" and _is_asked(outcome):
            request = Request(**{**_fields(request), "as_is": True})
            outcome = _named_errors(lambda: run_import(engine, request, OPERATOR, progress, finish))
        if outcome.state == "imported":
            progress(0.97, "drawing")
            _draw(engine)
        else:
            _write_files(outcome, rejects, outline)
    _tell(outcome, form, rejects)
    return FOUND if outcome.rejects or outcome.state == "doubted" else 0


def _fields(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in Request.__slots__}


def _named_errors(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except ApiError as error:
        raise TransferError(error.detail) from error
    except (OperationalError, InterfaceError) as error:
        if is_disk_full(error):
            raise
        raise DatabaseUnreachableError(
            "The database went away; everything was done, or nothing.",
            "Run it again: what is done already changes nothing. "
            "数据库中断：要么全部完成，要么什么也没有改动；请再运行一次，已完成的不会重复。",
        ) from error


def _write_files(outcome: Outcome, rejects: Path | None, outline: Path | None) -> None:
    if rejects is not None:
        write_whole(rejects, lambda path: write_rejects(path, outcome.rejects))
    if outline is not None:
        words = json.dumps(outcome.outline, ensure_ascii=False)
        write_whole(outline, lambda path: path.write_text(words, encoding="utf-8"))


def _draw(engine: Engine) -> None:
    """Draw what has changed; if that fails, whoever draws next notices."""
    try:
        refresh_shapes(engine)
    except (OperationalError, InterfaceError):
        typer.echo(
            "wangge: it is done; but the database went away before the map was drawn, which the "
            "service does when it starts. 已完成，但地图未及重绘，服务启动时会补上。",
            err=True,
        )


def _undo(context: Context, number: int) -> int:
    engine = context.engine()

    def finish(connection: Connection, _own: int, _counts: dict[str, int]) -> None:
        have_checked(connection, None, OPERATOR)

    own, counts = _named_errors(lambda: undo_import(engine, number, OPERATOR, finish))
    _draw(engine)
    typer.echo(
        f"撤销了导入 {number} · import {number} undone, as import {own}: "
        f"{counts['closed']:,} removed, {counts['changed']:,} restored, {counts['new']:,} put back."
    )
    return 0


def _is_asked(outcome: Outcome) -> bool:
    """Ask on a terminal; a pipe is never asked, and gets no for an answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    for doubt in outcome.doubts:
        typer.echo(f"wangge: {_doubt(doubt)}", err=True)
    return typer.confirm("仍按原样导入？Import all the same?", default=False, err=True)


def _doubt(doubt: dict[str, Any]) -> str:
    where = doubt["area"] or "the layer"
    return (
        f"{where}: {doubt['message']}, {doubt['distance_m']:,.0f} m off "
        f"(explains {doubt['confidence']:.0%}); {doubt['fix']} 坐标存疑：{doubt['message_zh']}，"
        f"约偏 {doubt['distance_m']:,.0f} 米。"
    )


@contextmanager
def _bar() -> Iterator[Callable[[float, str], None]]:
    """Show how far the work is, on a terminal alone."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield lambda _share, _step: None
        return
    parts = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*parts, console=console, transient=True) as shown:
        task = shown.add_task("", total=1.0)
        yield lambda share, step: shown.update(task, completed=share, description=step)


def _tell(outcome: Outcome, form: str, rejects: Path | None) -> None:
    for note in outcome.notes:
        typer.echo(f"wangge: {note}", err=True)
    if form == "json":
        typer.echo(json.dumps(outcome_json(outcome, most=None), ensure_ascii=False, indent=1))
        return
    zh, en = STATES[outcome.state]
    number = f" {outcome.number}" if outcome.number else ""
    typer.echo(f"{outcome.file} → {outcome.kind}: {zh} · {en}{number}.")
    used = ", ".join(f"{field} ← {column}" for field, column in outcome.columns.items())
    typer.echo(f"  列对应 columns: {used}")
    if outcome.crs:
        typer.echo(f"  坐标系 CRS: {outcome.crs}")
    for name, (zh, en) in COUNTS.items():
        if outcome.counts.get(name) or name in ("read", "new"):
            typer.echo(f"  {outcome.counts.get(name, 0):>9,}  {zh} · {en}")
    for doubt in outcome.doubts:
        typer.echo(f"wangge: {_doubt(doubt)} Or say --as-is.", err=True)
    if outcome.rejects and rejects is None:
        _list_rejects(outcome.rejects)
    if outcome.state == "imported":
        typer.echo(f"  撤销 undo: wangge import --undo {outcome.number}")


def _list_rejects(rejects: list[Reject]) -> None:
    """List the faults by kind, each with its first rows: a thousand alike are one line."""
    kinds: dict[tuple[str, str], list[Reject]] = {}
    for each in rejects:
        kinds.setdefault((each.field, each.reason), []).append(each)
    for (name, _), held in sorted(kinds.items(), key=lambda item: -len(item[1])):
        why = held[0].words()
        said = f"{name} {why.zh} · {why.en}. {why.cure_zh} {why.cure}"
        typer.echo(f"  {len(held):,} × {said}", err=True)
        for each in held[:SHOWN]:
            value = f" “{each.value[:60]}”" if each.value else ""
            typer.echo(f"      行 row {each.row} {each.code}{value}", err=True)
        if len(held) > SHOWN:
            typer.echo(f"      … {len(held) - SHOWN:,} more: --rejects FILE", err=True)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "import",
        epilog="Example: wangge import households 住户.xlsx --crs GCJ-02 --rejects bad.csv",
    )(import_file)
