"""`wangge repair` beside the field's cleaners: one spoiled coverage, one yardstick for all.

Each is a command line, start-up and files included, which reads a GeoPackage and writes another.
Those of Python come with the project's environment. The others are found where they are installed,
and a row says so where they are not; nothing of the project needs them:

- mapshaper: ``npm install --prefix FOLDER mapshaper`` outside the repository, and
  ``MAPSHAPER=FOLDER/node_modules/.bin/mapshaper``, or on ``PATH``;
- GRASS: Debian's ``grass-core`` (``grass``);
- QGIS: Debian's ``qgis`` and ``python3-qgis`` (``qgis_process``). Its processing has GRASS's
  cleaner, which is measured by itself, and its topology checker is a window without a command.

The yardstick knows what was spoiled, not what a cleaner or our check says of it: ``lost`` are grids
without land, ``others`` the grids far from every defect whose shape is another one now, ``moved``
how much of their land. ``errors`` are our check's against the parent; ``no grid`` and ``twice`` are
GEOS' word on the ground. ``outline`` is how far the grids' outline is from the parent's.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from rich.console import Console
from rich.table import Table

from geo.coverage import check_coverage
from tests.bench.coverages import CRS, Coverage, winding
from tests.bench.damage import damaged

COLUMNS, ROWS, VERTICES, DEFECTS = 40, 40, 200, 48
# The most that a command may take, and what ``timeout`` ends with after it.
LIMIT_S, TOO_LATE = 300, 124
# In metres. What the cleaners are told is what suits this damage: gaps of up to 40 m across, among
# grids of 600 m; GRASS takes an area, here of a disc as wide.
SNAP, WIDEST, DISC = 0.01, 45.0, 1_600
# Square metres: below it two shapes are the same but for how their coordinates were written.
SAME = 1e-3
# Runs commands one after the other; tells the seconds of all and the largest of their processes.
# A small process of its own, for a child is said to be as large as whoever starts it.
LAUNCHER = """
import json, resource, subprocess, sys, time
steps, start = json.loads(sys.argv[1]), time.perf_counter()
for step in steps:
    done = subprocess.run(step, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        break
seconds = time.perf_counter() - start
said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
print(json.dumps({
    "seconds": seconds, "code": done.returncode, "said": (said or ["it wrote nothing"])[-1],
    "mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
}))
"""
GEOPLANAR = """
import sys, geopandas, geoplanar
grids = geopandas.read_file(sys.argv[1])
geoplanar.fill_gaps(geoplanar.trim_overlaps(grids)).to_file(sys.argv[2])
"""
GEOS = """
import sys, geopandas, shapely
grids = geopandas.read_file(sys.argv[1])
shapes = shapely.coverage_clean(shapely.make_valid(grids.geometry.array), gap_width=WIDEST)
grids.set_geometry(shapes, crs=grids.crs).to_file(sys.argv[2])
""".replace("WIDEST", str(WIDEST))
GRASS = (
    f"v.in.ogr --q input={{grids}} output=drawn snap={SNAP} && "
    f"v.clean --q input=drawn output=clean tool=snap,break,rmdupl,rmdangle,rmarea "
    f"threshold={SNAP},0,0,0,{DISC} && "
    "v.out.ogr --q input=clean output={out} type=area format=GPKG"
)
OURS = str(Path(sys.executable).with_name("wangge"))


@dataclass(frozen=True)
class Cleaner:
    """A command line that cleans a coverage: ``told`` is what it was told, in few words.

    In ``steps``, {program}, {grids}, {parent}, {between} and {out} stand for the program and files.
    """

    name: str
    told: str
    programs: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]
    cleans: bool = True
    # Ours ends with 1 where it leaves errors, which it has written all the same.
    ends: tuple[int, ...] = (0,)

    def find(self) -> str | None:
        """Return where the program is: where a variable of its name says, or on the path."""
        named = (os.environ.get(program.upper(), program) for program in self.programs)
        return next(filter(None, map(shutil.which, named)), None)


CLEANERS = (
    Cleaner("wangge repair", "--within PARENT", (OURS,),
            (("{program}", "repair", "{grids}", "--within", "{parent}", "-o", "{out}"),),
            ends=(0, 1)),
    Cleaner("wangge check", "--within PARENT: says what is wrong, and changes nothing", (OURS,),
            (("{program}", "check", "{grids}", "--within", "{parent}", "-o", "{folder}/said.json"),
             ), cleans=False, ends=(0, 1)),
    Cleaner("mapshaper", "-clean", ("mapshaper",),
            (("{program}", "{grids}", "-clean", "-o", "{out}"),)),
    Cleaner("mapshaper, told", f"-clean gap-width={WIDEST:g} close-outer-gaps allow-empty",
            ("mapshaper",), (("{program}", "{grids}", "-clean", f"gap-width={WIDEST:g}",
                           "close-outer-gaps", "allow-empty", "-o", "{out}"),)),
    Cleaner("GRASS", f"v.in.ogr snap={SNAP}, v.clean snap,break,rmdupl,rmdangle,rmarea={DISC:,} m²",
            ("grass",), (("{program}", "--tmp-location", "{grids}", "--exec", "sh", "-c", GRASS),)),
    Cleaner("QGIS", "native:fixgeometries, native:snapgeometries 1 m to itself",
            # Debian's qgis_process gives its program an option that this does not know.
            ("qgis_process.bin", "qgis_process"),
            (("{program}", "run", "native:fixgeometries", "--", "INPUT={grids}",
              "OUTPUT={between}"),
             ("{program}", "run", "native:snapgeometries", "--", "INPUT={between}",
              "REFERENCE_LAYER={between}", "TOLERANCE=1", "BEHAVIOR=7", "OUTPUT={out}"))),
    Cleaner("geoplanar", "trim_overlaps, fill_gaps", (sys.executable,),
            (("{program}", "-c", GEOPLANAR, "{grids}", "{out}"),)),
    Cleaner("GEOS", f"make_valid, coverage_clean gap_width={WIDEST:g}", (sys.executable,),
            (("{program}", "-c", GEOS, "{grids}", "{out}"),)),
)  # fmt: skip


# -- the yardstick -------------------------------------------------------------------------------


def _shapes(frame: gpd.GeoDataFrame) -> np.ndarray:
    return np.asarray(frame.geometry.array, dtype=object)


def far(clean: Coverage, spoiled: Coverage) -> np.ndarray:
    """Return the codes of grids that no defect touches: they and all about them are as drawn."""
    before, after = (shapely.to_wkb(_shapes(frame)) for frame in (clean.grids, spoiled.grids))
    found, counts = np.unique(after, return_counts=True)
    hurt = ~np.isin(after, before) | np.isin(after, found[counts > 1])
    gone = ~np.isin(before, after)
    places = np.concatenate((_shapes(spoiled.grids)[hurt], _shapes(clean.grids)[gone]))
    near, _ = shapely.STRtree(places).query(_shapes(spoiled.grids), predicate="intersects")
    return np.delete(spoiled.grids["code"].to_numpy(), np.unique(near))


def cleaned(path: Path) -> gpd.GeoDataFrame:
    """Read what a cleaner wrote, a row a grid that has land: GRASS writes a row for each part."""
    frame = gpd.read_file(path).set_crs(CRS, allow_override=True)
    frame = frame[frame["code"].notna() & ~frame.geometry.isna() & ~frame.geometry.is_empty]
    if frame["code"].duplicated().any():
        frame = frame.set_geometry(shapely.make_valid(_shapes(frame)), crs=CRS)
        frame = frame.dissolve("code", as_index=False)
    return frame[["code", "area_code", "geometry"]]


def judged(grids: gpd.GeoDataFrame, spoiled: Coverage, kept: np.ndarray) -> dict[str, float]:
    """Measure a coverage against what was spoiled; ``kept`` are the codes that had no reason."""
    now = grids.set_index("code").geometry
    was = spoiled.grids.set_index("code").geometry
    both = [code for code in kept if code in now.index]
    shapes = shapely.make_valid(np.asarray(now.array, dtype=object))
    parent, land = _shapes(spoiled.parent)[0], shapely.union_all(shapes)
    before, after = (np.asarray(frame[both].array, dtype=object) for frame in (was, now))
    moved = shapely.area(shapely.symmetric_difference(before, shapely.make_valid(after)))
    rings = shapely.get_exterior_ring(shapely.get_parts(land)).tolist()
    findings = check_coverage(grids, spoiled.parent).findings
    return {
        "lost": len(was.index.difference(now.index)), "others": int((moved > SAME).sum()),
        "moved": float(moved.sum()),
        "errors": sum(finding.severity == "error" for finding in findings),
        "uncovered": float(parent.difference(land).area),
        "twice": max(0.0, float(shapely.area(shapes).sum() - land.area)),
        "outline": float(shapely.hausdorff_distance(shapely.get_exterior_ring(parent),
                                                    shapely.MultiLineString(rings))),
    }  # fmt: skip


# -- the runs ------------------------------------------------------------------------------------


def run(cleaner: Cleaner, program: str, folder: Path) -> dict[str, object]:
    """Run a cleaner in a folder of its own files, not for longer than the limit."""
    names = {name: str(folder / f"{name}.gpkg") for name in ("grids", "parent", "between", "out")}
    words = {"program": program, "folder": str(folder), **names}
    steps = [["timeout", "-k", "5", str(LIMIT_S), *(_filled(word, words) for word in step)]
             for step in cleaner.steps]  # fmt: skip
    # No window, and no settings of whoever runs it.
    settings = {"HOME": str(folder), "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder)}
    command = [sys.executable, "-I", "-S", "-c", LAUNCHER, json.dumps(steps)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=folder,
                          env={**os.environ, **settings})  # fmt: skip
    result: dict[str, object] = json.loads(done.stdout)
    return result


def _filled(word: str, words: dict[str, str]) -> str:
    for name, value in words.items():
        word = word.replace(f"{{{name}}}", value)
    return word


def measure(console: Console) -> list[dict[str, object]]:
    """Spoil a coverage, have each cleaner clean it, and judge what they wrote."""
    clean = winding(COLUMNS, ROWS, VERTICES)
    spoiled = damaged(clean, COLUMNS, DEFECTS)
    kept = far(clean, spoiled)
    results: list[dict[str, object]] = [
        {"name": "as spoiled", "told": f"{DEFECTS} defects of 16 kinds, and a grid that reaches "
         "beyond the parent", **judged(spoiled.grids, spoiled, kept)},
    ]  # fmt: skip
    results += [_measured(cleaner, spoiled, kept) for cleaner in CLEANERS]
    _show(results, len(spoiled.grids), len(kept), console)
    return [{"bench": "cleaners", **result} for result in results]


def _measured(cleaner: Cleaner, spoiled: Coverage, kept: np.ndarray) -> dict[str, object]:
    result: dict[str, object] = {"name": cleaner.name, "told": cleaner.told}
    program = cleaner.find()
    if program is None:
        return {**result, "failed": "not installed"}
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        spoiled.grids.to_file(folder / "grids.gpkg")
        spoiled.parent.to_file(folder / "parent.gpkg")
        result |= run(cleaner, program, folder)
        if result["code"] not in cleaner.ends:
            late = result["code"] == TOO_LATE
            return result | {"failed": f"not done after {LIMIT_S} s" if late else result["said"]}
        if not cleaner.cleans:
            return result
        return result | judged(cleaned(folder / "out.gpkg"), spoiled, kept)


COLUMN_FORMATS = {
    "s": ("seconds", ".1f"), "MiB": ("mib", ",.0f"), "lost": ("lost", ",d"),
    "others": ("others", ",d"), "moved m²": ("moved", ",.1f"), "errors": ("errors", ",d"),
    "no grid m²": ("uncovered", ",.1f"), "twice m²": ("twice", ",.1f"),
    "outline m": ("outline", ".3g"),
}  # fmt: skip


def _show(results: list[dict[str, object]], grids: int, kept: int, console: Console) -> None:
    title = (f"cleaners: {grids:,} grids of {VERTICES} vertices with {DEFECTS} defects, "
             f"{kept:,} of them far from any; once each, start-up and files included")  # fmt: skip
    table = Table(title=title, title_justify="left", padding=0)
    table.add_column("", no_wrap=True)
    for column in COLUMN_FORMATS:
        table.add_column(column, justify="right")
    for result in results:
        values = ((result.get(key), form) for key, form in COLUMN_FORMATS.values())
        cells = ["–" if value is None else format(value, form) for value, form in values]
        table.add_row(str(result["name"]), *cells)
    console.print(table)
    for result in results:
        why = f" [{result['failed']}]" if "failed" in result else ""
        console.print(f"  {result['name']}: {result['told']}{why}", markup=False)
    console.print(f"  load {os.getloadavg()[0]:.1f}\n")
