"""Queries for areas and grids. Each takes the reader's scope; none returns a row outside it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Label,
    Row,
    Select,
    String,
    Table,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from layers.exceptions import is_accepted
from layers.tables import (
    appointment,
    area,
    finding,
    grid,
    household,
    household_unit,
    person,
)
from layers.tiles import Scope
from layers.vector import is_mapped, latest_check

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]


def _bbox(geom: ColumnElement[object]) -> list[ColumnElement[float]]:
    return [func.ST_XMin(geom).label("west"), func.ST_YMin(geom).label("south"),
            func.ST_XMax(geom).label("east"), func.ST_YMax(geom).label("north")]  # fmt: skip


def _area_km2(geom: ColumnElement[object]) -> ColumnElement[Any]:
    return (func.ST_Area(func.Geography(geom)) / 1e6).label("area_km2")


def _place() -> list[ColumnElement[object]]:
    return [area.c.code, area.c.name, area.c.name_en, area.c.level]


def _counted(table: Table, name: str) -> Label[int]:
    """Count a table's rows in the area of the row, village by village.

    One count a village is one look into an index; asked for all villages at once, the planner
    reads the whole table.
    """
    village = area.alias()
    here = table.c.area_code == village.c.code
    one = select(func.count()).select_from(table).where(here).scalar_subquery()
    total = select(func.coalesce(func.sum(one), 0)).where(
        village.c.level == "village", func.starts_with(village.c.code, area.c.code)
    )
    return total.scalar_subquery().label(name)


def list_areas(
    session: Session, scope: Scope, level: str | None = None, parent: str | None = None
) -> Rows:
    """Return areas with their boxes and counts, by code."""
    statement = select(
        *_place(), area.c.kind, area.c.parent_code, *_bbox(area.c.geom),
        _counted(grid, "grids"), _counted(household, "households"),
    ).where(scope.within(area.c.code)).order_by(area.c.code)  # fmt: skip
    if level is not None:
        statement = statement.where(area.c.level == level)
    if parent is not None:
        statement = statement.where(area.c.parent_code == parent)
    return session.execute(statement).all()


def find_area(session: Session, scope: Scope, code: str) -> AnyRow | None:
    """Return an area with its box, size and counts; null if none is in the reader's area."""
    below = select(func.count()).select_from(lower := area.alias("lower"))
    below = below.where(lower.c.parent_code == area.c.code)
    statement = select(
        *_place(), area.c.kind, area.c.parent_code,
        *_bbox(area.c.geom), _area_km2(area.c.geom),
        below.scalar_subquery().label("areas"),
        _counted(grid, "grids"),
        _counted(household, "households"),
    ).where(area.c.code == code, scope.within(area.c.code))  # fmt: skip
    return session.execute(statement).one_or_none()


def find_place(session: Session, code: str | None) -> AnyRow | None:
    """Return an area by its code, or the county for null; null if there is none."""
    wanted = area.c.level == "county" if code is None else area.c.code == code
    return session.execute(select(*_place()).where(wanted).limit(1)).one_or_none()


def find_ground(session: Session, code: str) -> AnyRow | None:
    """Return an area or a grid by its code, in the columns of an area; null if there is none."""
    level = literal("grid", String).label("level")
    statement = select(grid.c.code, grid.c.name, grid.c.name_en, level).where(grid.c.code == code)
    return find_place(session, code) or session.execute(statement).one_or_none()


def ancestors(session: Session, code: str) -> Rows:
    """Return the areas that a code lies in, from the county down."""
    above = [func.starts_with(literal(code), area.c.code), area.c.code != code]
    statement = select(*_place()).where(*above).order_by(func.length(area.c.code))
    return session.execute(statement).all()


def findings_by_severity(session: Session, code: str) -> dict[str, int]:
    """Count the latest check's findings in an area that nobody accepted."""
    rows = select(finding.c.severity, func.count()).where(
        finding.c.check_id == latest_check(),
        func.starts_with(finding.c.area_code, code),
        is_mapped(),
        ~is_accepted(),
    )
    counts = session.execute(rows.group_by(finding.c.severity))
    return dict(counts.all())


