"""The check on every kind of small coverage, against plain counting.

A grid is any set of the triangles of a small lattice: so it has corners that touch, edges in one
line, holes, enclaves in enclaves, several parts, and lies over, in and beside others at will. What
is uncovered, doubled or outside is counted triangle by triangle; no geometry is computed for it.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.coverage import CoverageReport, check_coverage
from geo.recheck import Coverage

SIDE = 3
TRIANGLES = 2 * SIDE * SIDE
# (CRS, where the lattice begins, the side of a cell, the tolerance in metres): ordinary metres,
# coordinates beyond 1e7 and near nothing, cells of a decimetre in degrees. All are exact in binary.
PLACES = [
    ("EPSG:4547", (500_000.0, 3_700_000.0), 10.0, 0.01),
    ("EPSG:4547", (500_000.0, 3_700_000.0), 2.0**-4, 1e-4),
    ("EPSG:3857", (12_800_000.0, 4_000_000.0), 16.0, 0.01),
    ("EPSG:4526", (38_500_000.0, 3_700_000.0), 8.0, 0.01),
    ("EPSG:4326", (115.25, 33.5), 2.0**-20, 1e-3),
    ("EPSG:4326", (0.0, 0.0), 2.0**-14, 0.01),
]
Cells = frozenset[int]


def corners(cell: int) -> list[tuple[int, int]]:
    """The lattice points of a triangle: below, or above, the diagonal of its square."""
    x, y = divmod(cell // 2, SIDE)
    return (
        [(x, y), (x + 1, y), (x + 1, y + 1)] if cell % 2 else [(x, y), (x + 1, y + 1), (x, y + 1)]
    )


@dataclass(frozen=True)
class Case:
    """Sets of triangles: grids with the parent that each is filed under, and parents."""

    grids: list[tuple[Cells, int]]
    parents: list[Cells]
    place: int
    turns: list[int]
    doubled: bool

    def shape(self, cells: Cells, turn: int = 0) -> BaseGeometry:
        """The land of some triangles, with all of its vertices; written down in many ways."""
        _, start, side, _ = PLACES[self.place]
        parts = [Polygon(np.array(corners(cell)) * side + start) for cell in sorted(cells)]
        land = shapely.coverage_union_all(parts)
        return shapely.transform(land, lambda points: points) if not turn else self._turned(
            land, turn)  # fmt: skip

    def _turned(self, land: BaseGeometry, turn: int) -> BaseGeometry:
        parts = []
        for part in shapely.get_parts([land]):
            rings = []
            for ring in (part.exterior, *part.interiors):
                points = np.roll(shapely.get_coordinates(ring)[:-1], turn, axis=0)[:: (-1) ** turn]
                points = np.repeat(points, 2, axis=0) if self.doubled else points
                rings.append(points)
            parts.append(Polygon(rings[0], rings[1:]))
        return shapely.MultiPolygon(parts) if len(parts) > 1 else parts[0]

    def frames(self) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
        crs = PLACES[self.place][0]
        shapes = [
            self.shape(cells, turn)
            for (cells, _), turn in zip(self.grids, self.turns, strict=False)
        ]
        grids = gpd.GeoDataFrame(
            {"code": [f"g{n}" for n in range(len(shapes))],
             "area_code": [f"p{parent}" for _, parent in self.grids]},
            geometry=shapes, crs=crs,
        )  # fmt: skip
        if not self.parents:
            return grids, None
        codes = {"code": [f"p{n}" for n in range(len(self.parents))]}
        lands = [self.shape(cells) for cells in self.parents]
        return grids, gpd.GeoDataFrame(codes, geometry=lands, crs=crs)

    # -- what is so, by counting ---------------------------------------------------------------

    def owners(self, cell: int) -> list[int]:
        return [n for n, (cells, _) in enumerate(self.grids) if cell in cells]

    def uncovered(self) -> Cells:
        return frozenset(c for p in self.parents for c in p if not self.owners(c))

    def doubled_land(self) -> Cells:
        return frozenset(c for c in range(TRIANGLES) if len(self.owners(c)) > 1)

    def outside(self, grid: int) -> Cells:
        cells, parent = self.grids[grid]
        own = self.parents[parent if len(self.parents) > 1 else 0]
        return cells - own

    def twins(self) -> set[frozenset[int]]:
        sets = [cells for cells, _ in self.grids]
        alike = ({n for n, s in enumerate(sets) if s == cells} for cells in sets)
        return {frozenset(same) for same in alike if len(same) > 1}

    def nests(self) -> set[tuple[int, int]]:
        """(inner, outer) of which a triangle is theirs alone."""
        return {
            (a, b) for a, (inner, _) in enumerate(self.grids) for b, (outer, _) in
            enumerate(self.grids) if inner < outer and any(len(self.owners(c)) == 2 for c in inner)
        }  # fmt: skip


sets = st.frozensets(st.integers(0, TRIANGLES - 1), min_size=1)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    parents: list[Cells] = []
    for _ in range(draw(st.integers(0, 2))):
        land = draw(st.one_of(st.just(frozenset(range(TRIANGLES))), sets)).difference(*parents)
        parents += [land] if land else []
    grids = [
        (draw(st.one_of(sets, st.sampled_from(parents)) if parents else sets),
         draw(st.integers(0, max(0, len(parents) - 1))))
        for _ in range(draw(st.integers(1, 4)))
    ]  # fmt: skip
    # A copy, and all that the others leave: what is drawn at random is seldom either.
    if draw(st.booleans()):
        grids.append(grids[0])
    rest = frozenset(range(TRIANGLES)).difference(*(cells for cells, _ in grids))
    if draw(st.booleans()) and rest:
        grids.append((rest, 0))
    turns = [draw(st.integers(0, 3)) for _ in grids]
    return Case(grids, parents, draw(st.integers(0, len(PLACES) - 1)), turns, draw(st.booleans()))


def land(report: CoverageReport, *rules: str, grid: str | None = None) -> BaseGeometry:
    return shapely.union_all([
        f.geometry for f in report.findings
        if f.rule in rules and (grid is None or f.grids == (grid,))
    ])  # fmt: skip


def assert_is(case: Case, said: BaseGeometry, cells: Cells) -> None:
    side = PLACES[case.place][2]
    off = said.symmetric_difference(case.shape(cells)).area if cells else said.area
    assert off < 1e-6 * side * side, (said.wkt, sorted(cells))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_land_is_what_counting_says(case: Case) -> None:
    grids, parents = case.frames()
    report = check_coverage(grids, parents, tolerance_m=PLACES[case.place][3])
    if parents is not None:
        assert_is(case, land(report, "C101", "C102"), case.uncovered())
        for number in range(len(case.grids)):
            said = land(report, "C104", grid=f"g{number}")
            assert_is(case, said, case.outside(number))
    assert_is(case, land(report, "C103", "C106", "G004"), case.doubled_land())
    # Where all have all vertices no border can fail to match, and nothing is invalid.
    assert not {f.rule for f in report.findings} & {"C105", "G001", "G002"}


@settings(max_examples=40, deadline=None)
@given(cases())
def test_twins_and_nests_are_what_counting_says(case: Case) -> None:
    grids, parents = case.frames()
    report = check_coverage(grids, parents, tolerance_m=PLACES[case.place][3])
    told = {rule: [tuple(int(code[1:]) for code in f.grids) for f in report.findings
                   if f.rule == rule] for rule in ("G004", "C106", "G005")}  # fmt: skip
    assert {frozenset(codes) for codes in told["G004"]} == case.twins()
    assert set(told["C106"]) == case.nests()
    parts = [len(shapely.get_parts([shape])) for shape in grids.geometry]
    assert {codes[0] for codes in told["G005"]} == {n for n, p in enumerate(parts) if p > 1}


@settings(max_examples=20, deadline=None)
@given(cases(), st.integers(0, 5))
def test_a_grid_that_went_and_came_leaves_no_trace(case: Case, which: int) -> None:
    grids, parents = case.frames()
    tolerance_m = PLACES[case.place][3]
    coverage = Coverage.of(grids, parents, tolerance_m=tolerance_m)
    row = grids.iloc[[which % len(grids)]]
    other = row.set_geometry(list(row.translate(PLACES[case.place][2])), crs=grids.crs)
    for edited in (other, row):
        coverage = coverage.edit(edited)
        whole = check_coverage(coverage.grids, parents, tolerance_m=tolerance_m)
        assert coverage.report.summary == whole.summary
        assert coverage.report.findings == whole.findings
    first = check_coverage(grids, parents, tolerance_m=tolerance_m)
    assert [f.id for f in coverage.report.findings] == [f.id for f in first.findings]
