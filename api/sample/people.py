"""People and what they answer for: members, heads, workers, branches, contacts and visits.

Every function takes and returns frames with the tables' columns; households stand for places,
and nobody in here is meant to exist.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from api.sample.names import fake_phones, name_people
from api.sample.partition import rank_within, shares
from api.sample.plan import REFERENCE_DATE, Floats, Ints, Plan, Strings

ZONE = "Asia/Shanghai"
WEEKS_OF_VISITS = 8
# A member's contacts are drawn from so many nearest households, and one in twenty from afar.
NEAR, FAR_SHARE = 26, 0.05
# Nobody comes from a household twice, so a village needs a few members at least.
LEAST_MEMBERS = 20


@dataclass(frozen=True, slots=True)
class Homes:
    """Households as numbers: rows of the frames ``household``, ``grid``, ``unit`` and villages."""

    frame: gpd.GeoDataFrame
    grid: gpd.GeoDataFrame
    in_grid: Ints
    in_unit: Ints
    in_village: Ints
    grid_village: Ints
    villages: Strings
    units: Strings
    xy: Floats

    @classmethod
    def of(
        cls, household: gpd.GeoDataFrame, grid: gpd.GeoDataFrame, unit: gpd.GeoDataFrame
    ) -> "Homes":
        """Take the households of clean frames; ``xy`` is roughly metres, good for nearness."""
        villages = np.unique(grid["area_code"].to_numpy(object))
        lonlat = np.column_stack([household.geometry.x, household.geometry.y])
        return cls(
            frame=household,
            grid=grid,
            in_grid=pd.Index(grid["code"]).get_indexer(household["grid_code"]),
            in_unit=pd.Index(unit["code"]).get_indexer(household["unit_code"]),
            in_village=pd.Index(villages).get_indexer(household["area_code"]),
            grid_village=pd.Index(villages).get_indexer(grid["area_code"]),
            villages=villages,
            units=unit["code"].to_numpy(object),
            xy=lonlat * [92_800.0, 111_000.0],
        )

    @property
    def code(self) -> Strings:
        """The households' codes."""
        return self.frame["code"].to_numpy(object)


