"""`make bench`: ours against a floor or a peer, both sides in one run, doing the same steps."""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench import (  # noqa: E402 - found once the root is on the path
    cleaners,
    counties,
    heat,
    imports,
    members,
    memory,
    page,
    rechecks,
    sides,
    tiles,
)
from tests.bench.pairs import Pair, compare, measure_named, show  # noqa: E402

PAIRS = (
    Pair(
        "certificate",
        "a clean coverage, 3,800 polygons of 1,200 vertices, and its parent: is it one?",
        ("is_valid + certificate against the parent", sides.certificate),
        ("is_valid + coverage_is_valid (shapely; knows no parent)", sides.coverage_is_valid),
        aim=0.8,
        rounds=5,
    ),
    Pair(
        "certificate, many",
        "a clean coverage, 40,480 polygons of 200 vertices, and its parent: is it one?",
        ("is_valid + certificate against the parent", sides.certificate_of_many),
        ("is_valid + coverage_is_valid (shapely; knows no parent)", sides.many_are_valid),
        aim=0.8,
        rounds=3,
    ),
    Pair(
        "defects",
        "3,800 polygons of 1,200 vertices with 120 defects of 16 kinds: what is wrong?",
        ("check_coverage: all rules, each finding explained", sides.check_mixed),
        ("is_valid + union_all + difference both ways", sides.union_of_mixed),
        aim=0.4,
    ),
    Pair(
        "defects, many",
        "40,480 polygons of 200 vertices with as many",
        ("check_coverage: all rules, each finding explained", sides.check_mixed_of_many),
        ("is_valid + union_all + difference both ways", sides.union_of_mixed_many),
        aim=0.4,
    ),
    Pair(
        "defects, geoplanar",
        "3,800 polygons of 1,200 vertices with 120 defects",
        ("check_coverage: all rules, each finding explained", sides.check_mixed),
        ("geoplanar: overlaps + gaps (pairs and holes)", sides.geoplanar_mixed),
        aim=1 / 20,
        rounds=1,
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
        aim=0.5,
    ),
)
# What needs more than a pair of functions: a database, a browser.
OTHERS = {
    "recheck": rechecks.measure,
    "imports": imports.measure,
    "page": page.measure,
    "tiles": tiles.measure,
    "heat": heat.measure,
    "members": members.measure,
    "cleaners": cleaners.measure,
}
# What takes many minutes runs only when it is asked for.
LONG = {"memory": memory.measure, "counties": counties.measure}


def main() -> None:
    """Run what was asked for, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = {pair.name.split(",")[0] for pair in PAIRS} | {*OTHERS, *LONG}
    parser.add_argument("--only", choices=sorted(names), help="one of the benchmarks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        sys.stdout.write(json.dumps(measure_named(options.side)) + "\n")
        return
    console, results = Console(width=110), []
    for pair in PAIRS:
        if options.only in (None, pair.name.split(",")[0]):
            result = compare(pair)
            results.append(result)
            show(pair, result, console)
    for name, work in {**OTHERS, **LONG}.items():
        if options.only == name or (options.only is None and name in OTHERS):
            results.extend(work(console))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
