"""Contacts: who keeps contact with which household, 党员联系户 (P401 to P404).

A **link** says that a member keeps contact with a household. A member's village is told with him;
a household's is its own. What is found is gathered by village, for that is who acts on it, and
named by whom it concerns: another household in need makes another finding, so that an exception
that was accepted for one is none for the next.

All of this is sensitive (PIPL art. 28): see :attr:`geo.rules.Rule.privacy`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import MultiLineString, MultiPoint
from shapely.geometry.base import BaseGeometry

from geo.findings import RULES, Finding, finding_id
from geo.measure import Geometries, Ruler, inner_point
from geo.phrases import distance, filled, in_english
from geo.register import Indices, Texts, text_of
from geo.rules import Limits


@dataclass(frozen=True)
class Places:
    """Where villages are and what they are called; ``otherwise`` is shown of those not known."""

    names: Mapping[str, str]
    shapes: Mapping[str, BaseGeometry]
    otherwise: BaseGeometry

    def seat(self, area: str) -> BaseGeometry:
        """Return what stands for a village where nothing of a finding has a place."""
        shape = self.shapes.get(area)
        return inner_point(self.otherwise if shape is None or shape.is_empty else shape)

    def words(self, area: str) -> tuple[str, str]:
        """Word where, in English and Chinese; nothing where it is not known."""
        name = self.names.get(area, area)
        return (f" of {in_english(name)}", name) if area else ("", "")


def check_contacts(
    households: gpd.GeoDataFrame,
    members: pd.DataFrame,
    links: pd.DataFrame,
    places: Places,
    limits: Limits,
) -> list[Finding]:
    """Check contacts by P401 to P404.

    Parameters
    ----------
    households
        ``code``, ``area_code``, ``needy`` (whether it has a need) and points, with a CRS.
    members
        ``code``; ``person_code``, ``household_code`` (his home) and ``area_code`` if there are.
    links
        ``member_code`` and ``household_code``.
    places
        Of villages.
    limits
        ``contacts_per_member``, ``contact_distance_m``.

    Returns
    -------
    list of Finding
        By rule and village. The geometry of P401 is the members' homes, of P402 the households,
        of P403 and P404 the lines between them; where none is located, a point of the village.
        ``households`` counts the households concerned.
    """
    if not len(members) and not len(links):
        return []
    listed = _Contacts(households, members, links, places)
    return [
        *listed.outnumbered(limits),
        *listed.alone(),
        *listed.far(limits),
        *listed.doubled(),
    ]


class _Contacts:
    """The lists as arrays: for each link the positions of its member, his home, its household."""

    def __init__(
        self,
        households: gpd.GeoDataFrame,
        members: pd.DataFrame,
        links: pd.DataFrame,
        places: Places,
    ) -> None:
        self.places = places
        self.points: Geometries = np.asarray(households.geometry.array, dtype=object)
        self.ruler = Ruler.of(np.array([places.otherwise], dtype=object), households.crs)
        self.homes = text_of(households, "code")
        self.home_areas = text_of(households, "area_code")
        self.needy = (
            households["needy"].fillna(False).to_numpy(dtype=bool)
            if "needy" in households
            else np.zeros(len(households), dtype=bool)
        )
        self.members = text_of(members, "code")
        self.areas = text_of(members, "area_code")
        people = text_of(members, "person_code")
        self.people = np.where(people == "", self.members, people)
        self.lives = _positions(text_of(members, "household_code"), self.homes)
        self.member = _positions(text_of(links, "member_code"), self.members)
        self.home = _positions(text_of(links, "household_code"), self.homes)

    # -- the rules -------------------------------------------------------------------------------

    def outnumbered(self, limits: Limits) -> Iterator[Finding]:
        """Find members with fewer contacts than asked, or with more (P401)."""
        known = self.member >= 0
        pairs = np.unique(np.column_stack((self.member, self.home))[known], axis=0)
        counts = np.bincount(pairs[:, 0], minlength=len(self.members))
        for area, rows in _by(self.areas, np.arange(len(self.members))):
            least, most = limits.range("contacts_per_member", area)
            ends = {"least": f"{least:g}", "most": f"{most:g}"}
            few, many = rows[counts[rows] < least], rows[counts[rows] > most]
            for some, en, zh in (
                (few, f"fewer than {least:g} households", f"少于 {least:g} 户"),
                (many, f"more than {most:g} households", f"多于 {most:g} 户"),
            ):
                if len(some):
                    n = len(some)
                    gaps = {
                        **ends,
                        "compared": en,
                        "compared_zh": zh,
                        "members": f"{n} member{'' if n == 1 else 's'}",
                        "keep": "keeps" if n == 1 else "keep",
                    }
                    where = self._points(self.lives[some])
                    who = [zh[:2], *self.members[some]]
                    yield self._finding("P401", area, who, n, where, gaps, homes=0)

    def alone(self) -> Iterator[Finding]:
        """Find households with a need that nobody keeps contact with (P402)."""
        linked = np.zeros(len(self.homes), dtype=bool)
        linked[self.home[(self.home >= 0) & (self.member >= 0)]] = True
        needy = np.flatnonzero(self.needy & ~linked)
        for area, rows in _by(self.home_areas[needy], needy):
            n = len(rows)
            gaps = {
                "homes": f"{n} household{'' if n == 1 else 's'}",
                "have": "has" if n == 1 else "have",
            }
            yield self._finding(
                "P402", area, self.homes[rows].tolist(), n, self._points(rows), gaps
            )

    def far(self, limits: Limits) -> Iterator[Finding]:
        """Find links that reach too far (P403)."""
        rows = np.flatnonzero((self.member >= 0) & (self.home >= 0))
        rows = rows[self.lives[self.member[rows]] >= 0]
        ends = self.points[self.lives[self.member[rows]]], self.points[self.home[rows]]
        far = np.zeros(len(self.member))
        far[rows] = np.nan_to_num(shapely.distance(*(self.ruler.project(end) for end in ends)))
        for area, some in _by(self._area_of_links(rows), rows):
            limit = limits.number("contact_distance_m", area)
            beyond = some[far[some] > limit]
            if len(beyond):
                furthest = float(far[beyond].max())
                gaps = {
                    "limit": distance(limit),
                    "limit_zh": distance(limit, english=False),
                    "far": distance(furthest),
                    "far_zh": distance(furthest, english=False),
                    "reach": "reaches" if len(beyond) == 1 else "reach",
                }
                yield self._of_links("P403", area, beyond, gaps, furthest)

    def doubled(self) -> Iterator[Finding]:
        """Find one person's contact with one household that is listed more than once (P404)."""
        rows = np.flatnonzero((self.member >= 0) & (self.home >= 0))
        _, person = np.unique(self.people[self.member[rows]].astype(str), return_inverse=True)
        pairs = np.column_stack((person.ravel(), self.home[rows]))
        _, first, count = np.unique(pairs, axis=0, return_index=True, return_counts=True)
        rows = np.sort(rows[first[count > 1]])
        for area, some in _by(self._area_of_links(rows), rows):
            gaps = {"stand": "stands" if len(some) == 1 else "stand"}
            yield self._of_links("P404", area, some, gaps, 0.0)

    # -- findings --------------------------------------------------------------------------------

    def _area_of_links(self, rows: Indices) -> Texts:
        """Return the village of each link's member, else of its household."""
        own, other = self.areas[self.member[rows]], self.home_areas[self.home[rows]]
        return np.where(own == "", other, own)

    def _of_links(
        self, rule: str, area: str, rows: Indices, gaps: Mapping[str, object], length_m: float
    ) -> Finding:
        n = len(rows)
        who = [
            f"{self.people[self.member[row]]} {self.homes[self.home[row]]}" for row in rows.tolist()
        ]
        words = {**gaps, "links": f"{n} contact{'' if n == 1 else 's'}"}
        return self._finding(rule, area, who, n, self._lines(rows), words, length_m=length_m)

    def _points(self, rows: Indices) -> BaseGeometry | None:
        points = self.points[rows[rows >= 0]]
        there = points[~(shapely.is_missing(points) | shapely.is_empty(points))]
        return MultiPoint(there.tolist()) if len(there) else None

    def _lines(self, rows: Indices) -> BaseGeometry | None:
        homes = self.lives[self.member[rows]]
        both = rows[homes >= 0]
        ends = np.column_stack((self.points[homes[homes >= 0]], self.points[self.home[both]]))
        there = ~(shapely.is_missing(ends) | shapely.is_empty(ends)).any(axis=1)
        pairs = shapely.get_coordinates(ends[there]).reshape(-1, 2, 2)
        return MultiLineString(list(pairs)) if len(pairs) else None

    def _finding(
        self,
        rule: str,
        area: str,
        who: Sequence[str],
        count: int,
        shape: BaseGeometry | None,
        gaps: Mapping[str, object],
        *,
        homes: int | None = None,
        length_m: float = 0.0,
    ) -> Finding:
        en, zh = self.places.words(area)
        words = {**gaps, "count": count, "place": en, "place_zh": zh}
        here = self.places.seat(area) if shape is None else shape
        return Finding(
            id=finding_id(rule, area, *sorted(map(str, who))),
            rule=rule,
            severity=RULES[rule].severity,
            grids=(),
            area=area or None,
            geometry=here,
            point=inner_point(here),
            households=count if homes is None else homes,
            length_m=length_m,
            **filled(rule, words, words),
        )


def _positions(codes: Texts, among: Texts) -> Indices:
    """Return where each code stands, the first of several; -1 where it does not."""
    first = {code: row for row, code in reversed(list(enumerate(among)))}
    return np.array([first.get(code, -1) for code in codes], dtype=np.intp)


def _by(areas: Texts, rows: Indices) -> Iterator[tuple[str, Indices]]:
    """Split rows by area, in the areas' order; ``areas`` are aligned with them."""
    names, place = np.unique(areas.astype(str), return_inverse=True)
    order = np.argsort(place.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(place.ravel(), minlength=len(names)))
    if len(names):
        yield from zip(names.tolist(), np.split(rows[order], ends[:-1]), strict=True)
