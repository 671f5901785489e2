"""An accepted exception keeps what its finding said: it still reads well when that is gone.

Revision: 0006
Follows: 0005
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COMMENT = "A decision to accept a finding: why, who, until when; the open one is in force."
BEFORE = "An exception: which finding, why, who says so, until when."
SAID: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
    ("severity", sa.Text()),
    ("grids", postgresql.ARRAY(sa.Text())),
    ("area_code", sa.Text()),
    ("area_m2", sa.Double()),
    ("households", sa.Integer()),
    ("point", Geometry("POINT", srid=4326, spatial_index=False)),
    ("message", sa.Text()),
    ("message_zh", sa.Text()),
)


def upgrade() -> None:
    for name, kind in SAID:
        op.add_column("accepted_finding", sa.Column(name, kind, nullable=True))
    # Nothing has written here yet but by hand: an exception to what no check ever found is none.
    columns = ", ".join(name for name, _ in SAID)
    op.execute(
        f"UPDATE accepted_finding SET ({columns}) = (SELECT {columns} FROM finding"
        " WHERE id = finding_id ORDER BY check_id DESC LIMIT 1)"
    )
    op.execute("DELETE FROM accepted_finding WHERE message IS NULL")
    for name, _ in SAID:
        op.alter_column("accepted_finding", name, nullable=name == "area_code")
    op.create_check_constraint(
        "ck_accepted_finding_severity_known",
        "accepted_finding",
        "severity IN ('error', 'warning', 'info')",
    )
    op.create_index(
        "ix_accepted_finding_point", "accepted_finding", ["point"], postgresql_using="gist"
    )
    op.create_table_comment("accepted_finding", COMMENT, existing_comment=BEFORE)


def downgrade() -> None:
    op.create_table_comment("accepted_finding", BEFORE, existing_comment=COMMENT)
    op.drop_index("ix_accepted_finding_point", table_name="accepted_finding")
    for name, _ in reversed(SAID):
        op.drop_column("accepted_finding", name)
