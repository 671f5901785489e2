"""The document of a check: the JSON object of the contract; other formats are made from it."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from geo.coverage import CoverageReport, blind_spots
from geo.findings import Finding
from geo.measure import WGS84, reproject
from layers.transfer.errors import TransferError

Document = dict[str, Any]
Geometries = NDArray[np.object_]
FORMATS = ("table", "json", "geojson", "html", "sarif", "gpkg")
ENDINGS = {".json": "json", ".geojson": "geojson", ".html": "html", ".htm": "html",
           ".sarif": "sarif", ".txt": "table", ".gpkg": "gpkg"}  # fmt: skip
# Measures carry a micrometre, and nothing that only the arithmetic of one machine knows.
MEASURE_DECIMALS = 6


@dataclass(frozen=True)
class Ground:
    """Polygons in EPSG:4326, each with its code and its name."""

    shapes: Geometries = field(default_factory=lambda: np.empty(0, dtype=object))
    codes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outline:
    """What a report draws beside the findings.

    ``counties`` are outlines of whole counties, where there are too many grids to draw them;
    ``near`` are then the grids at the borders between them.
    ``docs`` is the address under which the service has the pages of rules.
    """

    grids: Ground = field(default_factory=Ground)
    parents: Ground = field(default_factory=Ground)
    counties: Ground = field(default_factory=Ground)
    near: Ground = field(default_factory=Ground)
    synthetic: bool = False
    date: str = ""
    docs: str = ""


def format_of(output: Path | None, told: str | None) -> str:
    """Return the format: what was told, else by the ending, else a table.

    Raises
    ------
    TransferError
        If the ending is not one that is known.
    """
    if told is not None or output is None:
        return told or "table"
    try:
        return ENDINGS[output.suffix.lower()]
    except KeyError:
        raise TransferError(
            f"The ending “{output.suffix}” is not a format of a report.",
            cure=f"Use one of {', '.join(ENDINGS)}, or --format.",
            file=output.name,
        ) from None


def make_document(
    report: CoverageReport,
    *,
    version: str,
    source: str,
    read_seconds: float,
    seconds: float,
    accepted: Collection[str] = (),
) -> Document:
    """Return the document of a check.

    Parameters
    ----------
    report
        What the check found.
    version
        Of this program.
    source
        What was checked: a file's name, or ``database``.
    read_seconds, seconds
        How long reading took, and the check itself.
    accepted
        Identifiers of findings that are accepted: they are listed and flagged, not counted.

    Returns
    -------
    dict
        As the contract has it; the same input gives the same but for the two ``seconds``.
    """
    shapes = np.array([finding.geometry for finding in report.findings], dtype=object)
    points = np.array([finding.point for finding in report.findings], dtype=object)
    places = zip(
        report.findings,
        reproject(shapes, report.crs, WGS84),
        reproject(points, report.crs, WGS84),
        strict=True,
    )
    findings = [_finding(*place, accepted=place[0].id in accepted) for place in places]
    return {
        "wangge": version,
        "source": source,
        "crs": report.metric_crs.to_string(),
        "tolerance_m": report.tolerance_m,
        "read_seconds": round(read_seconds, 3),
        "seconds": round(seconds, 3),
        "summary": _summary(report.summary, findings),
        "findings": findings,
    }


def _finding(
    finding: Finding,
    shape: BaseGeometry,
    point: shapely.Point,
    *,
    accepted: bool,
) -> Document:
    def rounded(value: float) -> float:
        return round(float(value), MEASURE_DECIMALS)

    return {
        "id": finding.id,
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity,
        "accepted": accepted,
        "grids": list(finding.grids),
        "area": finding.area,
        "area_m2": rounded(finding.area_m2),
        "width_m": rounded(finding.width_m),
        "length_m": rounded(finding.length_m),
        "depth": finding.depth,
        "households": finding.households,
        "point": [point.x, point.y],
        "bbox": list(shape.bounds),
        "geometry": mapping(shape),
        "message": finding.message,
        "message_zh": finding.message_zh,
        "fix": finding.fix,
        "fix_zh": finding.fix_zh,
    }


def _summary(summary: Document, findings: list[Document]) -> Document:
    """Count again without what is accepted."""
    open_ = [finding for finding in findings if not finding["accepted"]]
    by_rule: dict[str, int] = {}
    for finding in open_:
        by_rule[finding["rule"]] = by_rule.get(finding["rule"], 0) + 1
    blind = None
    if summary["blind_spots"] is not None:
        blind = blind_spots(by_rule, summary["rules_off"])
    return {
        **summary,
        "by_rule": dict(sorted(by_rule.items())),
        "errors": sum(finding["severity"] == "error" for finding in open_),
        "warnings": sum(finding["severity"] == "warning" for finding in open_),
        "accepted": len(findings) - len(open_),
        "blind_spots": blind,
    }


def write_document(document: Document, form: str, *, lang: str, outline: Outline) -> str:
    """Return a document in a format, as text that ends with a line break.

    Parameters
    ----------
    document
        What :func:`make_document` made.
    form
        One of :data:`FORMATS` but ``gpkg``, which is no text: :func:`layers.report.write_report`.
    lang
        ``zh`` or ``en``: the language of a table, and the first of a page.
    outline
        What a page draws beside the findings.
    """
    from layers.report.page import write_page
    from layers.report.sarif import make_sarif
    from layers.report.table import write_table

    if form == "table":
        return write_table(document, lang)
    if form == "html":
        return write_page(document, outline, lang)
    if form == "sarif":
        made = make_sarif(document, outline.docs)
    else:
        made = make_geojson(document) if form == "geojson" else document
    return str(json.dumps(made, ensure_ascii=False, indent=1)) + "\n"


def write_report(path: Path, document: Document, form: str, *, lang: str, outline: Outline) -> None:
    """Write a document to a file, in any of :data:`FORMATS`; the rest is as for a text.

    Raises
    ------
    TransferError
        If the file cannot be written.
    """
    from layers.report.geopackage import write_geopackage

    if form == "gpkg":
        write_geopackage(path, document, outline)
    else:
        path.write_text(write_document(document, form, lang=lang, outline=outline), "utf-8")


def make_geojson(document: Document) -> Document:
    """Return the findings as a FeatureCollection (RFC 7946)."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": finding["id"],
                "bbox": finding["bbox"],
                "geometry": finding["geometry"],
                "properties": {
                    key: value
                    for key, value in finding.items()
                    if key not in ("id", "bbox", "geometry")
                },
            }
            for finding in document["findings"]
        ],
    }
