"""What a request asks for: a filter, a kernel, an area, each from the words of its address."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query
from starlette.concurrency import run_in_threadpool

from api.access import Access, Database, access
from api.auth import Reader
from api.incidents import store
from api.incidents.service import BANDWIDTH_M, Selection, narrowed
from api.maps.routes import scope_of
from geo.density import Unit
from layers.incidents import IncidentFilter, read_filter
from layers.tiles import Scope

Words = str | None


# A dependency that is no coroutine is sent to a thread, which costs as much as a warm tile: these
# are, and only what the database must be asked for goes to one.
async def asked_for(
    session: Database,
    from_: Annotated[
        Words,
        Query(alias="from", description="First day, county's zone", examples=["2026-01-01"]),
    ] = None,
    to: Annotated[Words, Query(description="Last day, included", examples=["2026-11-15"])] = None,
    kind: Annotated[Words, Query(description="Kinds, with commas", examples=["road"])] = None,
    tier: Annotated[Words, Query(description="auto, local, escalated", examples=["local"])] = None,
    alert: Annotated[Words, Query(description="Alerts, with commas", examples=["red"])] = None,
    status: Annotated[
        Words, Query(description="found, dispatched, in_hand, answered, rated", examples=["rated"])
    ] = None,
) -> IncidentFilter:
    """Read the filter; what makes no sense is refused in words."""
    given = {"from": from_, "to": to, "kind": kind, "tier": tier, "alert": alert, "status": status}
    if kind or alert:
        return await run_in_threadpool(store.wanted, session, given)
    return read_filter(given, kinds=(), alerts=())


Filter = Annotated[IncidentFilter, Depends(asked_for)]


@dataclass(frozen=True, slots=True)
class Part:
    """A reader's scope, and the part of it that he asks for."""

    reader: Scope
    asked: Scope


def part_for(who: Access) -> Callable[..., Coroutine[None, None, Part]]:
    """Return the dependency that lets these readers in, and says how far each asks."""

    async def part_of(
        reader: Annotated[Reader, Depends(who)],
        area: Annotated[
            Words, Query(description="Code of an area or grid within the reader's own")
        ] = None,
    ) -> Part:
        scope = scope_of(reader)
        return Part(scope, narrowed(scope, area))

    return part_of


Within = Annotated[Part, Depends(part_for(access(reach="rows")))]
# A single incident can lie at somebody's home: only for who sees single households.
ONES = access("administrator", "planner", "party_officer", "grid_worker", reach="rows")
WithinOnes = Annotated[Part, Depends(part_for(ONES))]


async def selection_of(
    asked: Filter,
    bandwidth_m: Annotated[
        float, Query(description="Standard deviation of the kernel, metres", examples=[500])
    ] = BANDWIDTH_M,
    per: Annotated[Unit, Query(description="Incidents per km², or per 1,000 households")] = "km2",
) -> Selection:
    """Return what a heat map is asked for."""
    return Selection(asked, bandwidth_m, per)


Selected = Annotated[Selection, Depends(selection_of)]


def heat_query(selection: Selection, part: Part) -> str:
    """Return a selection as the query of an address, shortest form: defaults are left out."""
    given = selection.filter.query()
    if selection.bandwidth_m != BANDWIDTH_M:
        given["bandwidth_m"] = f"{selection.bandwidth_m:g}"
    if selection.per != "km2":
        given["per"] = selection.per
    return urlencode(given | _area(part))


def incident_query(asked: IncidentFilter, part: Part) -> str:
    """Return a filter as the query of an address."""
    return urlencode(asked.query() | _area(part))


def _area(part: Part) -> dict[str, str]:
    return {"area": part.asked.prefix} if part.asked.prefix != part.reader.prefix else {}
