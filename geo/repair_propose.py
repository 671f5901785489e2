"""A proposal for one finding: the grids that would change, as they are and as they would be.

The same repair as that of the whole layer (:mod:`geo.repair`), but of one place: the grids about
it are looked at, and only land and borders of the finding are changed. So a county with
thousands of grids is not read again for each of its findings.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.findings import Finding
from geo.measure import Ruler
from geo.repair_mending import Mending, Options
from geo.repair_noding import Point
from geo.repair_report import OWN_RULES, Change, GridChange, changes_of, grid_changes
from geo.repair_words import BY_RULE, WHY

Rows = NDArray[np.intp]
# Grids so many tolerances from a finding are neighbours of it.
ABOUT = 20.0


@dataclass(frozen=True)
class Proposal:
    """What would be done about a finding.

    ``before`` and ``after`` are the shapes of the grids that would change, by code, in the layer's
    CRS; ``grids`` their areas. ``households_moved`` would have another grid; null where no
    households were given. ``why`` is not empty where something stays: then nothing, or not all,
    can be done.
    """

    changes: list[Change]
    grids: list[GridChange]
    before: dict[str, BaseGeometry]
    after: dict[str, BaseGeometry]
    needed: list[tuple[str, Point]]
    households_moved: int | None = None
    why: str = ""
    why_zh: str = ""


def propose(
    finding: Finding,
    grids: gpd.GeoDataFrame,
    parents: gpd.GeoDataFrame | None = None,
    *,
    households: gpd.GeoDataFrame | None = None,
    options: Options | None = None,
) -> Proposal:
    """Propose a repair of one finding.

    Parameters
    ----------
    finding
        Of a check of these layers.
    grids, parents, households
        As :func:`geo.coverage.check_coverage` takes them; of a database those about the finding
        are enough, if all are there that touch it.
    options
        How.

    Returns
    -------
    Proposal
        Without changes, and with the reason, where nothing can be done.
    """
    if finding.rule not in OWN_RULES:
        return _none(BY_RULE.get(finding.rule, "rule"), households)
    options = options or Options()
    about, lands = _about(finding, grids, parents, options)
    mending = Mending.of(about, lands, options)
    mending.only = finding.geometry
    mending.run()
    mending.cut = {
        row: cut for row, cut in mending.cut.items() if mending.layer.codes[row] in finding.grids
    }
    result = _of_finding(mending, about, finding)
    near = None if households is None else _near(households, finding)
    changes, moved = changes_of(mending, about, result, near)
    changed = grid_changes(mending, about, result)
    before, after = (
        {
            mending.layer.codes[row]: frame.geometry.iloc[row]
            for row in range(len(about))
            if about.geometry.iloc[row] is not result.geometry.iloc[row]
        }
        for frame in (about, result)
    )
    words = WHY[why] if (why := _why(mending, changes)) else ("", "")
    return Proposal(
        changes, changed, before, after, mending.needed, None if near is None else moved, *words
    )


def _none(why: str, households: gpd.GeoDataFrame | None) -> Proposal:
    return Proposal([], [], {}, {}, [], None if households is None else 0, *WHY[why])


def _about(
    finding: Finding,
    grids: gpd.GeoDataFrame,
    parents: gpd.GeoDataFrame | None,
    options: Options,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
    """Return the grids that touch a finding, and the parents of those and of the place."""
    shapes = np.asarray(grids.geometry.values, dtype=object)
    unit = options.tolerance_m / min(Ruler.of(shapes, grids.crs).metres(shapes))
    touching = shapely.dwithin(shapes, finding.geometry, ABOUT * unit)
    about = grids[touching | grids["code"].isin(finding.grids).to_numpy()]
    if parents is None:
        return about, None
    lands = np.asarray(parents.geometry.values, dtype=object)
    kept = shapely.dwithin(lands, finding.geometry, ABOUT * unit)
    if "area_code" in about.columns:
        kept |= parents["code"].isin(about["area_code"]).to_numpy()
    # A single parent takes every grid, whatever the grid says: two of several are needed.
    if kept.sum() < 2 <= len(parents):
        kept[np.flatnonzero(~kept)[0]] = True
    return about, parents[kept]


def _of_finding(mending: Mending, about: gpd.GeoDataFrame, finding: Finding) -> gpd.GeoDataFrame:
    """Return the layer with what changed of this finding: other invalid outlines stay."""
    result = mending.frame(about)
    shapes = np.asarray(about.geometry.values, dtype=object).copy()
    now = np.asarray(result.geometry.values, dtype=object)
    at = {row: place for place, row in enumerate(mending.rows.tolist())}
    for row in range(len(shapes)):
        place = at.get(row)
        mended = place is not None and mending.polygons[place] is not mending.layer.shapes[row]
        named = finding.rule == "G001" and mending.layer.codes[row] in finding.grids
        if mended or named or row in mending.cut:
            shapes[row] = now[row]
    return about.set_geometry(gpd.GeoSeries(shapes, index=about.index, crs=about.crs))


def _near(households: gpd.GeoDataFrame, finding: Finding) -> gpd.GeoDataFrame:
    west, south, east, north = finding.geometry.bounds
    return households.cx[west:east, south:north]


def _why(mending: Mending, changes: list[Change]) -> str:
    """Return the word for why something stays, or nothing."""
    if mending.left:
        return mending.left[0].why
    if mending.needed:
        return "vertex"
    return "" if changes else "unsafe" if mending.unsafe else "gone"
