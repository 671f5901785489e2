"""Where people live: a county's outline, seats, hamlets along lanes, and the fields between.

Everything becomes seeds of one planar subdivision (:mod:`api.sample.ground`): a seed is a stretch
of lane with about ten houses, a plot among them without houses, or a field. All in metres on
the plane of :data:`api.sample.plan.PLANE`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from api.sample.plan import CENTRE, Bools, Floats, Ints, Plan

HOUSES, PLOT, FIELD = 0, 1, 2
# A stretch of lane: about five plots long, two deep.
PITCH = (78.0, 50.0)
# Houses stay this far from the bisector to the next hamlet, fields twice as far.
MARGIN_M = 42.0


@dataclass(frozen=True, slots=True)
class Settlement:
    """The seeds of a county and what each is.

    ``xy``, ``kind``, ``hamlet`` and ``inside`` have a row per seed; ``hamlet`` is -1 for fields;
    seeds that are not ``inside`` only shape the county's border. ``hamlet_*`` have a row per
    hamlet, ``seat_*`` a row per village. ``towns`` are the villages that are a town's seat.
    """

    xy: Floats
    kind: Ints
    hamlet: Ints
    inside: Bools
    hamlet_xy: Floats
    hamlet_village: Ints
    hamlet_angle: Floats
    seat_xy: Floats
    is_community: Bools
    special: int
    towns: Ints


class Outline:
    """A blob about the centre: a circle stretched east-west and bent by harmonics."""

    def __init__(self, area_km2: float, rng: np.random.Generator) -> None:
        order = np.arange(2, 90)
        self._order = order
        self._size = rng.normal(0, 0.085, order.size) * (2.0 / order) ** 1.2
        self._phase = rng.uniform(0, 2 * np.pi, order.size)
        angle = np.linspace(0, 2 * np.pi, 4096, endpoint=False)
        mean_square = float(np.mean(self._bend(angle) ** 2))
        self._radius = float(np.sqrt(area_km2 * 1e6 / (np.pi * mean_square)))
        self._stretch = np.array([1.16, 1 / 1.16])

    def _bend(self, angle: Floats) -> Floats:
        waves = np.cos(angle[:, None] * self._order + self._phase)
        return np.asarray(np.clip(1 + waves @ self._size, 0.7, 1.3))

    def depth(self, xy: Floats) -> Floats:
        """Measure roughly how far inside points lie, in metres; negative outside."""
        offset = (xy - CENTRE) / self._stretch
        reach = self._radius * self._bend(np.arctan2(offset[:, 1], offset[:, 0]))
        return np.asarray(reach - np.hypot(offset[:, 0], offset[:, 1]))

    def box(self, margin_m: float) -> Floats:
        """Return half the width and height of a box about the centre that holds the blob."""
        return self._radius * 1.3 * self._stretch + margin_m

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Return about ``n`` points spread evenly over the blob."""
        half = self.box(0)
        share = np.pi * self._radius**2 / (4 * half[0] * half[1])
        xy = rng.uniform(-half, half, (int(n / share), 2)) + CENTRE
        return xy[self.depth(xy) > 0]


def spread(points: Floats, weight: Floats, n: int, rounds: int, rng: np.random.Generator) -> Floats:
    """Spread ``n`` centres over weighted points (Lloyd 1982, doi:10.1109/TIT.1982.1056489)."""
    share = weight / weight.sum()
    centres = points[rng.choice(len(points), n, replace=False, p=share)]
    for _ in range(rounds):
        nearest = cKDTree(centres).query(points)[1]
        mass = np.bincount(nearest, weight, n)
        kept = mass > 0
        for axis in (0, 1):
            total = np.bincount(nearest, weight * points[:, axis], n)
            centres[kept, axis] = total[kept] / mass[kept]
    return centres


