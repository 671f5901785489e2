"""Repair: what a valid coverage would be, as near as can be to the grids that there are.

For each fault that the check finds (:mod:`geo.coverage`):

- a **gap** (C101, C102) goes to the neighbour with the longest border with it, or is shared out
  along the middle line (:mod:`geo.repair_fill`);
- of an **overlap** (C103, C106) one grid keeps the land (:mod:`geo.repair_rules`);
- what reaches **outside** the parent (C104) is cut off, and inside of another's goes to its grids;
- borders that **do not match** (C105) get the same vertices on both sides, and near-misses are
  welded (:mod:`geo.repair_noding`);
- an **invalid outline** (G001) is replaced by the copy that the check used.

Parents and locked grids stay as they are. No grid is emptied, nor loses most of its land by a
rule. A grid that no fault touches keeps its bits. The area of the parent is what the grids add up
to afterwards, but for what is left. What cannot be done safely is left, and it is said why.

How: the damaged neighbourhood is noded once, in floating precision, and cut into faces
(:mod:`geo.repair_ground`); each face gets an owner; the grids concerned are added up from their
own edges and the faces that they got or gave (:mod:`geo.repair_chains`). So neighbours share
their vertices exactly, and nothing is recomputed that is not concerned.

Known limits: a border that ends on a parent's edge, or a locked grid's, where that has no vertex,
stays a mismatch (C105) until it gets one there. A layer that looks shifted (G007) is left alone.
"""

from dataclasses import dataclass

import geopandas as gpd

from geo.coverage import CoverageReport, check_coverage
from geo.repair_mending import WIDEST_WITHOUT_PARENT_M, Mending, Options
from geo.repair_noding import Point
from geo.repair_propose import Proposal, propose
from geo.repair_report import Change, GridChange, Remaining, changes_of, grid_changes, remaining

__all__ = [
    "WIDEST_WITHOUT_PARENT_M", "Change", "GridChange", "Options", "Proposal", "Remaining",
    "Repaired", "propose", "repair",
]  # fmt: skip


@dataclass(frozen=True)
class Repaired:
    """A repaired layer, and all that was done to it.

    ``grids`` has the rows and columns that came, with new shapes where a grid changed. ``left``
    are the findings that a check of it still has, each with the reason. ``needed`` are vertices
    that a fixed border lacks: code of the parent or locked grid, and the place.
    ``households_moved`` have another grid than before; null where no households were given.
    """

    grids: gpd.GeoDataFrame
    changes: list[Change]
    changed: list[GridChange]
    left: list[Remaining]
    needed: list[tuple[str, Point]]
    before: CoverageReport
    after: CoverageReport
    households_moved: int | None = None


def repair(
    grids: gpd.GeoDataFrame,
    parents: gpd.GeoDataFrame | None = None,
    *,
    households: gpd.GeoDataFrame | None = None,
    options: Options | None = None,
) -> Repaired:
    """Repair a coverage.

    Parameters
    ----------
    grids, parents, households
        As :func:`geo.coverage.check_coverage` takes them. Households are not changed; they tell
        how many change their grid.
    options
        How.

    Returns
    -------
    Repaired
        Its ``grids`` are aligned with ``grids``; the same input gives the same result, and a
        second repair changes nothing.

    Raises
    ------
    MissingCrsError, CrsError, ColumnError, EmptyLayerError
        As the check does.
    """
    options = options or Options()
    before = check_coverage(grids, parents, households=households, tolerance_m=options.tolerance_m)
    shifted = {code for found in before.findings if found.rule == "G007" for code in found.grids}
    mending = Mending.of(grids, parents, options, shifted)
    mending.run()
    result = mending.frame(grids)
    after = check_coverage(result, parents, households=households, tolerance_m=options.tolerance_m)
    changes, moved = changes_of(mending, grids, result, households)
    return Repaired(
        result, changes, grid_changes(mending, grids, result), remaining(mending, after),
        mending.needed, before, after, None if households is None else moved,
    )  # fmt: skip
