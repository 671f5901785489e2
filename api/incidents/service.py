"""The heat map: one surface for a selection of incidents, kept, and shown to each reader his part.

A surface is made of the whole county's incidents whoever looks, so that a place has one value;
what a reader is shown ends at his area, and is counted there.

An incident's place can be somebody's home, and a surface of few incidents peaks at each of them.
For who may not see single households every incident is therefore moved to the middle of the
nearest group of at least k = 10 households before the surface is made, and a selection of fewer
than k in his area is not shown at all.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from api.errors import NotAllowedError
from api.incidents import store
from api.maps.cache import Kept
from api.maps.store import layer_version
from geo.anonymity import nearest_spots
from geo.crs import metric_crs
from geo.density import Surface, Unit, frame_of, kernel_surface, ratio, stacked_points
from geo.lattice import Floats, Frame
from geo.measure import WGS84, reproject, transformer
from layers.catalog import K_ANONYMITY, STACKED
from layers.contours import Band, contours
from layers.heat import Scale, heat_scale
from layers.incidents import IncidentFilter
from layers.tiles import Scope

WEB = CRS.from_epsg(3857)
BANDWIDTH_M = 500.0
# To so many metres a place is rounded that must not be somebody's home.
COARSE_M = 500.0
Value = TypeVar("Value")
# What changes when incidents do; its first two parts, when land or households do.
Version = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a heat map is asked for; equal ones are the same map."""

    filter: IncidentFilter = field(default_factory=IncidentFilter)
    bandwidth_m: float = BANDWIDTH_M
    per: Unit = "km2"


@dataclass(frozen=True, eq=False)
class Density:
    """A surface with its classes, and what had to be left out of it.

    ``unplaced`` have no coordinates; ``stacks`` are the coordinates that at least ``STACKED``
    share (EPSG:4326) with their numbers.
    """

    surface: Surface
    scale: Scale
    unplaced: int
    stacks: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, eq=False)
class HeatMap:
    """What a reader sees of a density.

    Attributes
    ----------
    density
        The county's; null where nothing may be shown.
    clip
        The reader's area, EPSG:3857.
    n
        Incidents that belong to it, with a place or without; null where they are too few to tell.
    located
        Those of them with a place.
    key
        Equal for equal pictures.
    """

    density: Density | None
    clip: BaseGeometry
    n: int | None
    located: int
    selection: Selection
    key: Hashable

    @property
    def is_suppressed(self) -> bool:
        """Whether there are some, but too few to be told of."""
        return self.n is None


Surfaces = Kept[object]


def surfaces(limit_bytes: int = 128 * 1024 * 1024) -> Surfaces:
    """Return a store for surfaces and what they are made of."""
    return Kept(limit_bytes, _size)


def _size(value: object) -> int:
    if isinstance(value, Density):
        return _size(value.surface)
    if isinstance(value, Surface):
        # Its spline is made when it is first drawn.
        parts = [part for part in (value.events, value.households) if part is not None]
        return 2 * value.values.nbytes + sum(map(_size, parts))
    if isinstance(value, Frame):
        return value.inside.size * 18
    if isinstance(value, list):
        return sum(32 * int(shapely.get_num_coordinates(band.shape)) for band in value)
    return int(getattr(value, "nbytes", 10_000))


def narrowed(scope: Scope, code: str | None) -> Scope:
    """Return a scope that ends at an area within the reader's own.

    Raises
    ------
    NotAllowedError
        If the area is not in his.
    """
    if not code:
        return scope
    if not code.startswith(scope.prefix):
        raise NotAllowedError("This is not in your area.", "不在您的辖区之内。")
    return replace(scope, prefix=code)


# -- the map -------------------------------------------------------------------------------------


