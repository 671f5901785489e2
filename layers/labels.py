"""Names on a picture: which are shown at a zoom, where, and in how many lines.

Decided for all names of a reader at once, in pixels of the whole world at that zoom: a tile shows
the part of the decision that falls into it. So a name is whole across the edges of tiles, and the
same whichever of them was drawn first. What is decided is where MapLibre decides it, in the same
order: the gravest layer first, within it the lowest ``symbol-sort-key``; what would touch a name
that stands is left out.

Known limits: a name is one size in all its lines, and stands at a point.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil, floor
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import ImageFont

from geo.generalize import TILE_PIXELS, WORLD_M
from layers.expressions import Json, Place, evaluate
from layers.mapnik_engine import FACE, Ready, font_file

Row = Mapping[str, Any]
# A line's height, in sizes of the text: MapLibre's own, and that of the font in Mapnik.
LINE, FONT_LINE = 1.2, 1.448
_MEASURED = 100
# What a style may say of a name that is followed here.
FOLLOWED = frozenset({
    "text-field", "text-size", "text-letter-spacing", "text-max-width", "text-padding",
    "text-anchor", "text-offset", "text-color", "text-halo-color", "text-halo-width",
    "symbol-sort-key",
})  # fmt: skip
_OPENING, _CLOSING = "（《「“", "）》」”，。、；："
# The world is searched for neighbours by squares of this side, pixels.
_CELL = 128.0
_ANCHORS: Mapping[str, tuple[float, float]] = {
    "center": (0, 0), "top": (0, 1), "bottom": (0, -1), "left": (1, 0), "right": (-1, 0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """A name that is shown: its lines, its middle and half its extent.

    ``x`` and ``y`` are pixels of the style from the world's upper left corner at the label's zoom,
    ``size``, ``spacing`` and ``halo_width`` pixels of the style as well.
    """

    text: str
    x: float
    y: float
    half_width: float
    half_height: float
    size: float
    spacing: float
    color: str
    halo: str
    halo_width: float

    def touches(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Tell whether any of it, halo and all, is in a box of the world's pixels."""
        # A pixel more, for its smoothed edge.
        more = self.halo_width + 1
        wide, high = self.half_width + more, self.half_height + more
        return (
            left < self.x + wide and self.x - wide < right
            and top < self.y + high and self.y - high < bottom
        )  # fmt: skip


def world_pixels(zoom: float) -> float:
    """Return how many pixels of the style the world is wide at a zoom."""
    return float(TILE_PIXELS * 2.0**zoom)


@cache
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_file()), _MEASURED)


@lru_cache(maxsize=16384)
def _advance(text: str) -> float:
    """Measure a text, in sizes of it."""
    return _font().getlength(text) / _MEASURED


def lines_of(text: str, most: float) -> list[str]:
    """Break a name into lines of about the same width.

    Parameters
    ----------
    text
        In one line: Chinese breaks between any two characters, other scripts between words.
    most
        The greatest width of a line, in sizes of the text; a longer word stays whole.

    Examples
    --------
    >>> lines_of("Chaitang Community", 8)
    ['Chaitang', 'Community']
    >>> lines_of("柴堂社区", 8)
    ['柴堂社区']
    """
    if _advance(text) <= most:
        return [text]
    parts = list(_parts(text))
    aim = _advance(text) / ceil(_advance(text) / most)
    # The least that the lines up to each part are off, and where the last of them begins.
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(parts) + 1):
        best.append(min((best[start][0] + _badness(parts[start:end], aim, most), start)
                        for start in range(end)))  # fmt: skip
    lines, end = [], len(parts)
    while end:
        start = best[end][1]
        lines.append("".join(parts[start:end]).strip())
        end = start
    return lines[::-1]


def _badness(parts: Sequence[str], aim: float, most: float) -> float:
    """Say how far a line is off: too long is worse than anything, but for what cannot be broken."""
    width = _advance("".join(parts).strip())
    return (width - aim) ** 2 + (1e6 * (width - most) if width > most and len(parts) > 1 else 0)


def _parts(text: str) -> Iterator[str]:
    """Give a text in the pieces that no line breaks."""
    part = ""
    for letter in text:
        breaks = part.endswith(" ") or ord(letter) > 0x2E80
        # A bracket is not left alone at the end of a line, nor put at the beginning of one.
        if part and breaks and part[-1] not in _OPENING and letter not in _CLOSING:
            yield part
            part = ""
        part += letter
    yield part


