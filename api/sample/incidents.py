"""Incidents of a year and their log: they follow people, with true hot spots and false ones.

A true hot spot is a place where more is reported per household. A false one is a coordinate
that a geocoder gave to everything it could not find: many incidents on one point.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from api.sample.people import ZONE, Homes
from api.sample.plan import REFERENCE_DATE, Bools, Floats, Ints, Plan, Strings

# Name, Chinese and English, weight, and the shares of the tiers auto, local, escalated.
KINDS = (
    ("sanitation", "环境卫生", "Sanitation", 20, (0.15, 0.78, 0.07)),
    ("utilities", "水电故障", "Water and power", 17, (0.20, 0.70, 0.10)),
    ("dispute", "邻里纠纷", "Neighbours' dispute", 14, (0.02, 0.80, 0.18)),
    ("road", "道路设施", "Roads", 11, (0.05, 0.60, 0.35)),
    ("benefits", "惠民政策", "Benefits", 15, (0.65, 0.30, 0.05)),
    ("elderly", "助老服务", "Care for the elderly", 9, (0.15, 0.80, 0.05)),
    ("noise", "噪声扰民", "Noise", 5, (0.10, 0.80, 0.10)),
    ("safety", "安全隐患", "Hazards", 6, (0.00, 0.55, 0.45)),
    ("homestead", "宅基地纠纷", "Homestead dispute", 3, (0.00, 0.45, 0.55)),
)
TIERS = ("auto", "local", "escalated")
# Median hours from report to answer, per tier; shares of the alerts blue, yellow, red.
HOURS = (3.0, 30.0, 130.0)
ALERTS = {"blue": (0.92, 0.74, 0.35), "yellow": (0.08, 0.22, 0.43), "red": (0.0, 0.04, 0.22)}
HOT_SPOTS, HOT_REACH_M, HOT_TIMES = 7, 520.0, 14.0
# So many of a thousand incidents lie on each false hot spot.
FALSE_SPOTS = (9, 7, 6)
REOPENED, UNRATED = 0.07, 0.1
FIRST_DAY = np.datetime64("2026-01-01", "s")
TODAY_S = int((np.datetime64(REFERENCE_DATE, "s") - FIRST_DAY).astype(int))


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What is known of each incident before its story is told; times in seconds, local."""

    kind: Ints
    tier: Ints
    home: Ints
    stacked: Ints
    reported: Ints
    hours: Floats
    is_open: Bools


