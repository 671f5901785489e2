"""Shapes that come back as they went: told by their vertices, and left as they are stored.

Without this, a layer that was exported in another coordinate system or as a Shapefile, and sent
back, would be a new version of every row; and where only some rows come back, borders would no
longer meet bit for bit.
"""

import numpy as np
import shapely
from sqlalchemy import ARRAY, ColumnElement, Connection, Table, Text, and_, func, literal, select
from sqlalchemy import update as update_rows

from geo.same import are_same

# Degrees, a tenth of a micrometre. To any system and back a vertex moves by less than 1e-13.
RETURNED = 1e-12
BATCH = 20_000


def keep_places(connection: Connection, incoming: Table, held: Table, *, moved: bool) -> int:
    """Give staged rows the stored shape, where theirs is the same.

    Parameters
    ----------
    connection
        In a transaction.
    incoming
        The staged rows.
    held
        The table that they are for; both have ``code`` and ``geom``.
    moved
        Whether the coordinates come from another system than the stored one. If not, vertices
        must be equal bit for bit: whoever corrects the last one means it.

    Returns
    -------
    int
        How many shapes were given.
    """
    tolerance = RETURNED if moved else 0.0
    ours, theirs = incoming.c.geom, held.c.geom
    pairs = (
        select(incoming.c.code, func.ST_AsBinary(ours), func.ST_AsBinary(theirs))
        .join(held, held.c.code == incoming.c.code)
        .where(_may_be_same(ours, theirs, tolerance))
    )
    kept = 0
    options = {"stream_results": True, "yield_per": BATCH}
    with connection.execute(pairs, execution_options=options) as result:
        for part in result.partitions():
            names, came, stood = (np.array(each, dtype=object) for each in zip(*part, strict=True))
            same = are_same(shapely.from_wkb(came), shapely.from_wkb(stood), tolerance)
            # What is given now does not move the cursor: it sees the rows as it found them.
            _give(connection, incoming, held, names[same].tolist())
            kept += int(same.sum())
    return kept


def _give(connection: Connection, incoming: Table, held: Table, codes: list[str]) -> None:
    if codes:
        connection.execute(
            update_rows(incoming)
            .where(
                incoming.c.code == held.c.code,
                incoming.c.code == func.any(literal(codes, ARRAY(Text))),
            )
            .values(geom=held.c.geom)
        )


def _may_be_same(
    ours: ColumnElement[object], theirs: ColumnElement[object], tolerance: float
) -> ColumnElement[bool]:
    """Pick pairs that differ, and have as many vertices in the same box."""
    edges = (func.ST_XMin, func.ST_YMin, func.ST_XMax, func.ST_YMax)
    return and_(
        ours.is_distinct_from(theirs),
        func.ST_NPoints(ours) == func.ST_NPoints(theirs),
        *(func.abs(edge(ours) - edge(theirs)) <= tolerance for edge in edges),
    )
