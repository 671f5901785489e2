"""What of a GeoPackage would be computed instead of read: views, and columns made by a formula.

A GeoPackage is a database, and a view in it may run for ever, or make a gigabyte of each row. The
layer that is meant, and the tables that say what layers there are, must be what is stored.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from layers.transfer.errors import TransferError, not_spatial

MAGIC = b"SQLite format 3\0"
# Tables of the format itself begin so.
OWN = "gpkg_"


def computed_tables(path: Path) -> set[str]:
    """Return the names, in small letters, of what a GeoPackage computes; empty for other files.

    Raises
    ------
    TransferError
        If the format's own tables are among them, or it is no database that can be read.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return set()
    # Immutable: nothing is written beside the file, and nobody waits for a lock.
    place = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(place, uri=True)) as connection:
            connection.text_factory = lambda data: data.decode(errors="replace")
            tables = connection.execute(
                "SELECT name, type = 'view' OR sql LIKE 'CREATE VIRTUAL%' FROM sqlite_master "
                "WHERE type IN ('table', 'view')"
            ).fetchall()
            found = {name.lower() for name, view in tables if view or _is_made(connection, name)}
    except sqlite3.Error as error:
        raise not_spatial() from error
    # The index of places is a virtual table of each layer, and asked by its own name alone.
    if any(name.startswith(OWN) for name in found):
        raise _computed("gpkg_contents")
    return found


def require_stored(layer: str, computed: set[str]) -> None:
    """Refuse a layer that is computed.

    Raises
    ------
    TransferError
        Naming it.
    """
    if layer.lower() in computed:
        raise _computed(layer)


def _is_made(connection: sqlite3.Connection, table: str) -> bool:
    """Tell whether a column of a table is made by a formula: SQLite hides it from most lists."""
    columns = connection.execute("SELECT hidden FROM pragma_table_xinfo(?)", (table,))
    return any(hidden for (hidden,) in columns)


def _computed(layer: str) -> TransferError:
    return TransferError(
        f"“{layer}” is a view of the GeoPackage, or has columns made by a formula.",
        cure="Export it as a layer of its own.",
        zh=f"“{layer}”是 GeoPackage 里的视图，或含有公式列。请先导出为普通图层。",
    )
