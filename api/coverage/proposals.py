"""A repair of one finding, proposed: the grids that would change, as they are and would be."""

from typing import Any, cast

import geopandas as gpd
import shapely
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from api.coverage.lists import geo_frame, wkb
from api.coverage.store import AnyRow
from api.rules.store import ruling
from geo import repair
from geo.findings import Finding
from geo.repair_fill import Fill
from geo.repair_rules import WINNERS, Winner
from layers.tables import SRID, area, finding, grid, household

# Neighbours are looked for so far around a finding, in degrees: a metre.
ABOUT = 1e-5


class ProposedChange(BaseModel):
    """Land that would change hands; ``to`` is null where it lies beyond the boundary."""

    rule: str
    grids: list[str] = Field(description="Codes of the grids that would lose it")
    to: str | None
    area_m2: float
    households: int
    message: str
    message_zh: str


class ProposedGrid(BaseModel):
    """One grid, before and after."""

    code: str
    name: str
    name_en: str | None
    before_m2: float
    after_m2: float
    gained_m2: float
    lost_m2: float
    vertices_added: int
    vertices_removed: int
    before: dict[str, Any] = Field(description="GeoJSON, longitude and latitude")
    after: dict[str, Any] = Field(description="GeoJSON, longitude and latitude")


class NeededVertex(BaseModel):
    """A vertex that the boundary, or a locked grid, would need."""

    code: str
    point: tuple[float, float]


class Proposal(BaseModel):
    """What a repair would do about a finding; with ``why`` where something, or all, would stay."""

    model_config = ConfigDict(json_schema_extra={"example": {
        "finding": "5f0c2f9a1b3d", "why": "", "why_zh": "", "households_moved": 3,
        "changes": [{
            "rule": "C101", "grids": [], "to": "990101101001003", "area_m2": 812.5,
            "households": 3,
            "message": "Liuhe Village Grid 3 gets 813 m² (1.22 mu) that lay in no grid.",
            "message_zh": "柳河村第3网格得到原先空白的 1.22 亩（813 m²）。",
        }],
        "grids": [], "vertices_needed": [],
    }})  # fmt: skip

    finding: str
    why: str
    why_zh: str
    households_moved: int
    changes: list[ProposedChange]
    grids: list[ProposedGrid]
    vertices_needed: list[NeededVertex]


def proposal_of(session: Session, row: AnyRow, fill: Fill, winner: str) -> Proposal:
    """Return what a repair would do about a finding that the last check stored.

    Parameters
    ----------
    session
        The grids are read as they are now.
    row
        Of :func:`api.coverage.store.find_finding`.
    fill
        Who gets gaps.
    winner
        A rule of overlaps, or the code of the grid that keeps them.
    """
    found = _finding(session, row)
    grids, villages, homes = _about(session, found)
    rule: Winner = winner if winner in WINNERS else "longest-border"
    options = repair.Options(
        fill=fill,
        winner=rule,
        declared=() if winner in WINNERS else (winner,),
        locked=tuple(grids["code"][grids["locked"]]),
        tolerance_m=ruling(session).limits.number("tolerance_m"),
    )
    made = repair.propose(found, grids, villages, households=homes, options=options)
    return _answer(row.id, made, grids)


def _finding(session: Session, row: AnyRow) -> Finding:
    """Read a finding as the check had it: its codes, and its shape bit for bit."""
    columns = finding.c
    own = session.execute(
        select(columns.grids, columns.area_code, func.ST_AsBinary(columns.geom).label("shape"))
        .where(columns.id == row.id)
        .order_by(columns.check_id.desc())
        .limit(1)
    ).one()
    shape = shapely.from_wkb(own.shape)
    return Finding(
        id=row.id, rule=row.rule, grids=tuple(own.grids), area=own.area_code, geometry=shape,
        point=shape.representative_point(), message="", message_zh="", fix="", fix_zh="",
    )  # fmt: skip


def _about(
    session: Session, found: Finding
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Read the grids, villages and households about a finding."""
    west, south, east, north = found.geometry.bounds
    box = func.ST_MakeEnvelope(west - ABOUT, south - ABOUT, east + ABOUT, north + ABOUT, SRID)

    def near(shape: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a geometry column
        return cast("ColumnElement[bool]", func.ST_Intersects(shape, box))

    connection = session.connection()
    grids = geo_frame(connection, select(
        grid.c.code, grid.c.name, grid.c.name_en, grid.c.area_code, grid.c.coverage,
        grid.c.locked, wkb(grid.c.geom),
    ).where(
        or_(near(grid.c.geom), grid.c.code.in_(found.grids))
    ).order_by(grid.c.code))  # fmt: skip
    own = grids["area_code"].tolist()
    villages = geo_frame(connection, select(
        area.c.code, area.c.name, area.c.name_en, wkb(area.c.geom),
    ).where(
        area.c.level == "village", area.c.geom.is_not(None),
        or_(near(area.c.geom), area.c.code.in_(own)),
    ).order_by(area.c.code))  # fmt: skip
    homes = geo_frame(connection, select(
        household.c.code, wkb(household.c.geom)
    ).where(near(household.c.geom)).order_by(household.c.code))  # fmt: skip
    return grids, villages, homes


def _answer(finding_id: str, made: repair.Proposal, grids: gpd.GeoDataFrame) -> Proposal:
    named = grids.set_index("code")
    return Proposal(
        finding=finding_id,
        why=made.why,
        why_zh=made.why_zh,
        households_moved=made.households_moved or 0,
        changes=[
            ProposedChange(
                rule=change.rule, grids=list(change.grids), to=change.to,
                area_m2=change.area_m2, households=change.households,
                message=change.message, message_zh=change.message_zh,
            )
            for change in made.changes
        ],
        grids=[
            ProposedGrid(
                **vars(each),
                name=named.loc[each.code, "name"],
                name_en=named.loc[each.code, "name_en"],
                before=shapely.geometry.mapping(made.before[each.code]),
                after=shapely.geometry.mapping(made.after[each.code]),
            )
            for each in made.grids
        ],
        vertices_needed=[NeededVertex(code=code, point=place) for code, place in made.needed],
    )  # fmt: skip
