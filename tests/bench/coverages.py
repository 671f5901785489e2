"""Coverages to measure on: an exact one of winding arcs, and the same one spoiled."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

CRS = "EPSG:4547"
SIDE_M = 600.0
ORIGIN = (450_000.0, 3_700_000.0)
# How far a border winds to either side of the straight line, as a share of a cell's side.
WIND = 0.08


@dataclass(frozen=True)
class Coverage:
    """Polygons of one parent, in metres."""

    grids: gpd.GeoDataFrame
    parent: gpd.GeoDataFrame


def _arc(start: np.ndarray, end: np.ndarray, pieces: int, rng: np.random.Generator) -> np.ndarray:
    """Wind from one corner to the next; both ends are kept bit for bit."""
    along = np.linspace(0, 1, pieces + 1)[1:-1]
    waves = rng.normal(0, 1, 12) / np.arange(1, 13)
    away = sum(w * np.sin((k + 1) * np.pi * along) for k, w in enumerate(waves))
    # Calm near the corners, so that no two arcs of one cell meet before theirs.
    away = WIND * away * 4 * along * (1 - along) / max(1.0, float(np.abs(away).max()))
    step = end - start
    normal = np.array([-step[1], step[0]])
    inner = start + along[:, None] * step + away[:, None] * normal
    return np.vstack((start[None], inner, end[None]))


def winding(columns: int, rows: int, vertices: int, seed: int = 1) -> Coverage:
    """Make an exact coverage: ``columns × rows`` cells of ``vertices`` vertices, arcs shared.

    Each inner border is made once and walked by both neighbours, so that they agree in every bit.
    """
    rng = np.random.default_rng(seed)
    pieces = vertices // 4
    across, up = np.meshgrid(np.arange(columns + 1), np.arange(rows + 1))
    corners = np.dstack((across, up)) * SIDE_M + ORIGIN
    corners += rng.uniform(-0.05, 0.05, corners.shape) * SIDE_M
    flat = {(r, c): _arc(corners[r, c], corners[r, c + 1], pieces, rng)
            for r in range(rows + 1) for c in range(columns)}  # fmt: skip
    steep = {(r, c): _arc(corners[r, c], corners[r + 1, c], pieces, rng)
             for r in range(rows) for c in range(columns + 1)}  # fmt: skip
    rings = [
        np.vstack((flat[r, c][:-1], steep[r, c + 1][:-1], flat[r + 1, c][:0:-1],
                   steep[r, c][::-1]))
        for r in range(rows) for c in range(columns)
    ]  # fmt: skip
    shell = np.vstack(
        [flat[0, c][:-1] for c in range(columns)]
        + [steep[r, columns][:-1] for r in range(rows)]
        + [flat[rows, c][:0:-1] for c in reversed(range(columns))]
        + [steep[r, 0][:0:-1] for r in reversed(range(rows))]
    )
    polygons = [shapely.Polygon(ring) for ring in rings]
    codes = [f"990101001001{number:05d}" for number in range(len(polygons))]
    grids = gpd.GeoDataFrame(
        {"code": codes, "area_code": "990101001001"}, geometry=polygons, crs=CRS
    )
    parent = gpd.GeoDataFrame(
        {"code": ["990101001001"]}, geometry=[shapely.Polygon(shell)], crs=CRS
    )
    return Coverage(grids, parent)


def spoiled(coverage: Coverage, defects: int, seed: int = 2) -> Coverage:
    """Return a copy with gaps and overlaps: some polygons shrunk, as many grown."""
    rng = np.random.default_rng(seed)
    shapes = np.asarray(coverage.grids.geometry.array, dtype=object).copy()
    chosen = rng.choice(len(shapes), defects, replace=False)
    reach = np.where(np.arange(defects) % 2 == 0, -5.0, 5.0)
    shapes[chosen] = shapely.make_valid(shapely.buffer(shapes[chosen], reach, quad_segs=2))
    return Coverage(coverage.grids.set_geometry(shapes, crs=CRS), coverage.parent)
