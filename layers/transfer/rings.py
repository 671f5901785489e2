"""Rings that are not closed: read as if they were, and said where.

GEOS refuses such a ring, and with it the whole layer. Here the row is read with the ring closed by
a straight line, and the ring's first vertex is kept, so that the check can say where to look.
"""

import re
import struct
from collections.abc import Callable, Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Point

Geometries = NDArray[np.object_]
# ISO adds 1000 for Z, 2000 for M and 3000 for both; the older dialect sets the highest bits.
HAS_Z, HAS_M, HAS_SRID = 0x80000000, 0x40000000, 0x20000000
POINT, POLYGON = 1, 3
# With curves: what GEOS walks into to read it, and we too.
LINES, COLLECTIONS = (2, 8), (4, 5, 6, 7, 9, 10, 11, 12)
# Nobody draws a collection in a collection more than a few times over. GEOS follows them on the
# stack, and ends the process some ten thousand levels down; a level takes nine bytes at least.
MOST_LEVELS = 100
HARMLESS_BYTES = 9 * MOST_LEVELS


def read_wkb(blobs: Geometries) -> tuple[Geometries, dict[int, Point]]:
    """Read WKB.

    Parameters
    ----------
    blobs
        ``bytes``, or null.

    Returns
    -------
    shapes, opened
        Null where a blob is null or cannot be read, is a curve or nested beyond all measure; and
        of each row that had a ring not closed, counted from 0, the first vertex of the first such
        ring.
    """
    blobs = _without(blobs, _is_deep)
    # NaN is met again where the row's coordinates are looked at.
    with np.errstate(invalid="ignore"):
        try:
            return np.asarray(shapely.from_wkb(blobs), dtype=object), {}
        except NotImplementedError:
            return read_wkb(_without(blobs, lambda blob: _is_curved(shapely.from_wkb, blob)))
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
    words = _without(words, _is_deep_text)
    try:
        strict = np.asarray(shapely.from_wkt(words, on_invalid="ignore"), dtype=object)
    except NotImplementedError:
        return read_wkt(_without(words, lambda word: _is_curved(shapely.from_wkt, word)))
    lost = np.flatnonzero(shapely.is_missing(strict))
    mended = strict.copy()
    mended[lost] = shapely.from_wkt(words[lost], on_invalid="fix")
    places: list[Point | None] = [None] * len(words)
    for row in lost.tolist():
        places[row] = _open_in_wkt(str(words[row]))
    return mended, _opened(strict, mended, places)


def _without(values: Geometries, wrong: Callable[..., bool]) -> Geometries:
    """Return values with null for those that are wrong."""
    rows = [row for row, value in enumerate(values) if value is not None and wrong(value)]
    if rows:
        values = values.copy()
        values[rows] = None
    return values


def _is_deep(blob: bytes) -> bool:
    if len(blob) < HARMLESS_BYTES:
        return False
    return any(level > MOST_LEVELS for level, _ in _walk(blob))


def _is_deep_text(words: str) -> bool:
    if words.count("(") < MOST_LEVELS:
        return False
    signs = np.array([1 if sign == "(" else -1 for sign in re.findall("[()]", words)])
    return bool(signs.cumsum().max() > MOST_LEVELS)


def _is_curved(read: Callable[..., object], value: object) -> bool:
    try:
        read(value, on_invalid="ignore")
    except NotImplementedError:
        return True
    return False


def _opened(strict: Geometries, mended: Geometries, places: list[Point | None]) -> dict[int, Point]:
    rows = np.flatnonzero(shapely.is_missing(strict) & ~shapely.is_missing(mended))
    return {row: place for row in rows.tolist() if (place := places[row]) is not None}


def _open_in_wkt(words: str) -> Point | None:
    for ring in re.findall(r"\(([^()]+)\)", words):
        points = [vertex.split()[:2] for vertex in ring.split(",")]
        if points[0] != points[-1]:
            try:
                return Point(float(points[0][0]), float(points[0][1]))
            except (ValueError, IndexError):
                return None
    return None


def _open_in_wkb(blob: bytes | None) -> Point | None:
    return next((place for _, place in _walk(blob) if place is not None), None) if blob else None


def _walk(blob: bytes) -> Iterator[tuple[int, Point | None]]:
    """Step over each geometry as GEOS does; give its level, and where its first open ring begins.

    Ends where the bytes do, or where GEOS refuses them.
    """
    at, order = 0, "<"
    left = [1]
    try:
        while left:
            if not left[-1]:
                left.pop()
                continue
            left[-1] -= 1
            order = {0: ">", 1: "<"}.get(blob[at], order)
            (word,) = struct.unpack_from(f"{order}I", blob, at + 1)
            extra, kind = divmod(word & 0xFFFF, 1000)
            size = 16 + 8 * bool(word & HAS_Z or extra in (1, 3))
            size += 8 * bool(word & HAS_M or extra in (2, 3))
            at += 5 + (4 if word & HAS_SRID else 0)
            if kind == POINT:
                at += size
                yield len(left), None
                continue
            (count,) = struct.unpack_from(f"{order}I", blob, at)
            at += 4
            place: Point | None = None
            if kind in LINES:
                at += count * size
            elif kind == POLYGON:
                at, place = _rings(blob, at, count, order, size)
            elif kind in COLLECTIONS:
                left.append(count)
            else:
                return
            yield len(left), place
    except (struct.error, IndexError):
        return


def _rings(blob: bytes, at: int, rings: int, order: str, size: int) -> tuple[int, Point | None]:
    found: Point | None = None
    for _ in range(rings):
        (count,) = struct.unpack_from(f"{order}I", blob, at)
        first, at = at + 4, at + 4 + count * size
        if count and found is None:
            ends = [struct.unpack_from(f"{order}2d", blob, each) for each in (first, at - size)]
            found = None if ends[0] == ends[1] else Point(*ends[0])
    return at, found
