"""Two sides of a comparison, each in a process of its own, by turns: seconds, memory, their ratio.

The machine's load falls on both sides, and the best of the rounds counts. Memory is the process'
highest resident size while it worked, above what it held when its input was ready.
"""

import ctypes
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
RUN = Path(__file__).with_name("run.py")

Work = Callable[[], object]
Side = Callable[[], Work]


@dataclass(frozen=True)
class Pair:
    """One comparison: what both sides work on, the most that the ratio should be, the rounds.

    Without an ``aim`` the ratio is told and not judged.
    """

    name: str
    what: str
    ours: tuple[str, Side]
    peer: tuple[str, Side]
    aim: float | None
    rounds: int = 3


def measure(side: Side) -> dict[str, float]:
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


def in_a_process(side: Side, environment: Mapping[str, str] | None = None) -> dict[str, float]:
    """Measure one side in a process of its own."""
    command = [sys.executable, str(RUN), "--side", f"{side.__module__}:{side.__name__}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT,
                          env={**os.environ, **(environment or {})})  # fmt: skip
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure_named(words: str) -> dict[str, float]:
    """Measure a side by its name, as :func:`in_a_process` calls it."""
    module, _, name = words.partition(":")
    return measure(getattr(importlib.import_module(module), name))


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
    aim = "no aim" if pair.aim is None else f"aim ≤ {pair.aim:.3g}"
    console.print(f"  ratio {result['ratio']:.3f}, {aim}, best of {pair.rounds}\n")
