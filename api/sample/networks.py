"""The departments' own grids, from before many networks became one."""

import geopandas as gpd
import numpy as np
import pandas as pd

from api.sample.ground import Ground, symmetric
from api.sample.land import Land
from api.sample.names import Names, name_people
from api.sample.partition import balanced, centroids, dissolve, rank_within, scatter, shares
from api.sample.plan import Plan
from api.sample.territory import Territory

# Department, what it calls its grid, and how many of today's grids one has.
DEPARTMENTS = (("党建", "党建片区", 8), ("公安", "警务区", 24), ("信访", "信访责任区", 40),
               ("应急", "应急网格", 13))  # fmt: skip


def network_rows(
    plan: Plan, ground: Ground, territory: Territory, names: Names, land: Land,
    rng: np.random.Generator,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return the table ``department_network``: each department divides every town its own way."""
    t = territory
    n = len(t.grid_village)
    xy = centroids(t.cell_grid, ground.xy, n)
    town = t.village_town[t.grid_village]
    left, right, _ = ground.links()
    a, b = t.cell_grid[left], t.cell_grid[right]
    inner = (a != b) & (town[a] == town[b])
    a, b = a[inner], b[inner]
    graph = symmetric(a, b, np.hypot(*(xy[a] - xy[b]).T), n)
    size = np.bincount(town, minlength=plan.seats)
    parts = []
    for number, (department, noun, grids) in enumerate(DEPARTMENTS):
        count = shares(size.astype(np.float64), max(n // grids, plan.seats))
        starts = [rng.permutation(np.flatnonzero(town == s)) for s in range(plan.seats)]
        seeds = np.concatenate(
            [scatter(start, xy, int(k)) for start, k in zip(starts, count, strict=True)]
        )
        of_town = np.repeat(np.arange(plan.seats), count)
        target = (size / count)[of_town]
        label = balanced(graph, xy, seeds, target, rounds=6, moving=True)
        rank = rank_within(of_town, np.arange(len(seeds), dtype=np.float64))
        parts.append(
            gpd.GeoDataFrame(
                {
                    "code": [f"D{number + 1}{i:04d}" for i in range(1, len(seeds) + 1)],
                    "department": department,
                    "name": [f"{names.town[s]}第{r}{noun}"
                             for s, r in zip(of_town, rank, strict=True)],
                    "responsible": name_people(len(seeds), rng),
                },
                geometry=dissolve(land.grid_shape[:n], label, len(seeds)),
                crs=4326,
            )
        )  # fmt: skip
    rows = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=4326)
    return rows.rename_geometry("geom")
