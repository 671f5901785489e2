"""What tiles are made from below street level: shapes simplified as one, and counted groups.

Built after a load and after every change of the coverage: the tables are a picture of others and
are replaced as a whole.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import shapely
from shapely.geometry import MultiPolygon
from sqlalchemy import Engine, Table, delete, func, insert, literal, select, union_all
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from api.db import session_scope
from api.maps.store import SHAPES_STAMP
from geo.anonymity import group_points
from geo.generalize import Geometries, label_points, pyramid
from layers.catalog import K_ANONYMITY
from layers.tables import (
    HISTORY,
    TILE_SRID,
    area,
    coverage_shape,
    grid,
    household,
    household_group,
    metadata,
    setting,
)

Row = dict[str, Any]
# The advisory lock of whoever draws; any fixed number that is ours.
SHAPES_LOCK = 0x73686170
# The setting that says of which coverage version each picture is, and what it is made of.
DRAWN = "shapes_of"
MADE_OF: Mapping[str, tuple[Table, ...]] = {"land": (area, grid), "homes": (household,)}


def refresh_shapes(engine: Engine) -> None:
    """Make the shapes and groups anew where what they are made of has changed since.

    They are a picture of other tables: whoever changes those calls this after, and a service that
    starts does, so that nothing stays old for long after a process that died in between.
    """
    with session_scope(engine) as session:
        if _outdated(session):
            _wait_for_others(session)
            _build(session, _outdated(session))


def _outdated(session: Session) -> list[str]:
    """Return what was drawn of another version than the last that changed it."""
    drawn = session.scalar(select(setting.c.value).where(setting.c.key == DRAWN)) or {}
    now = _changed_in(session)
    return [name for name in MADE_OF if drawn.get(name) != now[name]]


def _wait_for_others(session: Session) -> None:
    """Let one draw at a time: an import, a worker that starts and a check may want to at once."""
    session.execute(select(func.pg_advisory_xact_lock(SHAPES_LOCK)))


def _changed_in(session: Session) -> dict[str, int]:
    """Return the last coverage version that changed each of the things that are drawn."""
    found = {}
    for name, tables in MADE_OF.items():
        last = [select(func.max(table.c.version_from)) for table in tables]
        last += [select(func.max(_past(table).c.version_to)) for table in tables]
        parts = [func.coalesce(each.scalar_subquery(), 0) for each in last]
        found[name] = session.scalar(select(func.greatest(*parts))) or 0
    return found


def _past(table: Table) -> Table:
    return metadata.tables[f"{HISTORY}.{table.name}"]


def build_shapes(engine: Engine, wanted: Collection[str] = ("land", "homes")) -> int:
    """Make the shapes and the groups of the county in the database anew.

    Parameters
    ----------
    wanted
        ``land`` for the shapes, ``homes`` for the groups of households, or both.

    Returns
    -------
    int
        How many shapes were written.
    """
    with session_scope(engine) as session:
        _wait_for_others(session)
        return _build(session, wanted)


def _build(session: Session, wanted: Collection[str]) -> int:
    written = 0
    held = session.scalar(select(setting.c.value).where(setting.c.key == DRAWN)) or {}
    now = _changed_in(session)
    for name, table, make in (
        ("land", coverage_shape, _shapes),
        ("homes", household_group, _groups),
    ):
        if name not in wanted:
            continue
        rows = list(make(session))
        session.execute(delete(table))
        if rows:
            session.execute(insert(table), rows)
        written += len(rows) if table is coverage_shape else 0
        held = {**held, name: now[name]}
    if wanted:
        _settle(session, SHAPES_STAMP, func.to_jsonb(func.clock_timestamp()))
        _settle(session, DRAWN, held)
    return written


def _settle(session: Session, key: str, value: object) -> None:
    row = upsert(setting).values(key=key, value=value, updated_by="wangge")
    session.execute(
        row.on_conflict_do_update(
            index_elements=["key"], set_={"value": row.excluded.value, "updated_at": func.now()}
        )
    )


def _ewkb(shapes: Geometries) -> list[str]:
    marked = shapely.set_srid(shapes, TILE_SRID)
    return [str(text) for text in shapely.to_wkb(marked, hex=True, include_srid=True)]


def _multipolygons(shapes: Geometries) -> Geometries:
    # The column takes multipolygons; what was one polygon becomes a collection of one.
    built = [MultiPolygon(shapely.get_parts(shape).tolist()) for shape in shapes]
    return np.array(built, dtype=object)


def _shapes(session: Session) -> Iterator[Row]:
    wkb = func.ST_AsBinary
    # An area may be on the list without a boundary yet.
    areas = select(area.c.level, area.c.code, wkb(area.c.geom_3857)).where(area.c.geom.is_not(None))
    grids = select(literal("grid"), grid.c.code, wkb(grid.c.geom_3857))
    statement = union_all(areas, grids)
    rows = session.execute(statement).all()
    polygons = shapely.from_wkb([row[2] for row in rows])
    if not len(polygons):
        return
    labels = _ewkb(label_points(polygons))
    for zoom, simple in pyramid(polygons).items():
        texts = _ewkb(_multipolygons(simple))
        for (level, code, _), label, text in zip(rows, labels, texts, strict=True):
            yield {"level": level, "zoom": zoom, "code": code, "geom_3857": text, "label": label}


def _groups(session: Session) -> Iterator[Row]:
    """Group each village's households; a village with less than k has no group at all."""
    spot = household.c.geom_3857
    statement = (
        select(household.c.area_code, func.ST_X(spot), func.ST_Y(spot))
        .where(spot.is_not(None))
        .order_by(household.c.area_code, household.c.code)
    )
    rows = session.execute(statement).all()
    villages, starts = np.unique([row[0] for row in rows], return_index=True)
    points = np.array([row[1:] for row in rows], dtype=float).reshape(-1, 2)
    for village, members in zip(villages, np.split(points, starts[1:]), strict=False):
        group = group_points(members, K_ANONYMITY)
        if len(members) == 0 or group[0] < 0:
            continue
        sizes = np.bincount(group)
        middles = [np.bincount(group, members[:, axis]) / sizes for axis in (0, 1)]
        texts = _ewkb(np.asarray(shapely.points(*middles)))
        for number, (n, text) in enumerate(zip(sizes, texts, strict=True)):
            yield {"area_code": str(village), "number": number, "n": int(n), "geom_3857": text}
