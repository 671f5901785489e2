"""Queries for incidents. Each takes the reader's scope; none returns a row outside it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Row,
    Select,
    and_,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.orm import Session

from layers.incidents import (
    ZONE,
    IncidentFilter,
    counts_statement,
    in_scope,
    named_entries,
    place_code,
    places_statement,
    read_filter,
)
from layers.tables import (
    area,
    grid,
    household,
    household_group,
    incident,
    incident_log,
    setting,
)
from layers.tiles import Scope

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]
Floats = NDArray[np.float64]
Group = Literal["place", "month", "kind", "alert"]

# A point as WKB: order of bytes, type, and its two coordinates.
_WKB = np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])


# -- what is asked for ---------------------------------------------------------------------------


def named(session: Session, key: str) -> list[Mapping[str, str]]:
    """Return what a setting lists by name: ``alerts`` or ``incident_kinds``."""
    return named_entries(session.scalar(select(setting.c.value).where(setting.c.key == key)))


def wanted(session: Session, given: Mapping[str, str | None]) -> IncidentFilter:
    """Read a filter by what the county knows; it is asked only where the filter names any of it.

    Raises
    ------
    FilterError
        If a day is no day, or a value is unknown.
    """
    alerts = [each["name"] for each in named(session, "alerts")] if given.get("alert") else []
    kinds = _kinds(session, given.get("kind") or "")
    return read_filter(given, kinds=kinds, alerts=alerts)


def _kinds(session: Session, text: str) -> list[str]:
    """Return the kinds that there are, as far as it matters for these: named, or just recorded."""
    if not text:
        return []
    names = [each["name"] for each in named(session, "incident_kinds")]
    unnamed = {kind.strip() for kind in text.split(",")} - {*names, ""}
    there = {kind for kind in unnamed if _has_kind(session, kind)}
    if unnamed - there and not names:
        return list(session.scalars(select(incident.c.kind).distinct().order_by(incident.c.kind)))
    return [*names, *sorted(there)]


def _has_kind(session: Session, kind: str) -> bool:
    return bool(session.scalar(select(exists().where(incident.c.kind == kind))))


# -- what a surface is made of -------------------------------------------------------------------


def places(session: Session, asked: IncidentFilter) -> tuple[Floats, int]:
    """Return the county's incidents that have a place (n × 2, degrees), and how many have none."""
    total, located, wkb = session.execute(places_statement(asked)).one()
    return _points(wkb), total - located


def homes(session: Session) -> Floats:
    """Return the county's located households, n × 2, degrees."""
    wkb = func.string_agg(
        func.ST_AsBinary(household.c.geom, "NDR"), literal(b"", LargeBinary), type_=LargeBinary
    )
    return _points(session.scalar(select(wkb)))


def groups(session: Session) -> Floats:
    """Return the middles of the groups of at least k households, n × 2, metres of EPSG:3857."""
    spot = household_group.c.geom_3857
    wkb = func.string_agg(
        func.ST_AsBinary(spot, "NDR"), literal(b"", LargeBinary), type_=LargeBinary
    )
    return _points(session.scalar(select(wkb)))


def _points(wkb: bytes | None) -> Floats:
    points = np.frombuffer(wkb or b"", dtype=_WKB)
    return np.column_stack([points["x"], points["y"]])


def count(session: Session, asked: IncidentFilter, scope: Scope) -> tuple[int, int]:
    """Return how many incidents belong to the reader's area, and how many of them have a place."""
    total, located = session.execute(counts_statement(asked, scope)).one()
    return total, located


def ground(session: Session, prefix: str) -> BaseGeometry:
    """Return the land of a county (empty prefix), area or grid, EPSG:4326; empty if there is none.

    Where its own outline is missing it is what the areas, or else the grids, in it cover.
    """
    for shape, own in _outlines(prefix):
        parts = session.scalars(select(func.ST_AsBinary(shape)).where(*own, shape.is_not(None)))
        found = shapely.from_wkb([bytes(part) for part in parts])
        if len(found):
            return found[0] if len(found) == 1 else shapely.union_all(found)
    return shapely.MultiPolygon()


