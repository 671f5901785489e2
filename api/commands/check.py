"""``wangge check``: a file without a database, or the county in the database."""

import json
import time
from collections.abc import Collection, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from api.commands.check_many import Many, check_many
from api.commands.checking import Asked, examine, outline_of, read_database, store_database
from api.commands.context import OPERATOR, Context, day_of
from api.commands.files import Data, Request, read_files
from api.commands.output import Writing, working
from api.commands.told import told_rules
from api.counties.cluster import MEMORY, PROCESSES, Workers
from api.counties.sources import FIELD, is_partitioned
from api.settings import Settings, settings
from geo.coverage import TOLERANCE_M, CoverageReport
from layers.report import FORMATS, format_of, make_document
from layers.transfer.errors import TransferError

FOUND = 1
LANGUAGES = ("zh", "en")


def check(
    context: typer.Context,
    grids: Annotated[
        Path | None, typer.Argument(help="A file of grids; without it the county in the database.")
    ] = None,
    *,
    within: Annotated[Path | None, typer.Option(help="The authority's boundary, a file.")] = None,
    households: Annotated[Path | None, typer.Option(help="Household points, a file.")] = None,
    code: Annotated[str | None, typer.Option(help="Column of the grids' codes.")] = None,
    parent: Annotated[str | None, typer.Option(help="Column of their parents' codes.")] = None,
    within_code: Annotated[str | None, typer.Option(help="Column of the boundary's codes.")] = None,
    coverage: Annotated[
        str | None, typer.Option(help="Column that says exclusive or overlay.")
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option(
            help="EPSG code, GCJ-02 or BD-09 of the grids, whatever their file says; "
            "and of the other files, where they do not say."
        ),
    ] = None,
    households_crs: Annotated[
        str | None, typer.Option(help="The same of the households, where it is another one.")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Layer, where the file has several.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of the files' text, where it is not what it seems: GBK.")
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            min=1e-6,
            max=10.0,
            help=f"Borders closer than this are one, in metres ({TOLERANCE_M:g}).",
        ),
    ] = None,
    rules: Annotated[
        str,
        typer.Option(
            help="Switch rules: -C105 off, +C on, C105=info as grave; without a sign these alone."
        ),
    ] = "",
    limits: Annotated[
        str, typer.Option(help="Thresholds: narrow_gap_m=2,households_per_grid.rural.most=200")
    ] = "",
    accepted: Annotated[
        Path | None, typer.Option(help="Accepted findings: JSON, or an identifier a line.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help=" | ".join(FORMATS), metavar="FORMAT")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A file; its ending picks the format.")
    ] = None,
    lang: Annotated[str | None, typer.Option(help="zh or en.")] = None,
    today: Annotated[str | None, typer.Option(help="The day to go by, as 2026-01-31.")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Many counties: processes or threads of this machine, or the address of a Dask "
            "scheduler (tcp://…, tls://…). GRIDS is a folder partitioned by county, or none: the "
            "counties in the database.",
            metavar="processes|threads|ADDRESS",
        ),
    ] = None,
    county: Annotated[
        str, typer.Option(help="What folders of many counties are partitioned by.")
    ] = FIELD,
    outline: Annotated[
        Path | None, typer.Option(help="The outline of many counties together, a file.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many, for many counties; else one a processor.")
    ] = None,
    worker_memory: Annotated[
        str, typer.Option(help="The most memory that each worker process may take.")
    ] = MEMORY,
    store: Annotated[
        bool,
        typer.Option(
            "--store",
            help="Keep the check of the county in the database, as the service does: it judges "
            "the worklist, and the history has it.",
        ),
    ] = False,
) -> int:
    """Check that every place and every household is in exactly one grid; say where not."""
    form = _chosen(form, FORMATS, "--format")
    lang = _chosen(lang, LANGUAGES, "--lang") or settings().lang
    writing = Writing(format_of(output, form), output, lang)
    day = day_of(today)
    if store:
        _require_county(context, grids)
        return _store(context.obj, day, writing)
    # Without a database there is no county's day: it is the operator's own.
    exceptions = read_accepted(accepted, day or date.today())  # noqa: DTZ011
    asked = Asked(told_rules(rules, limits), tolerance, frozenset(exceptions))
    request = None if grids is None else Request(
        grids, within, households, crs=crs, households_crs=households_crs, layer=layer,
        encoding=encoding, within_code=within_code,
        told={"code": code, "area_code": parent, "coverage": coverage},
    )  # fmt: skip
    if scheduler is not None or is_partitioned(grids, county):
        many = Many(county, outline, Workers(scheduler or PROCESSES, workers, worker_memory))
        return check_many(context.obj, request, day, asked, many, writing)
    with working("Reading · 读取"):
        started = time.perf_counter()
        data = _from_database(context.obj, day) if request is None else read_files(request)
        read_seconds = time.perf_counter() - started
    for note in data.notes:
        typer.echo(f"wangge: {note}", err=True)
    with working("Checking · 检查"):
        started = time.perf_counter()
        report = examine(data, asked)
        seconds = time.perf_counter() - started
    return _write(writing, report, data, asked.accepted | data.accepted, read_seconds, seconds)


