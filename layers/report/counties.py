"""The document of many counties: those of each put together, and what is wrong between them.

It is the document of one county with more in it: each finding names its ``counties``, and
``counties`` says of each what its own summary is, or why there is none.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from geo.coverage import blind_spots
from geo.findings import SEVERITIES
from layers.report.document import Document

# Figures that add up, and areas, with the rules that tell of more between counties. The areas of
# what could not be checked are null, and so is their sum.
COUNTS = ("grids", "areas", "households", "households_unlocated", "households_uncovered",
          "households_in_several", "errors", "warnings", "accepted")  # fmt: skip
AREAS = {"parent_area_km2": (), "grid_area_km2": (), "uncovered_km2": ("C101", "C102"),
         "overlap_km2": ("C103", "C106", "G004"), "outside_km2": ("C104",)}  # fmt: skip


def join_documents(
    documents: Mapping[str, Document],
    failed: Mapping[str, str],
    between: Document,
    sources: Mapping[str, str],
    source: str,
) -> Document:
    """Put documents together.

    Parameters
    ----------
    documents
        County to what :func:`layers.report.make_document` made of it; at least one.
    failed
        County to why it has none, or no border.
    between
        The same of what is wrong between counties, whose findings name their ``counties``.
    sources
        County to where it was read.
    source
        What they all lie in.

    Returns
    -------
    dict
        ``read_seconds`` and ``seconds`` are the work of all, not the time that has passed.
    """
    findings = [
        {**finding, "counties": [county]}
        for county, document in documents.items()
        for finding in document["findings"]
    ]
    findings += between["findings"]
    findings.sort(key=_order)
    parts = [*documents.values(), between]
    return {
        "wangge": between["wangge"],
        "source": source,
        "crs": between["crs"],
        "tolerance_m": between["tolerance_m"],
        "read_seconds": round(sum(each["read_seconds"] for each in parts), 3),
        "seconds": round(sum(each["seconds"] for each in parts), 3),
        "summary": {
            **_summary(documents, failed, between),
            "between_counties": sum(
                len(each["counties"]) > 1 and not each["accepted"] for each in between["findings"]
            ),
        },
        "counties": [_county(code, documents, failed, sources) for code in sources],
        "findings": findings,
    }


def _order(finding: Document) -> tuple[Any, ...]:
    rank = SEVERITIES.index(finding["severity"])
    return rank, -finding["area_m2"], finding["rule"], finding["id"], finding["counties"]


def _county(
    code: str,
    documents: Mapping[str, Document],
    failed: Mapping[str, str],
    sources: Mapping[str, str],
) -> Document:
    out: Document = {"county": code, "source": sources[code]}
    if code in documents:
        out |= {"crs": documents[code]["crs"], "summary": documents[code]["summary"]}
    return {**out, "error": failed[code]} if code in failed else out


def _summary(
    documents: Mapping[str, Document], failed: Mapping[str, str], between: Document
) -> Document:
    parts = [document["summary"] for document in documents.values()]
    own = between["summary"]
    every = [*parts, own]
    by_rule: dict[str, int] = {}
    for rule, count in (pair for each in every for pair in each["by_rule"].items()):
        by_rule[rule] = by_rule.get(rule, 0) + count
    known = own["outer_border_checked"] or all(each["outer_border_checked"] for each in parts)
    return {
        **{name: sum(each.get(name, 0) for each in every) for name in COUNTS},
        **{
            name: _sum([*(each[name] for each in parts), _area(between, rules)])
            for name, rules in AREAS.items()
        },
        "by_rule": dict(sorted(by_rule.items())),
        "blind_spots": _blind(parts, by_rule, own["rules_off"], failed),
        "outer_border_checked": known,
        "rules_off": own["rules_off"],
        "counties": len(documents),
        "counties_failed": len(failed),
    }


def _area(document: Document, rules: Collection[str]) -> float:
    """Return the area of a document's findings by these rules, km²."""
    return float(sum(f["area_m2"] for f in document["findings"] if f["rule"] in rules) / 1e6)


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 12) if len(known) == len(values) else None


def _blind(
    parts: Sequence[Document],
    by_rule: Mapping[str, int],
    off: Sequence[str],
    failed: Mapping[str, str],
) -> bool | None:
    """Tell whether a blind spot stands; null where none does, but not all could be looked at."""
    if any(each["blind_spots"] for each in parts):
        return True
    if failed or any(each["blind_spots"] is None for each in parts):
        return None
    return blind_spots(by_rule, off)
