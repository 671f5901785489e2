"""Spoiled files of every format: rows, or a clear refusal, and never anything else.

Each is read in a process of its own that may take a gigabyte, writes only into its own folder and
has no network; see :mod:`tests.unit.fuzz_child`. ``python -m tests.unit.fuzz_run`` tries more.
"""

from collections.abc import Iterator

import pytest

from tests.unit.fuzz_corpus import Case, corpus
from tests.unit.fuzz_mutations import mutant
from tests.unit.fuzz_pool import Child, keep
from tests.unit.fuzz_run import read

SEEDS, MANY = range(8), range(8, 1500)
READERS = ("import", "check")


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with Child() as own:
        yield own


def spoiled(child: Child, name: str, seeds: range) -> dict[str, str]:
    """What went wrong with a format's seeds; the bytes of each are kept."""
    wrong = {}
    for seed in seeds:
        case = mutant(name, seed)
        for reader in READERS:
            outcome = read(child, case, reader)
            if not outcome.is_fine:
                kept = keep(case, f"{name}-{seed}")
                wrong[f"seed {seed}, {reader}"] = f"{outcome.said}\n{outcome.trace}\n{kept}"
    return wrong


@pytest.mark.parametrize("name", corpus())
def test_what_is_whole_is_read(child: Child, name: str) -> None:
    outcomes = [child.run(corpus()[name], reader) for reader in READERS]
    assert all(outcome.is_fine for outcome in outcomes), outcomes
    assert outcomes[0].status == "read"
    assert outcomes[0].rows > 0


@pytest.mark.parametrize("name", corpus())
def test_what_is_spoiled_is_read_or_refused(child: Child, name: str) -> None:
    assert spoiled(child, name, SEEDS) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", corpus())
def test_so_is_much_more(child: Child, name: str) -> None:
    assert spoiled(child, name, MANY) == {}


def test_the_same_seed_spoils_alike() -> None:
    assert mutant("x.csv", 3) == mutant("x.csv", 3)
    assert mutant("x.csv", 3) != mutant("x.csv", 4)


# -- whatever no reader may do is seen -----------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["ask", "eat", "write", "leave", "change", "say", "end", "hang", "tell"]
)
def test_the_fuzzer_sees_what_no_reader_may_do(fault: str) -> None:
    case = Case("x.csv", {"x.csv": b"code\n1\n"}, "people")
    with Child(patience=3.0) as child:
        outcome = child.run(case, fault)
        assert not outcome.is_fine, outcome
        if fault == "leave":  # what it has left is still there, and would be told again
            return
        # And it goes on: the next case is read by a process that is whole.
        assert child.run(corpus()["x.csv"], "import").status == "read"
