"""Where a household may be, by its address: between its neighbours, in its lane, in its hamlet.

Nothing here is known; every proposal says what it stands on and how far off it may be, and waits
for somebody who knows the place. An address is a stem (the lane, hamlet or building) and a number.
Numbers run along a lane, so a house stands near the houses whose numbers are near its own
(house-number interpolation, as in Goldberg, Wilson and Knoblock, 2007, "From text to geographic
coordinates", URISA Journal 19(1)). A village as a whole is too large to be an answer.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# A neighbour whose number is farther away than this is no neighbour.
NEAR = 10
MOST_NUMBER = 99_999
METRES_PER_DEGREE = 111_320.0
# Not even the next house's door is known better than this, and a lane is wider.
LEAST_M, LEAST_LANE_M = 15.0, 40.0
# Where a lane has too few houses to tell the distance from one number to the next.
STEP_M = 15.0
# Nine houses of ten are nearer.
MOST_OF = 90.0
DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
NUMERAL = re.compile(r"[零〇一二两三四五六七八九十百]+(?=[号號户组社队巷弄排栋幢座楼单室])")
SUB_NUMBER = re.compile(r"(\d+)[号號]?(?:附|之|-|—)\d+[号號室]?$")
LAST_NUMBER = re.compile(r"^(.*?)(\d+)[号號户室门]?$")


def parse_address(address: str) -> tuple[str, int | None]:
    """Return the stem of an address and its number; null where it has none.

    Examples
    --------
    >>> parse_address("柳河村 十二 号"), parse_address("柳河村３组王家院5号附1")
    (('柳河村', 12), ('柳河村3组王家院', 5))
    >>> parse_address("王家院")
    ('王家院', None)
    """
    text = re.sub(r"[\s,，。.()（）]+", "", unicodedata.normalize("NFKC", address))
    text = NUMERAL.sub(lambda found: str(read_numeral(found[0])), text)
    text = SUB_NUMBER.sub(r"\1", text)
    found = LAST_NUMBER.match(text)
    if found is None or int(found[2]) > MOST_NUMBER:
        return text, None
    return found[1], int(found[2])


def read_numeral(words: str) -> int:
    """Read a Chinese numeral below a thousand, or a row of digits.

    Examples
    --------
    >>> read_numeral("十二"), read_numeral("一百零五"), read_numeral("二〇三")
    (12, 105, 203)
    """
    if not set(words) & {"十", "百"}:
        return int("".join(str(DIGITS[c]) for c in words))
    total, held = 0, 0
    for c in words:
        if c in "十百":
            # 十二 begins without a one.
            total += (held or 1) * (10 if c == "十" else 100)
            held = 0
        else:
            held = DIGITS[c]
    return total + held


@dataclass
class _Found:
    """Proposals for some rows: which, where (degrees), how far off, on what."""

    rows: Ints
    xy: Floats
    spread_m: Floats
    basis: list[str]


def propose_places(
    unlocated: pd.DataFrame,
    located: gpd.GeoDataFrame,
    settlements: gpd.GeoDataFrame,
    areas: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """Propose a place for each household that has only an address.

    Parameters
    ----------
    unlocated
        ``code``, ``address``, ``area_code`` of households without a place.
    located
        ``code``, ``address``, ``area_code`` and points of those with one, EPSG:4326.
    settlements
        ``name`` and shapes, EPSG:4326.
    areas
        ``code`` and polygons of villages, EPSG:4326. A proposal lies within the household's own;
        of a village that is not here nothing is asked.

    Returns
    -------
    GeoDataFrame
        A row for each of ``unlocated``, in its order: ``code``; ``how``: ``between`` two numbers,
        ``beside`` one, somewhere in the ``lane``, or in the ``settlement`` that the address names;
        ``basis``: the addresses or the name; ``spread_m``: how far off it may be, metres; a point,
        EPSG:4326. Null in all where nothing is proposed.
    """
    n = len(unlocated)
    how, basis = np.full(n, None, dtype=object), np.full(n, None, dtype=object)
    spread, xy = np.full(n, np.nan), np.full((n, 2), np.nan)
    villages = unlocated["area_code"].to_numpy(dtype=object)
    # By code among equal numbers, so that the order of rows does not matter.
    given = located[located.geometry.notna()].sort_values("code", kind="stable")
    parsed = [parse_address(str(each)) for each in (*given["address"], *unlocated["address"])]
    lanes = _Lanes(unlocated, given, parsed)
    # Where odd and even numbers face each other, a house stands between its own side's; where
    # they do not, it stands between these as well.
    sides = _Lanes(unlocated, given, parsed, by_side=True)
    steps = (
        ("between", sides.between), ("between", lanes.between), ("beside", sides.beside),
        ("beside", lanes.beside), ("lane", lanes.lane),
        ("settlement", lambda: _settlements(unlocated, settlements, areas)),
    )  # fmt: skip
    for name, propose in steps:
        found = propose()
        fits = _within(found.xy, villages[found.rows], areas)
        fits &= pd.isna(how[found.rows])
        rows = found.rows[fits]
        how[rows], xy[rows], spread[rows] = name, found.xy[fits], found.spread_m[fits]
        basis[rows] = [words for words, fit in zip(found.basis, fits, strict=True) if fit]
    points = np.asarray(shapely.points(xy), dtype=object)
    points[np.isnan(xy[:, 0])] = None
    columns = {"code": unlocated["code"].to_numpy(), "how": how, "basis": basis}
    frame = pd.DataFrame({**columns, "spread_m": spread}, index=unlocated.index)
    return gpd.GeoDataFrame(frame, geometry=points, crs=4326)


class _Lanes:
    """Located houses by village, stem and number, and where each unlocated one falls among them.

    ``parsed`` are the addresses of both; ``by_side`` keeps odd and even numbers apart.
    """

    def __init__(
        self,
        unlocated: pd.DataFrame,
        given: gpd.GeoDataFrame,
        parsed: list[tuple[str, int | None]],
        *,
        by_side: bool = False,
    ) -> None:
        stems = pd.MultiIndex.from_arrays(
            [
                [*given["area_code"], *unlocated["area_code"]],
                [stem for stem, _ in parsed],
            ]
        )
        groups = pd.factorize(stems)[0]
        numbers = np.array([-1 if m is None else m for _, m in parsed], dtype=np.int64)
        if by_side:
            groups = groups * 2 + numbers % 2
        keys = groups * (MOST_NUMBER + 1) + np.maximum(numbers, 0)
        order = np.argsort(keys[: len(given)], kind="stable")
        self.keys = keys[: len(given)][order]
        self.group, self.number = groups[: len(given)][order], numbers[: len(given)][order]
        self.xy = shapely.get_coordinates(given.geometry.to_numpy())[order].reshape(-1, 2)
        self.address = given["address"].to_numpy(dtype=object)[order]
        self.own_group, self.own_number = groups[len(given) :], numbers[len(given) :]
        self.place = np.searchsorted(self.keys, keys[len(given) :])

    def _neighbour(self, at: Ints) -> NDArray[np.bool_]:
        """Tell whether the house at each place is in the same lane, with a number that is near."""
        inside = (at >= 0) & (at < len(self.keys)) & (self.own_number >= 0)
        safe = np.where(inside, at, 0)
        if not len(self.keys):
            return inside
        near = np.abs(self.number[safe] - self.own_number) <= NEAR
        same = self.group[safe] == self.own_group
        return np.asarray(inside & same & (self.number[safe] >= 0) & near)

    def between(self) -> _Found:
        """Interpolate between the next lower and the next higher number."""
        rows = np.flatnonzero(self._neighbour(self.place - 1) & self._neighbour(self.place))
        low, high = self.place[rows] - 1, self.place[rows]
        gap = self.number[high] - self.number[low]
        share = (self.own_number[rows] - self.number[low]) / np.maximum(gap, 1)
        xy = self.xy[low] + (self.xy[high] - self.xy[low]) * share[:, None]
        off = np.maximum(_metres(xy, self.xy[low]), _metres(xy, self.xy[high]))
        words = [f"{a}、{b}" for a, b in zip(self.address[low], self.address[high], strict=True)]
        off = np.maximum(off, self._steps()[low])
        return _Found(rows, xy, np.maximum(off, LEAST_M), words)

    def beside(self) -> _Found:
        """Take the place of the one neighbour that there is."""
        below, above = self._neighbour(self.place - 1), self._neighbour(self.place)
        rows = np.flatnonzero(below | above)
        at = np.where(below, self.place - 1, self.place)[rows]
        gap = np.abs(self.number[at] - self.own_number[rows])
        off = np.maximum(gap, 1) * self._steps()[at]
        return _Found(rows, self.xy[at], np.maximum(off, LEAST_M), list(self.address[at]))

    def _steps(self) -> Floats:
        """Return, for each located house, how far one number of its lane is from the next, m."""
        steps = np.full(len(self.keys), STEP_M)
        if len(self.keys) < 2:
            return steps
        same = (np.diff(self.group) == 0) & (np.diff(self.number) > 0)
        each = _metres(self.xy[1:], self.xy[:-1]) / np.maximum(np.diff(self.number), 1)
        held = pd.Series(each[same]).groupby(self.group[1:][same]).quantile(MOST_OF / 100)
        known = pd.Series(self.group).map(held).to_numpy(dtype=float)
        return np.where(np.isnan(known), steps, np.maximum(known, 1.0))

    def lane(self) -> _Found:
        """Take the middle of the lane."""
        first = np.searchsorted(self.group, np.arange(self._top() + 1))
        found = [(row, group) for row, group in enumerate(self.own_group.tolist())
                 if first[group] < first[group + 1]]  # fmt: skip
        middles: dict[int, tuple[Floats, float, str]] = {}
        for group in sorted({group for _, group in found}):
            own = slice(first[group], first[group + 1])
            middle = np.median(self.xy[own], axis=0)
            off = np.percentile(_metres(self.xy[own], middle[None, :]), MOST_OF)
            middles[group] = middle, max(float(off), LEAST_LANE_M), str(self.address[own][0])
        return _Found(
            np.array([row for row, _ in found], dtype=np.int64),
            np.array([middles[group][0] for _, group in found]).reshape(-1, 2),
            np.array([middles[group][1] for _, group in found]),
            [middles[group][2] for _, group in found],
        )

    def _top(self) -> int:
        return int(max(self.group.max(initial=-1), self.own_group.max(initial=-1))) + 1


def _settlements(
    unlocated: pd.DataFrame, settlements: gpd.GeoDataFrame, areas: gpd.GeoDataFrame
) -> _Found:
    """Take the settlement of the household's village whose name stands in the address."""
    named = settlements[settlements["name"].notna() & settlements.geometry.notna()]
    outlines = dict(zip(areas["code"], areas.geometry, strict=True))
    wanted = unlocated.reset_index(drop=True)
    rows: list[int] = []
    held: list[tuple[float, float, float, str]] = []
    for village, homes in wanted.groupby("area_code", sort=False):
        shape = outlines.get(village)
        if shape is None or shape.is_empty:
            continue
        own = named.iloc[np.sort(named.sindex.query(shape, predicate="intersects"))]
        places = list(_parts(own, shape))
        for row, address in zip(homes.index, homes["address"], strict=True):
            place = next((each for each in places if each[3] in str(address)), None)
            if place is not None:
                rows.append(int(row))
                held.append(place)
    return _Found(
        np.array(rows, dtype=np.int64),
        np.array([place[:2] for place in held], dtype=float).reshape(-1, 2),
        np.array([place[2] for place in held], dtype=float),
        [place[3] for place in held],
    )


