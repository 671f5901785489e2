"""Residents: what is told of households, kept so that an edit asks only those whom it concerns.

A household is concerned if it lies in the box of a changed grid, is recorded there, or is told of
in one finding with one that is. Those are checked again, by the same rules, against the grids
around them; what is told of all others stands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.certificate import Flags, Floats, Geometries, Ints
from geo.coverage import frame_of
from geo.findings import Finding
from geo.gate import Layer
from geo.households import LIMITS, HouseholdCheck, check_households
from geo.knots import meets
from geo.measure import Ruler
from geo.register import text_of
from geo.rows import Rows

Told = dict[int, tuple[Finding, Ints]]
Key = tuple[object, ...]
# A grid that could be nearer than the nearest one asked: distances are compared with this slack.
SLACK = 1.05
_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Parents:
    """The parents, as the check has them."""

    layer: Layer
    frame: gpd.GeoDataFrame
    boxes: Floats
    codes: np.ndarray

    @classmethod
    def of(cls, layer: Layer) -> "Parents":
        """Take a layer, and its usable rows as the rules of households take them."""
        frame = frame_of(layer)
        shapes = np.asarray(frame.geometry.array, dtype=object)
        return cls(layer, frame, shapely.bounds(shapes), text_of(frame, "code"))

    def some(self, boxes: Floats, codes: Iterable[str]) -> gpd.GeoDataFrame:
        """Return those that meet boxes or have one of the codes."""
        wanted = set(codes)
        named = np.array([code in wanted for code in self.codes.tolist()], dtype=bool)
        rows = np.flatnonzero(meets(self.boxes, boxes) | named)
        return self.frame.iloc[rows]


@dataclass(frozen=True)
class Homes:
    """The households, which do not change, and how they are looked up."""

    frame: gpd.GeoDataFrame
    points: Geometries
    tree: shapely.STRtree
    records: np.ndarray
    recorded: Mapping[str, Ints]
    areas: np.ndarray
    located: int
    limits: Mapping[str, Any]

    @classmethod
    def of(cls, frame: gpd.GeoDataFrame, limits: Mapping[str, Any]) -> "Homes":
        """Index households."""
        points = np.asarray(frame.geometry.array, dtype=object)
        records = text_of(frame, "grid_code")
        there = ~(shapely.is_missing(points) | shapely.is_empty(points))
        return cls(
            frame, points, shapely.STRtree(points), records,
            {str(code): np.asarray(rows, dtype=np.int64)
             for code, rows in pd.Series(records).groupby(records).indices.items()},
            text_of(frame, "area_code"), int(there.sum()), {**LIMITS, **limits},
        )  # fmt: skip

    def inside(self, boxes: Floats) -> set[int]:
        """Return the households in boxes."""
        return {int(row) for box in boxes for row in self.tree.query(shapely.box(*box)).tolist()}

    def recorded_in(self, codes: Iterable[str]) -> set[int]:
        """Return the households recorded in some grids."""
        return {int(row) for code in codes for row in self.recorded.get(code, _NONE)}


def ask(
    homes: Homes, chosen: Ints, rows: Rows, parents: Parents | None, crs: object, ruler: Ruler
) -> HouseholdCheck:
    """Check some households as if all were checked; ``rows`` of the result are positions in all."""
    frame = homes.frame.iloc[chosen]
    points = homes.points[chosen]
    box = shapely.total_bounds(points)[None]
    known = set(homes.records[chosen].tolist())
    near = meets(rows.boxes, box)
    candidates = np.flatnonzero(near)
    tree = shapely.STRtree(points)
    boxes = shapely.box(*rows.boxes[candidates].T)
    used = np.zeros(len(rows), dtype=bool)
    used[candidates[tree.query(boxes)[0]]] = True
    used |= np.array([code in known for code in rows.codes.tolist()], dtype=bool)
    # With them the bounds of some grids are those of all, and so is all that is chosen by them.
    used[rows.extremes(rows.present)] = True
    while True:
        some = rows.take(used)
        within = None
        if parents is not None:
            areas = {*some.parent.tolist(), *homes.areas[chosen].tolist()}
            within = parents.some(box, areas)
        result = check_households(frame, some.frame(crs), within, limits=homes.limits)
        nearer = _nearer(result.findings, rows, ruler) & ~used
        if not nearer.any():
            return result
        used |= nearer


def _nearer(findings: list[Finding], rows: Rows, ruler: Ruler) -> Flags:
    """Tell which grids might be as near to uncovered households as the nearest one that is told."""
    told = [finding for finding in findings if finding.rule == "H201"]
    out = np.zeros(len(rows), dtype=bool)
    if not told:
        return out
    scale = ruler.metres(rows.shapes[rows.extremes(rows.present)])
    for finding in told:
        if not finding.grids:
            return rows.present
        reach = finding.length_m / min(scale) * SLACK * max(scale) / min(scale)
        out |= meets(rows.boxes, np.tile(shapely.get_coordinates(finding.point)[0], 2)[None], reach)
    return out


@dataclass
class Residents:
    """What is told of households: each finding with the positions of those it is about."""

    homes: Homes
    told: Told = field(default_factory=dict)
    of_row: dict[int, tuple[int, ...]] = field(default_factory=dict)
    by_key: dict[Key, frozenset[int]] = field(default_factory=dict)
    number: int = 0

    @classmethod
    def of(cls, homes: Homes, result: HouseholdCheck, ruler: Ruler) -> "Residents":
        """Keep what a check of all said."""
        out = cls(homes)
        for finding in result.findings:
            out._add(finding, result.rows[finding.id], ruler)
        return out

    def copy(self) -> "Residents":
        """Return the same, to be changed."""
        return replace(
            self, told=dict(self.told), of_row=dict(self.of_row), by_key=dict(self.by_key)
        )

    @property
    def findings(self) -> list[Finding]:
        """All that is told."""
        return [finding for finding, _ in self.told.values()]

    def counts(self) -> dict[str, int]:
        """Return the counts of the summary."""
        by_rule = dict.fromkeys(("H201", "H202"), 0)
        for finding, rows in self.told.values():
            if finding.rule in by_rule:
                by_rule[finding.rule] += len(rows)
        return {
            "households": len(self.homes.points),
            "households_uncovered": by_rule["H201"],
            "households_in_several": by_rule["H202"],
            "households_unlocated": len(self.homes.points) - self.homes.located,
        }

    def edited(
        self, before: Rows, fresh: Rows, rows: Rows, parents: Parents | None, crs: object,
        ruler: Ruler,
    ) -> "Residents":  # fmt: skip
        """Return what is told after an edit.

        Parameters
        ----------
        before, fresh
            The changed grids, as they were and as they are.
        rows
            All grids, as they are.
        parents, crs, ruler
            As the check has them.
        """
        boxes = np.concatenate((before.boxes, fresh.boxes))
        boxes = boxes[~np.isnan(boxes[:, 0])]
        codes = {*before.codes.tolist(), *fresh.codes.tolist()}
        near = self.homes.inside(boxes) | self.homes.recorded_in(codes)
        chosen = {row for row in near if self.of_row.get(row)} | self._moved(near, before, fresh)
        gone = self._beside(boxes, codes, ruler, rows)
        out = self.copy()
        while True:
            gone |= {number for row in chosen for number in out.of_row.get(row, ())}
            more = {int(row) for number in gone for row in self.told[number][1]} - chosen
            if more:
                chosen |= more
                continue
            if not chosen:
                return out
            listed = np.array(sorted(chosen), dtype=np.int64)
            result = ask(self.homes, listed, rows, parents, crs, ruler)
            joined = {
                number
                for finding in result.findings
                for key in self._keys(finding, listed[result.rows[finding.id]], ruler, wide=True)
                for number in self.by_key.get(key, ())
            } - gone
            if not joined:
                break
            gone |= joined
        for number in gone:
            out._remove(number, ruler)
        for finding in result.findings:
            out._add(finding, listed[result.rows[finding.id]], ruler)
        return out

    def _moved(self, near: set[int], before: Rows, fresh: Rows) -> set[int]:
        """Return those of some households that lie otherwise in a changed grid than before."""
        if not before.is_alike(fresh):
            return near
        rows = np.array(sorted(near), dtype=np.int64)
        points, moved = self.homes.points[rows], np.zeros(len(rows), dtype=bool)
        for shapes in zip(before.shapes, fresh.shapes, strict=True):
            shapely.prepare(shapes)
            for lies in (shapely.intersects, shapely.contains):
                was, is_now = (lies(shape, points) for shape in shapes)
                moved |= was != is_now
        return set(rows[moved].tolist())

    def _beside(self, boxes: Floats, codes: set[str], ruler: Ruler, rows: Rows) -> set[int]:
        """Find what names a changed grid as the nearest one, or could now."""
        scale = ruler.metres(rows.shapes[rows.extremes(rows.present)])
        ratio = SLACK * max(scale) / min(scale) ** 2
        found = set()
        for number, (finding, _) in self.told.items():
            if finding.rule != "H201":
                continue
            place = np.tile(shapely.get_coordinates(finding.point)[0], 2)[None]
            near = meets(boxes, place, (finding.length_m + 1) * ratio).any()
            if near or not finding.grids or finding.grids[0] in codes:
                found.add(number)
        return found

    # -- which findings belong together --------------------------------------------------------

    def _keys(self, finding: Finding, rows: Ints, ruler: Ruler, *, wide: bool = False) -> set[Key]:
        """Return by what a finding is found: with another of one key it would be one."""
        if finding.rule in ("H202", "H203"):
            return {(finding.rule, finding.grids)}
        if finding.rule == "H205":
            return {(finding.rule, finding.area)}
        if finding.rule != "H201":
            return set()
        flat = shapely.get_coordinates(ruler.project(self.homes.points[rows]))
        cells = np.unique(np.floor(flat / float(self.homes.limits["cluster_m"])), axis=0)
        steps = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)] if wide else [(0, 0)]
        return {("H201", x + i, y + j) for x, y in cells.tolist() for i, j in steps}

    def _add(self, finding: Finding, rows: Ints, ruler: Ruler) -> None:
        self.number += 1
        number = self.number
        self.told[number] = (finding, rows)
        for row in rows.tolist():
            self.of_row[row] = (*self.of_row.get(row, ()), number)
        for key in self._keys(finding, rows, ruler):
            self.by_key[key] = self.by_key.get(key, frozenset()) | {number}

    def _remove(self, number: int, ruler: Ruler) -> None:
        finding, rows = self.told.pop(number)
        for row in rows.tolist():
            self.of_row[row] = tuple(n for n in self.of_row[row] if n != number)
        for key in self._keys(finding, rows, ruler):
            self.by_key[key] -= {number}
