"""Visits: which households nobody was at within the period, as a share of each grid's list (V501).

A household counts to the grid on whose list it stands, for that is whose worker is to come; its
place does not matter. Who was where and when is personal: a finding counts, and names nobody.
"""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.findings import Finding
from geo.register import text_of
from geo.rules import Limits
from geo.staffing import GridList


def check_visits(
    grids: gpd.GeoDataFrame,
    households: pd.DataFrame,
    visits: pd.DataFrame,
    today: dt.date,
    limits: Limits,
) -> list[Finding]:
    """Check that every household of a grid was visited within the period (V501).

    Parameters
    ----------
    grids
        ``code`` and polygons, with a CRS; ``name`` and ``area_code`` if there are.
    households
        ``code`` and ``grid_code``.
    visits
        ``household_code`` and ``day``, the day of its last visit. Without any at all nothing is
        judged: the county does not record them.
    today
        The last day of the period.
    limits
        ``visit_days``: the period's length, by area.

    Returns
    -------
    list of Finding
        In order of code; the geometry is the grid's, ``households`` those not visited.
    """
    if not len(visits):
        return []
    last = pd.Series(
        pd.to_datetime(visits["day"]).to_numpy(), index=text_of(visits, "household_code")
    )
    days = pd.Series(text_of(households, "code")).map(last.groupby(level=0).max())
    since = (pd.Timestamp(today) - days).dt.days.to_numpy(dtype=float)
    listed = GridList(grids)
    row = listed.rows(text_of(households, "grid_code"))
    limit = np.array([limits.number("visit_days", code) for code in listed.codes])
    # Never visited is not a number, and no number is within the period.
    late = ~((since >= 0) & (since < limit[row])) & (row >= 0)
    total = np.bincount(row[row >= 0], minlength=len(grids))
    missed = np.bincount(row[late], minlength=len(grids))
    found = []
    for at in listed.first[missed[listed.first] > 0].tolist():
        gaps = {
            "count": f"{missed[at]:,}",
            "total": f"{total[at]:,}",
            "share": f"{missed[at] / total[at]:.0%}",
            "days": f"{limit[at]:g}",
            "day": today.isoformat(),
            "day_zh": f"{today.year}年{today.month}月{today.day}日",
        }
        found.append(listed.finding("V501", at, gaps, households=int(missed[at])))
    return found
