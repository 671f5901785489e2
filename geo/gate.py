"""The gate: what each polygon must be before any two of them are compared.

A row that fails gets a finding and, where a repaired copy can be made, goes on as that copy, so
that one bad ring does not hide what is wrong elsewhere. The stored geometry is never changed.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import is_not

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from geo.errors import ColumnError, EmptyLayerError
from geo.explain import Explainer
from geo.findings import Finding
from geo.measure import Geometries
from geo.phrases import Name
from geo.register import names_of
from geo.threads import by_element

POLYGONAL = (3, 6)  # shapely's type numbers of Polygon and MultiPolygon
# shapely's reasons, in Chinese; what is not listed is shown as it is.
REASONS_ZH = {
    "Self-intersection": "自相交",
    "Ring Self-intersection": "环自相交",
    "Hole lies outside shell": "洞在外环之外",
    "Nested holes": "洞中有洞",
    "Nested shells": "面中套面",
    "Interior is disconnected": "内部不连通",
    "Duplicate Rings": "环重复",
    "Too few points in geometry component": "点数太少",
    "Invalid Coordinate": "坐标无效",
}


@dataclass(frozen=True)
class Layer:
    """Polygons as the check uses them, row by row as they came.

    ``shapes`` are valid polygons in the layer's own CRS, or null where there is none.
    ``parent`` is each row's parent code, or an empty string.
    """

    codes: tuple[str, ...]
    names: tuple[Name, ...]
    parent: tuple[str, ...]
    coverage: tuple[str, ...]
    shapes: Geometries
    crs: object

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.codes)

    @property
    def exclusive(self) -> NDArray[np.bool_]:
        """Which rows take part in the partition."""
        there = ~(shapely.is_missing(self.shapes) | shapely.is_empty(self.shapes))
        return np.asarray(there & (np.array(self.coverage, dtype=object) != "overlay"))


def admit(frame: gpd.GeoDataFrame) -> Layer:
    """Take a frame in: codes and names as text, polygons in two dimensions, repaired if invalid.

    Parameters
    ----------
    frame
        Columns ``code`` and the geometry; ``name``, ``name_en``, ``area_code`` and ``coverage``
        if there are.

    Raises
    ------
    ColumnError
        If there is no ``code``.
    EmptyLayerError
        If there are no rows, or none with a polygon.
    """
    if "code" not in frame.columns:
        raise ColumnError(
            "The layer has no column of codes.",
            cure="Name it with --code.",
            zh="图层没有编码列，请指明（--code）。",
        )
    if frame.empty:
        raise EmptyLayerError(
            "The layer has no rows.",
            cure="Is it the right layer?",
            zh="图层里没有数据行，是不是选错了图层？",
        )
    codes = _text(frame, "code", [])
    shapes = _shapes(frame)
    if (shapely.is_missing(shapes) | shapely.is_empty(shapes)).all():
        raise EmptyLayerError(
            "No row has a polygon.",
            cure="Is it the right layer?",
            zh="没有一行有面，是不是选错了图层？",
        )
    return Layer(
        codes=codes,
        names=tuple(names_of(frame, codes)),
        parent=_text(frame, "area_code", [""] * len(codes)),
        coverage=_text(frame, "coverage", ["exclusive"] * len(codes)),
        shapes=shapes,
        crs=frame.crs,
    )


def _text(frame: gpd.GeoDataFrame, column: str, otherwise: Sequence[str]) -> tuple[str, ...]:
    if column not in frame.columns:
        return tuple(otherwise)
    values = np.asarray(frame[column], dtype=object)
    out = ["" if none else str(value).strip()
           for value, none in zip(values, pd.isna(values), strict=True)]  # fmt: skip
    return tuple(value or (otherwise[row] if otherwise else "") for row, value in enumerate(out))


def _shapes(frame: gpd.GeoDataFrame) -> Geometries:
    shapes = np.array(frame.geometry.values, dtype=object)
    high = shapely.has_z(shapes) | shapely.has_m(shapes)
    shapes[high] = shapely.force_2d(shapes[high])
    shapes[~np.isin(shapely.get_type_id(shapes), POLYGONAL)] = None
    bad = ~by_element(shapely.is_valid, shapes) & ~shapely.is_missing(shapes)
    shapes[bad] = [_repaired(shape) for shape in shapes[bad]]
    # GEOS keeps a shape's box when it is first asked for it: not by two threads at once.
    shapely.bounds(shapes)
    return np.asarray(shapes, dtype=object)


def _repaired(shape: BaseGeometry) -> BaseGeometry | None:
    """Make a valid copy that keeps the land of an invalid polygon; null if there is none."""
    made = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    parts = shapely.get_parts([made])
    parts = parts[shapely.get_type_id(parts) == POLYGONAL[0]]
    land = shapely.union_all(parts) if len(parts) else None
    return None if land is None or land.is_empty else land


# -- Findings of single rows ---------------------------------------------------------------------


def gate_findings(frame: gpd.GeoDataFrame, layer: Layer, explain: Explainer) -> list[Finding]:
    """Return what is wrong with rows by themselves: G001, G002, G003, G005, G006."""
    return row_findings(
        np.asarray(frame.geometry.values, dtype=object), _open_rings(frame), layer, explain
    )


def row_findings(
    raw: Geometries, opened: dict[int, Point], layer: Layer, explain: Explainer
) -> list[Finding]:
    """Return the same, of polygons as they came and rows where a ring was not closed."""
    return [
        *_invalid(raw, opened, layer, explain),
        *_empty(layer, explain),
        *_duplicate_codes(layer, explain),
        *_detached(raw, layer, explain),
        *_malformed(layer, explain),
    ]


def _rows(
    rule: str,
    layer: Layer,
    rows: Sequence[int],
    explain: Explainer,
    *,
    point: Point | None = None,
    **words: object,
) -> Finding:
    return explain.finding(
        rule,
        shapely.union_all(layer.shapes[list(rows)]),
        [(layer.codes[row], layer.names[row]) for row in rows],
        area=layer.parent[rows[0]],
        point=point,
        measures=words,
    )


def _open_rings(frame: gpd.GeoDataFrame) -> dict[int, Point]:
    if "open_ring" not in frame.columns:
        return {}
    return {row: place for row, place in enumerate(frame["open_ring"]) if isinstance(place, Point)}


def _invalid(
    raw: Geometries, opened: dict[int, Point], layer: Layer, explain: Explainer
) -> Iterator[Finding]:
    # What came through the gate as it was is valid.
    changed = np.fromiter(map(is_not, layer.shapes, raw), dtype=bool, count=len(raw))
    invalid = np.isin(shapely.get_type_id(raw), POLYGONAL) & changed
    invalid[invalid] = ~shapely.is_valid(raw[invalid])
    for row in sorted({*np.flatnonzero(invalid).tolist(), *opened}):
        if layer.shapes[row] is None:
            continue
        point, words, words_zh = opened.get(row), [], []
        if point is not None:
            words, words_zh = [f"unclosed ring in row {row + 1}"], [f"第 {row + 1} 行有环未闭合"]
        if invalid[row]:
            reason, place = _reason(raw[row])
            point = point or place
            words.append(reason.lower())
            words_zh.append(REASONS_ZH.get(reason, reason))
        detail = {"detail": ", ".join(words), "detail_zh": "，".join(words_zh)}
        yield _rows("G001", layer, [row], explain, point=point, **detail)


def _reason(shape: BaseGeometry) -> tuple[str, Point | None]:
    """Split ``Self-intersection[115.3 33.6]`` into what and where."""
    words = shapely.is_valid_reason(shape)
    found = re.fullmatch(r"(.+?)\s*\[(\S+) (\S+).*\]", words)
    if found is None:
        return words, None
    return found[1], Point(float(found[2]), float(found[3]))


def _empty(layer: Layer, explain: Explainer) -> Iterator[Finding]:
    missing = shapely.is_missing(layer.shapes) | shapely.is_empty(layer.shapes)
    # A row without a polygon is nowhere; the layer's middle is where a map can show it.
    middle = shapely.box(*shapely.total_bounds(layer.shapes)).centroid
    times: Counter[str] = Counter()
    for row in np.flatnonzero(missing).tolist():
        grid = (layer.codes[row], layer.names[row])
        times[grid[0]] += 1
        place = f"nowhere {times[grid[0]]}"
        yield explain.finding("G002", middle, [grid], area=layer.parent[row], place=place)


def _duplicate_codes(layer: Layer, explain: Explainer) -> Iterator[Finding]:
    rows: dict[str, list[int]] = {}
    for row, code in enumerate(layer.codes):
        rows.setdefault(code, []).append(row)
    for code, same in rows.items():
        if len(same) > 1 and any(layer.shapes[row] is not None for row in same):
            yield _rows("G003", layer, same, explain, code=code, count=len(same))


def _detached(raw: Geometries, layer: Layer, explain: Explainer) -> Iterator[Finding]:
    pieces = shapely.get_num_geometries(layer.shapes)
    # What only the repair of a bow-tie has taken apart is told as the bow-tie.
    pieces = np.where(shapely.get_num_geometries(raw) > 1, pieces, 1)
    for row in np.flatnonzero(pieces > 1).tolist():
        yield _rows("G005", layer, [row], explain, count=int(pieces[row]))


def _malformed(layer: Layer, explain: Explainer) -> Iterator[Finding]:
    """Find codes that do not stand under their parent's, where both are numbers."""
    for row, (code, parent) in enumerate(zip(layer.codes, layer.parent, strict=True)):
        numbers = code.isdigit() and parent.isdigit()
        if numbers and not code.startswith(parent) and layer.shapes[row] is not None:
            fault = f"does not stand under its village's code, {parent}"
            fault_zh = f"不在所属村（社区）编码 {parent} 之下"
            yield _rows("G006", layer, [row], explain, fault=fault, fault_zh=fault_zh)
