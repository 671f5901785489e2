"""What a finished map is cut out of: an area's box, its rows, and the ground drawn under them."""

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from PIL import Image
from pyproj import CRS
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.areas.store import AnyRow, ancestors, find_ground
from api.auth import Role
from api.errors import NotFoundError
from api.maps.store import bounds, layer_rows
from geo.measure import WGS84, reproject
from layers import raster
from layers.catalog import HOUSEHOLD_ZOOM
from layers.folium_map import Bbox, Feature
from layers.map_style import Language
from layers.mapnik_engine import Box
from layers.mapnik_style import in_view
from layers.sketch import mercator
from layers.tables import TILE_SRID, coverage_version, setting
from layers.tiles import Scope, Window

# The map on a sheet: so many pixels of the style in its longer side.
LONGER = 1000.0
# Room around the area, as a share of its longer side.
ROOM = 0.04
# Pixels of a picture for one of the style, on paper and under the vectors of a file.
DENSITY = 2.0
# So many digits of a degree are a decimetre.
DIGITS = 6
# A map is never of less than this, metres of EPSG:3857.
LEAST_M = 300.0
EMPTY: Bbox = (-180.0, -85.0, 180.0, 85.0)


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: an area, by whom, in which language; ``options`` are a map's own.

    ``scope`` ends at the area, and at what the reader may see. ``role`` is null on the command
    line; there addresses are ``masked`` unless a ``reason`` is given, which is logged. ``kept``
    are the service's finished surfaces, null where none are kept.
    """

    code: str
    scope: Scope
    lang: Language = "zh"
    options: Any = None
    account: str = "operator"
    role: Role | None = None
    masked: bool = False
    reason: str | None = None
    kept: Any = None


class Frame:
    """An area's box on the map, and what is asked for within it.

    Raises
    ------
    NotFoundError
        If there is no such area, or it has no boundary.
    """

    def __init__(self, session: Session, order: Order) -> None:
        self.session, self.order = session, order
        place = find_ground(session, order.code)
        if place is None:
            raise NotFoundError(f"There is no area {order.code}.", f"没有区划 {order.code}。")
        self.place: AnyRow = place
        box = bounds(session, Scope(order.code))
        if box == EMPTY:
            raise NotFoundError(
                f"{order.code} has no boundary and no grids yet: there is nothing to draw.",
                f"{order.code} 尚无边界和网格，无法出图。",
            )
        left, bottom, right, top = mercator(box)
        self.bounds: Box = _with_room((left, bottom, right, top))

    def closer(self, places: Sequence[tuple[float, float]]) -> "Frame":
        """Return the frame of some places, in degrees: of a village, its houses without the fields.

        The frame itself where there is none.
        """
        if not places:
            return self
        lons, lats = zip(*places, strict=True)
        near = copy(self)
        near.bounds = _with_room(mercator((min(lons), min(lats), max(lons), max(lats))))
        return near

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels of the style."""
        left, bottom, right, top = self.bounds
        scale = LONGER / max(right - left, top - bottom)
        return (right - left) * scale, (top - bottom) * scale

    @property
    def bbox(self) -> Bbox:
        """The box in degrees."""
        corners = shapely.box(*self.bounds)
        west, south, east, north = shapely.bounds(_degrees(np.array([corners], dtype=object))[0])
        return float(west), float(south), float(east), float(north)

    @cached_property
    def synthetic(self) -> bool:
        """Whether the county is made up."""
        return bool(self.setting("synthetic"))

    def setting(self, key: str) -> Any:  # noqa: ANN401 - JSON
        """Return a setting of the county; null if it is not set."""
        return self.session.scalar(select(setting.c.value).where(setting.c.key == key))

    @cached_property
    def today(self) -> str:
        """The day that the map is of: the sample's own, else the day of the last change."""
        found = self.setting("reference_date")
        if found is None:
            found = self.session.scalar(select(func.max(coverage_version.c.valid_from)))
        return str(found)[:10] if found is not None else date.today().isoformat()  # noqa: DTZ011

    def say(self, zh: str, en: str) -> str:
        """Return the text in the map's language."""
        return zh if self.order.lang == "zh" else en

    def title(self, zh: str, en: str) -> str:
        """Name the area and what is shown of it."""
        name = self.say(self.place.name, self.place.name_en or self.place.name)
        return self.say(f"{name}{zh}", f"{name} · {en}")

    def within(self) -> str:
        """Name what the area lies in, from the county down; empty for the county."""
        above = ancestors(self.session, self.order.code)
        return " › ".join(self.say(each.name, each.name_en or each.name) for each in above)

    def pixel(self, at: tuple[float, float] | None) -> tuple[float, float]:
        """Return where a place, in degrees, stands on the sheet's map."""
        x, y, _, _ = mercator((*(at or (0.0, 0.0)), 0.0, 0.0))
        left, bottom, right, top = self.bounds
        width, height = self.size
        return (x - left) / (right - left) * width, (top - y) / (top - bottom) * height

    # -- rows ------------------------------------------------------------------------------------

    def rows(self, sources: Iterable[str]) -> Mapping[str, list[dict[str, Any]]]:
        """Return what the reader may see of those layers that the live map shows here."""
        window = raster.window_of(self.bounds, self.size[0])
        zoom = raster.style_zoom(self.bounds, self.size[0])
        return {
            name: layer_rows(self.session, name, window, self.order.scope)
            for name in sources
            if any(in_view(layer, zoom) for layer in raster.layers_of(name, self.order.lang))
        }

    def households(self) -> list[dict[str, Any]]:
        """Return a village's or grid's households where the reader sees them singly; else none."""
        if self.place.level not in ("village", "grid") or not self.order.scope.individual:
            return []
        near = Window(HOUSEHOLD_ZOOM, self.bounds)
        return layer_rows(self.session, "households", near, self.order.scope)

    def picture(
        self, rows: Mapping[str, list[dict[str, Any]]], style: str, background: str | None = None
    ) -> bytes:
        """Draw rows in a style, at :data:`DENSITY`."""
        size = (round(self.size[0]), round(self.size[1]))
        return raster.picture(
            rows, self.bounds, size, scale=DENSITY, lang=self.order.lang, style=style,
            background=background,
        )  # fmt: skip


