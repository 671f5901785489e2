"""A case: a small territory written down by hand, and what the check says of it.

Coordinates are metres from a corner somewhere in a county, so that a case can be read, and drawn.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import affinity
from shapely.geometry import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from geo.coverage import CoverageReport, check_coverage
from geo.phrases import Name
from geo.registers import Registers

CRS, CORNER = "EPSG:4547", (530_000.0, 3_720_000.0)
VILLAGE = "990101101001"
TODAY = dt.date(2026, 1, 15)


@dataclass(frozen=True, slots=True)
class Home:
    """A household: its grid on the list, its place in metres (null: not known), what else."""

    grid: str
    at: tuple[float, float] | None
    unit: str = ""
    needy: bool = False
    # Days since somebody was there; null: never.
    visited: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A territory of one or a few villages, with its grids, households and lists.

    ``notes`` says something of a grid on the picture, in English and Chinese. ``links`` are
    (member, household), both by their position; ``members`` the positions of their homes, and
    ``people`` who they are, where two members are one person.
    """

    grids: Mapping[str, BaseGeometry | None]
    parents: Mapping[str, BaseGeometry]
    homes: Sequence[Home] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    twice: Sequence[tuple[str, BaseGeometry]] = ()
    roles: Sequence[tuple[str, str]] | None = None
    members: Sequence[int] = ()
    people: Sequence[str] = ()
    links: Sequence[tuple[int, int]] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    lake: BaseGeometry | None = None

    def check(self) -> CoverageReport:
        """Check it by every rule that what it holds allows."""
        return check_coverage(
            self.grid_frame(),
            self.parent_frame(),
            households=self._homes() if self.homes else None,
            registers=self._lists(),
            limits=self.limits,
        )

    def grid_frame(self) -> gpd.GeoDataFrame:
        """Return its grids as the check takes them."""
        rows = [*self.grids.items(), *self.twice]
        codes = [code for code, _ in rows]
        return gpd.GeoDataFrame(
            {
                "code": [full(code) for code in codes],
                "name": [Name(f"{code} 网格", f"Grid {code}") for code in codes],
                "name_en": [f"Grid {code}" for code in codes],
                "area_code": [self._village(code) for code in codes],
                "kind": [self.kinds.get(code, "") for code in codes],
            },
            geometry=_series(shape for _, shape in rows),
        )

    def _village(self, code: str) -> str:
        """Return the village that a grid is filed under: the first, or the one in its code."""
        return next((each for each in self.parents if code.startswith(each)), VILLAGE)

    def parent_frame(self) -> gpd.GeoDataFrame:
        """Return its villages as the check takes them."""
        codes = list(self.parents)
        names = ("柳河村", "苇陂村")
        english = ("Liuhe", "Weibei")
        return gpd.GeoDataFrame(
            {
                "code": codes,
                "name": names[: len(codes)],
                "name_en": english[: len(codes)],
            },
            geometry=_series(self.parents.values()),
        )

    def _homes(self) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(
            {
                "code": [f"h{n:03}" for n in range(len(self.homes))],
                "grid_code": [full(home.grid) for home in self.homes],
                "area_code": VILLAGE,
                "unit_code": [home.unit for home in self.homes],
                "needy": [home.needy for home in self.homes],
            },
            geometry=_series(None if home.at is None else Point(home.at) for home in self.homes),
        )

    def _lists(self) -> Registers:
        held = None
        if self.roles is not None:
            held = pd.DataFrame(
                [(role, full(grid)) for role, grid in self.roles], columns=["role", "grid_code"]
            )
        days = {f"h{n:03}": home.visited for n, home in enumerate(self.homes)}
        seen = [(h, TODAY - dt.timedelta(days=d)) for h, d in days.items() if d is not None]
        people = self.people or [f"p{n}" for n in range(len(self.members))]
        members = {
            "code": [f"m{n}" for n in range(len(self.members))],
            "person_code": list(people),
            "household_code": [f"h{home:03}" for home in self.members],
            "area_code": [VILLAGE] * len(self.members),
        }
        links = [(f"m{member}", f"h{home:03}") for member, home in self.links]
        return Registers(
            appointments=held,
            members=pd.DataFrame(members) if self.members else None,
            links=pd.DataFrame(links, columns=["member_code", "household_code"]),
            visits=pd.DataFrame(seen, columns=["household_code", "day"]),
            today=TODAY,
            sizes=bool(self.kinds),
        )


def full(code: str) -> str:
    """Return a grid's whole code: a short one is a number in the village."""
    return VILLAGE + code.zfill(3) if len(code) <= 3 else code


def _series(shapes: Iterable[BaseGeometry | None]) -> gpd.GeoSeries:
    """Move shapes from the corner to where the county is."""
    moved = [None if shape is None else affinity.translate(shape, *CORNER) for shape in shapes]
    return gpd.GeoSeries(np.array(moved, dtype=object), crs=CRS)


def outline(*corners: tuple[float, float]) -> Polygon:
    """Make a polygon of corners."""
    return Polygon(corners)


def cut(shape: BaseGeometry, *holes: BaseGeometry) -> BaseGeometry:
    """Take land away."""
    return shape.difference(shapely.union_all(holes))


def row_of(
    n: int,
    grid: str,
    left: float,
    right: float,
    y: float,
    *,
    per_row: int = 12,
    rise: float = 14,
    unit: str = "",
    visited: int | None = None,
) -> list[Home]:
    """Set households in rows from left to right, upwards from ``y``."""
    step = (right - left) / min(n, per_row)
    places = [(left + (i % per_row + 0.5) * step, y + rise * (i // per_row)) for i in range(n)]
    return [Home(grid, place, unit=unit, visited=visited) for place in places]


LEFT, RIGHT = box(0, 0, 150, 200), box(150, 0, 300, 200)
# The village's border has the vertices that the grids' corners have on it.
WHOLE = outline((0, 0), (150, 0), (300, 0), (300, 200), (150, 200), (0, 200))
