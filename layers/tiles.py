"""A tile's address, what a reader may see of it, and how rows become its bytes.

Nothing here knows a layer, a role or HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, ColumnElement, FromClause, Select, func, or_, select, true

EXTENT = 4096
# A symbol or a line's width reaches over the tile's edge by this many of the tile's 4096 units.
BUFFER = 128
MAX_ZOOM = 22


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


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reader may see: codes that begin with ``prefix``; ``individual``: single households.

    Two readers with equal scopes are shown the same bytes, so a cache may key on it.
    """

    prefix: str = ""
    individual: bool = False

    def within(self, code: ColumnElement[str]) -> ColumnElement[bool]:
        """Pick rows inside the reader's area."""
        return func.starts_with(code, self.prefix) if self.prefix else true()

    def around(self, code: ColumnElement[str]) -> ColumnElement[bool]:
        """Pick rows inside his area, and the areas that his lies in, for context."""
        if not self.prefix:
            return true()
        return or_(func.starts_with(code, self.prefix), func.starts_with(self.prefix, code))


Columns = Mapping[str, ColumnElement[Any]]


def envelope(tile: Tile, buffer: int = 0) -> ColumnElement[Any]:
    """Return a tile's square in EPSG:3857, widened by ``buffer`` of its :data:`EXTENT` units."""
    return func.ST_TileEnvelope(
        tile.z, tile.x, tile.y, func.ST_TileEnvelope(0, 0, 0), buffer / EXTENT
    )


def near(shape: ColumnElement[Any], tile: Tile, buffer: int = BUFFER) -> ColumnElement[bool]:
    """Pick what an index finds in a tile's square."""
    return shape.op("&&", return_type=Boolean())(envelope(tile, buffer))


def encode(
    name: str,
    tile: Tile,
    shape: ColumnElement[Any],
    columns: Columns,
    *where: ColumnElement[bool],
    source: FromClause | None = None,
    stored: ColumnElement[Any] | None = None,
) -> Select[bytes]:
    """Turn columns and a geometry in EPSG:3857 into one tile; rows are picked with the buffer.

    Parameters
    ----------
    name
        Of the layer inside the tile.
    shape
        What is drawn.
    where
        Which rows.
    source
        What the rows come from, where that does not follow from the columns.
    stored
        The indexed column that ``shape`` is made from, where it is made from one.
    """
    clipped = func.ST_AsMVTGeom(shape, envelope(tile), EXTENT, BUFFER, True).label("geom")
    rows = select(clipped, *(column.label(key) for key, column in columns.items()))
    if source is not None:
        rows = rows.select_from(source)
    # && alone lets the index decide (on the stored column, where the shape is made from it);
    # what it lets in beside is clipped away.
    picked = near(shape if stored is None else stored, tile)
    found = rows.where(picked, *where).subquery("found")
    drawn = select(found).where(found.c.geom.is_not(None)).subquery("drawn")
    return select(func.ST_AsMVT(drawn.table_valued(), name, EXTENT, "geom"))
