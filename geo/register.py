"""The register: households and grids as arrays of one plane, and who belongs where.

**The border rule.** A point belongs to a polygon if it lies inside or on the border. A point that
belongs to several grids is counted to the one with the smallest code, so that every point on a
shared border has exactly one grid. In SQL the same rule is ``ST_Intersects(grid.geom,
household.geom) ORDER BY grid.code COLLATE "C" LIMIT 1``. All in one plane, the layer's own: a
border that is bent by a reprojection is another border.

Known limit: PostGIS decides point in polygon in plain double arithmetic, GEOS exactly; a point
nearer to a border than its last bit can therefore differ between the two.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPoint, Point
from shapely.geometry.base import BaseGeometry

from geo.findings import RULES, Finding, finding_id
from geo.measure import Ruler
from geo.phrases import Name, Wording, in_english

Geometries = NDArray[np.object_]
Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

# Beyond this the nearest grid is named by the layer's own plane: the order no longer matters.
FAR_M = 10_000.0


def memberships(points: Geometries, polygons: Geometries) -> tuple[Indices, Indices]:
    """Return which points belong to which polygons, by the border rule.

    Parameters
    ----------
    points
        Points in one plane with ``polygons``; null and empty ones belong nowhere.
    polygons
        Polygons, any overlap; null and empty ones have nothing.

    Returns
    -------
    point, polygon : arrays of int
        Positions, one pair for each membership, ordered by polygon.
    """
    # The polygon is the prepared side: its edges are indexed once for all of its points.
    polygon, point = shapely.STRtree(points).query(polygons, predicate="intersects")
    return point, polygon


def locate(points: Geometries, polygons: Geometries) -> Indices:
    """Return for each point the position of its polygon.

    Parameters
    ----------
    points
        Points in one plane with ``polygons``.
    polygons
        Polygons, any overlap. Order them by code, and the border rule holds: of those that a
        point belongs to, the first is taken.

    Returns
    -------
    array of int
        Aligned with ``points``; -1 where no polygon has the point, or it is null or empty.

    Examples
    --------
    >>> grids = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> locate(shapely.points([(0.5, 0.5), (1, 0.5), (9, 9)]), grids).tolist()
    [0, 0, -1]
    """
    point, polygon = memberships(points, polygons)
    found = np.full(len(points), -1, dtype=np.intp)
    found[point[::-1]] = polygon[::-1]  # the last write is the first polygon
    return found


def text_of(frame: pd.DataFrame, column: str) -> Texts:
    """Return a column as text, "" where it is null or absent."""
    if column not in frame:
        return np.full(len(frame), "", dtype=object)
    values = np.asarray(frame[column], dtype=object)
    out = np.empty(len(values), dtype=object)
    out[:] = ["" if none else str(value)
              for value, none in zip(values, pd.isna(values), strict=True)]  # fmt: skip
    return out


def names_of(frame: pd.DataFrame, codes: Iterable[str]) -> Texts:
    """Return what each row is called: ``name`` and ``name_en`` as one :class:`Name`, else its code.

    Parameters
    ----------
    frame
        Any columns.
    codes
        Aligned with the rows.
    """
    pairs = zip(text_of(frame, "name"), text_of(frame, "name_en"), codes, strict=True)
    return np.array([Name(zh.strip() or code, en.strip()) for zh, en, code in pairs], dtype=object)


class Register:
    """Households, grids and parents as arrays; grids and parents in order of code.

    Memberships are derived once, when asked. Of rows that share a code (G003) all are the grid
    of whoever is recorded there.
    """

    def __init__(
        self,
        households: gpd.GeoDataFrame,
        grids: gpd.GeoDataFrame,
        parents: gpd.GeoDataFrame | None,
    ) -> None:
        codes = text_of(grids, "code")
        self.order: Indices = np.argsort(codes, kind="stable").astype(np.intp)
        grids = grids.iloc[self.order]
        self.codes = codes[self.order]
        self.polygons: Geometries = np.asarray(grids.geometry.array, dtype=object)
        self.names = names_of(grids, self.codes)
        self.areas = text_of(grids, "area_code")
        self.overlay: Flags = text_of(grids, "coverage") == "overlay"
        self.ruler = Ruler.of(self.polygons, grids.crs)
        self.points: Geometries = np.asarray(households.geometry.array, dtype=object)
        self.located: Flags = ~(shapely.is_missing(self.points) | shapely.is_empty(self.points))
        self.homes = text_of(households, "code")
        self.home_areas = text_of(households, "area_code")
        self.record = text_of(households, "grid_code")
        # The first row of a code stands for all that share it.
        distinct, first, self._code = np.unique(
            self.codes.astype(str), return_index=True, return_inverse=True
        )
        self._recorded = pd.Index(distinct).get_indexer(pd.Index(self.record.astype(str)))
        self.recorded_row: Indices = np.where(self._recorded < 0, -1, first[self._recorded])
        self._land_codes, self._lands, self.area_names = _lands(parents)
        self.told: dict[str, Indices] = {}  # a finding's id to its households

    @cached_property
    def pairs(self) -> tuple[Indices, Indices]:
        """Memberships of households in grids, overlays too."""
        return memberships(self.points, self.polygons)

    @cached_property
    def at_home(self) -> Flags:
        """Which households belong to the grid they are recorded in."""
        household, polygon = self.pairs
        found = np.zeros(len(self.points), dtype=bool)
        found[household[self._code[polygon] == self._recorded[household]]] = True
        return found

    @cached_property
    def grid(self) -> Indices:
        """The exclusive grid of each household, by the border rule, or -1."""
        household, polygon = self.pairs
        base = ~self.overlay[polygon]
        found = np.full(len(self.points), -1, dtype=np.intp)
        found[household[base][::-1]] = polygon[base][::-1]
        return found

    @property
    def uncovered(self) -> Flags:
        """Which households are blind spots."""
        return self.located & (self.grid < 0) & ~self.at_home

    def nearest(self, points: Geometries) -> tuple[Indices, Floats]:
        """Return the nearest exclusive grid of each point and its distance in metres.

        -1 and infinity where there is none. Nearest in metres, not in degrees, up to
        :data:`FAR_M`.
        """
        base = np.flatnonzero(~self.overlay & (shapely.area(self.polygons) > 0))
        if not len(base) or not len(points):
            return np.full(len(points), -1, dtype=np.intp), np.full(len(points), np.inf)
        tree = shapely.STRtree(self.polygons[base])
        near = tree.query_nearest(points, all_matches=False)[1]
        gap = shapely.distance(points, self.polygons[base][near])
        # A unit of x and a unit of y differ in metres: what is truly nearest lies within their
        # ratio of the nearest in units.
        scale = self.ruler.metres(self.polygons)
        ratio = np.where(gap * max(scale) < FAR_M, max(scale) / min(scale), 1.0)
        point, close = tree.query(points, predicate="dwithin", distance=gap * ratio * 1.001)
        metres = self._metres(points[point], base[close])
        best = np.lexsort((close, metres, point))
        best = best[np.unique(point[best], return_index=True)[1]]
        return base[close[best]], metres[best]

    def distance_to_record(self, rows: Indices) -> Floats:
        """Return how far households lie from the grid they are recorded in, in metres.

        0 where that grid is not known or has no polygon.
        """
        recorded = self.recorded_row[rows]
        metres = np.zeros(len(rows))
        known = recorded >= 0
        metres[known] = self._metres(self.points[rows[known]], recorded[known])
        return np.nan_to_num(metres)

    def _metres(self, points: Geometries, polygon: Indices) -> Floats:
        """Measure from each point to its polygon; each polygon is projected once."""
        used, place = np.unique(polygon, return_inverse=True)
        flat = self.ruler.project(self.polygons[used])
        return np.asarray(shapely.distance(self.ruler.project(points), flat[place]))

    def area_at(self, points: Geometries, otherwise: Texts) -> Texts:
        """Return the code of the parent that has each point, else what is given."""
        if not len(self._lands):
            return otherwise
        found = locate(points, self._lands)
        return np.where(found < 0, otherwise, self._land_codes[found])

    def area_shape(self, area: str) -> BaseGeometry | None:
        """Return a parent's polygon, null where it is not known."""
        place = np.flatnonzero(self._land_codes == area)
        return self._lands[place[0]] if len(place) else None

    def where(self, area: str) -> tuple[str, str]:
        """Word where, in English and Chinese; nothing where it is not known."""
        name = self.area_names.get(area, area)
        return (f" of {in_english(name)}", name) if name else ("", "")

    def middle(self, rows: Indices) -> int:
        """Return the household nearest to the mean of some."""
        xy = shapely.get_coordinates(self.points[rows])
        return int(rows[np.argmin(((xy - xy.mean(axis=0)) ** 2).sum(axis=1))])

    def finding(
        self,
        rule: str,
        rows: Indices,
        grids: Sequence[str],
        area: str,
        *,
        seat: Point | None = None,
        length_m: float = 0.0,
        words: Wording,
    ) -> Finding:
        """Make a finding of some households; its name lasts as long as they do.

        Its geometry is their points, or ``seat`` where they have none of their own.
        """
        points, who = self.points[rows], self.homes[rows].tolist()
        if "" in who:
            who = [str(text) for text in shapely.to_wkt(points, rounding_precision=7)]
        here: BaseGeometry = seat or MultiPoint(points.tolist())
        known = finding_id(rule, *grids, area, *sorted(who))
        self.told[known] = rows
        return Finding(
            id=known,
            rule=rule,
            grids=tuple(grids),
            area=area or None,
            geometry=here if seat or len(rows) > 1 else points[0],
            point=seat or self.points[self.middle(rows)],
            households=len(rows),
            length_m=length_m,
            severity=RULES[rule].severity,
            **words,
        )


def _lands(parents: gpd.GeoDataFrame | None) -> tuple[Texts, Geometries, dict[str, str]]:
    """Return parents' codes and polygons in order of code, and what they are called."""
    if parents is None:
        return np.empty(0, dtype=object), np.empty(0, dtype=object), {}
    codes = text_of(parents, "code")
    order = np.argsort(codes, kind="stable")
    shapes = np.asarray(parents.geometry.array, dtype=object)
    called = dict(zip(codes, names_of(parents, codes), strict=True))
    return codes[order], shapes[order], called
