"""Tiles from the cache, else from the database: the only place that runs a tile's statement."""

from typing import Any

from sqlalchemy import ScalarSelect, Select, case, func, literal, select
from sqlalchemy.orm import Session

from api.maps.cache import Tile as PackedTile
from api.maps.cache import TileCache
from api.members import store as members
from layers.catalog import CATALOG
from layers.exceptions import day_of, is_accepted
from layers.legend import ACCEPTED
from layers.sketch import sketch_statements, sketch_svg
from layers.tables import (
    accepted_finding,
    area,
    coverage_check,
    coverage_version,
    finding,
    grid,
    household,
    incident_change,
    setting,
)
from layers.tiles import Scope, Tile, Window
from layers.vector import (
    findings_in_scope,
    is_mapped,
    latest_check,
    own_households,
    row_statement,
    tile_statement,
)

SHAPES_STAMP = "shapes_stamp"


def layer_version(session: Session, *layers: str) -> tuple[object, ...]:
    """Return what changes whenever the tiles of one of the layers do.

    Every import opens a coverage version and every build of shapes writes a new stamp; these two
    come first. Findings change with a check, and with what is accepted; incidents count their
    changes, and are drawn by the county's alerts.
    """
    stamp = select(setting.c.value).where(setting.c.key == SHAPES_STAMP).scalar_subquery()
    version = select(func.max(coverage_version.c.id)).scalar_subquery()
    columns: list[ScalarSelect[Any]] = [version, stamp]
    if "findings" in layers:
        columns += [latest_check(), *_register_version()]
    if "incidents" in layers:
        columns.append(select(func.sum(incident_change.c.n)).scalar_subquery())
        changed = select(setting.c.updated_at).where(setting.c.key == "alerts")
        columns.append(changed.scalar_subquery())
    return tuple(repr(value) for value in session.execute(select(*columns)).one())


def _register_version() -> list[ScalarSelect[Any]]:
    """Select what changes with each decision on an exception, and with the day that ends one."""
    held = accepted_finding.c
    made, ended = select(func.count()).select_from(accepted_finding), func.count(held.revoked_at)
    return [
        made.scalar_subquery(),
        select(ended).scalar_subquery(),
        select(day_of(func.now())).scalar_subquery(),
    ]


def tile(
    cache: TileCache, session: Session, layer: str, at: Tile, scope: Scope
) -> tuple[PackedTile, str]:
    """Return a tile, and how the cache answered: ``hit``, ``miss`` or ``shared``.

    Below its lowest zoom a layer has nothing to show, and nothing is asked of the database.

    Whoever makes a tile holds his connection already, so those who wait for him cannot starve him
    of one.
    """

    def make() -> bytes:
        if at.z < CATALOG[layer].minzoom:
            return b""
        return bytes(session.execute(tile_statement(layer, at, scope)).scalar_one())

    return cache.get((layer, layer_version(session, layer), scope, at), make)


def layer_rows(session: Session, layer: str, window: Window, scope: Scope) -> list[dict[str, Any]]:
    """Return what a reader may see of a layer in a window: ``geom`` as WKB, and its columns."""
    found = session.execute(row_statement(layer, window, scope))
    keys = list(found.keys())
    return [dict(zip(keys, row, strict=True)) for row in found]


def sketch(cache: TileCache, session: Session, scope: Scope, width: int, lang: str) -> PackedTile:
    """Return the sketch of what a reader may see, from the cache if nothing has changed."""

    def make() -> bytes:
        box = bounds(session, scope)
        shapes, markers = (session.execute(s).all() for s in sketch_statements(scope, box, width))
        return sketch_svg(shapes, markers, box, width, lang).encode()

    key = ("sketch", layer_version(session, "findings"), scope, width, lang)
    return cache.get(key, make)[0]


def bounds(session: Session, scope: Scope) -> tuple[float, float, float, float]:
    """Return west, south, east, north of what a reader may see, degrees; the world if nothing."""
    inside = select(func.ST_Extent(area.c.geom).label("box")).where(scope.within(area.c.code))
    if not session.scalar(inside):
        inside = select(func.ST_Extent(grid.c.geom).label("box")).where(scope.within(grid.c.code))
    box = inside.subquery()
    corners: Select[float, float, float, float] = select(
        func.ST_XMin(box.c.box), func.ST_YMin(box.c.box),
        func.ST_XMax(box.c.box), func.ST_YMax(box.c.box),
    )  # fmt: skip
    west, south, east, north = session.execute(corners).one()
    return (-180.0, -85.0, 180.0, 85.0) if west is None else (west, south, east, north)


def legend_counts(
    session: Session, layer: str, scope: Scope
) -> tuple[dict[str, int] | None, str | None]:
    """Return how many there are of each class in a reader's area, and the day that is of."""
    if layer == "members":
        # Of a village or so: a whole county's take seconds, and are the map of nobody.
        known = scope.sensitive and scope.prefix
        return (members.legend_counts(session, scope), members.stated(session)[1]) if known else (
            None, None)  # fmt: skip
    if layer == "grids":
        rows = select(grid.c.kind, func.count()).where(scope.within(grid.c.code))
        since = select(func.max(coverage_version.c.valid_from))
        counts = session.execute(rows.group_by(grid.c.kind))
    elif layer == "findings":
        entry = case((is_accepted(), ACCEPTED), else_=finding.c.rule).label("entry")
        rows = select(entry, func.count()).where(
            finding.c.check_id == latest_check(), is_mapped(), findings_in_scope(scope)
        )
        since = select(func.max(coverage_check.c.finished_at))
        counts = session.execute(rows.group_by("entry"))
    elif layer == "households":
        rows = select(literal("located"), func.count()).where(
            household.c.geom.is_not(None), own_households(scope)
        )
        since = select(func.max(coverage_version.c.valid_from))
        counts = session.execute(rows)
    else:
        return None, None
    date = session.scalar(since)
    return {str(key): n for key, n in counts}, date.isoformat() if date else None
