"""Who belongs to whom: every cell of the ground to a unit, a grid, a village and a town."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from api.sample.ground import Ground, symmetric
from api.sample.partition import balanced, is_connected, nearest_source, scatter, shares
from api.sample.plan import Bools, Floats, Ints, Plan
from api.sample.premises import choose_premises
from api.sample.settle import HOUSES, PLOT, Settlement

# What it costs a village to reach over a river, in metres of field.
RIVER_M = 1500.0


@dataclass(frozen=True, slots=True)
class Territory:
    """Membership by number, each level's rows in no particular order yet.

    ``cell_*`` have a row per cell: ``cell_unit`` is -1 in premises where nobody lives, and
    ``cell_grid`` never. ``unit_cell`` is the unit's own stretch of houses. Grids from
    ``first_premises`` on are exclusive premises.
    """

    cell_village: Ints
    cell_unit: Ints
    cell_grid: Ints
    unit_cell: Ints
    unit_grid: Ints
    grid_village: Ints
    first_premises: int
    village_town: Ints


def divide_territory(
    plan: Plan, settlement: Settlement, ground: Ground, rivers: list[Ints], rng: np.random.Generator
) -> Territory:
    """Divide the ground: villages, towns, premises, units, grids, in this order."""
    kind = settlement.kind[settlement.inside]
    hamlet = settlement.hamlet[settlement.inside]
    is_river = np.zeros(len(ground.start), bool)
    is_river[np.concatenate(rivers)] = True
    left, right, arc = ground.links()
    apart = np.hypot(*(ground.xy[left] - ground.xy[right]).T)
    # A hamlet rarely falls to two villages, and borders like to follow water.
    same = (hamlet[left] == hamlet[right]) & (hamlet[left] >= 0)
    graph = ground.graph(apart * np.where(same, 0.08, 1) + RIVER_M * is_river[arc], arc)
    village = nearest_source(graph, _seat_cells(settlement, ground, kind))
    town = _towns(plan, settlement, ground, village, is_river, rng)
    premises = choose_premises(plan, settlement, kind, village, graph, rng)
    houses = _trim(plan, settlement, kind, village, premises, graph, rng)
    unit_cell = np.flatnonzero(houses)
    within = (village[left] == village[right]) & (premises[left] == premises[right])
    plain = ground.graph(apart[within], arc[within])
    cell_unit = nearest_source(plain, unit_cell)
    unit_graph = _between(cell_unit, left[within], right[within], ground.xy[unit_cell])
    label, grid_village = _grids(plan, settlement, village[unit_cell], premises[unit_cell],
                                 ground.xy[unit_cell], unit_graph)  # fmt: skip
    first = len(grid_village)
    unit_grid = np.where(premises[unit_cell] >= 0, first + premises[unit_cell], label)
    lived = np.where(cell_unit >= 0, unit_grid[cell_unit], -1)
    home = village[np.unique(premises, return_index=True)[1][1:]]
    return Territory(
        cell_village=village, cell_unit=cell_unit,
        cell_grid=np.where(premises >= 0, first + premises, lived),
        unit_cell=unit_cell, unit_grid=unit_grid,
        grid_village=np.concatenate([grid_village, home]), first_premises=first,
        village_town=town,
    )  # fmt: skip


def _seat_cells(settlement: Settlement, ground: Ground, kind: Ints) -> Ints:
    """Return for each village the stretch of houses nearest to its seat."""
    hamlet = settlement.hamlet[settlement.inside]
    home = np.where(hamlet >= 0, settlement.hamlet_village[hamlet], -1)
    own = np.flatnonzero((kind == HOUSES) & (home >= 0))
    away = np.hypot(*(ground.xy[own] - settlement.seat_xy[home[own]]).T)
    order = own[np.lexsort((away, home[own]))]
    return order[np.r_[True, np.diff(home[order]) > 0]]


def _between(label: Ints, left: Ints, right: Ints, xy: Floats) -> csr_matrix:
    """Return the graph of groups whose cells are neighbours; cost in metres between ``xy``."""
    a, b = label[left], label[right]
    cross = (a != b) & (a >= 0) & (b >= 0)
    a, b = a[cross], b[cross]
    return symmetric(a, b, np.hypot(*(xy[a] - xy[b]).T), len(xy))


def _towns(
    plan: Plan, settlement: Settlement, ground: Ground, village: Ints, is_river: Bools,
    rng: np.random.Generator,
) -> Ints:  # fmt: skip
    """Group villages into towns; one town, no street, has exactly ``plan.town_of``."""
    left, right, arc = ground.links()
    cross = village[left] != village[right]
    a, b, arc = village[left][cross], village[right][cross], arc[cross]
    xy = settlement.seat_xy
    graph = symmetric(a, b, np.hypot(*(xy[a] - xy[b]).T) + 0.5 * RIVER_M * is_river[arc], len(xy))
    target = np.full(plan.seats, 14.0 if plan.seats > 2 else 5.0)
    n = plan.seats - plan.streets
    size = np.exp(rng.normal(0, 0.18, n))
    target[plan.streets :] = size / size.sum() * (plan.villages - target[: plan.streets].sum())
    town = balanced(graph, xy, settlement.towns, target, rounds=40, moving=False)
    count = np.bincount(town, minlength=plan.seats)
    nearest = plan.streets + int(np.argmin(np.abs(count[plan.streets :] - plan.town_of)))
    return _resize(town, nearest, plan.town_of, graph, settlement)


def _resize(town: Ints, chosen: int, size: int, graph: csr_matrix, settlement: Settlement) -> Ints:
    """Move villages over one town's border until it has ``size``; all towns stay connected."""
    town = town.copy()
    seat = settlement.seat_xy[settlement.towns[chosen]]
    away = np.hypot(*(settlement.seat_xy - seat).T)
    while (missing := size - int(np.sum(town == chosen))) != 0:
        touches = graph.astype(bool) @ (town == chosen).astype(float) > 0
        side = touches & (town != chosen) if missing > 0 else town == chosen
        side[settlement.towns] = False
        order = np.flatnonzero(side)
        order = order[np.argsort(away[order] * np.sign(missing), kind="stable")]
        for v in order:
            near = town[graph.indices[graph.indptr[v] : graph.indptr[v + 1]]]
            goals = [chosen] if missing > 0 else [t for t in near if t != chosen]
            rest = np.flatnonzero((town == town[v]) & (np.arange(len(town)) != v))
            if goals and is_connected(graph, rest):
                town[v] = goals[0]
                break
        else:
            raise RuntimeError("no town can be brought to the wanted size")
    return town


