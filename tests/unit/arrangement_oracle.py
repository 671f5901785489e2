"""The truth about a coverage by brute force: node every border, look at every face, one by one.

Shares no code with the checker or with what makes test data; it is slow and needs no cleverness.

- A *face* is a piece of the plane between all borders of all grids and parents. Its owners and its
  parents are those polygons that have its inner point.
- *Uncovered* is a face that lies in a parent and in no grid; ``C102`` if it runs along that
  parent's border, else ``C101``. Without parents it is any enclosed face that no grid has.
- *Overlap* is a face in several exclusive grids.
- *Outside* is, for each grid, a face that it has and its own parent has not.
- A *mismatch* is a vertex that lies on, or nearly on, another polygon's border where that one has
  no vertex.

The comparer says in sentences where a report and the truth disagree.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

METRIC = pyproj.CRS("EPSG:4547")
LAND_RULES = {"C101", "C102", "C103", "C104", "C106", "G004"}


@dataclass(frozen=True)
class Face:
    """A piece of plane: ``shape`` in the layer's plane, ``metric`` the same in metres."""

    shape: BaseGeometry
    metric: BaseGeometry
    owners: frozenset[str]
    parents: frozenset[str]
    at_border: bool

    def is_land(self, tolerance_m: float) -> bool:
        """Whether it is plainly more than a mismatched border: on average, or in some spot."""
        if self.metric.area < 1e-4:  # a square centimetre is not land
            return False
        mean = 2 * self.metric.area / self.metric.length
        return mean > 1.2 * tolerance_m or not self.metric.buffer(-5 * tolerance_m).is_empty


@dataclass(frozen=True)
class Truth:
    grids: dict[str, BaseGeometry]
    parent_of: dict[str, str | None]
    lands: dict[str, BaseGeometry]
    faces: list[Face]
    crs: object

    @property
    def has_parents(self) -> bool:
        return bool(self.lands)

    def is_outside(self, face: Face, grid: str) -> bool:
        if not self.has_parents:
            return False
        own = self.parent_of[grid]
        return own not in face.parents if own is not None else not face.parents

    def claims(self) -> dict[str, list[tuple[frozenset[str], Face]]]:
        """Each class's faces, with the grids that it blames (none for land of nobody)."""
        found: dict[str, list[tuple[frozenset[str], Face]]] = defaultdict(list)
        for face in self.faces:
            if not face.owners and (face.parents or not self.has_parents):
                found["uncovered"].append((frozenset(), face))
            if len(face.owners) > 1:
                found["overlap"].append((face.owners, face))
            for grid in face.owners:
                if self.is_outside(face, grid):
                    found["C104"].append((frozenset([grid]), face))
        return found

    def pairs(self) -> Iterable[tuple[str, str]]:
        """Every (a, b) where the box of b holds the box of a: what lies in another lies there."""
        codes = list(self.grids)
        left, bottom, right, top = shapely.bounds(list(self.grids.values())).T
        for row, code in enumerate(codes):
            holds = (left <= left[row]) & (bottom <= bottom[row])
            holds &= (right >= right[row]) & (top >= top[row])
            yield from ((code, codes[other]) for other in np.flatnonzero(holds) if other != row)

    def duplicates(self) -> set[frozenset[str]]:
        return {frozenset((a, b)) for a, b in self.pairs() if self.grids[a].equals(self.grids[b])}

    def nested(self) -> set[tuple[str, str]]:
        """(inner, outer), the inner wholly within the outer and not equal to it."""
        return {
            (a, b)
            for a, b in self.pairs()
            if self.grids[b].covers(self.grids[a]) and not self.grids[a].equals(self.grids[b])
        }


def to_metric(
    shapes: Iterable[BaseGeometry], crs: object, metric: pyproj.CRS = METRIC
) -> list[BaseGeometry]:
    return list(gpd.GeoSeries(list(shapes), crs=crs).to_crs(metric))


