"""A county made for pictures (合成数据): borders that wind, every class of finding, every kind.

It lies around the corner of four tiles at every zoom from 11 on, so that what stands in its middle
stands on their edges. Rows are those of :func:`layers.vector.row_statement`.
"""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from geo.generalize import WORLD_M
from layers.catalog import EXACT_ZOOM, FINDING_SHAPE_ZOOM, HOUSEHOLD_ZOOM, INCIDENT_ZOOM
from layers.style import ALERT_MARKS, FINDING_CLASSES, GRID_KINDS, NEED_CLASSES
from layers.tiles import Window

Row = dict[str, Any]
Rows = dict[str, list[Row]]

# The corner, as shares of the world's square from its upper left.
ORIGIN = (1680 / 2048, 820 / 2048)
MIDDLE = ((ORIGIN[0] - 0.5) * WORLD_M, (0.5 - ORIGIN[1]) * WORLD_M)
# Grids along each side, and a grid's side, metres.
COUNT, SIDE = 16, 1200.0
LEVELS = {"village": 2, "town": 8, "county": 16}
NAMES = {"county": "澜禾县", "town": "合成数据·柳河镇", "village": "柳塘村"}


def _corner(column: int, line: int) -> tuple[float, float]:
    rng = np.random.default_rng([column, line])
    wide = 0 if column in (0, COUNT) or line in (0, COUNT) else 0.25
    x, y = rng.uniform(-wide, wide, 2)
    return (MIDDLE[0] + (column + x - COUNT / 2) * SIDE, MIDDLE[1] + (line + y - COUNT / 2) * SIDE)


@cache
def _winding(start: tuple[int, int], end: tuple[int, int]) -> tuple[tuple[float, float], ...]:
    """A border between two corners, the same whoever asks for it, and whichever way round."""
    if start > end:
        return _winding(end, start)[::-1]
    rng = np.random.default_rng([*start, *end])
    points = [np.array(_corner(*start)), np.array(_corner(*end))]
    for swing in (90.0, 45.0, 22.0):
        longer = [points[0]]
        for one, other in pairwise(points):
            longer += [(one + other) / 2 + rng.normal(0, swing, 2), other]
        points = longer
    return tuple((float(x), float(y)) for x, y in points)


def _grid(column: int, line: int) -> shapely.Polygon:
    around = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    corners = [(column + right, line + up) for right, up in around]
    ring = [point for one, other in pairwise(corners)
            for point in _winding(one, other)[:-1]]  # fmt: skip
    return shapely.Polygon(ring).buffer(0)


def _grids() -> Iterator[Row]:
    kinds = list(GRID_KINDS)
    for column in range(COUNT):
        for line in range(COUNT):
            kind = kinds[0] if (column * 7 + line * 3) % 11 else kinds[1 + (column + line) % 2]
            code = f"{column:02}{line:02}"
            shape = _grid(column, line)
            if code == "0909":  # a strip of it is in no grid
                shape = shape.difference(shapely.box(*_beside(shape)))
            yield {"code": code, "name": f"第{line + 1}网格", "name_en": f"Grid {line + 1}",
                   "kind": kind, "coverage": "overlay" if code == "0608" else "exclusive",
                   "area_code": code, "geom": shape}  # fmt: skip


def _beside(shape: shapely.Geometry) -> tuple[float, float, float, float]:
    left, bottom, right, top = shape.bounds
    return left, bottom, left + (right - left) * 0.4, top


def _areas(grids: list[Row]) -> Iterator[Row]:
    for level, wide in LEVELS.items():
        for column in range(0, COUNT, wide):
            for line in range(0, COUNT, wide):
                inside = [_grid(column + i, line + j) for i in range(wide) for j in range(wide)]
                yield {"code": f"{level}{column:02}{line:02}", "kind": None, "level": level,
                       "name": f"{NAMES[level]}", "name_en": f"{level.title()} {column} {line}",
                       "geom": shapely.union_all(inside)}  # fmt: skip


def _labels(places: list[Row], grids: list[Row]) -> Iterator[Row]:
    ranks = {"county": 1, "town": 2, "village": 3, "grid": 4}
    for row in [*places, *({**grid, "level": "grid"} for grid in grids)]:
        told = {key: row[key] for key in ("code", "name", "name_en", "level")}
        yield {**told, "rank": ranks[row["level"]], "geom": row["geom"].representative_point()}


def _findings() -> Iterator[Row]:
    """One of each class, beside and upon the corner of the tiles."""
    for number, group in enumerate(FINDING_CLASSES):
        column, line = COUNT // 2 - 1 + number % 2, COUNT // 2 - 2 + number // 2
        shape = _grid(column, line).buffer(-80)
        told = {"rule": group.rules[0], "severity": ("error", "error", "warning")[number % 3]}
        spot = shape.representative_point()
        yield {"id": f"m{number}", **told, "shape": "point", "geom": spot}
        if group.areal:
            yield {"id": f"s{number}", **told, "shape": "polygon", "geom": shape}
    yield {"id": "corner", "rule": "C101", "severity": "error", "shape": "point",
           "geom": shapely.Point(MIDDLE)}  # fmt: skip


def _homes() -> Iterator[Row]:
    rng = np.random.default_rng(3)
    # Thick in the middle, so that some stand on the edges at every zoom.
    for number, (x, y) in enumerate(rng.normal(0, 1, (1500, 2)) * [900, 700]):
        yield {"code": f"h{number}", "covered": number % 17 > 0, "located": True,
               "geom": shapely.Point(MIDDLE[0] + x, MIDDLE[1] + y)}  # fmt: skip


