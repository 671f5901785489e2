"""People: a number is shown for a reason, and the reason is kept."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api import audit
from api.access import Database, access
from api.auth import Reader
from api.errors import NOT_FOUND, PROBLEMS, NotFoundError
from api.maps.routes import scope_of
from api.people import store
from api.people.schemas import Reason, Revealed

router = APIRouter(prefix="/api/people", tags=["people"], responses={**PROBLEMS, **NOT_FOUND})

# Those who have to reach people; a leader, a planner and an auditor work with counts and places.
Caller = Annotated[
    Reader, Depends(access("administrator", "party_officer", "grid_worker", reach="rows"))
]


@router.post("/{person}/reveal", summary="Show a person's number, for a reason")
def reveal(
    person: Annotated[str, Path(description="The person's code", examples=["P000123"])],
    body: Reason,
    reader: Caller,
    session: Database,
) -> Revealed:
    """Return the unmasked number of somebody in the reader's area, and write it into the log.

    The line is written in the same transaction: what is not logged is not shown.
    """
    row = store.find_person(session, scope_of(reader), person)
    if row is None:
        raise NotFoundError(f"There is no person {person}.", f"没有人员 {person}。")
    audit.record(
        session, reader.username, audit.REVEALED, target=f"person {person}", reason=body.reason
    )
    return Revealed(**row._mapping)
