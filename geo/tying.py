"""Tying: the knots of a county explained one by one, and tied anew where an edit touches them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import shapely

from geo.arrangement import Territory
from geo.certificate import Flags, Floats, Geometries, Ints, Segments, open_segments
from geo.explain import Explainer
from geo.faults import equal_polygons, twin_findings
from geo.findings import Finding
from geo.gate import Layer
from geo.knots import (
    APART,
    PARENTS,
    Knot,
    box_of,
    lie_at,
    meets,
    open_there,
    put_together,
    segment_boxes,
    tied,
    walk,
)
from geo.partition import Tiling, explain_rest, parent_positions
from geo.rows import Rows

# What is told of equal polygons, by the box around them.
Twins = Mapping[tuple[float, ...], tuple[Finding, ...]]


@dataclass(frozen=True)
class Ground:
    """The parents that take part, and their walks, made when they are first needed."""

    shapes: Geometries
    codes: tuple[str, ...]
    boxes: Floats
    area: float
    walks: dict[tuple[int, int], Segments] = field(default_factory=dict)

    @classmethod
    def of(cls, parents: Layer | None) -> "Ground":
        """Take the parents' layer; null where there is none."""
        if parents is None:
            return cls(np.empty(0, dtype=object), (), np.empty((0, 4)), 0.0)
        rows = np.flatnonzero(parents.exclusive)
        shapes = parents.shapes[rows]
        codes = tuple(parents.codes[row] for row in rows)
        return cls(shapes, codes, shapely.bounds(shapes), float(shapely.area(shapes).sum()))

    def own(self, rows: Rows) -> Ints:
        """Return the position of each row's parent, -1 where it is not known."""
        return parent_positions(rows.parent.tolist(), self.codes)

    def walk(self, at: int, group: int) -> Segments:
        """Return a parent's border, walked backwards, in a group's sum."""
        if (at, group) not in self.walks:
            owner, sums = np.array([PARENTS + at]), np.array([group])
            self.walks[at, group] = walk(self.shapes[[at]], owner, sums, backwards=True)
        return self.walks[at, group]


