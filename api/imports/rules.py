"""What is wrong with staged rows: asked of the other rows, the database and its constraints."""

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ColumnElement,
    Select,
    Text,
    UniqueConstraint,
    and_,
    cast,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
)

from layers.tables import coverage_version, metadata
from layers.transfer.kinds import KINDS, Kind
from layers.transfer.rejects import REASONS, Reject
from layers.transfer.rows import SHOWN

if TYPE_CHECKING:
    from api.imports.staging import Staging

# The most faults that are told one by one of rows that only the database could look through.
MOST_REJECTS = 100_000
# Constraints that are not asked one by one: their words were mapped to what is known.
KNOWN = "_known"
# A constraint's reason, where it goes by a rule of the catalogue; else by its own name.
RULES = {"geom_valid": "G001", "geom_not_empty": "G002", "code_under_parent": "G006"}


def find_rejects(staging: "Staging") -> list[Reject]:
    """Return what is wrong with staged rows, by row; one row may be wrong in several ways.

    Of more than :data:`MOST_REJECTS` faults no more are returned.
    """
    rows = staging.incoming
    twice = rows.c.code.in_(staging.twice())
    statements = [
        *([_reject(staging, "code", "G003", twice)] if staging.repeats else []),
        *_missing(staging),
        *_unknown(staging),
        *_broken(staging),
        *_pairs(staging),
    ]
    if staging.prefix is not None:
        scope = staging.scope(rows)
        statements.append(
            _reject(staging, "code", "outside", not_(func.starts_with(scope, staging.prefix)))
        )
    if staging.kind.fixed:
        other = exists().where(
            staging.target.c.code == rows.c.code,
            staging.target.c[staging.kind.fixed] != staging.kind.named,
        )
        statements.append(_reject(staging, "code", "taken", other))
    found: list[Reject] = []
    for statement in statements:
        if len(found) < MOST_REJECTS:
            result = staging.connection.execute(statement.limit(MOST_REJECTS - len(found)))
            found += [Reject(*row) for row in result]
    return sorted(found)


def _reject(
    staging: "Staging", name: str, reason: str, where: ColumnElement[bool], value: str | None = None
) -> Select[Any]:
    rows = staging.incoming
    shown = rows.c[value or name] if (value or name) in rows.c else literal("")
    return select(
        rows.c.row,
        func.coalesce(rows.c.code, ""),
        literal(name),
        func.coalesce(func.left(cast(shown, Text), SHOWN), ""),
        literal(reason),
    ).where(where)


def _missing(staging: "Staging") -> list[Select[Any]]:
    """Ask of new rows what the file has no column for."""
    needed = [f.name for f in staging.kind.fields if f.required and f.name not in staging.given]
    rows = staging.incoming.c
    found = [_reject(staging, name, "missing", rows[name].is_(None)) for name in needed]
    if staging.kind.located and "geom" not in staging.given:
        found.append(_reject(staging, "geom", "G002", rows.geom.is_(None), value="code"))
    return found


def _unknown(staging: "Staging") -> list[Select[Any]]:
    found = []
    for field in staging.kind.fields:
        if field.to is None or field.name not in staging.given:
            continue
        value, target = staging.incoming.c[field.name], metadata.tables[field.to]
        known = [target.c.code == value]
        if target is staging.target and staging.prefix is not None:
            # What is replaced stays only if the file has it.
            known.append(not_(func.starts_with(staging.scope(target), staging.prefix)))
        there: ColumnElement[bool] = exists().where(*known)
        if target is staging.target:
            own = staging.incoming.alias("own")
            there = or_(there, exists().where(own.c.code == value))
        found.append(_reject(staging, field.name, "unknown", and_(value.is_not(None), not_(there))))
    return found


def _broken(staging: "Staging") -> list[Select[Any]]:
    """Ask the table's own constraints, so that nothing is refused by them later."""
    checks = [c for c in staging.target.constraints if isinstance(c, CheckConstraint)]
    for column in staging.columns:
        checks += [c for c in column.constraints if isinstance(c, CheckConstraint)]
    found = []
    for check in checks:
        name = str(check.name).removeprefix(f"ck_{staging.target.name}_")
        if name.endswith(KNOWN) or (name.startswith("geom_") and "geom" not in staging.given):
            continue
        broken: ColumnElement[bool] = literal_column(f"(({check.sqltext}) IS FALSE)", Boolean)
        field = "geom" if name.startswith("geom_") else _field_of(staging.kind, str(check.sqltext))
        found.append(_reject(staging, field, RULES.get(name, name), broken))
    return found


def _pairs(staging: "Staging") -> list[Select[Any]]:
    found = []
    for unique in staging.target.constraints:
        if not isinstance(unique, UniqueConstraint):
            continue
        rows, held, own = staging.incoming, staging.target, staging.incoming.alias("own")
        names = [column.name for column in unique.columns]
        for other in (held, own):
            same = [other.c[name] == rows.c[name] for name in names]
            there = exists().where(*same, other.c.code != rows.c.code)
            found.append(_reject(staging, names[0], "pair", there))
    return found


def _field_of(kind: Kind, words: str) -> str:
    """Return the first field that a constraint speaks of: its words are said of that one."""
    names = {field.name for field in kind.fields}
    return next((word for word in re.findall(r"\w+", words) if word in names), "code")


def require_words() -> set[str]:
    """Return the reasons of constraints that nobody has words for; a test wants none."""
    found = set()
    # What an import writes: the rows of its kind, and the version that they belong to.
    for name in {*(kind.table for kind in KINDS.values()), coverage_version.name}:
        table = metadata.tables[name]
        for check in table.constraints:
            if isinstance(check, CheckConstraint):
                rule = str(check.name).removeprefix(f"ck_{table.name}_")
                if not rule.endswith(KNOWN):
                    found.add(RULES.get(rule, rule))
    return found - set(REASONS)
