"""The work of a repair on one ground: land is given and taken, and polygons are closed again."""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.measure import width_m
from geo.repair_chains import Chain, add, area_of, chain_of, close, put, spikes, step, walks
from geo.repair_fill import Fill, Gap, ways_to_share
from geo.repair_ground import Ground, by_edge
from geo.repair_noding import Edge, Point
from geo.repair_rules import Verdict

# A gap of which neighbours that may take it have less than this share of the outline would be a
# spike of theirs.
LEAST_CONTACT = 0.1
# A piece that the repair itself cut off its grid goes to a neighbour, if it is less of the grid.
CRUMB = 0.02
# A polygon has the area of its chain, but for rounding.
WHOLE = 1e-9


@dataclass(frozen=True)
class Move:
    """Land that changed hands: from some polygons, to one or to nobody."""

    rule: str
    shape: BaseGeometry
    losers: tuple[int, ...]
    gainer: int | None


@dataclass(frozen=True)
class Left:
    """Land that stays wrong, and the word for why."""

    shape: BaseGeometry
    owners: tuple[int, ...]
    why: str


@dataclass(frozen=True)
class Limits:
    """How far a repair goes by itself.

    ``fill`` who gets gaps. A gap wider than ``largest_gap`` times what the neighbours that may take
    it are across (the root of their mean area) is left, for a grid may be missing; so is one wider
    than ``widest_m``, where that is set.
    """

    fill: Fill
    largest_gap: float
    widest_m: float | None


