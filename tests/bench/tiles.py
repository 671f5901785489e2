"""Picture tiles of the whole map: how long one takes, cold and warm, and what part drawing has."""

import time
from collections.abc import Callable
from statistics import median

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.commands.demo import is_checked
from api.db import database_url, engine, session_scope
from api.maps import pictures, store
from api.maps.cache import TileCache
from api.postgis import DatabaseUnreachableError
from geo.generalize import WORLD_M
from layers import raster
from layers.catalog import CATALOG
from layers.sketch import mercator
from layers.tiles import Scope, Tile

SCOPE = Scope("", individual=True)
# Each zoom's tiles are a block of the county's middle.
ZOOMS, SIDE = (10, 12, 14, 16), 3
ROUNDS = 3


def measure(console: Console) -> list[dict[str, object]]:
    """Measure over the sample county of this machine; nothing if there is none."""
    try:
        url = database_url(sample=True)
        ready = is_checked(engine(url))
    except (DatabaseUnreachableError, SQLAlchemyError):
        ready = False
    if not ready:
        console.print("tiles: run `make demo ARGS=--no-serve` first; there is no sample to show.")
        return []
    with session_scope(engine(url)) as session:
        results = [_zoom(session, z) for z in ZOOMS]
    table = Table(
        title="tiles: 256-pixel pictures of the whole map, milliseconds, medians",
        title_justify="left",
    )
    for column in ("zoom", "drawing alone", "cold", "cold / drawing", "warm", "warm vector tile"):
        table.add_column(column, justify="right")
    for row in results:
        table.add_row(*(f"{value:.3g}" for key, value in row.items() if key != "name"))
    console.print(table)
    return [dict(row) for row in results]


def _zoom(session: Session, z: int) -> dict[str, float | str]:
    tiles, cache = _tiles(session, z), TileCache()
    cold, warm, drawing, vector = [], [], [], []
    # Names are placed once a zoom, and are no tile's own work.
    pictures.tile(cache, session, pictures.Asked("coverage", tiles[0], SCOPE))
    for tile in tiles:
        asked = pictures.Asked("coverage", tile, SCOPE)
        cold.append(_seconds(lambda a=asked: pictures.tile(cache, session, a), 1))
        warm.append(_seconds(lambda a=asked: pictures.tile(cache, session, a), ROUNDS))
        drawing.append(_drawing(session, tile))
        store.tile(cache, session, "grids", tile, SCOPE)
        vector.append(
            _seconds(lambda t=tile: store.tile(cache, session, "grids", t, SCOPE), ROUNDS)
        )
    alone, first, again, held = (1000 * median(each) for each in (drawing, cold[1:], warm, vector))
    return {"name": "tiles", "zoom": z, "drawing_ms": alone, "cold_ms": first,
            "ratio": first / alone, "warm_ms": again, "vector_warm_ms": held}  # fmt: skip


def _tiles(session: Session, z: int) -> list[Tile]:
    west, south, east, north = mercator(store.bounds(session, SCOPE))
    side = WORLD_M / 2**z
    x, y = (
        int(((west + east) / 2 / side) + 2 ** (z - 1)),
        int(2 ** (z - 1) - (south + north) / 2 / side),
    )
    near = range(-(SIDE // 2), SIDE // 2 + 1)
    return [Tile(z, x + i, y + j) for i in near for j in near]


def _drawing(session: Session, tile: Tile) -> float:
    """Time Mapnik's part: the rows are there already, and the names are left out."""
    window = raster.tile_window(tile)
    rows = {
        source: store.layer_rows(session, source, window, SCOPE)
        for source in raster.sources_of("coverage")
        if source in CATALOG and not raster.speaks(source) and raster.is_shown(source, tile)
    }
    return _seconds(lambda: raster.map_tile("coverage", rows, [], tile), 1)


def _seconds(work: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best
