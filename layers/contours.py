"""The classes of a surface as polygons: contours for vector tiles and files.

They are the very classes of the pictures (:mod:`layers.heat`), closed at the area's border.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from contourpy import FillType, contour_generator
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ARRAY, Double, Integer, LargeBinary, Select, func, literal, select

from geo.density import Surface
from layers.heat import Scale, in_web
from layers.tiles import BUFFER, EXTENT, Tile, envelope


@dataclass(frozen=True, slots=True)
class Band:
    """Where a surface is in one class: ``shape`` in EPSG:3857, ``upper`` null for the highest."""

    step: int
    lower: float
    upper: float | None
    shape: BaseGeometry


def contours(surface: Surface, scale: Scale, clip: BaseGeometry) -> list[Band]:
    """Return the classes of a surface as polygons.

    Parameters
    ----------
    surface
        What to draw.
    scale
        What :func:`heat_scale` chose for it.
    clip
        What may be seen, a polygon in EPSG:3857.

    Returns
    -------
    list of Band
        From the lowest class up, each closed at the border of what may be seen; classes that no
        place is in are left out. Straight between the cells: within a hundredth of the bandwidth
        of the true line.
    """
    frame = surface.frame
    rows, columns = frame.shape
    x = frame.left + (np.arange(columns) + 0.5) * frame.cell_m
    y = frame.bottom + (np.arange(rows) + 0.5) * frame.cell_m
    values = np.ma.masked_invalid(surface.values)
    drawer = contour_generator(x, y, values, fill_type=FillType.OuterOffset)
    bands = []
    for place, lower in enumerate(scale.breaks):
        upper = scale.breaks[place + 1] if place + 1 < len(scale.breaks) else None
        shape = _polygons(drawer.filled(lower, np.inf if upper is None else upper))
        shape = shapely.intersection(in_web(shape, frame.crs), clip)
        if not shape.is_empty:
            bands.append(Band(scale.steps[place], lower, upper, shape))
    return bands


def _polygons(filled: Any) -> BaseGeometry:  # noqa: ANN401 - contourpy's type hangs on a value
    """Make polygons of contourpy's rings: of each group the first is the outer one."""
    made = []
    for points, offsets in zip(*filled, strict=True):
        rings = [points[a:b] for a, b in pairwise(offsets.tolist())]
        made.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.make_valid(shapely.MultiPolygon(made))


def contour_statement(bands: Sequence[Band], tile: Tile) -> Select[bytes] | None:
    """Return the statement whose single value is the contours' vector tile; null if it is empty.

    Features have ``step`` (of the ramp, 1 the lightest), ``lower``, and ``upper`` but for the
    highest class. PostGIS encodes them, as it does every other tile.
    """
    around = tile.window(BUFFER / EXTENT).bounds
    cut = [(band, shapely.clip_by_rect(band.shape, *around)) for band in bands]
    kept = [(band, shape) for band, shape in cut if not shape.is_empty]
    if not kept:
        return None
    given = (
        func.unnest(
            literal([shapely.to_wkb(shape) for _, shape in kept], ARRAY(LargeBinary)),
            literal([band.step for band, _ in kept], ARRAY(Integer)),
            literal([band.lower for band, _ in kept], ARRAY(Double)),
            literal([band.upper for band, _ in kept], ARRAY(Double)),
        )
        .table_valued("wkb", "step", "lower", "upper")
        .render_derived(name="given")
    )
    shape = func.ST_GeomFromWKB(given.c.wkb, 3857)
    clipped = func.ST_AsMVTGeom(shape, envelope(tile), EXTENT, BUFFER, True)
    drawn = select(
        clipped.label("geom"), given.c.step, given.c.lower, given.c.upper
    ).subquery("drawn")  # fmt: skip
    return select(func.ST_AsMVT(drawn.table_valued(), "heat", EXTENT, "geom"))
