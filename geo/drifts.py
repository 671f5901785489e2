"""Drifts: the shift of each parent's grids (G007), kept so that an edit asks only its own parents.

A group of grids is suspected, and looked at closely, if its centre lies away from its parent's or
if many of its households lie outside their grids; of most, that is soon denied.
"""

from dataclasses import dataclass, field

import numpy as np
import pyproj
import shapely

from geo.certificate import Ints
from geo.findings import Finding
from geo.residents import Homes, Parents
from geo.rows import Objects, Rows
from geo.shift import (
    MISPLACED,
    NEAR_M,
    SUSPECT,
    Shift,
    centre,
    group_shifts,
    metres_between,
    shift_finding,
    whole,
)


def groups_of(rows: Rows, parents: Parents | None) -> Objects:
    """Return each row's group: its parent's code, "" where that is not known."""
    if parents is None:
        return rows.parent
    known = set(parents.codes.tolist())
    return np.array([code if code in known else "" for code in rows.parent.tolist()], dtype=object)


@dataclass
class Drifts:
    """The shift of each group, and what is told of them."""

    parents: Parents | None
    homes: Homes | None
    crs: object
    shifts: dict[str, Shift] = field(default_factory=dict)
    told: dict[Shift, Finding] = field(default_factory=dict)
    centres: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Rows, parents: Parents | None, homes: Homes | None, crs: object) -> "Drifts":
        """Look at all groups."""
        out = cls(parents, homes, crs)
        within = None if parents is None else parents.frame
        people = None if homes is None else homes.frame
        out.shifts = group_shifts(rows.frame(crs), within, people)
        out._tell(rows, set())
        return out

    @property
    def findings(self) -> list[Finding]:
        """All that is told."""
        return list(self.told.values())

    def edited(self, rows: Rows, groups: set[str], codes: set[str]) -> "Drifts":
        """Return them after an edit of some groups' grids, of some codes."""
        out = Drifts(
            self.parents, self.homes, self.crs, dict(self.shifts), dict(self.told), self.centres
        )
        for group in groups:
            found = out._shift(rows, group)
            out.shifts.pop(group, None)
            if found:
                out.shifts[group] = found
        if self.shifts or out.shifts:
            out._tell(rows, codes)
        return out

    def _tell(self, rows: Rows, codes: set[str]) -> None:
        there = rows.take(rows.present)
        count = len(set(groups_of(there, self.parents).tolist()))
        within = None if self.parents is None else self.parents.frame
        before, self.told = self.told, {}
        for shift in whole([self.shifts[group] for group in sorted(self.shifts)], count):
            known = before.get(shift)
            if known is None or shift.area is None or codes & set(shift.codes):
                wanted = set(shift.codes)
                named = np.array([code in wanted for code in there.codes.tolist()], dtype=bool)
                known = shift_finding(shift, there.take(named).frame(self.crs), within)
            self.told[shift] = known

    def _shift(self, rows: Rows, group: str) -> Shift | None:
        of = rows.parent if group else groups_of(rows, self.parents)
        some = rows.take((of == group) & rows.present)
        if not len(some):
            return None
        away, people = self._is_away(some, group), self._people(rows, some)
        if not away and not self._is_misplaced(some, people):
            return None
        within = None
        if self.parents is not None and away:
            within = self.parents.frame
            within = within[self.parents.codes == group] if group else within
        frame = None if self.homes is None else self.homes.frame.iloc[people]
        return group_shifts(some.frame(self.crs), within, frame).get(group)

    def _is_away(self, some: Rows, group: str) -> bool:
        """Tell whether a group's centre lies away from its parent's."""
        if self.parents is None:
            return False
        if group not in self.centres:
            shapes = np.asarray(self.parents.frame.geometry.array, dtype=object)
            self.centres[group] = centre(shapes[self.parents.codes == group] if group else shapes)
        sized = some.weight > 0
        weight = some.weight[sized]
        if not len(weight) or not np.isfinite(self.centres[group]).all():
            return False
        here = (weight @ some.middle[sized] / weight.sum())[None]
        return (
            not metres_between(pyproj.CRS.from_user_input(self.crs), here, self.centres[group])[0]
            <= NEAR_M
        )

    def _people(self, rows: Rows, some: Rows) -> Ints:
        """Return the located households recorded in a group, each where its code comes first."""
        if self.homes is None or "grid_code" not in self.homes.frame:
            return np.empty(0, dtype=np.int64)
        keys = _first(some)
        own = [
            code for code, key in keys.items()
            if rows.keys[np.argmax((rows.codes == code) & rows.present)] == some.keys[key]
        ]  # fmt: skip
        found = np.array(sorted(self.homes.recorded_in(own)), dtype=np.int64)
        points = self.homes.points[found]
        return found[~(shapely.is_missing(points) | shapely.is_empty(points))]

    def _is_misplaced(self, some: Rows, people: Ints) -> bool:
        """Tell whether many of a group's households lie outside the grids they are recorded in."""
        if self.homes is None or not len(people):
            return False
        asked = people[:: -(-len(people) // SUSPECT)]  # what evenly chooses of one group
        first = _first(some)
        at = [first[code] for code in self.homes.records[asked].tolist()]
        inside = shapely.intersects(some.shapes[at], self.homes.points[asked])
        return float((~inside).mean()) > MISPLACED


def _first(rows: Rows) -> dict[str, int]:
    """Return where each code comes first."""
    codes = rows.codes.tolist()
    return {code: at for at, code in reversed(list(enumerate(codes)))}
