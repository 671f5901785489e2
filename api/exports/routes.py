"""Exports in the browser: what there is, asking for a file, watching it, fetching it."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse

from api import audit
from api.access import Database, EveryoneInArea, Oneself
from api.areas import store as areas
from api.areas.schemas import Place
from api.auth import Reader
from api.errors import CONFLICT, NOT_FOUND, PROBLEMS, ConflictError, NotFoundError
from api.exports import files, naming, store
from api.exports.rights import REVEALERS, may_export, request_of, require_rights
from api.exports.schemas import (
    FORMATS,
    Export,
    ExportChoices,
    ExportKind,
    ExportList,
    ExportRequest,
    ExportVersion,
)
from api.exports.service import Request, choose_rows, for_reader, is_personal, named_layers
from api.jobs import store as jobs
from api.jobs.queue import enqueue
from layers.tables import versioned_tables
from layers.transfer.kinds import KINDS, Kind
from layers.transfer.outgoing import Target

router = APIRouter(prefix="/api/exports", tags=["exports"], responses={**PROBLEMS})

Number = Annotated[UUID, Path(alias="job", examples=["2f6f3f0e-6c35-4c6f-9a5e-0f3a9f5c2b11"])]
# What a job keeps beside what was asked for.
OWN = ("export", "format", "name")


@router.get("/choices", summary="What can be exported")
def get_choices(reader: EveryoneInArea, session: Database) -> ExportChoices:
    """Return kinds, versions and formats to choose from, and what the reader may have of them."""
    place = areas.find_place(session, reader.area_code) if not reader.grid_code else None
    return ExportChoices(
        kinds=[_kind(session, reader, k) for k in KINDS.values() if may_export(reader, k.name)],
        versions=[ExportVersion(**row._mapping) for row in store.list_versions(session)],
        area=place and Place(**place._mapping),
        may_reveal=reader.role in REVEALERS,
    )


def _kind(session: Database, reader: Reader, kind: Kind) -> ExportKind:
    shown = for_reader(kind, individual=reader.sees_households)
    return ExportKind(
        name=kind.name, zh=kind.zh, en=kind.en, shapes=shown.shapes, named=bool(kind.fixed),
        layers=named_layers(session.connection(), kind) if kind.fixed else [],
        personal=is_personal(kind), versioned=kind.table in versioned_tables,
        empty=store.is_empty(session, kind),
        formats=[each for each in FORMATS if each != "shp.zip" or shown.shapes != "none"],
    )  # fmt: skip


@router.post("", summary="Ask for a file", status_code=202, responses={**CONFLICT})
def post_export(body: ExportRequest, reader: EveryoneInArea, session: Database) -> Export:
    """Put an export in the queue: of the reader's own area, masked unless he gives a reason.

    When the job is done, `GET /api/exports/{job}/file` is the file, for a day, for him alone.
    """
    asked = body.model_dump()
    request = request_of(reader, {name: asked[name] for name in asked if name not in OWN})
    rows = choose_rows(session.connection(), request)
    name = naming.file_name(session, rows, Target(request.crs), request.lang, body.format)
    if store.has_unfinished(session, reader.username):
        raise ConflictError(
            "Your last export is still being made; wait for it, or call it off.",
            "您的上一个导出还在进行，请等它完成或先取消。",
        )
    told = {"format": body.format, "area": request.area, "version": request.version,
            "revealed": request.reveal is not None}  # fmt: skip
    audit.record(session, reader.username, audit.ASKED, target=request.kind, detail=told)
    params = {**asdict(request), "export": str(files.create()), "format": body.format, "name": name}
    del params["account"]
    number = enqueue(session.connection(), store.KIND, params, reader.username)
    return _export(_find(session, number, reader))


@router.get("", summary="One's own last exports")
def list_exports(
    reader: Oneself, session: Database, limit: Annotated[int, Query(ge=1, le=50)] = 10
) -> ExportList:
    """Return what the reader has asked for, the newest first."""
    rows = store.list_own(session, reader.username, limit)
    return ExportList(exports=[_export(row) for row in rows])


@router.get("/{job}", summary="An export", responses={**NOT_FOUND})
def get_export(number: Number, reader: Oneself, session: Database) -> Export:
    """Return how far an export is, and what is in the file."""
    return _export(_find(session, number, reader))


@router.post("/{job}/cancel", summary="Call an export off", responses={**NOT_FOUND})
def cancel_export(number: Number, reader: Oneself, session: Database) -> Export:
    """Ask an export to end: at once if it waits, else at its next step; no file is left."""
    _find(session, number, reader)
    jobs.cancel(session, number)
    return _export(_find(session, number, reader))


@router.get(
    "/{job}/file",
    response_class=Response,
    responses={
        **NOT_FOUND,
        200: {"content": {"application/octet-stream": {}}, "description": "The file"},
    },
    summary="The file of an export",
)
def get_file(number: Number, reader: Oneself, session: Database) -> FileResponse:
    """Return the file to who asked for it, as long as he may have what is in it."""
    params = _find(session, number, reader).params
    require_rights(reader, Request(**{name: params[name] for name in params if name not in OWN}))
    file = files.find(params["export"], params["format"])
    if file is None:
        raise NotFoundError(
            "The file is not there: it is kept for a day. Export it again.",
            "文件不在了：只保留一天。请重新导出。",
        )
    kind = files.MEDIA_TYPES[params["format"]]
    return FileResponse(file, media_type=kind, filename=params["name"])


def _find(session: Database, number: UUID, reader: Reader) -> jobs.AnyRow:
    row = store.find_own(session, number, reader.username)
    if row is None:
        raise NotFoundError(f"You have no export {number}.", f"您没有导出任务 {number}。")
    return row


def _export(row: jobs.AnyRow) -> Export:
    held: dict[str, Any] = dict(row._mapping)
    done = row.state == "done" and files.find(row.params["export"], row.params["format"])
    return Export(**held, ready=bool(done))
