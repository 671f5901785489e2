"""The same places, however arranged; and nothing else."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.same import are_same

BOX = shapely.box(0, 0, 4, 3)
HOLED = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(1, 1), (2, 1), (2, 2)]])
LINE = shapely.LineString([(0, 0), (1, 2), (3, 4)])


def same(ours: object, theirs: object, tolerance: float = 0.0) -> bool:
    a, b = np.array([ours, None], dtype=object), np.array([theirs, None], dtype=object)
    found = are_same(a, b, tolerance)
    assert found.dtype == bool
    assert not found[1]
    return bool(found[0])


ARRANGED = [
    (BOX, BOX.reverse()),
    (BOX, shapely.MultiPolygon([BOX])),
    (BOX, shapely.Polygon(np.roll(shapely.get_coordinates(BOX)[:-1], 1, axis=0))),
    (HOLED, HOLED.reverse()),
    (shapely.MultiPolygon([BOX, HOLED]), shapely.MultiPolygon([HOLED, BOX.reverse()])),
    (LINE, shapely.MultiLineString([LINE])),
    (shapely.Point(1, 2), shapely.MultiPoint([(1, 2)])),
]
OTHER = [
    (BOX, shapely.box(0, 0, 4, 4)),
    (HOLED, shapely.Polygon(HOLED.exterior)),
    (HOLED, shapely.MultiPolygon([shapely.Polygon(HOLED.exterior), BOX])),
    (LINE, LINE.reverse()),
    (BOX, BOX.exterior),
    (BOX, shapely.segmentize(BOX, 2)),
    (shapely.Point(1, 2), shapely.Point(1, np.nextafter(2, 3))),
    (BOX, None),
]


@pytest.mark.parametrize(("ours", "theirs"), ARRANGED)
def test_another_arrangement_is_the_same(ours: object, theirs: object) -> None:
    assert same(ours, theirs)
    assert same(theirs, ours)


@pytest.mark.parametrize(("ours", "theirs"), OTHER)
def test_another_shape_is_not(ours: object, theirs: object) -> None:
    assert not same(ours, theirs)
    assert not same(theirs, ours)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([0.4, 3.0]))
def test_a_tolerance_is_a_distance_between_vertices(seed: int, turned: bool, share: float) -> None:
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 12))
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    away = rng.normal(size=ring.shape)
    away *= share * 1e-12 / np.hypot(*away.T)[:, None]
    moved = shapely.Polygon(ring + away)
    assert same(shapely.Polygon(ring), moved.reverse() if turned else moved, 1e-12) == (share < 1)