def report_incidents(plan: Plan, homes: Homes, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the tables ``incident`` and ``incident_log``."""
    drawn = _draw(plan, homes, rng)
    n = len(drawn.kind)
    stories = [_story(drawn, i, rng) for i in range(n)]
    code = np.array([f"I2026{i:06d}" for i in range(1, n + 1)], object)
    spots = _spots(homes, drawn, rng)
    own = (drawn.stacked < 0) & (rng.random(n) < 0.62)
    grid = homes.grid["code"].to_numpy(object)[homes.in_grid]
    alert = _alerts(drawn.tier, rng)
    incident = gpd.GeoDataFrame(
        {
            "code": code,
            "kind": np.array([k[0] for k in KINDS], object)[drawn.kind],
            "title": _titles(homes, drawn),
            "tier": np.array(TIERS, object)[drawn.tier],
            "alert": alert,
            "status": [s.moves[-1][3] for s in stories],
            "reported_at": _times(drawn.reported.tolist()),
            "closed_at": _times([s.closed for s in stories]),
            "rating": pd.array([s.rating for s in stories], dtype="Int64"),
            "satisfied": np.array([s.satisfied for s in stories], object),
            "grid_code": grid[drawn.home],
            "household_code": np.where(own, homes.code[drawn.home], np.array(None, object)),
        },
        geometry=spots,
        crs=4326,
    ).rename_geometry("geom")
    log = pd.DataFrame(
        [(c, *step) for c, story in zip(code, stories, strict=True) for step in story.moves],
        columns=["incident_code", "at", "actor", "from_status", "to_status", "note"],
    )
    log = log.sort_values("at", kind="stable", ignore_index=True)
    log["at"] = _times(log["at"].tolist())
    return {"incident": incident, "incident_log": log}


def _draw(plan: Plan, homes: Homes, rng: np.random.Generator) -> _Drawn:
    """Draw kinds, tiers, places and times; incidents come in the order of their reports."""
    n = plan.closed_incidents + plan.open_incidents
    centre = homes.xy[rng.choice(len(homes.xy), HOT_SPOTS, replace=False)]
    apart = np.hypot(*np.moveaxis(homes.xy[:, None] - centre, 2, 0))
    weight = 1 + HOT_TIMES * np.exp(-((apart / HOT_REACH_M) ** 2)).sum(axis=1)
    home = rng.choice(len(weight), n, p=weight / weight.sum())
    stacked = np.full(n, -1)
    picked = rng.permutation(n)
    for spot, share in enumerate(FALSE_SPOTS):
        mine, picked = np.split(picked, [max(n * share // 1000, 2)])
        stacked[mine] = spot
        home[mine] = rng.integers(0, len(homes.xy))
    weights = np.array([k[3] for k in KINDS], float)
    kind = rng.choice(len(KINDS), n, p=weights / weights.sum())
    tiers = np.cumsum([k[4] for k in KINDS], axis=1)
    tier = (rng.random(n)[:, None] > tiers[kind]).sum(axis=1).clip(0, 2)
    hours = np.array(HOURS)[tier] * np.exp(rng.normal(0, 0.8, n))
    is_open = np.zeros(n, bool)
    is_open[rng.permutation(n)[: plan.open_incidents]] = True
    # What is still open was reported lately; what is closed, long enough ago to be.
    age = np.where(is_open, rng.exponential(9 * 86_400, n) + 3600, rng.uniform(0, TODAY_S, n))
    age = np.where(is_open, age, np.maximum(age, hours * 3600 * 3.2 + 6 * 86_400))
    reported = (TODAY_S - np.minimum(age, TODAY_S - 3600)).astype(np.int64)
    order = np.argsort(reported, kind="stable")
    return _Drawn(kind[order], tier[order], home[order], stacked[order], reported[order],
                  np.minimum(hours, 1400.0)[order], is_open[order])  # fmt: skip


# When (seconds of the year), who, from which status to which, and a note.
Move = tuple[int, str, str | None, str, str | None]
DESKS = ("AI办", "网格员", "联动单位")


@dataclass(frozen=True, slots=True)
class _Story:
    """An incident's moves, when it was closed (-1 while it is open), and how it was rated."""

    moves: list[Move]
    closed: int
    rating: int | None
    satisfied: bool | None


def _story(drawn: _Drawn, i: int, rng: np.random.Generator) -> _Story:
    """Move an incident through its steps; a dissatisfied rating sends it round again."""
    moves: list[Move] = [(int(drawn.reported[i]), "网格员", None, "found", None)]
    length = 3600.0 * drawn.hours[i]
    again, unrated = bool(rng.random() < REOPENED), bool(rng.random() < UNRATED)
    angry = again and bool(rng.random() < 0.15)
    _handle(moves, DESKS[drawn.tier[i]], length, None, rng)
    if again:
        _rate(moves, "不满意", rng)
        _handle(moves, DESKS[drawn.tier[i]], length * 0.6, "不满意，重新交办", rng)
    _rate(moves, "再次交办后归档" if angry else "逾期未评价，系统默认" if unrated else "满意", rng)
    if drawn.is_open[i]:
        # An open case never ends in a rating, nor in the future.
        last = max(len(moves) - 1 - int(rng.integers(0, 3)), 1)
        return _Story([move for move in moves[:last] if move[0] < TODAY_S], -1, None, None)
    if moves[-1][0] >= TODAY_S:
        pace = (TODAY_S - 60 - moves[0][0]) / (moves[-1][0] - moves[0][0])
        moves = [(moves[0][0] + int((m[0] - moves[0][0]) * pace), *m[1:]) for m in moves]
    if unrated and not angry:
        return _Story(moves, moves[-1][0], None, None)
    rating = int(rng.integers(1, 3)) if angry else int(rng.integers(3, 6))
    return _Story(moves, moves[-1][0], rating, not angry)


def _handle(
    moves: list[Move], desk: str, length: float, note: str | None, rng: np.random.Generator
) -> None:
    """Add dispatch, acceptance and answer, ``length`` seconds in all."""
    cuts = moves[-1][0] + 1 + np.cumsum(rng.dirichlet([0.7, 1.2, 6.0]) * length).astype(int)
    moves.append((int(cuts[0]), "指挥中心", moves[-1][3], "dispatched", note))
    moves.append((int(cuts[1]), desk, "dispatched", "in_hand", None))
    moves.append((int(cuts[2]), desk, "in_hand", "answered", None))


def _rate(moves: list[Move], note: str, rng: np.random.Generator) -> None:
    wait = int(rng.uniform(0.05, 5.0) * 86_400)
    moves.append((moves[-1][0] + wait, "群众", "answered", "rated", note))


def _times(seconds: list[int]) -> pd.DatetimeIndex:
    """Turn seconds of the year into local times; -1 into none."""
    at = FIRST_DAY + np.array(seconds, dtype="timedelta64[s]")
    at[np.array(seconds) < 0] = np.datetime64("NaT")
    return pd.DatetimeIndex(at).tz_localize(ZONE)


def _spots(
    homes: Homes, drawn: _Drawn, rng: np.random.Generator
) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    """Place incidents at the household or a few steps away, still in its grid."""
    point = homes.frame.geometry.to_numpy()[drawn.home]
    at = shapely.get_coordinates(point)
    moved = np.asarray(shapely.points(at + rng.normal(0, 7, at.shape) / [92_800.0, 111_000.0]))
    grid = homes.grid.geometry.to_numpy()[homes.in_grid[drawn.home]]
    free = (drawn.stacked < 0) & shapely.contains_properly(grid, moved)
    return np.asarray(np.where(free, moved, point))


def _alerts(tier: Ints, rng: np.random.Generator) -> Strings:
    steps = np.cumsum([ALERTS[name] for name in ALERTS], axis=0)
    draw = (rng.random(len(tier)) > steps[:, tier]).sum(axis=0).clip(0, len(ALERTS) - 1)
    return np.asarray(np.array(list(ALERTS), object)[draw])


def _titles(homes: Homes, drawn: _Drawn) -> Strings:
    place: Strings = homes.grid["name"].to_numpy(object)[homes.in_grid[drawn.home]]
    return np.asarray(place + " " + np.array([k[1] for k in KINDS], object)[drawn.kind], object)


def kinds_setting() -> list[dict[str, str]]:
    """Return the kinds' names in each language, as the setting ``incident_kinds`` holds them."""
    return [{"name": k[0], "zh": k[1], "en": k[2]} for k in KINDS]
