"""Which rows an export has: of a kind, now or at a coverage version, in an area, by code."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    exists,
    false,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)

from layers.tables import (
    HISTORY,
    appointment,
    area,
    coverage_version,
    grid,
    household,
    metadata,
    party_branch,
    versioned_tables,
)
from layers.transfer import Kind, TransferError

# Which kinds lie in an area by their own code.
BY_CODE = ("areas", "grids", "units")


class Rows:
    """The rows of one kind that are to be exported.

    Parameters
    ----------
    kind
        What is exported.
    version
        A coverage version; null: what is in the tables now.
    area_code
        The code of an area, or of a grid; null: everywhere.
    is_grid
        Whether it is a grid's.

    Raises
    ------
    TransferError
        If there are no versions of the kind.
    """

    def __init__(
        self, kind: Kind, version: int | None, area_code: str | None, *, is_grid: bool = False
    ) -> None:
        if version is not None and kind.table not in versioned_tables:
            raise TransferError(
                f"{kind.en} have no versions: they are a record that only grows.",
                cure="Leave --version out.",
                zh=f"{kind.zh}没有历史版本：记录只增不改。请选“现在”。",
            )
        self.kind, self.version, self.area_code = kind, version, area_code
        self.within_table = grid if is_grid else area
        self.held = self.at(metadata.tables[kind.table])

    def at(self, table: Table) -> FromClause:
        """Return a table as it was at the version."""
        if self.version is None:
            return table.alias()
        names = [c.name for c in table.columns if c.computed is None]
        # Named apart: the twin in the schema of history has the table's own name.
        past = metadata.tables[f"{HISTORY}.{table.name}"].alias("past")
        now = select(*(table.c[name] for name in names)).where(table.c.version_from <= self.version)
        then = select(*(past.c[name] for name in names)).where(
            past.c.version_from <= self.version, past.c.version_to > self.version
        )
        return union_all(now, then).subquery()

    def statement(self) -> Select[Any]:
        """Select the kind's fields in their order, then WKB where it has shapes; by code."""
        columns: list[ColumnElement[Any]] = [self.held.c[f.name] for f in self.kind.fields]
        if self.kind.shapes != "none":
            columns.append(func.ST_AsBinary(self.held.c.geom))
        # In the order of bytes: the same on every server.
        return select(*columns).where(self.chosen()).order_by(self.held.c.code.collate("C"))

    def chosen(self) -> ColumnElement[bool]:
        """Pick the rows of the named layer that lie in the area."""
        picked = [self.within(self.area_code)] if self.area_code else []
        if self.kind.fixed:
            picked.append(self.held.c[self.kind.fixed] == self.kind.named)
        return and_(*picked) if picked else true()

    # -- lying in an area ------------------------------------------------------------------------

    def within(self, code: str) -> ColumnElement[bool]:
        """Pick rows that lie in an area: by what they are recorded in, or by their shape."""
        held, name = self.held, self.kind.name
        if name in BY_CODE:
            return func.starts_with(held.c.code, code)
        if name in ("households", "branches"):
            return self._recorded(held, code)
        if name == "people":
            return or_(self._lives(code), self._serves(code))
        if name == "members":
            return or_(self._lives(code), self._belongs(code))
        if name == "appointments":
            return or_(*_starts(held, code), self._belongs(code))
        if name in ("links", "visits"):
            return self._lives(code)
        if name == "incidents":
            return self._happened(code)
        return func.coalesce(func.ST_Intersects(held.c.geom, self._shape(code)), false())

    def _recorded(self, table: FromClause, code: str) -> ColumnElement[bool]:
        """Pick rows by the village, or by the grid, that they are recorded in."""
        named = table.c.grid_code if self.within_table is grid else table.c.area_code
        return func.starts_with(func.coalesce(named, ""), code)

    def _lives(self, code: str) -> ColumnElement[bool]:
        home = self.at(household)
        return exists().where(home.c.code == self.held.c.household_code, self._recorded(home, code))

    def _belongs(self, code: str) -> ColumnElement[bool]:
        branch = self.at(party_branch)
        return exists().where(
            branch.c.code == self.held.c.branch_code, self._recorded(branch, code)
        )

    def _serves(self, code: str) -> ColumnElement[bool]:
        office = self.at(appointment)
        return exists().where(office.c.person_code == self.held.c.code, or_(*_starts(office, code)))

    def _happened(self, code: str) -> ColumnElement[bool]:
        """Pick incidents recorded in the area, or recorded nowhere and on its ground."""
        held = self.held.c
        nowhere = and_(held.grid_code.is_(None), held.household_code.is_(None))
        on_ground = func.coalesce(func.ST_Covers(self._shape(code), held.geom), false())
        recorded = func.starts_with(func.coalesce(held.grid_code, ""), code)
        return or_(recorded, self._lives(code), and_(nowhere, on_ground))

    def place(self) -> FromClause:
        """Return the table that the area stands in: as it was, where there is a version."""
        return self.within_table if self.version is None else self.at(self.within_table)

    def _shape(self, code: str) -> ColumnElement[Any]:
        place = self.at(self.within_table)
        return select(place.c.geom).where(place.c.code == code).scalar_subquery()


