"""One county checked: what its files or the database hold, by the rules that were asked for."""

from dataclasses import dataclass, field, replace
from datetime import date

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Engine

from api.accepted.store import in_force
from api.commands.files import Data
from api.commands.told import Told
from api.coverage.lists import read_registers
from api.coverage.service import Progress, check_and_store, read_county
from api.coverage.store import has_grids
from api.errors import BusyError
from api.rules.store import ruling
from api.settings import settings
from geo.coverage import CoverageReport, check_coverage
from geo.findings import RULES, Finding
from geo.gate import POLYGONAL
from geo.measure import WGS84, inner_point, reproject
from geo.register import names_of
from geo.registers import Registers
from geo.rules import Ruling
from layers.report import Ground, Outline
from layers.transfer.errors import TransferError


@dataclass(frozen=True)
class Asked:
    """What was asked for: rules and thresholds, a tolerance in metres, accepted findings by id."""

    told: Told = field(default_factory=Told)
    tolerance_m: float | None = None
    accepted: frozenset[str] = frozenset()

    def tolerance(self, said: Ruling) -> float:
        """Return the tolerance in force, metres."""
        return said.limits.number("tolerance_m") if self.tolerance_m is None else self.tolerance_m


def examine(data: Data, asked: Asked) -> CoverageReport:
    """Check one county."""
    said = asked.told.over(data.ruling)
    report = check_coverage(
        data.grids, data.parents, households=data.households, registers=_lists(data, asked.told),
        tolerance_m=asked.tolerance(said), rules=said.on, severities=said.severities,
        limits=said.limits,
    )  # fmt: skip
    return _masked(report, data)


def _lists(data: Data, told: Told) -> Registers:
    """Return a county's lists; a file's households are counted by grid where that is asked for.

    Nothing says whether a file of households is the whole list.
    """
    sized = {"S304", "S305", "S306"} & told.named
    return replace(data.registers, sizes=True) if sized else data.registers


def _masked(report: CoverageReport, data: Data) -> CoverageReport:
    """Show what speaks of members and needs at their village: a result is handed on."""
    if data.parents is None:
        return report
    shapes = dict(zip(data.parents["code"], data.parents.geometry, strict=True))

    def shown(each: Finding) -> Finding:
        land = shapes.get(each.area)
        if RULES[each.rule].privacy != "sensitive" or land is None:
            return each
        return replace(each, geometry=inner_point(land), point=inner_point(land))

    return replace(report, findings=[shown(each) for each in report.findings])


def read_database(engine: Engine, day: date | None, county: str = "") -> Data:
    """Read the county in a database.

    Parameters
    ----------
    engine
        Of the database, migrated.
    day
        The day to go by; null: the county's own.
    county
        The code of the one that is meant, where there are several.

    Raises
    ------
    TransferError
        If there are no grids.
    """
    with engine.connect() as connection:
        grids, parents, households, appointments = read_county(connection, county)
        registers = read_registers(connection, appointments, county=county)
        said = ruling(connection)
        excepted = frozenset(row.id for row in in_force(connection, day, None))
    if grids.empty:
        raise _without_grids()
    data = Data("database", grids)
    data.parents, data.households = parents, households
    data.registers, data.ruling, data.accepted = registers, said, excepted
    return data


def _without_grids() -> TransferError:
    return TransferError(
        "The database holds no grids.",
        cure="Import some (wangge import grids FILE), name a file to check, or build the "
        "sample: wangge demo --no-serve, then wangge --sample check.",
    )


def store_database(
    engine: Engine, account: str, day: date | None, progress: Progress
) -> tuple[int, CoverageReport, Data]:
    """Check the county in a database as the service does, and store it: tasks are judged by it.

    Returns
    -------
    The check's number, what it found, shown as :func:`examine` shows it, and the land.

    Raises
    ------
    TransferError
        If there are no grids, or another check is under way.
    """
    with engine.connect() as connection:
        if not has_grids(connection):
            raise _without_grids()
    try:
        done = check_and_store(engine, account, progress)
    except BusyError as error:
        raise TransferError(f"{error.detail} {error.detail_zh}") from error
    data = Data("database", done.grids)
    data.parents = done.villages
    with engine.connect() as connection:
        data.accepted = frozenset(row.id for row in in_force(connection, day, None))
    return done.number, _masked(done.report, data), data


def outline_of(data: Data, report: CoverageReport) -> Outline:
    """Return the land that was checked, for a report to draw."""

    def ground(frame: gpd.GeoDataFrame | None) -> Ground:
        if frame is None:
            return Ground()
        shapes = np.array(frame.geometry.values, dtype=object)
        shapes[~np.isin(shapely.get_type_id(shapes), POLYGONAL)] = None
        shapes = reproject(shapes, report.crs, WGS84)
        codes = tuple(frame["code"].fillna("").astype(str))
        return Ground(shapes, codes, tuple(names_of(frame, codes)))

    return Outline(
        grids=ground(data.grids), parents=ground(data.parents), synthetic=data.synthetic,
        docs=settings().address,
    )  # fmt: skip