def appoint(plan: Plan, homes: Homes, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the tables ``person``, ``party_branch``, ``party_member`` and ``appointment``."""
    member_home = _member_homes(plan, homes, rng)
    members = len(member_home)
    unit_head, unit_home = _unit_heads(homes, member_home, rng)
    worker_grid = _worker_grids(plan, homes)
    worker_home = _someone_of(homes, worker_grid, rng)
    home = np.concatenate([member_home, unit_home, worker_home])
    person = pd.DataFrame(
        {
            "code": [f"P{i:07d}" for i in range(1, len(home) + 1)],
            "name": name_people(len(home), rng),
            "phone": fake_phones(len(home), rng),
            "household_code": homes.code[home],
        }
    )
    who = person["code"].to_numpy(object)
    branch = _branches(homes, rng)
    secretary = _nearest_member(homes, member_home, homes.in_grid[member_home])
    unit_head = np.where(unit_head >= 0, unit_head, members + np.cumsum(unit_head < 0) - 1)
    full_time = np.zeros(plan.workers, bool)
    full_time[rng.permutation(plan.workers)[: plan.full_time]] = True
    grid_code = homes.grid["code"].to_numpy(object)
    first_worker = members + len(unit_home)
    head_of = _heads(plan, homes, member_home, rng)
    rows = [
        _posts("grid_head", who[head_of], grid_code=grid_code),
        _posts("grid_worker", who[first_worker:], grid_code=grid_code[worker_grid],
               full_time=full_time.astype(object)),
        _posts("unit_head", who[unit_head], unit_code=homes.units),
        _posts("branch_secretary", who[secretary], grid_code=grid_code,
               branch_code=branch["code"].to_numpy(object)),
    ]  # fmt: skip
    joined = _days(members, date(1976, 1, 1), date(2025, 7, 1), rng)
    member = pd.DataFrame(
        {
            "code": [f"M{i:07d}" for i in range(1, members + 1)],
            "person_code": who[:members],
            "household_code": homes.code[member_home],
            "branch_code": branch["code"].to_numpy(object)[homes.in_grid[member_home]],
            "joined_on": joined,
        }
    )
    appointment = pd.concat(rows, ignore_index=True)
    appointment.insert(0, "code", [f"A{i:07d}" for i in range(1, len(appointment) + 1)])
    appointment["starts_on"] = _days(len(appointment), date(2023, 3, 1), date(2026, 3, 1), rng)
    appointment["ends_on"] = None
    return {"person": person, "party_branch": branch, "party_member": member,
            "appointment": appointment}  # fmt: skip


def _posts(role: str, person: Strings, **columns: Strings) -> pd.DataFrame:
    blank = np.full(len(person), None, object)
    places = ("full_time", "area_code", "grid_code", "unit_code", "branch_code")
    return pd.DataFrame(
        {"person_code": person, "role": role, **{p: columns.get(p, blank) for p in places}}
    )


def _days(n: int, first: date, last: date, rng: np.random.Generator) -> list[date]:
    return [first + timedelta(days=int(d)) for d in rng.integers(0, (last - first).days, n)]


def _member_homes(plan: Plan, homes: Homes, rng: np.random.Generator) -> Ints:
    """Draw the households that have a member, more in some villages than in others."""
    village = homes.in_village
    weight = np.bincount(village).astype(np.float64) * np.exp(
        rng.normal(0, 0.15, len(homes.villages))
    )
    wanted = shares(weight, plan.members, least=LEAST_MEMBERS)
    rank = rank_within(village, rng.random(len(village)))
    return np.flatnonzero(rank <= wanted[village])


def _unit_heads(homes: Homes, member_home: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Give each unit a head: often a member of its own, else one of its households.

    Returns per unit the member's number or -1, and the households of the others.
    """
    head = np.full(len(homes.units), -1)
    often = rng.random(len(member_home)) < 0.6
    head[homes.in_unit[member_home[often]]] = np.flatnonzero(often)
    any_home = np.full(len(homes.units), -1)
    order = rng.permutation(len(homes.in_unit))
    any_home[homes.in_unit[order]] = order
    return head, any_home[head < 0]


def _worker_grids(plan: Plan, homes: Homes) -> Ints:
    """Give each grid a worker and the most populous ones a second."""
    size = np.bincount(homes.in_grid, minlength=len(homes.grid))
    second = np.argsort(-size, kind="stable")[: plan.workers - len(homes.grid)]
    return np.sort(np.concatenate([np.arange(len(homes.grid)), second]))


def _someone_of(homes: Homes, grid: Ints, rng: np.random.Generator) -> Ints:
    """Return a household of each grid; of its village where nobody lives in the grid."""
    order = rng.permutation(len(homes.in_grid))
    by_grid = np.full((2, len(homes.grid)), -1)
    by_grid[0][homes.in_grid[order]] = order
    by_grid[1][homes.in_grid[order[::-1]]] = order[::-1]
    by_village = np.zeros(len(homes.villages), np.int64)
    by_village[homes.in_village[order]] = order
    # A grid's second worker comes from another household than its first.
    turn = (rank_within(grid, np.arange(len(grid), dtype=np.float64)) - 1) % 2
    own = by_grid[turn, grid]
    return np.where(own >= 0, own, by_village[homes.grid_village[grid]])


def _heads(plan: Plan, homes: Homes, member_home: Ints, rng: np.random.Generator) -> Ints:
    """Return each grid's head, a member of the village who answers for a run of its grids."""
    village = homes.grid_village
    wanted = shares(np.bincount(village).astype(np.float64), plan.heads)
    rank = rank_within(village, np.arange(len(village), dtype=np.float64)) - 1
    turn = rank * wanted[village] // np.bincount(village)[village]
    home = homes.in_village[member_home]
    order = np.lexsort((rng.random(len(home)), home))
    first = np.searchsorted(home[order], np.arange(len(homes.villages)))
    return np.asarray(order[first[village] + turn])


def _branches(homes: Homes, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Found a branch on every grid, seated at one of its houses."""
    grid = homes.grid
    seat = grid.geometry.representative_point().to_numpy()
    order = rng.permutation(len(homes.in_grid))
    seat[homes.in_grid[order]] = homes.frame.geometry.to_numpy()[order]
    return gpd.GeoDataFrame(
        {
            "code": "B" + grid["code"],
            "name": grid["name"] + "党支部",
            "area_code": grid["area_code"],
            "grid_code": grid["code"],
        },
        geometry=seat,
        crs=4326,
    ).rename_geometry("geom")


def _nearest_member(homes: Homes, member_home: Ints, member_grid: Ints) -> Ints:
    """Return a member of each grid, or else of its village."""
    chosen = np.zeros(len(homes.grid), np.int64)
    by_village = np.zeros(len(homes.villages), np.int64)
    by_village[homes.in_village[member_home]] = np.arange(len(member_home))
    chosen[:] = by_village[homes.grid_village]
    chosen[member_grid] = np.arange(len(member_grid))
    return chosen


def link_contacts(homes: Homes, member: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table ``contact_link``: five to eight households a member, mostly near by."""
    own = pd.Index(homes.code).get_indexer(pd.Index(member["household_code"]))
    near = cKDTree(homes.xy).query(homes.xy[own], k=NEAR + 1)[1]
    # Households with needs are chosen before others; one's own never.
    needy = homes.frame["need_tags"].map(len).to_numpy() > 0
    key = rng.exponential(1, near.shape) / np.where(needy[near], 3.0, 1.0)
    key += np.where(homes.in_village[near] != homes.in_village[own][:, None], 5.0, 0.0)
    key[near == own[:, None]] = np.inf
    chosen = np.take_along_axis(near, np.argsort(key, axis=1, kind="stable")[:, :8], axis=1)
    order = np.argsort(homes.in_village, kind="stable")
    start = np.searchsorted(homes.in_village[order], homes.in_village[own])
    size = np.bincount(homes.in_village)[homes.in_village[own]]
    far = order[start + (rng.random(len(own)) * size).astype(np.int64)]
    use = (rng.random(len(own)) < FAR_SHARE * 6.5) & (far != own)
    use &= ~(chosen == far[:, None]).any(axis=1)
    chosen[use, 0] = far[use]
    count = rng.integers(5, 9, len(own))
    who, which = np.nonzero(np.arange(8) < count[:, None])
    return pd.DataFrame(
        {
            "code": [f"L{i:07d}" for i in range(1, len(who) + 1)],
            "member_code": member["code"].to_numpy(object)[who],
            "household_code": homes.code[chosen[who, which]],
            "since": _days(len(who), date(2024, 1, 1), date(2026, 6, 1), rng),
        }
    )


def visit_homes(
    plan: Plan, homes: Homes, appointment: pd.DataFrame, link: pd.DataFrame, member: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Return the table ``visit``: the last eight weeks, by grid workers and by members.

    Grids differ in diligence, so that the share of unvisited households means something.
    """
    needy = homes.frame["need_tags"].map(len).to_numpy() > 0
    diligence = rng.gamma(2.2, 1 / 2.2, len(homes.grid))[homes.in_grid]
    weight = diligence * np.where(needy, 2.2, 1.0)
    by_member = int(plan.visits * 0.15)
    home = rng.choice(len(weight), plan.visits - by_member, p=weight / weight.sum())
    worker = appointment[appointment["role"] == "grid_worker"]
    walks = worker.drop_duplicates("grid_code").set_index("grid_code")["person_code"]
    walker = walks.reindex(homes.grid["code"]).to_numpy(object)[homes.in_grid[home]]
    through = rng.integers(0, len(link), by_member)
    person = member.set_index("code")["person_code"]
    contact = person.reindex(link["member_code"].to_numpy()[through]).to_numpy(object)
    seconds = rng.integers(0, WEEKS_OF_VISITS * 7, plan.visits) * 86_400
    seconds += (rng.triangular(8, 10, 19, plan.visits) * 3600).astype(np.int64)
    first = np.datetime64(REFERENCE_DATE - timedelta(weeks=WEEKS_OF_VISITS), "s")
    order = np.argsort(seconds, kind="stable")
    at = pd.DatetimeIndex(first + seconds[order]).tz_localize(ZONE)
    place = np.concatenate([homes.code[home], link["household_code"].to_numpy(object)[through]])
    note = np.array([None, "家中无人", "已核对信息", "反映用水问题", "提醒用电安全"], object)
    said = np.where(rng.random(plan.visits) < 0.06, rng.integers(1, 5, plan.visits), 0)
    return pd.DataFrame(
        {
            "code": [f"V{i:07d}" for i in range(1, plan.visits + 1)],
            "household_code": place[order],
            "person_code": np.concatenate([walker, contact])[order],
            "visited_at": at,
            "note": note[said],
        }
    )
