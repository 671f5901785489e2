"""The report as one page that opens from a USB stick: verdict, numbers, a map, every finding.

The map is drawn as SVG in the metric CRS of the check; what it draws is thinned for the screen as
one coverage, so that the drawing itself opens no gaps. Findings keep their own shape.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import jinja2
import numpy as np
import shapely
from markupsafe import Markup
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from geo.findings import RULES
from geo.measure import WGS84, reproject
from layers.report.document import Outline
from layers.report.words import LABELS, area_parts, verdict
from layers.style import FINDING_CLASSES, IMAGES, PALETTE, finding_class

Geometries = NDArray[np.object_]
WIDTH = 1000.0
MARGIN = 24.0
# A shape smaller than this on the page gets a marker beside it, or nobody would see it.
LEAST_PX = 9.0
# Details below this many pixels are thinned away.
DETAIL_PX = 0.6
MOST_DRAWN = 4_000
MOST_LISTED = 2_000


class Frame:
    """Turns metres on the ground into pixels of the drawing."""

    def __init__(self, bounds: tuple[float, float, float, float]) -> None:
        self.left, self.bottom, self.right, self.top = bounds
        span = max(self.right - self.left, self.top - self.bottom, 1.0)
        self.scale = (WIDTH - 2 * MARGIN) / span
        self.width = (self.right - self.left) * self.scale + 2 * MARGIN
        self.height = (self.top - self.bottom) * self.scale + 2 * MARGIN

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return pixels, y downwards."""
        x = (points[:, 0] - self.left) * self.scale + MARGIN
        y = (self.top - points[:, 1]) * self.scale + MARGIN
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
    return [part] if part.geom_type in ("LineString", "LinearRing") else []


def write_page(document: dict[str, Any], outline: Outline, lang: str) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    document
        What :func:`layers.report.make_document` made.
    outline
        Polygons to draw beneath the findings, EPSG:4326.
    lang
        ``zh`` or ``en``, the language that it opens in.
    """
    metric = CRS.from_user_input(document["crs"])
    listed = document["findings"][:MOST_LISTED]
    shapes = _metric([shapely.geometry.shape(f["geometry"]) for f in listed], metric)
    points = _metric([shapely.Point(f["point"]) for f in listed], metric)
    grids, parents = _metric(outline.grids, metric), _metric(outline.parents, metric)
    drawn = np.concatenate((grids, parents)) if len(grids) + len(parents) else shapes
    frame = Frame(_bounds(drawn))
    return _environment().get_template("report.html.j2").render(
        document=document,
        summary=document["summary"],
        frame=frame,
        lang=lang,
        labels=LABELS,
        verdicts={each: verdict(document["summary"], each) for each in ("zh", "en")},
        area=area_parts,
        palette=PALETTE,
        classes=_classes(document["findings"]),
        images=[image for image in IMAGES if image.repeats],
        markers={image.id: image.paths[0].d for image in IMAGES if not image.repeats},
        grids=frame.path(shapely.GeometryCollection(_thin(grids, frame).tolist())),
        parents=[frame.path(shape) for shape in _thin(parents, frame)],
        rows=[_row(f, s, p, frame) for f, s, p in zip(listed, shapes, points, strict=True)],
        unlisted=len(document["findings"]) - len(listed),
        bar=_scale_bar(frame),
        names=outline.grid_names,
        outline=outline,
        rules=RULES,
        found_rules={finding["rule"] for finding in document["findings"]},
    ) + "\n"  # fmt: skip


def _metric(shapes: Iterable[BaseGeometry], metric: CRS) -> Geometries:
    listed = list(shapes)
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return reproject(out, WGS84, metric)


def _bounds(shapes: Geometries) -> tuple[float, float, float, float]:
    left, bottom, right, top = shapely.total_bounds(shapes).tolist()
    return (left, bottom, right, top) if math.isfinite(left) else (0.0, 0.0, 1.0, 1.0)


def _thin(shapes: Geometries, frame: Frame) -> Geometries:
    there = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(there):
        return there
    thinned = shapely.coverage_simplify(there, DETAIL_PX / frame.scale, simplify_boundary=True)
    return np.asarray(thinned, dtype=object)


def _classes(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts: dict[str, int] = {}
    for finding in findings:
        key = finding_class(finding["rule"]).id
        counts[key] = counts.get(key, 0) + 1
    return [
        {"id": each.id, "zh": each.zh, "en": each.en, "color": each.color, "areal": each.areal,
         "n": counts[each.id]}
        for each in FINDING_CLASSES
        if each.id in counts
    ]  # fmt: skip


def _row(
    finding: dict[str, Any], shape: BaseGeometry, point: BaseGeometry, frame: Frame
) -> dict[str, Any]:
    group = finding_class(finding["rule"])
    left, bottom, right, top = shape.bounds
    size = max(right - left, top - bottom) * frame.scale
    x, y = np.round(frame.place(shapely.get_coordinates(point))[0], 1)
    middle = frame.place(np.array([[(left + right) / 2, (bottom + top) / 2]]))[0]
    return {
        **finding,
        "group": group.id,
        "color": group.color,
        "path": Markup(frame.path(shape)),  # noqa: S704 - digits, M and Z alone
        # A record's fault is not the land's: its grid is outlined, and nothing beneath is hidden.
        "filled": group.id in ("gap", "overlap", "outside") and shape.area > 0,
        "x": x,
        "y": y,
        "marked": size < LEAST_PX or not shape.area,
        "zoom": _zoom(middle, size),
    }


def _zoom(middle: NDArray[np.float64], size: float) -> str:
    """Return the part of the drawing that shows a finding with its surroundings."""
    span = min(WIDTH, max(size * 3.0, 12.0))
    return f"{middle[0] - span / 2:.2f} {middle[1] - span / 2:.2f} {span:.2f} {span:.2f}"


def _scale_bar(frame: Frame) -> Mapping[str, float | str]:
    """Choose a round length of about a fifth of the drawing."""
    wanted = frame.width / 5 / frame.scale
    power = 10 ** math.floor(math.log10(wanted))
    metres = max(step * power for step in (1, 2, 5) if step * power <= wanted)
    words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    return {"px": round(metres * frame.scale, 1), "words": words}


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("layers", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
