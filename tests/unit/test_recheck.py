"""An edit's re-check says what a check of the whole says: the same findings, ids, bits and summary.

Sequences of random edits, which make defects and cure them; after each one both are compared.
"""

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.coverage import CoverageReport, check_coverage
from geo.findings import Finding
from geo.recheck import Coverage
from tests.unit import random_county
from tests.unit.random_county import SIZES, STROKES, County

FEW, MANY = range(4), range(100, 160)
CRSS = ("EPSG:4547", "EPSG:4326")


def plain(finding: Finding) -> dict[str, object]:
    """All that a finding says; its shapes as bytes."""
    words = {name: getattr(finding, name) for name in Finding.__slots__}
    return words | {name: words[name].wkb for name in ("geometry", "point")}


def assert_same(said: CoverageReport, whole: CoverageReport) -> None:
    ours, theirs = ({f.id: plain(f) for f in r.findings} for r in (said, whole))
    assert [f.id for f in said.findings] == [f.id for f in whole.findings], (
        f"only re-checked: {[ours[i] for i in ours.keys() - theirs.keys()]}; "
        f"only checked whole: {[theirs[i] for i in theirs.keys() - ours.keys()]}"
    )
    assert ours == theirs
    assert said.summary == whole.summary


class Editing:
    """A county that is edited in a plain way beside its re-check."""

    def __init__(self, seed: int, crs: str, *, homes: int = 0) -> None:
        self.county = random_county.clean(seed, villages=2 + seed % 3)
        self.rng, self.crs = np.random.default_rng(seed + 1000), crs
        self.first = dict(self.county.grids)
        grids, self.lands = self.county.frames(crs)
        self.homes = self.county.households(homes, crs) if homes else None
        self.kept = {"households": self.homes}
        self.coverage = Coverage.of(grids, self.lands, **self.kept)
        self.frame = grids

    def rows(self, codes: Iterable[str]) -> gpd.GeoDataFrame:
        listed = list(codes)
        some = County(
            {code: self.county.grids[code] for code in listed},
            self.county.village, self.county.lands, self.rng,
        )  # fmt: skip
        frame = some.frames(self.crs)[0]
        frame["coverage"] = ["overlay" if self.rng.random() < 0.05 else "exclusive" for _ in listed]
        return frame

    def step(self) -> str:
        """Make a defect, cure one, take a grid away, or several of these at once."""
        before = dict(self.county.grids)
        names = [self._stroke() for _ in range(int(self.rng.choice([1, 1, 1, 3])))]
        changed = {c for c, s in self.county.grids.items() if before.get(c) is not s}
        removed = before.keys() - self.county.grids.keys()
        rows = self.rows(sorted(changed))
        if self.rng.random() < 0.1 and len(rows):
            rows.loc[0, "geometry"] = None if self.rng.random() < 0.5 else shapely.Polygon()
        self.coverage = self.coverage.edit(rows, sorted(removed))
        kept = self.frame[~self.frame["code"].isin([*changed, *removed])]
        self.frame = pd.concat([kept, rows], ignore_index=True)
        return f"{names}: {sorted(changed)} changed, {sorted(removed)} removed"

    def _stroke(self) -> str:
        name = str(self.rng.choice([*STROKES, *["cure"] * 6]))
        county = self.county
        if name == "cure":
            for code, shape in self.first.items():
                if self.rng.random() < 0.3:
                    county.grids[code] = shape
            for code in [c for c in county.grids if c not in self.first]:
                if self.rng.random() < 0.3:
                    del county.grids[code]
            return name
        code, size = str(self.rng.choice(sorted(county.grids))), float(self.rng.choice(SIZES))
        made = STROKES[name](county, code, size) or {}
        for new, shape in made.items():
            if shape.geom_type in random_county.POLYGONAL and shape.area > 0.01:
                county.grids[new] = shape
                county.village.setdefault(new, county.village[code])
        return name


def follow(seed: int, crs: str, steps: int, homes: int) -> None:
    editing = Editing(seed, crs, homes=homes)
    for number in range(steps):
        done = editing.step()
        try:
            whole = check_coverage(editing.coverage.grids, editing.lands, **editing.kept)
            assert_same(editing.coverage.report, whole)
            # And it is a check of what was edited, in whatever order its rows are.
            plainly = check_coverage(editing.frame, editing.lands, **editing.kept)
            ours, theirs = ({f.id: f for f in r.findings} for r in (whole, plainly))
            other = [plain(ours.get(i) or theirs[i]) for i in ours.keys() ^ theirs.keys()]
            assert other == []
        except AssertionError as error:
            raise AssertionError(f"after edit {number}, {done}: {error}") from error


@pytest.mark.parametrize("crs", CRSS)
@pytest.mark.parametrize("seed", FEW)
def test_edits_are_followed(seed: int, crs: str) -> None:
    follow(seed, crs, steps=6, homes=0)


@pytest.mark.parametrize("crs", CRSS)
@pytest.mark.parametrize("seed", FEW[:2])
def test_edits_are_followed_with_households(seed: int, crs: str) -> None:
    follow(seed, crs, steps=4, homes=400)


@pytest.mark.slow
@pytest.mark.parametrize("crs", CRSS)
@pytest.mark.parametrize("homes", [0, 500])
@pytest.mark.parametrize("seed", MANY)
def test_many_edits_are_followed(seed: int, homes: int, crs: str) -> None:
    follow(seed, crs, steps=20, homes=homes)
