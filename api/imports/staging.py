"""Rows on their way in: staged beside the table, compared with it, and moved over in one step.

Everything happens in the caller's transaction: until it commits nobody sees anything, and a
process that dies leaves nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from geoalchemy2 import Geometry
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    case,
    cast,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    text,
    tuple_,
    update,
)

from api.db import copy_rows
from api.imports.places import keep_places
from api.imports.rules import find_rejects
from layers.tables import SRID, area, metadata
from layers.transfer.errors import TransferError
from layers.transfer.kinds import Kind
from layers.transfer.rejects import Reject

NAME = "incoming"


@dataclass(frozen=True, slots=True)
class Difference:
    """How many rows would be new, changed, unchanged or closed."""

    new: int
    changed: int
    unchanged: int
    closed: int

    @property
    def is_nothing(self) -> bool:
        """Whether the database would stay as it is."""
        return not (self.new or self.changed or self.closed)


def own_columns(table: Table) -> list[Column[Any]]:
    """Return a table's columns that are written: not generated, not the version's stamp."""
    return [c for c in table.columns if c.computed is None and c.name != "version_from"]


class Staging:
    """The rows of one file, beside the table that they are for.

    Parameters
    ----------
    connection
        In a transaction; the staged rows end with it.
    kind
        What is imported.
    prefix
        Code of the area whose absent rows are closed; null: none are.

    Raises
    ------
    TransferError
        If there is no such area, or rows of this kind lie in none.
    """

    def __init__(self, connection: Connection, kind: Kind, prefix: str | None = None) -> None:
        self.connection, self.kind, self.prefix = connection, kind, prefix
        self.target = metadata.tables[kind.table]
        self.columns = own_columns(self.target)
        if prefix is not None:
            self._require_area(prefix)
        defaults = {field.name: field.default for field in kind.fields}
        self.incoming = Table(
            NAME,
            MetaData(),
            Column("row", BigInteger),
            *(Column(c.name, _type(c), server_default=defaults.get(c.name)) for c in self.columns),
            prefixes=["TEMPORARY"],
            postgresql_on_commit="DROP",
        )
        self.incoming.create(connection)
        self.given: set[str] = set()
        # Whether coordinates were brought here from another system.
        self.moved = False
        # Whether a code stands more than once.
        self.repeats = False

    def _require_area(self, code: str) -> None:
        """Refuse a code that is no area's: of an empty one everything would be absent."""
        self.scope(self.target)
        if not self.connection.scalar(select(exists().where(area.c.code == code))):
            raise TransferError(
                f"There is no area “{code}” to replace.",
                cure="Give the code of a county, town or village that is in the database.",
                zh=f"没有要替换的区划“{code}”，请写库中已有的县、乡镇或村的编码。",
            )

    def add(self, rows: pa.Table) -> None:
        """Stage a batch."""
        if self.kind.fixed:
            fixed = pa.array([self.kind.named] * len(rows), pa.string())
            rows = rows.append_column(self.kind.fixed, fixed)
        self.given |= set(rows.column_names)
        copy_rows(self.connection, NAME, rows)

    def settle(self) -> tuple[list[Reject], int]:
        """Make the staged rows whole, and take those away that cannot come in.

        Returns
        -------
        rejects, repeated
            Rows rejected by what other rows or the database say; and how many equal rows were
            read as one.
        """
        self._number_repeats()
        self._prefix_codes()
        self.connection.execute(text(f"CREATE INDEX ON {NAME} (code)"))
        self.connection.execute(text(f"ANALYZE {NAME}"))
        repeated = self._merge_repeats()
        self._complete()
        rejects = find_rejects(self)
        if rejects:
            rows = sorted({reject.row for reject in rejects})
            self.connection.execute(
                delete(self.incoming).where(
                    self.incoming.c.row == func.any(literal(rows, ARRAY(BigInteger)))
                )
            )
        if "geom" in self.given:
            keep_places(self.connection, self.incoming, self.target, moved=self.moved)
        return rejects, repeated

    # -- making rows whole -----------------------------------------------------------------------

    def _number_repeats(self) -> None:
        """Tell rows apart that are equal in all that their code was made of."""
        if not self.kind.repeats:
            return
        rows = self.incoming
        place = func.row_number().over(partition_by=rows.c.code, order_by=rows.c.row)
        numbered = select(rows.c.row, place.label("place")).subquery()
        self.connection.execute(
            update(rows)
            .where(rows.c.row == numbered.c.row, numbered.c.place > 1, _made(rows.c.code))
            .values(code=rows.c.code + "-" + cast(numbered.c.place, Text))
        )

    def _prefix_codes(self) -> None:
        """Give the rows of a named layer codes of its own: every layer numbers from one."""
        if not self.kind.fixed:
            return
        rows, held = self.incoming, self.target
        own = exists().where(held.c.code == rows.c.code, held.c[self.kind.fixed] == self.kind.named)
        prefix = f"{self.kind.named}/"
        self.connection.execute(
            update(rows)
            .where(not_(func.starts_with(rows.c.code, prefix)), not_(own))
            .values(code=literal(prefix) + rows.c.code)
        )

    def _merge_repeats(self) -> int:
        rows, other = self.incoming, self.incoming.alias("other")
        self.repeats = bool(self.connection.scalar(select(exists(self.twice()))))
        if not self.repeats:
            return 0
        same = [rows.c[c.name].is_not_distinct_from(other.c[c.name]) for c in self.columns]
        done = self.connection.execute(
            delete(rows).where(
                rows.c.row.in_(
                    select(rows.c.row)
                    .join(other, rows.c.code == other.c.code)
                    .where(rows.c.row > other.c.row, *same)
                )
            )
        )
        return done.rowcount

    def twice(self) -> Select[tuple[Any]]:
        """Select the codes that stand more than once."""
        code = self.incoming.c.code
        return select(code).group_by(code).having(func.count() > 1)

    def _complete(self) -> None:
        """Let rows that are there already keep what the file does not speak of."""
        silent = [c.name for c in self.columns if c.name not in self.given]
        rows, held = self.incoming, self.target
        if silent:
            self.connection.execute(
                update(rows)
                .where(rows.c.code == held.c.code)
                .values({name: held.c[name] for name in silent})
            )
        if self.kind.name == "grids":
            village = select(area.c.kind).where(area.c.code == rows.c.area_code).scalar_subquery()
            kind = case((village == "community", "community"), else_="rural")
            self.connection.execute(update(rows).where(rows.c.kind.is_(None)).values(kind=kind))

    # -- the difference --------------------------------------------------------------------------

    def scope(self, table: Any) -> ColumnElement[str]:  # noqa: ANN401 - table or alias
        """Return the code by which a row lies in an area.

        Raises
        ------
        TransferError
            If rows of this kind lie in no area.
        """
        name = SCOPES.get(self.kind.name)
        if name is None:
            raise TransferError(
                f"{self.kind.title} cannot be replaced by area: they lie in none.",
                cure="Import without --replace; what is absent stays.",
                zh=f"{self.kind.zh}不属于任何区划，不能按区划替换；不替换即可，缺少的会保留。",
            )
        found: ColumnElement[str] = table.c[name]
        return found

    def _absent(self) -> ColumnElement[bool]:
        if self.prefix is None:
            return false()
        held, rows = self.target, self.incoming
        return and_(
            func.starts_with(self.scope(held), self.prefix),
            not_(exists().where(rows.c.code == held.c.code)),
        )

    def _differs(self) -> ColumnElement[bool]:
        names = [column.name for column in self.columns if column.name != "code"]
        ours = tuple_(*(self.incoming.c[name] for name in names))
        theirs = tuple_(*(self.target.c[name] for name in names))
        return ours.is_distinct_from(theirs)

    def difference(self) -> Difference:
        """Count what would change."""
        rows, held = self.incoming, self.target
        joined = rows.outerjoin(held, held.c.code == rows.c.code)
        is_new = held.c.code.is_(None)
        new, changed, all_ = self.connection.execute(
            select(
                func.count().filter(is_new),
                func.count().filter(not_(is_new), self._differs()),
                func.count(),
            ).select_from(joined)
        ).one()
        closed = self.connection.scalar(
            select(func.count()).select_from(held).where(self._absent())
        )
        return Difference(new, changed, all_ - new - changed, closed or 0)

    def unlocated(self) -> int:
        """Count the rows that have no place."""
        placeless = self.incoming.c.geom.is_(None)
        return self.connection.scalar(
            select(func.count()).select_from(self.incoming).where(placeless)
        ) or 0  # fmt: skip

    def changes(self, most: int) -> list[tuple[str, str, bytes | None]]:
        """Return what would change: ``new``, ``changed`` or ``closed``, the code, WKB.

        Parameters
        ----------
        most
            At most so many rows of each.
        """
        rows, held = self.incoming, self.target
        if "geom" not in held.c:
            return []
        joined = rows.outerjoin(held, held.c.code == rows.c.code)
        wkb = func.ST_AsBinary
        is_new = held.c.code.is_(None)
        state = case((is_new, "new"), else_="changed")
        came = (
            select(state, rows.c.code, wkb(rows.c.geom))
            .select_from(joined)
            .where(or_(is_new, self._differs()), rows.c.geom.is_not(None))
        )
        gone = select(literal("closed"), held.c.code, wkb(held.c.geom)).where(
            self._absent(), held.c.geom.is_not(None)
        )
        found: list[tuple[str, str, bytes | None]] = []
        for statement in (came, gone):
            # Spread over all of them, and the same ones every time.
            some = statement.order_by(func.md5(statement.selected_columns[1])).limit(most)
            found += [(row[0], row[1], row[2]) for row in self.connection.execute(some)]
        return found

    # -- moving over -----------------------------------------------------------------------------

    def require_closable(self) -> None:
        """Refuse to close rows that others still name.

        Raises
        ------
        TransferError
            Naming how many rows of which table do.
        """
        if self.prefix is None:
            return
        require_unnamed(self.connection, self.target, self._absent())

    def apply(self) -> None:
        """Close, change and add rows; the caller has opened a coverage version."""
        rows, held = self.incoming, self.target
        names = [column.name for column in self.columns]
        if self.prefix is not None:
            self.connection.execute(delete(held).where(self._absent()))
        self.connection.execute(
            update(held)
            .where(held.c.code == rows.c.code, self._differs())
            .values({name: rows.c[name] for name in names if name != "code"})
        )
        # In the order of the code, so that neighbours in the indexes come one after another.
        new = select(*(rows.c[name] for name in names)).order_by(rows.c.code)
        if self.connection.scalar(select(exists(select(held.c.code)))):
            new = new.where(not_(exists().where(held.c.code == rows.c.code)))
        self.connection.execute(insert(held).from_select(names, new))


