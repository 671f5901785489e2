"""The frame of a drawing: metres on the ground as pixels, shapes as SVG paths, a scale bar."""

import math
from collections.abc import Iterable, Mapping

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.style import PALETTE

Box = tuple[float, float, float, float]


class Frame:
    """Turns metres on the ground into pixels of a drawing.

    Parameters
    ----------
    bounds
        Left, bottom, right, top, metres.
    width
        Of the drawing, pixels.
    height
        Likewise; without it what the bounds need, their longer side being the width.
    margin
        Pixels about the bounds.
    """

    def __init__(
        self, bounds: Box, width: float, height: float | None = None, margin: float = 0.0
    ) -> None:
        self.left, self.bottom, self.right, self.top = bounds
        across, up = self.right - self.left, self.top - self.bottom
        span = max(across, up, 1.0) if height is None else across
        self.scale = (width - 2 * margin) / span
        self.margin = margin
        self.width = width if height is not None else across * self.scale + 2 * margin
        self.height = height if height is not None else up * self.scale + 2 * margin

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return pixels, y downwards."""
        x = (points[:, 0] - self.left) * self.scale + self.margin
        y = (self.top - points[:, 1]) * self.scale + self.margin
        return np.column_stack((x, y))

    def path(self, shape: BaseGeometry | None) -> str:
        """Return the outline of a polygon or line as an SVG path; empty for nothing."""
        if shape is None or shape.is_empty:
            return ""
        parts = shapely.get_parts([shape])
        rings = [ring for part in parts for ring in _rings(part)]
        return "".join(self._ring(ring) for ring in rings)

    def _ring(self, ring: BaseGeometry) -> str:
        points = np.round(self.place(shapely.get_coordinates(ring)), 1)
        moved = np.append([True], (np.diff(points, axis=0) != 0).any(axis=1))
        words = " ".join(f"{x:g} {y:g}" for x, y in points[moved])
        return f"M{words}" + ("Z" if ring.is_closed and moved.sum() > 2 else "")


def _rings(part: BaseGeometry) -> Iterable[BaseGeometry]:
    if part.geom_type == "Polygon":
        return shapely.get_rings(part).tolist()  # type: ignore[no-any-return]  # an array of rings
    if part.geom_type in ("MultiPolygon", "MultiLineString", "GeometryCollection"):
        return [ring for each in shapely.get_parts(part) for ring in _rings(each)]
    return [part] if part.geom_type in ("LineString", "LinearRing") else []


def bar_length(frame: Frame) -> Mapping[str, float | str]:
    """Choose a round length of about a fifth of the drawing: pixels, and words."""
    wanted = frame.width / 5 / frame.scale
    power = 10 ** math.floor(math.log10(wanted))
    metres = max(step * power for step in (1, 2, 5) if step * power <= wanted)
    words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    return {"px": round(metres * frame.scale, 1), "words": words}


def scale_bar(frame: Frame, x: float, y: float) -> str:
    """Draw the bar from a place to the right."""
    bar = bar_length(frame)
    line = f'd="M{x:g} {y - 5:g}V{y:g}h{bar["px"]}V{y - 5:g}" fill="none"'
    words = f'x="{x + float(bar["px"]) / 2:g}" y="{y - 7:g}" text-anchor="middle" font-size="13"'
    ink, halo = PALETTE["ink"], PALETTE["halo"]
    return (
        f'<path {line} stroke="{halo}" stroke-width="4.5"/>'
        f'<path {line} stroke="{ink}" stroke-width="1.5"/>'
        f'<text {words} fill="{halo}" stroke="{halo}" stroke-width="4">{bar["words"]}</text>'
        f'<text {words} fill="{ink}">{bar["words"]}</text>'
    )
