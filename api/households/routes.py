"""Households without a place: where they are missing, where they may be, and where they are."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api.access import Database, access
from api.areas import store as areas
from api.areas.schemas import Bbox, Place
from api.auth import Reader
from api.errors import NOT_FOUND, PROBLEMS, NotFoundError
from api.households import service, store
from api.households.schemas import (
    Located,
    Locations,
    Proposal,
    Unlocated,
    UnlocatedList,
    UnlocatedVillage,
    UnlocatedVillages,
)
from api.maps.routes import scope_of

router = APIRouter(prefix="/api/households", tags=["households"], responses={**PROBLEMS})

# Those who know, or can find out, where a house stands.
InArea = Annotated[Reader, Depends(access("administrator", "planner", "party_officer",
                                          reach="rows"))]  # fmt: skip
AtPath = Annotated[Reader, Depends(access("administrator", "planner", "party_officer",
                                          reach="path"))]  # fmt: skip


def _bbox(row: store.AnyRow) -> Bbox | None:
    return None if row.west is None else (row.west, row.south, row.east, row.north)


@router.get("/unlocated", summary="Villages with households that have no place")
def list_villages(reader: InArea, session: Database) -> UnlocatedVillages:
    """Return how many households of each village of the reader's area have no coordinates."""
    rows = store.count_by_village(session, scope_of(reader))
    villages = [
        UnlocatedVillage(
            code=row.code, name=row.name, name_en=row.name_en, level=row.level,
            town_name=row.town_name, town_name_en=row.town_name_en, n=row.n, bbox=_bbox(row),
        )
        for row in rows
    ]  # fmt: skip
    return UnlocatedVillages(n=sum(row.n for row in rows), villages=villages)


@router.get(
    "/unlocated/{code}", summary="A village's unlocated households", responses={**NOT_FOUND}
)
def list_unlocated(
    code: Annotated[str, Path(description="Code of a village", examples=["990101101001"])],
    reader: AtPath,
    session: Database,
) -> UnlocatedList:
    """Return the households, each with a place that its address proposes, if it proposes any."""
    village = areas.find_place(session, code)
    if village is None:
        raise NotFoundError(f"There is no area {code}.", f"没有区划 {code}。")
    scope = scope_of(reader)
    rows = store.list_unlocated(session, scope, code)
    found = service.propose(session, code, rows) if rows else {}
    boxes = [_bbox(row) for row in store.count_by_village(session, scope) if row.code == code]
    return UnlocatedList(
        village=Place(**village._mapping),
        bbox=boxes[0] if boxes else None,
        households=[
            Unlocated(
                code=row.code, address=row.address, people=row.people,
                proposal=Proposal(**found[row.code]) if row.code in found else None,
            )
            for row in rows
        ],
    )  # fmt: skip


@router.post("/locations", summary="Say where households are")
def post_locations(body: Locations, reader: InArea, session: Database) -> Located:
    """Keep the places of unlocated households as one version; it can be undone like an import."""
    places = {each.code: (each.lon, each.lat) for each in body.places}
    number, placed, job = service.locate(session, scope_of(reader), places, reader.username)
    return Located(number=number, located=placed, job=job)


@router.delete("/locations/{import}", summary="Take places back", responses={**NOT_FOUND})
def delete_locations(
    number: Annotated[int, Path(alias="import", ge=1, examples=[14])],
    reader: InArea,
    session: Database,
) -> Located:
    """Let what one placing placed be without a place again: one's own, or as a planner any."""
    planner = reader.role != "party_officer" and not reader.prefix
    own, n, job = service.take_back(session, number, reader.username, anyone_s=planner)
    return Located(number=own, located=n, job=job)
