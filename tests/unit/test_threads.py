"""What is done in threads is done as by one."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.certificate import open_segments
from geo.threads import LEAST, at_once, by_element, together
from tests.bench.coverages import winding


@given(st.integers(0, 4 * LEAST), st.integers(0, 100))
def test_each_element_has_its_own_result_in_its_own_place(count: int, seed: int) -> None:
    values = np.random.default_rng(seed).random((2, count))
    expected = shapely.distance(shapely.points(values[0], 0), shapely.points(0, values[1]))
    got = by_element(shapely.distance, shapely.points(values[0], 0), shapely.points(0, values[1]))
    assert np.array_equal(got, expected)


def test_results_come_in_the_order_of_the_work() -> None:
    assert together(lambda: 1, lambda: "two", lambda: None) == [1, "two", None]


@pytest.mark.parametrize("parts", [[0], [1, 0, 2]])
def test_an_error_is_raised(parts: list[int]) -> None:
    with pytest.raises(ZeroDivisionError):
        at_once(lambda part: 1 / part, parts)


# -- a coverage of several blocks, whose borders cross from one into the next ---------------------


@pytest.fixture(scope="module")
def blocks() -> tuple[np.ndarray, np.ndarray]:
    made = winding(12, 10, 2400)
    shapes = np.array(made.grids.geometry.array, dtype=object)
    assert shapely.get_num_coordinates(shapes).sum() > 4 * 65536
    return shapes, np.array(made.parent.geometry.array, dtype=object)


def test_blocks_cancel_against_each_other(blocks: tuple[np.ndarray, np.ndarray]) -> None:
    shapes, parents = blocks
    assert not len(open_segments(shapes, np.zeros(len(shapes), dtype=int), parents))


@pytest.mark.parametrize("seed", range(5))
def test_what_one_moved_vertex_leaves_is_the_four_segments_at_it(
    seed: int, blocks: tuple[np.ndarray, np.ndarray]
) -> None:
    shapes, parents = blocks[0].copy(), blocks[1]
    random = np.random.default_rng(seed)
    row = int(random.integers(len(shapes)))
    points = shapely.get_coordinates(shapes[row])
    vertex = int(random.integers(1, len(points) - 1))
    before = points[vertex].copy()
    points[vertex] += 1e-6
    shapes[row] = shapely.Polygon(points)
    rest = open_segments(shapes, np.zeros(len(shapes), dtype=int), parents)
    around = points[[vertex - 1, vertex + 1]]
    expected = {
        frozenset((tuple(end), tuple(middle)))
        for end in around
        for middle in (before, points[vertex])
    }
    assert {frozenset((tuple(ends[:2]), tuple(ends[2:]))) for ends in rest.ends} == expected
    assert np.isin(row, rest.owner)
