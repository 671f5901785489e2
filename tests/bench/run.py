"""`make bench`: ours against a floor or a peer, both sides in one run, doing the same steps.

Each side of a pair runs in a process of its own, the sides by turns, so that the machine's load
falls on both; the best of the rounds counts. Memory is the process' highest resident size while
it worked, above what it held when its input was ready.
"""

import argparse
import ctypes
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench import page, sides  # noqa: E402 - found once the root is on the path


@dataclass(frozen=True)
class Pair:
    """One comparison: what both sides work on, the least that the ratio should be, the rounds."""

    name: str
    what: str
    ours: tuple[str, Callable[[], Callable[[], object]]]
    peer: tuple[str, Callable[[], Callable[[], object]]]
    aim: float
    rounds: int = 3


PAIRS = (
    Pair(
        "certificate",
        "a clean coverage, 3,800 polygons of 1,200 vertices, and its parent: is it one?",
        ("is_valid + certificate against the parent", sides.certificate),
        ("is_valid + coverage_is_valid (shapely; knows no parent)", sides.coverage_is_valid),
        aim=1.2,
        rounds=5,
    ),
    Pair(
        "check, clean",
        "the same coverage: every gap and overlap",
        ("check_coverage: all rules, parent, findings worded", sides.check_clean),
        ("geoplanar: overlaps + gaps (pairs and holes)", sides.geoplanar_clean),
        aim=1 / 20,
        rounds=1,
    ),
    Pair(
        "check, 200 defects",
        "the same coverage with 100 polygons shrunk by 5 m and 100 grown: every gap and overlap",
        ("check_coverage: all rules, parent, findings worded", sides.check_spoiled),
        ("geoplanar: overlaps + gaps (pairs and holes)", sides.geoplanar_spoiled),
        aim=1 / 20,
        rounds=1,
    ),
    Pair(
        "households",
        "373,000 points in 3,800 polygons of 200 vertices: which grid has each?",
        ("locate, by the border rule", sides.locating),
        ("geopandas sjoin, intersects, first match kept", sides.sjoin),
        aim=1.2,
    ),
)


def measure(side: Callable[[], Callable[[], object]]) -> dict[str, float]:
    """Make a side's input, then time its work; seconds and MiB."""
    work = side()
    # What making the input has freed goes back to the system, or it would hide what work takes.
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    before = _resident("VmRSS")
    # Linux: forget the highest resident size so far, which making the input has set.
    Path("/proc/self/clear_refs").write_text("5")
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "mib": max(0.0, _resident("VmHWM") - before)}


def _resident(key: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def in_a_process(side: Callable[..., object]) -> dict[str, float]:
    """Measure one side in a process of its own."""
    command = [sys.executable, __file__, "--side", side.__name__]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(pair: Pair) -> dict[str, object]:
    """Run both sides by turns and keep the best round of each."""
    results: dict[str, list[dict[str, float]]] = {"ours": [], "peer": []}
    for _ in range(pair.rounds):
        for key, (_, side) in (("ours", pair.ours), ("peer", pair.peer)):
            results[key].append(in_a_process(side))
    best = {key: min(runs, key=lambda run: run["seconds"]) for key, runs in results.items()}
    ratio = best["ours"]["seconds"] / best["peer"]["seconds"]
    return {"name": pair.name, "what": pair.what, "rounds": pair.rounds, **best, "ratio": ratio,
            "aim": pair.aim}  # fmt: skip


def show(pair: Pair, result: dict[str, object], console: Console) -> None:
    """Print one comparison."""
    table = Table(title=f"{pair.name}: {pair.what}", title_justify="left", expand=False)
    for column in ("side", "s", "MiB"):
        table.add_column(column, justify="left" if column == "side" else "right")
    for key, (words, _) in (("ours", pair.ours), ("peer", pair.peer)):
        run = result[key]
        assert isinstance(run, dict)
        table.add_row(words, f"{run['seconds']:.2f}", f"{run['mib']:,.0f}")
    console.print(table)
    console.print(f"  ratio {result['ratio']:.3f}, aim ≤ {pair.aim:.3g}, best of {pair.rounds}\n")


def main() -> None:
    """Run what was asked for, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [pair.name.split(",")[0] for pair in PAIRS] + ["page"]
    parser.add_argument("--only", choices=sorted(set(names)), help="one of the benchmarks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        sys.stdout.write(json.dumps(measure(getattr(sides, options.side))) + "\n")
        return
    console, results = Console(width=110), []
    for pair in PAIRS:
        if options.only in (None, pair.name.split(",")[0]):
            result = compare(pair)
            results.append(result)
            show(pair, result, console)
    if options.only in (None, "page"):
        results.extend(page.measure(console))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
