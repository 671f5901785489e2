"""What tiles are made from below street level: shapes simplified as one, and counted groups.

Built after a load and after every change of the coverage: the tables are a picture of others and
are replaced as a whole.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from shapely.geometry import MultiPolygon
from sqlalchemy import Engine, delete, func, insert, literal, select, union_all
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from api.db import session_scope
from api.maps.store import SHAPES_STAMP
from geo.anonymity import group_points
from geo.generalize import Geometries, label_points, pyramid
from layers.catalog import K_ANONYMITY
from layers.tables import (
    TILE_SRID,
    area,
    coverage_shape,
    grid,
    household,
    household_group,
    setting,
)

Row = dict[str, Any]


def build_shapes(engine: Engine) -> int:
    """Make the shapes and the groups of the county in the database anew.

    Returns
    -------
    int
        How many shapes were written.
    """
    with session_scope(engine) as session:
        shapes = list(_shapes(session))
        groups = list(_groups(session))
        for table, rows in ((coverage_shape, shapes), (household_group, groups)):
            session.execute(delete(table))
            if rows:
                session.execute(insert(table), rows)
        stamp = upsert(setting).values(
            key=SHAPES_STAMP, value=func.to_jsonb(func.clock_timestamp()), updated_by="wangge"
        )
        session.execute(
            stamp.on_conflict_do_update(
                index_elements=["key"],
                set_={"value": stamp.excluded.value, "updated_at": func.now()},
            )
        )
    return len(shapes)


def _ewkb(shapes: Geometries) -> list[str]:
    marked = shapely.set_srid(shapes, TILE_SRID)
    return [str(text) for text in shapely.to_wkb(marked, hex=True, include_srid=True)]


def _multipolygons(shapes: Geometries) -> Geometries:
    # The column takes multipolygons; what was one polygon becomes a collection of one.
    built = [MultiPolygon(shapely.get_parts(shape).tolist()) for shape in shapes]
    return np.array(built, dtype=object)


def _shapes(session: Session) -> Iterator[Row]:
    wkb = func.ST_AsBinary
    areas = select(area.c.level, area.c.code, wkb(area.c.geom_3857))
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
