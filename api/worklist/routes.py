"""The worklist: findings assigned, reported fixed, verified by the next check."""

import json
from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy.orm import Session

from api import audit
from api.access import Database, EveryoneAtPath, EveryoneInArea, access
from api.auth import Reader
from api.errors import CONFLICT, MEDIA_TYPE, NOT_FOUND, PROBLEMS, NotFoundError, Problem
from api.maps.routes import scope_of
from api.worklist import papers, service, store
from api.worklist.carry import PDF, XLSX, Taken, carried
from api.worklist.schemas import (
    Assigned,
    Assignee,
    Assignment,
    Choices,
    Counts,
    Log,
    LogLine,
    NewDue,
    Official,
    Report,
    Spot,
    Spots,
    State,
    TaskDetail,
    TaskList,
)
from geo.findings import RULES
from layers.worklist.lines import Lang

router = APIRouter(prefix="/api/worklist", tags=["worklist"], responses={**PROBLEMS})

Assigner = Annotated[
    Reader,
    Depends(
        access(
            *service.ASSIGNERS, reach="rows",
            refusal=(
                "Work is given out by administrators, planners and leaders, each in his area.",
                "任务由管理员、规划员和领导在各自辖区内交办。",
            ),
        )
    ),
]  # fmt: skip
Reporter = Annotated[
    Reader,
    Depends(
        access(
            *service.REPORTERS, reach="rows",
            refusal=("An auditor reads the worklist only.", "审计只能查看任务清单。"),
        )
    ),
]  # fmt: skip
Number = Annotated[int, Path(alias="id", ge=1, le=2**53, description="The task's number",
                             examples=[12])]  # fmt: skip
Words = Annotated[Lang, Query(description="The language of the words")]
# Whoever asks for pages waits for them: a large town is done in half a minute.
MOST_VILLAGES = 60
TOO_MANY: dict[int | str, dict[str, object]] = {
    400: {"model": Problem, "description": "Too many villages", "content": {MEDIA_TYPE: {}}}
}
# A map of more than these is of no use to anybody who has to act.
MOST_SPOTS = 5_000


def wanted(
    state: Annotated[list[State] | None, Query(description="Any of these")] = None,
    area: Annotated[str | None, Query(description="Code of an area, or of a grid")] = None,
    assignee: Annotated[
        str | None, Query(description="Code of an area, with all in it, or of a person")
    ] = None,
    due_before: Annotated[date | None, Query(description="Due on an earlier day")] = None,
    *,
    overdue: Annotated[
        bool | None, Query(description="Still to be done, and its day has passed")
    ] = None,
    rule: Annotated[str | None, Query(examples=["C101"])] = None,
    finding: Annotated[str | None, Query(description="Name of a finding")] = None,
) -> store.Wanted:
    """Read the filter of the worklist."""
    return store.Wanted(tuple(state or ()), area, assignee, due_before, overdue, rule, finding)


Filter = Annotated[store.Wanted, Depends(wanted)]