# By which column a row lies in an area.
SCOPES: Mapping[str, str] = {
    "areas": "code", "grids": "code", "units": "code", "households": "area_code",
    "branches": "area_code",
}  # fmt: skip


def _type(column: Column[Any]) -> Any:  # noqa: ANN401 - a column's type
    if isinstance(column.type, Geometry):
        return Geometry("GEOMETRY", srid=SRID, spatial_index=False)
    return column.type


def _made(code: ColumnElement[str]) -> ColumnElement[bool]:
    """Tell the codes that were made of a row's own values: twenty hexadecimal digits."""
    return code.op("~")("^[0-9a-f]{20}$")


def require_unnamed(connection: Connection, target: Table, gone: ColumnElement[bool]) -> None:
    """Refuse to take rows away that others name.

    Parameters
    ----------
    target
        The table.
    gone
        Which of its rows are to go.

    Raises
    ------
    TransferError
        Naming how many rows of which table do.
    """
    held = []
    for table in metadata.tables.values():
        for key in table.foreign_keys:
            if key.column.table is not target or table.schema:
                continue
            names = select(target.c.code).where(gone).correlate(None)
            stays = [not_(gone)] if table is target else []
            n = connection.scalar(
                select(func.count()).select_from(table).where(key.parent.in_(names), *stays)
            )
            if n:
                held.append(f"{n:,} of {table.name}.{key.parent.name}")
    if held:
        raise TransferError(
            f"Rows that would be taken away are still named by {', '.join(held)}.",
            cure="Import the new rows first, then what names the old ones, and replace last; or "
            "undo later imports first.",
            zh=f"要去掉的记录还被引用：{'、'.join(held)}。请先导入新记录和引用它们的数据，最后再替换；或者不替换。",
        )
