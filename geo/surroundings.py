"""Surroundings: which settlement a place is at, and who walks the grid beside it.

So that a blind spot has a name: not a pair of coordinates, but the hamlet that people know, and
the worker who is nearest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import shapely

from geo.measure import Geometries, Ruler
from geo.phrases import Name
from geo.register import names_of, text_of

# A house so far from a settlement's edge is still said to be at it.
AT_M = 300.0


@dataclass(frozen=True)
class Surroundings:
    """Settlements with a name, and the names of the people who walk each grid, by its code."""

    shapes: Geometries = field(default_factory=lambda: np.empty(0, dtype=object))
    names: tuple[Name, ...] = ()
    workers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, settlements: gpd.GeoDataFrame | None, workers: Mapping[str, tuple[str, ...]]
    ) -> "Surroundings":
        """Take settlements (``name``; polygons or points); those without a name are nobody's."""
        if settlements is None:
            return cls(workers=workers)
        shapes = np.asarray(settlements.geometry.array, dtype=object)
        named = (text_of(settlements, "name") != "") & ~shapely.is_missing(shapes)
        called = names_of(settlements, [""] * len(settlements))
        return cls(shapes[named], tuple(called[named].tolist()), workers)

    def at(self, points: Geometries, ruler: Ruler) -> list[Name | None]:
        """Return the settlement that each point lies in, or is near to; null where there is none.

        Parameters
        ----------
        points
            In the plane of the settlements.
        ruler
            Of that plane.
        """
        if not len(self.shapes) or not len(points):
            return [None] * len(points)
        tree = shapely.STRtree(self.shapes)
        reach = AT_M / min(ruler.metres(self.shapes))
        found: list[Name | None] = [None] * len(points)
        point, near = tree.query_nearest(points, max_distance=reach, all_matches=False)
        flat = ruler.project(points[point]), ruler.project(self.shapes[near])
        for at, place, far in zip(
            point.tolist(), near.tolist(), shapely.distance(*flat).tolist(), strict=True
        ):
            found[at] = self.names[place] if far <= AT_M else None
        return found

    def worker(self, grid: str) -> str:
        """Return who walks a grid, the first of several; nothing where nobody is known."""
        return next(iter(self.workers.get(grid, ())), "")
