"""Rings that are not closed: read as if they were, and said where.

GEOS refuses such a ring, and with it the whole layer. Here the row is read with the ring closed by
a straight line, and the ring's first vertex is kept, so that the check can say where to look.
"""

import re
import struct

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Point

Geometries = NDArray[np.object_]
# ISO adds 1000 for Z, 2000 for M and 3000 for both; the older dialect sets the highest bits.
HAS_Z, HAS_M, HAS_SRID = 0x80000000, 0x40000000, 0x20000000
POINT, LINE, POLYGON = 1, 2, 3
COLLECTIONS = (4, 5, 6, 7)


def read_wkb(blobs: Geometries) -> tuple[Geometries, dict[int, Point]]:
    """Read WKB.

    Parameters
    ----------
    blobs
        ``bytes``, or null.

    Returns
    -------
    shapes, opened
        Null where a blob is null or cannot be read; and of each row that had a ring not closed,
        counted from 0, the first vertex of the first such ring.
    """
    # NaN is met again where the row's coordinates are looked at.
    with np.errstate(invalid="ignore"):
        try:
            return np.asarray(shapely.from_wkb(blobs), dtype=object), {}
        except shapely.errors.GEOSException:
            strict = shapely.from_wkb(blobs, on_invalid="ignore")
            mended = shapely.from_wkb(blobs, on_invalid="fix")
    return mended, _opened(strict, mended, [_open_in_wkb(blob) for blob in blobs])


def read_wkt(words: Geometries) -> tuple[Geometries, dict[int, Point]]:
    """Read WKT, as :func:`read_wkb` does WKB.

    Parameters
    ----------
    words
        Text, or null.
    """
    strict = np.asarray(shapely.from_wkt(words, on_invalid="ignore"), dtype=object)
    lost = np.flatnonzero(shapely.is_missing(strict))
    mended = strict.copy()
    mended[lost] = shapely.from_wkt(words[lost], on_invalid="fix")
    places: list[Point | None] = [None] * len(words)
    for row in lost.tolist():
        places[row] = _open_in_wkt(str(words[row]))
    return mended, _opened(strict, mended, places)


def _opened(strict: Geometries, mended: Geometries, places: list[Point | None]) -> dict[int, Point]:
    rows = np.flatnonzero(shapely.is_missing(strict) & ~shapely.is_missing(mended))
    return {row: place for row in rows.tolist() if (place := places[row]) is not None}


def _open_in_wkt(words: str) -> Point | None:
    for ring in re.findall(r"\(([^()]+)\)", words):
        points = [vertex.split()[:2] for vertex in ring.split(",")]
        if points[0] != points[-1]:
            return Point(float(points[0][0]), float(points[0][1]))
    return None


def _open_in_wkb(blob: bytes | None) -> Point | None:
    if not blob:
        return None
    try:
        return _walk(bytes(blob), 0)[1]
    except (struct.error, IndexError):
        return None


def _walk(blob: bytes, start: int) -> tuple[int, Point | None]:
    """Step over one geometry; return where it ends and where its first open ring begins."""
    order = "<" if blob[start] else ">"
    (word,) = struct.unpack_from(f"{order}I", blob, start + 1)
    at = start + 5 + (4 if word & HAS_SRID else 0)
    extra, kind = divmod(word & 0x0FFFFFFF, 1000)
    size = 16 + 8 * ((extra in (1, 3)) + (extra in (2, 3)) + bool(word & HAS_Z))
    size += 8 * bool(word & HAS_M)
    if kind == POINT:
        return at + size, None
    (count,) = struct.unpack_from(f"{order}I", blob, at)
    at += 4
    if kind == LINE:
        return at + count * size, None
    found: Point | None = None
    for _ in range(count if kind in (POLYGON, *COLLECTIONS) else 0):
        if kind == POLYGON:
            at, place = _ring(blob, at, order, size)
        else:
            at, place = _walk(blob, at)
        found = found or place
    return at, found


def _ring(blob: bytes, at: int, order: str, size: int) -> tuple[int, Point | None]:
    (count,) = struct.unpack_from(f"{order}I", blob, at)
    first, end = at + 4, at + 4 + count * size
    if not count:
        return end, None
    ends = [struct.unpack_from(f"{order}2d", blob, place) for place in (first, end - size)]
    return end, None if ends[0] == ends[1] else Point(*ends[0])