def derive(
    grids: gpd.GeoDataFrame, parents: gpd.GeoDataFrame | None = None, metric: pyproj.CRS = METRIC
) -> Truth:
    """The truth about exclusive grids (``code``, ``area_code``, ``coverage``) in their parents."""
    if "coverage" in grids:
        grids = grids[grids["coverage"] != "overlay"]
    own = dict(zip(grids["code"], grids.geometry, strict=True))
    outer = {} if parents is None else dict(zip(parents["code"], parents.geometry, strict=True))
    recorded = grids["area_code"] if "area_code" in grids else [None] * len(grids)
    parent_of = {
        code: _parent(area, outer) for code, area in zip(grids["code"], recorded, strict=True)
    }
    lines = [shape.boundary for shape in (*own.values(), *outer.values())]
    shapes = list(shapely.get_parts(shapely.polygonize([shapely.unary_union(lines)])))
    inner = np.array([_well_inside(shape) for shape in shapes])
    owners = _holders(own, inner)
    within = _holders(outer, inner)
    faces = [
        Face(
            shape,
            flat,
            frozenset(owners[i]),
            frozenset(within[i]),
            any(_runs_along(shape, outer[code], grids.crs) for code in within[i])
            if not owners[i]
            else False,
        )
        for i, (shape, flat) in enumerate(
            zip(shapes, to_metric(shapes, grids.crs, metric), strict=True)
        )
    ]
    return Truth(own, parent_of, outer, faces, grids.crs)


def _parent(area: str | None, outer: dict[str, BaseGeometry]) -> str | None:
    if len(outer) == 1:
        return next(iter(outer))
    return area if area in outer else None


def _well_inside(face: BaseGeometry) -> BaseGeometry:
    """Find a point away from the border: in a face's hairline tails a point says nothing."""
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(face))
    if not len(triangles):
        return face.representative_point()
    return triangles[int(np.argmax(shapely.area(triangles)))].centroid


def _holders(polygons: dict[str, BaseGeometry], points: np.ndarray) -> list[list[str]]:
    holders: list[list[str]] = [[] for _ in points]
    for code, polygon in polygons.items():
        for i in np.flatnonzero(shapely.contains(polygon, points)):
            holders[i].append(code)
    return holders


def _runs_along(face: BaseGeometry, parent: BaseGeometry, crs: object) -> bool:
    """Whether they share more than points: more than a tenth of a millimetre of border."""
    metre = 1.0 if pyproj.CRS(crs).is_projected else 1 / 111_000
    near = parent.boundary.intersection(face.envelope.buffer(metre)).buffer(1e-6 * metre)
    return face.boundary.intersection(near).length > 1e-4 * metre


def mismatches(truth: Truth, reach: float) -> list[BaseGeometry]:
    """Vertices within ``reach`` metres of a border that has no vertex there, as metric points."""
    shapes = [*truth.grids.values(), *truth.lands.values()]
    metric = to_metric(shapes, truth.crs)
    found = []
    for i, j in shapely.STRtree(metric).query(metric, predicate="dwithin", distance=reach).T:
        if i == j:
            continue
        own, theirs = shapely.get_coordinates(shapes[i]), shapely.get_coordinates(shapes[j])
        lone = ~np.isin(own.view(complex), theirs.view(complex)).ravel()
        flat = shapely.points(shapely.get_coordinates(metric[i])[lone])
        found += list(flat[shapely.dwithin(metric[j].boundary, flat, reach)])
    return found


# --- households -------------------------------------------------------------------------------


