"""A check of many counties: each on a worker, then the borders between them, then one document."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from api.commands.checking import Asked
from api.counties.cluster import Workers, cluster, each_county
from api.counties.sources import County
from api.counties.work import Checked, Failed, check_one, look_again
from api.settings import settings
from geo.counties import Seam, join_borders
from geo.coverage import CoverageReport
from geo.findings import switched
from geo.measure import WGS84, Ruler, reproject
from geo.rules import Ruling
from geo.seams import Crossing, Near, explain_seam, seam_grids
from layers.report import Ground, Outline, make_document
from layers.report.counties import join_documents
from layers.report.document import Document
from layers.transfer.errors import TransferError

Progress = Callable[[str, int, int], object]
# Land that nobody has may be a county's that could not be read.
UNSURE = ("C101", "C102", "C107")
MISSING = "While a county is missing, land that no county has is not told between them."


@dataclass(frozen=True)
class Province:
    """What was found of many counties; ``failed`` says why a county, or its border, was not."""

    document: Document
    outline: Outline
    failed: dict[str, str]
    notes: list[str]
    peaks_mib: dict[str, float]


def check_counties(
    counties: Sequence[County],
    asked: Asked,
    workers: Workers,
    *,
    source: str,
    outline: gpd.GeoDataFrame | None = None,
    progress: Progress = lambda _step, _done, _all: None,
) -> Province:
    """Check many counties, and the borders between them.

    Parameters
    ----------
    counties
        At least one.
    asked
        The same for all.
    workers
        Who does it.
    source
        What the document calls the whole.
    outline
        What all together must cover: ``code``, ``name`` and polygons, in any CRS.
    progress
        Told the step, and how many counties of how many have been through it.

    Returns
    -------
    Province
        What one county's data spoil costs that county alone.

    Raises
    ------
    TransferError
        If no county could be read.
    SchedulerUnreachableError
        If there are no workers.
    """
    by_code = {county.code: county for county in counties}
    largest = sorted(counties, key=lambda county: -county.size)
    with cluster(workers) as client:

        def all_of(work: Callable[..., Any], step: str, tasks: Mapping[str, Any]) -> dict[str, Any]:
            count = Counter[str]()

            def done() -> None:
                count["done"] += 1
                progress(step, count["done"], len(tasks))

            progress(step, 0, len(tasks))
            return each_county(client, work, tasks, done)

        results = all_of(check_one, "check", {each.code: (each, asked) for each in largest})
        failed = {code: each.why for code, each in results.items() if isinstance(each, Failed)}
        checked = {code: each for code, each in results.items() if isinstance(each, Checked)}
        if not checked:
            raise TransferError(f"No county could be checked: {next(iter(failed.values()))}")
        started = time.perf_counter()
        # All have one ruling: a file's is the catalogue's, and a database has one.
        any_one = next(iter(checked.values()))
        asked = replace(asked, accepted=asked.accepted | any_one.accepted)
        said = asked.told.over(any_one.ruling)
        seam = _seam(checked, asked.tolerance(said), said, outline, failed)
        wanted = seam.wanted()
        near = all_of(look_again, "borders",
                      {code: (by_code[code], each) for code, each in wanted.items()})  # fmt: skip
        failed |= {code: each.why for code, each in near.items() if isinstance(each, Failed)}
        there = {code: each for code, each in near.items() if isinstance(each, Near)}
        found = explain_seam(seam, there, [each.told for each in checked.values()])
    between = _between(found, seam, asked, said, failed, time.perf_counter() - started)
    documents = {code: each.document for code, each in checked.items()}
    sources = {code: by_code[code].source for code in sorted(by_code)}
    return Province(
        document=join_documents(documents, failed, between, sources, source),
        outline=_outline(checked, seam, there),
        failed=dict(sorted(failed.items())),
        notes=[
            *(f"{code}: {note}" for code, each in checked.items() for note in each.notes),
            *([MISSING] if failed else []),
        ],
        peaks_mib={code: each.peak_mib for code, each in checked.items()},
    )


def _seam(
    checked: Mapping[str, Checked], tolerance_m: float, said: Ruling,
    outline: gpd.GeoDataFrame | None, failed: dict[str, str],
) -> Seam:  # fmt: skip
    """Join the borders of those in the CRS of most; of the others say that they are not."""
    systems = Counter(each.border.crs.to_wkt() for each in checked.values())
    usual = CRS.from_wkt(systems.most_common(1)[0][0])
    borders = []
    for code, each in checked.items():
        if each.border.crs == usual:
            borders.append(each.border)
        else:
            failed[code] = (
                f"It is in {each.border.crs.to_string()}, the others in {usual.to_string()}: its "
                "borders are not compared. Bring it into their CRS, vertex by vertex."
            )
    if outline is not None and CRS(outline.crs) != usual:
        shapes = np.asarray(outline.geometry.values, dtype=object)
        outline = outline.set_geometry(
            gpd.GeoSeries(reproject(shapes, CRS(outline.crs), usual), outline.index, crs=usual)
        )
    return join_borders(
        borders, outline=outline, tolerance_m=tolerance_m,
        width_m=said.limits.number("narrow_gap_m"),
    )  # fmt: skip


def _between(
    found: Sequence[Crossing], seam: Seam, asked: Asked, said: Ruling, failed: Mapping[str, str],
    seconds: float,
) -> Document:  # fmt: skip
    """Make the document of what is wrong between counties."""
    crossing = {(each.id, each.geometry.wkb): counties for each, counties in found}
    kept = switched([each for each, _ in found], said.on, said.severities)
    kept = [each for each in kept if not (failed and each.rule in UNSURE)]
    boxes = np.array([shapely.box(*bounds) for bounds in seam.bounds.tolist()], dtype=object)
    where = reproject(boxes, seam.crs, WGS84)
    off = sorted(code for code, is_on in said.on.items() if not is_on)
    report = CoverageReport(
        findings=kept, crs=seam.crs,
        summary={"blind_spots": None, "rules_off": off,
                 "outer_border_checked": len(seam.outline) > 0},
        metric_crs=Ruler.of(where, WGS84).metric, tolerance_m=seam.tolerance_m,
    )  # fmt: skip
    document = make_document(
        report, version=version("wangge"), source="", read_seconds=0.0, seconds=seconds,
        accepted=asked.accepted,
    )  # fmt: skip
    for each, finding in zip(document["findings"], kept, strict=True):
        each["counties"] = list(crossing[finding.id, finding.geometry.wkb])
    return document


def _outline(checked: Mapping[str, Checked], seam: Seam, near: Mapping[str, Near]) -> Outline:
    """Return the counties to draw, and the grids at the borders between them."""
    shapes = np.array([each.outline for each in checked.values()], dtype=object)
    beside = Ground()
    if near:
        frame, _ = seam_grids(seam, near)
        grids = reproject(np.asarray(frame.geometry.values, dtype=object), seam.crs, WGS84)
        beside = Ground(grids, tuple(frame["code"]))
    return Outline(
        counties=Ground(shapes, tuple(checked), tuple(checked)), near=beside,
        docs=settings().address,
    )  # fmt: skip
