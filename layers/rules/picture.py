"""A case as a picture: its village, grids and households, and a finding that the check made of it.

SVG that refers to nothing outside itself; the marks are those of the map.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from geo.findings import Finding
from layers.legend_svg import pattern_defs, symbol_paths
from layers.rules.case import CORNER, Case
from layers.style import PALETTE, finding_class

WIDTH, MARGIN = 600.0, 18.0
# A code of so many digits is a number in its village.
SHORT = 3
# Neighbours are told apart by their fill.
FILLS = ("rural", "community", "dedicated")
WEEK = 7
# Findings drawn as land; of others the grid is only outlined.
LAND = ("gap", "overlap", "outside")
FONT = "'Noto Sans CJK SC','PingFang SC','Microsoft YaHei',system-ui,sans-serif"
# Where the vertices are the matter.
DOTTED = ("C105", "G001")


class Canvas:
    """Turns metres of a case into the picture's units."""

    def __init__(self, shapes: Iterable[BaseGeometry]) -> None:
        left, bottom, right, top = shapely.total_bounds(list(shapes)).tolist()
        self.left, self.top = left, top
        self.scale = (WIDTH - 2 * MARGIN) / (right - left)
        self.height = (top - bottom) * self.scale + 2 * MARGIN

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a place is drawn."""
        return (
            round((x - self.left) * self.scale + MARGIN, 2),
            round((self.top - y) * self.scale + MARGIN, 2),
        )

    def path(self, shape: BaseGeometry) -> str:
        """Return a shape as path data."""
        parts = []
        for part in shapely.get_parts([shape]):
            rings = shapely.get_rings([part]) if part.geom_type == "Polygon" else [part]
            for ring in rings:
                points = [self.at(x, y) for x, y in shapely.get_coordinates(ring)]
                words = " ".join(f"{x:g} {y:g}" for x, y in points)
                parts.append(f"M{words}" + ("Z" if part.geom_type == "Polygon" else ""))
        return "".join(parts)


def picture(case: Case, finding: Finding | None, lang: str, title: str, *, defs: bool) -> str:
    """Draw a case, and of what the check said of it one finding.

    Parameters
    ----------
    case
        Small: a few grids and households.
    finding
        Null: the case alone.
    lang
        ``zh`` or ``en``, for the few words in it.
    title
        What a reader who does not see it is told.
    defs
        Whether the hatches come with it; once in a document is enough.
    """
    grids = [(code, shape) for code, shape in (*case.grids.items(), *case.twice) if shape]
    canvas = Canvas([*case.parents.values(), *(shape for _, shape in grids)])
    size = f'viewBox="0 0 {WIDTH:g} {canvas.height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}" '
        f'font-family="{FONT}">',
        f"<defs>{pattern_defs()}</defs>" if defs else "",
        *_land(case, canvas),
        *(_grid(FILLS[n % 3], shape, canvas) for n, (_, shape) in enumerate(grids)),
        *(_finding(finding, canvas) if finding else ()),
        *_links(case, canvas),
        *_homes(case, canvas),
        *(_words(case, code, shape, canvas, lang) for code, shape in grids),
        *(_vertices(grids, canvas) if finding and finding.rule in DOTTED else ()),
        *(_pointer(finding, canvas) if finding else ()),
    ]
    return "".join([*parts, "</svg>"])


def _land(case: Case, canvas: Canvas) -> Iterable[str]:
    if case.lake is not None:
        yield f'<path d="{canvas.path(case.lake)}" fill="{PALETTE["water"]}"/>'
    for shape in case.parents.values():
        yield (
            f'<path d="{canvas.path(shape)}" fill="{PALETTE["halo"]}" fill-rule="evenodd" '
            f'stroke="{PALETTE["county"]}" stroke-width="6" stroke-linejoin="round"/>'
        )


def _grid(kind: str, shape: BaseGeometry, canvas: Canvas) -> str:
    return (
        f'<path d="{canvas.path(shape)}" fill="{PALETTE[kind]}" fill-opacity="0.8" '
        f'fill-rule="evenodd" stroke="{PALETTE["town"]}" stroke-width="1.6" '
        'stroke-linejoin="round"/>'
    )


def _home_shape(finding: Finding) -> BaseGeometry:
    back = (-CORNER[0], -CORNER[1])
    return affinity.translate(finding.geometry, *back)


def _finding(finding: Finding, canvas: Canvas) -> Iterable[str]:
    group, shape = finding_class(finding.rule), _home_shape(finding)
    if shape.area > 0:
        fill = f"url(#hatch-{group.id})" if group.id in LAND else "none"
        yield (
            f'<path d="{canvas.path(shape)}" fill="{fill}" fill-rule="evenodd" '
            f'stroke="{group.color}" stroke-width="3.2" stroke-linejoin="round"/>'
        )
    elif shape.length > 0:
        yield (
            f'<path d="{canvas.path(shape)}" fill="none" stroke="{group.color}" '
            'stroke-width="5" stroke-linecap="round"/>'
        )


def _pointer(finding: Finding, canvas: Canvas) -> Iterable[str]:
    """Ring the points of a finding, and set the class's mark where the map would."""
    group, shape = finding_class(finding.rule), _home_shape(finding)
    points = [] if shape.length else shapely.get_coordinates(shape).tolist()
    for x, y in [canvas.at(*point) for point in points]:
        yield (
            f'<circle cx="{x}" cy="{y}" r="15" fill="none" stroke="{PALETTE["gap"]}" '
            'stroke-width="3"/>'
        )
    if shape.area and group.id not in LAND:
        spot = affinity.translate(finding.point, -CORNER[0], -CORNER[1])
        x, y = canvas.at(spot.x, spot.y)
        yield _mark(f"marker-{group.id}", x, y, 26)


