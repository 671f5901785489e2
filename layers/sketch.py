"""The sketch: a reader's area as one small SVG, there at once, where the live map will be.

Borders, kinds, the gravest findings and a few names, in the colours of the live map and in its
projection (EPSG:3857), so that the one can take the other's place without a jump. A browser that
cannot draw the live map keeps the sketch.
"""

import math
from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

from sqlalchemy import ColumnElement, Row, Select, func, select

from geo.generalize import TILE_PIXELS, WORLD_M, ZOOMS, shape_zoom
from layers.legend_svg import symbol_paths
from layers.style import BORDERS, GRID_KINDS, PALETTE, finding_class
from layers.tables import area, coverage_shape, grid
from layers.tiles import Scope
from layers.vector import finding_markers

Rows = Iterable[Row[*tuple[Any, ...]]]
Box = tuple[float, float, float, float]

# Names of a level that would not fit beside each other are left to the live map.
MOST_NAMES = 30
_MARKER, _FONT = 11.0, 13


def mercator(bounds: Box) -> Box:
    """Return west, south, east, north in metres of EPSG:3857, from degrees.

    Examples
    --------
    >>> [round(edge) for edge in mercator((115.0, 33.0, 115.5, 33.5))]
    [12801741, 3895304, 12857401, 3961860]
    """
    west, south, east, north = bounds
    side = WORLD_M / 360

    def up(lat: float) -> float:
        return math.degrees(math.asinh(math.tan(math.radians(lat)))) * side

    return west * side, up(south), east * side, up(north)


def _placed(shape: ColumnElement[Any], box: Box, width: int) -> ColumnElement[Any]:
    west, _, east, north = box
    scale = width / (east - west)
    return func.ST_TransScale(shape, -west, -north, scale, scale)


def sketch_statements(scope: Scope, bounds: Box, width: int) -> tuple[Select[Any], Select[Any]]:
    """Return what to ask for: shapes (level, kind, SVG path, name, name_en, x, y) and markers.

    Parameters
    ----------
    scope
        What the reader may see.
    bounds
        West, south, east, north of the picture, degrees.
    width
        Of the picture, pixels; a marker's row is (rule, x, y), pixels.
    """
    box = mercator(bounds)
    pixel = (box[2] - box[0]) / width
    zoom = shape_zoom(math.floor(math.log2(WORLD_M / TILE_PIXELS / pixel))) or max(ZOOMS)
    shape, label = coverage_shape.c.geom_3857, coverage_shape.c.label
    spot = _placed(label, box, width)
    place = grid if scope.prefix else area
    level = coverage_shape.c.level
    shapes = (
        select(
            level, func.coalesce(grid.c.kind, area.c.kind).label("kind"),
            func.ST_AsSVG(_placed(shape, box, width), 1, 1).label("path"),
            func.coalesce(area.c.name, grid.c.name).label("name"),
            func.coalesce(area.c.name_en, grid.c.name_en).label("name_en"),
            func.ST_X(spot).label("x"), (-func.ST_Y(spot)).label("y"),
        )
        .select_from(
            coverage_shape.outerjoin(area, (area.c.code == coverage_shape.c.code))
            .outerjoin(grid, grid.c.code == coverage_shape.c.code)
        )
        .where(
            coverage_shape.c.zoom == zoom,
            scope.within(coverage_shape.c.code),
            (level != "grid") if place is area else level.in_(["town", "village", "grid"]),
        )
        .order_by(level, coverage_shape.c.code)
    )  # fmt: skip
    markers = finding_markers(scope).subquery("markers")
    at = _placed(markers.c["at"], box, width)
    found = select(markers.c.rule, func.ST_X(at).label("x"), (-func.ST_Y(at)).label("y"))
    stands = [markers.c.severity == "error", ~markers.c.accepted]
    return shapes, found.where(*stands).order_by(markers.c.id)


def sketch_svg(shapes: Rows, markers: Rows, bounds: Box, width: int, lang: str = "zh") -> str:
    """Draw the sketch.

    Parameters
    ----------
    shapes, markers
        What :func:`sketch_statements` asked for.
    bounds
        West, south, east, north, degrees.
    width
        Pixels.
    lang
        ``zh`` or ``en``.

    Returns
    -------
    str
        An SVG document that refers to nothing outside itself; its edges are the bounds.
    """
    west, south, east, north = mercator(bounds)
    height = width * (north - south) / (east - west)
    rows = list(shapes)
    # Nothing says the picture's edge to a border that runs along it: let it overhang.
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:.1f}" '
        f'viewBox="0 0 {width} {height:.1f}" overflow="visible" stroke-linejoin="round" '
        f"font-family=\"'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif\" "
        f'font-size="{_FONT}" lang="{"zh-CN" if lang == "zh" else "en"}">',
    ]
    parts += _fills(rows)
    parts += _borders(rows)
    for row in markers:
        half, scale = _MARKER / 2, _MARKER / 20
        drawn = symbol_paths(f"marker-{finding_class(row.rule).id}")
        parts.append(
            f'<g transform="translate({row.x - half:.1f} {row.y - half:.1f}) '
            f'scale({scale:.2f})">{drawn}</g>'
        )
    return "".join([*parts, *_names(rows, lang), "</svg>"])


def _fills(rows: list[Row[*tuple[Any, ...]]]) -> Iterable[str]:
    lowest = "grid" if any(row.level == "grid" for row in rows) else "village"
    for kind in GRID_KINDS:
        # A village that is no community is rural land.
        path = "".join(
            row.path for row in rows
            if row.level == lowest and (row.kind if row.kind in GRID_KINDS else "rural") == kind
        )  # fmt: skip
        if path:
            yield f'<path d="{path}" fill="{PALETTE[kind]}" fill-opacity="0.62"/>'


def _borders(rows: list[Row[*tuple[Any, ...]]]) -> Iterable[str]:
    for level in ("grid", "village", "town", "county"):
        path = "".join(row.path for row in rows if row.level == level)
        if path:
            # As thin as the live map draws them from afar.
            width = round(BORDERS[level][2] * 0.6, 2)
            yield f'<path d="{path}" fill="none" stroke="{PALETTE[level]}" stroke-width="{width}"/>'


def _names(rows: list[Row[*tuple[Any, ...]]], lang: str) -> Iterable[str]:
    levels = [level for level in ("grid", "village", "town")
              if 0 < sum(row.level == level for row in rows) <= MOST_NAMES]  # fmt: skip
    taken: list[Box] = []
    for row in rows:
        if levels and row.level == levels[0]:
            name = row.name if lang == "zh" else row.name_en or row.name
            half = sum(_FONT if ord(letter) > 0x2E80 else 0.6 * _FONT for letter in name) / 2
            box = (row.x - half, row.y - _FONT, row.x + half, row.y)
            if any(_meet(box, other) for other in taken):
                continue
            taken.append(box)
            yield (
                f'<text x="{row.x:.1f}" y="{row.y:.1f}" text-anchor="middle" '
                f'fill="{PALETTE["ink"]}" stroke="{PALETTE["halo"]}" stroke-width="3" '
                f'paint-order="stroke">{escape(name)}</text>'
            )


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
