"""Whoever keeps something made of incidents is told when they have changed.

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# So many transactions at once change incidents without waiting for each other.
SLOTS = 16

# Before the statement, so that its first lock is the slot's: two transactions can then wait for
# each other in one order only.
NOTE = f"""
CREATE FUNCTION note_incident_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE incident_change SET n = n + 1
    WHERE slot = (pg_current_xact_id()::text::bigint % {SLOTS})::smallint;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "incident_change",
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("slot", name=op.f("pk_incident_change")),
        comment="How often incidents were changed: the sum over the slots, as of what is committed.",
    )
    op.execute(f"INSERT INTO incident_change (slot) SELECT generate_series(0, {SLOTS - 1})")
    op.execute(NOTE)
    op.execute(
        "CREATE TRIGGER note BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON incident"
        " FOR EACH STATEMENT EXECUTE FUNCTION note_incident_change()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER note ON incident")
    op.execute("DROP FUNCTION note_incident_change()")
    op.drop_table("incident_change")