def _write(
    writing: Writing, report: CoverageReport, data: Data, accepted: Collection[str],
    read_seconds: float, seconds: float,
) -> int:  # fmt: skip
    document = make_document(
        report, version=version("wangge"), source=data.source, read_seconds=read_seconds,
        seconds=seconds, accepted=accepted,
    )  # fmt: skip
    writing.write(document, outline_of(data, report))
    return FOUND if document["summary"]["errors"] else 0


# What makes another check of it than the county's own.
OTHERWISE = ("within", "households", "rules", "limits", "tolerance", "accepted", "scheduler")


def _require_county(context: typer.Context, grids: Path | None) -> None:
    """Refuse to store what is not the county's check by the county's rules.

    Raises
    ------
    TransferError
        If there is a file, or an option that makes another check of it.
    """
    told = [f"--{name}" for name in OTHERWISE if context.params[name]]
    if grids is None and not told:
        return
    what = "a file of grids" if grids is not None else told[0]
    what_zh = "网格文件" if grids is not None else told[0]
    raise TransferError(
        "--store keeps the check of the county in the database, by the county's own rules: "
        f"it does not go with {what}.",
        cure="Leave one of them out. --store 只保存数据库中本县按本县规则所作的检查，"
        f"不能与{what_zh}同用。",
    )


def _store(context: Context, day: date | None, writing: Writing) -> int:
    """Check and store, write the report, and say on stderr which check it is."""
    steps: dict[str, float] = {}

    def noted(_share: float, step: str) -> None:
        steps[step] = time.perf_counter()

    engine = context.engine()
    with working("Checking · 检查"):
        number, report, data = store_database(engine, OPERATOR, day, noted)
    data.synthetic = context.sample
    start, read, checked = (steps[each] for each in ("reading", "checking", "writing"))
    status = _write(writing, report, data, data.accepted, read - start, checked - read)
    typer.echo(
        f"wangge: 已保存为第 {number} 次检查，任务清单已据此核查 · "
        f"stored as check {number}; the worklist is judged by it.",
        err=True,
    )
    return status


def _from_database(context: Context, day: date | None) -> Data:
    data = read_database(context.engine(), day)
    data.synthetic = context.sample
    return data


def _chosen(word: str | None, known: Sequence[str], option: str) -> str | None:
    if word is not None and word not in known:
        raise typer.BadParameter(f"{option} “{word}” is not known; there are {', '.join(known)}.")
    return word


def read_accepted(path: Path | None, today: date) -> set[str]:
    """Read the identifiers of accepted findings; one whose day (``until``) is past is left out.

    Raises
    ------
    TransferError
        If the file is neither JSON nor a list of identifiers.
    """
    if path is None:
        return set()
    try:
        text = path.read_text(encoding="utf-8")
        entries = json.loads(text) if text.lstrip().startswith(("[", "{")) else text.split()
        if isinstance(entries, dict):
            entries = entries["accepted"]
        rows = [{"id": row} if isinstance(row, str) else dict(row) for row in entries]
        return {
            str(row["id"])
            for row in rows
            if not row.get("until") or date.fromisoformat(str(row["until"])) >= today
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TransferError(
            "The file of accepted findings cannot be read.",
            cure='Write one identifier a line, or JSON: [{"id": "…", "until": "2027-01-31"}].',
            file=str(path),
        ) from error


def _limits() -> str:
    fields = Settings.model_fields
    return ", ".join(
        f"WANGGE_{name.upper()} ({fields[name].default:,})"
        for name in ("max_vertices", "max_unzipped_mb")
    )


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        epilog="Example: wangge check grids.geojson --within boundary.geojson -o report.html"
        f"\n\nLimits of a file, settings of the environment: {_limits()}."
    )(check)
