"""Queries for people, each within a reader's area."""

from typing import Any

from sqlalchemy import ColumnElement, Row, exists, or_, select, true
from sqlalchemy.orm import Session

from layers.members import is_here
from layers.tables import appointment, household, party_member, person
from layers.tiles import Scope


def _belongs(scope: Scope) -> ColumnElement[bool]:
    """Pick people who live in the reader's area, answer for something or are a member in it."""
    if not scope.prefix:
        return true()
    held, home = appointment.c, household.c
    places = (held.area_code, held.grid_code, held.unit_code)
    serves = exists().where(
        held.person_code == person.c.code, or_(*(scope.within(place) for place in places))
    )
    lives = exists().where(
        home.code == person.c.household_code, scope.filed(home.grid_code, home.area_code)
    )
    is_member = exists().where(party_member.c.person_code == person.c.code, is_here(scope))
    return or_(serves, lives, is_member)


def find_person(session: Session, scope: Scope, code: str) -> Row[*tuple[Any, ...]] | None:
    """Return a person's name and number; null if there is none in the reader's area."""
    columns = select(person.c.code, person.c.name, person.c.phone)
    return session.execute(columns.where(person.c.code == code, _belongs(scope))).one_or_none()