def heat_map(kept: Surfaces, session: Session, selection: Selection, scope: Scope) -> HeatMap:
    """Return what a reader sees of the density of a selection.

    Raises
    ------
    EmptyLayerError
        If the county has no land yet.
    BandwidthError
        If the bandwidth is too small or too large for the county.
    """
    version = layer_version(session, "incidents")
    key = ("map", version, selection, scope.prefix, scope.individual)

    def make() -> HeatMap:
        clip = _ground(kept, session, version[:2], scope.prefix)
        frame = _frame(kept, session, version[:2], selection.bandwidth_m)
        n, located = store.count(session, selection.filter, scope)
        if not scope.individual and 0 < n < K_ANONYMITY:
            return HeatMap(None, clip, None, 0, selection, key)
        density = _density(kept, session, version, selection, frame, is_moved=not scope.individual)
        return HeatMap(density, clip, n, located, selection, key)

    return held(kept, HeatMap, key, make)


def bands(kept: Surfaces, found: HeatMap) -> list[Band]:
    """Return the contours of a heat map, EPSG:3857."""
    density = found.density
    if density is None:
        return []
    return held(
        kept, list, ("bands", found.key),
        lambda: contours(density.surface, density.scale, found.clip),
    )  # fmt: skip


def held(kept: Surfaces, kind: type[Value], key: Hashable, make: Callable[[], Value]) -> Value:
    """Return what is kept under a key, or make it; one key holds one kind of thing."""
    found, _ = kept.get(key, make)
    if not isinstance(found, kind):
        raise TypeError(key)
    return found


def _ground(kept: Surfaces, session: Session, land: Version, prefix: str) -> BaseGeometry:
    """Return the land of an area, EPSG:3857."""
    return held(
        kept, BaseGeometry, ("ground", land, prefix),
        lambda: _in(store.ground(session, prefix), WEB),
    )  # fmt: skip


def _frame(kept: Surfaces, session: Session, land: Version, bandwidth_m: float) -> Frame:
    """Return the county's cells for a bandwidth: of the whole of it, whoever looks."""

    def make() -> Frame:
        shape = store.ground(session, "")
        crs = WGS84 if shape.is_empty else metric_crs(shape, WGS84)
        return frame_of(_in(shape, crs), crs, bandwidth_m)

    return held(kept, Frame, ("frame", land, bandwidth_m), make)


def _density(
    kept: Surfaces, session: Session, version: Version, selection: Selection,
    frame: Frame, *, is_moved: bool,
) -> Density:  # fmt: skip
    def make() -> Density:
        lonlat, unplaced = store.places(session, selection.filter)
        places = _projected(lonlat, WGS84, frame.crs)
        if is_moved:
            places = _moved(session, places, frame.crs)
        surface = kernel_surface(places, frame)
        if selection.per == "households":
            surface = ratio(surface, _households(kept, session, version[:2], frame))
        stacks = zip(*stacked_points(lonlat, STACKED), strict=True)
        told = tuple((float(at[0]), float(at[1]), int(n)) for at, n in stacks)
        return Density(surface, heat_scale(surface), unplaced, told)

    return held(kept, Density, ("density", version, selection, is_moved), make)


def _moved(session: Session, places: Floats, crs: CRS) -> Floats:
    spots = _projected(store.groups(session), WEB, crs)
    # Without any group no household has a place, but an incident's may still be somebody's home.
    return nearest_spots(places, spots) if len(spots) else np.round(places / COARSE_M) * COARSE_M


def _households(kept: Surfaces, session: Session, land: Version, frame: Frame) -> Surface:
    def make() -> Surface:
        return kernel_surface(_projected(store.homes(session), WGS84, frame.crs), frame)

    return held(kept, Surface, ("households", land, frame.bandwidth_m), make)


def _in(shape: BaseGeometry, crs: CRS) -> BaseGeometry:
    found: BaseGeometry = reproject(np.array([shape], dtype=object), WGS84, crs)[0]
    return found


def _projected(points: Floats, source: CRS, target: CRS) -> Floats:
    return np.column_stack(transformer(source, target).transform(points[:, 0], points[:, 1]))
