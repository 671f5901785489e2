"""What came in: one row an import, and what undoing needs of rows that have no history."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from layers.tables.base import metadata

data_import = Table(
    "data_import",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("crs", Text, nullable=False, server_default=text("''")),
    # Remembered: a file with the same headers is read the same way the next time.
    Column("headers", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("columns", JSONB, nullable=False, server_default=text("'{}'")),
    Column("counts", JSONB, nullable=False),
    Column("version_id", Integer, ForeignKey("coverage_version.id"), nullable=False, unique=True),
    Column("undoes", BigInteger, ForeignKey("data_import.id"), unique=True),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    comment="One import, or the undoing of one: a coverage version of its own.",
)
Index("ix_data_import_kind", data_import.c.kind)

imported_row = Table(
    "imported_row",
    metadata,
    Column(
        "import_id", BigInteger, ForeignKey("data_import.id", ondelete="CASCADE"),
        primary_key=True, autoincrement=False,
    ),
    Column("code", Text, primary_key=True),
    Column("before", JSONB),
    Column("after", JSONB, nullable=False),
    comment="A visit or incident as an import found it (null: not there) and as it left it.",
)  # fmt: skip
