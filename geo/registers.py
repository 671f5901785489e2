"""Registers: what a county knows beside its land and households, and the rules that need it.

Who is appointed to what, which units, branches, members, contacts and visits are on its lists, and
what its settlements are called. Each list is optional: what was not given is not judged.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.contacts import Places, check_contacts
from geo.findings import Finding
from geo.register import Indices, names_of, text_of
from geo.rules import Limits
from geo.staffing import GridList, check_sizes, check_staffing, check_units
from geo.surroundings import Surroundings
from geo.visits import check_visits


@dataclass(frozen=True)
class Registers:
    """A county's lists; null is a list that was not given.

    Attributes
    ----------
    appointments
        ``role``, ``grid_code`` (null: of no grid), and ``name`` of who holds it if it is known:
        those in force.
    branches
        ``grid_code``; as :func:`geo.staffing.check_staffing` takes them.
    units
        ``code``, ``grid_code``, polygons or nulls, in the CRS of the grids.
    members, links
        As :func:`geo.contacts.check_contacts` takes them.
    visits, today
        As :func:`geo.visits.check_visits` takes them.
    settlements
        ``name``, ``name_en`` if there is, and shapes, in the CRS of the grids.
    sizes
        Whether the list of households is whole, so that those of a grid can be counted.
    code_digits
        How many digits a grid's code has, as the county has said.
    """

    appointments: pd.DataFrame | None = None
    branches: pd.DataFrame | None = None
    units: gpd.GeoDataFrame | None = None
    members: pd.DataFrame | None = None
    links: pd.DataFrame | None = None
    visits: pd.DataFrame | None = None
    today: dt.date | None = None
    settlements: gpd.GeoDataFrame | None = None
    sizes: bool = False
    code_digits: int | None = None

    def surroundings(self) -> Surroundings:
        """Return settlements and workers, by which a place is named."""
        workers: dict[str, tuple[str, ...]] = {}
        held = self.appointments
        if held is not None and "name" in held:
            walks = text_of(held, "role") == "grid_worker"
            grids, names = text_of(held, "grid_code")[walks], text_of(held, "name")[walks]
            for grid, name in zip(grids.tolist(), names.tolist(), strict=True):
                if grid and name:
                    workers[grid] = (*workers.get(grid, ()), name)
        return Surroundings.of(self.settlements, workers)


def check_registers(
    grids: gpd.GeoDataFrame,
    parents: gpd.GeoDataFrame | None,
    households: gpd.GeoDataFrame | None,
    registers: Registers,
    limits: Limits,
    grid: Indices | None = None,
) -> list[Finding]:
    """Check a county's lists by S301 to S306, P401 to P404 and V501; codes by their pattern (G006).

    Parameters
    ----------
    grids
        ``code``, polygons; ``name``, ``area_code``, ``kind`` if there are.
    parents
        ``code``, polygons; ``name`` if there is.
    households
        ``code``, points; ``grid_code``, ``area_code``, ``unit_code``, ``needy`` if there are.
    registers
        The lists.
    limits
        Thresholds in force.
    grid
        Aligned with the households: the row of the grid that each lies in, or -1.
    """
    found: list[Finding] = []
    if registers.code_digits is not None:
        found += check_codes(grids, registers.code_digits)
    if registers.appointments is not None:
        found += check_staffing(grids, registers.appointments, registers.branches)
    if households is None:
        return found
    if registers.sizes:
        lies = np.full(len(households), -1, dtype=np.intp) if grid is None else grid
        found += check_sizes(grids, households, lies, limits)
        found += check_units(registers.units, households, grids, limits)
    if registers.members is not None and registers.links is not None:
        places = _places(grids, parents)
        found += check_contacts(households, registers.members, registers.links, places, limits)
    if registers.visits is not None and registers.today is not None:
        found += check_visits(grids, households, registers.visits, registers.today, limits)
    return found


def check_codes(grids: gpd.GeoDataFrame, digits: int) -> list[Finding]:
    """Check that grids' codes are so many digits (G006); an import refuses others."""
    listed = GridList(grids)
    gaps = {"fault": f"is not of {digits} digits", "fault_zh": f"不是 {digits} 位数字"}
    return [
        listed.finding("G006", row, gaps)
        for row in listed.first.tolist()
        if not (len(listed.codes[row]) == digits and listed.codes[row].isdigit())
    ]


def _places(grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame | None) -> Places:
    otherwise = shapely.box(*grids.total_bounds)
    if parents is None:
        return Places({}, {}, otherwise)
    codes = text_of(parents, "code")
    names: Mapping[str, str] = dict(zip(codes, names_of(parents, codes), strict=True))
    return Places(names, dict(zip(codes, parents.geometry, strict=True)), otherwise)