def _members() -> Iterator[Row]:
    """Homes of members and of people in need, up to four symbols at one of them."""
    blank = {"members": None, "contacts": None, "alone": None, "need": None, "slot": None}
    for number, home in enumerate(_homes()):
        members, needs = int(number % 9 == 0), max(0, number % 13 - 9)
        alone = needs > 0 and number % 2 == 0
        told = {"code": home["code"], "geom": home["geom"]}
        yield {**blank, **told, "kind": "home", "members": members, "alone": alone,
               "contacts": 0 if alone else number % 3}  # fmt: skip
        for slot, group in enumerate((NEED_CLASSES * 2)[number % 7 :][:needs], members):
            yield {**blank, **told, "kind": "need", "need": group.id, "slot": slot}
        if number % 200 == 0:
            yield {**blank, **told, "kind": "seat"}


def _counted(z: int) -> Iterator[Row]:
    cell = WORLD_M / 2**z / 32
    rng = np.random.default_rng(5)
    at = np.floor(rng.normal(0, COUNT * SIDE / 4, (300, 2)) / cell)
    for (column, line), n in zip(np.unique(at, axis=0), np.geomspace(10, 900, 300), strict=False):
        spot = np.array(MIDDLE) + (np.array([column, line]) + 0.3) * cell
        yield {"n": int(n), "geom": shapely.Point(spot)}


def _incidents() -> Iterator[Row]:
    """Every mark, scattered, and a stack of them."""
    rng = np.random.default_rng(11)
    for number, (x, y) in enumerate(rng.normal(0, COUNT * SIDE / 6, (400, 2))):
        mark = list(ALERT_MARKS)[number % len(ALERT_MARKS)]
        stacked = 25 if number < 25 else 1
        east, north = (330.0, 210.0) if number < 25 else (x, y)
        yield {"n": None, "code": f"I{number}", "kind": "road", "alert": mark,
               "symbol": f"alert-{mark}", "status": "found", "title": "", "stacked": stacked,
               "geom": shapely.Point(MIDDLE[0] + east, MIDDLE[1] + north)}  # fmt: skip


def _ground() -> Iterator[Row]:
    half = COUNT * SIDE / 2
    x, y = MIDDLE

    def line(*points: tuple[float, float]) -> shapely.LineString:
        return shapely.LineString([(x + east, y + north) for east, north in points])

    road = line((-half, -700), (-2000, 300), (0, 0), (1500, -400), (half, 900))
    lane = line((-300, -half), (0, -60), (250, half))
    river = line((-half, 2500), (-900, 900), (700, -1100), (half, -2000))
    village = shapely.Point(x + 350, y - 200).buffer(700)
    pond = shapely.Point(x - 150, y + 120).buffer(260)
    for layer, kind, shape in (
        ("settlements", "village", village), ("rivers", "river", river), ("rivers", "pond", pond),
        ("roads", "county", road), ("roads", "street", lane),
    ):  # fmt: skip
        yield {"layer": layer, "class": kind, "name": None, "geom": shape}


def _units() -> Iterator[Row]:
    for column in range(COUNT // 2 - 2, COUNT // 2 + 2):
        for line in range(COUNT // 2 - 2, COUNT // 2 + 2):
            left, bottom, right, top = _grid(column, line).bounds
            half = (left + right) / 2
            for number, (west, east) in enumerate(((left, half), (half, right))):
                yield {"code": f"{column}{line}-{number}", "grid_code": f"{column}{line}",
                       "geom": shapely.box(west, bottom, east, top)}  # fmt: skip


@cache
def _all() -> dict[str, list[Row]]:
    grids = list(_grids())
    areas = list(_areas(grids))
    return {
        "grids": grids, "areas": areas, "labels": list(_labels(areas, grids)),
        "findings": list(_findings()), "households": list(_homes()), "ground": list(_ground()),
        "units": list(_units()), "members": list(_members()),
        "incidents": list(_incidents()),
    }  # fmt: skip


def _is_shown(layer: str, row: Row, z: int) -> bool:
    if layer == "areas":
        return bool(row["level"] != "village" or z >= 8)
    if layer == "labels":
        lowest = {"county": 4, "town": 7, "village": 10, "grid": EXACT_ZOOM}
        return bool(z >= lowest[row["level"]])
    return bool(layer != "findings" or row["shape"] == "point" or z >= FINDING_SHAPE_ZOOM)


def rows_near(layer: str, window: Window) -> list[Row]:
    """Pick a layer's rows as the database would."""
    points_from = {"households": HOUSEHOLD_ZOOM, "incidents": INCIDENT_ZOOM}.get(layer, 0)
    rows = list(_counted(window.z)) if window.z < points_from else _all()[layer]
    near = shapely.box(*window.bounds)
    return [
        {**row, "geom": row["geom"].wkb}
        for row in rows
        if _is_shown(layer, row, window.z) and shapely.box(*row["geom"].bounds).intersects(near)
    ]


@cache
def everything(z: int) -> Rows:
    """Return all rows as a window of that zoom holds them."""
    world = Window(z, (-WORLD_M, -WORLD_M, WORLD_M, WORLD_M))
    return {layer: rows_near(layer, world) for layer in _all()}