def _starts(table: FromClause, code: str) -> list[ColumnElement[bool]]:
    """Return whether an appointment is to the area, to a grid in it, or to a unit in it."""
    places = (table.c.area_code, table.c.grid_code, table.c.unit_code)
    return [func.starts_with(func.coalesce(place, ""), code) for place in places]


# -- what the options must be --------------------------------------------------------------------


def is_grid(connection: Connection, code: str) -> bool:
    """Tell whether a code is a grid's."""
    return bool(connection.scalar(select(exists().where(grid.c.code == code))))


def require_known(connection: Connection, rows: Rows) -> None:
    """Refuse a version, an area or a named layer that there is not.

    Raises
    ------
    TransferError
        Naming what there is.
    """
    if rows.version is not None:
        _require_version(connection, rows)
    if rows.area_code is not None:
        held = rows.place()
        if not connection.scalar(select(exists().where(held.c.code == rows.area_code))):
            raise TransferError(
                f"There is no area {rows.area_code}.",
                cure="Give the code of the county, a town, a village or a grid.",
                zh=f"没有区划 {rows.area_code}（或当时还没有）。请给出县、乡镇、村或网格的编码。",
            )
    if rows.kind.fixed:
        _require_layer(connection, rows)


def _require_version(connection: Connection, rows: Rows) -> None:
    last = connection.scalar(select(func.max(coverage_version.c.id)))
    there = exists().where(coverage_version.c.id == rows.version)
    if not connection.scalar(select(there)):
        raise TransferError(
            f"There is no coverage version {rows.version}.",
            cure=f"The last one is {last}.",
            zh=f"没有版本 {rows.version}，最新的是 {last}。",
        )


def _require_layer(connection: Connection, rows: Rows) -> None:
    known = named_layers(connection, rows.kind)
    if rows.kind.named not in known:
        raise TransferError(
            f"There is no layer {rows.kind.title}.",
            cure=f"There are: {', '.join(known)}." if known else "None has been imported.",
            zh=f"没有图层 {rows.kind.title}。"
            + (f"现有：{'、'.join(known)}。" if known else "还没有导入过。"),
        )


def named_layers(connection: Connection, kind: Kind) -> list[str]:
    """Return the names of the layers that there are of a kind which goes by names."""
    name = metadata.tables[kind.table].c[str(kind.fixed)]
    return list(connection.scalars(select(name).distinct().order_by(name)))


def count_rows(connection: Connection, rows: Rows) -> tuple[int, int]:
    """Return how many rows there are, and how many of them have a shape."""
    shaped = rows.kind.shapes != "none"
    counts = [func.count(), func.count(rows.held.c.geom if shaped else null())]
    found = connection.execute(select(*counts).select_from(rows.held).where(rows.chosen())).one()
    return int(found[0]), int(found[1])


def shape_types(connection: Connection, rows: Rows) -> set[str]:
    """Return which types of shapes there can be, such as ``LineString``; none in a list."""
    held = {"points": {"Point"}, "polygons": {"MultiPolygon"}, "none": set[str]()}
    if rows.kind.shapes in held:
        return held[rows.kind.shapes]
    kind = func.ST_GeometryType(rows.held.c.geom)
    found = connection.scalars(select(kind).where(rows.chosen()).distinct())
    return {name.removeprefix("ST_") for name in found if name}
