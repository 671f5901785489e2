"""A county with one defect of every class, from a seed, and the truth of all of them.

``python -m tests.unit.spoiled_county SEED FOLDER [SIZE]`` writes it for any checker to be tried
on: ``grids.geojson``, ``within.geojson`` and ``truth.json``. Synthetic data (合成数据).
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from geo.findings import Finding
from tests.unit.blocks import SIDE, Block, Claim, Truth, UnluckyError
from tests.unit.defects import DEFECTS, Stroke
from tests.unit.random_county import Lattice

PLANE = "EPSG:4547"
# Every file says that it is made up.
SHOWN = "合成数据"
# Villages without a defect between those that a shifted one may fall on.
SPARE = 2
INTO_THE_NEXT = ("into the next village", "short of the next village", "misfiled")
# Vertices of a lattice's edge.
VERTICES = 12
# How often a defect is drawn before its size is said not to fit.
TRIES = 200


@dataclass(frozen=True)
class Spoiled:
    """A county: its frames in EPSG:4547, and all that is wrong with it."""

    grids: gpd.GeoDataFrame
    lands: gpd.GeoDataFrame
    truths: list[Truth]


def make(seed: int, size: float | None = None, names: Iterable[str] = DEFECTS) -> Spoiled:
    """Make a county with one village for each class of defect.

    Parameters
    ----------
    seed
        Of everything: shapes, which side, which vertex, how large.
    size
        In metres, for the classes that are made in several sizes; the nearest that each has.
        Without it each draws its own.
    names
        Classes, keys of :data:`tests.unit.defects.DEFECTS`.
    """
    rng = np.random.default_rng(seed)
    chosen = [str(name) for name in rng.permutation([n for n in names if n != "shifted"])]
    chosen += ["shifted"] if "shifted" in names else []
    # Where each class has its village; what reaches into the next one has that to itself.
    column, at = 0, []
    for name in chosen:
        column += SPARE if name == "shifted" else 0
        at.append(column)
        column += 2 if name in INTO_THE_NEXT else 1
    county = _County(rng, column + SPARE)
    truths = []
    for name, number in zip(chosen, at, strict=True):
        stroke, sizes = DEFECTS[name]
        wanted = float(rng.choice(sizes))
        if size is not None:
            wanted = min(sizes, key=lambda known: abs(np.log((known or 1) / size)))
        truths.append(county.spoil(number, stroke, wanted))
    return Spoiled(*county.frames(), truths)


class _County:
    """A row of villages, some of them to be spoiled."""

    def __init__(self, rng: np.random.Generator, wide: int) -> None:
        self.rng, self.lattice = rng, Lattice(rng, wide * SIDE, SIDE, VERTICES)
        self.villages = [f"990101{n // 899 + 101:03}{n % 899 + 101:03}" for n in range(wide)]
        self.blocks = [self.block(number) for number in range(wide)]
        self.lands = [
            shapely.coverage_union_all([row.geometry for row in block.rows.values()])
            for block in self.blocks
        ]

    def block(self, at: int) -> Block:
        before, here = self.villages[at - 1], self.villages[at]
        after = self.villages[(at + 1) % len(self.villages)]
        return Block(self.lattice, SIDE * at, here, after, before, self.rng)

    def spoil(self, at: int, stroke: Stroke, size: float) -> Truth:
        """Do it, and again elsewhere where a border has come to cross itself."""
        for _ in range(TRIES):
            self.blocks[at] = block = self.block(at)
            try:
                truth = stroke(block, size)
            except UnluckyError:
                continue
            meant = any(claim.rule == "G001" for claim in truth.claims)
            rows = [*block.rows.values(), *block.extra]
            if meant != all(row.geometry is None or row.geometry.is_valid for row in rows):
                return truth
        raise AssertionError(f"{stroke.__name__} of {size} m cannot be made here")

    def frames(self) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
        rows = [row for block in self.blocks for row in (*block.rows.values(), *block.extra)]
        columns = {
            name: [getattr(row, name) for row in rows] for name in ("code", "area_code", "coverage")
        }
        grids = gpd.GeoDataFrame(columns, geometry=[row.geometry for row in rows], crs=PLANE)
        return grids, gpd.GeoDataFrame({"code": self.villages}, geometry=self.lands, crs=PLANE)


# -- the comparer ----------------------------------------------------------------------------------


def disagreements(
    findings: Iterable[Finding], truths: Iterable[Truth], tolerance_m: float
) -> list[str]:
    """What is true and not told, and what is told and not true; findings in EPSG:4547."""
    told, wrong = list(findings), []
    spoken = set()
    for truth in truths:
        here = [
            (n, f)
            for n, f in enumerate(told)
            if set(f.grids) <= truth.grids and truth.place.covers(f.geometry)
        ]
        named = set(truth.also)
        for claim in truth.claims:
            rules = _rules(claim, tolerance_m)
            named |= rules
            if "C105" not in rules or rules == {"C105"}:
                wrong += _unmet(claim, truth, [f for _, f in here if f.rule in rules], tolerance_m)
            elif not any(f.rule in rules for _, f in here):
                wrong.append(f"{truth.name} of {truth.size_m:g} m: none of {sorted(rules)}")
        spoken |= {n for n, f in here if f.rule in named}
    wrong += [
        f"{f.rule} of {f.grids} is not so: {f.area_m2:g} m² at {f.point.wkt}"
        for n, f in enumerate(told)
        if n not in spoken
    ]
    return wrong


def _rules(claim: Claim, tolerance_m: float) -> set[str]:
    """The rules that a claim can be told by."""
    if claim.width_m is None or not claim.rule.startswith("C"):
        return set(claim.rule.split("|"))
    if claim.width_m < 0.5 * tolerance_m:
        return {"C105"}
    return {claim.rule} if claim.width_m > 2 * tolerance_m else {claim.rule, "C105"}


def _unmet(claim: Claim, truth: Truth, found: list[Finding], tolerance_m: float) -> Iterable[str]:
    what = f"{truth.name} of {truth.size_m:g} m at {truth.place.centroid.wkt}"
    if not found:
        yield f"{what}: {claim} is not told"
        return
    if all(f.rule == "C105" for f in found):
        if not any(claim.grids & set(f.grids) for f in found):
            yield f"{what}: it is said of {[f.grids for f in found]}, not of {claim.grids}"
        return
    if not any(claim.grids == set(f.grids) for f in found):
        yield f"{what}: it is said of {[f.grids for f in found]}, not of {claim.grids}"
    if claim.depth and claim.depth not in {f.depth for f in found}:
        yield f"{what}: the depth is said to be {[f.depth for f in found]}"
    said = sum(f.area_m2 for f in found)
    slack = 1e-6 * (claim.area_m2 or 0) + 2 * tolerance_m * claim.outline_m + 1e-9
    if claim.area_m2 is not None and abs(said - claim.area_m2) > slack:
        yield f"{what}: {said:g} m² are told of {claim.area_m2:g} (± {slack:g})"


# -- to be tried on other checkers -----------------------------------------------------------------


def write(county: Spoiled, folder: Path) -> None:
    """Write the county and its truth, in lon, lat."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame, name in ((county.grids, "grids"), (county.lands, "within")):
        text = frame.assign(note=SHOWN).to_crs(4326).to_json(ensure_ascii=False)
        (folder / f"{name}.geojson").write_text(text, encoding="utf-8")
    places = gpd.GeoSeries([truth.place for truth in county.truths], crs=PLANE).to_crs(4326)
    truth = [
        {
            "defect": each.name, "size_m": each.size_m, "bbox": place.bounds,
            "grids": sorted(each.grids), "may_also_be_told": sorted(each.also),
            "findings": [
                {"rule": claim.rule, "grids": sorted(claim.grids), "area_m2": claim.area_m2,
                 "mean_width_m": claim.width_m} for claim in each.claims
            ],
        }
        for each, place in zip(county.truths, places, strict=True)
    ]  # fmt: skip
    document = {"note": SHOWN, "defects": truth}
    (folder / "truth.json").write_text(json.dumps(document, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    seed, folder, *rest = sys.argv[1:]
    write(make(int(seed), float(rest[0]) if rest else None), Path(folder))
