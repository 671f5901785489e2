"""What an import did, and how to take it back: a coverage version of its own, either way.

Rows of versioned tables are taken back from their history. Visits and incidents have none: of
those an import keeps each row as it was and as it left it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    case,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    not_,
    or_,
    select,
    text,
    true,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError

from api.errors import ConflictError, NotFoundError
from api.imports.staging import own_columns, require_unnamed
from layers.tables import (
    HISTORY,
    data_import,
    imported_row,
    metadata,
    open_version,
    rows_at,
    versioned_tables,
)
from layers.transfer.kinds import Kind, kind_of

AnyRow = Row[*tuple[Any, ...]]
SHOWN = 5


def next_version(connection: Connection, title: str, created_by: str) -> int:
    """End the open coverage version and open the next; return its number."""
    close, start = open_version(title, created_by)
    connection.execute(close)
    number: int = connection.execute(start).scalar_one()
    return number


def remember(connection: Connection, **values: object) -> int:
    """Write the row of an import; return its number."""
    row = insert(data_import).values(**values).returning(data_import.c.id)
    number: int = connection.execute(row).scalar_one()
    return number


def remembered_columns(
    connection: Connection, kind: Kind, headers: Sequence[str]
) -> Mapping[str, str]:
    """Return the mapping of the last import of this kind whose file had these headers."""
    held = data_import.c
    found = connection.scalar(
        select(held.columns)
        .where(held.kind == kind.title, held.headers == list(headers))
        .order_by(held.id.desc())
        .limit(1)
    )
    return dict(found or {})


def list_imports(connection: Connection, limit: int) -> Sequence[AnyRow]:
    """Return the last imports, the newest first, each with the number of what undid it."""
    held, other = data_import, data_import.alias("other")
    return connection.execute(
        select(
            held.c.id, held.c.kind, held.c.file, held.c.crs, held.c.columns, held.c.counts,
            held.c.version_id, held.c.undoes, held.c.created_by, held.c.created_at,
            other.c.id.label("undone_by"),
        )
        .select_from(held.outerjoin(other, other.c.undoes == held.c.id))
        .order_by(held.c.id.desc())
        .limit(limit)
    ).all()  # fmt: skip


# -- rows without a history ----------------------------------------------------------------------


def is_versioned(table: Table) -> bool:
    """Tell whether a table keeps its own history."""
    return table.name in versioned_tables


def _image(table: Any, *, name: str = "") -> ColumnElement[Any]:  # noqa: ANN401 - table or alias
    """Return a row as JSON, its shape as hex EWKB: text that comes back bit for bit; null if none.

    Parameters
    ----------
    name
        Of the table, where an alias or a subquery has another.
    """
    parts: list[Any] = []
    for each in own_columns(metadata.tables[name or table.name]):
        value = table.c[each.name]
        if each.name == "geom":
            value = func.encode(func.ST_AsEWKB(value), "hex")
        parts += [literal_column(f"'{each.name}'"), value]
    return case((table.c.code.is_not(None), func.jsonb_build_object(*parts)))


BEFORE = Table(
    "before",
    MetaData(),
    Column("code", Text),
    Column("image", JSONB),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


def keep_before(connection: Connection, incoming: Table, target: Table) -> None:
    """Keep aside, for the rest of the transaction, the rows that staged ones may change."""
    BEFORE.create(connection, checkfirst=False)
    held = select(target.c.code, _image(target)).where(
        exists().where(incoming.c.code == target.c.code)
    )
    connection.execute(insert(BEFORE).from_select(["code", "image"], held))


def keep_images(connection: Connection, number: int, incoming: Table, target: Table) -> None:
    """Keep each row that import ``number`` changed, as it was and as it is."""
    image = _image(target)
    joined = target.join(incoming, incoming.c.code == target.c.code).outerjoin(
        BEFORE, BEFORE.c.code == target.c.code
    )
    rows = (
        select(literal(number), target.c.code, BEFORE.c.image, image)
        .select_from(joined)
        .where(BEFORE.c.image.is_distinct_from(image))
    )
    names = ["import_id", "code", "before", "after"]
    connection.execute(insert(imported_row).from_select(names, rows))


# -- undoing -------------------------------------------------------------------------------------

# Each row that the import touched: as it was before, and as the import left it.
UNDOING = Table(
    "undoing",
    MetaData(),
    Column("code", Text),
    Column("before", JSONB),
    Column("after", JSONB),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


def undo(connection: Connection, number: int, created_by: str) -> tuple[int, dict[str, int]]:
    """Take an import back, as a new version; what later versions did stays, or it is refused.

    Returns
    -------
    (int, dict)
        The undoing's own number, by which it can be undone; and how many rows it removed,
        restored and put back.

    Raises
    ------
    NotFoundError
        If there is no such import.
    ConflictError
        If it is undone already, rows of it have been changed since, or what would come back
        names what is gone.
    """
    row = _find(connection, number)
    table = metadata.tables[kind_of(row.kind).table]
    if row.undoes is not None and not is_versioned(table):
        raise ConflictError(
            "This undoing cannot be undone; import the file again.",
            "此撤销不能再撤销，请重新导入文件。",
        )
    UNDOING.create(connection, checkfirst=False)
    touched = _from_history(table, row.version_id) if is_versioned(table) else _from_images(number)
    connection.execute(insert(UNDOING).from_select(["code", "before", "after"], touched))
    _require_untouched(connection, table, number)
    made = exists().where(UNDOING.c.code == table.c.code, UNDOING.c.before.is_(None))
    require_unnamed(connection, table, made)
    version = next_version(connection, f"撤销导入 {number} · Import {number} undone", created_by)
    counts = _put_back(connection, table, made)
    own = remember(
        connection, kind=row.kind, file=row.file, counts=counts, version_id=version, undoes=number,
        created_by=created_by,
    )  # fmt: skip
    return own, counts


def _find(connection: Connection, number: int) -> AnyRow:
    held, other = data_import, data_import.alias("other")
    row = connection.execute(
        select(held, other.c.id.label("undone_by"))
        .select_from(held.outerjoin(other, other.c.undoes == held.c.id))
        .where(held.c.id == number)
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no import {number}.", f"没有导入记录 {number}。")
    if row.undone_by is not None:
        raise ConflictError(f"Import {number} is undone already.", f"导入 {number} 已经撤销。")
    return row


def _from_history(table: Table, version: int) -> Select[Any]:
    """Select what a version touched: each code, and its row in the version before and in it."""
    past = metadata.tables[f"{HISTORY}.{table.name}"].alias("past")
    codes = union(
        select(table.c.code).where(table.c.version_from == version),
        select(past.c.code).where(
            or_(past.c.version_from == version, past.c.version_to == version)
        ),
    ).subquery("codes")
    before = rows_at(table, version - 1).subquery("earlier")
    after = rows_at(table, version).subquery("later")
    joined = codes.outerjoin(before, before.c.code == codes.c.code).outerjoin(
        after, after.c.code == codes.c.code
    )
    return select(
        codes.c.code, _image(before, name=table.name), _image(after, name=table.name)
    ).select_from(joined)


def _from_images(number: int) -> Select[Any]:
    held = imported_row.c
    return select(held.code, held.before, held.after).where(held.import_id == number)


def _require_untouched(connection: Connection, table: Table, number: int) -> None:
    joined = UNDOING.outerjoin(table, table.c.code == UNDOING.c.code)
    changed = (
        select(UNDOING.c.code)
        .select_from(joined)
        .where(_image(table).is_distinct_from(UNDOING.c.after))
    )
    codes = connection.scalars(changed.order_by(UNDOING.c.code).limit(SHOWN + 1)).all()
    if codes:
        shown = ", ".join(codes[:SHOWN]) + (" …" if len(codes) > SHOWN else "")
        raise ConflictError(
            f"Rows of import {number} have been changed since ({shown}); undo what came later "
            "first.",
            f"导入 {number} 的记录之后又有改动（{shown}），请先撤销较晚的导入。",
        )


def _put_back(connection: Connection, table: Table, made: ColumnElement[bool]) -> dict[str, int]:
    """Remove, restore and put back rows; refuse what the constraints of today refuse."""
    names = [column.name for column in own_columns(table)]
    # The table's own type reads its own text: arrays, days and shapes alike.
    whole: ColumnElement[Any] = literal_column(f"NULL::{table.name}")
    record = func.jsonb_populate_record(whole, UNDOING.c.before).table_valued(
        *(column(name) for name in names), name="record"
    )
    old = (
        select(*(record.c[name] for name in names), UNDOING.c.after.is_(None).label("is_gone"))
        .select_from(UNDOING.join(record, true()))
        .where(UNDOING.c.before.is_not(None))
        .subquery("old")
    )
    restore = (
        update(table)
        .where(table.c.code == old.c.code, not_(old.c.is_gone))
        .values({name: old.c[name] for name in names if name != "code"})
    )
    back = insert(table).from_select(
        names, select(*(old.c[name] for name in names)).where(old.c.is_gone)
    )
    counted = {"preserve_rowcount": True}
    try:
        counts = {
            "closed": connection.execute(delete(table).where(made)).rowcount,
            "changed": connection.execute(restore).rowcount,
            "new": connection.execute(back, execution_options=counted).rowcount,
        }
        # Now, and not when the transaction ends, where nobody could say what is wrong.
        connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    except IntegrityError as error:
        raise _refusal(error) from error
    return counts


def _refusal(error: IntegrityError) -> ConflictError:
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or "constraint"
    return ConflictError(
        f"What would come back names rows that are gone, or takes the place of others ({name}); "
        "undo what came later first.",
        f"要恢复的记录所指的内容已经不在，或位置已被占用（{name}），请先撤销较晚的导入。",
    )
