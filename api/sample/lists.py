"""What goes wrong with lists: households misfiled, stacked or unlocated, posts left vacant."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd

# Lists come from villages: some never geocoded many of theirs, some put a lane into the wrong grid.
UNLOCATED_SHARE, UNLOCATED_VILLAGES = 0.0032, 14
MISFILED_LANES, MISFILED_A_LANE = 13, 5
STACKS, STACK = 2, 26
WITHOUT_WORKER, WITHOUT_HEAD, WITHOUT_BRANCH = 9, 3, 2


def spoil_households(
    household: pd.DataFrame, grid: pd.DataFrame, share: float, rng: np.random.Generator
) -> Iterator[dict[str, object]]:
    """Misfile, stack and unlocate some households, in place."""
    village = household["area_code"].to_numpy(object)
    recorded = household["grid_code"].to_numpy(object).copy()
    grids = grid[grid["coverage"] == "exclusive"].groupby("area_code")["code"].agg(list)
    starts = rng.permutation(len(household))
    lanes, starts = np.split(starts, [max(round(MISFILED_LANES * share), 1)])
    misfiled = np.concatenate(
        [np.flatnonzero(recorded == recorded[start])[:MISFILED_A_LANE] for start in lanes]
    )
    for start in lanes:
        lane = np.flatnonzero(household["grid_code"] == recorded[start])[:MISFILED_A_LANE]
        others = [g for g in grids[village[start]] if g != recorded[start]]
        recorded[lane] = others[rng.integers(len(others))]
    household["grid_code"] = recorded
    household.loc[household.index[misfiled], "unit_code"] = None
    yield {"kind": "misfiled", "households": sorted(household["code"].iloc[misfiled])}
    point = household["geom"].to_numpy(object).copy()
    stacked = misfiled
    for start in starts[:STACKS]:
        # Neighbours on the list, all where a geocoder put the first of them.
        stack = np.setdiff1d(np.flatnonzero(recorded == recorded[start])[:STACK], misfiled)
        point[stack] = point[stack[0]]
        stacked = np.union1d(stacked, stack)
        yield {"kind": "stacked", "households": sorted(household["code"].iloc[stack])}
    chosen = rng.permutation(np.unique(village))[: max(round(UNLOCATED_VILLAGES * share), 1)]
    free = np.setdiff1d(np.flatnonzero(np.isin(village, chosen)), stacked)
    unlocated = rng.permutation(free)[: round(len(household) * UNLOCATED_SHARE)]
    point[unlocated] = None
    household["geom"] = gpd.GeoSeries(point, crs=4326)
    yield {"kind": "unlocated", "households": sorted(household["code"].iloc[unlocated])}


def vacate(
    appointment: pd.DataFrame, share: float, rng: np.random.Generator
) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """Move some grids' only worker to another grid, and leave some grids without a head.

    Nobody is dismissed: the numbers of heads and of workers stay.
    """
    posts = appointment.copy()
    role, grid = posts["role"], appointment["grid_code"]
    worker = posts[role == "grid_worker"]
    single = worker[~worker["grid_code"].duplicated(keep=False)]
    chosen = rng.permutation(len(single))[: 2 * max(round(WITHOUT_WORKER * share), 1)]
    left, right = np.split(single.index.to_numpy()[chosen], 2)
    posts.loc[left, "grid_code"] = grid.loc[right].to_numpy()
    head = posts[role == "grid_head"]
    several = head[head["person_code"].duplicated()]
    chosen = rng.permutation(len(several))[: max(round(WITHOUT_HEAD * share), 1)]
    gone = several.index.to_numpy()[chosen]
    return posts[~posts.index.isin(gone)].reset_index(drop=True), [
        {"kind": "without_worker", "grids": sorted(grid.loc[left])},
        {"kind": "without_head", "grids": sorted(grid.loc[gone])},
    ]


def disband(
    branch: pd.DataFrame, appointment: pd.DataFrame, member: pd.DataFrame, share: float,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, object]]:  # fmt: skip
    """Take the branch, and its secretary's post, from some premises where no member lives."""
    idle = branch.loc[~branch["code"].isin(member["branch_code"]), "code"].to_numpy(object)
    gone = rng.permutation(idle)[: max(round(WITHOUT_BRANCH * share), 1)]
    lost = branch["code"].isin(gone)
    posts = appointment[~appointment["branch_code"].isin(gone)].reset_index(drop=True)
    grids = sorted(branch.loc[lost, "grid_code"])
    told: dict[str, object] = {"kind": "without_branch", "grids": grids}
    return branch[~lost].reset_index(drop=True), posts, told
