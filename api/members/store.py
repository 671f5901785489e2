"""Queries of the party-member household map, each within one area."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal, select
from sqlalchemy.orm import Session

from api.rules.store import ruling
from layers import members
from layers.style import NEED_CLASSES
from layers.tables import (
    area,
    contact_link,
    coverage_version,
    grid,
    household,
    household_unit,
    party_branch,
    party_member,
    person,
    setting,
    visit,
)
from layers.tiles import Scope

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]
Point = tuple[float, float]
# A tenth of a metre: an outline to look at, not to measure in.
DIGITS = 6


def limits(session: Session, scope: Scope) -> tuple[int, int]:
    """Return how many households a member should keep contact with there: fewest and most."""
    least, most = ruling(session).limits.range("contacts_per_member", scope.prefix)
    return int(least), int(most)


def stated(session: Session) -> tuple[bool, str | None]:
    """Return whether the county is invented, and of which day its state is."""
    rows = select(setting.c.key, setting.c.value).where(
        setting.c.key.in_(["synthetic", "reference_date"])
    )
    said = dict(session.execute(rows).all())
    since = session.scalar(select(func.max(coverage_version.c.valid_from)))
    day = said.get("reference_date") or (since.isoformat() if since else None)
    return bool(said.get("synthetic")), day


def find_ground(session: Session, code: str) -> AnyRow | None:
    """Return an area or a grid with its outline (GeoJSON) and box; null if there is none."""

    def told(table: Any, level: ColumnElement[str]) -> Select[*tuple[Any, ...]]:  # noqa: ANN401
        geom = table.c.geom
        return select(
            table.c.code, table.c.name, table.c.name_en, level.label("level"),
            func.ST_AsGeoJSON(geom, DIGITS).label("boundary"), *_box(geom),
        ).where(table.c.code == code)  # fmt: skip

    found = session.execute(told(area, area.c.level)).one_or_none()
    return found or session.execute(told(grid, literal("grid"))).one_or_none()


def _box(geom: ColumnElement[Any]) -> list[ColumnElement[float]]:
    return [func.ST_XMin(geom).label("west"), func.ST_YMin(geom).label("south"),
            func.ST_XMax(geom).label("east"), func.ST_YMax(geom).label("north")]  # fmt: skip


def counts(session: Session, scope: Scope, least: int, most: int) -> dict[str, int]:
    """Return the numbers of an area, those of members and of needs (``need:…``) among them."""
    homes = session.execute(members.home_counts(scope)).one()._mapping
    people = session.execute(members.member_counts(scope, least, most)).one()._mapping
    found = {row.need: row.n for row in session.execute(members.need_counts(scope))}
    needs = {f"need:{group.id}": found.get(group.id, 0) for group in NEED_CLASSES}
    return {**homes, **people, **needs}


def legend_counts(session: Session, scope: Scope) -> dict[str, int]:
    """Return how often each entry of the map's legend is on it, and the number of households."""
    least, most = limits(session, scope)
    n = counts(session, scope, least, most)
    seats = session.scalar(select(func.count()).select_from(members.branches(scope).subquery()))
    return legend_entries(n, seats or 0)


def legend_entries(n: Mapping[str, int], seats: int) -> dict[str, int]:
    """Return the same, where the counts are known."""
    return {
        "households": n["households"],
        "member": n["member_households"],
        "seat": seats,
        "link": n["links"],
        **{group.id: n[f"need:{group.id}"] for group in NEED_CLASSES},
        "needy-alone": n["needy"] - n["needy_contacted"],
        "contacted": n["households"] - n["alone"],
        "alone": n["alone"],
    }


def rows(session: Session, statement: Select[*tuple[Any, ...]]) -> Rows:
    """Return a statement's rows."""
    return session.execute(statement).all()


def villages(session: Session, scope: Scope) -> Rows:
    """Return the villages of an area that have households, with their counts, by code."""
    n = members.village_counts(scope).subquery("n")
    town = area.alias("town")
    statement = (
        select(
            area.c.code, area.c.name, area.c.name_en, area.c.level,
            town.c.name.label("town_name"), town.c.name_en.label("town_name_en"),
            *(column for column in n.c if column.key != "village"),
        )
        .select_from(area.join(n, n.c.village == area.c.code)
                     .outerjoin(town, town.c.code == area.c.parent_code))
        .where(scope.within(area.c.code))
        .order_by(area.c.code)
    )  # fmt: skip
    return session.execute(statement).all()


# --- one household -----------------------------------------------------------------------------


def find_household(session: Session, scope: Scope, code: str) -> AnyRow | None:
    """Return a household of an area with its grid and unit; null if it is not on the list."""
    statement = (
        select(
            household.c.code, household.c.address, household.c.people, household.c.need_tags,
            func.ST_X(household.c.geom).label("lon"), func.ST_Y(household.c.geom).label("lat"),
            household.c.unit_code, grid.c.code.label("grid_code"),
            grid.c.name.label("grid_name"), grid.c.name_en.label("grid_name_en"),
            household_unit.c.name.label("unit_name"),
        )
        .outerjoin(grid, grid.c.code == household.c.grid_code)
        .outerjoin(household_unit, household_unit.c.code == household.c.unit_code)
        .where(
            household.c.code == code,
            scope.filed(household.c.grid_code, household.c.area_code),
        )
    )  # fmt: skip
    return session.execute(statement).one_or_none()


def _people() -> Select[*tuple[Any, ...]]:
    return (
        select(
            party_member.c.code, person.c.code.label("person"), person.c.name,
            party_branch.c.name.label("branch"),
        )
        .join(person, person.c.code == party_member.c.person_code)
        .outerjoin(party_branch, party_branch.c.code == party_member.c.branch_code)
        .order_by(party_member.c.code)
    )  # fmt: skip


def members_of(session: Session, code: str) -> Rows:
    """Return who of a household is a member, and ``since`` when."""
    lives = party_member.c.household_code == code
    return session.execute(
        _people().add_columns(party_member.c.joined_on.label("since")).where(lives)
    ).all()


def contacts_of(session: Session, scope: Scope, code: str) -> tuple[Rows, int]:
    """Return the area's members who keep contact with a household, and how many others do."""
    linked = contact_link.c.household_code == code
    statement = (
        _people()
        .add_columns(contact_link.c.since)
        .join(contact_link, contact_link.c.member_code == party_member.c.code)
        .where(linked, members.is_here(scope))
    )
    found = session.execute(statement).all()
    total = session.scalar(select(func.count()).select_from(contact_link).where(linked)) or 0
    return found, total - len(found)


def last_visit(session: Session, code: str) -> AnyRow | None:
    """Return when somebody was last at a household, and who."""
    statement = (
        select(visit.c.visited_at, person.c.name)
        .join(person, person.c.code == visit.c.person_code)
        .where(visit.c.household_code == code)
        .order_by(visit.c.visited_at.desc(), visit.c.code)
    )
    return session.execute(statement.limit(1)).one_or_none()


def shape(text: str | None) -> dict[str, Any] | None:
    """Read a GeoJSON geometry."""
    return None if text is None else json.loads(text)
