"""A finding as a picture: the grids concerned, their neighbours, the place, a scale bar.

North is up, the plane is the metric CRS of the check. What is drawn is thinned by less than half a
pixel; the place itself keeps its shape, and what is too small to be seen gets a ring.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.report.frame import Frame, scale_bar
from layers.rules.picture import FILLS, text
from layers.style import PALETTE, finding_class

Geometries = NDArray[np.object_]
WIDTH, HEIGHT = 460.0, 250.0
# A place takes at most this share of its picture, which shows at least so many metres.
SHARE, LEAST_M, HOMES_M = 0.42, 40.0, 240.0
# A place smaller than this is ringed.
LEAST_PX = 12.0
DETAIL_PX = 0.4
# A piece smaller than this has no room for its name.
NAMED_PX2 = 900.0
# Codes longer than this are told by their last digits.
LONG_CODE, TAIL = 9, 3
FONT = 15.0
LAND = ("gap", "overlap", "outside")


@dataclass(frozen=True)
class Scene:
    """What pictures are drawn of: grids and authority's outlines, metric, found by place.

    Where not all grids are here, ``land`` is what they lie on: beside them it is not empty.
    """

    grids: Geometries
    codes: Sequence[str]
    parents: Geometries
    land: Geometries
    grid_tree: shapely.STRtree
    parent_tree: shapely.STRtree

    @classmethod
    def of(
        cls, grids: Geometries, codes: Sequence[str], parents: Geometries, land: Geometries
    ) -> "Scene":
        """Index the land, with what is invalid made valid."""
        grids, parents, land = (
            np.where(shapely.is_valid(each), each, shapely.make_valid(each))
            for each in (grids, parents, land)
        )
        return cls(grids, codes, parents, land, shapely.STRtree(grids), shapely.STRtree(parents))


def finding_picture(finding: dict[str, Any], shape: BaseGeometry, scene: Scene) -> str:
    """Draw one finding.

    Parameters
    ----------
    finding
        As in the document of a check.
    shape
        Its geometry in the metric CRS.
    scene
        The land around it.

    Returns
    -------
    str
        SVG that refers to nothing but the document's own hatches (``hatch-…``).
    """
    window = _window(finding, shape)
    frame = Frame(window, WIDTH, HEIGHT)
    box = shapely.box(*window)
    near = np.sort(scene.grid_tree.query(box, predicate="intersects"))
    pieces = _clipped(scene.grids[near], window, frame)
    order = {code: place for place, code in enumerate(finding["grids"])}
    told = [(order.get(scene.codes[row], -1), scene.codes[row], piece)
            for row, piece in zip(near.tolist(), pieces, strict=True)]  # fmt: skip
    # Those concerned lie on top, the most concerned above all.
    told.sort(key=lambda each: (each[0] >= 0, -each[0]))
    lines = scene.parents[np.sort(scene.parent_tree.query(box, predicate="intersects"))]
    parts = [
        f'<svg class="picture" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{escape(finding["message_zh"])} {escape(finding["message"])}">',
        *(_ground(piece, frame) for piece in _clipped(scene.land, window, frame)),
        *(_grid(place, piece, frame) for place, _, piece in told),
        *(_border(each, window, frame) for each in lines),
        *_place(finding, shape, frame),
        *_names([(code, piece) for place, code, piece in told if place >= 0], frame),
        scale_bar(frame, 12.0, HEIGHT - 12.0),
        "</svg>",
    ]
    return "".join(parts)


def _window(finding: dict[str, Any], shape: BaseGeometry) -> tuple[float, float, float, float]:
    """Return the part of the plane that shows a place among its neighbours."""
    left, bottom, right, top = shape.bounds
    least = HOMES_M if finding_class(finding["rule"]).id == "household" else LEAST_M
    wide = max((right - left) / SHARE, (top - bottom) / SHARE * WIDTH / HEIGHT, least)
    high = wide * HEIGHT / WIDTH
    x, y = (left + right) / 2, (bottom + top) / 2
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def _clipped(
    shapes: Geometries, window: tuple[float, float, float, float], frame: Frame
) -> Geometries:
    """Cut polygons to a little more than the window, so that its edge draws no border."""
    left, bottom, right, top = window
    more = 8 / frame.scale
    box = shapely.box(left - more, bottom - more, right + more, top + more)
    cut = shapely.intersection(shapes, box)
    return np.asarray(shapely.simplify(cut, DETAIL_PX / frame.scale), dtype=object)


def _ground(piece: BaseGeometry, frame: Frame) -> str:
    return "" if piece.is_empty else f'<path d="{frame.path(piece)}" fill="{PALETTE["halo"]}"/>'


def _grid(place: int, piece: BaseGeometry, frame: Frame) -> str:
    concerned = place >= 0
    fill = PALETTE[FILLS[place % len(FILLS)]] if concerned else PALETTE["halo"]
    stroke, width = (PALETTE["town"], 1.6) if concerned else (PALETTE["grid"], 1.0)
    return (
        f'<path d="{frame.path(piece)}" fill="{fill}" fill-rule="evenodd" '
        f'fill-opacity="{0.85 if concerned else 1}" stroke="{stroke}" stroke-width="{width}"/>'
    )


def _border(parent: BaseGeometry, window: tuple[float, float, float, float], frame: Frame) -> str:
    line = _clipped(np.array([shapely.boundary(parent)], dtype=object), window, frame)[0]
    return (
        f'<path d="{frame.path(line)}" fill="none" stroke="{PALETTE["county"]}" '
        'stroke-width="2.6" stroke-linejoin="round"/>'
    )


def _place(finding: dict[str, Any], shape: BaseGeometry, frame: Frame) -> Iterable[str]:
    group = finding_class(finding["rule"])
    drawn = frame.path(shape)
    filled = group.id in LAND and shape.area > 0
    if drawn:
        fill = f"url(#hatch-{group.id})" if filled else "none"
        yield (
            f'<path d="{drawn}" fill="{fill}" fill-rule="evenodd" stroke="{group.color}" '
            f'stroke-width="{2 if filled else 3}" stroke-linejoin="round"/>'
        )
    for x, y in _spots(shape, frame):
        for color, width in ((PALETTE["halo"], 5), (group.color, 2.5)):
            yield (
                f'<circle cx="{x:g}" cy="{y:g}" r="{LEAST_PX:g}" fill="none" '
                f'stroke="{color}" stroke-width="{width}"/>'
            )
        if not drawn:
            yield f'<circle cx="{x:g}" cy="{y:g}" r="3.5" fill="{group.color}"/>'


def _spots(shape: BaseGeometry, frame: Frame) -> list[tuple[float, float]]:
    """Return where rings go: at points, and about a place that is too small to be seen."""
    left, bottom, right, top = shape.bounds
    if not shape.length:
        return [(x, y) for x, y in np.round(frame.place(shapely.get_coordinates(shape)), 1)]
    if max(right - left, top - bottom) * frame.scale >= LEAST_PX:
        return []
    middle = np.array([[(left + right) / 2, (bottom + top) / 2]])
    return [(x, y) for x, y in np.round(frame.place(middle), 1)]


def _names(told: Sequence[tuple[str, BaseGeometry]], frame: Frame) -> Iterable[str]:
    """Write the codes of those concerned, below each other where they hold the same land."""
    taken: list[tuple[float, float]] = []
    for code, piece in told:
        if piece.is_empty or piece.area * frame.scale**2 < NAMED_PX2:
            continue
        seat = frame.place(shapely.get_coordinates(shapely.point_on_surface(piece)))[0]
        x, y = float(np.clip(seat[0], 30, WIDTH - 30)), float(np.clip(seat[1], 18, HEIGHT - 8))
        while any(abs(x - other) < 3 * FONT and abs(y - beside) < FONT for other, beside in taken):
            y += FONT + 2
        taken.append((x, y))
        short = code if len(code) <= LONG_CODE else f"…{code[-TAIL:]}"
        yield text(escape(short), round(x, 1), round(y, 1), FONT)
