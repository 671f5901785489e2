"""Noding for repair: borders that cross, or meet within the tolerance, get vertices in common.

What is *fixed* (a parent, a locked grid) never moves: a vertex near to it goes onto it. Of free
vertices closer than the tolerance to each other, the one with the most polygons stays. A vertex
that lies on another's edge is put into that edge, and so is the place where two edges cross.

As :mod:`geo.weld` does, but with what may move and what may not, and with an account of every
edge, so that polygons can be built again. In floating precision: nothing is put onto a lattice,
and what is nowhere near another border keeps its bits (compare JTS' SnappingNoder, M. Davis 2020).

Known limits: two vertices of one polygon alone are its own detail and are not joined. Of two fixed
borders only the account knows where they cross: neither of them gets a vertex.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree

from geo.arrangement import lines_of
from geo.certificate import Flags, Floats, Ints

Point = tuple[float, float]
Edge = tuple[Point, Point]

# Each round can bring vertices near to other edges; three are usual.
ROUNDS = 12
MANY = -1
# A vertex nearer to a fixed edge than this share of the tolerance is on it already.
ON_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class Borders:
    """Undirected edges, each once.

    ``ends`` (n, 4) has the lesser end first. ``owner`` (n,) is the one polygon that has the edge,
    or :data:`MANY`; ``fixed`` whether one of them may not change; ``suspect`` whether the edge is
    in the residue: of two borders that are joined one must be. ``held`` (m, 2) are the vertices
    of all that is fixed.
    """

    ends: Floats
    owner: Ints
    fixed: Flags
    suspect: Flags
    held: Floats


@dataclass(frozen=True, slots=True)
class Noded:
    """What became of edges and vertices.

    ``chains`` gives every edge its vertices from the lesser end to the greater; ``moved`` has the
    vertices that went elsewhere; ``new`` those that no polygon had; ``fixed`` those that fixed
    polygons have.
    """

    chains: dict[Edge, tuple[Point, ...]]
    moved: dict[Point, Point]
    new: frozenset[Point]
    fixed: frozenset[Point]


def node(borders: Borders, tolerance: float, scale: Sequence[float]) -> Noded:
    """Give borders that cross or nearly meet their vertices in common.

    Parameters
    ----------
    borders
        In the layer's own CRS.
    tolerance
        Metres, greater than zero.
    scale
        How many metres one unit of x and of y is.
    """
    state = _State(borders, tolerance, np.asarray(scale, dtype=float))
    for _ in range(ROUNDS):
        if not any([state.join(), state.split(), state.cross()]):
            break
    return state.result()


class _State:
    """Vertices by number, and the pieces that edges are in by now."""

    def __init__(self, borders: Borders, tolerance: float, scale: Floats) -> None:
        self.borders, self.tolerance, self.scale = borders, tolerance, scale
        ends = borders.ends.reshape(-1, 2)
        self.points, index = np.unique(ends, axis=0, return_inverse=True)
        self.old = self.points.copy()
        self.pieces = index.reshape(-1, 2).astype(np.int64)
        self.source = np.arange(len(borders.ends))
        count = len(self.points)
        of = np.repeat(np.arange(len(borders.ends)), 2)
        self.fixed = np.isin(_complex(self.points), _complex(borders.held))
        self.suspect = np.zeros(count, dtype=bool)
        self.suspect[index.ravel()[borders.suspect[of]]] = True
        self.degree = np.bincount(index.ravel(), minlength=count)
        self.owner = _sole(index.ravel(), borders.owner[of], count)
        self.placed = np.zeros(count, dtype=bool)
        self.to = np.arange(count)

    # -- vertices near each other --------------------------------------------------------------

    def join(self) -> bool:
        """Move vertices that are close to one that stays: fixed ones first, then the busiest."""
        used = np.unique(self.pieces)
        if not len(used):
            return False
        pairs = self._tree(used).query_pairs(self.tolerance, output_type="ndarray")
        one, two = used[pairs[:, 0]], used[pairs[:, 1]]
        keep = (self.suspect[one] | self.suspect[two]) & ~(self.fixed[one] & self.fixed[two])
        keep &= self._strange(self.owner[one], self.owner[two])
        if not keep.any():
            return False
        goes = self._closest(one[keep], two[keep])
        here = np.arange(len(self.points))
        here[list(goes)] = list(goes.values())
        self.to = here[self.to]
        self.pieces = here[self.pieces]
        self._drop_points()
        return True

    def _closest(self, one: Ints, two: Ints) -> dict[int, int]:
        """Choose who stays, in order of right, and where each of the others goes."""
        near: dict[int, list[int]] = {}
        for a, b in zip(one.tolist(), two.tolist(), strict=True):
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
        stays: set[int] = set()
        goes: dict[int, int] = {}
        for at in sorted(near, key=self._right):
            hosts = [other for other in near[at] if other in stays]
            if hosts and not self.fixed[at]:
                goes[at] = min(hosts, key=lambda other: (self._gap(at, other), other))
            else:
                stays.add(at)
        return goes

    def _right(self, at: int) -> tuple[bool, bool, int, float, float]:
        x, y = self.points[at].tolist()
        return (not self.fixed[at], not self.placed[at], -int(self.degree[at]), x, y)

    def _gap(self, one: int, two: int) -> float:
        return float(np.hypot(*((self.points[one] - self.points[two]) * self.scale)))

    # -- vertices near an edge -----------------------------------------------------------------

    def split(self) -> bool:
        """Put vertices into the edges that they lie on, within the tolerance."""
        used = np.unique(self.pieces)
        if not len(used):
            return False
        places = np.asarray(shapely.points(self.points[used] * self.scale), dtype=object)
        tree = shapely.STRtree(places.reshape(-1))
        piece, at = tree.query(self._lines(), predicate="dwithin", distance=self.tolerance)
        point = used[at]
        keep = (point != self.pieces[piece, 0]) & (point != self.pieces[piece, 1])
        keep &= self.suspect[point] | self.borders.suspect[self.source[piece]]
        keep &= self._strange(self.owner[point], self.borders.owner[self.source[piece]])
        piece, point = piece[keep], point[keep]
        along, length = self._along(piece, point)
        inside = (along > self.tolerance) & (along < length - self.tolerance)
        self._insert(piece[inside], point[inside], along[inside])
        return bool(inside.any())

    def _along(self, piece: Ints, point: Ints) -> tuple[Floats, Floats]:
        start, end = (self.points[self.pieces[piece, side]] * self.scale for side in (0, 1))
        vector = end - start
        length = np.hypot(*vector.T)
        return ((self.points[point] * self.scale - start) * vector).sum(axis=1) / length, length

    # -- edges that cross ----------------------------------------------------------------------

    def cross(self) -> bool:
        """Put a vertex into both of two edges that cross."""
        # In the layer's own units: a coordinate that is scaled is rounded, and may cross no more.
        lines = lines_of(self.points[self.pieces].reshape(-1, 4))
        one, two = shapely.STRtree(lines).query(lines, predicate="intersects")
        keep = one < two
        one, two = one[keep], two[keep]
        a, b = self.pieces[one], self.pieces[two]
        apart = (a[:, :, None] != b[:, None, :]).all(axis=(1, 2))
        one, two = one[apart], two[apart]
        if not len(one):
            return False
        places, real = self._crossings(one, two)
        one, two, places = one[real], two[real], places[real]
        point = self._numbers(places, one, two)
        piece, point = np.concatenate((one, two)), np.concatenate((point, point))
        other = (point != self.pieces[piece, 0]) & (point != self.pieces[piece, 1])
        piece, point = piece[other], point[other]
        self._insert(piece, point, self._along(piece, point)[0])
        return bool(len(piece))

    def _crossings(self, one: Ints, two: Ints) -> tuple[Floats, Flags]:
        """Return where pairs of pieces cross: on the fixed one, where one is."""
        swap = self.borders.fixed[self.source[two]] & ~self.borders.fixed[self.source[one]]
        first, second = np.where(swap, two, one), np.where(swap, one, two)
        a, b = (self.points[self.pieces[first, side]] for side in (0, 1))
        c, d = (self.points[self.pieces[second, side]] for side in (0, 1))
        u, v, w = b - a, d - c, c - a
        under = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        real = under != 0
        share = (w[:, 0] * v[:, 1] - w[:, 1] * v[:, 0]) / np.where(real, under, 1.0)
        return a + u * np.clip(share, 0.0, 1.0)[:, None], real

    def _numbers(self, places: Floats, one: Ints, two: Ints) -> Ints:
        """Return the vertex of each crossing: an end that is near enough, or a new one."""
        out = np.empty(len(places), dtype=np.int64)
        ends = np.hstack((self.pieces[one], self.pieces[two]))
        far = np.hypot(*np.moveaxis((self.points[ends] - places[:, None]) * self.scale, 2, 0))
        far = np.where(far <= self.tolerance, far, np.inf)
        best = np.lexsort((ends, far, ~self.fixed[ends], np.isinf(far)), axis=1)[:, 0]
        rows = np.arange(len(places))
        near = np.isfinite(far[rows, best])
        out[near] = ends[rows, best][near]
        fresh = np.flatnonzero(~near)
        if not len(fresh):
            return out
        start = len(self.points)
        new, number = np.unique(places[fresh], axis=0, return_inverse=True)
        out[fresh] = start + number.ravel()
        self._add(new)
        return out

    def _add(self, new: Floats) -> None:
        count = len(new)
        self.points = np.vstack((self.points, new))
        for name, value in (
            ("fixed", False), ("suspect", True), ("placed", True), ("owner", MANY), ("degree", 4),
        ):  # fmt: skip
            old = getattr(self, name)
            setattr(self, name, np.append(old, np.full(count, value, dtype=old.dtype)))
        self.to = np.append(self.to, np.arange(len(self.to), len(self.points)))

    # -- the account ---------------------------------------------------------------------------

    def _insert(self, piece: Ints, point: Ints, along: Floats) -> None:
        """Put vertices into pieces, in their order; those that go into fixed ones go onto them."""
        self._place(piece, point)
        self.owner[point] = MANY
        order = np.lexsort((along, piece))
        piece, point = piece[order], point[order]
        extra = np.bincount(piece, minlength=len(self.pieces))
        source = np.repeat(np.arange(len(self.pieces)), extra + 1)
        first = np.cumsum(extra + 1) - (extra + 1)
        rank = np.arange(len(piece)) - np.repeat(np.cumsum(extra) - extra, extra)
        pieces, at = self.pieces[source].copy(), first[piece] + rank
        pieces[at, 1] = point
        pieces[at + 1, 0] = point
        self.pieces, self.source = pieces, self.source[source]
        self._drop_points()

    def _place(self, piece: Ints, point: Ints) -> None:
        """Move free vertices onto the fixed edge that they go into, each once."""
        onto = self.borders.fixed[self.source[piece]] & ~self.fixed[point] & ~self.placed[point]
        piece, point = piece[onto], point[onto]
        if not len(piece):
            return
        along, length = self._along(piece, point)
        start, end = (self.points[self.pieces[piece, side]] for side in (0, 1))
        there = start + (end - start) * (along / length)[:, None]
        off = np.hypot(*((there - self.points[point]) * self.scale).T)
        # Of several the nearest; what is on one of them is where it should be.
        order = np.lexsort((off, point))
        first = order[np.unique(point[order], return_index=True)[1]]
        moves = first[off[first] > ON_SHARE * self.tolerance]
        self.points[point[moves]] = there[moves]
        self.placed[point] = True

    def _drop_points(self) -> None:
        real = self.pieces[:, 0] != self.pieces[:, 1]
        self.pieces, self.source = self.pieces[real], self.source[real]

    def result(self) -> Noded:
        where = [(x, y) for x, y in self.points.tolist()]
        chains: dict[Edge, tuple[Point, ...]] = {}
        cuts = np.searchsorted(self.source, np.arange(len(self.borders.ends) + 1))
        for edge, (x0, y0, x1, y1) in enumerate(self.borders.ends.tolist()):
            rows = self.pieces[cuts[edge] : cuts[edge + 1]].tolist()
            line = [where[rows[0][0]], *(where[row[1]] for row in rows)] if rows else []
            chains[(x0, y0), (x1, y1)] = tuple(line)
        before = [(x, y) for x, y in self.old.tolist()]
        after = [where[at] for at in self.to[: len(before)].tolist()]
        moved = {old: new for old, new in zip(before, after, strict=True) if old != new}
        new = frozenset(where[len(before) :]) - frozenset(before)
        held = np.flatnonzero(self.fixed[: len(before)]).tolist()
        return Noded(chains, moved, new, frozenset(before[at] for at in held))

    # -- small help ----------------------------------------------------------------------------

    def _lines(self) -> NDArray[np.object_]:
        ends = (self.points * self.scale)[self.pieces].reshape(-1, 4)
        return lines_of(ends)

    def _tree(self, used: Ints) -> KDTree:
        return KDTree(self.points[used] * self.scale)

    @staticmethod
    def _strange(one: Ints, two: Ints) -> Flags:
        """Tell which are not of one polygon alone."""
        return np.asarray((one == MANY) | (two == MANY) | (one != two))


def _complex(points: Floats) -> NDArray[np.complex128]:
    return np.asarray(points[:, 0] + 1j * points[:, 1])


def _sole(index: Ints, owner: Ints, count: int) -> Ints:
    """Return the one owner of each vertex, or :data:`MANY`."""
    least, most = np.full(count, np.iinfo(np.int64).max), np.full(count, np.iinfo(np.int64).min)
    np.minimum.at(least, index, owner)
    np.maximum.at(most, index, owner)
    return np.where((least == most) & (least >= 0), least, MANY)
