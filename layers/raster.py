"""Pictures: rows of layers to PNG, in the look of the live map, as a tile or of any box.

The look is the MapLibre style's own (:mod:`layers.map_style`), evaluated at the picture's zoom. A
tile is 256 pixels wide, and MapLibre's zoom counts tiles of 512: a picture tile is drawn as the
live map is one zoom further out, which is where it shows the same ground at the same size.

Tiles are seamless: rows are asked for with a margin, so that a symbol on an edge is drawn on both
sides of it; a pattern starts at the world's middle; dashes start where their line does, for no
shape is cut; and names are placed for all tiles at once (:mod:`layers.labels`).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from geo.generalize import TILE_PIXELS, WORLD_M
from layers import labels, mapnik_style
from layers.catalog import CATALOG
from layers.expressions import Json
from layers.labels import Label
from layers.map_style import STYLES, Language, style_document
from layers.mapnik_engine import REACH, Box, Ready, draw
from layers.tiles import MAX_ZOOM, Tile, Window

Rows = Sequence[Mapping[str, Any]]
SIDE = 256
# Greatest width and height of a picture, pixels: as far as the memory of a small server goes.
MOST_PIXELS = 12_000


@cache
def style_layers(style: str, lang: Language) -> Sequence[Mapping[str, Json]]:
    """Return a style's layers that draw data, the lowest first.

    Raises
    ------
    KeyError
        If there is no such style.
    """
    layers: Any = style_document(style, lang)["layers"]
    return [layer for layer in layers if "source" in layer]


@cache
def layers_of(source: str, lang: Language) -> Sequence[Mapping[str, Json]]:
    """Return the style's layers that draw a source, the lowest first.

    Raises
    ------
    KeyError
        If no style draws it.
    """
    for name in STYLES:
        own = [layer for layer in style_layers(name, lang) if layer["source"] == source]
        if own:
            return own
    raise KeyError(source)


@cache
def sources_of(style: str) -> Sequence[str]:
    """Return what a style draws, each once, the lowest first."""
    return list(dict.fromkeys(str(layer["source"]) for layer in style_layers(style, "zh")))


def speaks(source: str) -> bool:
    """Tell whether a source is names."""
    return bool(mapnik_style.text_layers(layers_of(source, "zh")))


def is_shown(source: str, tile: Tile) -> bool:
    """Tell whether a tile of a layer can show anything; if not, nothing need be asked for."""
    zoom = tile_zoom(tile)
    seen = any(mapnik_style.in_view(layer, zoom) for layer in layers_of(source, "zh"))
    return seen and (source not in CATALOG or CATALOG[source].minzoom <= zoom)


def style_zoom(bounds: Box, width: float) -> float:
    """Return the zoom of the style at which a box is so many pixels wide."""
    return math.log2(WORLD_M / TILE_PIXELS * width / (bounds[2] - bounds[0]))


def window_of(bounds: Box, width: float) -> Window:
    """Return where the rows of a picture come from.

    Parameters
    ----------
    bounds
        Left, bottom, right, top of the picture, metres of EPSG:3857.
    width
        Of the picture, pixels of the style.
    """
    left, bottom, right, top = bounds
    far = (right - left) / width * REACH
    # Half a thousandth: a tile's own zoom is not missed by a rounding.
    zoom = math.floor(style_zoom(bounds, width) + 0.0005)
    wider = (left - far, bottom - far, right + far, top + far)
    return Window(min(max(zoom, 0), MAX_ZOOM), wider)


def tile_window(tile: Tile) -> Window:
    """Return where the rows of a tile's picture come from."""
    return window_of(tile.window(0).bounds, SIDE)