def _parts(
    settlements: gpd.GeoDataFrame, village: shapely.Geometry
) -> Iterator[tuple[float, float, float, str]]:
    """Give each settlement's part in a village: longitude, latitude, reach and name.

    The longest names come first: 新柳湾 before 柳湾, in whose name it stands.
    """
    names = settlements["name"].astype(str)
    order = sorted(range(len(names)), key=lambda at: (-len(names.iloc[at]), names.iloc[at], at))
    for at in order:
        part = settlements.geometry.iloc[at].intersection(village)
        if part.is_empty or not names.iloc[at].strip():
            continue
        spot = part.representative_point()
        corners = shapely.get_coordinates(part)
        reach = _metres(corners, np.array([[spot.x, spot.y]])).max()
        yield spot.x, spot.y, max(float(reach), LEAST_LANE_M), names.iloc[at].strip()


def _metres(a: Floats, b: Floats) -> Floats:
    """Return distances between points in degrees, metres; right to 1 % within a county."""
    across = np.cos(np.radians((a[..., 1] + b[..., 1]) / 2))
    dx, dy = (a[..., 0] - b[..., 0]) * across, a[..., 1] - b[..., 1]
    return np.asarray(np.hypot(dx, dy) * METRES_PER_DEGREE)


def _within(
    xy: Floats, villages: NDArray[np.object_], areas: gpd.GeoDataFrame
) -> NDArray[np.bool_]:
    """Tell which points lie in the village that each belongs to; of an unknown one nothing."""
    outlines = dict(zip(areas["code"], areas.geometry, strict=True))
    known = [outlines.get(code) for code in villages]
    shapes = np.array([None, *known], dtype=object)[1:]
    fits = shapely.is_missing(shapes)
    if fits.all():
        return np.asarray(fits)
    points = shapely.points(xy)
    for shape in {id(each): each for each in known if each is not None}.values():
        shapely.prepare(shape)
    return np.asarray(fits | shapely.covers(shapes, points))
