"""The report as one page that opens from a USB stick: verdict, numbers, a map, every finding.

The map is drawn as SVG in the metric CRS of the check; what it draws is thinned for the screen as
one coverage, so that the drawing itself opens no gaps. Findings keep their own shape. The gravest
have a picture of their own (:mod:`layers.report.pictures`).
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import jinja2
import numpy as np
import shapely
from markupsafe import Markup
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from geo.findings import RULES
from geo.gate import POLYGONAL
from geo.measure import WGS84, reproject
from layers.legend_svg import pattern_defs
from layers.report.document import Outline
from layers.report.frame import Frame, bar_length
from layers.report.pictures import Scene, finding_picture
from layers.report.words import LABELS, area_parts, verdict
from layers.style import FINDING_CLASSES, IMAGES, PALETTE, finding_class

Geometries = NDArray[np.object_]
WIDTH = 1000.0
MARGIN = 24.0
# A shape smaller than this on the page gets a marker beside it, or nobody would see it.
LEAST_PX = 9.0
# Details below this many pixels are thinned away.
DETAIL_PX = 0.6
MOST_LISTED = 2_000
# The gravest have a picture each; a page of thousands would not open on a phone.
MOST_PICTURED = 100
# So many counties have room for their codes on the map.
MOST_NAMED = 150


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
    grids, parents = (_metric(each.shapes, metric) for each in (outline.grids, outline.parents))
    counties = _metric(outline.counties.shapes, metric)
    land = np.concatenate((grids, parents, counties))
    frame = Frame(_bounds(land if len(land) else shapes), WIDTH, margin=MARGIN)
    pictures = _pictures(listed, shapes, outline, metric)
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
        hatches=Markup(pattern_defs()),  # noqa: S704 - our own symbols
        images=[image for image in IMAGES if image.repeats],
        markers={image.id: image.paths[0].d for image in IMAGES if not image.repeats},
        grids=frame.path(shapely.GeometryCollection(_thin(grids, frame).tolist())),
        parents=[frame.path(shape) for shape in _thin(np.append(parents, counties), frame)],
        rows=[
            {**_row(f, s, p, frame), "picture": drawn}
            for f, s, p, drawn in zip(listed, shapes, points, pictures, strict=True)
        ],
        names=_names(outline.counties.codes, counties, frame),
        unlisted=len(document["findings"]) - len(listed),
        pictured=sum(map(bool, pictures)),
        bar=bar_length(frame),
        outline=outline,
        rules=RULES,
        found_rules={finding["rule"] for finding in document["findings"]},
    ) + "\n"  # fmt: skip


def _pictures(
    findings: list[dict[str, Any]], shapes: Geometries, outline: Outline, metric: CRS
) -> list[Markup]:
    """Draw the gravest findings; of many counties those between them, whose grids are here."""
    many = len(outline.counties.shapes) > 0
    ground = outline.near if many else outline.grids
    scene = Scene.of(
        _metric(ground.shapes, metric), ground.codes,
        _metric(outline.parents.shapes, metric), _metric(outline.counties.shapes, metric),
    )  # fmt: skip
    left, out = MOST_PICTURED if len(ground.codes) else 0, []
    for finding, shape in zip(findings, shapes, strict=True):
        drawn = left > 0 and (not many or len(finding["counties"]) != 1)
        left -= drawn
        words = finding_picture(finding, shape, scene) if drawn else ""
        out.append(Markup(words))  # noqa: S704 - its words are escaped
    return out


def _names(codes: Sequence[str], shapes: Geometries, frame: Frame) -> list[dict[str, Any]]:
    """Return where the names of counties stand, as far as there is room for them."""
    if not 0 < len(codes) <= MOST_NAMED:
        return []
    spots = frame.place(shapely.get_coordinates(shapely.point_on_surface(shapes)))
    return [{"words": code, "x": round(x, 1), "y": round(y, 1)}
            for code, (x, y) in zip(codes, spots, strict=True)]  # fmt: skip


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
    there = np.where(shapely.is_valid(there), there, shapely.make_valid(there))
    there = there[np.isin(shapely.get_type_id(there), POLYGONAL)]
    if not len(there):
        return there
    detail = DETAIL_PX / frame.scale
    try:
        thinned = shapely.coverage_simplify(there, detail, simplify_boundary=True)
    except shapely.errors.GEOSException:
        # What is no coverage can stop GEOS; thinned one by one it is as good to look at.
        thinned = shapely.simplify(there, detail)
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


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("layers", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