@dataclass(frozen=True)
class Tier:
    """Ties and explains the residue of one layer.

    ``own`` is the position of each row's parent; ``explain`` and ``tolerance_m`` are as the check
    has them, ``unit`` is the tolerance in units of the layer.
    """

    rows: Rows
    own: Ints
    ground: Ground
    explain: Explainer
    crs: object
    tolerance_m: float
    unit: float

    @property
    def apart(self) -> bool:
        """Whether each parent has a sum of its own."""
        return bool((self.own[self.rows.exclusive] >= 0).any())

    def all_knots(self) -> tuple[Knot, ...]:
        """Explain the whole layer."""
        rows = np.flatnonzero(self.rows.exclusive)
        polygons, count = self.rows.shapes[rows], len(self.ground.shapes)
        sums = np.arange(count) if self.apart else np.full(count, -1)
        rest = open_segments(polygons, self.own[rows], self.ground.shapes, sums)
        owner = np.concatenate((self.rows.keys[rows], PARENTS + np.arange(count)))[rest.owner]
        rest = Segments(rest.ends, owner, rest.group)
        return tuple(self.explained(each) for each in tied(rest, APART * self.unit))

    def explained(self, segments: Segments) -> Knot:
        """Explain one knot, among the grids and parents that come near it."""
        box = box_of(segments)
        near = self.rows.exclusive & meets(self.rows.boxes, box[None], APART * self.unit)
        # With them the bounds of these are those of all, and so is the plane they are measured in.
        near[self.rows.ends] = True
        chosen = np.flatnonzero(near)
        some, own = self.rows.take(chosen), self.own[chosen]
        beside = meets(self.ground.boxes, box[None], APART * self.unit)
        beside[own[own >= 0]] = True
        beside[:1] |= not beside.any()
        parents = np.flatnonzero(beside)
        ranks = np.concatenate((some.keys, PARENTS + parents))
        tiling = Tiling(
            some.layer(self.crs),
            np.arange(len(chosen)),
            Territory(
                some.shapes,
                np.where(own >= 0, np.searchsorted(parents, own), -1),
                self.ground.shapes[parents],
            ),
            tuple(self.ground.codes[at] for at in parents),
        )
        rest = Segments(segments.ends, np.searchsorted(ranks, segments.owner), segments.group)
        told = explain_rest(tiling, rest, self.explain, self.tolerance_m)
        grids = frozenset(segments.owner[segments.owner < PARENTS].tolist())
        # Equal polygons can cancel against a third and be in no knot: see :meth:`twins`.
        found = [finding for finding in told.found if finding.rule != "G004"]
        return Knot(segments, grids, box, replace(told, found=found))

    def twins(self, boxes: Floats) -> Twins:
        """Tell of equal polygons among those that have one of some boxes; (n, 4)."""
        out: dict[tuple[float, ...], tuple[Finding, ...]] = {}
        for box in {tuple(box) for box in boxes.tolist()}:
            alike = self.rows.exclusive & (self.rows.boxes == box).all(axis=1)
            if alike.sum() > 1:
                some = self.rows.take(alike)
                twins, rows = equal_polygons(some.shapes), np.arange(len(some))
                found = twin_findings(some.layer(self.crs), rows, twins, self.explain)
                out[box] = tuple(found)
        return out

    def all_twins(self) -> Twins:
        """Tell of equal polygons in the whole layer."""
        boxes, times = np.unique(self.rows.boxes, axis=0, return_counts=True)
        return self.twins(boxes[times > 1])

    def retied(
        self, knots: Iterable[Knot], before: Rows, before_own: Ints, after: Flags
    ) -> tuple[Knot, ...]:
        """Tie anew after some rows (``before``) have become others (those of ``after``).

        Parameters
        ----------
        knots
            Those of the layer as it was.
        before, before_own
            The rows that went or changed, as they were, and their parents.
        after
            Which rows are new or changed.
        """
        apart = APART * self.unit
        old, new = before.exclusive, after & self.rows.exclusive
        boxes = np.concatenate((before.boxes[old], self.rows.boxes[new]))
        if not len(boxes):
            return tuple(knots)
        places = put_together((
            walk(before.shapes[old], before.keys[old], before_own[old]),
            walk(self.rows.shapes[new], self.rows.keys[new], self.own[new]),
        ))  # fmt: skip
        opened = open_there(self._around(boxes, np.unique(places.group)), places)
        touched = {*before.keys[old].tolist(), *self.rows.keys[new].tolist(),
                   *opened.owner[opened.owner < PARENTS].tolist()}  # fmt: skip
        still, pool = [], [opened]
        for knot in knots:
            if knot.grids & touched or meets(knot.box[None], boxes, apart).any():
                pool.append(knot.segments.take(~lie_at(knot.segments, places)))
            else:
                still.append(knot)
        while True:
            clumps = tied(put_together(pool), apart)
            clump_boxes = np.array([box_of(each) for each in clumps]).reshape(-1, 4)
            joined = [knot for knot in still if meets(knot.box[None], clump_boxes, apart).any()]
            if not joined:
                return (*still, *(self.explained(each) for each in clumps))
            pool += [knot.segments for knot in joined]
            still = [knot for knot in still if knot not in joined]

    def _around(self, boxes: Floats, groups: Ints) -> Segments:
        """Return all walks, grids' and parents', that pass through boxes in some groups."""
        near = self.rows.exclusive & np.isin(self.own, groups) & meets(self.rows.boxes, boxes)
        walks = [walk(self.rows.shapes[near], self.rows.keys[near], self.own[near])]
        for at in np.flatnonzero(meets(self.ground.boxes, boxes)).tolist():
            group = at if self.apart else -1
            if group in groups:
                walks.append(self.ground.walk(at, group))
        passing = [each.take(meets(segment_boxes(each), boxes)) for each in walks]
        return put_together(passing)
