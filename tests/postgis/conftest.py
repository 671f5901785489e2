"""A tiny county behind a running application: two towns, four villages, sixteen grids."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest
import shapely
from sqlalchemy import URL, insert, select, update
from sqlalchemy.orm import Session

from api.db import drop_database, engine, session_scope
from api.maps.shapes import build_shapes
from api.postgis import Cluster
from layers.tables import (
    appointment,
    area,
    coverage_check,
    coverage_version,
    finding,
    grid,
    household,
    household_unit,
    incident,
    person,
    reference_feature,
    setting,
)
from tests.conftest import TEMPLATE, copy_database
from tests.serving import Accounts, Service, add_accounts, serve

COUNTY = "990101"
WEST, SOUTH, SIDE = 115.2, 33.5, 0.02
VILLAGES = [f"{COUNTY}{town:03}{village:03}" for town in (1, 2) for village in (1, 2)]
# The two villages that tests set against each other: of the accounts, and of another town.
OWN, OTHER = VILLAGES[0], VILLAGES[3]
PER_GRID = 30


def wkt(shape: shapely.Geometry) -> str:
    return f"SRID=4326;{shape.wkt}"


def square(column: float, row: float, width: float = 1, height: float = 1) -> shapely.Geometry:
    # Each line of the lattice has one expression, so that neighbours' corners are equal bits.
    west, east = WEST + column * SIDE, WEST + (column + width) * SIDE
    south, north = SOUTH + row * SIDE, SOUTH + (row + height) * SIDE
    return shapely.MultiPolygon([shapely.box(west, south, east, north)])


def place(number: int) -> tuple[int, int]:
    """Column and row of a village's lower left grid; a village is two by two."""
    return 2 * (number % 2), 2 * (number // 2)


def areas() -> Iterator[dict[str, object]]:
    shape = wkt(square(0, 0, 4, 4))
    yield {"code": COUNTY, "name": "澜禾县", "name_en": "Lanhe", "level": "county",
           "kind": None, "parent_code": None, "geom": shape}  # fmt: skip
    for town in (1, 2):
        yield {"code": f"{COUNTY}{town:03}", "name": f"柳河{town}镇", "name_en": f"Liuhe {town}",
               "level": "town", "kind": None, "parent_code": COUNTY,
               "geom": wkt(square(0, 2 * (town - 1), 4, 2))}  # fmt: skip
    for number, code in enumerate(VILLAGES):
        # Two villages share a name, as fifty do in the county.
        yield {"code": code, "name": "押岭村" if number in (0, 3) else f"村{number}",
               "name_en": "Yaling", "level": "village", "kind": "village",
               "parent_code": code[:9], "geom": wkt(square(*place(number), 2, 2))}  # fmt: skip


def grids() -> Iterator[dict[str, object]]:
    for number, village in enumerate(VILLAGES):
        column, row = place(number)
        for part in range(4):
            shape = square(column + part % 2, row + part // 2)
            if number == 0 and part == 3:  # a gap: a strip of the first village is in no grid
                shape = square(column + 1, row + 1, 0.8, 1)
            yield {"code": f"{village}{part + 1:03}", "name": f"第{part + 1}网格",
                   "area_code": village, "coverage": "exclusive", "geom": wkt(shape),
                   "kind": "community" if part == 0 else "rural"}  # fmt: skip


def households() -> Iterator[dict[str, object]]:
    rng = np.random.default_rng(7)
    for number, village in enumerate(VILLAGES):
        column, row = place(number)
        for index in range(4 * PER_GRID):
            part = index % 4
            at = rng.uniform(0.02, 0.75, 2) + np.array([column + part % 2, row + part // 2])
            if number == 0 and index == 3:
                at = np.array([column + 1.9, row + 1.5])  # in the gap
            point = shapely.Point(WEST + at[0] * SIDE, SOUTH + at[1] * SIDE)
            yield {"code": f"{village}-{index:04}", "address": f"{index}号", "area_code": village,
                   "grid_code": f"{village}{part + 1:03}", "people": 3,
                   "geom": None if index == 7 else wkt(point)}  # fmt: skip


ZONE = ZoneInfo("Asia/Shanghai")
# So many incidents of each village, all around the middle of its first grid; of the first one
# more that has no place, and one that no grid has recorded.
INCIDENTS = (40, 6, 0, 14)


def incidents() -> Iterator[dict[str, object]]:
    """Incidents of three months of 2026, of two kinds; half of the first are on one coordinate."""
    rng = np.random.default_rng(9)
    for number, (village, n) in enumerate(zip(VILLAGES, INCIDENTS, strict=True)):
        column, row = place(number)
        for index in range(n):
            off = np.zeros(2) if index < n // 2 else rng.normal(0, 0.012, 2)
            # All of a village's are in one of the cells that a leader's are counted in.
            at = shapely.Point(WEST + (column + 0.24 + off[0]) * SIDE,
                               SOUTH + (row + 0.34 + off[1]) * SIDE)  # fmt: skip
            day = dt.datetime(2026, 1 + index % 3, 1 + index % 28, 12, tzinfo=ZONE)
            if index == 0:  # January there, December in London
                day = dt.datetime(2026, 1, 1, 0, 30, tzinfo=ZONE)
            yield {"code": f"I{number}{index:03}", "kind": ("road", "noise")[index % 5 == 0],
                   "title": f"事件{number}-{index}", "tier": ("auto", "local")[index % 2],
                   "alert": ("blue", "yellow", "red")[index % 3 % (2 + (index % 4 == 0))],
                   "status": "rated" if index % 4 else "found", "reported_at": day,
                   "closed_at": day + dt.timedelta(days=3) if index % 4 else None,
                   "grid_code": f"{village}001" if (number, index) != (0, 2) else None,
                   "household_code": f"{village}-0000" if index % 2 else None,
                   "geom": None if (number, index) == (0, 39) else wkt(at)}  # fmt: skip


def findings(check: int) -> Iterator[dict[str, object]]:
    column, row = place(0)
    gap = square(column + 1.8, row + 1, 0.2, 1)
    other = square(2.4, 2.4, 0.2, 0.2)
    lost = shapely.Point(WEST + (column + 1.9) * SIDE, SOUTH + (row + 1.5) * SIDE)
    rows = [
        ("aaaaaaaaaaa1", "C101", "gap", "error", [f"{OWN}004"], OWN, gap, 4e5, 1),
        ("aaaaaaaaaaa2", "C103", "overlap", "error", [f"{OTHER}001", f"{OTHER}002"], OTHER, other,
         4e4, 0),
        ("aaaaaaaaaaa3", "H201", "household-uncovered", "error", [], OWN, lost, 0.0, 1),
        ("aaaaaaaaaaa4", "S301", "grid-without-worker", "warning", [f"{OTHER}003"], OTHER,
         square(2, 3), 0.0, 0),
        ("aaaaaaaaaaa5", "G005", "detached-parts", "warning", [f"{OWN}001"], OWN, square(0, 0),
         0.0, 0),
    ]  # fmt: skip
    for position, (key, rule, name, severity, held, code, shape, size, homes) in enumerate(rows):
        yield {"check_id": check, "id": key, "rule": rule, "name": name, "severity": severity,
               "grids": held, "area_code": code, "area_m2": size, "width_m": 0.0, "length_m": 0.0,
               "depth": None, "households": homes, "point": wkt(shape.representative_point()),
               "geom": wkt(shape), "message": "m", "message_zh": "问题", "fix": "f",
               "fix_zh": "办法", "position": position}  # fmt: skip


def fill(session: Session) -> None:
    session.execute(insert(area), list(areas()))
    session.execute(insert(grid), list(grids()))
    unit = {"code": f"{OWN}001-01", "name": None, "grid_code": f"{OWN}001"}
    session.execute(insert(household_unit).values(**unit, geom=wkt(square(0, 0, 0.3, 0.3))))
    session.execute(insert(household), list(households()))
    session.execute(insert(incident), list(incidents()))
    session.execute(
        insert(person),
        [{"code": "p1", "name": "王小明", "phone": "13812345678"},
         {"code": "p2", "name": "李大山", "phone": None},
         {"code": "p3", "name": "赵远", "phone": "13900000000"}],
    )  # fmt: skip
    held = {"grid_code": f"{OWN}001", "starts_on": dt.date(2025, 1, 1)}
    session.execute(
        insert(appointment),
        [{"code": "a1", "person_code": "p1", "role": "grid_worker", "full_time": True, **held},
         {"code": "a2", "person_code": "p2", "role": "grid_head", "full_time": None, **held}],
    )  # fmt: skip
    line = shapely.LineString([(WEST, SOUTH), (WEST + 4 * SIDE, SOUTH + 4 * SIDE)])
    session.execute(
        insert(reference_feature).values(
            code="r1", layer="roads", name="东西路", geom=wkt(line), **{"class": "county"}
        )
    )
    session.execute(update(setting).where(setting.c.key == "synthetic").values(value=True))
    check(session)


def check(session: Session) -> None:
    version = session.scalar(
        select(coverage_version.c.id).where(coverage_version.c.valid_to.is_(None))
    )
    now = dt.datetime.now(dt.UTC)
    summary = {"grids": 16, "areas": 4, "households": 480, "errors": 3, "warnings": 1,
               "by_rule": {"C101": 1}, "blind_spots": True}  # fmt: skip
    number = session.scalar(
        insert(coverage_check)
        .values(version_id=version, started_at=now, finished_at=now, summary=summary,
                crs="EPSG:4547", tolerance_m=0.01, created_by="test")
        .returning(coverage_check.c.id)
    )  # fmt: skip
    session.execute(insert(finding), list(findings(number)))


@dataclass(frozen=True)
class Tiny:
    """The tiny county as it begins: a database to copy from, and the accounts in it."""

    database: str
    accounts: Accounts


@pytest.fixture(scope="session")
def tiny(cluster: Cluster) -> Tiny:
    """The tiny county, made once: to fill it and to hash six passwords takes two seconds."""
    url = copy_database(cluster, TEMPLATE)
    with session_scope(engine(url)) as session:
        fill(session)
    build_shapes(engine(url))
    made = Tiny(str(url.database), add_accounts(url))
    engine(url).dispose()
    return made


@pytest.fixture(scope="module")
def county(cluster: Cluster, tiny: Tiny) -> Iterator[URL]:
    """The tiny county in a database of the module's own."""
    url = copy_database(cluster, tiny.database)
    yield url
    drop_database(url)


@pytest.fixture(scope="module")
def service(county: URL, tiny: Tiny) -> Iterator[Service]:
    """The application on the tiny county, really served, with an account for each role."""
    with serve(county, tiny.accounts) as running:
        yield running


@pytest.fixture(scope="module")
def signed_in(service: Service) -> Iterator[Callable[[str], httpx.Client]]:
    """A client for a role, signed in once."""
    clients: dict[str, httpx.Client] = {}

    def get(role: str) -> httpx.Client:
        if role not in clients:
            clients[role] = service.client(role) if role else service.anonymous()
        return clients[role]

    yield get
    for client in clients.values():
        client.close()
