"""Incidents: counted by area, grid, month or kind; listed; each by itself."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlalchemy.orm import Session

from api.access import Database
from api.auth import Reader
from api.errors import NOT_FOUND, PROBLEMS, NotFoundError
from api.incidents import statistics, store
from api.incidents.asked import ONES, Filter, Within, WithinOnes
from api.incidents.legends import alerts_of
from api.incidents.schemas import (
    IncidentDetail,
    IncidentItem,
    IncidentList,
    IncidentPlace,
    Named,
    Statistics,
    Step,
)
from api.maps.routes import scope_of

router = APIRouter(prefix="/api", tags=["incidents"], responses={**PROBLEMS})

One = Annotated[Reader, Depends(ONES)]


@router.get("/statistics/incidents", summary="Incidents counted")
def get_statistics(
    request: Request,
    session: Database,
    part: Within,
    asked: Filter,
    by: Annotated[statistics.By, Query(description="What one row is")] = "area",
    level: Annotated[
        statistics.Level | None, Query(description="Of areas; else the one below the area asked")
    ] = None,
) -> Statistics:
    """Return counts and rates per 100 households, each with its denominator.

    Areas and grids come by code, months in order, kinds in the county's. For roles that do not
    see single households, counts under 10 are left out, and those that would give one away.
    """
    kept = request.app.state.surfaces
    return statistics.statistics(kept, session, part.reader, part.asked, asked, by, level)


@router.get("/incidents", summary="Incidents, the latest first")
def list_incidents(
    session: Database,
    part: WithinOnes,
    asked: Filter,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> IncidentList:
    """Return a page of the incidents of the reader's area."""
    matched, rows = store.list_incidents(session, asked, part.asked, limit, offset)
    words = _Words(session, [row.place_code for row in rows])
    items = [IncidentItem(**words.fields(row)) for row in rows]
    return IncidentList(numberMatched=matched, numberReturned=len(items), incidents=items)


@router.get("/incidents/{code}", summary="An incident", responses={**NOT_FOUND})
def get_incident(
    code: Annotated[str, Path(examples=["I2026000123"])], reader: One, session: Database
) -> IncidentDetail:
    """Return an incident of the reader's area with all steps of its way."""
    row = store.find_incident(session, scope_of(reader), code)
    if row is None:
        raise NotFoundError(f"There is no incident {code}.", f"没有事件 {code}。")
    fields = _Words(session, [row.place_code]).fields(row)
    steps = [Step(**step._mapping) for step in store.log_of(session, code)]
    return IncidentDetail(**fields, log=steps)


class _Words:
    """Names of what rows hold by code: their kinds, alerts and places."""

    def __init__(self, session: Session, places: list[str | None]) -> None:
        self.kinds = {each["name"]: each for each in store.named(session, "incident_kinds")}
        self.alerts = {alert.id: alert for alert in alerts_of(session)}
        self.places = store.place_names(session, [code for code in places if code])

    def fields(self, row: store.AnyRow) -> dict[str, Any]:
        """Return a row in the shape of the schema."""
        values = dict(row._mapping)
        lon, lat, place = values.pop("lon"), values.pop("lat"), values.pop("place_code")
        if "household_code" in values:
            values["household"] = values.pop("household_code")
        alert, here = self.alerts.get(row.alert), self.places.get(place)
        return {
            **values,
            "kind_name": _named(self.kinds.get(row.kind, {}), row.kind),
            "alert_name": Named(zh=alert.zh, en=alert.en) if alert else _named({}, row.alert),
            "symbol": alert.image if alert else "alert-other",
            "place": None if here is None else IncidentPlace(**here._mapping),
            "point": None if lon is None else (lon, lat),
        }


def _named(entry: Mapping[str, str], name: str) -> Named:
    return Named(zh=entry.get("zh", name), en=entry.get("en", name))
