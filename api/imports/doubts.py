"""The shift test before an import: shapes that lie elsewhere than they are said to (G007)."""

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Connection, Select, Table, func, literal, select, union_all

from geo.shift import ERRORS, detect_shift
from layers.tables import SRID, area, grid
from layers.transfer.kinds import Kind

# More points than this prove no more.
MOST = 100_000
DATUMS = ("gcj02", "bd09")


def find_shifts(connection: Connection, kind: Kind, incoming: Table) -> list[dict[str, Any]]:
    """Return how staged shapes seem to be shifted against what is in the database.

    Grids, units and networks are compared with the areas that they lie in, areas with their
    parents, points with the grid or village that they are recorded in; points recorded nowhere
    with the county.

    Parameters
    ----------
    connection
        In the transaction that staged the rows.
    kind
        Of the rows.
    incoming
        The staged rows, ``geom`` in EPSG:4326.

    Returns
    -------
    list of dict
        ``kind`` (``gcj02``, …), ``area`` (null: the whole layer), ``distance_m``, ``confidence``,
        ``message``, ``message_zh``, ``fix``, ``fix_zh``; empty where there is no doubt, or nothing
        to compare with.
    """
    if kind.shapes == "points":
        grids, homes = _holders(connection, incoming)
        shifts = detect_shift(grids, None, homes) if len(grids) and len(homes) else []
    else:
        grids, parents = _polygons(connection, kind, incoming)
        shifts = detect_shift(grids, parents) if len(grids) and len(parents) else []
    return [
        {
            "kind": kind_,
            "area": shift.area,
            "distance_m": round(shift.distance_m, 1),
            "confidence": round(shift.confidence, 3),
            "message": ERRORS[kind_].en,
            "message_zh": ERRORS[kind_].zh,
            "fix": ERRORS[kind_].fix,
            "fix_zh": ERRORS[kind_].fix_zh,
        }
        for shift in shifts
        for kind_ in (_of_the_file(kind, shift.kind),)
    ]


def _of_the_file(kind: Kind, found: str) -> str:
    """Name an error of the file: where its points were the evidence, grids and evidence change."""
    prefix = "reference-"
    if kind.shapes != "points" or found.removeprefix(prefix) not in DATUMS:
        return found
    return found.removeprefix(prefix) if found.startswith(prefix) else prefix + found


def _frame(connection: Connection, statement: Select[Any] | Any, *names: str) -> gpd.GeoDataFrame:  # noqa: ANN401 - unions
    rows = connection.execute(statement).all()
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    shapes = shapely.from_wkb(np.array([row[-1] for row in rows], dtype=object))
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=SRID))


def _polygons(
    connection: Connection, kind: Kind, incoming: Table
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    rows = incoming.c
    above = {"areas": "parent_code", "grids": "area_code"}.get(kind.name)
    wkb = func.ST_AsBinary
    drawn = rows.geom.is_not(None)
    if above is None:
        grids = select(rows.code, literal(""), wkb(rows.geom)).where(drawn).limit(MOST)
        county = area.c.level == "county"
        parents = select(literal(""), wkb(area.c.geom)).where(county, area.c.geom.is_not(None))
    else:
        grids = select(rows.code, func.coalesce(rows[above], ""), wkb(rows.geom)).where(drawn)
        named = select(rows[above])
        parents = select(area.c.code, wkb(area.c.geom)).where(
            area.c.code.in_(named), area.c.geom.is_not(None)
        )
        if kind.name == "areas":
            own = select(rows.code, wkb(rows.geom)).where(rows.code.in_(named), drawn)
            held = parents.where(area.c.code.not_in(select(rows.code)))
            parents = select(union_all(held, own).subquery())
    return (
        _frame(connection, grids, "code", "area_code"),
        _frame(connection, parents, "code"),
    )


def _holders(connection: Connection, incoming: Table) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return what the points are recorded in, as grids, and the points with its code."""
    rows = incoming.c
    held = func.coalesce(
        *(rows[name] for name in ("grid_code", "area_code") if name in rows), literal("")
    )
    homes = _points(
        connection,
        select(held.label("held"), rows.geom)
        .where(rows.geom.is_not(None))
        .order_by(func.md5(rows.code))
        .limit(MOST),
    )
    codes = homes["grid_code"].unique().tolist()
    wkb = func.ST_AsBinary
    found = union_all(
        select(grid.c.code, wkb(grid.c.geom)).where(grid.c.code.in_(codes)),
        select(area.c.code, wkb(area.c.geom)).where(
            area.c.code.in_(codes), area.c.geom.is_not(None)
        ),
        select(literal(""), wkb(area.c.geom)).where(
            area.c.level == "county", area.c.geom.is_not(None), literal("" in codes)
        ),
    )
    return _frame(connection, found, "code"), homes


def _points(connection: Connection, statement: Select[Any]) -> gpd.GeoDataFrame:
    """Return points in one piece: a hundred thousand rows take longer than the test."""
    each = statement.subquery("each")
    whole = func.ST_AsBinary(func.ST_Collect(each.c.geom))
    codes, shapes = connection.execute(select(func.array_agg(each.c.held), whole)).one()
    points = shapely.get_parts(shapely.from_wkb(shapes)) if shapes else np.array([], dtype=object)
    return gpd.GeoDataFrame({"grid_code": codes or []}, geometry=gpd.GeoSeries(points, crs=SRID))
