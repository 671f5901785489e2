"""Queries for a point: what it lies in, by the border rule of :mod:`geo.register`."""

import math
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import Session

from api.areas.store import AnyRow, Rows
from layers.tables import SRID, TILE_SRID, area, finding, grid, household_unit, party_branch
from layers.tiles import Scope
from layers.vector import finding_markers, findings_in_scope, is_mapped, latest_check

NEAREST = 3
# The nearest in degrees, of which the nearest in metres are taken: a degree of latitude is longer.
CANDIDATES = 12


def _point(lon: float, lat: float) -> ColumnElement[Any]:
    return func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID)


def areas_at(session: Session, lon: float, lat: float) -> Rows:
    """Return the county, town and village that have a point: of each level the first by code."""
    columns = select(area.c.code, area.c.name, area.c.name_en, area.c.level)
    here = columns.where(func.ST_Intersects(area.c.geom, _point(lon, lat)))
    rows = session.execute(here.order_by(area.c.code.collate("C").desc())).all()
    first = {row.level: row for row in rows}
    return sorted(first.values(), key=lambda row: len(row.code))


def county_is_drawn(session: Session) -> bool:
    """Tell whether it is known where the county ends."""
    drawn = select(func.count()).where(area.c.level == "county", area.c.geom.is_not(None))
    return bool(session.scalar(drawn))


def _grids() -> Select[*tuple[Any, ...]]:
    return select(grid.c.code, grid.c.name, grid.c.name_en, grid.c.kind, grid.c.coverage)


def grids_at(session: Session, lon: float, lat: float) -> Rows:
    """Return the grids that have a point: exclusive ones first, each by code."""
    here = func.ST_Intersects(grid.c.geom, _point(lon, lat))
    order = ((grid.c.coverage == "overlay"), grid.c.code.collate("C"))
    return session.execute(_grids().where(here).order_by(*order)).all()


def nearest_grids(session: Session, scope: Scope, lon: float, lat: float) -> Rows:
    """Return the exclusive grids of the reader's area that are nearest, with ``distance_m``."""
    point = _point(lon, lat)
    near = (
        _grids()
        .add_columns(grid.c.geom)
        .where(grid.c.coverage == "exclusive", scope.within(grid.c.code))
        .order_by(grid.c.geom.op("<->")(point))
        .limit(CANDIDATES)
        .subquery()
    )
    metres = func.ST_Distance(func.Geography(near.c.geom), func.Geography(point))
    columns = (near.c.code, near.c.name, near.c.name_en, near.c.kind, near.c.coverage)
    statement = select(*columns, metres.label("distance_m"))
    return session.execute(statement.order_by("distance_m", near.c.code).limit(NEAREST)).all()


def unit_at(session: Session, grid_code: str, lon: float, lat: float) -> AnyRow | None:
    """Return the ten-household unit of a grid that has a point."""
    unit = household_unit.c
    here = func.ST_Intersects(unit.geom, _point(lon, lat))
    statement = select(unit.code, unit.name).where(here, unit.grid_code == grid_code)
    return session.execute(statement.order_by(unit.code.collate("C")).limit(1)).one_or_none()


def branch_of(session: Session, grid_code: str, village: str | None) -> AnyRow | None:
    """Return the branch of a grid, else the one of its village that is of no grid."""
    held = party_branch.c
    own = held.grid_code == grid_code
    whole = held.grid_code.is_(None) & (held.area_code == literal(village))
    statement = select(held.code, held.name).where(own | whole)
    order = (held.grid_code.is_(None), held.code.collate("C"))
    return session.execute(statement.order_by(*order).limit(1)).one_or_none()


def findings_at(session: Session, scope: Scope, lon: float, lat: float) -> Rows:
    """Return id and rule of the latest check's areal findings that have a point, in its order."""
    here = func.ST_Intersects(finding.c.geom, _point(lon, lat))
    statement = select(finding.c.id, finding.c.rule).where(
        finding.c.check_id == latest_check(), findings_in_scope(scope),
        func.ST_Dimension(finding.c.geom) == 2, here, is_mapped(),
    )  # fmt: skip
    return session.execute(statement.order_by(finding.c.position)).all()


def markers_near(session: Session, scope: Scope, lon: float, lat: float, within_m: float) -> Rows:
    """Return id and rule of findings whose marker is near: errors first, then the nearest.

    The markers are those of the map: who gets counts is not told more closely here.
    """
    point = func.ST_Transform(_point(lon, lat), TILE_SRID)
    marker = finding_markers(scope).subquery("marker")
    # EPSG:3857 stretches by the secant of the latitude.
    far = func.ST_Distance(marker.c["at"], point) * math.cos(math.radians(lat))
    near = select(marker.c.id, marker.c.rule).where(far <= within_m)
    return session.execute(near.order_by(marker.c.severity != "error", far, marker.c.id)).all()
