"""The worklist: who is to put a finding right, by when; and the log of each change."""

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from layers.tables.base import SRID, choice, geometry, metadata, spatial_indexes

# An accepted exception is no state of its own: the register says it, and it may run out.
TASK_STATES = ("assigned", "fixed", "verified", "reopened")
TASK_CHANGES = ("assigned", "due", "fixed", "verified", "reopened", "followed")

work_task = Table(
    "work_task",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    # A finding's name is the same in every check; no check's row is referred to.
    Column("finding_id", Text, nullable=False, unique=True),
    *choice("state", TASK_STATES),
    # Codes as they were: an area or a person may be gone while the task is still read.
    Column("assignee_code", Text, nullable=False),
    Column("person_code", Text),
    Column("due_on", Date, nullable=False),
    Column("reopened", Integer, nullable=False, server_default=text("0")),
    Column("note", Text),
    Column("fixed_at", DateTime(timezone=True)),
    Column("fixed_by", Text),
    Column("verified_at", DateTime(timezone=True)),
    Column("assigned_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("assigned_by", Text, nullable=False),
    # Counts up with each change, so that nobody changes what he has not seen.
    Column("version", Integer, nullable=False, server_default=text("1")),
    # What the finding said, so that the task still reads well when that is gone.
    Column("rule", Text, nullable=False),
    *choice("severity", ("error", "warning", "info")),
    Column("grids", ARRAY(Text), nullable=False),
    Column("area_code", Text),
    Column("area_m2", Double, nullable=False),
    Column("width_m", Double, nullable=False),
    Column("length_m", Double, nullable=False),
    Column("households", Integer, nullable=False),
    Column("point", Geometry("POINT", srid=SRID, spatial_index=False), nullable=False),
    *geometry("GEOMETRY"),
    Column("message", Text, nullable=False),
    Column("message_zh", Text, nullable=False),
    Column("fix", Text, nullable=False),
    Column("fix_zh", Text, nullable=False),
    CheckConstraint("(state = 'fixed') <= (fixed_at IS NOT NULL)", name="says_when_it_was_fixed"),
    comment="A finding that somebody is to put right; how it came to stand so is in the log.",
)
spatial_indexes(work_task)
Index("ix_work_task_point", work_task.c.point, postgresql_using="gist")
Index("ix_work_task_state_due_on", work_task.c.state, work_task.c.due_on)

# What a task keeps of its finding, column by column.
KEPT = (
    "rule", "severity", "grids", "area_code", "area_m2", "width_m", "length_m", "households",
    "point", "geom", "message", "message_zh", "fix", "fix_zh",
)  # fmt: skip

work_task_log = Table(
    "work_task_log",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("task_id", BigInteger, ForeignKey("work_task.id"), nullable=False, index=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False),
    *choice("change", TASK_CHANGES),
    *choice("from_state", TASK_STATES, nullable=True),
    *choice("to_state", TASK_STATES),
    # As they are after the change.
    Column("assignee_code", Text, nullable=False),
    Column("person_code", Text),
    Column("due_on", Date, nullable=False),
    Column("finding_id", Text, nullable=False),
    Column("check_id", BigInteger),
    Column("note", Text),
    comment="Who changed a task from what to what, and when; append-only.",
)
