"""``wangge check``: a file without a database, or the county in the database."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import geopandas as gpd
import numpy as np
import pandas as pd
import typer
from pyproj import CRS
from rich.console import Console

from api.commands.context import Context
from api.coverage.service import read_county
from api.settings import settings
from geo.coverage import TOLERANCE_M, CoverageReport, check_coverage
from geo.findings import RULES
from geo.measure import WGS84, reproject
from layers.columns import name_columns
from layers.errors import TransferError
from layers.report import FORMATS, Outline, format_of, make_document, write_document
from layers.transfer import Read, read_layer

GRID_FIELDS = ("code", "name", "area_code", "kind", "coverage")
FOUND = 1


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
        str | None, typer.Option(help="EPSG code, GCJ-02 or BD-09, where the file does not say.")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Layer, where the file has several.")] = None,
    tolerance: Annotated[
        float, typer.Option(min=1e-6, max=10.0, help="Borders closer than this are one, in metres.")
    ] = TOLERANCE_M,
    rules: Annotated[str, typer.Option(help="Switch rules: +C,-C105 (all are on at first).")] = "",
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
    if form is not None and form not in FORMATS:
        raise typer.BadParameter(f"“{form}” is no format; there are {', '.join(FORMATS)}.")
    form = format_of(output, form)
    switched = switches(rules)
    exceptions = read_accepted(accepted, date.fromisoformat(today) if today else date.today())  # noqa: DTZ011 - the operator's own day
    with _progress("Reading · 读取"):
        started = time.perf_counter()
        if grids is None:
            data = _from_database(context.obj)
        else:
            data = _from_files(
                grids, within, households, crs=crs, layer=layer,
                told={"code": code, "area_code": parent, "coverage": coverage},
                within_code=within_code,
            )  # fmt: skip
        read_seconds = time.perf_counter() - started
    for note in data.notes:
        typer.echo(f"wangge: {note}", err=True)
    with _progress("Checking · 检查"):
        started = time.perf_counter()
        report = check_coverage(
            data.grids, data.parents, households=data.households,
            appointments=data.appointments, tolerance_m=tolerance, rules=switched,
        )  # fmt: skip
        seconds = time.perf_counter() - started
    document = make_document(
        report, version=version("wangge"), source=data.source, read_seconds=read_seconds,
        seconds=seconds, accepted=exceptions,
    )  # fmt: skip
    words = write_document(
        document, form, lang=lang or settings().lang, outline=_outline(data, report)
    )
    _write(words, output)
    return FOUND if document["summary"]["errors"] else 0


class Data:
    """What is checked."""

    def __init__(self, source: str, grids: gpd.GeoDataFrame) -> None:
        self.source = source
        self.grids = grids
        self.parents: gpd.GeoDataFrame | None = None
        self.households: gpd.GeoDataFrame | None = None
        self.appointments: pd.DataFrame | None = None
        self.notes: list[str] = []
        self.synthetic = False


def _from_database(context: Context) -> Data:
    with context.engine().connect() as connection:
        grids, parents, households, appointments = read_county(connection)
    if grids.empty:
        raise TransferError(
            "The database holds no grids.",
            cure="Name a file to check, or try the sample: wangge --sample check.",
        )
    data = Data("database", grids)
    data.parents, data.households, data.appointments = parents, households, appointments
    data.synthetic = context.sample
    return data


def _from_files(
    grids: Path,
    within: Path | None,
    households: Path | None,
    *,
    crs: str | None,
    layer: str | None,
    told: dict[str, str | None],
    within_code: str | None,
) -> Data:
    read = _read(grids, crs, layer)
    frame, notes = name_columns(read.frame, GRID_FIELDS, told)
    if "read_defect" in read.frame:
        frame["read_defect"] = read.frame["read_defect"]
    data = Data(grids.name, frame)
    data.notes = read.notes + notes
    if within is not None:
        outer = _read(within, crs if _says_nothing(within) else None, None)
        parents, _ = name_columns(outer.frame, ("code", "name"), {"code": within_code})
        data.parents = _to(parents, frame, data.notes, within)
        data.notes += outer.notes
    if households is not None:
        listed = _read(households, crs if _says_nothing(households) else None, None)
        named, _ = name_columns(listed.frame, ("code", "grid_code", "address"), {})
        data.households = _to(named, frame, data.notes, households)
        data.notes += listed.notes
    return data


def _read(path: Path, crs: str | None, layer: str | None) -> Read:
    given = settings()
    return read_layer(
        path, crs=crs, layer=layer, max_vertices=given.max_vertices,
        max_unzipped_mb=given.max_unzipped_mb,
    )  # fmt: skip


def _says_nothing(path: Path) -> bool:
    """Tell whether a file cannot say its CRS, so that the option is meant for it too."""
    return path.suffix.lower() == ".csv" or (
        path.suffix.lower() == ".shp" and not path.with_suffix(".prj").exists()
    )


def _to(
    frame: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, notes: list[str], path: Path
) -> gpd.GeoDataFrame:
    """Bring a layer into the CRS of the grids, vertex by vertex."""
    source, target = CRS(frame.crs), CRS(grids.crs)
    if source == target:
        return frame
    notes.append(f"{path.name}: transformed from {source.to_string()} to the CRS of the grids.")
    moved = reproject(np.asarray(frame.geometry.values, dtype=object), source, target)
    return frame.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs=grids.crs))


def switches(words: str) -> dict[str, bool]:
    """Read ``+C,-C105``: later ones win, and a prefix stands for all rules that begin with it.

    Raises
    ------
    typer.BadParameter
        If a word begins with neither sign, or names no rule.
    """
    out: dict[str, bool] = {}
    for word in filter(None, (part.strip() for part in words.split(","))):
        sign, prefix = word[0], word[1:].upper()
        named = [code for code in RULES if prefix and code.startswith(prefix)]
        if sign not in "+-" or not named:
            raise typer.BadParameter(
                f"“{word}” switches no rule; write for example +C,-C105 ({', '.join(RULES)})."
            )
        out.update(dict.fromkeys(named, sign == "+"))
    return out


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
        rows = [row if isinstance(row, dict) else {"id": row} for row in entries]
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
    def degrees(frame: gpd.GeoDataFrame | None) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
        if frame is None:
            return np.empty(0, dtype=object)
        return reproject(np.asarray(frame.geometry.values, dtype=object), report.crs, WGS84)

    return Outline(
        grids=degrees(data.grids), parents=degrees(data.parents), synthetic=data.synthetic
    )


def _write(words: str, output: Path | None) -> None:
    if output is None:
        typer.echo(words, nl=False)
        return
    # Written beside and renamed, so that an old report is never left half overwritten.
    fresh = output.with_name(output.name + ".part")
    try:
        fresh.write_text(words, encoding="utf-8")
        fresh.replace(output)
    except OSError as error:
        raise TransferError(
            f"The report cannot be written: {error.strerror}.",
            cure="Name another place with -o.",
            file=str(output),
        ) from error


@contextmanager
def _progress(words: str) -> Iterator[None]:
    """Show that work goes on, on a terminal alone."""
    if not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(words):
        yield


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        epilog="Example: wangge check grids.geojson --within boundary.geojson -o report.html"
    )(check)
