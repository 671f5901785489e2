"""A map as one sheet: the drawn box with title, legends, scale bar, date and notes, as SVG.

What leaves the service as a picture says by itself what it shows, of when, how far a centimetre
goes, and where the figures come from: on a wall nobody can ask. Nothing in the document refers to
anything outside of it.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.sax.saxutils import escape

from pyproj import Geod, Transformer

from layers.legend_svg import legend_svg
from layers.style import PALETTE

Lang = Literal["zh", "en"]
Box = tuple[float, float, float, float]

MARGIN, GAP, SIDE = 28.0, 18.0, 300.0
TITLE, SUBTITLE, SMALL = 30.0, 16.0, 13.0
HEAD = 84.0
LINE = 20.0
# A scale bar takes at most this share of the map's width.
MOST_BAR = 0.22
FONT = "'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
SYNTHETIC = {
    "zh": "合成数据 · 姓名与地点均为虚构",
    "en": "合成数据 Synthetic data: names and places are invented",
}
UP_NORTH = {"zh": "北", "en": "N"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on a sheet.

    ``image`` is the drawn map, a PNG of the box ``bounds`` (left, bottom, right, top, metres of
    EPSG:3857) that is ``width`` × ``height`` px on the sheet, whatever its own size. ``facts`` are
    figures with what they count, in the order of their weight. ``over`` is SVG drawn over the map,
    in pixels of it.
    """

    title: str
    subtitle: str
    image: bytes
    bounds: Box
    width: float
    height: float
    legends: Sequence[Mapping[str, Any]] = ()
    facts: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = field(default_factory=list)
    over: str = ""
    lang: Lang = "zh"
    synthetic: bool = False


def sheet_svg(sheet: Sheet) -> str:
    """Lay a sheet out: title above, map at the left, figures and legends beside it, notes below.

    Returns
    -------
    str
        An SVG document; its size follows from the map's and from the length of the legends.
    """
    column, column_height = _column(sheet)
    body = max(sheet.height, column_height)
    notes = [*sheet.notes, *([SYNTHETIC[sheet.lang]] if sheet.synthetic else [])]
    width = MARGIN + sheet.width + GAP + SIDE + MARGIN
    height = MARGIN + HEAD + body + GAP + LINE * len(notes) + MARGIN / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'lang="{"zh-CN" if sheet.lang == "zh" else "en"}" font-family="{FONT}" '
        f'fill="{PALETTE["ink"]}">',
        f"<title>{escape(sheet.title)}</title>",
        f'<rect width="100%" height="100%" fill="{PALETTE["halo"]}"/>',
        _text(MARGIN, MARGIN + TITLE, sheet.title, TITLE, weight=700),
        _text(MARGIN, MARGIN + TITLE + 30, sheet.subtitle, SUBTITLE, color="town"),
        map_part(sheet, MARGIN, MARGIN + HEAD),
        f'<g transform="translate({MARGIN + sheet.width + GAP} {MARGIN + HEAD})">{column}</g>',
    ]
    below = MARGIN + HEAD + body + GAP + SMALL
    parts += [
        _text(MARGIN, below + LINE * place, note, SMALL, color="town")
        for place, note in enumerate(notes)
    ]
    return "".join([*parts, "</svg>"])


def _text(
    x: float, y: float, words: str, size: float, *, color: str = "ink", weight: int = 400
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" font-weight="{weight}" '
        f'fill="{PALETTE[color]}">{escape(words)}</text>'
    )


# -- the map -------------------------------------------------------------------------------------


def map_part(sheet: Sheet, x: float, y: float) -> str:
    """Draw the box of the map with its scale bar and north arrow; its corner is at x, y."""
    held = base64.b64encode(sheet.image).decode()
    size = f'width="{sheet.width:.0f}" height="{sheet.height:.0f}"'
    return (
        f'<g transform="translate({x} {y})">'
        f'<rect {size} fill="{PALETTE["ground"]}"/>'
        f'<image {size} preserveAspectRatio="none" xlink:href="data:image/png;base64,{held}"/>'
        f"{sheet.over}"
        f"{_bar(sheet)}{_north(sheet)}"
        f'<rect {size} fill="none" stroke="{PALETTE["village"]}" stroke-width="1"/></g>'
    )


