"""The report for a terminal: the verdict, the counts, and a sentence for each finding."""

import unicodedata
from typing import Any

from geo.findings import RULES
from layers.report.words import area, label, verdict

MOST_LINES = 60
MARKS = {"error": "✗", "warning": "!", "info": "·"}


def write_table(document: dict[str, Any], lang: str) -> str:
    """Return a document as lines of text, in one language."""
    summary, findings = document["summary"], document["findings"]
    lines = [verdict(summary, lang), "", *_counts(summary, lang), ""]
    if findings:
        lines += [*_rules(findings, lang), "", *_sentences(findings, lang)]
    return "\n".join(lines).rstrip() + "\n"


def _counts(summary: dict[str, Any], lang: str) -> list[str]:
    many = ("counties", "between_counties") if "counties" in summary else ()
    rows = [
        *((label(name, lang), f"{summary[name]:,}") for name in many),
        (label("grids", lang), f"{summary['grids']:,}"),
        (label("uncovered", lang), area(summary["uncovered_km2"], lang)),
        (label("overlap", lang), area(summary["overlap_km2"], lang)),
        (label("outside", lang), area(summary["outside_km2"], lang)),
    ]
    if summary["households"]:
        located = summary["households"] - summary["households_unlocated"]
        among = f"{summary['households_uncovered']:,} / {located:,}"
        rows.append((label("households_uncovered", lang), among))
    rows.append((label("errors", lang), f"{summary['errors']:,}"))
    rows.append((label("warnings", lang), f"{summary['warnings']:,}"))
    if summary["accepted"]:
        rows.append((label("accepted", lang), f"{summary['accepted']:,}"))
    width = max(columns(name) for name, _ in rows)
    return [f"  {pad(name, width)}  {value}" for name, value in rows]


def _rules(findings: list[dict[str, Any]], lang: str) -> list[str]:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding["rule"]] = counts.get(finding["rule"], 0) + 1
    names = {code: RULES[code].name if lang == "en" else RULES[code].name_zh for code in counts}
    width = max(columns(name) for name in names.values())
    return [
        f"  {code}  {pad(names[code], width)}  {count:>6,}"
        for code, count in sorted(counts.items())
    ]


def _sentences(findings: list[dict[str, Any]], lang: str) -> list[str]:
    message, fix = ("message", "fix") if lang == "en" else ("message_zh", "fix_zh")
    lines = []
    for finding in findings[:MOST_LINES]:
        lon, lat = finding["point"]
        mark = "=" if finding["accepted"] else MARKS[finding["severity"]]
        lines.append(f"{mark} {finding['rule']} {finding[message]}")
        lines.append(f"    {finding[fix]}  [{lon:.6f}, {lat:.6f}]  {finding['id']}")
    rest = len(findings) - MOST_LINES
    if rest > 0:
        lines += ["", label("more", lang).format(shown=MOST_LINES, rest=rest)]
    return lines


def columns(words: str) -> int:
    """Return how many columns of a terminal text takes: Chinese characters take two."""
    return sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in words)


def pad(words: str, width: int) -> str:
    """Fill text up to a number of columns."""
    return words + " " * (width - columns(words))
