"""The party-member household map: whose home is a member's, who contacts whom, who is in need.

Statements, each scoped to an area (a village or a grid, by its code in the scope's prefix). What
lies **here** is on the list of that area: a household, a branch; a member is here whose home or
whose branch is. A link is told whole only where both its ends are here; what leads out of the area
is counted, so that nothing is lost and nobody else's household is named.

All but the counts is for a scope that is ``sensitive``; who asks sees to that.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Integer,
    Label,
    Select,
    Table,
    and_,
    case,
    exists,
    func,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from layers.style import NEED_CLASSES
from layers.tables import (
    appointment,
    area,
    contact_link,
    grid,
    household,
    household_unit,
    party_branch,
    party_member,
    person,
)
from layers.tiles import Scope

AnySelect = Select[*tuple[Any, ...]]
Columns = list[ColumnElement[Any]]


def _filed_here(table: Table, scope: Scope) -> CompoundSelect[str]:
    """Select codes of what is on the area's list: :meth:`Scope.filed`, by the indexes.

    Asked as one condition, the planner reads the whole table.
    """
    by_village = select(table.c.code).join(area, area.c.code == table.c.area_code)
    by_grid = select(table.c.code).join(grid, grid.c.code == table.c.grid_code)
    return union(
        by_village.where(scope.within(area.c.code)), by_grid.where(scope.within(grid.c.code))
    )


def _homes(scope: Scope, name: str = "home") -> CTE:
    """Select the households here, and whether each is located, in need, a member's, in contact."""
    lives = exists().where(party_member.c.household_code == household.c.code)
    linked = exists().where(contact_link.c.household_code == household.c.code)
    here = true() if not scope.prefix else household.c.code.in_(_filed_here(household, scope))
    return (
        select(
            household.c.code, household.c.area_code, household.c.grid_code, household.c.need_tags,
            household.c.geom.is_not(None).label("located"),
            (func.cardinality(household.c.need_tags) > 0).label("needy"),
            lives.label("member"),
            linked.label("contacted"),
        )
        .where(here)
        .cte(name)
    )  # fmt: skip


def is_here(scope: Scope) -> ColumnElement[bool]:
    """Pick members whose home or whose branch is here."""
    if not scope.prefix:
        return true()
    return party_member.c.code.in_(
        union(
            select(party_member.c.code).join(
                household, household.c.code == party_member.c.household_code
            ).where(household.c.code.in_(_filed_here(household, scope))),
            select(party_member.c.code).where(
                party_member.c.branch_code.in_(_filed_here(party_branch, scope))
            ),
        )
    )  # fmt: skip


def households(scope: Scope) -> AnySelect:
    """Select the households here by code: address, people, tags, and a place where it is known."""
    return (
        select(
            household.c.code, household.c.address, household.c.people,
            household.c.grid_code, household.c.unit_code, household.c.need_tags,
            func.ST_X(household.c.geom).label("lon"), func.ST_Y(household.c.geom).label("lat"),
        )
        .where(household.c.code.in_(_filed_here(household, scope)))
        .order_by(household.c.code)
    )  # fmt: skip


def members(scope: Scope) -> AnySelect:
    """Select the members here by code, with the person's name, home and branch.

    ``home`` is null where the home is not here or not known; ``elsewhere`` tells which.
    """
    home = household.alias("home")
    here = home.c.code.in_(_filed_here(household, scope))
    return (
        select(
            party_member.c.code,
            person.c.name,
            case((here, home.c.code)).label("home"),
            and_(home.c.code.is_not(None), ~here).label("elsewhere"),
            party_branch.c.name.label("branch"),
        )
        .join(person, person.c.code == party_member.c.person_code)
        .outerjoin(home, home.c.code == party_member.c.household_code)
        .outerjoin(party_branch, party_branch.c.code == party_member.c.branch_code)
        .where(is_here(scope))
        .order_by(party_member.c.code)
    )


def links(scope: Scope) -> AnySelect:
    """Select the links that touch the area: ``member`` and ``household``, null where not here."""
    link = contact_link
    of_home = select(link.c.code).where(link.c.household_code.in_(_filed_here(household, scope)))
    of_member = (
        select(link.c.code)
        .join(party_member, party_member.c.code == link.c.member_code)
        .where(is_here(scope))
    )
    touched = union(of_home, of_member)
    home_here = link.c.household_code.in_(_filed_here(household, scope))
    member_here = exists().where(party_member.c.code == link.c.member_code, is_here(scope))
    return (
        select(
            case((member_here, link.c.member_code)).label("member"),
            case((home_here, link.c.household_code)).label("household"),
        )
        .where(link.c.code.in_(touched))
        .order_by(link.c.member_code, link.c.household_code)
    )


def _holders(place: ColumnElement[bool], role: str) -> ColumnElement[Any]:
    """Gather the names of who holds an office now: public to whoever is signed in."""
    name = func.array_agg(aggregate_order_by(person.c.name, person.c.code))
    held = select(name).join(appointment, appointment.c.person_code == person.c.code)
    now = held.where(place, appointment.c.role == role, appointment.c.ends_on.is_(None))
    return now.scalar_subquery()