def bar_length(bounds: Box, width: float) -> tuple[int, float]:
    """Return a round length in metres for a scale bar, and its length in pixels.

    Parameters
    ----------
    bounds
        Left, bottom, right, top, metres of EPSG:3857, which are longer than those on the ground.
    width
        Of the box, pixels.

    Examples
    --------
    >>> metres, pixels = bar_length((12_800_000, 3_960_000, 12_840_000, 4_000_000), 1000)
    >>> metres, round(pixels)
    (5000, 150)
    """
    ground = _ground_m(bounds)
    most = ground * MOST_BAR
    base = 10 ** (len(str(int(max(most, 1)))) - 1)
    metres = max(step * base for step in (1, 2, 5) if step * base <= max(most, base))
    return metres, metres / ground * width


def _ground_m(bounds: Box) -> float:
    """Measure a box on the ground, from west to east through its middle, metres."""
    left, bottom, right, top = bounds
    lonlat = Transformer.from_crs(3857, 4326, always_xy=True)
    lons, lats = lonlat.transform([left, right], [(bottom + top) / 2] * 2)
    return float(Geod(ellps="WGS84").line_length(lons, lats))


def _bar(sheet: Sheet) -> str:
    metres, length = bar_length(sheet.bounds, sheet.width)
    words = f"{metres // 1000} km" if metres >= 1000 else f"{metres} m"
    x, y = 16.0, sheet.height - 18.0
    ink, halo = PALETTE["ink"], PALETTE["halo"]
    line = f"M{x:.1f} {y - 6:.1f}V{y:.1f}H{x + length:.1f}V{y - 6:.1f}"
    return (
        f'<path d="{line}" fill="none" stroke="{halo}" stroke-width="5"/>'
        f'<path d="{line}" fill="none" stroke="{ink}" stroke-width="1.6"/>'
        f"{_haloed(x + length / 2, y - 9, words)}"
    )


def _north(sheet: Sheet) -> str:
    x, y = sheet.width - 26.0, 20.0
    arrow = f"M{x:.1f} {y:.1f}l7 20l-7 -5l-7 5z"
    return (
        f'<path d="{arrow}" fill="{PALETTE["ink"]}" stroke="{PALETTE["halo"]}" '
        f'stroke-width="1.5"/>{_haloed(x, y + 36, UP_NORTH[sheet.lang])}'
    )


def _haloed(x: float, y: float, words: str) -> str:
    # Drawn twice: not every renderer knows paint-order.
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="{SMALL:g}"'
    halo = PALETTE["halo"]
    return (
        f'<text {where} fill="{halo}" stroke="{halo}" stroke-width="4">{escape(words)}</text>'
        f'<text {where} fill="{PALETTE["ink"]}">{escape(words)}</text>'
    )


# -- the column beside it ------------------------------------------------------------------------


def _column(sheet: Sheet) -> tuple[str, float]:
    """Return figures and legends, one below the other, and their height."""
    parts, y = [], 0.0
    for value, words in sheet.facts:
        parts.append(_text(0, y + 26, value, 26, weight=700))
        parts.append(_text(0, y + 46, words, SMALL, color="town"))
        y += 62
    for legend in sheet.legends:
        drawn = legend_svg(dict(legend), sheet.lang)
        width, height = map(float, re.findall(r'(?:width|height)="(\d+)"', drawn)[:2])
        scale = min(1.0, SIDE / width)
        parts.append(f'<g transform="translate(-10 {y:.1f}) scale({scale:.3f})">{drawn}</g>')
        y += height * scale + GAP / 2
    return "".join(parts), y
