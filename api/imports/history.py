"""What an import did, and how to take it back: a coverage version of its own, either way.

Rows of versioned tables are taken back from their history. Visits and incidents have none: of
those an import keeps each row as it was and as it left it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    and_,
    cast,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    literal_column,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.dml import Insert, Update

from api.errors import ConflictError, NotFoundError
from api.imports.staging import own_columns, require_unnamed
from layers.tables import (
    HISTORY,
    data_import,
    imported_row,
    metadata,
    open_version,
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


def _image(table: Any) -> ColumnElement[Any]:  # noqa: ANN401 - table or alias
    """Return a row as JSON, its point as hex EWKB: text that comes back bit for bit."""
    parts: list[Any] = []
    for column in own_columns(metadata.tables[table.name]):
        value = table.c[column.name]
        if column.name == "geom":
            value = func.encode(func.ST_AsEWKB(value), "hex")
        parts += [literal_column(f"'{column.name}'"), value]
    return func.jsonb_build_object(*parts)


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


def _value(image: Any, column: Column[Any]) -> ColumnElement[Any]:  # noqa: ANN401 - a JSON column
    words = image[column.name].astext
    if column.name == "geom":
        return func.ST_GeomFromEWKB(func.decode(words, "hex"))
    return cast(words, column.type)


# -- undoing -------------------------------------------------------------------------------------


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
        If it is undone already, or rows of it have been changed since.
    """
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
    table = metadata.tables[kind_of(row.kind).table]
    if row.undoes is not None and not is_versioned(table):
        raise ConflictError(
            "This undoing cannot be undone; import the file again.",
            "此撤销不能再撤销，请重新导入文件。",
        )
    steps: _Steps = _Versions(table, row.version_id) if is_versioned(table) else _Images(table, row)
    _require_untouched(connection, steps.touched(), number)
    require_unnamed(connection, table, steps.made())
    version = next_version(connection, f"撤销导入 {number} · Import {number} undone", created_by)
    counts = {
        "closed": connection.execute(delete(table).where(steps.made())).rowcount,
        "changed": connection.execute(steps.restore()).rowcount,
        "new": connection.execute(
            steps.put_back(), execution_options={"preserve_rowcount": True}
        ).rowcount,
    }
    own = remember(
        connection, kind=row.kind, file=row.file, counts=counts, version_id=version, undoes=number,
        created_by=created_by,
    )  # fmt: skip
    return own, counts


def _require_untouched(connection: Connection, touched: Select[Any], number: int) -> None:
    codes = connection.scalars(touched.limit(SHOWN + 1)).all()
    if codes:
        shown = ", ".join(codes[:SHOWN]) + (" …" if len(codes) > SHOWN else "")
        raise ConflictError(
            f"Rows of import {number} have been changed since ({shown}); undo what came later "
            "first.",
            f"导入 {number} 的记录之后又有改动（{shown}），请先撤销较晚的导入。",
        )


class _Steps(Protocol):
    """What undoing asks of either kind of table."""

    def made(self) -> ColumnElement[bool]:
        """Pick the rows that the import made."""

    def touched(self) -> Select[Any]:
        """Select the codes of rows that are no longer as the import left them."""

    def restore(self) -> Update:
        """Give changed rows what they held before."""

    def put_back(self) -> Insert:
        """Add the rows that the import closed."""


class _Versions:
    """Undoing from the history of a versioned table."""

    def __init__(self, table: Table, version: int) -> None:
        self.table, self.version = table, version
        # Named apart: of two tables of one name SQLAlchemy aliases one, and not everywhere.
        self.past = metadata.tables[f"{HISTORY}.{table.name}"].alias("past")
        self.names = [column.name for column in own_columns(table)]

    def made(self) -> ColumnElement[bool]:
        before = exists().where(
            self.past.c.code == self.table.c.code, self.past.c.version_to == self.version
        )
        return and_(self.table.c.version_from == self.version, not_(before))

    def touched(self) -> Select[Any]:
        again = exists().where(
            self.table.c.code == self.past.c.code, self.table.c.version_from > self.version
        )
        return select(self.past.c.code).where(
            or_(
                self.past.c.version_from == self.version,
                and_(self.past.c.version_to == self.version, again),
            )
        )

    def restore(self) -> Update:
        return (
            update(self.table)
            .where(
                self.table.c.code == self.past.c.code,
                self.table.c.version_from == self.version,
                self.past.c.version_to == self.version,
            )
            .values({name: self.past.c[name] for name in self.names if name != "code"})
        )

    def put_back(self) -> Insert:
        held = exists().where(self.table.c.code == self.past.c.code)
        gone = select(*(self.past.c[name] for name in self.names)).where(
            self.past.c.version_to == self.version, not_(held)
        )
        return insert(self.table).from_select(self.names, gone)


class _Images:
    """Undoing of rows without a history, from the images that the import kept."""

    def __init__(self, table: Table, row: AnyRow) -> None:
        self.table = table
        self.rows = select(imported_row).where(imported_row.c.import_id == row.id).subquery("rows")

    def made(self) -> ColumnElement[bool]:
        return exists().where(self.rows.c.code == self.table.c.code, self.rows.c.before.is_(None))

    def touched(self) -> Select[Any]:
        joined = self.rows.outerjoin(self.table, self.table.c.code == self.rows.c.code)
        return (
            select(self.rows.c.code)
            .select_from(joined)
            .where(_image(self.table).is_distinct_from(self.rows.c.after))
        )

    def restore(self) -> Update:
        values = {
            column.name: _value(self.rows.c.before, column)
            for column in own_columns(self.table)
            if column.name != "code"
        }
        return (
            update(self.table)
            .where(self.table.c.code == self.rows.c.code, self.rows.c.before.is_not(None))
            .values(values)
        )

    def put_back(self) -> Insert:
        # What happened is never closed by an import, so nothing is to be put back.
        names = [column.name for column in own_columns(self.table)]
        nothing = select(*(self.table.c[name] for name in names)).where(false())
        return insert(self.table).from_select(names, nothing)
