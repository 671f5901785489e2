"""The document of a repair: what was done, grid by grid and change by change, and what is left."""

from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping

from geo.coverage import CoverageReport
from geo.measure import WGS84, reproject
from geo.phrases import land
from geo.repair import Change, Repaired
from layers.report.document import MEASURE_DECIMALS, Document, make_document

# Lines of a table of changes.
MOST_SHOWN = 20


def make_repair(repaired: Repaired, *, version: str, source: str, seconds: float) -> Document:
    """Return the document of a repair, as JSON has it.

    Parameters
    ----------
    repaired
        What :func:`geo.repair.repair` returned.
    version
        Of this program.
    source
        The file's name.
    seconds
        How long the repair took, its two checks included.
    """
    after = make_document(
        repaired.after, version=version, source=source, read_seconds=0.0, seconds=0.0
    )
    told = {finding["id"]: finding for finding in after["findings"]}
    return {
        "wangge": version,
        "source": source,
        "crs": after["crs"],
        "tolerance_m": after["tolerance_m"],
        "seconds": round(seconds, 3),
        "summary": _summary(repaired),
        "changes": _changes(repaired),
        "grids": [_rounded(vars(grid)) for grid in repaired.changed],
        "left": [
            {**told[left.finding.id], "why": left.why, "why_zh": left.why_zh}
            for left in repaired.left
        ],
        "vertices_needed": _needed(repaired),
    }


def _summary(repaired: Repaired) -> Document:
    return {
        "grids": len(repaired.grids),
        "grids_changed": len(repaired.changed),
        "changes": len(repaired.changes),
        "households_moved": repaired.households_moved,
        "before": _state(repaired.before),
        "after": _state(repaired.after),
    }


def _state(report: CoverageReport) -> Document:
    """Return what a check says of land."""
    keys = (
        "parent_area_km2", "grid_area_km2", "uncovered_km2", "overlap_km2", "outside_km2",
        "households_uncovered", "households_in_several", "errors", "warnings", "by_rule",
    )  # fmt: skip
    return {key: report.summary[key] for key in keys}


def _rounded(values: dict[str, Any]) -> Document:
    return {
        key: round(value, MEASURE_DECIMALS) if isinstance(value, float) else value
        for key, value in values.items()
    }


def _changes(repaired: Repaired) -> list[Document]:
    shapes = np.array([change.shape for change in repaired.changes], dtype=object)
    points = np.array([change.point for change in repaired.changes], dtype=object)
    crs = repaired.after.crs
    return [
        {
            "rule": change.rule,
            "grids": list(change.grids),
            "to": change.to,
            "area_m2": round(change.area_m2, MEASURE_DECIMALS),
            "households": change.households,
            "point": [point.x, point.y],
            "bbox": list(shape.bounds),
            # A whole outline says nothing of where it changed.
            "geometry": mapping(shape if _is_land(change) else point),
            "message": change.message,
            "message_zh": change.message_zh,
        }
        for change, shape, point in zip(
            repaired.changes,
            reproject(shapes, crs, WGS84),
            reproject(points, crs, WGS84),
            strict=True,
        )
    ]


def _is_land(change: Change) -> bool:
    return change.area_m2 > 0


def _needed(repaired: Repaired) -> list[Document]:
    if not repaired.needed:
        return []
    places = np.array([shapely.Point(place) for _, place in repaired.needed], dtype=object)
    degrees = reproject(places, repaired.after.crs, WGS84)
    return [
        {"code": code, "point": [place.x, place.y]}
        for (code, _), place in zip(repaired.needed, degrees, strict=True)
    ]


def write_repair(document: Document, lang: str) -> str:
    """Return a repair in a few lines for a terminal, the largest changes first.

    Parameters
    ----------
    document
        What :func:`make_repair` made.
    lang
        ``zh`` or ``en``.
    """
    zh = lang == "zh"
    message, why = ("message_zh", "why_zh") if zh else ("message", "why")
    lines = [_headline(document["summary"], zh=zh)]
    changes, left = document["changes"], document["left"]
    lines += [f"  {change['rule']}  {change[message]}" for change in changes[:MOST_SHOWN]]
    lines += _more(len(changes), zh=zh)
    if left:
        lines.append(f"未修复 {len(left)} 项：" if zh else f"Left, {len(left)}:")
        for each in left[:MOST_SHOWN]:
            gap = "" if zh else " "
            lines.append(f"  {each['rule']}  {each[message]}{gap}{each[why]}")
        lines += _more(len(left), zh=zh)
    return "\n".join(lines) + "\n"


def _headline(summary: Document, *, zh: bool) -> str:
    before, after = summary["before"], summary["after"]
    changed, homes = summary["grids_changed"], summary["households_moved"]
    spans = [
        [land(state[key] * 1e6, english=not zh) for state in (before, after)]
        for key in ("uncovered_km2", "overlap_km2")
    ]
    moved = "" if homes is None else f"、{homes} 户" if zh else f" and {homes} households"
    if zh:
        return (
            f"改动 {changed} 个网格{moved}。错误 {before['errors']} → {after['errors']}，"
            f"警告 {before['warnings']} → {after['warnings']}；"
            f"空白 {' → '.join(spans[0])}，重叠 {' → '.join(spans[1])}。"
        )
    return (
        f"{changed} grids{moved} changed. "
        f"Errors {before['errors']} → {after['errors']}, "
        f"warnings {before['warnings']} → {after['warnings']}; "
        f"uncovered {' → '.join(spans[0])}, overlapping {' → '.join(spans[1])}."
    )


def _more(count: int, *, zh: bool) -> list[str]:
    rest = count - MOST_SHOWN
    if rest <= 0:
        return []
    return [f"  …… 另有 {rest} 项，见 --report" if zh else f"  … and {rest} more, see --report"]