@router.get("", summary="The worklist")
def list_tasks(
    reader: EveryoneInArea,
    session: Database,
    which: Filter,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> TaskList:
    """Return a page of the tasks of the reader's area: who has to act first, then by their day."""
    today = service.county_day()
    matched, rows = store.list_tasks(session, scope_of(reader), which, today, limit, offset)
    items = service.tasks(session, reader, rows)
    return TaskList(numberMatched=matched, numberReturned=len(items), tasks=items)


@router.post("", summary="Assign findings")
def post_assignment(body: Assignment, reader: Assigner, session: Database) -> Assigned:
    """Give findings of the reader's area, or all of a rule or an area, to who is to act on them.

    A task that is still to be done can be given to somebody else so.
    """
    return service.assign(session, scope_of(reader), body, reader.username)


@router.get("/counts", summary="The worklist in numbers")
def get_counts(reader: EveryoneInArea, session: Database) -> Counts:
    """Return how many tasks stand how, by town, and what nobody is to put right yet."""
    return service.counts(session, scope_of(reader), reader, service.county_day())


@router.get("/places", summary="Where the tasks are")
def get_places(reader: EveryoneInArea, session: Database, which: Filter) -> Spots:
    """Return the tasks that a map shows; what speaks of people is on the list alone."""
    today = service.county_day()
    rows = store.places(session, scope_of(reader), which, today, MOST_SPOTS + 1)
    spots = [
        Spot(
            id=row.id, finding=row.finding_id, rule=row.rule, state=row.state,
            overdue=row.overdue, point=(row.lon, row.lat),
        )
        for row in rows[-MOST_SPOTS:]
    ]  # fmt: skip
    return Spots(more=len(rows) > MOST_SPOTS, spots=spots)


@router.get("/choices", summary="To whom a finding can be given", responses={**NOT_FOUND})
def get_choices(
    reader: Assigner,
    session: Database,
    finding: Annotated[str, Query(description="Name of a finding", max_length=40)],
) -> Choices:
    """Return the areas that a finding lies in, and who holds an office there."""
    scope = scope_of(reader)
    row = store.find_subject(session, scope, finding)
    if row is None:
        raise NotFoundError(f"There is no finding {finding}.", f"没有问题 {finding}。")
    areas = [Assignee(**each._mapping) for each in store.areas_around(session, row, scope)]
    people = [Official(**each._mapping) for each in store.officials_at(session, row, scope)]
    return Choices(areas=areas, people=people)


@router.get(
    ".xlsx",
    response_class=Response,
    responses={200: {"content": {XLSX: {}}, "description": "The workbook"}},
    summary="The worklist for the office",
)
def get_book(
    reader: EveryoneInArea, session: Database, which: Filter, lang: Words = "zh"
) -> Response:
    """Return the tasks of the reader's area as a workbook; who took it is kept in the log."""
    taken = Taken(scope_of(reader), which, lang, service.county_day())
    return _file(session, reader, taken, "xlsx", which.area or reader.prefix)


@router.get(
    "/pages/{code}.pdf",
    response_class=Response,
    responses={200: {"content": {PDF: {}}, "description": "The pages"}, **NOT_FOUND, **TOO_MANY},
    summary="A printed page for each village",
)
def get_pages(
    code: Annotated[str, Path(description="Code of an area", examples=["990101101001"])],
    reader: EveryoneAtPath,
    session: Database,
    lang: Words = "zh",
) -> Response:
    """Return a page for each village of the area that has work to do: its map, and the list.

    A whole county's are too many for one answer: they are asked for town by town.
    """
    which = store.Wanted(area=code)
    taken = Taken(scope_of(reader), which, lang, service.county_day(), MOST_VILLAGES)
    return _file(session, reader, taken, "pdf", code)


def _file(session: Session, reader: Reader, taken: Taken, form: str, code: str) -> Response:
    body = carried(session, taken, form)
    audit.record(session, reader.username, audit.TASKS_TAKEN, target=f"area {code or 'all'}",
                 detail={"form": form})  # fmt: skip
    title = papers.TITLE if form == "xlsx" else papers.PAGE_TITLE
    name = quote("-".join(filter(None, [title[taken.lang == "en"], code])))
    disposition = f"attachment; filename*=UTF-8''{name}.{form}"
    return Response(
        body,
        media_type={"xlsx": XLSX, "pdf": PDF}[form],
        headers={"Cache-Control": "private, no-store", "Content-Disposition": disposition},
    )


@router.get("/{id}", summary="A task with its shape", responses={**NOT_FOUND})
def get_task(number: Number, reader: EveryoneInArea, session: Database) -> TaskDetail:
    """Return one task of the reader's area.

    Who was shown one that speaks of members and needs, and when, is kept in the log.
    """
    row = store.find_task(session, scope_of(reader), number, service.county_day())
    if row is None:
        raise NotFoundError(f"There is no task {number}.", f"没有第 {number} 号任务。")
    if RULES[row.rule].privacy == "sensitive":
        audit.record(session, reader.username, audit.MEMBERS_READ, target=f"task {number}")
    person = store.person_of(session, reader.account_id)
    return TaskDetail(**service.told(row, reader, person), geometry=json.loads(row.geojson))


@router.get("/{id}/log", summary="A task's changes", responses={**NOT_FOUND})
def get_log(number: Number, reader: EveryoneInArea, session: Database) -> Log:
    """Return who changed a task of the reader's area from what to what, and when."""
    if store.find_task(session, scope_of(reader), number, service.county_day()) is None:
        raise NotFoundError(f"There is no task {number}.", f"没有第 {number} 号任务。")
    return Log(
        lines=[
            LogLine(
                at=row.at, actor=row.actor, change=row.change, from_state=row.from_state,
                to_state=row.to_state, due=row.due_on, person=row.person_code,
                finding=row.finding_id, check=row.check_id, note=row.note,
                assignee=Assignee(
                    code=row.assignee_code, name=row.assignee_name,
                    name_en=row.assignee_name_en, level=row.assignee_level,
                ),
            )
            for row in store.log_of(session, number)
        ]
    )  # fmt: skip


@router.put("/{id}/due", summary="Set a task's day", responses={**NOT_FOUND, **CONFLICT})
def put_due(number: Number, body: NewDue, reader: Assigner, session: Database) -> TaskDetail:
    """Set until when a task that is still to be done is to be done."""
    scope = scope_of(reader)
    service.set_due(session, scope, number, body.due, body.version, reader.username)
    return get_task(number, reader, session)


@router.post("/{id}/fixed", summary="Report a task fixed", responses={**NOT_FOUND, **CONFLICT})
def post_fixed(number: Number, body: Report, reader: Reporter, session: Database) -> TaskDetail:
    """Report that it was put right; the next check verifies that, or reopens the task."""
    service.report_fixed(session, scope_of(reader), number, body.note, body.version, reader)
    return get_task(number, reader, session)