def features(
    rows: Sequence[Mapping[str, Any]], say: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> list[Feature]:
    """Return rows of a layer as GeoJSON features in EPSG:4326.

    Parameters
    ----------
    rows
        With ``geom`` as WKB in EPSG:3857.
    say
        The properties of a row.
    """
    shapes = shapely.from_wkb(np.array([bytes(row["geom"]) for row in rows], dtype=object))
    placed = shapely.set_precision(_degrees(shapes), 10.0**-DIGITS, mode="pointwise")
    return [
        {"type": "Feature", "geometry": json.loads(text), "properties": dict(say(row))}
        for row, text in zip(rows, shapely.to_geojson(placed), strict=True)
    ]


def names(
    rows: Sequence[Mapping[str, Any]], lang: Language, levels: Iterable[str]
) -> list[tuple[float, float, str, str]]:
    """Return the names of a map: longitude, latitude, text and level."""
    wanted = set(levels)
    held = [row for row in rows if row["level"] in wanted]
    places = _degrees(shapely.from_wkb(np.array([bytes(r["geom"]) for r in held], dtype=object)))
    return [
        (x, y, row["name"] if lang == "zh" else row["name_en"] or row["name"], row["level"])
        for row, (x, y) in zip(held, shapely.get_coordinates(places).tolist(), strict=True)
    ]


def _with_room(box: Box) -> Box:
    left, bottom, right, top = box
    room = ROOM * max(right - left, top - bottom)
    across, up = (max(0.0, (LEAST_M - side) / 2) + room for side in (right - left, top - bottom))
    return left - across, bottom - up, right + across, top + up


def compact(image: bytes) -> bytes:
    """Return a picture in 256 colours: a third of the size, for a file that is passed on."""
    sink = io.BytesIO()
    with Image.open(io.BytesIO(image)) as drawn:
        drawn.convert("RGBA").quantize(256, Image.Quantize.FASTOCTREE).save(
            sink, "PNG", optimize=True
        )
    return sink.getvalue()


def _degrees(shapes: Any) -> Any:  # noqa: ANN401 - arrays of shapes
    return np.asarray(reproject(shapes, CRS.from_epsg(TILE_SRID), WGS84), dtype=object)
