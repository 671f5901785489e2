"""Staffing: in every grid people, 格中有人, and neither too few nor too many households for them.

Which grids have no worker, no head, no party branch; which have fewer or more households than
their kind should; which ten-household units are far from ten. One head may answer for several
grids, with an appointment for each; so may a worker.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import MultiPoint
from shapely.geometry.base import BaseGeometry

from geo.findings import RULES, Finding, finding_id
from geo.measure import Geometries, inner_point
from geo.phrases import Wording, filled, homes_told, in_english
from geo.register import Indices, Texts, names_of, text_of
from geo.rules import Limits

# The role that satisfies a rule.
NEEDED: Mapping[str, str] = {
    "S301": "grid_worker",
    "S302": "grid_head",
    "S303": "branch_secretary",
}
KINDS: Mapping[str, tuple[str, str]] = {
    "rural": ("a rural grid", "农村网格"),
    "community": ("a community grid", "社区网格"),
    "dedicated": ("a dedicated grid", "专属网格"),
}


def check_staffing(
    grids: gpd.GeoDataFrame,
    appointments: pd.DataFrame,
    branches: pd.DataFrame | None = None,
) -> list[Finding]:
    """Check that each grid has a worker (S301), a head (S302) and a party branch (S303).

    Parameters
    ----------
    grids
        ``code`` and polygons, with a CRS; ``name`` and ``area_code`` if there are. Overlay grids
        need people as others do. Of rows that share a code the first is reported.
    appointments
        ``role`` and ``grid_code`` (null: of no grid): those in force on the day that is asked
        about.
    branches
        ``grid_code``. Without it a branch is known by its secretary's appointment to a grid; if
        no such appointment stands in the list either, S303 is not judged.

    Returns
    -------
    list of Finding
        In order of rule and code; the geometry is the grid's, measures are 0. A grid without a
        polygon is shown in the middle of the layer.
    """
    role, where = text_of(appointments, "role"), text_of(appointments, "grid_code")
    findings: list[Finding] = []
    for rule, needed in NEEDED.items():
        staffed = set(where[(role == needed) & (where != "")])
        if rule == "S303":
            staffed |= set(text_of(branches, "grid_code")) if branches is not None else set()
            if branches is None and not staffed:
                continue
        findings += _without(rule, grids, staffed)
    return findings


def _without(rule: str, grids: gpd.GeoDataFrame, staffed: set[str]) -> Iterator[Finding]:
    listed = GridList(grids)
    for row in listed.first.tolist():
        if listed.codes[row] not in staffed:
            yield listed.finding(rule, row)


class GridList:
    """Grids as arrays, to make findings of whole grids; of rows that share a code the first."""

    def __init__(self, grids: gpd.GeoDataFrame) -> None:
        self.codes = text_of(grids, "code")
        self.names = names_of(grids, self.codes)
        self.areas = text_of(grids, "area_code")
        self.shapes: Geometries = np.asarray(grids.geometry.array, dtype=object)
        row_of = {code: row for row, code in reversed(list(enumerate(self.codes)))}
        self.row_of: Mapping[str, int] = row_of

    @property
    def first(self) -> Indices:
        """The first row of each code, in order of code."""
        return np.array([self.row_of[code] for code in sorted(self.row_of)], dtype=np.intp)

    def rows(self, codes: Texts) -> Indices:
        """Return the row of each code, -1 where it is no grid's."""
        return np.array([self.row_of.get(code, -1) for code in codes], dtype=np.intp)

    def shape(self, row: int) -> BaseGeometry:
        """Return a grid's polygon; the middle of all of them where it has none."""
        shape: BaseGeometry | None = self.shapes[row]
        if shape is None or shape.is_empty:
            return shapely.box(*shapely.total_bounds(self.shapes)).centroid
        return shape

    def finding(
        self,
        rule: str,
        row: int,
        gaps: Mapping[str, object] | None = None,
        *,
        households: int = 0,
    ) -> Finding:
        """Make a finding of a grid as a whole; its name lasts as long as the grid's code."""
        shape, code = self.shape(row), str(self.codes[row])
        return Finding(
            id=finding_id(rule, code),
            rule=rule,
            severity=RULES[rule].severity,
            grids=(code,),
            area=self.areas[row] or None,
            geometry=shape,
            point=inner_point(shape),
            households=households,
            **_of_name(rule, self.names[row], gaps or {}),
        )


def _of_name(rule: str, name: str, gaps: Mapping[str, object]) -> Wording:
    return filled(rule, {**gaps, "first": in_english(name)}, {**gaps, "first": name})


# -- S304, S305: how many households a grid has ----------------------------------------------------


