"""Queries for unlocated households, each within a reader's area."""

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import ARRAY, Double, Row, Select, Text, func, literal, select, update
from sqlalchemy.orm import Session

from layers.tables import SRID, area, household, reference_feature
from layers.tiles import Scope
from layers.vector import own_households

AnyRow = Row[*tuple[Any, ...]]
Point = tuple[float, float]


def _bbox(geom: Any) -> list[Any]:  # noqa: ANN401 - a geometry expression
    return [func.ST_XMin(geom), func.ST_YMin(geom), func.ST_XMax(geom), func.ST_YMax(geom)]


def count_by_village(session: Session, scope: Scope) -> Sequence[AnyRow]:
    """Return villages with unlocated households: names, how many, and the box; the most first."""
    held = (
        select(household.c.area_code, func.count().label("n"))
        .where(household.c.geom.is_(None), own_households(scope))
        .group_by(household.c.area_code)
        .subquery()
    )
    town = area.alias("town")
    return session.execute(
        select(
            area.c.code, area.c.name, area.c.name_en, area.c.level,
            town.c.name.label("town_name"), town.c.name_en.label("town_name_en"), held.c.n,
            *(each.label(side) for each, side in zip(_bbox(area.c.geom),
              ("west", "south", "east", "north"), strict=True)),
        )
        .select_from(held.join(area, area.c.code == held.c.area_code)
                     .outerjoin(town, town.c.code == area.c.parent_code))
        .order_by(held.c.n.desc(), area.c.code)
    ).all()  # fmt: skip


def list_unlocated(session: Session, scope: Scope, village: str) -> Sequence[AnyRow]:
    """Return a village's unlocated households that the reader may see, by address."""
    return session.execute(
        select(household.c.code, household.c.address, household.c.people, household.c.area_code)
        .where(household.c.area_code == village, household.c.geom.is_(None), own_households(scope))
        .order_by(household.c.address, household.c.code)
    ).all()


def _frame(session: Session, statement: Select[Any]) -> gpd.GeoDataFrame:
    result = session.execute(statement)
    frame = pd.DataFrame.from_records(result.all(), columns=list(result.keys()))
    shapes = shapely.from_wkb(frame.pop("geometry").to_numpy(dtype=object))
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=SRID))


def village_frames(
    session: Session, village: str
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return what addresses are matched with: located households, settlements, the village."""
    wkb, home, spot = func.ST_AsBinary, household.c, reference_feature.c
    located = select(
        home.code, home.address, home.area_code, wkb(home.geom).label("geometry")
    ).where(home.area_code == village, home.geom.is_not(None)).order_by(home.code)  # fmt: skip
    outline = select(area.c.code, wkb(area.c.geom).label("geometry")).where(
        area.c.code == village, area.c.geom.is_not(None)
    )
    here = select(area.c.geom).where(area.c.code == village).scalar_subquery()
    settlements = (
        select(spot.name, wkb(spot.geom).label("geometry"))
        .where(spot.layer == "settlements", spot.name.is_not(None))
        .where(func.ST_Intersects(spot.geom, here))
        .order_by(spot.code)
    )
    return _frame(session, located), _frame(session, settlements), _frame(session, outline)


def find_unlocated(session: Session, scope: Scope, codes: Sequence[str]) -> dict[str, str]:
    """Return code to village of those households that the reader may see and that lack a place."""
    rows = session.execute(
        select(household.c.code, household.c.area_code).where(
            household.c.code.in_(codes), household.c.geom.is_(None), own_households(scope)
        )
    )
    return {row.code: row.area_code for row in rows}


def outside_village(session: Session, places: Mapping[str, tuple[str, Point]]) -> list[str]:
    """Return the households whose place is not in their village; code to village and point."""
    villages = {village for village, _ in places.values()}
    rows = session.execute(
        select(area.c.code, func.ST_AsBinary(area.c.geom)).where(
            area.c.code.in_(villages), area.c.geom.is_not(None)
        )
    )
    shapes = {code: shapely.from_wkb(wkb) for code, wkb in rows}
    return [
        code
        for code, (village, (lon, lat)) in places.items()
        if village in shapes and not shapely.covers(shapes[village], shapely.Point(lon, lat))
    ]


def place(session: Session, places: Mapping[str, Point]) -> int:
    """Write places, EPSG:4326; return how many households got theirs."""
    given = (
        func.unnest(
            literal(list(places), ARRAY(Text)),
            literal([lon for lon, _ in places.values()], ARRAY(Double)),
            literal([lat for _, lat in places.values()], ARRAY(Double)),
        )
        .table_valued("code", "lon", "lat")
        .render_derived(name="given")
    )
    point = func.ST_SetSRID(func.ST_MakePoint(given.c.lon, given.c.lat), SRID)
    done = session.execute(
        update(household)
        .where(household.c.code == given.c.code, household.c.geom.is_(None))
        .values(geom=point)
        .returning(household.c.code)
    )
    return len(done.all())
