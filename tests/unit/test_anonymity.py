"""No group is smaller than k, none is lost, and groups are compact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.anonymity import group_points


@given(
    n=st.integers(0, 300), k=st.integers(1, 20), seed=st.integers(0, 10**6), stacked=st.booleans()
)
def test_every_group_holds_at_least_k(n: int, k: int, seed: int, stacked: bool) -> None:
    points = np.random.default_rng(seed).random((n, 2))
    if stacked:
        points[:] = 0.5
    group = group_points(points, k)
    assert len(group) == n
    if n < k:
        assert (group == -1).all()
        return
    sizes = np.bincount(group)
    assert sizes.min() >= k
    assert sizes.max() < 2 * k
    assert sizes.sum() == n


def test_groups_are_compact() -> None:
    points = np.random.default_rng(1).random((4000, 2))
    group = group_points(points, 10)
    spread = [np.ptp(points[group == g], axis=0).max() for g in range(group.max() + 1)]
    assert np.median(spread) < 3 * np.sqrt(10 / 4000)


@pytest.mark.parametrize("k", [5, 10])
def test_the_same_points_give_the_same_groups(k: int) -> None:
    points = np.random.default_rng(2).random((500, 2))
    assert (group_points(points, k) == group_points(points.copy(), k)).all()
