"""Imports are kept and can be undone; long work has a queue; lists may come before shapes.

Revision: 0004
Follows: 0003
"""

from importlib import resources

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# A list of villages, or of units, comes before their shapes.
SHAPES_LATER = ("area", "household_unit")


def upgrade() -> None:
    for table in SHAPES_LATER:
        op.alter_column(table, "geom", nullable=True)
        op.alter_column(table, "geom", nullable=True, schema="history")
    # A county keeps whatever reference layers it has; the map draws those that it knows.
    op.drop_constraint("ck_reference_feature_layer_known", "reference_feature")
    op.add_column("job", sa.Column("step", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "job", sa.Column("cancel", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("job", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("job", sa.Column("error_zh", sa.Text(), nullable=True))
    op.create_table(
        "data_import",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("crs", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "headers", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("columns", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["coverage_version.id"], name=op.f("fk_data_import_version_id")
        ),
        sa.ForeignKeyConstraint(["undoes"], ["data_import.id"], name=op.f("fk_data_import_undoes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_import")),
        sa.UniqueConstraint("version_id", name=op.f("uq_data_import_version_id")),
        sa.UniqueConstraint("undoes", name=op.f("uq_data_import_undoes")),
        comment="One import, or the undoing of one: a coverage version of its own.",
    )
    op.create_index("ix_data_import_kind", "data_import", ["kind"])
    op.create_table(
        "imported_row",
        sa.Column("import_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["data_import.id"], name=op.f("fk_imported_row_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "code", name=op.f("pk_imported_row")),
        comment="A visit or incident as an import found it (null: not there) and as it left it.",
    )  # fmt: skip
    # The queue's own tables, as the locked version of the library declares them.
    schema = (resources.files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(schema.replace("%", "%%"))


def downgrade() -> None:
    op.execute(
        """
        DO $$
        DECLARE each record;
        BEGIN
            FOR each IN SELECT tablename FROM pg_tables
                WHERE schemaname = 'public' AND tablename LIKE 'procrastinate\\_%' LOOP
                EXECUTE format('DROP TABLE %I CASCADE', each.tablename);
            END LOOP;
            FOR each IN SELECT oid::regprocedure AS name FROM pg_proc
                WHERE proname LIKE 'procrastinate\\_%' LOOP
                EXECUTE format('DROP FUNCTION %s CASCADE', each.name);
            END LOOP;
            FOR each IN SELECT typname FROM pg_type
                WHERE typname LIKE 'procrastinate\\_%' AND typtype IN ('e', 'c') LOOP
                EXECUTE format('DROP TYPE IF EXISTS %I CASCADE', each.typname);
            END LOOP;
        END $$
        """
    )
    op.drop_table("imported_row")
    op.drop_table("data_import")
    for column in ("error_zh", "attempts", "cancel", "step"):
        op.drop_column("job", column)
    layers = "layer IN ('roads', 'rivers', 'settlements')"
    op.create_check_constraint("ck_reference_feature_layer_known", "reference_feature", layers)
    for table in SHAPES_LATER:
        op.alter_column(table, "geom", nullable=False)
        op.alter_column(table, "geom", nullable=False, schema="history")