def find_grid(session: Session, scope: Scope, code: str) -> AnyRow | None:
    """Return a grid with its box, size and counts; null if none is in the reader's area."""
    units = select(func.count()).where(household_unit.c.grid_code == grid.c.code)
    listed = household.c.grid_code == grid.c.code
    people = select(func.coalesce(func.sum(household.c.people), 0)).where(listed)
    households = select(func.count()).select_from(household).where(listed)
    statement = select(
        grid.c.code, grid.c.name, grid.c.name_en, grid.c.area_code, grid.c.kind,
        grid.c.coverage, grid.c.locked,
        *_bbox(grid.c.geom), _area_km2(grid.c.geom),
        households.scalar_subquery().label("households"),
        people.scalar_subquery().label("people"),
        units.scalar_subquery().label("units"),
    ).where(grid.c.code == code, scope.within(grid.c.code))  # fmt: skip
    return session.execute(statement).one_or_none()


def officials(session: Session, place: ColumnElement[bool], *roles: str) -> Rows:
    """Return who holds some offices now: a grid's head comes before its workers.

    Parameters
    ----------
    place
        Of which grid, unit or branch: a test of the appointment's columns.
    roles
        The offices.
    """
    role = appointment.c.role
    statement = (
        select(
            person.c.code,
            role.label("role"),
            person.c.name,
            person.c.phone,
            appointment.c.full_time,
        )
        .join(person, person.c.code == appointment.c.person_code)
        .where(
            place,
            role.in_(roles),
            appointment.c.ends_on.is_(None),
        )
        .order_by(role, person.c.code)
    )
    return session.execute(statement).all()


def officials_by_grid(session: Session, scope: Scope) -> dict[str, dict[str, list[str]]]:
    """Return who answers for each grid of the reader's area: code, then role, to names."""
    held = appointment.c
    statement = (
        select(held.grid_code, held.role, person.c.name)
        .join(person, person.c.code == held.person_code)
        .where(
            held.grid_code.is_not(None), scope.within(held.grid_code), held.ends_on.is_(None),
            held.role.in_(["grid_head", "grid_worker"]),
        )
        .order_by(held.grid_code, held.role, person.c.code)
    )  # fmt: skip
    found: dict[str, dict[str, list[str]]] = {}
    for code, role, name in session.execute(statement):
        found.setdefault(code, {}).setdefault(role, []).append(name)
    return found


def findings_on(session: Session, grid_code: str) -> Rows:
    """Return id and rule of the latest check's findings that name a grid, in its order."""
    statement = select(finding.c.id, finding.c.rule).where(
        finding.c.check_id == latest_check(), finding.c.grids.contains([grid_code]), is_mapped()
    )
    return session.execute(statement.order_by(finding.c.position)).all()


def _hits(table: Table, level: ColumnElement[str]) -> Select[*tuple[Any, ...]]:
    return select(table.c.code, table.c.name, table.c.name_en, level.label("level"),
                  table.c.geom.label("geom"))  # fmt: skip


def search(session: Session, scope: Scope, query: str, limit: int) -> Rows:
    """Return places whose name holds the words or whose code begins with them.

    An exact name comes first, then names that begin so, then larger places before smaller.
    """
    both = union_all(_hits(area, area.c.level), _hits(grid, literal("grid", String))).subquery(
        "places"
    )
    place = both.c
    match = or_(
        place.name.contains(query, autoescape=True),
        place.name_en.icontains(query, autoescape=True),
        place.code.startswith(query, autoescape=True),
    )
    order = case(
        (place.name == query, 0), (place.name.startswith(query, autoescape=True), 1), else_=2
    )
    point = func.ST_PointOnSurface(place.geom)
    joined = func.string_agg(area.c.name, aggregate_order_by(literal(" › "), area.c.code))
    within = select(joined).where(
        func.starts_with(place.code, area.c.code), area.c.code != place.code
    )
    statement = (
        select(
            place.code, place.name, place.name_en, place.level,
            within.scalar_subquery().label("within"),
            func.ST_X(point).label("lon"), func.ST_Y(point).label("lat"), *_bbox(place.geom),
        )
        .where(match, scope.within(place.code))
        .order_by(order, func.length(place.code), place.code)
        .limit(limit)
    )  # fmt: skip
    return session.execute(statement).all()
