"""The chain of responsibility at a point."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.access import Database, EveryoneInArea
from api.errors import PROBLEMS
from api.locate.schemas import Chain
from api.locate.service import find_chain
from api.maps.routes import scope_of

router = APIRouter(prefix="/api", tags=["areas"], responses={**PROBLEMS})


@router.get("/locate", summary="Who answers for a point")
def locate(
    reader: EveryoneInArea,
    session: Database,
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False, examples=[115.2])],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False, examples=[33.6])],
    within_m: Annotated[
        float, Query(ge=0, le=50_000, description="Findings whose marker is so near are told first")
    ] = 0.0,
) -> Chain:
    """Return unit, grid, village and town of a point, with unit head, workers, head and branch.

    A point on a shared border belongs to the grid with the smallest code. Of a point in no grid
    the three nearest are told; phones are masked.
    """
    return find_chain(session, scope_of(reader), lon, lat, within_m)
