"""What every table has in common: names for constraints, geometry columns, and history.

A **versioned** table holds what is true now; its twin in the schema ``history`` holds what was.
Each row carries ``version_from``, the coverage version that made it, stamped by the database. A
row that is changed or deleted is copied to the twin with ``version_to``, the version that ended
it. So foreign keys are real, a query of today needs no filter, and the map of version *v* is the
rows with ``version_from <= v`` and, of the twin, those with ``version_from <= v < version_to``.
"""

from collections.abc import Sequence
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    select,
    text,
    union_all,
)
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.selectable import CompoundSelect

SRID = 4326
TILE_SRID = 3857
HISTORY = "history"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
versioned_tables: dict[str, Table] = {}


def choice(name: str, values: Sequence[str], *, nullable: bool = False) -> list[SchemaItem]:
    """Make a text column that takes one of ``values``, and the constraint that holds it to them."""
    listed = ", ".join(f"'{value}'" for value in values)
    return [
        Column(name, Text, nullable=nullable),
        CheckConstraint(f"{name} IN ({listed})", name=f"{name}_known"),
    ]


def code(target: str, name: str, *, nullable: bool = False) -> Column[str]:
    """Make a column that holds the code of a row of ``target``.

    The reference is checked at commit, so that a load need not mind the order of its tables.
    """
    return Column(
        name,
        Text,
        ForeignKey(f"{target}.code", deferrable=True, initially="DEFERRED"),
        nullable=nullable,
        index=True,
    )


def under(parent: str) -> CheckConstraint:
    """Hold a row's code to begin with its parent's (G006)."""
    return CheckConstraint(f"starts_with(code, {parent})", name="code_under_parent")


def geometry(kind: str, *, nullable: bool = False, name: str = "geom") -> list[SchemaItem]:
    """Make the stored lon/lat column and its generated twin in EPSG:3857, for tiles.

    Polygons must be valid and not empty (G001, G002). Coordinates are kept as they come, bit for
    bit.
    """
    parts: list[SchemaItem] = [
        Column(name, Geometry(kind, srid=SRID, spatial_index=False), nullable=nullable),
        Column(
            f"{name}_{TILE_SRID}",
            Geometry("GEOMETRY", srid=TILE_SRID, spatial_index=False),
            Computed(f"ST_Transform({name}, {TILE_SRID})", persisted=True),
        ),
    ]
    if kind == "MULTIPOLYGON":
        parts += [
            CheckConstraint(f"ST_IsValid({name})", name=f"{name}_valid"),
            CheckConstraint(f"NOT ST_IsEmpty({name})", name=f"{name}_not_empty"),
        ]
    return parts


def spatial_indexes(table: Table, name: str = "geom") -> None:
    """Index a geometry column and its EPSG:3857 twin."""
    for column in (name, f"{name}_{TILE_SRID}"):
        Index(f"ix_{table.name}_{column}", table.c[column], postgresql_using="gist")


def versioned(name: str, *parts: SchemaItem, comment: str) -> Table:
    """Declare a versioned table and its twin in the schema ``history``."""
    table = Table(
        name,
        metadata,
        Column("code", Text, primary_key=True),
        *parts,
        Column(
            "version_from",
            Integer,
            ForeignKey("coverage_version.id"),
            nullable=False,
            # The database's trigger stamps it; the default only lets a row come without one.
            server_default=text("0"),
        ),
        comment=comment,
    )
    past = Table(
        name,
        metadata,
        *(_past_column(column) for column in table.columns),
        Column("version_to", Integer, nullable=False),
        schema=HISTORY,
        comment=f"What was in {name}, until version_to.",
    )
    for each in (table, past):
        if "geom" in each.c:
            Index(f"ix_{name}_geom", each.c.geom, postgresql_using="gist")
            Index(f"ix_{name}_geom_3857", each.c.geom_3857, postgresql_using="gist")
    versioned_tables[name] = table
    return table


def _past_column(column: Column[Any]) -> Column[Any]:
    key = column.name in ("code", "version_from")
    computed = column.computed
    extra = () if computed is None else (Computed(str(computed.sqltext), persisted=True),)
    return Column(
        column.name,
        column.type,
        *extra,
        primary_key=key,
        nullable=column.nullable and not key,
    )


def rows_at(table: Table, version: int) -> CompoundSelect[Any]:
    """Select what a versioned table held in a version.

    Parameters
    ----------
    table
        A versioned table.
    version
        ``coverage_version.id``.

    Returns
    -------
    CompoundSelect
        The table's own columns, whatever the row's age.
    """
    past = metadata.tables[f"{HISTORY}.{table.name}"]
    now = select(*table.columns).where(table.c.version_from <= version)
    then = select(*(past.c[column.name] for column in table.columns)).where(
        past.c.version_from <= version, past.c.version_to > version
    )
    return union_all(now, then)
