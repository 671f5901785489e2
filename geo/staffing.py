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
from geo.measure import inner_point
from geo.phrases import Wording, filled, homes_told, in_english
from geo.register import Indices, names_of, text_of
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
    codes = text_of(grids, "code")
    names = names_of(grids, codes)
    _, first = np.unique(codes.astype(str), return_index=True)
    for row in first.tolist():
        if codes[row] not in staffed:
            yield of_grid(rule, grids, row, of_name(rule, names[row], {}))


def of_name(rule: str, name: str, gaps: Mapping[str, object]) -> Wording:
    """Word a finding that begins with what a grid is called."""
    return filled(rule, {**gaps, "first": in_english(name)}, {**gaps, "first": name})


def of_grid(
    rule: str, grids: gpd.GeoDataFrame, row: int, words: Wording, *, households: int = 0
) -> Finding:
    """Make a finding of a grid as a whole; its name lasts as long as the grid's code."""
    code, area = str(grids["code"].iloc[row]), text_of(grids, "area_code")[row]
    shape = grids.geometry.iloc[row]
    if shape is None or shape.is_empty:
        shape = shapely.box(*grids.total_bounds).centroid
    return Finding(
        id=finding_id(rule, code),
        rule=rule,
        severity=RULES[rule].severity,
        grids=(code,),
        area=area or None,
        geometry=shape,
        point=inner_point(shape),
        households=households,
        **words,
    )


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
    codes, kinds = text_of(grids, "code"), text_of(grids, "kind")
    first = {code: len(codes) - 1 - row for row, code in enumerate(codes[::-1])}
    listed = pd.Series(text_of(households, "grid_code")).map(first).fillna(-1).to_numpy(dtype=int)
    home = np.where(listed < 0, grid, listed)
    counts = np.bincount(home[home >= 0], minlength=len(grids))
    names, findings = names_of(grids, codes), []
    for row in np.argsort(codes, kind="stable").tolist():
        if kinds[row] not in KINDS:
            continue
        least, most = limits.range("households_per_grid", codes[row], kinds[row])
        rule = "S304" if counts[row] < least else "S305" if counts[row] > most else None
        if rule is not None:
            en, zh = KINDS[kinds[row]]
            told = homes_told(int(counts[row]))
            gaps = {"homes": told[0], "homes_zh": told[1], "a_kind": en, "kind_zh": zh,
                    "least": f"{least:,.0f}", "most": f"{most:,.0f}"}  # fmt: skip
            findings.append(of_grid(rule, grids, row, of_name(rule, names[row], gaps)))
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
    names = text_of(households, "unit_code")
    counts = pd.Series(names[names != ""], dtype=object).value_counts()
    listed = pd.Index(text_of(units, "code")) if units is not None else pd.Index([])
    row_of = {code: row for row, code in enumerate(listed)}
    findings = []
    for code in sorted({*counts.index, *row_of}):
        count = int(counts.get(code, 0))
        least, most = limits.range("households_per_unit", code)
        if not least <= count <= most:
            rows = np.flatnonzero(names == code)
            shape = (
                None if units is None or code not in row_of else units.geometry.iloc[row_of[code]]
            )
            owner = _grid_of_unit(code, row_of, units, households, rows)
            ends = (least, most)
            findings.append(_unit(code, count, ends, owner, grids, _seat(shape, households, rows)))
    return findings


def _grid_of_unit(
    code: str,
    row_of: Mapping[str, int],
    units: gpd.GeoDataFrame | None,
    households: gpd.GeoDataFrame,
    rows: Indices,
) -> str:
    if units is not None and code in row_of:
        return str(text_of(units, "grid_code")[row_of[code]])
    return str(text_of(households, "grid_code")[rows[0]])


def _seat(
    shape: BaseGeometry | None, households: gpd.GeoDataFrame, rows: Indices
) -> BaseGeometry | None:
    if shape is not None and not shape.is_empty:
        return shape
    points = np.asarray(households.geometry.array, dtype=object)[rows]
    there = points[~(shapely.is_missing(points) | shapely.is_empty(points))]
    return MultiPoint(there.tolist()) if len(there) else None


def _unit(
    code: str,
    count: int,
    ends: tuple[float, float],
    owner: str,
    grids: gpd.GeoDataFrame,
    seat: BaseGeometry | None,
) -> Finding:
    at = np.flatnonzero(text_of(grids, "code") == owner)
    row = int(at[0]) if len(at) else None
    name = names_of(grids, text_of(grids, "code"))[row] if row is not None else owner
    few = count < ends[0]
    gaps: dict[str, Any] = {
        "unit": code,
        "homes": f"{count} household{'' if count == 1 else 's'}",
        "homes_zh": f"{count} 户",
        "compared": f"fewer than {ends[0]:g}" if few else f"more than {ends[1]:g}",
        "compared_zh": f"不足 {ends[0]:g} 户" if few else f"超过 {ends[1]:g} 户",
    }
    land = grids.geometry.iloc[row] if row is not None else None
    shape = seat if seat is not None else land
    if shape is None or shape.is_empty:
        shape = shapely.box(*grids.total_bounds).centroid
    return Finding(
        id=finding_id("S306", code),
        rule="S306",
        severity=RULES["S306"].severity,
        grids=(owner,) if owner else (),
        area=(text_of(grids, "area_code")[row] or None) if row is not None else None,
        geometry=shape,
        point=inner_point(shape),
        households=count,
        **of_name("S306", name, gaps),
    )
