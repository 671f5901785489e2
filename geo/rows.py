"""Rows: a layer of grids as arrays, each row with a key that outlives edits, and its measures.

An edit makes new arrays, of which only the changed rows are looked at; keys grow in the order of
the rows, and a row that replaces another has its key.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo.certificate import Flags, Floats, Geometries, Ints
from geo.gate import Layer, admit
from geo.measure import Ruler
from geo.register import text_of

Objects = NDArray[np.object_]
Bounds = tuple[float, float, float, float]
# So many codes are looked for one by one.
FEW = 8


@dataclass(frozen=True)
class Rows:
    """A layer, row by row.

    ``raw`` are the polygons as they came, ``shapes`` as they are used; ``boxes`` (n, 4) is NaN
    where there is none. ``area_m2`` is measured, ``weight`` and ``middle`` (n, 2) are area and
    centre of gravity in the layer's own plane.
    """

    keys: Ints
    codes: Objects
    names: Objects
    parent: Objects
    coverage: Objects
    kind: Objects
    raw: Geometries
    shapes: Geometries
    boxes: Floats
    area_m2: Floats
    weight: Floats
    middle: Floats

    @classmethod
    def of(cls, frame: gpd.GeoDataFrame, ruler: Ruler | None = None) -> "tuple[Rows, Ruler]":
        """Take a frame in, as the check does; the ruler is chosen, unless there is one."""
        layer = admit(frame)
        chosen = ruler or Ruler.of(layer.shapes, frame.crs)
        weight = np.nan_to_num(shapely.area(layer.shapes))
        middle = np.full((len(layer), 2), np.nan)
        middle[weight > 0] = shapely.get_coordinates(shapely.centroid(layer.shapes[weight > 0]))
        rows = cls(
            keys=np.arange(len(layer), dtype=np.int64),
            codes=_objects(layer.codes),
            names=_objects(layer.names),
            parent=_objects(layer.parent),
            coverage=_objects(layer.coverage),
            kind=text_of(frame, "kind"),
            raw=np.asarray(frame.geometry.values, dtype=object),
            shapes=layer.shapes,
            boxes=shapely.bounds(layer.shapes),
            area_m2=chosen.area_m2(layer.shapes),
            weight=weight,
            middle=middle,
        )
        return rows, chosen

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.keys)

    @cached_property
    def present(self) -> Flags:
        """Which rows have a shape, be it empty."""
        return np.asarray(~shapely.is_missing(self.shapes))

    @cached_property
    def exclusive(self) -> Flags:
        """Which rows take part in the partition."""
        there = ~np.isnan(self.boxes[:, 0])
        return np.asarray(there & (self.coverage != "overlay"))

    def named(self, codes: Collection[str]) -> Flags:
        """Tell which rows have one of some codes."""
        if len(codes) < FEW:
            out = np.zeros(len(self), dtype=bool)
            for code in codes:
                out |= self.codes == code
            return out
        wanted = set(codes)
        return np.array([code in wanted for code in self.codes.tolist()], dtype=bool)

    def take(self, mask: Flags | Ints) -> "Rows":
        """Return some of them."""
        return Rows(*(values[mask] for values in self._columns))

    @property
    def _columns(self) -> list[NDArray[Any]]:
        return [getattr(self, each.name) for each in fields(self)]

    def edited(self, fresh: "Rows", removed: Collection[str]) -> "Rows":
        """Return the rows after an edit.

        A row of a changed code takes the place of the first one with that code, where both have
        it once; otherwise those of the code go, and the new ones come last.
        """
        old = np.flatnonzero(self.named({*fresh.codes.tolist(), *removed}))
        coming = fresh.codes.tolist()
        known, new_ones = Counter(self.codes[old].tolist()), Counter(coming)
        once = {code for code, times in known.items() if times == new_ones[code] == 1}
        key = dict(zip(self.codes[old].tolist(), self.keys[old].tolist(), strict=True))
        last = int(self.keys.max(initial=-1)) + 1
        keys = [key[code] if code in once else last + at for at, code in enumerate(coming)]
        new = replace(fresh, keys=np.array(keys, dtype=np.int64))
        # Of all rows, old ones and new, those that stay, by their keys.
        both = np.concatenate((self.keys, new.keys))
        stay = np.delete(np.arange(len(both)), old)
        order = stay[np.argsort(both[stay], kind="stable")]
        columns = zip(self._columns, new._columns, strict=True)
        return Rows(*(np.concatenate(pair)[order] for pair in columns))

    def is_alike(self, other: "Rows") -> bool:
        """Tell whether other rows differ from these in nothing but their polygons."""
        same = all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("keys", "codes", "names", "parent", "coverage", "kind")
        )
        english = [[name.en for name in rows.names.tolist()] for rows in (self, other)]
        return same and english[0] == english[1]

    def layer(self, crs: object) -> Layer:
        """Return them as the check has them."""
        return Layer(
            codes=tuple(self.codes.tolist()),
            names=tuple(self.names.tolist()),
            parent=tuple(self.parent.tolist()),
            coverage=tuple(self.coverage.tolist()),
            shapes=self.shapes,
            crs=crs,
        )

    def frame(self, crs: object) -> gpd.GeoDataFrame:
        """Return the usable rows as the rules of households and shifts take them."""
        some = self.take(self.present)
        return gpd.GeoDataFrame(
            {
                "code": some.codes, "name": some.names,
                "name_en": [name.en for name in some.names.tolist()], "area_code": some.parent,
                "coverage": some.coverage, "kind": some.kind,
            },
            geometry=some.shapes, crs=CRS.from_user_input(crs),
        )  # fmt: skip

    @cached_property
    def ends(self) -> Ints:
        """Exclusive rows that reach as far as all of them do."""
        return self.extremes(self.exclusive)

    def extremes(self, among: Flags) -> Ints:
        """Return rows that reach as far as all of some do, so that they have the same bounds."""
        rows = np.flatnonzero(among & ~np.isnan(self.boxes[:, 0]))
        if not len(rows):
            return rows
        boxes = self.boxes[rows]
        ends = (*np.argmin(boxes[:, :2], axis=0), *np.argmax(boxes[:, 2:], axis=0))
        return np.unique(rows[list(ends)])


def bounds_of(boxes: Floats) -> Bounds:
    """Return the bounds of boxes; NaN where there are none."""
    if not len(boxes):
        return np.nan, np.nan, np.nan, np.nan
    (left, bottom), (right, top) = np.fmin.reduce(boxes[:, :2]), np.fmax.reduce(boxes[:, 2:])
    return float(left), float(bottom), float(right), float(top)


def _objects(values: tuple[object, ...]) -> Objects:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
