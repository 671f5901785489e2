"""``wangge repair``: a file of grids as a valid coverage, and an account of every change."""

import json
import time
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, cast

import geopandas as gpd
import numpy as np
import typer

from api.commands.files import Data, Request, read_files
from api.commands.output import require_folder, working, write_whole
from api.settings import settings
from geo.coverage import TOLERANCE_M
from geo.repair import WIDEST_WITHOUT_PARENT_M, Options, Repaired, repair
from geo.repair_fill import FILLS, Fill
from geo.repair_rules import WINNERS, Winner
from layers.report.repair import make_repair, write_repair
from layers.transfer.columns import plain, text
from layers.transfer.errors import TransferError, some
from layers.transfer.rewriting import WRITERS, write_frame
from layers.transfer.writing import ending_of

FOUND = 1
LANGUAGES = ("zh", "en")
# Headers of a column that says which grids are locked, and what it says of them.
LOCKED, YES = ("locked", "锁定", "是否锁定"), ("true", "yes", "1", "t", "y", "是")


def mend(
    grids: Annotated[Path, typer.Argument(help="A file of grids.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="FILE.(gpkg|geojson|shp.zip|parquet|csv)")
    ],
    *,
    within: Annotated[Path | None, typer.Option(help="The authority's boundary, a file.")] = None,
    households: Annotated[
        Path | None, typer.Option(help="Household points, a file: how many change their grid.")
    ] = None,
    code: Annotated[str | None, typer.Option(help="Column of the grids' codes.")] = None,
    parent: Annotated[str | None, typer.Option(help="Column of their parents' codes.")] = None,
    within_code: Annotated[str | None, typer.Option(help="Column of the boundary's codes.")] = None,
    coverage: Annotated[
        str | None, typer.Option(help="Column that says exclusive or overlay.")
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option(help="EPSG code, GCJ-02 or BD-09 of the grids, whatever their file says."),
    ] = None,
    fill: Annotated[
        str, typer.Option(help=f"Who gets gaps: {' | '.join(FILLS)}.")
    ] = "longest-border",
    winner: Annotated[
        str,
        typer.Option(help=f"Who keeps overlaps: {' | '.join(WINNERS)}, or codes, the first first."),
    ] = "longest-border",
    locked: Annotated[
        str, typer.Option(help="Codes of grids that stay as they are, or a file of them.")
    ] = "",
    largest_gap: Annotated[
        float,
        typer.Option(
            min=0.0, help="Gaps wider than this share of what a neighbour is across are left."
        ),
    ] = Options.largest_gap,
    widest: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Gaps wider than this are left, in metres; without --within "
            f"{WIDEST_WITHOUT_PARENT_M:g}.",
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=1e-6, max=10.0, help="Borders closer than this are one, in metres.")
    ] = TOLERANCE_M,
    layer: Annotated[str | None, typer.Option(help="Layer, where the file has several.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of the files' text, where it is not what it seems: GBK.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="FILE.json: every change, and what is left, with why.")
    ] = None,
    lang: Annotated[str | None, typer.Option(help="zh or en.")] = None,
) -> int:
    """Repair grids: close gaps, settle overlaps, match borders; say what was done and what is left.

    The boundary and locked grids stay as they are, and so does every grid that no fault touches.
    """
    lang = _one_of(lang or settings().lang, LANGUAGES, "--lang")
    fill = _one_of(fill, FILLS, "--fill")
    _require_places(grids, output, report)
    with working("Reading · 读取"):
        data = read_files(Request(
            grids, within, households, crs=crs, layer=layer, encoding=encoding,
            within_code=within_code,
            told={"code": code, "area_code": parent, "coverage": coverage},
        ))  # fmt: skip
    for note in data.notes:
        typer.echo(f"wangge: {note}", err=True)
    rule, declared = _winner(winner, data)
    options = Options(
        cast("Fill", fill), rule, declared, _locked(locked, data), largest_gap, widest, tolerance
    )
    started = time.perf_counter()
    with working("Repairing · 修复"):
        done = repair(data.grids, data.parents, households=data.households, options=options)
    document = make_repair(
        done, version=version("wangge"), source=data.source, seconds=time.perf_counter() - started
    )
    with working("Writing · 写出"):
        write_frame(output, _whole(data, done))
        if report is not None:
            words = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
            write_whole(report, lambda path: path.write_text(words, encoding="utf-8"))
    typer.echo(write_repair(document, lang), nl=False)
    return FOUND if any(left["severity"] == "error" for left in document["left"]) else 0


def _one_of(word: str, known: Collection[str], option: str) -> str:
    if word not in known:
        raise typer.BadParameter(f"{option} “{word}” is not known; there are {', '.join(known)}.")
    return word


def _require_places(grids: Path, output: Path, report: Path | None) -> None:
    """Refuse what cannot be written, or would go over what is read, before any work."""
    ending_of(output, WRITERS)
    for place in (output, report):
        require_folder(place)
        if place is not None and place.exists() and grids.exists() and place.samefile(grids):
            raise TransferError(
                "This is the file that is to be repaired.",
                cure="Name another with -o: what was drawn should not be lost.",
                file=str(place),
            )
    if report is not None and report.suffix.lower() != ".json":
        raise TransferError(
            "The report is written as JSON.", cure="End its name in .json.", file=report.name
        )


def _winner(words: str, data: Data) -> tuple[Winner, tuple[str, ...]]:
    """Read a rule, or codes that win before others: the rest goes by the longest border."""
    if words in WINNERS:
        return words, ()
    return "longest-border", _codes(words, data, "--winner")


def _locked(words: str, data: Data) -> tuple[str, ...]:
    """Return the codes of locked grids: those that are named, and those whose row says so."""
    told = set(_codes(words, data, "--locked"))
    whole = data.whole
    if whole is not None:
        for column in whole.columns:
            if plain(str(column)) in LOCKED:
                says = text(whole[column]).str.lower().isin(YES).to_numpy()
                told |= set(data.grids["code"].to_numpy()[says].tolist())
    return tuple(sorted(told))


def _codes(words: str, data: Data, option: str) -> tuple[str, ...]:
    listed = Path(words)
    if words and listed.suffix and listed.is_file():
        words = ",".join(listed.read_text(encoding="utf-8-sig").split())
    named = [word.strip() for word in words.split(",") if word.strip()]
    known = set(data.grids["code"])
    strange = [name for name in named if name not in known]
    if strange:
        raise typer.BadParameter(f"{option}: no grid has the code {some(strange)}.")
    return tuple(named)


def _whole(data: Data, done: Repaired) -> gpd.GeoDataFrame:
    """Return the rows with all the columns of their file, and their shapes as they are now."""
    whole = data.grids if data.whole is None else data.whole
    shapes = np.asarray(done.grids.geometry.values, dtype=object)
    return whole.set_geometry(gpd.GeoSeries(shapes, index=whole.index, crs=done.grids.crs))


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(
        "repair",
        epilog="Example: wangge repair grids.gpkg --within boundary.gpkg -o repaired.gpkg "
        "--report changes.json",
    )(mend)
