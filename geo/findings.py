"""A finding: one place where a rule of the catalogue is broken.

A rule is a row of :data:`geo.rules.RULES`. A :class:`Finding` says where, how big, whom it touches
and what to do.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from geo.rules import RULES, Rule, Severity

__all__ = [
    "RULES", "SEVERITIES", "Finding", "Rule", "Severity", "finding_id", "sort_findings", "switched",
]  # fmt: skip

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


def finding_id(rule: str, *parts: str) -> str:
    """Name a finding by what it is about, so that the name survives a re-run.

    Parameters
    ----------
    rule
        The rule's code.
    *parts
        What identifies the place: sorted codes, a coarse position. Nothing that an unrelated
        edit changes (no row numbers, no counters).

    Returns
    -------
    str
        12 hexadecimal digits.

    Examples
    --------
    >>> finding_id("C101", "a", "b") == finding_id("C101", "a", "b")
    True
    """
    text = "\x1f".join((rule, *parts))
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule is broken.

    Geometry and ``point`` are in the checked layer's own CRS; measures are metric (m, m²).
    ``area`` is the parent's code. ``depth`` is the greatest number of grids on one spot.
    """

    id: str
    rule: str
    grids: tuple[str, ...]
    area: str | None
    geometry: BaseGeometry
    point: Point
    message: str
    message_zh: str
    fix: str
    fix_zh: str
    area_m2: float = 0.0
    width_m: float = 0.0
    length_m: float = 0.0
    households: int = 0
    depth: int | None = None
    severity: Severity = field(default="error")

    @property
    def name(self) -> str:
        """The rule's short name, such as ``gap``."""
        return RULES[self.rule].name


def sort_findings(findings: list[Finding]) -> list[Finding]:
    """Order findings by severity, then area (largest first), then rule and id; no id twice."""

    def key(finding: Finding) -> tuple[int, float, str, str]:
        rank = SEVERITIES.index(finding.severity)
        return rank, -finding.area_m2, finding.rule, finding.id

    return sorted(_told_apart(findings), key=key)


def _told_apart(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Give each its own id: two of one name lie within some metres, and are counted eastward."""
    alike: dict[str, list[Finding]] = {}
    for each in findings:
        alike.setdefault(each.id, []).append(each)
    for name, same in alike.items():
        if len(same) > 1:
            same.sort(key=lambda f: (f.geometry.bounds, f.geometry.wkb))
        yield same[0]
        for number, each in enumerate(same[1:], start=2):
            yield replace(each, id=finding_id(each.rule, name, str(number)))


def switched(
    findings: Iterable[Finding],
    on: Mapping[str, bool] | None = None,
    severities: Mapping[str, Severity] | None = None,
) -> list[Finding]:
    """Return the findings of the rules that are on, as grave as a county says.

    Parameters
    ----------
    findings
        Any.
    on
        Code to on or off; what is absent is on.
    severities
        Code to severity, where a county differs. What it says of a rule as the catalogue has it
        changes nothing, so that a gap that nobody can be sure of stays a warning.
    """
    said = {
        code: severity
        for code, severity in (severities or {}).items()
        if severity != RULES[code].severity
    }
    return [
        replace(each, severity=said[each.rule]) if each.rule in said else each
        for each in findings
        if (on or {}).get(each.rule, True)
    ]