def household_truth(households: gpd.GeoDataFrame, grids: gpd.GeoDataFrame) -> dict[str, set[str]]:
    """The codes of households that each rule concerns, grid by grid, by the definitions."""
    codes = households["code"].to_numpy(dtype=object)
    records = households["grid_code"].to_numpy(dtype=object)
    points = households.geometry.to_numpy()
    located = np.array([point is not None for point in points])
    lon, lat = shapely.get_x(points), shapely.get_y(points)
    having, inside = np.zeros(len(points), dtype=int), np.zeros(len(points), dtype=int)
    at_home = np.zeros(len(points), dtype=bool)
    for code, shape, policy in zip(grids["code"], grids.geometry, grids["coverage"], strict=True):
        west, south, east, north = shape.bounds
        near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
        touched = near[shapely.intersects(shape, points[near])]
        at_home[touched[records[touched] == code]] = True
        if policy != "overlay":
            having[touched] += 1
            inside[near[shapely.contains(shape, points[near])]] += 1
    told = np.array([isinstance(record, str) for record in records])
    return {
        "H201": set(codes[located & (having == 0) & ~at_home]),
        "H202": set(codes[inside > 1]),
        "H203": set(codes[(having > 0) & ~at_home & told]),
        "H205": set(codes[~located]),
    }


# --- the comparer -----------------------------------------------------------------------------


def union(shapes: Iterable[BaseGeometry]) -> BaseGeometry:
    return shapely.union_all(list(shapes))


CLASSES = {
    "uncovered": {"C101", "C102"},
    "overlap": {"C103", "C106", "G004"},
    "C104": {"C104"},
}


@dataclass(frozen=True)
class Comparer:
    """Compares in the layer's own plane; ``metre`` is a metre in its units, at least."""

    truth: Truth
    tolerance_m: float

    @property
    def metre(self) -> float:
        crs = pyproj.CRS(self.truth.crs)
        return 1 / crs.axis_info[0].unit_conversion_factor if crs.is_projected else 1 / 90_000

    @property
    def reach(self) -> float:
        return self.tolerance_m * self.metre

    def m2(self, shape: BaseGeometry) -> float:
        return shape.area / self.metre**2

    def missing(self, name: str, said: list, claims: list) -> list[str]:
        """Faces clearly wider than the tolerance that no finding of the class holds."""
        land = union(f.geometry for f in said).buffer(1.5 * self.reach)
        return [
            f"{name} not reported: {face.metric.area:.9f} m² of {sorted(who) or 'nobody'} "
            f"at {face.shape.representative_point().wkt}"
            for who, face in claims
            if face.is_land(self.tolerance_m) and not land.intersects(_well_inside(face.shape))
        ]

    def false(self, said: list, claims: list) -> list[str]:
        """Findings of the class that reach further from its faces than the tolerance."""
        truth = union(face.shape for _, face in claims).buffer(1.5 * self.reach)
        beyond = [(f, f.geometry.difference(truth)) for f in said]
        return [
            f"{f.rule} is not so: {self.m2(rest):.9f} m² of {f.grids} at {f.point.wkt}"
            for f, rest in beyond
            if self.m2(rest) > 1e-7 + 1e-9 * self.m2(f.geometry)
        ]

    def unequal(self, name: str, said: list, claims: list) -> list[str]:
        """The class as a whole: its union, and the sum of its areas."""
        truth, theirs = union(face.shape for _, face in claims), union(f.geometry for f in said)
        # What the weld may move, and below it what narrow faces may be called instead.
        slack = 1e-6 * self.m2(truth) + 2 * self.tolerance_m * truth.length / self.metre
        off = self.m2(truth.symmetric_difference(theirs))
        wrong = []
        if off > slack:
            wrong.append(f"{name}: the union differs by {off:.9f} m² (slack {slack:.9f})")
        expected, told = sum(face.metric.area for _, face in claims), sum(f.area_m2 for f in said)
        border = sum(face.metric.length for _, face in claims)
        # Of duplicates all the land is one finding, whoever else claims some of it.
        twice = any(f.rule == "G004" for f in said)
        if abs(told - expected) > 1e-6 * expected + 2 * self.tolerance_m * border and not twice:
            wrong.append(f"{name}: areas add up to {told:.6f}, truth {expected:.6f} m²")
        return wrong

    def border(self, findings: list, claims: list) -> list[str]:
        """What plainly runs along the parent's border is C102, what is plainly off it C101."""
        lands = {
            rule: union(f.geometry for f in findings if f.rule == rule) for rule in ("C101", "C102")
        }
        lines = union(shape.boundary for shape in self.truth.lands.values())
        wrong = []
        for _, face in claims:
            core = face.shape.buffer(-5 * self.reach)
            if core.is_empty:
                continue
            # How long the body of the face, without hairlines, runs beside a parent's border.
            beside = lines.intersection(core.buffer(6.5 * self.reach)).length > 50 * self.reach
            away = not face.shape.dwithin(lines, 10 * self.reach)
            rule = "C102" if beside and face.at_border else "C101" if away else None
            if rule and not lands[rule].intersects(_well_inside(_largest(core))):
                wrong.append(f"not {rule}: {face.metric.area:.6f} m² at {face.shape.centroid.wkt}")
        return wrong


