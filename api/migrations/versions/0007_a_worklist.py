"""A worklist: who is to put a finding right, by when, and a log that only grows.

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATES = "('assigned', 'fixed', 'verified', 'reopened')"
SEVERITIES = "('error', 'warning', 'info')"
CHANGES = "('assigned', 'due', 'fixed', 'verified', 'reopened', 'followed')"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "work_task",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("assignee_code", sa.Text(), nullable=False),
        sa.Column("person_code", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reopened", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("fixed_at", moment, nullable=True),
        sa.Column("fixed_by", sa.Text(), nullable=True),
        sa.Column("verified_at", moment, nullable=True),
        sa.Column("assigned_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("assigned_by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("grids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("area_code", sa.Text(), nullable=True),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("width_m", sa.Double(), nullable=False),
        sa.Column("length_m", sa.Double(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("point", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=False),
        sa.Column(
            "geom_3857",
            Geometry("GEOMETRY", srid=3857, spatial_index=False),
            sa.Computed("ST_Transform(geom, 3857)", persisted=True),
            nullable=True,
        ),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("message_zh", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("fix_zh", sa.Text(), nullable=False),
        sa.CheckConstraint(f"state IN {STATES}", name="ck_work_task_state_known"),
        sa.CheckConstraint(f"severity IN {SEVERITIES}", name="ck_work_task_severity_known"),
        sa.CheckConstraint(
            "(state = 'fixed') <= (fixed_at IS NOT NULL)",
            name="ck_work_task_says_when_it_was_fixed",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_work_task"),
        sa.UniqueConstraint("finding_id", name="uq_work_task_finding_id"),
        comment="A finding that somebody is to put right; how it came to stand so is in the log.",
    )
    for column in ("geom", "geom_3857", "point"):
        op.create_index(f"ix_work_task_{column}", "work_task", [column], postgresql_using="gist")
    op.create_index("ix_work_task_state_due_on", "work_task", ["state", "due_on"])
    op.create_table(
        "work_task_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("assignee_code", sa.Text(), nullable=False),
        sa.Column("person_code", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("check_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(f"change IN {CHANGES}", name="ck_work_task_log_change_known"),
        sa.CheckConstraint(f"from_state IN {STATES}", name="ck_work_task_log_from_state_known"),
        sa.CheckConstraint(f"to_state IN {STATES}", name="ck_work_task_log_to_state_known"),
        sa.PrimaryKeyConstraint("id", name="pk_work_task_log"),
        sa.ForeignKeyConstraint(["task_id"], ["work_task.id"], name="fk_work_task_log_task_id"),
        comment="Who changed a task from what to what, and when; append-only.",
    )
    op.create_index("ix_work_task_log_task_id", "work_task_log", ["task_id"])
    op.execute(
        "CREATE TRIGGER refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON work_task_log"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER refuse ON work_task_log")
    op.drop_table("work_task_log")
    op.drop_table("work_task")
