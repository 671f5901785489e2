"""What happens: visits, and incidents with their append-only log."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    SmallInteger,
    Table,
    Text,
    text,
)

from layers.tables.base import choice, code, geometry, metadata, spatial_indexes

TIERS = ("auto", "local", "escalated")
STATUSES = ("found", "dispatched", "in_hand", "answered", "rated")

visit = Table(
    "visit",
    metadata,
    Column("code", Text, primary_key=True),
    code("household", "household_code"),
    code("person", "person_code"),
    Column("visited_at", DateTime(timezone=True), nullable=False),
    Column("note", Text),
    comment="Somebody was at a household.",
)
Index("ix_visit_visited_at", visit.c.visited_at)

incident = Table(
    "incident",
    metadata,
    Column("code", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    *choice("tier", TIERS),
    # The palette of alerts is data (setting "alerts"), so the column takes any of its names.
    Column("alert", Text, nullable=False),
    *choice("status", STATUSES),
    Column("reported_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("rating", SmallInteger, CheckConstraint("rating BETWEEN 1 AND 5", name="rating_1_to_5")),
    Column("satisfied", Boolean),
    code("grid", "grid_code", nullable=True),
    code("household", "household_code", nullable=True),
    *geometry("POINT", nullable=True),
    Column("description", Text),
    CheckConstraint("closed_at >= reported_at", name="closes_after_it_is_reported"),
    comment="Something reported, as it stands; how it came there is in incident_log.",
)
spatial_indexes(incident)
Index("ix_incident_reported_at", incident.c.reported_at)

incident_change = Table(
    "incident_change",
    metadata,
    # One counter would have every transaction wait for the one before.
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False, server_default=text("0")),
    comment="How often incidents were changed: the sum over the slots, as of what is committed.",
)

incident_log = Table(
    "incident_log",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    code("incident", "incident_code"),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    *choice("from_status", STATUSES, nullable=True),
    *choice("to_status", STATUSES),
    Column("note", Text),
    comment="Who moved an incident from which status to which, and when; append-only.",
)