def branches(scope: Scope) -> AnySelect:
    """Select the branches here by code, with their secretaries and seats."""
    held = party_branch.c
    return (
        select(
            held.code, held.name, held.grid_code,
            _holders(appointment.c.branch_code == held.code, "branch_secretary").label("heads"),
            func.ST_X(held.geom).label("lon"), func.ST_Y(held.geom).label("lat"),
        )
        .where(held.code.in_(_filed_here(party_branch, scope)))
        .order_by(held.code)
    )  # fmt: skip


def grids(scope: Scope) -> AnySelect:
    """Select the grids here by code, with heads, workers and ``geom``."""
    here = appointment.c.grid_code == grid.c.code
    return (
        select(
            grid.c.code, grid.c.name, grid.c.name_en, grid.c.kind,
            _holders(here, "grid_head").label("heads"),
            _holders(here, "grid_worker").label("workers"),
            grid.c.geom,
        )
        .where(scope.within(grid.c.code))
        .order_by(grid.c.code)
    )  # fmt: skip


def units(scope: Scope) -> AnySelect:
    """Select the ten-household units here by code, with their heads and ``geom``."""
    unit = household_unit.c
    return (
        select(
            unit.code, unit.name, unit.grid_code,
            _holders(appointment.c.unit_code == unit.code, "unit_head").label("heads"),
            unit.geom,
        )
        .join(grid, grid.c.code == unit.grid_code)
        .where(scope.within(grid.c.code))
        .order_by(unit.code)
    )  # fmt: skip


# --- counts ------------------------------------------------------------------------------------


def _count(where: ColumnElement[bool] | None = None) -> ColumnElement[int]:
    return func.count() if where is None else func.count().filter(where)


def _of_homes(home: CTE) -> Iterable[Label[int]]:
    """Count households; each number's denominator is among the others."""
    flags = home.c
    yield _count().label("households")
    yield _count(~flags.located).label("unlocated")
    yield _count(flags.member).label("member_households")
    yield _count(flags.needy).label("needy")
    yield _count(and_(flags.needy, flags.contacted)).label("needy_contacted")
    yield _count(~flags.contacted).label("alone")


def home_counts(scope: Scope) -> AnySelect:
    """Select one row: households here, and how many are members', in need, in contact."""
    home = _homes(scope)
    return select(*_of_homes(home)).select_from(home)


def village_counts(scope: Scope) -> AnySelect:
    """Select the same by village, for choosing one: ``village`` and the counts.

    A household that a grid of another village has on its list is on the lists of both, as on their
    maps: two numbers that differed by it would speak of it alone.
    """
    home = _homes(scope)
    own = select(home.c.code, home.c.area_code.label("village"))
    by_grid = select(home.c.code, grid.c.area_code).join(grid, grid.c.code == home.c.grid_code)
    lists = union_all(own, by_grid.where(grid.c.area_code != home.c.area_code)).subquery("lists")
    listed = home.join(lists, lists.c.code == home.c.code)
    counts = select(lists.c.village, *_of_homes(home)).select_from(listed)
    return counts.group_by(lists.c.village)


def member_counts(scope: Scope, least: int, most: int) -> AnySelect:
    """Select one row: members here, where they live, and how many households each looks after.

    Parameters
    ----------
    least, most
        How many households a member should keep contact with.
    """
    home = _homes(scope)
    homed = select(home.c.code, home.c.located).subquery("homed")
    linked = (
        select(contact_link.c.member_code, func.count().label("n"),
               _count(contact_link.c.household_code.not_in(select(home.c.code))).label("outside"))
        .where(contact_link.c.member_code.in_(
            select(party_member.c.code).where(is_here(scope))))
        .group_by(contact_link.c.member_code)
        .subquery("linked")
    )  # fmt: skip
    n = func.coalesce(linked.c.n, 0)
    lives = party_member.c.household_code
    return (
        select(
            _count().label("members"),
            _count(and_(homed.c.code.is_not(None), ~homed.c.located)).label("members_unlocated"),
            _count(and_(homed.c.code.is_(None), lives.is_not(None))).label("members_elsewhere"),
            _count(lives.is_(None)).label("members_no_home"),
            _count(n < least).label("few"),
            _count(n > most).label("many"),
            _total(n).label("links"),
            _total(func.coalesce(linked.c.outside, 0)).label("links_out"),
        )
        .select_from(party_member)
        .outerjoin(homed, homed.c.code == lives)
        .outerjoin(linked, linked.c.member_code == party_member.c.code)
        .where(is_here(scope))
    )


def _total(column: ColumnElement[Any]) -> ColumnElement[int]:
    return func.coalesce(func.sum(column), 0).cast(Integer)


def need_counts(scope: Scope) -> AnySelect:
    """Select ``need`` (a class of :data:`NEED_CLASSES`) and how many households have it."""
    home = _homes(scope)
    tag = func.unnest(home.c.need_tags).table_valued("tag").render_derived(name="tagged")
    need = need_of(tag.c.tag).label("need")
    return (
        select(need, func.count(home.c.code.distinct()).label("n"))
        .select_from(home.join(tag, true()))
        .group_by(need)
    )


def need_of(tag: ColumnElement[str]) -> ColumnElement[str]:
    """Classify a need tag as :func:`layers.style.need_class` does."""
    known = {name: group.id for group in NEED_CLASSES for name in group.tags}
    return case(known, value=tag, else_=NEED_CLASSES[-1].id)
