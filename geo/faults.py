"""Faults: faces that belong together become one finding, under the rule that they break.

- Land of a parent that nobody holds is a gap (C101), at the parent's border an uncovered edge
  (C102). It is land of no grid of *any* parent: what only a neighbour's grid covers is not a gap
  but that grid's C104.
- Land that several hold is an overlap (C103), each place once, unless the grids are equal (G004)
  or one lies wholly inside the other (C106).
- Land that a grid holds beyond its own parent is C104. Land of one village held by the grids of
  two is both: the grids overlap, and one of them is outside.
- What is narrower than the tolerance is a mismatched border (C105), one finding a border.

Faces that make a chain (:mod:`geo.chains`) are one digitising fault, and one finding of each rule.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import fsum

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from shapely.geometry.base import BaseGeometry

from geo.arrangement import Face, Territory, is_outside, lines_of
from geo.borders import Shares, longest_first, shared_lengths
from geo.certificate import Floats, Geometries, Ints, Segments
from geo.chains import Claim, Fault, Links, chains
from geo.explain import Explainer
from geo.findings import Finding
from geo.gate import Layer
from geo.phrases import another_source
from geo.weld import Welded

# Noding moves an edge by rounding only; this share of the tolerance is far above that.
NEAR_SHARE = 1e-3
# A gap lies along the parent's border if it is within the tolerance of it over more than so many
# tolerances: fewer is a corner that touches.
EDGE_SHARE = 10.0
# Lines that part and meet again so often, over a way so many times as long as they are apart on
# the mean, are one border from two sources.
LEAST_CROSSINGS = 8
# The share of the way over which the lines are said to part by no more.
MOST_OF_IT = 0.95
# Two areas that differ by less than this share are the same area.
EQUAL_SHARE = 1e-9
# The polygons on the two sides, segments (n, 4), and how far they were moved, in metres.
Matched = tuple[tuple[int, ...], Floats, float]


@dataclass(frozen=True)
class Faults:
    """Defect faces of a layer, measured, with the owners of their borders.

    ``rows`` gives for each polygon of the territory its row in the layer.
    """

    layer: Layer
    territory: Territory
    rows: Ints
    parent_codes: tuple[str, ...]
    faces: list[Face]
    shares: Shares
    at_edge: list[bool]
    areas: Floats
    outlines: Floats
    thin: list[bool]
    explain: Explainer
    tolerance: float

    def findings(self, welded: Welded) -> Iterator[Finding]:
        """Yield a finding for each fault."""
        twins = equal_polygons(self.territory.polygons)
        yield from twin_findings(self.layer, self.rows, twins, self.explain)
        nests = self._nests()
        claims = [
            claim for at in range(len(self.faces)) for claim in self._claims(at, twins, nests)
        ]
        matched = list(matched_pairs(welded))
        for fault in chains(claims, self.faces, self._links(matched), self.tolerance):
            yield self._from_another_source(self._finding(fault), fault)
        yield from self._mismatches([*matched, *shrunk_spots(welded)])

    # -- which rule a face breaks ------------------------------------------------------------

    def _claims(self, at: int, twins: Ints, nests: set[tuple[int, int]]) -> Iterator[Claim]:
        """Yield (rule, polygons concerned, face) for one face."""
        face, count = self.faces[at], len(self.territory.polygons)
        if self.thin[at]:
            return
        if not face.owners:
            share = self.shares[at]
            who = tuple(owner for owner in longest_first(share) if owner < count)
            yield ("C102" if self.at_edge[at] else "C101"), who, at
        if len({twins[owner] for owner in face.owners}) > 1:
            pairs = _pairs(face.owners) if face.depth == 2 else iter(())
            nest = next((pair for pair in pairs if pair in nests), None)
            if nest:
                yield "C106", nest, at
            else:
                yield "C103", face.owners, at
        if len(self.territory.parents):
            for owner in face.owners:
                if is_outside(self.territory, face, owner):
                    yield "C104", (owner,), at

    def _nests(self) -> set[tuple[int, int]]:
        """Find pairs (inner, outer) of which the first lies wholly inside the second."""
        deep = [face for face in self.faces if face.depth > 1]
        if not deep:
            return set()
        owner = np.array([who for face in deep for who in face.owners], dtype=np.int64)
        who, column = np.unique(owner, return_inverse=True)
        row = np.repeat(np.arange(len(deep)), [face.depth for face in deep])
        area = np.array([face.geometry.area for face in deep])
        shape = (len(deep), len(who))
        holds = coo_array((np.ones(len(row)), (row, column)), shape=shape).tocsr()
        common = (holds.T @ coo_array((area[row], (row, column)), shape=shape).tocsr()).tocoo()
        polygons = self.territory.polygons[who]
        own = shapely.area(polygons)
        # The weld may have moved the inner one's border by the tolerance.
        least = own * (1 - EQUAL_SHARE) - self.tolerance * shapely.length(polygons)
        inner, outer = common.coords
        nested = (common.data >= least[inner]) & (own[inner] < own[outer])
        pairs = zip(who[inner[nested]].tolist(), who[outer[nested]].tolist(), strict=True)
        return set(pairs)

    # -- faces that belong together ----------------------------------------------------------

    def _links(self, matched: list[Matched]) -> Links:
        """Gather what is no land between the same grids, and could join two faces of theirs."""
        links: Links = defaultdict(list)
        grids = range(len(self.territory.polygons))
        for at in np.flatnonzero(self.thin).tolist():
            who = {*self.faces[at].owners, *self.shares[at]}.intersection(grids)
            links[frozenset(who)].append(self.faces[at].geometry)
        for pair, ends, _ in matched:
            links[frozenset(pair).intersection(grids)].extend(lines_of(ends))
        return links

    def _finding(self, fault: Fault) -> Finding:
        rule, who, members = fault.rule, fault.who, list(fault.faces)
        shape = union(self.faces[at].geometry for at in members)
        first = self.faces[members[0]]
        if not first.owners:
            along: dict[int, float] = defaultdict(float)
            for at in members:
                for owner, length in self.shares[at].items():
                    along[owner] += length
            who = tuple(owner for owner in longest_first(along) if owner in who)
        area = self.parent_codes[first.parent] if first.parent >= 0 else ""
        if who and (rule == "C104" or first.parent < 0):
            area = self._own_area(who)
        depth = max(self.faces[at].depth for at in members)
        found = self.explain.finding(
            rule, shape, self._grids(who), area=area, depth=depth,
            measures={"area_m2": fsum(self.areas[members])},
        )  # fmt: skip
        # Without a parent nobody can say whether a hole is a gap or somebody else's land.
        return found if len(self.territory.parents) else _unsure(found)

    def _from_another_source(self, found: Finding, fault: Fault) -> Finding:
        """Say of a border that two lines describe that this is so, and how far they part."""
        chain = list(fault.chain)
        length = fsum(self.outlines[chain]) / 2
        mean = fsum(self.areas[chain]) / length
        if len(chain) < LEAST_CROSSINGS or mean * LEAST_CROSSINGS > length:
            return found
        # Of each face its mean width, over the length of its side.
        width = 2 * self.areas[chain] / self.outlines[chain]
        order = np.lexsort((self.outlines[chain], width))
        share = np.cumsum(self.outlines[chain][order])
        most = float(width[order][np.searchsorted(share, MOST_OF_IT * share[-1])])
        return another_source(found, len(chain), length, mean, most)

    def _grids(self, who: Iterable[int]) -> list[tuple[str, str]]:
        rows = [int(self.rows[polygon]) for polygon in who]
        return [(self.layer.codes[row], self.layer.names[row]) for row in rows]

    def _own_area(self, who: Iterable[int]) -> str:
        return own_area(self.layer, [int(self.rows[polygon]) for polygon in who])

    # -- borders that do not match -----------------------------------------------------------

    def _mismatches(self, matched: list[Matched]) -> Iterator[Finding]:
        """Yield one finding for each pair whose borders meet, but not vertex by vertex."""
        shapes: dict[tuple[int, ...], list[BaseGeometry]] = defaultdict(list)
        moved: dict[tuple[int, ...], float] = defaultdict(float)
        faults = shapely.STRtree(
            [face.geometry for face, thin in zip(self.faces, self.thin, strict=True) if not thin]
        )
        for pair, ends, far in matched:
            # Where a fault's corner lies on a neighbour's edge, that edge has no vertex for it:
            # that is the fault itself, and not another one.
            lines = lines_of(ends)
            near = faults.query(lines, predicate="dwithin", distance=self.tolerance)[0]
            lines = np.delete(lines, near)
            if len(lines):
                shapes[pair].extend(lines)
                moved[pair] = max(moved[pair], far)
        for at in np.flatnonzero(self.thin).tolist():
            pair = tuple(sorted({*self.faces[at].owners, *self.shares[at]}))
            shapes[pair].append(self.faces[at].geometry)
            flat = 2 * self.areas[at] / max(self.outlines[at], 1e-12)
            moved[pair] = max(moved[pair], float(flat))
        count = len(self.territory.polygons)
        for pair, parts in shapes.items():
            who = [owner for owner in pair if owner < count]
            if who:
                alone = len(pair) == 1
                yield self._mismatch(who, parts, moved[pair], alone=alone)

    def _mismatch(
        self, who: list[int], parts: list[BaseGeometry], far_m: float, *, alone: bool
    ) -> Finding:
        thin = [part for part in parts if part.area > 0]
        lines = [part for part in parts if part.area == 0]
        lines += [part.boundary for part in thin]
        # Put in order before and after, so that it is the same in whatever order they came.
        noded = shapely.normalize(shapely.union_all(lines))
        shape = shapely.normalize(shapely.line_merge(noded))
        area = float(self.explain.ruler.area_m2(np.array([union(thin)], dtype=object))[0])
        length = float(self.explain.ruler.length_m(np.array([shape], dtype=object))[0])
        return self.explain.finding(
            "C105", shape, self._grids(who), area=self._own_area(who),
            measures={"area_m2": area, "width_m": far_m, "length_m": length, "alone": alone},
        )  # fmt: skip


def measure_faults(
    layer: Layer,
    territory: Territory,
    rows: Ints,
    parent_codes: tuple[str, ...],
    faces: list[Face],
    rest: Segments,
    explain: Explainer,
    tolerance_m: float,
) -> Faults:
    """Measure defect faces and find whose borders bound them."""
    pieces = np.array([face.geometry for face in faces], dtype=object)
    unit = tolerance_m / min(explain.ruler.metres(territory.polygons))
    shares = shared_lengths(pieces, rest, unit * NEAR_SHARE)
    parents = rest.owner >= len(territory.polygons)
    # A strip narrower than the tolerance between a gap and the parent's border is no land.
    beside = shared_lengths(pieces, rest.take(parents), unit)
    at_edge = [
        any(owner >= len(territory.polygons) for owner in share)
        or sum(along.values()) > EDGE_SHARE * unit
        for share, along in zip(shares, beside, strict=True)
    ]
    areas = explain.ruler.area_m2(pieces)
    outline = explain.ruler.length_m(pieces)
    return Faults(
        layer, territory, rows, parent_codes, faces,
        shares, at_edge, areas, outline,
        (2 * areas <= tolerance_m * outline).tolist(), explain, unit,
    )  # fmt: skip


def _unsure(found: Finding) -> Finding:
    return replace(found, severity="warning") if found.rule in ("C101", "C102") else found


def _pairs(owners: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    for one in owners:
        for two in owners:
            if one != two:
                yield one, two


def union(shapes: Iterable[BaseGeometry]) -> BaseGeometry:
    """Join shapes into one, the same in whatever order; of a single one nothing is recomputed."""
    listed = list(shapes)
    return listed[0] if len(listed) == 1 else shapely.normalize(shapely.union_all(listed))


def equal_polygons(polygons: Geometries) -> Ints:
    """Give polygons that hold exactly the same land the same number."""
    # Equal land has equal bounds; only such pairs are compared outright. An area depends in its
    # last digit on where a ring begins.
    rough = np.unique(shapely.bounds(polygons), axis=0, return_inverse=True)[1].ravel()
    out = np.arange(len(polygons))
    for label in np.flatnonzero(np.bincount(rough, minlength=1) > 1).tolist():
        same = np.flatnonzero(rough == label)
        for position, polygon in enumerate(same):
            for earlier in same[:position]:
                if polygons[polygon].equals(polygons[earlier]):
                    out[polygon] = out[earlier]
                    break
    return out


def twin_findings(layer: Layer, rows: Ints, twins: Ints, explain: Explainer) -> Iterator[Finding]:
    """Yield G004 for each land that several rows of a layer hold alike, by :func:`equal_polygons`.

    ``rows`` gives the row of each polygon that ``twins`` numbers.
    """
    for twin in np.flatnonzero(np.bincount(twins, minlength=1) > 1).tolist():
        who = rows[twins == twin].tolist()
        grids = [(layer.codes[row], layer.names[row]) for row in who]
        yield explain.finding(
            "G004", layer.shapes[who[0]], grids, area=own_area(layer, who), depth=len(who)
        )


def own_area(layer: Layer, rows: Iterable[int]) -> str:
    """Return the parent's code of the row with the least code, in whatever order they are."""
    return min((layer.codes[row], layer.parent[row]) for row in rows)[1]


