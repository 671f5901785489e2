"""The pyramid keeps who shares land with whom, on clean and on broken coverages."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.generalize import ZOOMS, faces, label_points, pixel_m, pyramid, shape_zoom

SIDE = 2000.0


def winding(
    rng: np.random.Generator, start: np.ndarray, end: np.ndarray, steps: int, amplitude: float
) -> np.ndarray:
    """A border between two corners that bends at random and never meets another border."""
    t = np.linspace(0, 1, steps + 1)[:, None]
    normal = np.array([start[1] - end[1], end[0] - start[0]])
    # Within a narrow cone at either corner, so that borders meet in corners only.
    bend = rng.uniform(-amplitude, amplitude, (steps + 1, 1)) * np.minimum(t, 1 - t)
    return start + t * (end - start) + bend * normal


def county(seed: int, n: int, steps: int = 12, amplitude: float = 0.4) -> np.ndarray:
    """n x n polygons on shared winding borders: an exact coverage, in metres."""
    rng = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(np.arange(n + 1), np.arange(n + 1)), -1) * SIDE
    across = {
        (i, j): winding(rng, corners[i, j], corners[i, j + 1], steps, amplitude)
        for i in range(n + 1)
        for j in range(n)
    }
    up = {
        (i, j): winding(rng, corners[i, j], corners[i + 1, j], steps, amplitude)
        for i in range(n)
        for j in range(n + 1)
    }
    return np.array(
        [
            shapely.Polygon(
                np.vstack(
                    [
                        across[i, j],
                        up[i, j + 1][1:],
                        across[i + 1, j][::-1][1:],
                        up[i, j][::-1][1:],
                    ]
                )
            )
            for i in range(n)
            for j in range(n)
        ]
    )


def villages(grids: np.ndarray, n: int) -> np.ndarray:
    rows = grids.reshape(n, n)
    return np.array([shapely.coverage_union_all(row) for row in rows])


def shares_land(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    return bool(shapely.relate_pattern(one, other, "T********"))


def test_zooms_between_two_levels_take_the_finer() -> None:
    assert [shape_zoom(z) for z in (0, 8, 9, 12)] == [8, 8, 10, 12]
    assert shape_zoom(max(ZOOMS) + 1) is None


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 5), zoom=st.sampled_from(ZOOMS))
def test_a_clean_coverage_stays_one_with_its_villages(seed: int, n: int, zoom: int) -> None:
    grids = county(seed, n)
    towns = villages(grids, n)
    shapes = pyramid([*grids, *towns], [zoom])[zoom]
    small, large = shapes[: n * n], shapes[n * n :]
    assert shapely.coverage_is_valid(small)
    assert shapely.coverage_is_valid(large)
    for row, town in enumerate(large):
        assert shapely.coverage_union_all(small.reshape(n, n)[row]).equals(town)
    assert not shapely.get_num_interior_rings(shapely.coverage_union_all(small)).any()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 4),
    zoom=st.sampled_from(ZOOMS),
    shift=st.tuples(st.floats(-400, 400), st.floats(-400, 400)),
    which=st.integers(0, 15),
)
def test_defects_neither_vanish_nor_arise(
    seed: int, n: int, zoom: int, shift: tuple[float, float], which: int
) -> None:
    grids = county(seed, n)
    towns = villages(grids, n)
    which %= len(grids)
    grids[which] = shapely.transform(grids[which], lambda c: c + np.array(shift))
    before = np.array([*grids, *towns])
    _, owner, face = faces(before)
    after = pyramid(before, [zoom])[zoom]
    assert len(after) == len(before)
    assert shapely.is_valid(after).all()
    assert not shapely.is_empty(after).any()
    owned = [set(face[owner == i]) for i in range(len(before))]
    for i in range(len(before)):
        for j in range(i):
            assert shares_land(after[i], after[j]) == bool(owned[i] & owned[j]), (i, j)


def test_a_missing_grid_stays_a_gap_of_its_village() -> None:
    grids = county(7, 3)
    town = shapely.coverage_union_all(grids)
    shapes = pyramid([*np.delete(grids, 4), town], [8])[8]
    gap = shapely.difference(shapes[-1], shapely.coverage_union_all(shapes[:-1]))
    assert gap.area > 0.3 * grids[4].area


def test_vertices_fall_away_and_borders_move_by_pixels_only() -> None:
    grids = county(3, 4, steps=200, amplitude=0.005)
    before = shapely.get_num_coordinates(grids).sum()
    for zoom, shapes in pyramid(grids).items():
        assert shapely.get_num_coordinates(shapes).sum() < before / 3
        moved = shapely.hausdorff_distance(shapely.boundary(grids), shapely.boundary(shapes))
        assert moved.max() < 3 * pixel_m(zoom)


def test_null_and_empty_stay_what_they_are() -> None:
    shapes = pyramid([None, shapely.Polygon(), *county(1, 2)], [8])[8]
    assert shapes[0] is None
    assert shapes[1].is_empty
    assert len(shapes) == 6
    assert list(pyramid([], [8])[8]) == []
    assert list(pyramid([None], [8])[8]) == [None]


def test_the_faces_tile_what_the_polygons_cover() -> None:
    overlapping = np.array([shapely.box(0, 0, 10, 10), shapely.box(5, 0, 15, 10)])
    cells, owner, _ = faces(overlapping)
    assert sorted(cell.area for cell in cells) == [50, 50, 50]
    assert np.bincount(owner).tolist() == [2, 2]


@pytest.mark.parametrize(
    "polygon",
    [
        shapely.box(0, 0, 10, 4),
        shapely.Polygon([(0, 0), (10, 0), (10, 10), (9, 10), (9, 1), (0, 1)]),
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(20, 0, 30, 10)]),
        shapely.Polygon([(0, 0), (10_000, 0), (10_000, 1e-6)]),
    ],
    ids=["box", "bent", "two parts", "sliver"],
)
def test_a_label_stands_inside(polygon: shapely.Geometry) -> None:
    (point,) = label_points([polygon])
    assert polygon.intersects(point)


def test_the_label_of_two_parts_stands_in_the_larger() -> None:
    larger = shapely.box(20, 0, 30, 10)
    (point,) = label_points([shapely.MultiPolygon([shapely.box(0, 0, 1, 1), larger])])
    assert larger.contains(point)
    assert label_points([None, shapely.Polygon()]).tolist() == [None, None]
