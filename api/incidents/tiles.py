"""Tiles of incidents and of their density, from the cache or made: what the map's routes send."""

from sqlalchemy.orm import Session

from api.incidents.service import Selection, Surfaces, bands, heat_map
from api.maps.cache import Tile as PackedTile
from api.maps.cache import TileCache
from api.maps.store import layer_version
from layers.catalog import COMPUTED
from layers.contours import contour_statement
from layers.heat import SIDE, clear, heat_tile
from layers.incidents import IncidentFilter, incident_features
from layers.raster import blank, is_shown, tile_picture, tile_window
from layers.tiles import Scope, Tile


def picture_tile(
    tiles: TileCache, kept: Surfaces, session: Session, selection: Selection, scope: Scope,
    at: Tile, scale: int,
) -> tuple[PackedTile, str]:  # fmt: skip
    """Return a tile of the heat map as PNG, and how the cache answered."""

    def make() -> bytes:
        found = heat_map(kept, session, selection, scope)
        if found.density is None:
            return clear(SIDE * scale)
        density = found.density
        return heat_tile(density.surface, at, density.scale, found.clip, side=SIDE * scale)

    version = layer_version(session, "incidents")
    key = ("heat.png", version, selection, scope.prefix, scope.individual, at, scale)
    return tiles.get(key, make, compress=False)


def vector_tile(
    tiles: TileCache, kept: Surfaces, session: Session, selection: Selection, scope: Scope, at: Tile
) -> tuple[PackedTile, str]:
    """Return a tile of the heat map's contours, and how the cache answered."""

    def make() -> bytes:
        if at.z < COMPUTED["heat"].minzoom:
            return b""
        found = heat_map(kept, session, selection, scope)
        statement = contour_statement(bands(kept, found), at)
        return b"" if statement is None else bytes(session.execute(statement).scalar_one())

    version = layer_version(session, "incidents")
    key = ("heat.mvt", version, selection, scope.prefix, scope.individual, at)
    return tiles.get(key, make)


# -- tiles of single incidents, or of their counts -----------------------------------------------


def incident_tile(
    tiles: TileCache, session: Session, asked: IncidentFilter, scope: Scope, at: Tile
) -> tuple[PackedTile, str]:
    """Return a vector tile of incidents, and how the cache answered."""

    def make() -> bytes:
        features = incident_features(at.window(), scope, asked)
        return bytes(session.execute(features.mvt(at)).scalar_one())

    key = (
        "incidents.mvt",
        layer_version(session, "incidents"),
        asked,
        scope.prefix,
        scope.individual,
        at,
    )
    return tiles.get(key, make)


def incident_picture(
    tiles: TileCache, session: Session, asked: IncidentFilter, scope: Scope, at: Tile, scale: int
) -> tuple[PackedTile, str]:
    """Return a picture tile of incidents, and how the cache answered."""

    def make() -> bytes:
        if not is_shown("incidents", at):
            return blank(scale)
        found = session.execute(incident_features(tile_window(at), scope, asked).rows())
        keys = list(found.keys())
        rows = [dict(zip(keys, row, strict=True)) for row in found]
        return tile_picture("incidents", rows, at, scale=scale)

    version = layer_version(session, "incidents")
    key = ("incidents.png", version, asked, scope.prefix, scope.individual, at, scale)

    return tiles.get(key, make, compress=False)
