"""Households: houses in rows along both sides of a lane, inside their unit's land."""

import geopandas as gpd
import numpy as np
import shapely

from api.sample.ground import Ground, to_lonlat
from api.sample.land import Land
from api.sample.names import Names
from api.sample.partition import rank_within, shares
from api.sample.plan import Floats, Ints, Plan, Strings
from api.sample.settle import Settlement
from api.sample.territory import Territory

# Tag and how many of a thousand households bear it.
NEEDS = (
    ("独居老人", 28),
    ("低保", 30),
    ("残疾", 38),
    ("留守儿童", 32),
    ("慢性病", 55),
    ("优抚对象", 9),
)
FISH_FARM_HOUSEHOLDS = 51


def house_people(
    plan: Plan, settlement: Settlement, ground: Ground, territory: Territory, names: Names,
    land: Land, rng: np.random.Generator,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return the table ``household`` in order of code, each inside its recorded unit and grid."""
    unit = _units_of(plan, territory, rng)
    unit_cell, village = territory.unit_cell, territory.cell_village[territory.unit_cell]
    hamlet = settlement.hamlet[settlement.inside][unit_cell]
    number = rank_within(unit, np.arange(len(unit), dtype=float))
    point = _houses(ground.xy[unit_cell], settlement.hamlet_angle[hamlet], unit, number, land, rng)
    people = rng.poisson(plan.people / plan.households - 1, len(unit)) + 1
    home = village[unit]
    # A household's number is the village's, so that it outlives a redrawn grid.
    order = np.argsort(np.argsort(land.unit_code)).astype(np.float64)
    serial = rank_within(home, order[unit] * 100 + number)
    lane = rank_within(hamlet, np.arange(len(unit_cell), dtype=float))
    code = [f"{land.village_code[v]}{n:05d}" for v, n in zip(home, serial, strict=True)]
    place = names.town[territory.village_town[village]] + names.village[village]
    is_main = names.hamlet[hamlet] + "村" == names.village[village]
    quarter = np.where(is_main | settlement.is_community[village], "", names.hamlet[hamlet])
    street = np.array(
        [f"{p}{q}{n}巷" for p, q, n in zip(place, quarter, lane, strict=True)], object
    )
    frame = gpd.GeoDataFrame(
        {
            "code": code,
            "address": [f"{s}{n}号" for s, n in zip(street[unit], number, strict=True)],
            "area_code": land.village_code[home],
            "grid_code": land.grid_code[territory.unit_grid][unit],
            "unit_code": land.unit_code[unit],
            "people": people,
            "need_tags": _needs(people, home, plan, rng),
        },
        geometry=point,
        crs=4326,
    ).rename_geometry("geom")
    return frame.sort_values("code", kind="stable", ignore_index=True)


def _units_of(plan: Plan, territory: Territory, rng: np.random.Generator) -> Ints:
    """Return each household's unit: about ten a unit, 51 on the fish farm."""
    farm = territory.unit_grid == territory.first_premises
    size = np.zeros(len(farm), np.int64)
    size[farm] = shares(np.ones(farm.sum()), FISH_FARM_HOUSEHOLDS)
    weight = np.exp(rng.normal(0, 0.42, (~farm).sum()))
    size[~farm] = shares(weight, plan.households - FISH_FARM_HOUSEHOLDS, least=7)
    size = np.minimum(size, 14)
    short = np.flatnonzero(~farm & (size < 12))
    size[short[: plan.households - size.sum()]] += 1
    return np.repeat(np.arange(len(farm)), size)


def _houses(
    centre: Floats, angle: Floats, unit: Ints, number: Ints, land: Land, rng: np.random.Generator
) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    """Place houses in two rows along the lane; a house that would leave its land moves inward."""
    size = np.bincount(unit)
    side = np.where(number % 2 == 0, 1.0, -1.0)
    row = np.ceil(size / 2)[unit]
    along = ((number - 1) // 2 - (row - 1) / 2) * np.minimum(14.0, 62.0 / row)
    local = np.column_stack([along, side * 11.5]) + rng.uniform(-1.3, 1.3, (len(unit), 2))
    turn = angle[unit]
    cos, sin = np.cos(turn), np.sin(turn)
    offset = np.column_stack(
        [cos * local[:, 0] - sin * local[:, 1], sin * local[:, 0] + cos * local[:, 1]]
    )
    shapely.prepare(land.unit_shape)
    point = np.asarray(shapely.points(to_lonlat(centre[unit] + offset)))
    for _ in range(8):
        out = ~shapely.contains_properly(land.unit_shape[unit], point)
        if not out.any():
            break
        # A unit's land is star-shaped about its centre there, so halving ends inside.
        offset[out] /= 2
        point[out] = shapely.points(to_lonlat((centre[unit] + offset)[out]))
    return np.asarray(point)


def _needs(people: Ints, village: Ints, plan: Plan, rng: np.random.Generator) -> Strings:
    """Draw each household's tags; some villages have more of each than others."""
    n = len(people)
    tags = np.full(n, None, object)
    tags[:] = [[] for _ in range(n)]
    for tag, rate in NEEDS:
        chance = rate / 1000 * np.exp(rng.normal(0, 0.35, plan.villages))[village]
        if tag == "独居老人":
            chance = np.where(people == 1, chance / np.mean(people == 1), 0)
        if tag == "留守儿童":
            chance = np.where(people >= 2, chance, 0)
        for i in np.flatnonzero(rng.random(n) < chance):
            tags[i].append(tag)
    return tags
