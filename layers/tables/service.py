"""What the service itself needs: accounts, sessions, the audit, settings and jobs."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from layers.tables.base import choice, metadata

ROLES = ("administrator", "planner", "leader", "party_officer", "grid_worker", "auditor")
JOB_STATES = ("queued", "running", "done", "failed", "cancelled")

account = Table(
    "account",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("username", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    *choice("role", ROLES),
    Column("area_code", Text),
    Column("grid_code", Text),
    Column("person_code", Text),
    Column("is_sample", Boolean, nullable=False, server_default=false()),
    Column("disabled_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    comment="Somebody who may sign in; area_code is his scope, null the whole county.",
)

login_session = Table(
    "login_session",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column(
        "account_id", Integer, ForeignKey("account.id", ondelete="CASCADE"),
        nullable=False, index=True,
    ),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    comment="A sign-in; the token itself is kept by the browser alone.",
)  # fmt: skip

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("account", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("reason", Text),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'")),
    comment="Who did or saw what, and why; append-only.",
)
Index("ix_audit_entry_at", audit_entry.c.at)

setting = Table(
    "setting",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_by", Text, nullable=False),
    comment="What a county decides for itself: code pattern, palette, thresholds.",
)

job = Table(
    "job",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column("kind", Text, nullable=False),
    *choice("state", JOB_STATES),
    Column("progress", Double, nullable=False, server_default=text("0")),
    Column("step", Text, nullable=False, server_default=text("''")),
    Column("cancel", Boolean, nullable=False, server_default=false()),
    # How often it was begun: what killed its worker twice is not begun a third time.
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("params", JSONB, nullable=False, server_default=text("'{}'")),
    Column("result", JSONB),
    Column("error", Text),
    Column("error_zh", Text),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    comment="Long work: how far it is, and what came of it.",
)
Index("ix_job_state_created_at", job.c.state, job.c.created_at)
