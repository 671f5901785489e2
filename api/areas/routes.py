"""Areas, grids, and the search for a place."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from api.access import Database, EveryoneAtPath, EveryoneInArea
from api.areas import store
from api.areas.schemas import (
    AreaCounts,
    AreaDetail,
    AreaItem,
    AreaList,
    FindingHere,
    GridDetail,
    Hit,
    Hits,
    Level,
    Official,
    Place,
)
from api.errors import NOT_FOUND, PROBLEMS, NotFoundError
from api.maps.routes import scope_of
from api.people.masking import mask_phone
from layers.tables import appointment

router = APIRouter(prefix="/api", tags=["areas"], responses={**PROBLEMS, **NOT_FOUND})


def _fields(row: store.AnyRow) -> dict[str, Any]:
    """Return a row's columns, its four corners as one ``bbox``."""
    values = dict(row._mapping)
    corners = [values.pop(side, None) for side in ("west", "south", "east", "north")]
    return {**values, "bbox": corners}


@router.get("/areas", summary="Areas of a level or under a parent")
def list_areas(
    reader: EveryoneInArea,
    session: Database,
    level: Annotated[Level | None, Query()] = None,
    parent: Annotated[str | None, Query(examples=["990101"])] = None,
) -> AreaList:
    """List the areas that lie in the reader's own, by code."""
    rows = store.list_areas(session, scope_of(reader), level, parent)
    return AreaList(areas=[AreaItem(**_fields(row)) for row in rows])


@router.get("/areas/{code}", summary="An area")
def get_area(
    code: Annotated[str, Path(examples=["990101101"])], reader: EveryoneAtPath, session: Database
) -> AreaDetail:
    """Return an area with its place in the tree, its counts and its children."""
    scope = scope_of(reader)
    row = store.find_area(session, scope, code)
    if row is None:
        raise NotFoundError(f"There is no area {code}.", f"没有区划 {code}。")
    fields = _fields(row)
    counts = AreaCounts(
        areas=fields.pop("areas"),
        grids=fields.pop("grids"),
        households=fields.pop("households"),
        findings=store.findings_by_severity(session, code),
    )
    children = store.list_areas(session, scope, parent=code)
    return AreaDetail(
        **fields,
        counts=counts,
        breadcrumb=[Place(**above._mapping) for above in store.ancestors(session, code)],
        children=[AreaItem(**_fields(child)) for child in children],
    )


@router.get("/grids/{code}", summary="A grid's card")
def get_grid(
    code: Annotated[str, Path(examples=["990101101001003"])],
    reader: EveryoneAtPath,
    session: Database,
) -> GridDetail:
    """Return a grid, what it lies in, and who answers for it (phones masked)."""
    row = store.find_grid(session, scope_of(reader), code)
    if row is None:
        raise NotFoundError(f"There is no grid {code}.", f"没有网格 {code}。")
    above = {place.level: Place(**place._mapping) for place in store.ancestors(session, code)}
    fields = _fields(row)
    fields.pop("area_code")
    return GridDetail(
        **fields,
        village=above["village"],
        town=above.get("town"),
        officials=[
            Official(
                person=each.code,
                role=each.role,
                name=each.name,
                phone=mask_phone(each.phone),
                full_time=each.full_time,
            )
            for each in store.officials(
                session, appointment.c.grid_code == code, "grid_head", "grid_worker"
            )
        ],
        findings=[FindingHere(**each._mapping) for each in store.findings_on(session, code)],
    )


@router.get("/search", summary="Find a place by name or code")
def search(
    reader: EveryoneInArea,
    session: Database,
    q: Annotated[str, Query(min_length=1, max_length=50, examples=["柳河"])],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Hits:
    """Find areas and grids of the reader's area; namesakes are told apart by ``within``."""
    rows = store.search(session, scope_of(reader), q.strip(), limit)
    hits = []
    for row in rows:
        fields = _fields(row)
        point = (fields.pop("lon"), fields.pop("lat"))
        within = fields.pop("within") or ""
        kind = "grid" if fields["level"] == "grid" else "area"
        hits.append(Hit(**fields, kind=kind, point=point, within=within))
    return Hits(query=q, hits=hits)
