"""Measures of a place: area, length and width in metres, whatever CRS it is stored in.

Geometry stays in its own CRS; a copy is projected to be measured, never to be compared.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from shapely import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geo.crs import metric_crs
from geo.errors import MissingCrsError

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]

# An inscribed circle is asked for only where its bounds are apart; near-flat slivers can cost the
# search any amount of memory, and the bounds say enough of them.
CIRCLE_BOUND_RATIO = 30.0
CIRCLE_MOST_VERTICES = 5_000
WGS84 = CRS.from_epsg(4326)
# So many answers are kept of how large a unit is somewhere.
PLACES_KEPT = 64
# 1 亩 (mu) is a fifteenth of a hectare.
MU_M2 = 10_000 / 15


@lru_cache(maxsize=64)
def transformer(source: CRS, target: CRS) -> Transformer:
    """Return the transformer between two CRSs, x (or longitude) first on both sides."""
    return Transformer.from_crs(source, target, always_xy=True)


def reproject(geometries: Geometries, source: CRS, target: CRS) -> Geometries:
    """Transform geometries vertex by vertex, so that shared borders stay shared.

    Nulls stay null; Z and M are dropped.
    """
    if source is target or source == target:
        return geometries
    change = transformer(source, target)

    def move(points: Floats) -> Floats:
        return np.column_stack(change.transform(points[:, 0], points[:, 1]))

    return np.asarray(shapely.transform(geometries, move), dtype=object)


@dataclass(frozen=True)
class Ruler:
    """Measures geometries of one CRS in another.

    ``crs`` is the layer's own, ``metric`` the one measured in.
    """

    crs: CRS
    metric: CRS
    _asked: dict[tuple[float, float], tuple[float, float]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def of(cls, geometries: Geometries, crs: object) -> "Ruler":
        """Choose the metric CRS by where the geometries lie.

        Raises
        ------
        MissingCrsError
            If ``crs`` is None.
        """
        if crs is None:
            raise MissingCrsError(
                "Nothing says which coordinate system the layer is in.",
                cure="Say it, for example EPSG:4490.",
                zh="没有说明坐标系，请指明，例如 EPSG:4490。",
            )
        left, bottom, right, top = shapely.total_bounds(geometries).tolist()
        known = CRS.from_user_input(crs)
        metric = metric_crs((left, bottom, right, top), known)
        return cls(known, known if metric == known else metric)

    def project(self, geometries: Geometries) -> Geometries:
        """Return copies in the metric CRS."""
        return reproject(geometries, self.crs, self.metric)

    def area_m2(self, geometries: Geometries) -> Floats:
        """Return areas in m², within 0.1 % of the ellipsoid's; null has none."""
        return np.asarray(np.nan_to_num(shapely.area(self.project(geometries))))

    def length_m(self, geometries: Geometries) -> Floats:
        """Return lengths of lines, or of outlines, in m."""
        return np.asarray(np.nan_to_num(shapely.length(self.project(geometries))))

    def metres(self, geometries: Geometries) -> tuple[float, float]:
        """Return how many metres one unit of x and of y is in the middle of the geometries.

        Good for tolerances: within a county it changes by less than a percent.
        """
        left, bottom, right, top = shapely.total_bounds(geometries).tolist()
        middle = (left + right) / 2, (bottom + top) / 2
        # One edit after another asks for the same few places.
        found = self._asked.get(middle)
        if found is None:
            if len(self._asked) >= PLACES_KEPT:
                self._asked.clear()
            found = self._asked[middle] = self._metres_at(*middle)
        return found

    def _metres_at(self, x: float, y: float) -> tuple[float, float]:
        step = 1e-4 if self.crs.is_geographic else 10.0
        to_degrees = transformer(self.crs, WGS84)
        lon, lat = to_degrees.transform([x, x + step, x], [y, y, y + step])
        geod = Geod(ellps="WGS84")
        _, _, far = geod.inv([lon[0]] * 2, [lat[0]] * 2, lon[1:], lat[1:])
        # Seven digits, so that a border moved by some metres leaves every tolerance as it was.
        return float(f"{far[0] / step:.6e}"), float(f"{far[1] / step:.6e}")

    def lonlat(self, x: float, y: float) -> tuple[float, float]:
        """Return where a place lies, in degrees (EPSG:4326)."""
        lon, lat = transformer(self.crs, WGS84).transform(x, y)
        return float(lon), float(lat)


def width_m(polygon: BaseGeometry) -> float:
    """Return the width of a polygon: the diameter of the greatest circle inside it.

    Parameters
    ----------
    polygon
        Polygon or multipolygon in a metric CRS; of several parts the widest counts.

    Returns
    -------
    float
        Metres; exact to a tenth for compact shapes. For slivers, and for outlines of many
        vertices, twice area over half the perimeter: a mean, and at most the width.

    Notes
    -----
    The radius lies between A/P and √(A/π) (Bonnesen); the circle is searched for
    (Garcia-Castellanos and Lombardo 2007) only where the two are not far apart.
    """
    parts = shapely.get_parts([polygon])
    area = shapely.area(parts)
    widest = 0.0
    # No circle inside is larger than the part itself: most parts need not be looked into.
    for at in np.argsort(-area, kind="stable"):
        if widest >= 2 * np.sqrt(area[at] / np.pi):
            break
        widest = max(widest, _part_width_m(parts[at]))
    return widest


def _part_width_m(part: BaseGeometry) -> float:
    area, outline = part.area, part.length
    if area <= 0 or outline <= 0:
        return 0.0
    least, most = area / outline, float(np.sqrt(area / np.pi))
    if most / least > CIRCLE_BOUND_RATIO or shapely.get_num_coordinates(part) > (
        CIRCLE_MOST_VERTICES
    ):
        # A strip of width w and length l has area wl and outline 2l.
        return 2 * least
    polygon = cast("Polygon | MultiPolygon", part)
    circle = shapely.maximum_inscribed_circle(polygon, tolerance=least / 10)
    # Null where a place has no finite coordinates in this plane.
    return 2 * least if circle is None else float(2 * circle.length)


def inner_point(polygon: BaseGeometry) -> Point:
    """Return a point well inside the greatest part of a polygon, or on a line."""
    parts = shapely.get_parts([polygon])
    size = shapely.area(parts) if polygon.area > 0 else shapely.length(parts)
    return cast(Point, shapely.point_on_surface(parts[int(np.argmax(size))]))
