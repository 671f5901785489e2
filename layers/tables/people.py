"""People and what they answer for: households, persons, appointments, the Party's branches."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from layers.tables.base import choice, code, geometry, versioned

APPOINTMENT_ROLES = ("grid_head", "grid_worker", "unit_head", "branch_secretary")

household = versioned(
    "household",
    Column("address", Text, nullable=False),
    code("area", "area_code"),
    code("grid", "grid_code", nullable=True),
    code("household_unit", "unit_code", nullable=True),
    Column("people", Integer, CheckConstraint("people >= 0", name="people_not_negative")),
    Column("need_tags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    *geometry("POINT", nullable=True),
    comment="A household on the list; grid_code is the recorded grid; no point means unlocated.",
)

person = versioned(
    "person",
    Column("name", Text, nullable=False),
    Column("phone", Text),
    code("household", "household_code", nullable=True),
    comment="Somebody with an appointment or a membership.",
)

party_branch = versioned(
    "party_branch",
    Column("name", Text, nullable=False),
    code("area", "area_code"),
    code("grid", "grid_code", nullable=True),
    *geometry("POINT", nullable=True),
    comment="A Party branch and its seat.",
)

party_member = versioned(
    "party_member",
    code("person", "person_code"),
    code("household", "household_code", nullable=True),
    code("party_branch", "branch_code", nullable=True),
    Column("joined_on", Date),
    comment="A member of the Party; sensitive.",
)

appointment = versioned(
    "appointment",
    code("person", "person_code"),
    *choice("role", APPOINTMENT_ROLES),
    Column("full_time", Boolean),
    code("area", "area_code", nullable=True),
    code("grid", "grid_code", nullable=True),
    code("household_unit", "unit_code", nullable=True),
    code("party_branch", "branch_code", nullable=True),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date),
    CheckConstraint(
        "CASE role WHEN 'unit_head' THEN unit_code WHEN 'branch_secretary' THEN branch_code"
        " ELSE grid_code END IS NOT NULL",
        name="says_for_what",
    ),
    CheckConstraint("ends_on >= starts_on", name="ends_after_it_starts"),
    comment="Who answers for what; somebody who answers for several grids has a row for each.",
)

contact_link = versioned(
    "contact_link",
    code("party_member", "member_code"),
    code("household", "household_code"),
    Column("since", Date),
    UniqueConstraint("member_code", "household_code"),
    comment="A member keeps contact with a household.",
)

PEOPLE: tuple[Table, ...] = (
    household,
    person,
    party_branch,
    party_member,
    appointment,
    contact_link,
)
