"""The coverage: its verdict, its findings, a new check."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from api import audit
from api.accepted.service import decision_of, may_decide
from api.access import Database, EveryoneInArea, access
from api.auth import Reader
from api.coverage import store
from api.coverage.history import Changes, History, changes, history
from api.coverage.proposals import Proposal, proposal_of
from api.coverage.schemas import (
    FindingArea,
    FindingDetail,
    FindingItem,
    FindingList,
    Severity,
    Verdict,
)
from api.coverage.verdict import verdict
from api.errors import NOT_FOUND, PROBLEMS, NotFoundError
from api.jobs.routes import ask
from api.jobs.schemas import Job
from api.maps.routes import scope_of
from geo.errors import EmptyLayerError
from geo.findings import RULES
from geo.repair_fill import Fill

router = APIRouter(prefix="/api/coverage", tags=["coverage"], responses={**PROBLEMS})

# Who may redraw grids is told how: in his area, where neighbours are shown as the map shows them.
Planner = Annotated[Reader, Depends(access("administrator", "planner", reach="rows"))]
# A check reads the whole county, so its reach is the county: only who plans for all of it.
Checker = Annotated[Reader, Depends(access("administrator", "planner", reach="county"))]


@router.get("", summary="The current verdict")
def get_verdict(reader: EveryoneInArea, session: Database) -> Verdict:
    """Return the latest check's summary for the reader's area, by town and by rule."""
    return verdict(session, scope_of(reader))


@router.get("/findings", summary="The latest check's findings")
def list_findings(
    reader: EveryoneInArea,
    session: Database,
    rule: Annotated[str | None, Query(examples=["C101"])] = None,
    area: Annotated[str | None, Query(description="Code of an area, or of a grid")] = None,
    severity: Annotated[Severity | None, Query()] = None,
    accepted: Annotated[
        bool | None, Query(description="Accepted exceptions alone, or none")
    ] = None,
    sort: Annotated[store.Sort, Query()] = "severity",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> FindingList:
    """Return a page of findings of the reader's area, without their shapes."""
    where = {"rule": rule, "area": area, "severity": severity, "accepted": accepted}
    matched, rows = store.list_findings(session, scope_of(reader), where, sort, limit, offset)
    items = [FindingItem(**item_fields(row)) for row in rows]
    return FindingList(numberMatched=matched, numberReturned=len(items), findings=items)


@router.get("/findings/{id}", summary="A finding with its shape", responses={**NOT_FOUND})
def get_finding(
    finding_id: Annotated[str, Path(alias="id", examples=["5f0c2f9a1b3d"])],
    reader: EveryoneInArea,
    session: Database,
) -> FindingDetail:
    """Return one finding of the reader's area with its shape and its rule's reason.

    Who was shown one that speaks of members and needs, and when, is kept in the log.
    """
    row = store.find_finding(session, scope_of(reader), finding_id)
    if row is None:
        raise NotFoundError(f"There is no finding {finding_id}.", f"没有问题 {finding_id}。")
    rule = RULES[row.rule]
    if rule.privacy == "sensitive":
        audit.record(session, reader.username, audit.MEMBERS_READ, target=f"finding {finding_id}")
    return FindingDetail(
        **item_fields(row),
        geometry=json.loads(row.geojson),
        reason=rule.reason,
        reason_zh=rule.reason_zh,
        exception=decision_of(session, reader, finding_id),
        may_accept=may_decide(reader, row.area_code, [each["code"] for each in row.grids]),
    )


@router.get("/findings/{id}/proposal", summary="A repair of a finding", responses={**NOT_FOUND})
def get_proposal(
    finding_id: Annotated[str, Path(alias="id", examples=["5f0c2f9a1b3d"])],
    reader: Planner,
    session: Database,
    fill: Annotated[Fill, Query(description="Who gets a gap")] = "longest-border",
    winner: Annotated[
        str, Query(description="Who keeps an overlap: a rule, or a grid's code", max_length=64)
    ] = "longest-border",
) -> Proposal:
    """Return what a repair would do about a finding of the reader's area; nothing is changed."""
    row = store.find_finding(session, scope_of(reader), finding_id)
    if row is None:
        raise NotFoundError(f"There is no finding {finding_id}.", f"没有问题 {finding_id}。")
    return proposal_of(session, row, fill, winner)


@router.get("/history", summary="What each check found")
def get_history(
    reader: EveryoneInArea,
    session: Database,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> History:
    """Return the latest checks with the figures of the reader's area, the newest first.

    Every check is kept, with its findings. Accepted exceptions are told of each check as they were
    when the next one came.
    """
    return history(session, scope_of(reader), limit, offset)


@router.get("/history/{check}", summary="What came and went with a check", responses={**NOT_FOUND})
def get_changes(
    check: Annotated[int, Path(examples=[7], ge=1, le=2**62)],
    reader: EveryoneInArea,
    session: Database,
    limit: Annotated[int, Query(ge=1, le=1000, description="Of each at most")] = 100,
) -> Changes:
    """Compare a check with the one before: findings of the reader's area that are new, or gone.

    What is gone was put right, became another, or its rule was switched off.
    """
    found = changes(session, scope_of(reader), check, limit)
    if found is None:
        raise NotFoundError(f"There is no check {check}.", f"没有第 {check} 次检查。")
    return found


@router.post("/check", summary="Check the coverage now", status_code=202)
def post_check(reader: Checker, session: Database) -> Job:
    """Put a check of the whole county in the queue; `GET /api/jobs/{id}` tells how far it is."""
    if not store.has_grids(session):
        raise EmptyLayerError(
            "There are no grids to check.", cure="Import them first.", zh="还没有网格，请先导入。"
        )
    return ask(session, "check", {}, reader.username)


def item_fields(row: store.AnyRow) -> dict[str, Any]:
    """Return a finding's row in the shape of the schema."""
    values = dict(row._mapping)
    return {
        "area": FindingArea.out_of(values),
        "point": (values.pop("lon"), values.pop("lat")),
        "bbox": [values.pop(side) for side in ("west", "south", "east", "north")],
        **values,
    }