@dataclass
class Work:
    """Chains as they become, and what was done."""

    ground: Ground
    limits: Limits
    chains: dict[int, Chain] = field(init=False)
    moves: list[Move] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    needed: dict[Point, int] = field(default_factory=dict)
    corners: set[Point] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with the noded chains."""
        self.chains = {owner: dict(chain) for owner, chain in self.ground.chains.items()}

    def do(self, verdicts: list[Verdict]) -> dict[int, BaseGeometry]:
        """Do what the verdicts say, and return the polygons that changed."""
        for verdict in verdicts:
            if not verdict.vacant:
                self._settle(verdict)
        for members in _pieces([verdict for verdict in verdicts if verdict.vacant]):
            self._fill(members)
        self._sweep()
        self._straighten()
        return self._closed()

    # -- overlaps and overhangs ----------------------------------------------------------------

    def _settle(self, verdict: Verdict) -> None:
        face = verdict.face
        if verdict.why:
            self.left.append(Left(face.geometry, face.owners, verdict.why))
        if verdict.loses:
            self._take(face.geometry, verdict.loses)
            rule = "C103" if verdict.keeps else "C104"
            gainer = verdict.keeps[0] if verdict.keeps else None
            self.moves.append(Move(rule, face.geometry, verdict.loses, gainer))

    def _take(self, shape: BaseGeometry, owners: tuple[int, ...]) -> None:
        chain = chain_of(shape)
        self.corners.update(*chain)
        for owner in owners:
            add(self.chains[owner], chain, -1)

    # -- gaps ----------------------------------------------------------------------------------

    def _fill(self, members: list[Verdict]) -> None:
        """Give a vacant piece of land to its neighbours, or say why not."""
        total: Chain = {}
        for verdict in members:
            add(total, chain_of(verdict.face.geometry))
        parts = shapely.get_parts([close(total)])
        owners = tuple(sorted({owner for verdict in members for owner in verdict.face.owners}))
        gaps = [self._gap(part, members[0].face.parent, owners) for part in parts]
        ways = [self._way(gap) for gap in gaps]
        reasons = [why for _, why in ways if why]
        if reasons:
            self.left += [Left(v.face.geometry, v.face.owners, reasons[0]) for v in members]
            return
        for verdict in members:
            self._take(verdict.face.geometry, verdict.face.owners)
        for gap, (shares, _) in zip(gaps, ways, strict=True):
            rule = "C104" if owners else "C102" if gap.at_edge else "C101"
            self._give(shares, rule, owners)

    def _gap(self, part: Polygon, parent: int, strays: tuple[int, ...]) -> Gap:
        sides: dict[Edge, int] = {}
        walked = [step(*walk) for walk in walks(part)]
        beside = by_edge(self.chains, {edge for edge, _ in walked})
        for edge, way in walked:
            beyond = [
                owner
                for owner in beside.get(edge, ())
                if self.chains[owner][edge] * way < 0
                and owner not in strays
                and self.ground.plane.may_take(owner, parent)
            ]
            if beyond:
                sides[edge] = min(beyond)
        count = len(self.ground.plane.territory.polygons)
        at_edge = any(owner >= count for held in beside.values() for owner in held)
        return Gap(part, sides, self.ground.plane.scale, at_edge)

    def _why_not(self, gap: Gap) -> str:
        limits, plane = self.limits, self.ground.plane
        if limits.fill == "none":
            return "unfilled"
        lengths = gap.lengths()
        if sum(lengths.values()) < LEAST_CONTACT * gap.outline_m():
            return "spike" if lengths else "nobody"
        width = self._width_m(gap.shape)
        sizes = shapely.area(plane.territory.polygons[list(lengths)])
        # A missing grid is as wide as a grid; a corridor may be longer than any, and is none.
        usual = float(np.sqrt(np.mean(sizes) * plane.scale[0] * plane.scale[1]))
        if width > limits.largest_gap * usual:
            return "large"
        if limits.widest_m is not None and width > limits.widest_m:
            return "wide"
        return ""

    def _width_m(self, shape: Polygon) -> float:
        scale = np.array(self.ground.plane.scale)
        return width_m(shapely.transform(shape, lambda points: points * scale))

    def _way(self, gap: Gap) -> tuple[dict[int, Chain], str]:
        """Return what each neighbour gets of a gap, or nothing and the word for why."""
        if why := self._why_not(gap):
            return {}, why
        ways = ways_to_share(gap, self.limits.fill)
        best = next((way for way in ways if not self._has_spike(way)), None)
        return ({}, "spike") if best is None else (best, "")

    def _give(self, shares: dict[int, Chain], rule: str, losers: tuple[int, ...]) -> None:
        for owner, chain in shares.items():
            add(self.chains[owner], chain)
            self.corners.update(*chain)
            self.moves.append(Move(rule, close(chain), losers, owner))

    def _has_spike(self, shares: dict[int, Chain]) -> bool:
        """Tell whether somebody's border would turn back on itself, where it did not before."""
        for owner, chain in shares.items():
            after = dict(self.chains[owner])
            add(after, chain)
            places = {point for edge in chain for point in edge}
            plane = self.ground.plane
            made = spikes(after, places, plane.scale, plane.tolerance)
            if made - spikes(self.chains[owner], places, plane.scale, plane.tolerance):
                return True
        return False

    # -- pieces that were cut off --------------------------------------------------------------

    def _sweep(self) -> None:
        """Give small pieces, which the repair cut off their grid, to a neighbour of theirs."""
        for owner in sorted({owner for move in self.moves for owner in move.losers}):
            for part in self._crumbs(owner):
                parent = int(self.ground.plane.territory.parent[owner])
                gap = self._gap(part, parent, (owner,))
                shares, _ = self._way(gap)
                if shares:
                    self._take(part, (owner,))
                    self._give(shares, "G005", (owner,))

    def _crumbs(self, owner: int) -> list[Polygon]:
        before = self.ground.plane.territory.polygons[owner]
        parts = sorted(shapely.get_parts([close(self.chains[owner])]), key=lambda part: part.area)
        more = len(parts) - int(shapely.get_num_geometries(before))
        noded = self.ground.chains[owner]
        return [
            part
            for part in parts[: max(more, 0)]
            if part.area < CRUMB * before.area
            and any(step(*walk)[0] not in noded for walk in walks(part))
        ]

    # -- vertices that nobody needs --------------------------------------------------------------

    def _straighten(self) -> None:
        """Take out vertices that nobody turns at any more, and that an edge has no need of.

        They are those that noding made, those on fixed edges, and corners of land that moved.
        """
        noded = self.ground.noded
        lines = {edge: line for edge, line in noded.chains.items() if len(line) > 2}
        inner = {point for line in lines.values() for point in line[1:-1]}
        at = self._edges_at(inner)
        free = self._free_points(inner)
        for edge, line in lines.items():
            held = edge in self.ground.held
            kept = [0]
            for place in range(1, len(line) - 1):
                point = line[place]
                pair = {step(line[place - 1], point)[0], step(point, line[place + 1])[0]}
                mine = point in noded.new or point in self.corners or held
                mine = mine and point not in noded.fixed
                if not (mine and at.get(point, pair) == pair):
                    kept.append(place)
                    if held and point in free and point not in noded.fixed:
                        self.needed.setdefault(point, self._holder(edge))
            kept.append(len(line) - 1)
            for start, end in itertools.pairwise(kept):
                if end > start + 1:
                    self._replace(line[start : end + 1])

    def _edges_at(self, points: set[Point]) -> dict[Point, set[Edge]]:
        at: dict[Point, set[Edge]] = defaultdict(set)
        for chain in self.chains.values():
            for edge in chain:
                for point in edge:
                    if point in points:
                        at[point].add(edge)
        return at

    def _free_points(self, points: set[Point]) -> set[Point]:
        fixed = self.ground.plane.fixed
        return {
            point
            for owner, chain in self.chains.items()
            if not fixed[owner]
            for edge in chain
            for point in edge
            if point in points
        }

    def _holder(self, edge: Edge) -> int:
        """Return the fixed polygon that an edge belongs to."""
        fixed, shapes = self.ground.plane.fixed, self.ground.plane.shapes
        line = self.ground.noded.chains[edge]
        first = step(line[0], line[1])[0]
        found = [owner for owner in self.ground.near(first) if fixed[owner]]
        return min(found) if found else int(np.flatnonzero(fixed[: len(shapes)])[0])

    def _replace(self, line: tuple[Point, ...]) -> None:
        """Put one edge in place of a line, in every chain that has the line."""
        steps = [step(one, two) for one, two in itertools.pairwise(line)]
        whole, way = step(line[0], line[-1])
        for chain in self.chains.values():
            times = chain.get(steps[0][0], 0) * steps[0][1]
            if times and all(chain.get(edge, 0) * turn == times for edge, turn in steps):
                for edge, turn in steps:
                    put(chain, edge, -times * turn)
                put(chain, whole, times * way)

    # -- the end -------------------------------------------------------------------------------

    def _closed(self) -> dict[int, BaseGeometry]:
        plane = self.ground.plane
        count = len(plane.territory.polygons)
        out = {}
        for owner, chain in self.chains.items():
            if owner >= count or plane.fixed[owner]:
                continue
            if chain != chain_of(plane.territory.polygons[owner]):
                shape = close(chain)
                # Where edges cross each other unnoded, a part of the polygon is not found again.
                whole = abs(shape.area - area_of(chain)) <= WHOLE * shape.area
                out[owner] = shape if whole else Polygon()
        return out


def _pieces(verdicts: list[Verdict]) -> Iterator[list[Verdict]]:
    """Yield vacant faces that share edges and lie in one parent."""
    if not verdicts:
        return
    holders: Mapping[tuple[Edge, int], list[int]] = defaultdict(list)
    for at, verdict in enumerate(verdicts):
        for edge in chain_of(verdict.face.geometry):
            holders[edge, verdict.face.parent].append(at)
    pairs = np.array([pair for pair in holders.values() if len(pair) == 2]).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(verdicts),) * 2)
    label = connected_components(graph, directed=False)[1]
    for piece in range(int(label.max()) + 1):
        yield [verdicts[at] for at in np.flatnonzero(label == piece).tolist()]
