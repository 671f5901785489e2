"""The check of the county in the database: read, check, store, one at a time."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine, func, insert, select, text, update
from sqlalchemy.orm import Session

from api import audit
from api.coverage.lists import frame, geo_frame, read_registers, under, wkb
from api.db import session_scope
from api.errors import BusyError
from api.rules.store import ruling
from api.worklist.checked import settle
from geo.coverage import CoverageReport, check_coverage
from geo.findings import Finding
from layers.tables import (
    SRID,
    appointment,
    area,
    coverage_check,
    coverage_version,
    finding,
    grid,
    household,
    party_branch,
    person,
)

# The advisory lock that a check holds; any fixed number that is ours.
CHECK_LOCK = 0x6368656B

Frames = tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame, pd.DataFrame]


def read_county(connection: Connection, county: str = "") -> Frames:
    """Read what is checked: grids, villages, households and appointments, EPSG:4326.

    Households come by code, so that the same county gives the same findings. Where the database
    holds several, ``county`` is the code of the one that is meant.
    """
    grids = select(
        grid.c.code, grid.c.name, grid.c.name_en, grid.c.area_code, grid.c.kind, grid.c.coverage,
        wkb(grid.c.geom),
    ).where(under(grid.c.code, county)).order_by(grid.c.code)  # fmt: skip
    villages = select(area.c.code, area.c.name, area.c.name_en, area.c.level, wkb(area.c.geom))
    villages = villages.where(area.c.level == "village", area.c.geom.is_not(None))
    villages = villages.where(under(area.c.code, county)).order_by(area.c.code)
    home = household.c
    households = select(
        home.code, home.grid_code, home.area_code, home.unit_code, home.address,
        (func.cardinality(home.need_tags) > 0).label("needy"), wkb(home.geom),
    ).where(under(home.area_code, county)).order_by(home.code)  # fmt: skip
    held = appointment.c
    branch_area = select(party_branch.c.area_code).where(party_branch.c.code == held.branch_code)
    answers_for = func.coalesce(
        held.grid_code, held.unit_code, held.area_code, branch_area.scalar_subquery()
    )
    people = select(
        held.code, held.person_code, held.role, held.full_time, held.area_code, held.grid_code,
        held.unit_code, held.branch_code, person.c.name,
    ).join(person, person.c.code == held.person_code).where(
        held.ends_on.is_(None), under(answers_for, county)
    ).order_by(held.code)  # fmt: skip
    return (
        geo_frame(connection, grids),
        geo_frame(connection, villages),
        geo_frame(connection, households),
        frame(connection, people),
    )


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """Hold the lock of checks for as long as the block lasts.

    Raises
    ------
    BusyError
        If another check is under way, in whatever process.
    """
    with engine.connect() as connection:
        if not connection.scalar(select(func.pg_try_advisory_lock(CHECK_LOCK))):
            raise BusyError("A check is under way already.", "正在检查中，请稍候。")
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(select(func.pg_advisory_unlock(CHECK_LOCK)))
            connection.commit()


Progress = Callable[[float, str], None]
Finish = Callable[[Connection, int], None]


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that is stored: its number, what it found, and the land that it looked at."""

    number: int
    report: CoverageReport
    grids: gpd.GeoDataFrame
    villages: gpd.GeoDataFrame


def run_check(
    engine: Engine,
    created_by: str,
    progress: Progress = lambda _share, _step: None,
    finish: Finish = lambda _connection, _check: None,
) -> int:
    """Do :func:`check_and_store` and return the check's number alone."""
    return check_and_store(engine, created_by, progress, finish).number


def check_and_store(
    engine: Engine,
    created_by: str,
    progress: Progress = lambda _share, _step: None,
    finish: Finish = lambda _connection, _check: None,
) -> Checked:
    """Check the county in the database and store what is found.

    Parameters
    ----------
    engine
        Of the database to check.
    created_by
        Who asked: an account's name, or ``operator`` on the command line.
    progress
        Told the share done, 0 to 1, and the step; what it raises ends the check.
    finish
        Called with the check's number in the transaction that stores it.

    Raises
    ------
    BusyError
        If another check is under way.
    """
    with _alone(engine) as connection:
        started = dt.datetime.now(dt.UTC)
        progress(0.0, "reading")
        # One snapshot for all reads: an import in between must not tear the county.
        connection.execute(text("set transaction isolation level repeatable read, read only"))
        open_one = coverage_version.c.valid_to.is_(None)
        version = connection.execute(select(coverage_version.c.id).where(open_one)).scalar_one()
        grids, villages, households, people = read_county(connection)
        registers = read_registers(connection, people)
        said = ruling(connection)
        connection.rollback()
        progress(0.3, "checking")
        found = check_coverage(
            grids, villages, households=households, registers=registers,
            tolerance_m=said.limits.number("tolerance_m"),
            rules=said.on, severities=said.severities, limits=said.limits,
        )  # fmt: skip
        progress(0.9, "writing")
        with session_scope(engine) as session:
            check = store_report(session, found, version, started, created_by)
            audit.record(session, created_by, audit.CHECKED, target=f"check {check}")
            finish(session.connection(), check)
    return Checked(check, found, grids, villages)


def store_report(
    session: Session,
    report: CoverageReport,
    version: int,
    started: dt.datetime,
    created_by: str,
) -> int:
    """Write a report into the database, findings in its own order, and return its number.

    Whatever stores a check passes here, and so the worklist is judged by each.
    """
    check: int = session.execute(
        insert(coverage_check)
        .values(
            version_id=version,
            started_at=started,
            finished_at=func.clock_timestamp(),
            summary=report.summary,
            crs=report.metric_crs.to_string(),
            tolerance_m=report.tolerance_m,
            created_by=created_by,
        )
        .returning(coverage_check.c.id)
    ).scalar_one()
    rows = [_row(check, place, each) for place, each in enumerate(report.findings)]
    if rows:
        session.execute(insert(finding), rows)
    _thin_out(session, check)
    settle(session, check, started, report.summary["rules_off"], created_by)
    return check


def _thin_out(session: Session, check: int) -> None:
    """Let the check before keep a point for each shape.

    Every check is kept, to be compared; only the latest is drawn, and the shapes are most of it.
    """
    before = select(func.max(coverage_check.c.id)).where(coverage_check.c.id < check)
    shaped = [finding.c.check_id == before.scalar_subquery(), func.ST_Dimension(finding.c.geom) > 0]
    session.execute(update(finding).where(*shaped).values(geom=finding.c.point))


def _ewkb(shape: BaseGeometry) -> str:
    return shapely.to_wkb(shapely.set_srid(shape, SRID), hex=True, include_srid=True)


def _row(check: int, place: int, each: Finding) -> dict[str, Any]:
    return {
        "check_id": check,
        "id": each.id,
        "rule": each.rule,
        "name": each.name,
        "severity": each.severity,
        "grids": list(each.grids),
        "area_code": each.area,
        "area_m2": each.area_m2,
        "width_m": each.width_m,
        "length_m": each.length_m,
        "depth": each.depth,
        "households": each.households,
        "point": _ewkb(each.point),
        "geom": _ewkb(each.geometry),
        "message": each.message,
        "message_zh": each.message_zh,
        "fix": each.fix,
        "fix_zh": each.fix_zh,
        "position": place,
    }