def place(layers: Sequence[Mapping[str, Json]], rows: Iterable[Row], zoom: float) -> list[Label]:
    """Choose the names that are shown.

    Parameters
    ----------
    layers
        Layers of a MapLibre style that say text, in its order: the last is the gravest.
    rows
        All the features that might be named, with ``geom`` as the WKB of a point in EPSG:3857.
    zoom
        The style's zoom.

    Returns
    -------
    list of Label
        The gravest first; empty where nothing is named.
    """
    wanted = list(rows)
    points = shapely.from_wkb([bytes(row["geom"]) for row in wanted])
    spots = shapely.get_coordinates(points)
    taken: dict[tuple[int, int], list[Label]] = defaultdict(list)
    shown = []
    for layer in reversed(layers):
        for _, label, padding in sorted(_named(layer, wanted, spots, zoom), key=lambda n: n[0]):
            cells = list(_cells(label, padding))
            near = {id(each): each for cell in cells for each in taken[cell]}
            if any(_meet(label, each, padding) for each in near.values()):
                continue
            for cell in cells:
                taken[cell].append(label)
            shown.append(label)
    return shown


def _meet(one: Label, other: Label, padding: float) -> bool:
    wide = one.half_width + other.half_width + 2 * padding
    high = one.half_height + other.half_height + 2 * padding
    return abs(one.x - other.x) < wide and abs(one.y - other.y) < high


def _cells(label: Label, padding: float) -> Iterator[tuple[int, int]]:
    wide, high = label.half_width + 2 * padding, label.half_height + 2 * padding
    for column in range(floor((label.x - wide) / _CELL), floor((label.x + wide) / _CELL) + 1):
        for line in range(floor((label.y - high) / _CELL), floor((label.y + high) / _CELL) + 1):
            yield column, line


Ranked = tuple[tuple[float, str, float, float], Label, float]


def _named(
    layer: Mapping[str, Json],
    rows: Sequence[Row],
    spots: NDArray[np.float64],
    zoom: float,
) -> Iterator[Ranked]:
    """Give a layer's names with their order and padding."""
    if not layer.get("minzoom", 0) <= zoom < layer.get("maxzoom", 99):
        return
    said = {**layer["layout"], **layer.get("paint", {})}
    says = {key: each for key, each in said.items() if key in FOLLOWED}
    for row, (x, y) in zip(rows, spots, strict=True):
        at = Place(zoom, "Point", row)
        if "filter" in layer and not evaluate(layer["filter"], at):
            continue
        value = {key: evaluate(each, at) for key, each in says.items()}
        text = str(value["text-field"] or "")
        if text:
            label = _label(text, value, float(x), float(y), zoom)
            # Where two are alike, the same one is chosen for ever.
            key = (float(value.get("symbol-sort-key") or 0), text, label.x, label.y)
            yield key, label, float(value.get("text-padding", 2))


def _label(text: str, value: Mapping[str, Any], x: float, y: float, zoom: float) -> Label:
    size, spacing = float(value.get("text-size", 16)), float(value.get("text-letter-spacing", 0))
    lines = lines_of(text, float(value.get("text-max-width", 10)))
    wide = max(_advance(line) + spacing * (len(line) - 1) for line in lines) * size / 2
    high = len(lines) * LINE * size / 2
    pixels = world_pixels(zoom)
    across, down = _ANCHORS[value.get("text-anchor", "center")]
    right, below = value.get("text-offset", (0.0, 0.0))
    return Label(
        "\n".join(lines),
        (x / WORLD_M + 0.5) * pixels + across * wide + right * size,
        (0.5 - y / WORLD_M) * pixels + down * high + below * size,
        wide, high, size, spacing * size,
        value.get("text-color", "#000000"), value.get("text-halo-color", "#ffffff"),
        float(value.get("text-halo-width", 0)),
    )  # fmt: skip


def ready(labels: Iterable[Label], zoom: float) -> Ready:
    """Make labels ready to be drawn: each alone stands where it was placed."""
    kinds: dict[tuple[float, float, str, str, float], int] = {}
    metres = WORLD_M / world_pixels(zoom)
    features, reach = [], 0.0
    for each in labels:
        reach = max(reach, each.half_width + each.halo_width, each.half_height + each.halo_width)
        look = (each.size, each.spacing, each.color, each.halo, each.halo_width)
        rule = kinds.setdefault(look, len(kinds))
        spot = shapely.Point(each.x * metres - WORLD_M / 2, WORLD_M / 2 - each.y * metres)
        features.append((rule, spot.wkb, each.text))
    rules = (_rule(number, *look) for look, number in kinds.items())
    return Ready("".join(rules), features, reach)


def _rule(
    number: int, size: float, spacing: float, color: str, halo: str, halo_width: float
) -> str:
    says = {
        "face-name": FACE, "size": size, "character-spacing": spacing,
        "line-spacing": round((LINE - FONT_LINE) * size, 3), "fill": color,
        "halo-fill": halo, "halo-radius": halo_width, "allow-overlap": "true",
    }  # fmt: skip
    attributes = " ".join(f"{key}={quoteattr(str(value))}" for key, value in says.items())
    return (
        f"<Rule><Filter>[rule]={number}</Filter>"
        f"<TextSymbolizer {attributes}>[text]</TextSymbolizer></Rule>"
    )
