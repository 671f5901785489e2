"""A repair under way: the layer as it becomes, pass by pass, and the account of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrangement import Territory
from geo.certificate import Flags, Geometries, Ints
from geo.coverage import TOLERANCE_M
from geo.gate import POLYGONAL, Layer, admit
from geo.measure import Ruler
from geo.partition import parent_positions
from geo.phrases import Name
from geo.repair_fill import Fill
from geo.repair_ground import Plane, survey
from geo.repair_noding import Point
from geo.repair_rules import MOST_LOST, Judge, Winner
from geo.repair_work import Left, Limits, Move, Work

# One pass does nearly all, a second what it brought about; more are for what is drawn at random.
PASSES = 8
# So often polygons that cannot be closed are set aside before the pass is given up.
MOST_TRIES = 8
# Without a parent a wide hole may well be somebody else's land.
WIDEST_WITHOUT_PARENT_M = 20.0


@dataclass(frozen=True)
class Options:
    """How to repair.

    ``fill`` says who gets gaps, ``winner`` who keeps overlaps; grids in ``declared`` keep them
    before others, the first before the next. ``locked`` grids stay as they are. A gap wider than
    ``largest_gap`` times what its neighbours are across is left, for a grid may be missing there;
    one wider than ``widest_m`` too; without a parent that is :data:`WIDEST_WITHOUT_PARENT_M`
    unless told. Borders closer than ``tolerance_m`` are one.
    """

    fill: Fill = "longest-border"
    winner: Winner = "longest-border"
    declared: Sequence[str] = ()
    locked: Sequence[str] = ()
    largest_gap: float = 0.5
    widest_m: float | None = None
    tolerance_m: float = TOLERANCE_M


@dataclass
class Mending:
    """A repair under way: polygons as they become, and the account of it."""

    layer: Layer
    parents: Layer | None
    options: Options
    ruler: Ruler
    rows: Ints
    fixed: Flags
    polygons: Geometries
    own: Ints
    lands: Geometries
    land_codes: tuple[str, ...]
    kept: frozenset[str] = frozenset()
    only: BaseGeometry | None = None
    moves: list[Move] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    needed: list[tuple[str, Point]] = field(default_factory=list)
    unsafe: set[int] = field(default_factory=set)
    cut: dict[int, tuple[BaseGeometry, BaseGeometry]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        grids: gpd.GeoDataFrame,
        parents: gpd.GeoDataFrame | None,
        options: Options,
        kept: Collection[str] = (),
    ) -> "Mending":
        """Take the layers in as the check does; the codes ``kept`` are locked with the others."""
        layer = admit(grids)
        above = None if parents is None else admit(parents)
        rows = np.flatnonzero(layer.exclusive)
        lands = np.empty(0, dtype=object)
        codes: tuple[str, ...] = ()
        if above is not None:
            there = np.flatnonzero(above.exclusive)
            lands, codes = above.shapes[there], tuple(above.codes[row] for row in there)
        own = parent_positions([layer.parent[row] for row in rows], codes)
        locked = {*options.locked, *kept}
        fixed = [layer.codes[row] in locked for row in rows]
        return cls(
            layer, above, options, Ruler.of(layer.shapes, grids.crs), rows,
            np.array([*fixed, *[True] * len(lands)], dtype=bool),
            layer.shapes[rows].copy(), own, lands, codes, frozenset(kept),
        )  # fmt: skip

    def plane(self) -> Plane:
        """Return what is to be repaired, as it is by now."""
        apart = bool((self.own >= 0).any())
        group = np.arange(len(self.lands)) if apart else np.full(len(self.lands), -1)
        fixed = self.fixed.copy()
        fixed[list(self.unsafe)] = True
        return Plane(
            Territory(self.polygons, self.own, self.lands), group, fixed,
            self.options.tolerance_m, self.ruler.metres(self.polygons),
        )  # fmt: skip

    def run(self) -> None:
        """Repair until nothing more can be."""
        for _ in range(PASSES):
            if not self._pass():
                break
        self.cut_overlays()

    def _pass(self) -> bool:
        """Repair once; tell whether anything changed."""
        changed: dict[int, BaseGeometry] = {}
        self.unsafe = set()
        for _ in range(MOST_TRIES):
            plane = self.plane()
            ground = survey(plane, self.only)
            if ground is None:
                self.left, self.needed = [], []
                return False
            codes = [self.layer.codes[row] for row in self.rows]
            rank = {code: place for place, code in enumerate(self.options.declared)}
            declared = {at: rank[code] for at, code in enumerate(codes) if code in rank}
            judge = Judge(ground, self.options.winner, declared, codes)
            work = Work(ground, self._limits())
            changed = work.do(judge.verdicts())
            broken = {at for at, shape in changed.items() if not _is_sound(shape)}
            if not broken:
                break
            # What arithmetic cannot close stays as it is, and the others keep off it.
            self.unsafe |= broken
        else:
            return False
        for at, shape in changed.items():
            self.polygons[at] = shape
        self.moves += work.moves
        self.left = work.left
        self.needed = [(self.code(at), point) for point, at in sorted(work.needed.items())]
        return bool(changed)

    def _limits(self) -> Limits:
        widest = self.options.widest_m
        if widest is None and not len(self.lands):
            widest = WIDEST_WITHOUT_PARENT_M
        return Limits(self.options.fill, self.options.largest_gap, widest)

    def code(self, at: int) -> str:
        """Return the code of a polygon, or of a parent."""
        count = len(self.rows)
        return self.layer.codes[self.rows[at]] if at < count else self.land_codes[at - count]

    def name(self, at: int) -> Name:
        """Return what a polygon is called."""
        name: Name = self.layer.names[self.rows[at]]
        return name

    def frame(self, grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the layer with the shapes that changed; the others keep their bits."""
        shapes = np.asarray(grids.geometry.values, dtype=object).copy()
        now = self.layer.shapes.copy()
        now[self.rows] = self.polygons
        for row, (_, shape) in self.cut.items():
            now[row] = shape
        locked = {*self.rows[self.fixed[: len(self.rows)]].tolist()}
        invalid = ~shapely.is_valid(shapes)
        for row, shape in enumerate(now):
            changed = shape is not self.layer.shapes[row] or bool(invalid[row])
            if shape is not None and changed and row not in locked:
                shapes[row] = shape
        return grids.set_geometry(gpd.GeoSeries(shapes, index=grids.index, crs=grids.crs))

    def cut_overlays(self) -> None:
        """Cut overlay grids back to their area; what would lose most of its land is left."""
        where = parent_positions(list(self.layer.parent), self.land_codes)
        for row in np.flatnonzero(np.array(self.layer.coverage) == "overlay").tolist():
            shape = self.layer.shapes[row]
            if shape is None or where[row] < 0 or self.layer.codes[row] in self.options.locked:
                continue
            beyond = shapely.difference(shape, self.lands[where[row]])
            flat = self.ruler.project(np.array([beyond], dtype=object))[0]
            if 2 * flat.area <= self.options.tolerance_m * flat.length:
                continue
            kept = _polygonal(shapely.intersection(shape, self.lands[where[row]]))
            if kept.area > (1 - MOST_LOST) * shape.area and _is_sound(kept):
                self.cut[row] = (beyond, kept)
            else:
                self.left.append(Left(beyond, (), "most"))


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    """Return the polygons of what an overlay left, without its lines and points."""
    parts = shapely.get_parts([shape])
    parts = parts[np.isin(shapely.get_type_id(parts), POLYGONAL)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(shapely.get_parts(parts)))


def _is_sound(shape: BaseGeometry) -> bool:
    return bool(shape.area > 0 and shapely.is_valid(shape))