def matched_pairs(welded: Welded) -> Iterator[Matched]:
    """Group segments that the weld made cancel by the polygons on their two sides."""
    segments = welded.matched
    if not len(segments):
        return
    flip = (segments.ends[:, :2] > segments.ends[:, 2:])[:, 0] | (
        (segments.ends[:, 0] == segments.ends[:, 2]) & (segments.ends[:, 1] > segments.ends[:, 3])
    )
    ends = np.where(flip[:, None], segments.ends[:, [2, 3, 0, 1]], segments.ends)
    places, place = np.unique(ends, axis=0, return_inverse=True)
    owners: list[set[int]] = [set() for _ in places]
    for at, owner in zip(place.ravel().tolist(), segments.owner.tolist(), strict=True):
        owners[at].add(owner)
    far = np.zeros(len(places))
    np.maximum.at(far, place.ravel(), welded.moved_m)
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for at, who in enumerate(owners):
        groups[tuple(sorted(who))].append(at)
    for pair, members in groups.items():
        yield pair, places[members], float(far[members].max())


def shrunk_spots(welded: Welded) -> Iterator[Matched]:
    """Group segments that the weld made a point by that point, where nothing else of it is left.

    A gap between four corners that is smaller than the tolerance leaves no border to cancel.
    """
    if not len(welded.spots):
        return
    others = _complex(np.concatenate((welded.matched.ends, welded.rest.ends)).reshape(-1, 2))
    at, place = np.unique(_complex(welded.spots), return_inverse=True)
    # The spots are few and in order, the others many and in none.
    near = np.minimum(np.searchsorted(at, others), len(at) - 1)
    told = np.zeros(len(at), dtype=bool)
    told[near[at[near] == others]] = True
    for spot in np.flatnonzero(~told).tolist():
        here = place.ravel() == spot
        who = tuple(sorted(set(welded.shrunk.owner[here].tolist())))
        yield who, welded.shrunk.ends[here], float(welded.shrunk_m[here].max())


def _complex(points: Floats) -> NDArray[np.complex128]:
    return np.ascontiguousarray(points).view(np.complex128).ravel()