def picture(
    rows: Mapping[str, Rows],
    bounds: Box,
    size: tuple[int, int],
    *,
    scale: float = 1.0,
    lang: Language = "zh",
    style: str = "coverage",
    background: str | None = None,
) -> bytes:
    """Draw a box of the map, with all that belongs on it.

    Parameters
    ----------
    rows
        By source: what :func:`layers.vector.row_statement` gave for :func:`window_of` the box.
    bounds
        Left, bottom, right, top, metres of EPSG:3857.
    size
        Width and height in pixels of the style, at most :data:`MOST_PIXELS` after scaling.
    scale
        Pixels of the picture for one of the style: 300 / 96 for paper.
    lang
        The language of names.
    style
        Which of :data:`layers.map_style.STYLES` says what is drawn, and in which order.
    background
        A colour; transparent if null.

    Returns
    -------
    bytes
        A PNG.

    Raises
    ------
    ValueError
        If the picture would be too large.
    """
    pixels = (round(size[0] * scale), round(size[1] * scale))
    if max(pixels) > MOST_PIXELS:
        raise ValueError(f"A picture has at most {MOST_PIXELS} pixels a side.")
    zoom = style_zoom(bounds, size[0])
    named = [
        label
        for source in rows
        if speaks(source)
        for label in place(source, rows[source], zoom, lang)
    ]
    drawn = _drawn(style_layers(style, lang), rows, zoom, scale)
    return draw(
        [*drawn, labels.ready(named, zoom)], bounds, pixels, scale=scale, background=background
    )


def _drawn(
    layers: Iterable[Mapping[str, Json]], rows: Mapping[str, Rows], zoom: float, scale: float
) -> list[Ready]:
    """Make ready what is no name, in the style's order."""
    return [
        ready
        for each in layers
        if each["source"] in rows
        for ready in mapnik_style.ready(each, rows[each["source"]], zoom, scale)
    ]


def place(
    source: str, rows: Iterable[Mapping[str, Any]], zoom: float, lang: Language
) -> list[Label]:
    """Choose the names of a source that are shown at a zoom: ask once, for all tiles."""
    return labels.place(mapnik_style.text_layers(layers_of(source, lang)), rows, zoom)


def tile_picture(
    source: str, rows: Rows, tile: Tile, *, scale: int = 1, lang: Language = "zh"
) -> bytes:
    """Draw a layer's tile, without names.

    Parameters
    ----------
    source
        The layer.
    rows
        What :func:`layers.vector.row_statement` gave for :func:`tile_window`.
    tile
        Its address.
    scale
        2 for a screen of double density: a tile of 512 pixels.
    lang
        The language, where the look depends on it.

    Returns
    -------
    bytes
        A PNG with a transparent ground, :data:`SIDE` times ``scale`` pixels wide and high.
    """
    layers = layers_of(source, lang)
    return _tile(_drawn(layers, {source: rows}, tile_zoom(tile), scale), tile, scale)


def label_tile(placed: Iterable[Label], tile: Tile, *, scale: int = 1) -> bytes:
    """Draw those of the names that are shown which reach into a tile.

    Parameters
    ----------
    placed
        What :func:`place` chose at :func:`tile_zoom`.
    tile, scale
        As for :func:`tile_picture`.
    """
    return _tile(_names(placed, tile), tile, scale)


def map_tile(
    style: str,
    rows: Mapping[str, Rows],
    placed: Iterable[Label],
    tile: Tile,
    *,
    scale: int = 1,
    lang: Language = "zh",
) -> bytes:
    """Draw a tile of a whole map: one picture, where each layer's would be many.

    Parameters
    ----------
    style
        One of :data:`layers.map_style.STYLES`: what is drawn, and in which order.
    rows
        By source, as for :func:`tile_picture`; a source that is left out is not drawn.
    placed
        The names, as for :func:`label_tile`.
    tile, scale, lang
        As for :func:`tile_picture`.
    """
    drawn = _drawn(style_layers(style, lang), rows, tile_zoom(tile), scale)
    return _tile([*drawn, *_names(placed, tile)], tile, scale)


def _names(placed: Iterable[Label], tile: Tile) -> list[Ready]:
    left, top = tile.x * SIDE, tile.y * SIDE
    here = [each for each in placed if each.touches(left, top, left + SIDE, top + SIDE)]
    return [labels.ready(here, tile_zoom(tile))] if here else []


def tile_zoom(tile: Tile) -> float:
    """Return the zoom of the style that a tile's picture is drawn at."""
    return tile.z + math.log2(SIDE / TILE_PIXELS)


def _tile(ready: Sequence[Ready], tile: Tile, scale: int) -> bytes:
    if not ready:
        return blank(scale)
    side = SIDE * scale
    return draw(ready, tile.window(0).bounds, (side, side), scale=scale)


@cache
def blank(scale: int) -> bytes:
    """Return a tile on which nothing is."""
    side = SIDE * scale
    return draw([], (0.0, 0.0, 1.0, 1.0), (side, side))