def settle(plan: Plan, rng: np.random.Generator) -> Settlement:
    """Place the seats, the hamlets and every seed of a county."""
    outline = Outline(plan.area_km2, rng)
    points = outline.sample(110 * plan.villages, rng)
    scale = np.sqrt(plan.area_km2)
    town_xy = spread(points, np.ones(len(points)), plan.towns + plan.townships, 3, rng)
    seat_xy = _seats(plan, points, town_xy, rng)
    towns = _town_seats(plan, seat_xy, town_xy, scale)
    is_community = _communities(plan, seat_xy, towns)
    special = int(towns[plan.streets])
    hamlet_xy, hamlet_village = _hamlets(seat_xy, is_community, points, rng)
    wanted = _wanted_units(plan, is_community, special, rng)
    angle = _angles(seat_xy, hamlet_xy, scale, rng)
    houses, kind, hamlet = _lanes(hamlet_xy, hamlet_village, angle, wanted, outline, rng)
    fields = _fields(plan, outline, houses, rng)
    return Settlement(
        xy=np.vstack([houses, fields]),
        kind=np.concatenate([kind, np.full(len(fields), FIELD)]),
        hamlet=np.concatenate([hamlet, np.full(len(fields), -1)]),
        inside=np.concatenate([np.ones(len(houses), bool), outline.depth(fields) > 0]),
        hamlet_xy=hamlet_xy, hamlet_village=hamlet_village, hamlet_angle=angle,
        seat_xy=seat_xy, is_community=is_community, special=special, towns=towns,
    )  # fmt: skip


def _seats(plan: Plan, points: Floats, town_xy: Floats, rng: np.random.Generator) -> Floats:
    """Spread the villages' seats: densest in the county's town, denser about each town."""
    core = 2350.0 * np.sqrt(plan.urban_communities / 27)
    urban = np.exp(-((np.hypot(*(points - CENTRE).T) / core) ** 4))
    near = np.exp(-((cKDTree(town_xy).query(points)[0] / 1500.0) ** 2))
    weight = 1 + 7 * urban + 0.6 * near + rng.uniform(0, 1.0, len(points))
    return spread(points, weight, plan.villages, 6, rng)


def _town_seats(plan: Plan, seat_xy: Floats, town_xy: Floats, scale: float) -> Ints:
    """Return the seats of streets first (around the centre), then of towns and townships."""
    turn = np.arange(plan.streets) * 2 * np.pi / max(plan.streets, 1) + 0.5
    ring = np.column_stack([np.cos(turn), np.sin(turn)]) * scale * 25.0 * (plan.streets > 1)
    street = cKDTree(seat_xy).query(ring + CENTRE)[1]
    distance = np.hypot(*(seat_xy - CENTRE).T)
    inner = np.argsort(distance)[: plan.urban_communities]
    outer = np.setdiff1d(np.arange(len(seat_xy)), np.union1d(inner, street))
    chosen = outer[cKDTree(seat_xy[outer]).query(town_xy)[1]]
    return np.concatenate([street, chosen])


def _communities(plan: Plan, seat_xy: Floats, towns: Ints) -> Bools:
    """Mark as communities the inner seats, each town's own seat, and the next ones beside them."""
    inner = np.argsort(np.hypot(*(seat_xy - CENTRE).T))[: plan.urban_communities]
    chosen = np.zeros(len(seat_xy), bool)
    chosen[inner] = True
    chosen[towns] = True
    beside = cKDTree(seat_xy).query(seat_xy[towns[plan.streets :]], k=2)[1][:, 1]
    for seat in beside:
        if chosen.sum() < plan.communities:
            chosen[seat] = True
    return chosen


def _wanted_units(
    plan: Plan, is_community: Bools, special: int, rng: np.random.Generator
) -> Floats:
    """Draw how many ten-household units each village should have, a little over the plan."""
    n = len(is_community)
    grids = np.where(is_community, plan.community_grids / plan.communities * 2.45,
                     plan.rural_grids / plan.rural_villages)  # fmt: skip
    share = grids * np.exp(rng.normal(0, np.where(is_community, 0.12, 0.3), n))
    wanted = share / share.sum() * plan.units * 1.04
    wanted[special] = plan.special_units * 1.15
    return np.asarray(wanted)


def _hamlets(
    seat_xy: Floats, is_community: Bools, points: Floats, rng: np.random.Generator
) -> tuple[Floats, Ints]:
    """Give each village one to four hamlets, the first at its seat; a community has one."""
    distance, near = cKDTree(seat_xy).query(points, k=2)
    free = distance[:, 1] - distance[:, 0] > 380
    xy: list[Floats] = []
    village: list[int] = []
    for v, seat in enumerate(seat_xy):
        placed = [seat]
        extra = 0 if is_community[v] else min(int(rng.poisson(1.4)), 3)
        mine = points[free & (near[:, 0] == v)]
        for candidate in mine[rng.permutation(len(mine))]:
            if len(placed) > extra:
                break
            if np.min(np.hypot(*(np.array(placed) - candidate).T)) > 560:
                placed.append(candidate)
        xy += placed
        village += [v] * len(placed)
    return np.array(xy), np.array(village, dtype=np.int64)


