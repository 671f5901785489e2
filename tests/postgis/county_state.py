"""The state of a county as one value: equal after two runs that did the same to it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Text,
    case,
    cast,
    collate,
    func,
    literal,
    null,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from api import audit
from layers.tables import coverage_check, coverage_version, data_import, metadata

State = Mapping[str, tuple[int, str | None]]
# What is drawn of the county, what is found in it, and what is the service's own.
DRAWN = ("coverage_shape", "household_group")
FOUND = ("coverage_check", "finding")
OTHER = ("job", "account", "login_session", "setting")
# When and by whom differ from one run to the next.
PASSING = {
    "coverage_version": ("valid_from", "created_by"),
    "data_import": ("created_at", "created_by"),
    "audit_entry": ("id", "at", "account"),
    "coverage_check": ("started_at", "finished_at", "created_by"),
}
# Numbers that a killed import uses up: the column's name, or its table's and "id".
NUMBERED = {
    "version_from": "version", "version_to": "version", "version_id": "version",
    "coverage_version.id": "version", "import_id": "import", "undoes": "import",
    "data_import.id": "import", "check_id": "check", "coverage_check.id": "check",
}  # fmt: skip


def _ranks(connection: Connection, column: Column[Any]) -> dict[int, int]:
    """Number rows from one: a killed import uses numbers up."""
    rows = connection.scalars(select(column).order_by(column))
    return {number: place for place, number in enumerate(rows, 1)}


def _steady(column: Column[Any], ranks: Mapping[str, dict[int, int]]) -> ColumnElement[Any] | None:
    name = column.table.name
    if column.name in PASSING.get(name, ()):
        return None
    numbered = NUMBERED.get(column.name) or NUMBERED.get(f"{name}.{column.name}")
    if numbered:
        return case(ranks[numbered], value=column) if ranks[numbered] else null()
    if column.name == "valid_to":
        return column.is_(None)
    if column.name in ("target", "title") and name in ("audit_entry", "coverage_version"):
        return func.regexp_replace(column, r"\d+", "#", "g")
    return column


def state(bind: Engine, kind: str = "county") -> State:
    """Digest every table of one moment: its number of rows, and the MD5 of all their bytes.

    Parameters
    ----------
    kind
        ``county``, or what is ``drawn`` of it or ``found`` in it.
    """
    own = {"drawn": DRAWN, "found": FOUND}
    names = own.get(kind) or [n for n in metadata.tables if n not in (*DRAWN, *FOUND, *OTHER)]
    out = {}
    with bind.connect() as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        ids = {"version": coverage_version, "import": data_import, "check": coverage_check}
        ranks = {numbered: _ranks(connection, table.c.id) for numbered, table in ids.items()}
        for name in names:
            table = metadata.tables[name]
            found = [(c.name, _steady(c, ranks)) for c in table.c]
            rows = select(*(value.label(key) for key, value in found if value is not None))
            if name == "audit_entry":
                rows = rows.where(table.c.action.in_((audit.IMPORTED, audit.UNDONE)))
            row = cast(rows.subquery("t").table_valued(), Text)
            inner = aggregate_order_by(literal("|"), collate(row, "C"))
            digest = func.md5(func.string_agg(row, inner))
            out[name] = connection.execute(select(func.count(row), digest)).one()
    return {name: (row[0], row[1]) for name, row in out.items()}