def _trim(
    plan: Plan, settlement: Settlement, kind: Ints, village: Ints, premises: Ints,
    graph: csr_matrix, rng: np.random.Generator,
) -> Bools:  # fmt: skip
    """Choose which stretches are lived in, to the plan's count, leaving the outermost empty."""
    lived = kind == HOUSES
    density = graph.astype(bool) @ lived.astype(float) + rng.random(len(kind))
    special = village == settlement.special
    spots = np.flatnonzero(special & (lived | (kind == PLOT)))
    lived[spots] = False
    lived[spots[np.argsort(-density[spots], kind="stable")][: plan.special_units]] = True
    spare = int(lived.sum()) - plan.units
    if spare > 0:
        free = np.flatnonzero(lived & ~special & (premises < 0))
        lived[free[np.argsort(density[free], kind="stable")][:spare]] = False
    return np.asarray(lived)


def _grids(
    plan: Plan, settlement: Settlement, village: Ints, premises: Ints, xy: Floats, graph: csr_matrix
) -> tuple[Ints, Ints]:
    """Group the units of each village into grids of about equal numbers of units.

    Returns each unit's grid (-1 in premises) and each grid's village.
    """
    base = premises < 0
    units = np.bincount(village[base], minlength=plan.villages)
    count = np.zeros(plan.villages, np.int64)
    ordinary = settlement.is_community & (np.arange(plan.villages) != settlement.special)
    count[ordinary] = shares(
        units[ordinary].astype(float), plan.community_grids - plan.special_grids
    )
    count[~settlement.is_community] = shares(
        units[~settlement.is_community].astype(float), plan.rural_grids
    )
    count[settlement.special] = plan.special_grids
    seeds = np.concatenate(
        [scatter(np.flatnonzero(base & (village == v)), xy, int(k)) for v, k in enumerate(count)]
    )
    grid_village = np.repeat(np.arange(plan.villages), count)
    target = (units / count)[grid_village]
    return balanced(graph, xy, seeds, target, rounds=24, moving=True), grid_village
