"""Picture tiles: which layers have them, how each is made, and the cache before that.

A layer's maker is declared in :data:`MAKERS`. Most are drawn from the very rows that the vector
tiles show, scoped by the same statement; names are placed for a reader's whole area at once. A
style has tiles too: the whole map as one picture, for who cannot draw it himself.
"""

import gzip
import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import astuple, dataclass, replace
from functools import lru_cache

from sqlalchemy.orm import Session

from api.maps.cache import Tile as PackedTile
from api.maps.cache import TileCache
from api.maps.store import layer_rows, layer_version
from geo.generalize import WORLD_M
from layers import raster
from layers.catalog import CATALOG
from layers.labels import Label
from layers.map_style import STYLES, Language
from layers.tiles import Scope, Tile, Window

_WORLD = (-WORLD_M / 2, -WORLD_M / 2, WORLD_M / 2, WORLD_M / 2)


@dataclass(frozen=True, slots=True)
class Asked:
    """A picture tile that somebody asks for; equal ones get the same bytes.

    ``only`` are the layers that a whole map is to show, null for all; ``options`` is whatever else
    a layer of its own kind depends on, such as a filter.
    """

    layer: str
    tile: Tile
    scope: Scope
    scale: int = 1
    lang: Language = "zh"
    only: frozenset[str] | None = None
    options: Hashable = None


@dataclass(frozen=True, slots=True)
class Maker:
    """How a layer's picture tile is made.

    ``version`` is what changes whenever its tiles do; ``speaks`` tells that they hold words.
    """

    make: Callable[[Session, TileCache, Asked], bytes]
    version: Callable[[Session, Asked], Hashable] = lambda session, asked: layer_version(
        session, asked.layer
    )
    speaks: bool = False


def tile(cache: TileCache, session: Session, asked: Asked) -> tuple[PackedTile, str]:
    """Return a picture tile, and how the cache answered: ``hit``, ``miss`` or ``shared``.

    Raises
    ------
    KeyError
        If the layer has no pictures.
    """
    maker = MAKERS[asked.layer]
    wanted = asked if asked.layer in STYLES else replace(asked, only=None)
    wanted = wanted if maker.speaks else replace(wanted, lang="zh")
    key = ("png", maker.version(session, wanted), wanted)
    return cache.get(key, lambda: maker.make(session, cache, wanted), compress=False)


def _drawn(session: Session, cache: TileCache, asked: Asked) -> bytes:
    """Draw the rows of the layer's vector tiles."""
    del cache
    if not raster.is_shown(asked.layer, asked.tile):
        return raster.blank(asked.scale)
    window = raster.tile_window(asked.tile)
    rows = layer_rows(session, asked.layer, window, asked.scope)
    return raster.tile_picture(asked.layer, rows, asked.tile, scale=asked.scale, lang=asked.lang)


def _named(session: Session, cache: TileCache, asked: Asked) -> bytes:
    """Draw the part of the reader's names that falls into the tile."""
    if not raster.is_shown(asked.layer, asked.tile):
        return raster.blank(asked.scale)
    placed = _names(session, cache, asked, asked.layer)
    return raster.label_tile(placed, asked.tile, scale=asked.scale)


def _whole(session: Session, cache: TileCache, asked: Asked) -> bytes:
    """Draw all that a style shows, in its order."""
    window = raster.tile_window(asked.tile)
    shown = [
        source for source in raster.sources_of(asked.layer)
        if raster.is_shown(source, asked.tile) and (asked.only is None or source in asked.only)
    ]  # fmt: skip
    rows = {
        source: layer_rows(session, source, window, asked.scope)
        for source in shown
        if not raster.speaks(source)
    }
    names = [
        label for source in shown if raster.speaks(source)
        for label in _names(session, cache, asked, source)
    ]  # fmt: skip
    return raster.map_tile(asked.layer, rows, names, asked.tile, scale=asked.scale, lang=asked.lang)


def _names(session: Session, cache: TileCache, asked: Asked, source: str) -> list[Label]:
    """Return the names that a reader is shown at the tile's zoom, placed once for all tiles."""

    def place() -> bytes:
        window = Window(raster.tile_window(asked.tile).z, _WORLD)
        rows = layer_rows(session, source, window, asked.scope)
        placed = raster.place(source, rows, raster.tile_zoom(asked.tile), asked.lang)
        return json.dumps([astuple(each) for each in placed], ensure_ascii=False).encode()

    version = layer_version(session, source)
    key = ("names", source, version, asked.scope, asked.tile.z, asked.lang)
    return _read(cache.get(key, place)[0].body)


# A reader's map asks for many tiles of the same few zooms.
@lru_cache(maxsize=8)
def _read(names: bytes) -> list[Label]:
    return [Label(*each) for each in json.loads(gzip.decompress(names))]


def _all_versions(session: Session, asked: Asked) -> Hashable:
    return layer_version(session, *raster.sources_of(asked.layer))


MAKERS: Mapping[str, Maker] = {
    # A layer's own tiles go before those of a style of its name.
    **{style: Maker(_whole, _all_versions, speaks=True) for style in STYLES},
    **{layer: Maker(_drawn) for layer in CATALOG},
    "labels": Maker(_named, speaks=True),
}
