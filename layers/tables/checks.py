"""The verdict: checks of the coverage, their findings, and the exceptions that were accepted."""

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
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
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from layers.tables.base import SRID, choice, geometry, metadata, spatial_indexes

coverage_check = Table(
    "coverage_check",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("version_id", Integer, ForeignKey("coverage_version.id"), nullable=False, index=True),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True), nullable=False),
    Column("summary", JSONB, nullable=False),
    Column("crs", Text, nullable=False),
    Column("tolerance_m", Double, nullable=False),
    Column("created_by", Text, nullable=False),
    comment="One check of one coverage version, and its summary.",
)

finding = Table(
    "finding",
    metadata,
    Column(
        "check_id",
        BigInteger,
        ForeignKey("coverage_check.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("name", Text, nullable=False),
    *choice("severity", ("error", "warning", "info")),
    Column("grids", ARRAY(Text), nullable=False),
    Column("area_code", Text),
    Column("area_m2", Double, nullable=False),
    Column("width_m", Double, nullable=False),
    Column("length_m", Double, nullable=False),
    Column("depth", Integer),
    Column("households", Integer, nullable=False),
    Column("point", Geometry("POINT", srid=SRID, spatial_index=False), nullable=False),
    *geometry("GEOMETRY"),
    Column("message", Text, nullable=False),
    Column("message_zh", Text, nullable=False),
    Column("fix", Text, nullable=False),
    Column("fix_zh", Text, nullable=False),
    Column("position", Integer, nullable=False),
    comment="One place where a rule is broken, as the check found it.",
)
spatial_indexes(finding)
Index("ix_finding_point", finding.c.point, postgresql_using="gist")
Index("ix_finding_check_id_position", finding.c.check_id, finding.c.position)

accepted_finding = Table(
    "accepted_finding",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("finding_id", Text, nullable=False),
    # What the finding said, so that an exception still reads well when its finding is gone.
    Column("rule", Text, nullable=False),
    *choice("severity", ("error", "warning", "info")),
    Column("grids", ARRAY(Text), nullable=False),
    Column("area_code", Text),
    Column("area_m2", Double, nullable=False),
    Column("households", Integer, nullable=False),
    Column("point", Geometry("POINT", srid=SRID, spatial_index=False), nullable=False),
    Column("message", Text, nullable=False),
    Column("message_zh", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("accepted_by", Text, nullable=False),
    Column("accepted_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("until", Date),
    Column("revoked_at", DateTime(timezone=True)),
    Column("revoked_by", Text),
    # A change ends one decision and makes the next: what was in force at any moment is known.
    comment="A decision to accept a finding: why, who, until when; the open one is in force.",
)
Index("ix_accepted_finding_point", accepted_finding.c.point, postgresql_using="gist")
Index(
    "uq_accepted_finding_finding_id",
    accepted_finding.c.finding_id,
    unique=True,
    postgresql_where=accepted_finding.c.revoked_at.is_(None),
)