def check_sizes(
    grids: gpd.GeoDataFrame, households: pd.DataFrame, grid: Indices, limits: Limits
) -> list[Finding]:
    """Check that each grid has as many households as its kind should have (S304, S305).

    Parameters
    ----------
    grids
        ``code``, polygons and ``kind``; a grid whose kind is not told is not judged.
    households
        ``grid_code``: the grid on whose list each stands. Who is on nobody's list counts where
        he lives.
    grid
        Aligned with the households: the row of the grid that each lies in, or -1.
    limits
        ``households_per_grid``.

    Returns
    -------
    list of Finding
        In order of code; the geometry is the grid's. No count under ten is told.
    """
    all_grids, kinds = GridList(grids), text_of(grids, "kind")
    listed = all_grids.rows(text_of(households, "grid_code"))
    home = np.where(listed < 0, grid, listed)
    counts = np.bincount(home[home >= 0], minlength=len(grids))
    findings = []
    for row in all_grids.first.tolist():
        if kinds[row] not in KINDS:
            continue
        least, most = limits.range("households_per_grid", all_grids.codes[row], kinds[row])
        rule = "S304" if counts[row] < least else "S305" if counts[row] > most else None
        if rule is not None:
            en, zh = KINDS[kinds[row]]
            told = homes_told(int(counts[row]))
            gaps = {"homes": told[0], "homes_zh": told[1], "a_kind": en, "kind_zh": zh,
                    "least": f"{least:,.0f}", "most": f"{most:,.0f}"}  # fmt: skip
            findings.append(all_grids.finding(rule, row, gaps))
    return findings


# -- S306: ten-household units ---------------------------------------------------------------------


def check_units(
    units: gpd.GeoDataFrame | None,
    households: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    limits: Limits,
) -> list[Finding]:
    """Check that ten-household units have about ten households (S306).

    Parameters
    ----------
    units
        ``code``, ``grid_code`` and polygons, null where not drawn. Without it the units are those
        that households name.
    households
        ``unit_code``, ``grid_code`` and points.
    grids
        ``code``; ``name`` and ``area_code`` if there are.
    limits
        ``households_per_unit``.

    Returns
    -------
    list of Finding
        In order of code; the geometry is the unit's, else its households' points.
    """
    own = text_of(households, "unit_code")
    codes, place = np.unique(own.astype(str), return_inverse=True)
    listed = () if units is None else text_of(units, "code")
    unit_of = {code: row for row, code in enumerate(listed)}
    counts = dict(zip(codes.tolist(), np.bincount(place.ravel()).tolist(), strict=True))
    position = {code: at for at, code in enumerate(codes.tolist())}
    all_grids, findings = GridList(grids), []
    for code in sorted({*counts, *unit_of} - {""}):
        least, most = limits.range("households_per_unit", code)
        if not least <= counts.get(code, 0) <= most:
            rows = np.flatnonzero(place.ravel() == position.get(code, -1))
            drawn = units.iloc[[unit_of[code]]] if units is not None and code in unit_of else None
            findings.append(_unit(code, (least, most), drawn, households.iloc[rows], all_grids))
    return findings


def _unit(
    code: str,
    ends: tuple[float, float],
    unit: gpd.GeoDataFrame | None,
    households: gpd.GeoDataFrame,
    grids: GridList,
) -> Finding:
    """Make a finding of one unit: its row if it has one, and its households."""
    count, few = len(households), len(households) < ends[0]
    owner = str(text_of(households if unit is None else unit, "grid_code")[0])
    row = grids.row_of.get(owner)
    shape = _seat(unit, households)
    if shape is None:
        shape = grids.shape(row or 0)
    gaps: dict[str, Any] = {
        "unit": code,
        "homes": f"{count} household{'' if count == 1 else 's'}",
        "homes_zh": f"{count} 户",
        "compared": f"fewer than {ends[0]:g}" if few else f"more than {ends[1]:g}",
        "compared_zh": f"不足 {ends[0]:g} 户" if few else f"超过 {ends[1]:g} 户",
    }
    return Finding(
        id=finding_id("S306", code),
        rule="S306",
        severity=RULES["S306"].severity,
        grids=(owner,) if owner else (),
        area=None if row is None else grids.areas[row] or None,
        geometry=shape,
        point=inner_point(shape),
        households=count,
        **_of_name("S306", owner if row is None else grids.names[row], gaps),
    )


def _seat(unit: gpd.GeoDataFrame | None, households: gpd.GeoDataFrame) -> BaseGeometry | None:
    shapes = [] if unit is None else list(unit.geometry)
    points = np.asarray(households.geometry.array, dtype=object)
    there = points[~(shapely.is_missing(points) | shapely.is_empty(points))]
    shapes += [MultiPoint(there.tolist())] if len(there) else []
    return next((s for s in shapes if s is not None and not s.is_empty), None)
