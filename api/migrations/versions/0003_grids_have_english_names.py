"""Grids have English names, as areas do.

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for schema in (None, "history"):
        op.add_column("grid", sa.Column("name_en", sa.Text()), schema=schema)


def downgrade() -> None:
    for schema in (None, "history"):
        op.drop_column("grid", "name_en", schema=schema)
