"""How the proof works, in figures drawn from the program's own arithmetic on a small village."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from geo.certificate import Segments, open_segments
from geo.coverage import check_coverage
from geo.findings import Finding
from layers.legend_svg import pattern_defs
from layers.rules.case import CORNER, VILLAGE, Case, outline
from layers.rules.picture import FILLS, FONT, WIDTH, Canvas, text
from layers.style import PALETTE, finding_class

# Four grids about a crooked cross, and the village around them.
MIDDLE, SOUTH, EAST, NORTH, WEST = (150, 95), (140, 0), (300, 110), (165, 200), (0, 90)
GRIDS = {
    "01": outline((0, 0), SOUTH, MIDDLE, WEST),
    "02": outline(SOUTH, (300, 0), EAST, MIDDLE),
    "03": outline(WEST, MIDDLE, NORTH, (0, 200)),
    "04": outline(MIDDLE, EAST, (300, 200), NORTH),
}
VILLAGE_SHAPE = outline((0, 0), SOUTH, (300, 0), EAST, (300, 200), NORTH, (0, 200), WEST)
# The same with three faults: 02 has moved its corner away from the middle, 03 bulges into 04, and
# 04 reaches out.
FAULTY = {
    **GRIDS,
    "02": outline(SOUTH, (300, 0), EAST, (190, 70)),
    "03": outline(WEST, MIDDLE, (205, 150), NORTH, (0, 200)),
    "04": outline(MIDDLE, EAST, (330, 200), NORTH),
}
# An arrow stands so far inside the border that it walks, in metres.
INSET = 5.0


@dataclass(frozen=True)
class Proof:
    """The figures, and the numbers that their captions say."""

    walk: str
    residue: str
    faces: str
    segments: int
    left_clean: int
    left_faulty: int
    grids_m2: float
    parent_m2: float
    explained: tuple[tuple[str, int, float, float], ...]

    @property
    def difference_m2(self) -> float:
        """Grids minus parent."""
        return self.grids_m2 - self.parent_m2

    @property
    def sum_m2(self) -> float:
        """What the faces explain."""
        return sum(share for *_, share in self.explained)


def proof(lang: str) -> Proof:
    """Draw the figures in a language, and work out what they say."""
    faulty = _residue(FAULTY)
    case = Case(FAULTY, {VILLAGE: VILLAGE_SHAPE})
    findings = [
        f for f in check_coverage(case.grid_frame(), case.parent_frame()).findings if f.area_m2
    ]
    return Proof(
        walk=_walk(lang),
        residue=_drawn(FAULTY, _arrows(_ends(faulty), PALETTE["gap"], 5.0), lang, "residue"),
        faces=_faces(findings, lang),
        segments=sum(len(shape.exterior.coords) - 1 for shape in GRIDS.values())
        + len(VILLAGE_SHAPE.exterior.coords) - 1,
        left_clean=len(_residue(GRIDS)),
        left_faulty=len(faulty),
        grids_m2=sum(shape.area for shape in FAULTY.values()),
        parent_m2=VILLAGE_SHAPE.area,
        explained=tuple(
            (f.rule, _depth(f.rule, f.depth), f.area_m2, _share(f.rule, f.depth) * f.area_m2)
            for f in findings
        ),
    )  # fmt: skip


def _depth(rule: str, depth: int | None) -> int:
    return 0 if rule in ("C101", "C102") else depth or 1


def _share(rule: str, depth: int | None) -> int:
    """Return by how many grids a face has too many: those on it, less one where it is inside."""
    return _depth(rule, depth) - (0 if rule == "C104" else 1)


def _residue(grids: dict[str, Polygon]) -> Segments:
    shapes = np.array(list(grids.values()), dtype=object)
    return open_segments(
        shapes, np.zeros(len(shapes), dtype=np.int64), np.array([VILLAGE_SHAPE], dtype=object)
    )


def _ends(segments: Segments) -> list[list[float]]:
    rows: list[list[float]] = segments.ends.tolist()
    return rows


def _walk(lang: str) -> str:
    """Draw each grid's walk along its border, a little inside, and the village's outside it."""
    ways = []
    for shape in GRIDS.values():
        ways += _steps(orient(shape.buffer(-INSET, join_style="mitre"), 1.0))
    outer = VILLAGE_SHAPE.buffer(INSET * 1.6, join_style="mitre")
    back = _steps(orient(outer, -1.0))
    drawn = [*_arrows(ways, PALETTE["outside"], 2.6), *_arrows(back, PALETTE["county"], 2.6)]
    return _drawn(GRIDS, drawn, lang, "walk")


def _steps(ring: BaseGeometry) -> list[list[float]]:
    points = shapely.get_coordinates(ring).tolist()
    return [[*one, *two] for one, two in pairwise(points)]


def _arrows(ends: Iterable[list[float]], color: str, width: float) -> list[tuple[str, ...]]:
    return [(*map(str, each), color, str(width)) for each in ends]


def _frame() -> Canvas:
    return Canvas([VILLAGE_SHAPE.buffer(2.2 * INSET), *FAULTY.values()])


def _drawn(grids: dict[str, Polygon], arrows: list[tuple[str, ...]], lang: str, name: str) -> str:
    canvas = _frame()
    parts = [*_ground(grids, canvas)]
    for number, (x0, y0, x1, y1, color, width) in enumerate(arrows):
        one, two = canvas.at(float(x0), float(y0)), canvas.at(float(x1), float(y1))
        head = f"{name}-{color.lstrip('#')}"
        if not number or head not in "".join(parts):
            parts.append(
                f'<marker id="{head}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="5" '
                f'markerHeight="5" orient="auto"><path d="M0 0L10 5L0 10Z" fill="{color}"/>'
                "</marker>"
            )
        parts.append(
            f'<path d="M{one[0]} {one[1]}L{two[0]} {two[1]}" stroke="{color}" '
            f'stroke-width="{width}" marker-end="url(#{head})"/>'
        )
    parts += [text(code, *_middle(shape, canvas), 24, bold=True) for code, shape in grids.items()]
    return _svg(parts, canvas, lang, name)


def _ground(grids: dict[str, Polygon], canvas: Canvas) -> Iterable[str]:
    yield (
        f'<path d="{canvas.path(VILLAGE_SHAPE)}" fill="{PALETTE["halo"]}" '
        f'stroke="{PALETTE["county"]}" stroke-width="5"/>'
    )
    for number, shape in enumerate(grids.values()):
        yield (
            f'<path d="{canvas.path(shape)}" fill="{PALETTE[FILLS[number % 3]]}" '
            f'fill-opacity="0.8" stroke="{PALETTE["town"]}" stroke-width="1.4"/>'
        )


def _faces(findings: Iterable[Finding], lang: str) -> str:
    canvas = _frame()
    parts = [f"<defs>{pattern_defs()}</defs>", *_ground(FAULTY, canvas)]
    labels = []
    for each in findings:
        group = finding_class(each.rule)
        shape = shapely.transform(each.geometry, lambda points: points - CORNER)
        parts.append(
            f'<path d="{canvas.path(shape)}" fill="url(#hatch-{group.id})" '
            f'stroke="{group.color}" stroke-width="3"/>'
        )
        depth = _depth(each.rule, each.depth)
        circle = shapely.maximum_inscribed_circle(cast("Polygon", shape))
        inner = canvas.at(*circle.coords[0])
        labels.append(text(f"{depth}", inner[0], inner[1] + 9, 28, bold=True))
    parts += [text(code, *_middle(shape, canvas), 24, bold=True) for code, shape in FAULTY.items()]
    return _svg([*parts, *labels], canvas, lang, "faces")


def _middle(shape: Polygon, canvas: Canvas) -> tuple[float, float]:
    x, y = canvas.at(shape.centroid.x, shape.centroid.y)
    return x, y + 8


TITLES = {
    "walk": ("Every border, walked with the inside on the left", "每条边界，内侧在左走一遍"),
    "residue": ("What is left over", "抵消之后剩下的"),
    "faces": ("What is left as faces, with how many grids hold each", "剩下的面，各被几个网格占着"),
}


def _svg(parts: Iterable[str], canvas: Canvas, lang: str, name: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {canvas.height:.0f}" '
        f'role="img" aria-label="{TITLES[name][lang == "zh"]}" font-family="{FONT}" fill="none">'
        f"{''.join(parts)}</svg>"
    )
