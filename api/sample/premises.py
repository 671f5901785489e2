"""Premises with a function of their own, cut out of a village's land: exclusive dedicated grids."""

import numpy as np
from scipy.sparse import csr_matrix

from api.sample.partition import is_connected
from api.sample.plan import Floats, Ints, Plan
from api.sample.settle import FIELD, HOUSES, PLOT, Settlement

# Share of exclusive premises where people live: a dormitory, a compound for the staff.
RESIDENT_SHARE = 0.17
MOST_PER_VILLAGE = (2, 4)  # a village, a community


def choose_premises(
    plan: Plan, settlement: Settlement, kind: Ints, village: Ints, graph: csr_matrix,
    rng: np.random.Generator,
) -> Ints:  # fmt: skip
    """Pick the cells of each exclusive dedicated grid.

    The rest of each village stays connected. The first premises are a fish farm with five
    stretches of houses; some others have one; most have none.

    Returns
    -------
    ndarray of int, one per cell
        Number of the premises, -1 for none.
    """
    taken = np.full(len(kind), -1)
    used = np.zeros(plan.villages, np.int64)
    most = np.where(settlement.is_community, MOST_PER_VILLAGE[1], MOST_PER_VILLAGE[0])
    most[settlement.special] = 0
    wants = _wants(plan, rng)
    made = 0
    for start in _candidates(settlement, kind, village, graph, rng):
        if made == plan.exclusive_grids:
            return taken
        home = village[start]
        if used[home] >= most[home] or taken[start] >= 0:
            continue
        houses, fields = wants[made]
        land = _grow(int(start), houses, fields, kind, village, taken, graph)
        rest = np.flatnonzero((village == home) & (taken < 0))
        if land and is_connected(graph, np.setdiff1d(rest, land)):
            taken[land] = made
            used[home] += 1
            made += 1
    raise RuntimeError(f"room for {made} of {plan.exclusive_grids} premises only")


def _wants(plan: Plan, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return how many stretches of houses and further fields each premises take in."""
    n = plan.exclusive_grids
    resident = np.arange(n) < n * RESIDENT_SHARE
    field = rng.random(n) < 0.3
    return [(5, 4)] + [(int(resident[i]), int(field[i])) for i in range(1, n)]


def _candidates(
    settlement: Settlement, kind: Ints, village: Ints, graph: csr_matrix, rng: np.random.Generator
) -> Ints:
    """Return plots, and fields beside houses, in a random order that favours communities."""
    beside: Floats = graph.astype(bool) @ (kind == HOUSES).astype(float)
    weight = np.where(kind == PLOT, 1.0, np.where((kind == FIELD) & (beside > 0), 0.35, 0.0))
    weight *= np.where(settlement.is_community[village], 3.0, 1.0)
    key = rng.exponential(1, len(kind)) / np.maximum(weight, 1e-12)
    order = np.argsort(key, kind="stable")
    order = order[weight[order] > 0]
    # The fish farm lies in the fields of an ordinary village.
    farm = (kind[order] == FIELD) & ~settlement.is_community[village[order]]
    return np.concatenate([order[farm][:50], order])


def _grow(
    start: int, houses: int, fields: int, kind: Ints, village: Ints, taken: Ints, graph: csr_matrix
) -> list[int]:
    """Add neighbours to a cell until it has the wanted houses and fields; empty if it cannot."""
    land, left = [start], {HOUSES: houses, FIELD: fields}
    queue = [start]
    while queue and any(left.values()):
        cell = queue.pop(0)
        for near in graph.indices[graph.indptr[cell] : graph.indptr[cell + 1]]:
            sort = int(kind[near])
            free = taken[near] < 0 and village[near] == village[start] and near not in land
            if free and left.get(sort, 0) > 0:
                left[sort] -= 1
                land.append(int(near))
                queue.append(int(near))
    return [] if left[HOUSES] else land
