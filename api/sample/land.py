"""The sample's land as rows: areas, grids and units with codes, names and exact shapes."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from api.sample.ground import Ground, to_lonlat
from api.sample.names import (
    FIELD_PREMISES,
    FISH_FARM,
    OVERLAY_PREMISES,
    PLOT_PREMISES,
    RESIDENT_PREMISES,
    Names,
    Premises,
)
from api.sample.partition import Shapes, dissolve, rank_within
from api.sample.plan import COUNTY_CODE, COUNTY_NAME, Floats, Ints, Plan, Strings
from api.sample.settle import FIELD, PLOT, Settlement
from api.sample.territory import Territory


@dataclass(frozen=True, slots=True)
class Land:
    """Codes and shapes by number: rows as in :class:`~api.sample.territory.Territory`.

    Overlay grids follow the others in ``grid_*``. Shapes are lon/lat.
    """

    town_code: Strings
    village_code: Strings
    grid_code: Strings
    unit_code: Strings
    grid_village: Ints
    grid_kind: Strings
    grid_coverage: Strings
    grid_name: Strings
    grid_name_en: Strings
    cell_shape: Shapes
    unit_shape: Shapes
    grid_shape: Shapes
    village_shape: Shapes
    town_shape: Shapes


def lay_out(
    plan: Plan, settlement: Settlement, ground: Ground, territory: Territory, names: Names,
    rng: np.random.Generator,
) -> Land:  # fmt: skip
    """Shape, number and name every level, from the cells up."""
    t = territory
    cells = ground.cells()
    unit = dissolve(cells, t.cell_unit, len(t.unit_cell))
    base = dissolve(cells, t.cell_grid, len(t.grid_village))
    village = dissolve(base, t.grid_village, plan.villages)
    overlay, over_village = _overlays(plan, settlement, village, t, rng)
    shape = np.concatenate([base, overlay])
    grid_village = np.concatenate([t.grid_village, over_village])
    n = len(shape)
    number = np.arange(n)
    rural = np.where(settlement.is_community[grid_village], "community", "rural")
    town_code = _town_codes(plan)
    village_code = _village_codes(settlement, t, town_code)
    rank = rank_within(grid_village, _southeast(shape))
    grid_code = np.array(
        [f"{village_code[v]}{r:03d}" for v, r in zip(grid_village, rank, strict=True)], object
    )
    name, name_en = _grid_names(settlement, t, names, grid_village, rank, rng)
    unit_rank = rank_within(t.unit_grid, _southeast(unit))
    return Land(
        town_code=town_code, village_code=village_code, grid_code=grid_code,
        unit_code=np.array([f"{grid_code[g]}-{r:02d}" for g, r in
                            zip(t.unit_grid, unit_rank, strict=True)], object),
        grid_village=grid_village,
        grid_kind=np.where(number >= t.first_premises, "dedicated", rural).astype(object),
        grid_coverage=np.where(number >= len(base), "overlay", "exclusive").astype(object),
        grid_name=name, grid_name_en=name_en,
        cell_shape=cells, unit_shape=unit, grid_shape=shape, village_shape=village,
        town_shape=dissolve(village, t.village_town, plan.seats),
    )  # fmt: skip


def _southeast(shapes: Shapes) -> Floats:
    """Return a key that grows from north-west to south-east."""
    middle = shapely.centroid(shapes)
    return np.asarray(shapely.get_x(middle) * 0.83 - shapely.get_y(middle))


def _town_codes(plan: Plan) -> Strings:
    numbers = [1 + i for i in range(plan.streets)]
    numbers += [100 + i for i in range(plan.towns)] + [200 + i for i in range(plan.townships)]
    return np.array([f"{COUNTY_CODE}{number:03d}" for number in numbers], object)


def _village_codes(settlement: Settlement, territory: Territory, town_code: Strings) -> Strings:
    """Give communities codes from 001 and villages from 200, within their town."""
    town, community = territory.village_town, settlement.is_community
    key = settlement.seat_xy[:, 0] - settlement.seat_xy[:, 1]
    rank = rank_within(town * 2 + community, key) + np.where(community, 0, 199)
    return np.array([f"{town_code[t]}{r:03d}" for t, r in zip(town, rank, strict=True)], object)


def _grid_names(
    settlement: Settlement, territory: Territory, names: Names, grid_village: Ints, rank: Ints,
    rng: np.random.Generator,
) -> tuple[Strings, Strings]:  # fmt: skip
    """Name base grids by number, premises by what they are; in Chinese and English."""
    kind = settlement.kind[settlement.inside]
    lived = np.isin(np.arange(len(grid_village)), territory.unit_grid)
    named: list[tuple[str, str]] = []
    for g, v in enumerate(grid_village):
        if g < territory.first_premises:
            here, number = names.village[v], rank[g]
            named.append((f"{here}第{number}网格", f"{names.village_en[v]} Grid {number}"))
            continue
        if g >= len(territory.grid_village):
            pool: Premises = OVERLAY_PREMISES
        elif g == territory.first_premises:
            pool = FISH_FARM
        elif lived[g]:
            pool = RESIDENT_PREMISES
        else:
            plot = (kind[territory.cell_grid == g] != FIELD).any()
            pool = PLOT_PREMISES if plot else FIELD_PREMISES
        what, what_en = list(pool.items())[rng.integers(len(pool))]
        named.append((f"{names.village[v]}{what}专属网格", f"{names.village_en[v]} {what_en}"))
    zh, en = zip(*named, strict=True)
    return np.array(zh, object), np.array(en, object)


def _overlays(
    plan: Plan, settlement: Settlement, village_shape: Shapes, territory: Territory,
    rng: np.random.Generator,
) -> tuple[Shapes, Ints]:  # fmt: skip
    """Draw overlay premises: chamfered rectangles along the lanes, well inside their village."""
    kind = settlement.kind[settlement.inside]
    xy = settlement.xy[settlement.inside]
    hamlet = settlement.hamlet[settlement.inside]
    village = territory.cell_village
    spots = np.flatnonzero((kind == PLOT) & (village != settlement.special))
    urban = settlement.is_community[village[spots]]
    key = rng.exponential(1, len(spots)) / np.where(urban, 6.0, 1.0)
    shapes: list[shapely.Polygon] = []
    homes: list[int] = []
    placed: list[Floats] = []
    for spot in spots[np.argsort(key, kind="stable")]:
        if len(shapes) == plan.overlay_grids:
            break
        if placed and np.min(np.hypot(*(np.array(placed) - xy[spot]).T)) < 400:
            continue
        size = rng.uniform(45, 150, 2)
        shape = _premises(xy[spot], settlement.hamlet_angle[hamlet[spot]], size)
        if shapely.contains_properly(village_shape[village[spot]], shape):
            shapes.append(shape)
            homes.append(int(village[spot]))
            placed.append(xy[spot])
    if len(shapes) < plan.overlay_grids:
        raise RuntimeError(f"room for {len(shapes)} of {plan.overlay_grids} overlays only")
    return np.array(shapes, dtype=object), np.array(homes, dtype=np.int64)


def _premises(middle: Floats, angle: float, size: Floats) -> shapely.Polygon:
    """Return a rectangle with cut corners, in lon/lat; ``size`` is half its length and depth."""
    cut = 0.15 * size.min()
    x, y = size
    corner = np.array([[x, y - cut], [x - cut, y], [cut - x, y], [-x, y - cut],
                       [-x, cut - y], [cut - x, -y], [x - cut, -y], [x, cut - y]])  # fmt: skip
    cos, sin = np.cos(angle), np.sin(angle)
    plane = middle + corner @ np.array([[cos, sin], [-sin, cos]])
    return shapely.Polygon(to_lonlat(plane))


def area_rows(plan: Plan, settlement: Settlement, territory: Territory, names: Names,
              land: Land) -> gpd.GeoDataFrame:  # fmt: skip
    """Return the table ``area``: the county, its towns, its villages, in order of code."""
    county = dissolve(land.town_shape, np.zeros(plan.seats, np.int64), 1)[0]
    towns, villages = plan.seats, plan.villages
    kind = np.where(settlement.is_community, "community", "village").astype(object)
    blank = np.full(1 + towns, None, object)
    frame = gpd.GeoDataFrame(
        {
            "code": np.concatenate([[COUNTY_CODE], land.town_code, land.village_code]),
            "name": np.concatenate([[COUNTY_NAME[0]], names.town, names.village]),
            "name_en": np.concatenate([[COUNTY_NAME[1]], names.town_en, names.village_en]),
            "level": ["county"] + ["town"] * towns + ["village"] * villages,
            "kind": np.concatenate([blank, kind]),
            "parent_code": np.concatenate(
                [[None], np.full(towns, COUNTY_CODE, object),
                 land.town_code[territory.village_town]]
            ),
        },
        geometry=np.concatenate([[county], land.town_shape, land.village_shape]),
        crs=4326,
    )  # fmt: skip
    return _in_order(frame)


def grid_rows(land: Land) -> gpd.GeoDataFrame:
    """Return the table ``grid`` in order of code."""
    frame = gpd.GeoDataFrame(
        {
            "code": land.grid_code,
            "name": land.grid_name,
            "name_en": land.grid_name_en,
            "area_code": land.village_code[land.grid_village],
            "kind": land.grid_kind,
            "coverage": land.grid_coverage,
            "locked": False,
        },
        geometry=land.grid_shape,
        crs=4326,
    )
    return _in_order(frame)


def unit_rows(land: Land, territory: Territory) -> gpd.GeoDataFrame:
    """Return the table ``household_unit`` in order of code."""
    number = np.array([code[-2:].lstrip("0") for code in land.unit_code], object)
    frame = gpd.GeoDataFrame(
        {
            "code": land.unit_code,
            "name": np.array([f"第{n}十户" for n in number], object),
            "grid_code": land.grid_code[territory.unit_grid],
        },
        geometry=land.unit_shape,
        crs=4326,
    )
    return _in_order(frame)


def _in_order(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    named = frame.rename_geometry("geom")
    return named.sort_values("code", kind="stable", ignore_index=True)
