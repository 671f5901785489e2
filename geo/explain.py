"""A finding from a shape: its measures, its name that lasts, its place on the map, its sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from geo.findings import RULES, Finding, finding_id
from geo.measure import Geometries, Ruler, inner_point, width_m
from geo.phrases import sentences

# A finding's name holds where it is, to some metres: the same fault keeps its name when
# arithmetic or another fault moves its middle by less.
PLACE_DECIMALS = 4


@dataclass(frozen=True)
class Households:
    """Points of households, to count whom a place touches."""

    tree: shapely.STRtree

    @classmethod
    def of(cls, points: Geometries) -> "Households":
        """Index points; nulls are nowhere."""
        return cls(shapely.STRtree(points[~shapely.is_missing(points)]))

    def inside(self, shape: BaseGeometry) -> int:
        """Count those in a polygon, its border included."""
        return len(self.tree.query(shape, predicate="intersects")) if shape.area > 0 else 0


@dataclass(frozen=True)
class Explainer:
    """Makes findings of one layer.

    ``area_names`` says what a parent's code is called; ``households`` is null where none were
    given.
    """

    ruler: Ruler
    area_names: dict[str, str]
    households: Households | None = None

    def finding(
        self,
        rule: str,
        shape: BaseGeometry,
        grids: Sequence[tuple[str, str]],
        *,
        area: str = "",
        point: Point | None = None,
        depth: int | None = None,
        measures: dict[str, Any] | None = None,
        place: str | None = None,
    ) -> Finding:
        """Explain one finding.

        Parameters
        ----------
        rule
            Its code.
        shape
            Where, in the layer's CRS.
        grids
            Code and name of each grid concerned, the most concerned first.
        area
            The parent's code.
        point
            Where to look, if that is known better than the middle.
        depth
            The most grids on one spot.
        measures
            Measures that are known better than the shape tells, and what the sentence takes.
        place
            What stands for the place in its name, where ``shape`` is only where a map shows it.
        """
        flat = self.ruler.project(np.array([shape], dtype=object))[0]
        touched = 0 if self.households is None else self.households.inside(shape)
        known: dict[str, Any] = {
            "area_m2": flat.area,
            "width_m": width_m(flat),
            "length_m": flat.length,
            "households": touched,
            **(measures or {}),
        }
        names = [name for _, name in grids]
        return Finding(
            id=finding_id(
                rule, *sorted({code for code, _ in grids}), area, place or self._place(shape)
            ),
            rule=rule,
            grids=tuple(dict.fromkeys(code for code, _ in grids)),
            area=area or None,
            geometry=shape,
            point=point or inner_point(shape),
            depth=depth,
            severity=RULES[rule].severity,
            area_m2=float(known["area_m2"]),
            width_m=float(known["width_m"]),
            length_m=float(known["length_m"]),
            households=int(known["households"]),
            **sentences(rule, names, self.area_names.get(area, area), known),
        )

    def _place(self, shape: BaseGeometry) -> str:
        left, bottom, right, top = shape.bounds
        lon, lat = self.ruler.lonlat((left + right) / 2, (bottom + top) / 2)
        return f"{lon:.{PLACE_DECIMALS}f} {lat:.{PLACE_DECIMALS}f}"
