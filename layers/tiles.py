"""A tile's address, what a reader may see of it, and how its rows are asked for.

Nothing here knows a layer, a role or HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, FromClause, Select, func, or_, select, true

from geo.generalize import WORLD_M

EXTENT = 4096
# A symbol or a line's width reaches over the tile's edge by this many of the tile's 4096 units.
BUFFER = 128
MAX_ZOOM = 22


@dataclass(frozen=True, slots=True)
class Window:
    """What a map shows: a box, and the zoom whose detail it is shown in.

    ``bounds`` are left, bottom, right, top in metres of EPSG:3857.
    """

    z: int
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile's address."""

    z: int
    x: int
    y: int

    def exists(self) -> bool:
        """Tell whether the address is one of the pyramid's.

        Examples
        --------
        >>> Tile(1, 1, 1).exists(), Tile(1, 2, 0).exists()
        (True, False)
        """
        side = 2**self.z if 0 <= self.z <= MAX_ZOOM else 0
        return 0 <= self.x < side and 0 <= self.y < side

    def window(self, margin: float = BUFFER / EXTENT) -> Window:
        """Return the tile's square, widened on each side by ``margin`` of its own side.

        Examples
        --------
        >>> [round(edge) for edge in Tile(1, 1, 0).window(0).bounds]
        [0, 0, 20037508, 20037508]
        """
        side = WORLD_M / 2**self.z
        left, top = self.x * side - WORLD_M / 2, WORLD_M / 2 - self.y * side
        far = side * margin
        return Window(self.z, (left - far, top - side - far, left + side + far, top + far))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reader may see: codes that begin with ``prefix``; ``individual``: single households.

    ``sensitive``: who of them is a member, has a need, and is kept in contact with (PIPL art. 28).
    Two readers with equal scopes are shown the same bytes, so a cache may key on it.
    """

    prefix: str = ""
    individual: bool = False
    sensitive: bool = False

    def within(self, code: ColumnElement[str]) -> ColumnElement[bool]:
        """Pick rows inside the reader's area."""
        return func.starts_with(code, self.prefix) if self.prefix else true()

    def filed(
        self, grid_code: ColumnElement[Any], area_code: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """Pick rows that are on the list of a grid or a village of the reader's area.

        What no grid has on its list still belongs to its village's officer.
        """
        return or_(self.within(grid_code), self.within(area_code))

    def around(self, code: ColumnElement[str]) -> ColumnElement[bool]:
        """Pick rows inside his area, and the areas that his lies in, for context."""
        if not self.prefix:
            return true()
        return or_(func.starts_with(code, self.prefix), func.starts_with(self.prefix, code))


Columns = Mapping[str, ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Features:
    """What a layer shows in a window, not yet asked for: as a vector tile, or as rows.

    Attributes
    ----------
    name
        Of the layer inside a vector tile.
    window
        Where, and in the detail of which zoom.
    shape
        What is drawn, in EPSG:3857.
    columns
        What is told of each.
    where
        Which rows.
    source
        What the rows come from, where that does not follow from the columns.
    stored
        The indexed column that ``shape`` is made from, where it is made from one.
    buffer
        How far over its edge a vector tile holds them.
    """

    name: str
    window: Window
    shape: ColumnElement[Any]
    columns: Columns
    where: Sequence[ColumnElement[bool]] = ()
    source: FromClause | None = None
    stored: ColumnElement[Any] | None = None
    buffer: int = BUFFER

    def mvt(self, tile: Tile) -> Select[bytes]:
        """Return the statement whose single value is the vector tile."""
        clipped = func.ST_AsMVTGeom(self.shape, envelope(tile), EXTENT, self.buffer, True)
        found = self._picked(clipped).subquery("found")
        drawn = select(found).where(found.c.geom.is_not(None)).subquery("drawn")
        return select(func.ST_AsMVT(drawn.table_valued(), self.name, EXTENT, "geom"))

    def rows(self) -> Select[*tuple[Any, ...]]:
        """Return the statement for rows: ``geom`` as WKB (EPSG:3857), and the columns.

        A shape is whole: cut at the window's edge, its dashes would begin anew in every picture.
        """
        return self._picked(func.ST_AsBinary(self.shape))

    def _picked(self, shape: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
        columns = (column.label(key) for key, column in self.columns.items())
        rows = select(shape.label("geom"), *columns)
        if self.source is not None:
            rows = rows.select_from(self.source)
        # && alone lets the index decide (on the stored column, where the shape is made from it);
        # what it lets in beside is clipped away.
        indexed = self.shape if self.stored is None else self.stored
        return rows.where(near(indexed, self.window), *self.where)


def envelope(tile: Tile) -> ColumnElement[Any]:
    """Return a tile's square in EPSG:3857."""
    return func.ST_TileEnvelope(tile.z, tile.x, tile.y)


def near(shape: ColumnElement[Any], window: Window) -> ColumnElement[bool]:
    """Pick what an index finds in a window."""
    box = func.ST_MakeEnvelope(*window.bounds, 3857)
    return shape.op("&&", return_type=Boolean())(box)
