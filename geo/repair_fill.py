"""Which neighbour gets land that nobody holds.

Two ways. *longest-border*: all of a gap to the neighbour with the longest border with it, unless
that is less than a third, for a corridor past many grids would make tentacles of one of them.
*nearest*: each neighbour gets what lies on its side of the middle line. A long gap is always
shared out so.

The middle line is drawn as a chordal axis: the gap is cut into triangles between its own
vertices, and each triangle that several neighbours touch is cut between the middles of its inner
sides. So no vertex is put into anybody's border, nor into a parent's (Prasad 1997, "Morphological
analysis of shapes", CNLS Newsletter 139; triangles by ``constrained_delaunay_triangles``).

Known limit: the middle line is as fine as the vertices of the borders beside it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import shapely
from shapely.geometry import Polygon

from geo.repair_chains import Chain, add, chain_of, step, walks
from geo.repair_noding import Edge, Point

Fill = Literal["longest-border", "nearest", "none"]
FILLS: tuple[Fill, ...] = get_args(Fill)
# A neighbour with less of a gap's border than this does not get all of it.
LEAST_SHARE = 1 / 3
Sides = dict[Edge, int]


@dataclass(frozen=True)
class Gap:
    """Land that nobody holds, in one piece.

    ``sides`` has for each edge of its border the polygon beyond that may take land; ``at_edge``
    tells that it lies along a parent's border.
    """

    shape: Polygon
    sides: Sides
    scale: tuple[float, float]
    at_edge: bool

    def lengths(self) -> dict[int, float]:
        """Return over how many metres each neighbour borders on it."""
        out: dict[int, float] = {}
        for edge, owner in self.sides.items():
            out[owner] = out.get(owner, 0.0) + self._metres(edge)
        return out

    def outline_m(self) -> float:
        """Return the length of its border in metres."""
        return sum(self._metres(step(*walk)[0]) for walk in walks(self.shape))

    def _metres(self, edge: Edge) -> float:
        (x0, y0), (x1, y1) = edge
        return float(np.hypot((x1 - x0) * self.scale[0], (y1 - y0) * self.scale[1]))


def ways_to_share(gap: Gap, fill: Fill) -> Iterator[dict[int, Chain]]:
    """Yield what each neighbour would get of a gap, the best way first.

    Parameters
    ----------
    gap
        With at least one neighbour that may take land.
    fill
        ``longest-border`` or ``nearest``.

    Yields
    ------
    dict
        Chains that add up to the gap exactly.
    """
    lengths = gap.lengths()
    order = sorted(lengths, key=lambda owner: (-lengths[owner], owner))
    whole = chain_of(gap.shape)
    most = lengths[order[0]] / sum(lengths.values())
    if len(order) > 1 and (fill == "nearest" or most < LEAST_SHARE):
        shares = _by_triangles(gap)
        total: Chain = {}
        for chain in shares.values():
            add(total, chain)
        # Should a triangle have been lost to arithmetic, the gap is not shared out.
        if total == whole:
            yield shares
    for owner in order:
        yield {owner: whole}


# -- the middle line -----------------------------------------------------------------------------


def _by_triangles(gap: Gap) -> dict[int, Chain]:
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(gap.shape))
    touching = _touching(gap.sides)
    # An edge beyond which nobody may take land (a parent's) gets no vertex: None.
    sides = {step(*walk)[0]: gap.sides.get(step(*walk)[0]) for walk in walks(gap.shape)}
    shares: dict[int, Chain] = {}
    left: list[Chain] = []
    for triangle in triangles:
        corners = [start for start, _ in walks(triangle)]
        for owner, ring in _cut(corners, touching, sides):
            chain = _ring(ring)
            if owner is None:
                left.append(chain)
            else:
                add(shares.setdefault(owner, {}), chain)
    _adopt(shares, left)
    return shares


def _touching(sides: Sides) -> dict[Point, set[int]]:
    """Return which neighbours meet each vertex."""
    out: dict[Point, set[int]] = {}
    for edge, owner in sides.items():
        for point in edge:
            out.setdefault(point, set()).add(owner)
    return out


def _cut(
    corners: list[Point],
    touching: Mapping[Point, set[int]],
    sides: Mapping[Edge, int | None],
) -> list[tuple[int | None, list[Point]]]:
    """Cut a triangle between the neighbours that its corners belong to."""
    arcs: list[tuple[int | None, list[Point]]] = []
    for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
        one, two = touching.get(start, set()), touching.get(end, set())
        edge = step(start, end)[0]
        if edge in sides:
            arcs.append((sides[edge], [start, end]))
        elif one and two and not one & two:
            middle = _middle(start, end)
            arcs += [(min(one), [start, middle]), (min(two), [middle, end])]
        else:
            both = one & two or one | two
            arcs.append((min(both) if both else None, [start, end]))
    known = [owner for owner, _ in arcs if owner is not None]
    if len(set(known)) < 2:
        return [(known[0] if known else None, corners)]
    return _pieces(_joined(_named(arcs)))


def _named(arcs: list[tuple[int | None, list[Point]]]) -> list[tuple[int, list[Point]]]:
    """Give arcs that touch nobody to a neighbour, so that the cut begins at the nearer end.

    From the far end of a long one it would run along it, and leave a spike.
    """
    middle = np.mean([point for _, line in arcs for point in line], axis=0)
    start = next(at for at, (owner, _) in enumerate(arcs) if owner is not None)
    turned = arcs[start:] + arcs[:start]
    out: list[tuple[int, list[Point]]] = []
    for at, (owner, line) in enumerate(turned):
        if owner is None:
            after = [who for who, _ in turned[at:] + turned[:1] if who is not None]
            near, far = (float(np.hypot(*(middle - end))) for end in (line[0], line[-1]))
            owner = after[0] if near < far else out[-1][0]
        out.append((owner, line))
    return out


def _joined(arcs: list[tuple[int, list[Point]]]) -> list[tuple[int, list[Point]]]:
    """Join arcs of one neighbour that follow each other, around the triangle."""
    out: list[tuple[int, list[Point]]] = []
    for owner, line in arcs:
        if out and out[-1][0] == owner:
            out[-1] = (owner, out[-1][1] + line[1:])
        else:
            out.append((owner, line))
    if len(out) > 1 and out[0][0] == out[-1][0]:
        owner, line = out.pop()
        out[0] = (owner, line + out[0][1][1:])
    return out


def _pieces(arcs: list[tuple[int, list[Point]]]) -> list[tuple[int | None, list[Point]]]:
    """Return the piece behind each arc: cut straight between two, from the middle between more."""
    if len(arcs) == 2:
        return [(owner, line) for owner, line in arcs if len(line) > 2]
    points = np.array([line[0] for _, line in arcs])
    x, y = points.mean(axis=0).tolist()
    return [(owner, [*line, (x, y)]) for owner, line in arcs]


def _middle(one: Point, two: Point) -> Point:
    (x0, y0), (x1, y1) = min(one, two), max(one, two)
    return (x0 + (x1 - x0) / 2, y0 + (y1 - y0) / 2)


def _ring(points: list[Point]) -> Chain:
    """Return the chain of an anticlockwise ring."""
    chain: Chain = {}
    for start, end in zip(points, points[1:] + points[:1], strict=True):
        add(chain, dict([step(start, end)]))
    return chain


def _adopt(shares: dict[int, Chain], left: list[Chain]) -> None:
    """Give triangles that no neighbour touches to whoever has the triangle beside them."""
    while left:
        beside = [(_beside(chain, shares), at) for at, chain in enumerate(left)]
        ready = [(owner, at) for owner, at in beside if owner is not None]
        if not ready:
            return
        for owner, at in ready:
            add(shares[owner], left[at])
        taken = {at for _, at in ready}
        left = [chain for at, chain in enumerate(left) if at not in taken]


def _beside(chain: Chain, shares: dict[int, Chain]) -> int | None:
    common: Counter[int] = Counter()
    for owner, held in shares.items():
        common[owner] = sum(1 for edge, way in chain.items() if held.get(edge, 0) * way < 0)
    best = max(common.values(), default=0)
    return min(owner for owner, count in common.items() if count == best) if best else None
