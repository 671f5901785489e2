"""Slits: the corridors that nobody claims (C107), kept so that an edit asks only those beside it.

With parents a corridor is a matter of their borders, which an edit of grids does not change; which
grids it lies between is. Without parents the borders are the grids' own, and all are looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely

from geo.certificate import Floats
from geo.corridors import Corridor, beside_grids, corridor_findings, corridors
from geo.explain import Explainer
from geo.findings import Finding
from geo.gate import Layer
from geo.knots import meets
from geo.rows import Rows

# What is told of each strip, by its number.
Corridors = Mapping[int, tuple[Finding, ...]]


@dataclass(frozen=True)
class Strips:
    """The corridors along the parents' borders; null where there are no parents."""

    known: tuple[Corridor, ...] | None
    boxes: Floats
    explain: Explainer
    width_m: float
    tolerance_m: float

    @classmethod
    def of(
        cls, parents: Layer | None, explain: Explainer, width_m: float, tolerance_m: float
    ) -> "Strips":
        """Find them."""
        if parents is None:
            return cls(None, np.empty((0, 4)), explain, width_m, tolerance_m)
        land = parents.shapes[parents.exclusive]
        known = tuple(corridors(land, explain.ruler, width_m, tolerance_m))
        shapes = np.array([each.shape for each in known], dtype=object)
        boxes = shapely.bounds(shapes).reshape(-1, 4)
        return cls(known, boxes, explain, width_m, tolerance_m)

    def beside(self, rows: Rows) -> Corridors:
        """Tell of all between which grids they lie."""
        if self.known is None:
            layer = rows.layer(self.explain.ruler.crs)
            found = corridor_findings(layer, None, self.explain, self.width_m, self.tolerance_m)
            return {0: tuple(found)}
        return {at: self._told(at, rows) for at in range(len(self.known))}

    def edited(self, before: Corridors, rows: Rows, boxes: Floats) -> Corridors:
        """Tell of those again that come near to some boxes."""
        if self.known is None:
            return self.beside(rows)
        near = np.flatnonzero(meets(self.boxes, boxes, self._reach(rows))).tolist()
        return {**before, **{at: self._told(at, rows) for at in near}}

    def _told(self, at: int, rows: Rows) -> tuple[Finding, ...]:
        if self.known is None:
            return ()
        near = rows.exclusive & meets(rows.boxes, self.boxes[[at]], self._reach(rows))
        near[rows.ends] = True
        layer = rows.take(near).layer(self.explain.ruler.crs)
        return tuple(beside_grids([self.known[at]], layer, self.explain, self.tolerance_m))

    def _reach(self, rows: Rows) -> float:
        """Return twice the tolerance, in units of the layer."""
        ends = rows.shapes[rows.ends]
        return 2 * self.tolerance_m / min(self.explain.ruler.metres(ends))