def _largest(shape: BaseGeometry) -> BaseGeometry:
    return max(shapely.get_parts([shape]), key=lambda part: part.area)


def disagreements(findings: Iterable, truth: Truth, *, tolerance_m: float) -> list[str]:
    """What a report says that is not so, and what it does not say; empty if they agree.

    Faces much narrower than the tolerance may be called mismatched borders, and borders may have
    been moved by it. With a very small tolerance everything must be equal to 1e-6.
    """
    findings = [f for f in findings if f.rule in LAND_RULES]
    claims, compare = truth.claims(), Comparer(truth, tolerance_m)
    wrong = []
    for name, rules in CLASSES.items():
        said = [f for f in findings if f.rule in rules]
        wrong += compare.missing(name, said, claims[name])
        wrong += compare.false(said, claims[name])
        wrong += compare.unequal(name, said, claims[name])
    if truth.has_parents:
        wrong += compare.border(findings, claims["uncovered"])
    wrong += _blame(findings, claims, tolerance_m)
    wrong += _twins_and_nests(findings, truth, compare.reach)
    return wrong


def _blame(findings: list, claims: dict, tolerance_m: float) -> list[str]:
    """The sets of grids that overlaps and overhangs name."""
    wrong = []
    for name, rules in (("overlap", {"C103", "C106", "G004"}), ("C104", {"C104"})):
        certain = {who for who, face in claims[name] if face.is_land(tolerance_m)}
        possible = {who for who, _ in claims[name]}
        told = {frozenset(f.grids) for f in findings if f.rule in rules - {"G004"}}
        # Where there is nobody but the duplicates, their own finding names them.
        twins = {frozenset(f.grids) for f in findings if f.rule == "G004"}
        wrong += [f"{name} of {sorted(who)} is not named" for who in certain - told - twins]
        wrong += [f"{name} of {sorted(who)} is not so" for who in told - possible]
    return wrong


def _twins_and_nests(findings: list, truth: Truth, reach: float) -> list[str]:
    told = {
        frozenset((a, b)) for f in findings if f.rule == "G004" for a in f.grids for b in f.grids
    }
    told = {pair for pair in told if len(pair) == 2}
    wrong = [f"duplicates: told {told}, truth {truth.duplicates()}"]
    wrong = wrong if told != truth.duplicates() else []
    deep = {
        frozenset(pair) for face in truth.faces if len(face.owners) > 2
        for pair in ((a, b) for a in face.owners for b in face.owners if a != b)
    }  # fmt: skip
    nests = {frozenset(f.grids) for f in findings if f.rule == "C106"}
    real = {frozenset(pair) for pair in truth.nested()}
    wrong += [f"nested {sorted(pair)} is not told" for pair in real - deep - nests]
    # A grid that sticks out by no more than the tolerance is still nested.
    wrong += [
        f"nested {sorted(pair)} is not so"
        for pair in nests - real
        if not _nearly(pair, truth, reach)
    ]
    return wrong


def _nearly(pair: frozenset[str], truth: Truth, reach: float) -> bool:
    if not pair <= truth.grids.keys():
        return False
    one, two = sorted((truth.grids[code] for code in pair), key=lambda shape: shape.area)
    return bool(one.difference(two).area <= 1e-8 * one.area + reach * one.length)
