"""The layer ``members`` in a window: homes, needs and branch seats as points of one layer.

``kind`` tells them apart. A **home** is a household: how many ``members`` live there, how many
``contacts`` are kept with it, ``alone`` where it has a need and no contact. A **need** stands once
for each class of need, at its home; ``slot`` is its place among the symbols there, counted from 0,
and a member's star is the first. A **seat** is a branch's. Contacts are no part of it: who looks
after whom is asked for by member.

Who may not see what is sensitive gets a layer without rows, and no table is read for him.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)

from layers.catalog import CATALOG
from layers.members import need_of
from layers.style import NEED_CLASSES
from layers.tables import TILE_SRID, contact_link, household, party_branch, party_member
from layers.tiles import Features, Scope, Window, near

AnySelect = Select[*tuple[Any, ...]]
_TYPES: dict[str, Any] = {"String": String, "Number": Integer, "Boolean": Boolean}


def member_features(window: Window, scope: Scope) -> Features:
    """Return what the layer ``members`` shows in a window."""
    names = CATALOG["members"].columns
    if not scope.sensitive:
        nowhere = func.ST_SetSRID(func.ST_MakePoint(0, 0), TILE_SRID)
        return Features("members", window, nowhere, {key: null() for key in names}, [false()])
    parts = [part(window, scope) for part in (_homes, _needs, _seats)]
    both = union_all(*parts).subquery("both")
    return Features("members", window, both.c["shape"], {key: both.c[key] for key in names})


def _told(shape: ColumnElement[Any], kind: str, **columns: ColumnElement[Any]) -> AnySelect:
    """Select a part of the layer: what it does not tell is null."""
    types = CATALOG["members"].fields()
    told = {**columns, "kind": literal(kind, String)}
    values = (told.get(key, null()).cast(_TYPES[types[key]]).label(key) for key in types)
    return select(*values, shape.label("shape"))


def _mine(window: Window, scope: Scope) -> list[ColumnElement[bool]]:
    here = near(household.c.geom_3857, window)
    return [here, scope.filed(household.c.grid_code, household.c.area_code)]


def _members() -> ColumnElement[int]:
    lives = party_member.c.household_code == household.c.code
    return select(func.count()).select_from(party_member).where(lives).scalar_subquery()


def _homes(window: Window, scope: Scope) -> AnySelect:
    kept = contact_link.c.household_code == household.c.code
    contacts = select(func.count()).select_from(contact_link).where(kept).scalar_subquery()
    needy = func.cardinality(household.c.need_tags) > 0
    alone = and_(needy, ~exists().where(kept))
    told = {"code": household.c.code, "members": _members(), "contacts": contacts, "alone": alone}
    return _told(household.c.geom_3857, "home", **told).where(*_mine(window, scope))


def _needs(window: Window, scope: Scope) -> AnySelect:
    """Give each class of need at a home its slot, in the order of :data:`NEED_CLASSES`."""
    tag = func.unnest(household.c.need_tags).table_valued("tag").render_derived(name="tagged")
    tagged = (
        select(
            household.c.code, household.c.geom_3857, _members().label("members"),
            need_of(tag.c.tag).label("need"),
        )
        .select_from(household.join(tag, true()))
        .where(*_mine(window, scope))
        .distinct()
        .subquery("needs")
    )  # fmt: skip
    need = tagged.c
    rank = case({group.id: n for n, group in enumerate(NEED_CLASSES)}, value=need.need)
    number = func.row_number().over(partition_by=need.code, order_by=rank)
    slot = number - case((need.members > 0, 0), else_=1)
    return _told(need.geom_3857, "need", code=need.code, need=need.need, slot=slot)


def _seats(window: Window, scope: Scope) -> AnySelect:
    seat = party_branch.c
    here = [near(seat.geom_3857, window), scope.filed(seat.grid_code, seat.area_code)]
    return _told(seat.geom_3857, "seat", code=seat.code).where(*here)
