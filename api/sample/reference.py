"""The ground of the map: rivers along borders, ponds, roads from hamlet to hamlet, settlements."""

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay, cKDTree
from shapely.geometry.base import BaseGeometry

from api.sample.ground import Ground, symmetric, to_lonlat
from api.sample.land import Land
from api.sample.names import Names
from api.sample.partition import Shapes
from api.sample.plan import Floats, Ints
from api.sample.settle import FIELD, HOUSES, PITCH, Settlement
from api.sample.territory import Territory

RIVER_NAMES = ("澜水", "禾河", "汀河")
PONDS = 90
# A settlement reaches this far around each stretch of lane.
REACH_M = 58.0
Row = tuple[str, str | None, str, BaseGeometry]


def reference_rows(
    settlement: Settlement, ground: Ground, territory: Territory, rivers: list[Ints], names: Names,
    land: Land, rng: np.random.Generator,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return the table ``reference_feature``: layers ``rivers``, ``roads``, ``settlements``."""
    rows: list[Row] = [
        *(("rivers", name, "river", _line(ground, arcs))
          for name, arcs in zip(RIVER_NAMES, rivers, strict=False)),
        *(("rivers", None, "pond", shape) for shape in _ponds(settlement, ground, land, rng)),
        *_roads(settlement, rng),
        *_quarters(settlement, ground, territory, names),
    ]  # fmt: skip
    return gpd.GeoDataFrame(
        {
            "code": [f"R{i:05d}" for i in range(1, len(rows) + 1)],
            "layer": [row[0] for row in rows],
            "name": np.array([row[1] for row in rows], object),
            "class": [row[2] for row in rows],
        },
        geometry=[row[3] for row in rows],
        crs=4326,
    ).rename_geometry("geom")


def _line(ground: Ground, arcs: Ints) -> BaseGeometry:
    """Chain arcs into one line that has the borders' own vertices."""
    node = [{int(ground.start[a]), int(ground.end[a])} for a in arcs]
    parts: list[Floats] = []
    for i, arc in enumerate(arcs):
        part = ground.lonlat[ground.first[arc] : ground.first[arc + 1]]
        # The last arc has no next one to meet: it goes on from the one before.
        onward = (
            int(ground.end[arc]) in node[i + 1]
            if i + 1 < len(arcs)
            else (int(ground.start[arc]) in node[i - 1])
        )
        part = part if onward else part[::-1]
        parts.append(part[1:] if parts else part)
    return shapely.LineString(np.vstack(parts))


def _ponds(
    settlement: Settlement, ground: Ground, land: Land, rng: np.random.Generator
) -> Iterable[BaseGeometry]:
    """Fill some fields with water, short of their borders."""
    fields = np.flatnonzero(settlement.kind[settlement.inside] == FIELD)
    n = max(round(PONDS * len(fields) / 27_000), 3)
    for cell in rng.choice(fields, n, replace=False):
        ring = shapely.get_coordinates(land.cell_shape[cell])
        seed = to_lonlat(ground.xy[cell : cell + 1])
        shrunk = seed + (ring - seed) * rng.uniform(0.45, 0.75)
        yield shapely.Polygon(shrunk)


def _roads(settlement: Settlement, rng: np.random.Generator) -> Iterable[Row]:
    """Join neighbouring hamlets; the ways between towns are county roads."""
    xy = settlement.hamlet_xy
    a, b = relative_neighbours(xy)
    length = np.hypot(*(xy[a] - xy[b]).T)
    graph = symmetric(a, b, length, len(xy))
    seats = cKDTree(xy).query(settlement.seat_xy[settlement.towns])[1]
    major = _between_seats(graph, xy, np.unique(seats))
    for i, j in zip(a, b, strict=True):
        kind = "county" if (min(i, j), max(i, j)) in major else "village"
        yield "roads", None, kind, shapely.LineString(to_lonlat(_bent(xy[i], xy[j], rng)))
    for h in range(len(xy)):
        own = settlement.xy[(settlement.hamlet == h) & (settlement.kind == HOUSES)]
        lanes = _lanes(own - xy[h], float(settlement.hamlet_angle[h]))
        if lanes:
            shape = shapely.MultiLineString([to_lonlat(lane + xy[h]) for lane in lanes])
            yield "roads", None, "street", shape


def relative_neighbours(xy: Floats) -> tuple[Ints, Ints]:
    """Return pairs with no third point nearer to both (Toussaint 1980, 0031-3203(80)90066-7)."""
    corner = Delaunay(xy).simplices
    pairs = np.sort(np.vstack([corner[:, [0, 1]], corner[:, [1, 2]], corner[:, [2, 0]]]), axis=1)
    pairs = np.unique(pairs, axis=0).astype(np.int64)
    a, b = pairs.T
    length = np.hypot(*(xy[a] - xy[b]).T)
    near = cKDTree(xy).query(xy, k=min(16, len(xy)))[1]
    rivals = near[a]
    far = np.maximum(
        np.hypot(*np.moveaxis(xy[rivals] - xy[a][:, None], 2, 0)),
        np.hypot(*np.moveaxis(xy[rivals] - xy[b][:, None], 2, 0)),
    )
    keep = ~(far < length[:, None] * 0.999).any(axis=1)
    return a[keep], b[keep]


def _between_seats(graph: csr_matrix, xy: Floats, seats: Ints) -> set[tuple[int, int]]:
    """Return the links on the shortest ways between neighbouring towns."""
    if len(seats) > 3:
        a, b = (seats[end] for end in relative_neighbours(xy[seats]))
    else:
        a, b = seats[:-1], seats[1:]
    links: set[tuple[int, int]] = set()
    for i, j in zip(a, b, strict=True):
        before = dijkstra(graph, indices=i, return_predecessors=True)[1]
        node = int(j)
        while node != i and before[node] >= 0:
            links.add((min(node, int(before[node])), max(node, int(before[node]))))
            node = int(before[node])
    return links


def _bent(a: Floats, b: Floats, rng: np.random.Generator) -> Floats:
    """Bend a road slightly between its ends, in metres."""
    t = np.linspace(0, 1, 9)[:, None]
    across = np.array([a[1] - b[1], b[0] - a[0]])
    bow = rng.normal(0, 0.035) * np.sin(np.pi * t) + rng.normal(0, 0.02) * np.sin(2 * np.pi * t)
    return np.asarray(a + t * (b - a) + bow * across)


def _lanes(spot: Floats, angle: float) -> list[Floats]:
    """Return a hamlet's lanes about its centre: one along each row, and one across the rows."""
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    local = spot @ turn.T
    row = np.round(local[:, 1] / PITCH[1]).astype(int)
    lanes: list[Floats] = []
    cross: list[Floats] = []
    for r in np.unique(row):
        mine = local[row == r]
        mine = mine[np.argsort(mine[:, 0])]
        breaks = np.flatnonzero(np.diff(mine[:, 0]) > 1.6 * PITCH[0]) + 1
        for run in np.split(mine, breaks):
            ends = run[[0, -1]] + [[-PITCH[0] / 2, 0], [PITCH[0] / 2, 0]]
            lanes.append(np.vstack([ends[:1], run, ends[1:]]))
        gap = mine[:, 0] - PITCH[0] / 2
        door = int(np.argmin(np.abs(gap)))
        if abs(gap[door]) < 0.3 * PITCH[0]:
            cross.append(np.array([mine[door, 0] - PITCH[0] / 2, r * PITCH[1]]))
    if len(cross) > 1:
        lanes.append(np.vstack(cross))
    return [lane @ turn for lane in lanes]


def _quarters(
    settlement: Settlement, ground: Ground, territory: Territory, names: Names
) -> Iterable[Row]:
    """Outline each hamlet around its houses."""
    hamlet = settlement.hamlet[settlement.inside][territory.unit_cell]
    centre = ground.xy[territory.unit_cell]
    around: Shapes = np.asarray(shapely.buffer(shapely.points(centre), REACH_M, quad_segs=2))
    urban = settlement.is_community[settlement.hamlet_village]
    first = np.r_[True, np.diff(settlement.hamlet_village) > 0]
    for h in np.unique(hamlet):
        whole = shapely.union_all(around[hamlet == h])
        round_ = shapely.simplify(shapely.buffer(shapely.buffer(whole, 25), -22), 3)
        shape = shapely.transform(round_, to_lonlat)
        kind = "community" if urban[h] else "village" if first[h] else "hamlet"
        name = names.village[settlement.hamlet_village[h]] if urban[h] else names.hamlet[h]
        yield "settlements", str(name), kind, shape
