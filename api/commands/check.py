"""``wangge check``: a file without a database, or the county in the database."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import geopandas as gpd
import numpy as np
import shapely
import typer

from api.accepted.store import in_force
from api.commands.context import Context, day_of
from api.commands.files import Data, Request, read_files
from api.commands.output import require_folder, working, write_whole
from api.commands.told import Told, told_rules
from api.coverage.lists import read_registers
from api.coverage.service import read_county
from api.rules.store import ruling
from api.settings import Settings, settings
from geo.coverage import TOLERANCE_M, CoverageReport, check_coverage
from geo.findings import RULES, Finding
from geo.gate import POLYGONAL
from geo.measure import WGS84, inner_point, reproject
from geo.register import names_of
from geo.registers import Registers
from layers.report import (
    FORMATS,
    Ground,
    Outline,
    format_of,
    make_document,
    write_document,
    write_report,
)
from layers.report.document import Document
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
) -> int:
    """Check that every place and every household is in exactly one grid; say where not."""
    form = _chosen(form, FORMATS, "--format")
    lang = _chosen(lang, LANGUAGES, "--lang") or settings().lang
    form = format_of(output, form)
    require_folder(output)
    if form == "gpkg" and output is None:
        raise typer.BadParameter("A GeoPackage is a file: name it, as in -o report.gpkg.")
    told = told_rules(rules, limits)
    day = day_of(today)
    # Without a database there is no county's day: it is the operator's own.
    exceptions = read_accepted(accepted, day or date.today())  # noqa: DTZ011
    with working("Reading · 读取"):
        started = time.perf_counter()
        if grids is None:
            data = _from_database(context.obj, day)
        else:
            data = read_files(Request(
                grids, within, households, crs=crs, households_crs=households_crs, layer=layer,
                encoding=encoding, within_code=within_code,
                told={"code": code, "area_code": parent, "coverage": coverage},
            ))  # fmt: skip
        read_seconds = time.perf_counter() - started
    said = told.over(data.ruling)
    for note in data.notes:
        typer.echo(f"wangge: {note}", err=True)
    with working("Checking · 检查"):
        started = time.perf_counter()
        report = check_coverage(
            data.grids, data.parents, households=data.households,
            registers=_lists(data, told),
            tolerance_m=said.limits.number("tolerance_m") if tolerance is None else tolerance,
            rules=said.on, severities=said.severities, limits=said.limits,
        )  # fmt: skip
        report = _masked(report, data)
        seconds = time.perf_counter() - started
    document = make_document(
        report, version=version("wangge"), source=data.source, read_seconds=read_seconds,
        seconds=seconds, accepted=exceptions | data.accepted,
    )  # fmt: skip
    _write(document, form, output, lang=lang, outline=_outline(data, report))
    return FOUND if document["summary"]["errors"] else 0


def _lists(data: Data, told: Told) -> Registers:
    """Return a county's lists; a file's households are counted by grid where that is asked for.

    Nothing says whether a file of households is the whole list.
    """
    sized = {"S304", "S305", "S306"} & told.named
    return replace(data.registers, sizes=True) if sized else data.registers


def _masked(report: CoverageReport, data: Data) -> CoverageReport:
    """Show what speaks of members and needs at their village: a result is handed on."""
    if data.parents is None:
        return report
    shapes = dict(zip(data.parents["code"], data.parents.geometry, strict=True))

    def shown(each: Finding) -> Finding:
        land = shapes.get(each.area)
        if RULES[each.rule].privacy != "sensitive" or land is None:
            return each
        return replace(each, geometry=inner_point(land), point=inner_point(land))

    return replace(report, findings=[shown(each) for each in report.findings])


def _from_database(context: Context, day: date | None) -> Data:
    with context.engine().connect() as connection:
        grids, parents, households, appointments = read_county(connection)
        registers, said = read_registers(connection, appointments), ruling(connection)
        excepted = frozenset(row.id for row in in_force(connection, day, None))
    if grids.empty:
        raise TransferError(
            "The database holds no grids.",
            cure="Name a file to check, or try the sample: wangge --sample check.",
        )
    data = Data("database", grids)
    data.parents, data.households = parents, households
    data.registers, data.ruling, data.accepted = registers, said, excepted
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


def _outline(data: Data, report: CoverageReport) -> Outline:
    def ground(frame: gpd.GeoDataFrame | None) -> Ground:
        if frame is None:
            return Ground()
        shapes = np.array(frame.geometry.values, dtype=object)
        shapes[~np.isin(shapely.get_type_id(shapes), POLYGONAL)] = None
        shapes = reproject(shapes, report.crs, WGS84)
        codes = tuple(frame["code"].fillna("").astype(str))
        return Ground(shapes, codes, tuple(names_of(frame, codes)))

    return Outline(
        grids=ground(data.grids), parents=ground(data.parents), synthetic=data.synthetic,
        docs=settings().address,
    )  # fmt: skip


def _write(
    document: Document, form: str, output: Path | None, *, lang: str, outline: Outline
) -> None:
    if output is None:
        typer.echo(write_document(document, form, lang=lang, outline=outline), nl=False)
    else:
        write_whole(output, lambda path: write_report(path, document, form, lang=lang,
                                                      outline=outline))  # fmt: skip


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