def _angles(seat_xy: Floats, hamlet_xy: Floats, scale: float, rng: np.random.Generator) -> Floats:
    """Turn lanes a little off east-west; in the county's town all alike."""
    free = rng.normal(0, 0.2, len(hamlet_xy))
    urban = np.hypot(*(hamlet_xy - CENTRE).T) < 75 * scale
    return np.where(urban, 0.12, free)


def _lanes(
    hamlet_xy: Floats, hamlet_village: Ints, angle: Floats, wanted: Floats, outline: Outline,
    rng: np.random.Generator,
) -> tuple[Floats, Ints, Ints]:  # fmt: skip
    """Lay stretches of lane about each hamlet's centre, nearest first, until it has enough."""
    tree = cKDTree(hamlet_xy)
    first = np.r_[True, hamlet_village[1:] != hamlet_village[:-1]]
    part = rng.uniform(0.4, 1.0, len(first)) + np.where(first, 1.2, 0)
    part /= np.bincount(hamlet_village, part)[hamlet_village]
    xy, kind, hamlet = [], [], []
    for h, centre in enumerate(hamlet_xy):
        n = max(round(float(wanted[hamlet_village[h]] * part[h])), 6)
        spots = _lattice(centre, angle[h], n, rng)
        spots = spots[_is_clear(spots, h, tree, hamlet_xy) & (outline.depth(spots) > 90)]
        # A few spots in a hamlet hold no houses: a school, a yard, a pond.
        empty = rng.random(len(spots)) < 0.05
        last = int(np.searchsorted(np.cumsum(~empty), n)) + 1
        xy.append(spots[:last])
        kind.append(np.where(empty[:last], PLOT, HOUSES))
        hamlet.append(np.full(len(spots[:last]), h))
    return np.vstack(xy), np.concatenate(kind), np.concatenate(hamlet)


def _lattice(centre: Floats, angle: float, n: int, rng: np.random.Generator) -> Floats:
    """Return spots along lanes, ordered by an uneven distance from the centre."""
    reach = int(np.sqrt(n) * 1.7) + 4
    column, row = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    # Crossings shift from lane to lane, as in any grown village.
    shift = rng.uniform(-0.1, 0.1, 2 * reach + 1)[:, None]
    local = np.column_stack([((column + shift) * PITCH[0]).ravel(), (row * PITCH[1]).ravel()])
    local += rng.uniform(-3.5, 3.5, local.shape)
    aspect = np.exp(rng.normal(0.1, 0.3))
    turn = np.arctan2(local[:, 1], local[:, 0] / aspect)
    bumps = (
        1 + 0.3 * np.sin(2 * turn + rng.uniform(0, 6)) + 0.25 * np.sin(3 * turn + rng.uniform(0, 6))
    )
    order = np.argsort(np.hypot(local[:, 0] / aspect, local[:, 1]) * bumps, kind="stable")
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(centre + local[order] @ np.array([[cos, sin], [-sin, cos]]))


def _is_clear(spots: Floats, h: int, tree: cKDTree, centres: Floats) -> Bools:
    """Keep to the hamlet's own side of the bisector with each of its neighbours."""
    beside = tree.query(centres[h], k=min(9, len(centres)))[1]
    clear = np.ones(len(spots), bool)
    for other in beside[beside != h]:
        across = centres[other] - centres[h]
        middle = (centres[other] + centres[h]) / 2
        clear &= (middle - spots) @ across / np.hypot(*across) > MARGIN_M
    return clear


def _fields(plan: Plan, outline: Outline, houses: Floats, rng: np.random.Generator) -> Floats:
    """Lay a jittered, gently bent lattice of fields, also a band of them beyond the border."""
    step = np.sqrt(plan.area_km2 * 1e6 / plan.fields)
    half = outline.box(6 * step) / step
    column, row = np.meshgrid(np.arange(-half[0], half[0]), np.arange(-half[1], half[1]))
    flat = np.column_stack([column.ravel() + 0.5 * (row.ravel() % 2), row.ravel()])
    flat += rng.uniform(-0.36, 0.36, flat.shape)
    bend = 1.2 * np.sin(flat[:, ::-1] / 9.0 + rng.uniform(0, 6, 2))
    xy = (flat + bend) * step + CENTRE
    xy = xy[outline.depth(xy) > -5 * step]
    return np.asarray(xy[cKDTree(houses).query(xy)[0] > 2 * MARGIN_M + 6])
