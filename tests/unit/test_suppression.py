"""No count below k is told, and none can be had back from the totals around it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from geo.suppression import blank_cells

K = 10
FLAT = {"all": None, "a": "all", "b": "all", "c": "all"}


def flat(a: int, b: int, c: int) -> set[str]:
    return blank_cells({"all": a + b + c, "a": a, "b": b, "c": c}, FLAT, K)


def test_large_counts_and_nothing_at_all_are_told() -> None:
    assert flat(10, 0, 99) == set()
    assert flat(0, 0, 0) == set()


def test_one_small_count_takes_the_next_smallest_with_it() -> None:
    assert flat(3, 40, 25) == {"a", "c"}
    assert flat(3, 0, 25) == {"a", "c"}


def test_two_small_counts_must_hold_k_together() -> None:
    assert flat(3, 4, 25) == {"a", "b", "c"}
    assert flat(6, 7, 25) == {"a", "b"}


def test_a_small_total_is_told_of_neither_it_nor_its_parts() -> None:
    assert flat(3, 0, 0) == {"all", "a"}
    assert flat(3, 4, 0) == {"all", "a", "b"}


def test_a_total_that_is_blank_for_its_neighbours_sake_cannot_be_added_up() -> None:
    counts = {"all": 70, "x": 4, "y": 16, "z": 50, "y1": 16, "y2": 0, "x1": 4, "z1": 30, "z2": 20}
    above = {"all": None, "x": "all", "y": "all", "z": "all",
             "x1": "x", "y1": "y", "y2": "y", "z1": "z", "z2": "z"}  # fmt: skip
    assert blank_cells(counts, above, K) == {"x", "y", "x1", "y1"}


@st.composite
def trees(draw: st.DrawFn) -> tuple[dict[str, int], dict[str, str | None]]:
    """A county of towns of villages, with few or many incidents."""
    counts: dict[str, int] = {"r": 0}
    above: dict[str, str | None] = {"r": None}
    for town in range(draw(st.integers(1, 4))):
        key = f"r{town}"
        counts[key], above[key] = 0, "r"
        for village in range(draw(st.integers(1, 4))):
            n = draw(st.one_of(st.just(0), st.integers(0, 12), st.integers(0, 200)))
            counts[f"{key}{village}"], above[f"{key}{village}"] = n, key
            counts[key] += n
        counts["r"] += counts[key]
    return counts, above


@given(tree=trees())
@settings(deadline=None, max_examples=150)
def test_no_small_count_can_be_worked_out(
    tree: tuple[dict[str, int], dict[str, str | None]],
) -> None:
    """An attacker knows every cell that is told, and that parts add up; he solves for the rest."""
    counts, above = tree
    blank = blank_cells(counts, above, K)
    assert all(counts[key] == 0 or counts[key] >= K for key in counts if key not in blank)
    names = sorted(blank)
    place = {key: i for i, key in enumerate(names)}
    rows, right = [], []
    for total in {key for key in above.values() if key is not None}:
        row, rest = np.zeros(len(names)), 0
        for key in [key for key in counts if above[key] == total]:
            if key in place:
                row[place[key]] += 1
            else:
                rest -= counts[key]
        if total in place:
            row[place[total]] -= 1
        else:
            rest += counts[total]
        if row.any():
            rows.append(row)
            right.append(rest)
    for key in names:
        if counts[key] >= K:
            continue
        goal = np.zeros(len(names))
        goal[place[key]] = 1
        # Nothing is blank that is 0, and he knows that too.
        ends = [
            linprog(sign * goal, A_eq=rows or None, b_eq=right or None, bounds=(1, 10_000)).fun
            for sign in (1, -1)
        ]
        assert ends[0] is not None
        assert ends[1] is not None
        assert -ends[1] - ends[0] > 0.5, (key, counts, blank)


@pytest.mark.parametrize("k", [1, 4, 5, 10])
def test_k_decides(k: int) -> None:
    blank = blank_cells({"all": 104, "a": 4, "b": 100}, {"all": None, "a": "all", "b": "all"}, k)
    assert blank == (set() if k <= 4 else {"a", "b"})
