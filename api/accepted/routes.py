"""The register of accepted exceptions: read by everyone in his area, decided by who plans there."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.accepted import many, service
from api.accepted.schemas import (
    AcceptedFile,
    AcceptedItem,
    AcceptedList,
    AcceptedMany,
    NewDecision,
    NewDecisions,
    Revocation,
    RevokedMany,
    State,
)
from api.access import Database, EveryoneInArea, access
from api.auth import Reader
from api.errors import CONFLICT, NOT_FOUND, PROBLEMS

router = APIRouter(prefix="/api/coverage/accepted", tags=["coverage"], responses={**PROBLEMS})

FindingId = Annotated[str, Path(alias="id", examples=["5f0c2f9a1b3d"])]
Decider = Annotated[
    Reader,
    Depends(
        access(
            *sorted(service.DECIDERS), reach="rows",
            refusal=(
                "Exceptions are accepted by administrators and planners.",
                "例外由管理员和规划员登记。",
            ),
        )
    ),
]  # fmt: skip


@router.get("", summary="The register of accepted exceptions")
def list_accepted(
    reader: EveryoneInArea,
    session: Database,
    state: Annotated[State | None, Query()] = None,
    rule: Annotated[str | None, Query(examples=["C101"])] = None,
    area: Annotated[str | None, Query(description="Code of an area")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> AcceptedList:
    """Return a page of the exceptions of the reader's area: what, who, why, until when, state."""
    where = {"state": state, "rule": rule, "area_code": area}
    return service.listed(session, reader, where, limit, offset)


@router.get("/file.json", summary="The exceptions in force, for `wangge check --accepted`")
def get_accepted_file(
    reader: EveryoneInArea, session: Database, response: Response
) -> AcceptedFile:
    """Return the exceptions of the reader's area that hold today, as a file to be kept."""
    response.headers["Content-Disposition"] = 'attachment; filename="accepted.json"'
    return service.as_file(session, reader)


@router.post("", summary="Accept many findings", responses={**CONFLICT})
def post_accepted(body: NewDecisions, reader: Decider, session: Database) -> AcceptedMany:
    """Accept findings of the reader's area, or all of a rule or an area, in one act.

    Each has its own decision, with the same reason and last day, and its own line in the log.
    """
    return many.accept_many(session, reader, body)


@router.post("/revocations", summary="Take many exceptions back")
def post_revocations(body: Revocation, reader: Decider, session: Database) -> RevokedMany:
    """End exceptions now, in one act: their findings count again."""
    return many.revoke_many(session, reader, body.findings)


@router.put("/{id}", summary="Accept a finding, or change why and until when",
            responses={**NOT_FOUND})  # fmt: skip
def put_accepted(
    finding_id: FindingId, new: NewDecision, reader: Decider, session: Database
) -> AcceptedItem:
    """Accept a finding of the reader's area: it stays listed and flagged, and no longer counts.

    Each decision is kept, with who made it and when. An expired or revoked one is renewed so.
    """
    return service.accept(session, reader, finding_id, new)


@router.delete("/{id}", summary="Take an exception back", responses={**NOT_FOUND, **CONFLICT})
def delete_accepted(finding_id: FindingId, reader: Decider, session: Database) -> AcceptedItem:
    """End an exception now: its finding counts again. The register keeps it as revoked."""
    return service.revoke(session, reader, finding_id)