def _outlines(prefix: str) -> list[tuple[ColumnElement[Any], list[ColumnElement[bool]]]]:
    levels = [area.c.level == level for level in ("town", "village")]
    own = area.c.code == prefix if prefix else area.c.level == "county"
    within = Scope(prefix)
    return [
        (area.c.geom, [own]),
        *((area.c.geom, [level, within.within(area.c.code)]) for level in levels),
        (grid.c.geom, [within.within(grid.c.code)]),
    ]


# -- single incidents ----------------------------------------------------------------------------


def _items(scope: Scope) -> Select[*tuple[Any, ...]]:
    place = place_code()
    return select(
        incident.c.code, incident.c.title, incident.c.kind, incident.c.tier, incident.c.alert,
        incident.c.status, incident.c.reported_at, incident.c.closed_at, incident.c.rating,
        incident.c.satisfied, place.label("place_code"),
        func.ST_X(incident.c.geom).label("lon"), func.ST_Y(incident.c.geom).label("lat"),
    ).where(in_scope(scope))  # fmt: skip


def list_incidents(
    session: Session, asked: IncidentFilter, scope: Scope, limit: int, offset: int
) -> tuple[int, Rows]:
    """Return how many match and one page of them, the latest first."""
    matched = session.execute(counts_statement(asked, scope)).one()[0]
    page = _items(scope).where(*asked.where())
    page = page.order_by(incident.c.reported_at.desc(), incident.c.code).limit(limit)
    return matched, session.execute(page.offset(offset)).all()


def find_incident(session: Session, scope: Scope, code: str) -> AnyRow | None:
    """Return one incident with its description; null if none is in the reader's area."""
    statement = _items(scope).add_columns(incident.c.description, incident.c.household_code)
    return session.execute(statement.where(incident.c.code == code)).one_or_none()


def log_of(session: Session, code: str) -> Rows:
    """Return how an incident came to where it stands, the first step first."""
    log = incident_log.c
    columns = select(log.at, log.actor, log.from_status, log.to_status, log.note)
    return session.execute(columns.where(log.incident_code == code).order_by(log.at, log.id)).all()


def place_names(session: Session, codes: Sequence[str]) -> dict[str, AnyRow]:
    """Return code, name and name_en of grids and areas, by code."""
    found: dict[str, AnyRow] = {}
    for table in (grid, area):
        columns = select(table.c.code, table.c.name, table.c.name_en)
        found |= {row.code: row for row in session.execute(columns.where(table.c.code.in_(codes)))}
    return found


# -- counts --------------------------------------------------------------------------------------


def counts(
    session: Session, asked: IncidentFilter, scope: Scope, group: Group
) -> dict[str | None, int]:
    """Count the incidents of an area by the place they belong to, by month, kind or alert.

    A place is a grid, or a village where no grid is there; null where it is in neither.
    """
    key = {
        "place": place_code(),
        "month": func.to_char(func.timezone(str(ZONE), incident.c.reported_at), "YYYY-MM"),
        "kind": incident.c.kind,
        "alert": incident.c.alert,
    }[group]
    grouped = select(key.label("key"), func.count().label("n")).where(
        *asked.where(), in_scope(scope)
    )
    rows = session.execute(grouped.group_by("key"))
    return {row.key: row.n for row in rows}


def households(session: Session, scope: Scope) -> list[tuple[str | None, str | None, int, int]]:
    """Return village, grid, households on the list, and how many of them have a place."""
    home = household.c
    rows = (
        select(home.area_code, home.grid_code, func.count(), func.count(home.geom))
        .where(scope.filed(home.grid_code, home.area_code))
        .group_by(home.area_code, home.grid_code)
    )
    return [tuple(row) for row in session.execute(rows)]


def land(session: Session, scope: Scope) -> Rows:
    """Return level, code, names and the code above of every area and grid in a scope, by code."""
    parts = [
        select(area.c.level, area.c.code, area.c.name, area.c.name_en,
               area.c.parent_code.label("above")).where(scope.around(area.c.code)),
        select(literal("grid").label("level"), grid.c.code, grid.c.name, grid.c.name_en,
               grid.c.area_code.label("above"))
        .where(and_(scope.within(grid.c.code))),
    ]  # fmt: skip
    return [
        row for part in parts for row in session.execute(part.order_by(part.selected_columns.code))
    ]
