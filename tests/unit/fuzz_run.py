"""The fuzzer by hand: ``python -m tests.unit.fuzz_run 0 4000 [FORMAT …]``.

Runs the seeds from the first number up to the second on each format, through both readers, and
prints what went wrong once for each place in the code, with the seed and where the bytes are kept.
"""

import re
import sys
import time
from collections import Counter
from signal import SIGTERM

from tests.unit.fuzz_corpus import Case, corpus
from tests.unit.fuzz_mutations import mutant
from tests.unit.fuzz_pool import Child, Outcome, keep


def place(outcome: Outcome) -> str:
    """Where it went wrong, so that the same fault is told once."""
    lines = re.findall(r'File "([^"]+)", line (\d+)', outcome.trace)
    own = [f"{name.rsplit('/', 1)[-1]}:{line}" for name, line in lines]
    panic = re.findall(r"panicked at ([^\n]+)", outcome.trace)
    head = outcome.said.split(":")[0][:60]
    return f"{outcome.status} {head} {' '.join((*own[-2:], *panic[-1:]))}"


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def read(child: Child, case: Case, reader: str) -> Outcome:
    """Read a case; once more where somebody else has ended the process."""
    outcome = child.run(case, reader)
    return child.run(case, reader) if outcome.said == f"exit status {-SIGTERM}" else outcome


def main(first: int, last: int, names: list[str]) -> int:
    told: Counter[str] = Counter()
    with Child() as child:
        for name in names or list(corpus()):
            counts: Counter[str] = Counter()
            begun, slow, large = time.monotonic(), (0.0, 0), (0, 0)
            for seed in range(first, last):
                case = mutant(name, seed)
                for reader in ("import", "check"):
                    outcome = read(child, case, reader)
                    counts[outcome.status] += 1
                    slow = max(slow, (outcome.seconds, seed))
                    large = max(large, (outcome.mb, seed))
                    if outcome.is_fine:
                        continue
                    where = place(outcome)
                    told[where] += 1
                    if told[where] == 1:
                        folder = keep(case, f"{name}-{seed}")
                        say(f"-- {name} seed {seed} {reader}: {where}\n{outcome.said[:600]}")
                        say(f"{outcome.trace[-1500:]}\nkept in {folder}")
            say(
                f"{name}: {dict(counts)} in {time.monotonic() - begun:.0f} s; slowest "
                f"{slow[0]:.1f} s (seed {slow[1]}), largest {large[0]} MB (seed {large[1]})"
            )
    for where, times in told.most_common():
        say(f"{times} {where}")
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
