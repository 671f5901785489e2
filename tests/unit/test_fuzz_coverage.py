"""Shapes made to harm: the check ends in time, in little memory, and says what can be written.

Each is read and checked in a process of its own that may take a gigabyte and half a minute; see
:mod:`tests.unit.fuzz_child`.
"""

from collections.abc import Iterator

import pytest

from tests.unit import fuzz_shapes
from tests.unit.fuzz_pool import Child, keep

SEEDS, MANY = range(16), range(1000, 2500)
# Of a county of nine grids and whatever is laid over it, in the test itself.
MOST_MB, MOST_S = 600, 20.0


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with Child() as own:
        yield own


def wrong(child: Child, name: str, seeds: range) -> dict[int, str]:
    """What went wrong, by seed; the bytes of each are kept."""
    out = {}
    for seed in seeds:
        case = getattr(fuzz_shapes, name)(seed)
        outcome = child.run(case, "weigh")
        if not outcome.is_fine or outcome.mb > MOST_MB or outcome.seconds > MOST_S:
            kept = keep(case, f"{name}-{seed}")
            out[seed] = f"{outcome.said} {outcome.mb} MB {outcome.seconds} s\n{outcome.trace}{kept}"
    return out


@pytest.mark.parametrize("name", ["wkb", "geojson"])
def test_the_check_withstands(child: Child, name: str) -> None:
    assert wrong(child, name, SEEDS) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wkb", "geojson"])
def test_the_check_withstands_much_more(child: Child, name: str) -> None:
    assert wrong(child, name, MANY) == {}
