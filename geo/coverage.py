"""The check: every point, and every household, of a territory in exactly one grid.

A **valid coverage** of a parent area means:

1. every grid is a valid, non-empty polygon (G001, G002);
2. no point lies inside two exclusive grids (C103, C106, G004);
3. every point of the parent lies in one (C101, C102);
4. no grid reaches outside its parent (C104);
5. neighbours share their border vertex by vertex (C105).

It is tested against the authority's polygon, not by counting holes: a hole can be a legitimate
enclave, and a missing edge of town is no hole at all. Without a parent, holes are warnings and the
outer border is not checked. Overlay grids lie on top and take no part in the partition; they must
lie inside their area.

How it works: the gate (:mod:`geo.gate`) → the certificate (:mod:`geo.certificate`), which ends
the matter for a clean coverage → the weld (:mod:`geo.weld`) → the faces of what is left
(:mod:`geo.arrangement`) → faults (:mod:`geo.faults`) → the area identity
``Σ grids − parents = Σ (depth − inParent) · area``, asserted on every run.

Topology is decided in the layer's own CRS; the metric CRS only measures.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from geo.corridors import corridor_findings
from geo.errors import CrsError
from geo.explain import Explainer, Households
from geo.findings import Finding, Severity, sort_findings, switched
from geo.gate import Layer, admit, gate_findings
from geo.households import HouseholdCheck, check_households
from geo.measure import Ruler
from geo.partition import Partition, find_faults, is_exact_coverage
from geo.register import Texts, text_of
from geo.registers import Registers, check_registers
from geo.rules import LIMITS, Limits
from geo.shift import shift_findings
from geo.threads import together

TOLERANCE_M: float = LIMITS["tolerance_m"].default
BLIND_RULES = ("C101", "C102", "H201")

__all__ = ["CoverageReport", "check_coverage", "is_exact_coverage"]


@dataclass(frozen=True)
class CoverageReport:
    """What a check found.

    ``summary`` has the keys of the JSON output's ``summary``. ``crs`` is the CRS of the
    findings' geometry, the layer's own; ``metric_crs`` the one that measured.
    """

    findings: list[Finding]
    summary: dict[str, Any]
    crs: CRS
    metric_crs: CRS
    tolerance_m: float
    notes: list[str] = field(default_factory=list)


def check_coverage(
    grids: gpd.GeoDataFrame,
    parents: gpd.GeoDataFrame | None = None,
    *,
    households: gpd.GeoDataFrame | None = None,
    appointments: pd.DataFrame | None = None,
    registers: Registers | None = None,
    tolerance_m: float = TOLERANCE_M,
    rules: Mapping[str, bool] | None = None,
    severities: Mapping[str, Severity] | None = None,
    limits: Mapping[str, Any] | Limits | None = None,
) -> CoverageReport:
    """Check a territory by every rule, and explain what is wrong.

    Parameters
    ----------
    grids
        ``code`` and polygons; ``name``, ``area_code`` (the parent's code) and ``coverage``
        (``exclusive`` or ``overlay``) if there are. A CRS must be set.
    parents
        ``code``, ``name`` and polygons, in the CRS of the grids, not overlapping. A single one is
        the parent of every grid without a known ``area_code``.
    households
        ``code``, ``grid_code`` and points (null: unlocated), in the CRS of the grids.
    appointments
        ``role`` and ``grid_code``: enables the staffing rules; those of ``registers`` go before.
    registers
        A county's other lists: enables the rules on units, contacts and visits.
    tolerance_m
        Borders closer than this are meant to be one, in metres.
    rules
        Rules that are switched: code to on or off. What is absent is on.
    severities
        Code to severity, where it is not the catalogue's.
    limits
        Thresholds by key (:data:`geo.rules.LIMITS`) where they are not the table's.

    Returns
    -------
    CoverageReport
        Findings by severity, then area; the same input gives the same report.

    Raises
    ------
    MissingCrsError, CrsError
        If a CRS is missing, or parents or households are in another one than the grids.
    ColumnError, EmptyLayerError
        If there is no code, or nothing to check.
    LimitError
        If a threshold is unknown, or has a value that makes no sense.
    """
    bounds = limits if isinstance(limits, Limits) else Limits.of(limits)
    lists = registers or Registers()
    if lists.appointments is None:
        lists = replace(lists, appointments=appointments)
    layer = admit(grids)
    parent_layer = None if parents is None else admit(parents)
    ruler = Ruler.of(layer.shapes, grids.crs)
    for other, name in ((parents, "parents"), (households, "households")):
        require_same_crs(grids, other, name)
    explain = Explainer(ruler, area_names(parent_layer), touched(households))
    found = gate_findings(grids, layer, explain)
    valid = frame_of(layer, text_of(grids, "kind"))
    within = None if parent_layer is None else frame_of(parent_layer)

    def strips() -> list[Finding]:
        if not (rules or {}).get("C107", True):
            return []
        width_m = bounds.number("narrow_gap_m")
        return list(corridor_findings(layer, parent_layer, explain, width_m, tolerance_m))

    def residents() -> HouseholdCheck | None:
        if households is None:
            return None
        return check_households(
            households, valid, within, limits=bounds.county, around=lists.surroundings()
        )

    def misplaced() -> list[Finding]:
        return shift_findings(valid, within, households)

    faults, corridors, people, shifts = together(
        lambda: find_faults(layer, parent_layer, explain, tolerance_m),
        strips, residents, misplaced,
    )  # fmt: skip
    found.extend(faults.found)
    found.extend(corridors)
    counts: dict[str, int] = {}
    if people is not None:
        found.extend(people.findings)
        counts = {
            "households": people.households,
            "households_uncovered": people.uncovered,
            "households_in_several": people.in_several,
            "households_unlocated": people.unlocated,
        }
    lies = None if people is None else people.grid
    found.extend(check_registers(valid, within, households, lists, bounds, lies))
    found.extend(shifts)
    kept = sort_findings(switched(found, rules, severities))
    off = tuple(code for code, is_on in sorted((rules or {}).items()) if not is_on)
    sizes = Sizes.of(layer, parent_layer, ruler)
    summary = summarise(sizes, faults, kept, counts, off)
    return CoverageReport(kept, summary, ruler.crs, ruler.metric, tolerance_m)


# -- The rest of the check -----------------------------------------------------------------------


@dataclass(frozen=True)
class Sizes:
    """How many grids and areas there are, and how large they are; null without parents."""

    grids: int
    areas: int | None
    grid_m2: float
    parent_m2: float

    @classmethod
    def of(cls, layer: Layer, parents: Layer | None, ruler: Ruler) -> "Sizes":
        """Count and measure the layers."""
        own = ruler.area_m2(layer.shapes[layer.exclusive]).sum()
        if parents is None:
            return cls(len(layer), None, float(own), 0.0)
        return cls(len(layer), len(parents), float(own), float(ruler.area_m2(parents.shapes).sum()))


def summarise(
    sizes: Sizes,
    partition: Partition,
    findings: list[Finding],
    counts: Mapping[str, int],
    off: tuple[str, ...],
) -> dict[str, Any]:
    """Add up; null stands for what could not be checked, never for zero."""
    by_rule = Counter(finding.rule for finding in findings)
    severities = Counter(finding.severity for finding in findings)
    with_households = "households" in counts
    known = sizes.areas is not None
    return {
        "grids": sizes.grids,
        "areas": sizes.areas or 0,
        "households": counts.get("households", 0),
        "households_unlocated": counts.get("households_unlocated", 0),
        "parent_area_km2": km2(sizes.parent_m2) if known else None,
        "grid_area_km2": km2(sizes.grid_m2),
        "uncovered_km2": km2(partition.uncovered_m2),
        "overlap_km2": km2(partition.overlap_m2),
        "outside_km2": km2(partition.outside_m2) if known else None,
        "households_uncovered": counts.get("households_uncovered", 0),
        "households_in_several": counts.get("households_in_several", 0),
        "by_rule": dict(sorted(by_rule.items())),
        "errors": severities["error"],
        "warnings": severities["warning"],
        "blind_spots": blind_spots(by_rule, off) if known and with_households else None,
        "outer_border_checked": known,
        "rules_off": list(off),
    }


def blind_spots(by_rule: Mapping[str, int], off: Collection[str]) -> bool | None:
    """Tell whether a blind spot stands; null where none does, but not all was looked for.

    Parameters
    ----------
    by_rule
        Code to how many findings stand.
    off
        Rules that are switched off.
    """
    if any(by_rule.get(rule) for rule in BLIND_RULES):
        return True
    return None if set(BLIND_RULES) & set(off) else False


def km2(area_m2: float) -> float:
    """Return square kilometres, to the square millimetre."""
    return round(float(area_m2) / 1e6, 12)


def frame_of(layer: Layer, kinds: Texts | None = None) -> gpd.GeoDataFrame:
    """Return a layer's usable rows: what the gate let through, repaired where it had to be."""
    rows = np.flatnonzero(~shapely.is_missing(layer.shapes))
    columns = {
        "code": layer.codes, "name": layer.names, "name_en": tuple(name.en for name in layer.names),
        "area_code": layer.parent, "coverage": layer.coverage,
        "kind": [""] * len(layer) if kinds is None else kinds,
    }  # fmt: skip
    return gpd.GeoDataFrame(
        {name: [values[row] for row in rows] for name, values in columns.items()},
        geometry=layer.shapes[rows],
        crs=CRS.from_user_input(layer.crs),
    )


def require_same_crs(grids: gpd.GeoDataFrame, other: gpd.GeoDataFrame | None, name: str) -> None:
    if other is not None and CRS.from_user_input(other.crs) != CRS.from_user_input(grids.crs):
        raise CrsError(
            f"The {name} are in {other.crs}, the grids in {grids.crs}.",
            cure="Transform them to the CRS of the grids first.",
        )


def area_names(parents: Layer | None) -> dict[str, str]:
    return {} if parents is None else dict(zip(parents.codes, parents.names, strict=True))


def touched(households: gpd.GeoDataFrame | None) -> Households | None:
    if households is None:
        return None
    return Households.of(np.asarray(households.geometry.values, dtype=object))