def _mark(name: str, x: float, y: float, size: float) -> str:
    return (
        f'<g transform="translate({x - size / 2:g} {y - size / 2:g}) scale({size / 20:g})">'
        f"{symbol_paths(name)}</g>"
    )


def _homes(case: Case, canvas: Canvas) -> Iterable[str]:
    lives = set(case.members)
    for number, home in enumerate(case.homes):
        if home.at is None:
            continue
        x, y = canvas.at(*home.at)
        late = home.visited is not None and home.visited >= 7
        if home.needy:
            yield _mark("need-elderly", x, y, 24)
        elif number in lives:
            yield _mark("member-home", x, y, 28)
        elif late:
            # An open house: nobody was there.
            yield (
                f'<path transform="translate({x - 9:g} {y - 9:g}) scale(0.9)" '
                f'd="M10 2L18 9V18H2V9Z" fill="#fff" stroke="{PALETTE["ink"]}" stroke-width="2"/>'
            )
        else:
            yield _mark("marker-household", x, y, 17)


def _links(case: Case, canvas: Canvas) -> Iterable[str]:
    for member, home in case.links:
        ends = case.homes[case.members[member]].at, case.homes[home].at
        if ends[0] and ends[1]:
            (x0, y0), (x1, y1) = canvas.at(*ends[0]), canvas.at(*ends[1])
            # Two links between the same houses are drawn apart.
            bend = 16 * member
            yield (
                f'<path d="M{x0} {y0}Q{(x0 + x1) / 2:g} {(y0 + y1) / 2 - bend:g} {x1} {y1}" '
                f'fill="none" stroke="{PALETTE["ink"]}" stroke-width="1.8"/>'
            )


def _words(case: Case, code: str, shape: BaseGeometry, canvas: Canvas, lang: str) -> str:
    """Name a grid, and say what is noted of it."""
    x, y = _seat(shape, canvas)
    short = code if len(code) <= SHORT else f"{code[:-3]} {code[-3:]}"
    words = text(short, x, y, 24 if len(code) <= SHORT else 17, bold=True)
    note = case.notes.get(code)
    return words + (text(note[lang == "zh"], x, y + 25, 18) if note else "")


def text(words: str, x: float, y: float, size: float, *, bold: bool = False) -> str:
    """Write words about a place; their halo lies under them, for not every reader orders paint."""
    at = f'x="{x:g}" y="{y:g}" text-anchor="middle" font-size="{size:g}"'
    weight = ' font-weight="600"' if bold else ""
    halo = 'fill="none" stroke="#fff" stroke-width="5" stroke-linejoin="round" aria-hidden="true"'
    return (
        f"<text {at}{weight} {halo}>{words}</text>"
        f'<text {at}{weight} fill="{PALETTE["ink"]}">{words}</text>'
    )


def _seat(shape: BaseGeometry, canvas: Canvas) -> tuple[float, float]:
    """Return where a grid's name stands: at its upper left, where neither mark nor house is."""
    left, _, right, top = shape.bounds
    drop = 38 / canvas.scale
    for share in (0.22, 0.5, 0.78):
        spot = Point(left + (right - left) * share, top - drop)
        if shape.contains(spot):
            return canvas.at(spot.x, spot.y + 6 / canvas.scale)
    inner = shape.representative_point()
    return canvas.at(inner.x, inner.y)


def _vertices(grids: list[tuple[str, Any]], canvas: Canvas) -> Iterable[str]:
    points = np.unique(np.vstack([shapely.get_coordinates(shape) for _, shape in grids]), axis=0)
    for x, y in [canvas.at(*point) for point in points.tolist()]:
        yield (
            f'<circle cx="{x}" cy="{y}" r="6" fill="#fff" stroke="{PALETTE["ink"]}" '
            'stroke-width="2.4"/>'
        )
