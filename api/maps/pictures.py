"""Picture tiles: which layers have them, how each is made, and the cache before that.

A layer's maker is declared in :data:`MAKERS`. Most are drawn from the very rows that the vector
tiles show, scoped by the same statement; names are placed for a reader's whole area at once.
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
from layers.map_style import Language
from layers.tiles import Scope, Tile, Window


@dataclass(frozen=True, slots=True)
class Asked:
    """A picture tile that somebody asks for; equal ones get the same bytes.

    ``options`` is whatever else a layer of its own kind depends on, such as a filter.
    """

    layer: str
    tile: Tile
    scope: Scope
    scale: int = 1
    lang: Language = "zh"
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
    wanted = asked if maker.speaks else replace(asked, lang="zh")
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


_WORLD = (-WORLD_M / 2, -WORLD_M / 2, WORLD_M / 2, WORLD_M / 2)


def _named(session: Session, cache: TileCache, asked: Asked) -> bytes:
    """Draw the part of the reader's names that falls into the tile."""
    if not raster.is_shown(asked.layer, asked.tile):
        return raster.blank(asked.scale)

    def place() -> bytes:
        window = Window(raster.tile_window(asked.tile).z, _WORLD)
        rows = layer_rows(session, asked.layer, window, asked.scope)
        placed = raster.place(asked.layer, rows, raster.tile_zoom(asked.tile), asked.lang)
        return json.dumps([astuple(each) for each in placed], ensure_ascii=False).encode()

    version = layer_version(session, asked.layer)
    key = ("names", asked.layer, version, asked.scope, asked.tile.z, asked.lang)
    names, _ = cache.get(key, place)
    return raster.label_tile(_read(names.body), asked.tile, scale=asked.scale)


# A reader's map asks for many tiles of the same few zooms.
@lru_cache(maxsize=8)
def _read(names: bytes) -> list[Label]:
    return [Label(*each) for each in json.loads(gzip.decompress(names))]


MAKERS: Mapping[str, Maker] = {
    **{layer: Maker(_drawn) for layer in CATALOG},
    "labels": Maker(_named, speaks=True),
}
