"""The county's lists, read for a check: who is appointed, units, members, contacts, visits."""

import datetime as dt
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import ColumnElement, Connection, Date, Select, cast, func, select, true

from geo.registers import Registers
from layers.incidents import ZONE
from layers.tables import (
    SRID,
    contact_link,
    household,
    household_unit,
    party_branch,
    party_member,
    reference_feature,
    setting,
    visit,
)


def frame(connection: Connection, statement: Select[*tuple[Any, ...]]) -> pd.DataFrame:
    """Return a statement's rows as a frame."""
    result = connection.execute(statement)
    return pd.DataFrame.from_records(result.all(), columns=list(result.keys()))


def geo_frame(connection: Connection, statement: Select[*tuple[Any, ...]]) -> gpd.GeoDataFrame:
    """Read rows whose column ``geometry`` is WKB: the coordinates come bit for bit."""
    rows = frame(connection, statement)
    shapes = shapely.from_wkb(rows.pop("geometry").to_numpy(dtype=object))
    return gpd.GeoDataFrame(rows, geometry=gpd.GeoSeries(shapes, crs=SRID))


def wkb(column: Any) -> Any:  # noqa: ANN401 - a geometry column, an expression
    """Select a geometry as WKB, named as :func:`geo_frame` wants it."""
    return func.ST_AsBinary(column).label("geometry")


def under(column: ColumnElement[Any], county: str) -> ColumnElement[bool]:
    """Hold a code to begin with a county's; every code does with an empty one."""
    return column.startswith(county, autoescape=True) if county else true()


def read_registers(
    connection: Connection,
    appointments: pd.DataFrame,
    today: dt.date | None = None,
    county: str = "",
) -> Registers:
    """Read the lists that rules go by.

    Parameters
    ----------
    connection
        In the transaction that the county was read in.
    appointments
        Those in force, which were read with it.
    today
        The day to go by; null: the county's reference date if it has one, else the database's day.
    county
        The code of the one that is meant, where the database holds several.
    """
    unit, feature = household_unit.c, reference_feature.c
    units = select(unit.code, unit.grid_code, wkb(unit.geom)).where(under(unit.code, county))
    places = select(feature.code, feature.name, wkb(feature.geom)).where(
        feature.layer == "settlements", feature.name.is_not(None)
    )
    branch = party_branch.c
    branches = frame(
        connection, select(branch.code, branch.grid_code).where(under(branch.area_code, county))
    )
    return Registers(
        appointments=appointments,
        branches=branches if len(branches) else None,
        units=geo_frame(connection, units.order_by(unit.code)),
        members=frame(connection, _members(county)),
        links=frame(connection, _links(county)),
        visits=frame(connection, _visits(county)),
        today=today or _today(connection),
        settlements=geo_frame(connection, places.order_by(feature.code)),
        sizes=True,
        code_digits=_code_digits(connection),
    )


def _members(county: str) -> Select[*tuple[Any, ...]]:
    """Select members with the village of their home, else that of their branch."""
    member = party_member.c
    area = func.coalesce(household.c.area_code, party_branch.c.area_code)
    return (
        select(member.code, member.person_code, member.household_code, area.label("area_code"))
        .select_from(
            party_member.outerjoin(household, household.c.code == member.household_code)
            .outerjoin(party_branch, party_branch.c.code == member.branch_code)
        )
        .where(under(area, county))
        .order_by(member.code)
    )  # fmt: skip


def _links(county: str) -> Select[*tuple[Any, ...]]:
    """Select the contacts of the county's members: who looks after whom, wherever they live."""
    link = contact_link.c
    links = select(link.member_code, link.household_code).order_by(link.code)
    if not county:
        return links
    members = _members(county).subquery()
    return links.where(link.member_code.in_(select(members.c.code)))


def _visits(county: str) -> Select[*tuple[Any, ...]]:
    """Select the day of each household's last visit."""
    day = cast(func.timezone(str(ZONE), func.max(visit.c.visited_at)), Date).label("day")
    visits = select(visit.c.household_code, day).group_by(visit.c.household_code)
    if not county:
        return visits
    homes = select(household.c.code).where(under(household.c.area_code, county))
    return visits.where(visit.c.household_code.in_(homes))


def _code_digits(connection: Connection) -> int | None:
    lengths = connection.scalar(select(setting.c.value).where(setting.c.key == "code_lengths"))
    return int(lengths["grid"]) if isinstance(lengths, dict) and lengths.get("grid") else None


def _today(connection: Connection) -> dt.date:
    stated = connection.scalar(select(setting.c.value).where(setting.c.key == "reference_date"))
    if isinstance(stated, str):
        return dt.date.fromisoformat(stated)
    now = select(cast(func.timezone(str(ZONE), func.now()), Date))
    return connection.execute(now).scalar_one()
