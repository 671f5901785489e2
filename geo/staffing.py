"""Staffing: in every grid people, 格中有人. Which grids have no worker, no head, no party branch.

One head may answer for several grids, with an appointment for each; so may a worker.
"""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.findings import RULES, Finding, finding_id
from geo.measure import inner_point
from geo.phrases import Wording, in_english
from geo.register import names_of, text_of

# rule: (role that satisfies it, English, Chinese, fix, fix in Chinese)
ROLES: dict[str, tuple[str, str, str, str, str]] = {
    "S301": (
        "grid_worker",
        "{name} has no grid worker.",
        "{name}没有网格员。",
        "Appoint a worker, or let a neighbour's answer for it.",
        "选派网格员，或由邻格网格员兼管。",
    ),
    "S302": (
        "grid_head",
        "{name} has no grid head.",
        "{name}没有网格长。",
        "Appoint a head; one head can answer for several grids.",
        "明确网格长，一人可兼任几个网格。",
    ),
    "S303": (
        "branch_secretary",
        "{name} has no party branch.",
        "{name}没有党组织。",
        "Found a branch, or join the grid to a neighbouring one.",
        "设立党组织，或与邻近网格联合组建。",
    ),
}


def check_staffing(
    grids: gpd.GeoDataFrame,
    appointments: pd.DataFrame,
    branches: pd.DataFrame | None = None,
) -> list[Finding]:
    """Check that each grid has a worker (S301), a head (S302) and a party branch (S303).

    Parameters
    ----------
    grids
        ``code`` and polygons, with a CRS; ``name`` and ``area_code`` if there are. Overlay grids
        need people as others do. Of rows that share a code the first is reported.
    appointments
        ``role`` and ``grid_code`` (null: of no grid): those in force on the day that is asked
        about.
    branches
        ``grid_code``. Without it a branch is known by its secretary's appointment to a grid; if
        no such appointment stands in the list either, S303 is not judged.

    Returns
    -------
    list of Finding
        In order of rule and code; the geometry is the grid's, measures are 0. A grid without a
        polygon is shown in the middle of the layer.
    """
    role, where = text_of(appointments, "role"), text_of(appointments, "grid_code")
    findings: list[Finding] = []
    for rule, (needed, *_) in ROLES.items():
        staffed = set(where[(role == needed) & (where != "")])
        if rule == "S303":
            staffed |= set(text_of(branches, "grid_code")) if branches is not None else set()
            if branches is None and not staffed:
                continue
        findings += _without(rule, grids, staffed)
    return findings


def _without(rule: str, grids: gpd.GeoDataFrame, staffed: set[str]) -> Iterator[Finding]:
    codes = text_of(grids, "code")
    names = names_of(grids, codes)
    areas = text_of(grids, "area_code")
    shapes = np.asarray(grids.geometry.array, dtype=object)
    nowhere = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    _, first = np.unique(codes.astype(str), return_index=True)
    for row in first.tolist():
        if codes[row] in staffed:
            continue
        shape = shapes[row]
        if nowhere[row]:
            shape = shapely.box(*shapely.total_bounds(shapes)).centroid
        yield Finding(
            id=finding_id(rule, codes[row]),
            rule=rule,
            severity=RULES[rule].severity,
            grids=(codes[row],),
            area=areas[row] or None,
            geometry=shape,
            point=inner_point(shape),
            **_words(rule, names[row]),
        )


def _words(rule: str, name: str) -> Wording:
    _, message, message_zh, fix, fix_zh = ROLES[rule]
    return {
        "message": message.format(name=in_english(name)),
        "message_zh": message_zh.format(name=name),
        "fix": fix,
        "fix_zh": fix_zh,
    }
