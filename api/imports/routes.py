"""Imports in the browser: send a file, look at what it would do, bring it in, take it back."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import FileResponse
from sqlalchemy import func, select

from api.access import Database, access
from api.auth import Reader
from api.errors import NOT_FOUND, PROBLEMS, NotFoundError
from api.imports import history, uploads
from api.imports.schemas import (
    FieldInfo,
    ImportInfo,
    ImportList,
    ImportRequest,
    KindInfo,
    KindList,
    Part,
    Upload,
)
from api.jobs.routes import ask
from api.jobs.schemas import Job
from layers.tables import area, metadata
from layers.transfer.kinds import KINDS, Kind, kind_of
from layers.transfer.templates import Language, choices, template

router = APIRouter(prefix="/api", tags=["imports"], responses={**PROBLEMS})

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
GEOJSON = "application/geo+json"

# A file may hold all of the county, so who brings it in answers for the county.
Planner = Annotated[Reader, Depends(access("administrator", "planner", reach="county"))]
UploadNumber = Annotated[
    UUID, Path(alias="upload", examples=["2f6f3f0e-6c35-4c6f-9a5e-0f3a9f5c2b11"])
]


@router.post("/uploads", summary="Begin an upload", status_code=201)
def post_upload(request: Request, reader: Planner) -> Upload:
    """Make a place for the parts of one file; whatever is sent there is kept for a day."""
    return Upload(upload=uploads.create(), max_mb=request.app.state.settings.max_upload_mb)


@router.put(
    "/uploads/{upload}/{name}",
    summary="Send a file",
    status_code=201,
    responses={**NOT_FOUND},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def put_part(
    number: UploadNumber,
    name: Annotated[str, Path(min_length=1, max_length=300, examples=["网格.zip"])],
    request: Request,
    reader: Planner,
) -> Part:
    """Receive one file; the parts of a Shapefile are sent one by one to the same upload."""
    folder = uploads.folder_of(number)
    size = await uploads.receive(folder, name, request.stream())
    return Part(name=uploads.clean_name(name), bytes=size)


@router.get(
    "/uploads/{upload}/outline.json",
    response_class=Response,
    responses={**NOT_FOUND, 200: {"content": {GEOJSON: {}}, "description": "What would change"}},
    summary="What an upload would change, on a map",
)
def get_outline(number: UploadNumber, reader: Planner) -> FileResponse:
    """Return what the last dry run found: new, changed and closed rows as GeoJSON."""
    return _kept(number, uploads.OUTLINE, GEOJSON)


@router.get(
    "/uploads/{upload}/rejects.csv",
    response_class=Response,
    responses={**NOT_FOUND, 200: {"content": {CSV: {}}, "description": "Row, value, reason, cure"}},
    summary="The rows of an upload that were rejected",
)
def get_rejects(number: UploadNumber, reader: Planner) -> FileResponse:
    """Return the rows that the last run rejected, each with its reason and cure."""
    return _kept(number, uploads.REJECTS, CSV, "rejects.csv")


def _kept(number: UUID, name: str, kind: str, sent: str | None = None) -> FileResponse:
    file = uploads.folder_of(number) / name
    if not file.is_file():
        raise NotFoundError("Nothing was kept of this upload.", "此次上传没有留存结果。")
    return FileResponse(file, media_type=kind, filename=sent)


@router.get("/imports/kinds", summary="What can be imported")
def list_kinds(reader: Planner, session: Database) -> KindList:
    """Return every kind, its fields, and how many rows of it the county has."""
    found = []
    for kind in KINDS.values():
        rows = session.scalar(select(func.count()).select_from(metadata.tables[kind.table]))
        found.append(_kind(kind, rows or 0))
    levels = select(area.c.level, func.count()).group_by(area.c.level)
    return KindList(kinds=found, levels=dict(session.execute(levels).all()))


def _kind(kind: Kind, rows: int) -> KindInfo:
    fields = [
        FieldInfo(
            name=each.name, zh=each.zh, en=each.en, type=each.type,
            required=each.required and each.default is None, example=each.example,
            choices=choices(each),
        )
        for each in kind.fields
    ]  # fmt: skip
    return KindInfo(
        name=kind.name, zh=kind.zh, en=kind.en, shapes=kind.shapes, named=bool(kind.fixed),
        partial=kind.partial, rows=rows, fields=fields,
    )  # fmt: skip


@router.get(
    "/imports/templates/{kind}.xlsx",
    response_class=Response,
    responses={**NOT_FOUND, 200: {"content": {XLSX: {}}, "description": "The workbook"}},
    summary="An upload template",
)
def get_template(
    kind: Annotated[str, Path(examples=["households"])],
    reader: Planner,
    lang: Annotated[Language, Query(description="The language of the headers")] = "zh",
) -> Response:
    """Return a workbook with headers, an example row and drop-downs, to be filled in."""
    if kind not in KINDS:
        raise NotFoundError(f"There is no kind {kind}.", f"没有数据类型 {kind}。")
    sent = {"Content-Disposition": f'attachment; filename="{kind}-template.xlsx"'}
    return Response(template(KINDS[kind], lang), media_type=XLSX, headers=sent)


@router.post(
    "/imports", summary="Import an uploaded file", status_code=202, responses={**NOT_FOUND}
)
def post_import(body: ImportRequest, reader: Planner, session: Database) -> Job:
    """Put an import, or with `dry_run` a trial of one, in the queue.

    The job's result tells its `state`: imported, unchanged, tried, rejected, doubted, or, of a
    trial, asked: then `asks` is what must be said first (crs, layer, encoding or columns).
    """
    kind_of(body.kind)
    main = uploads.main_file(uploads.folder_of(body.upload))
    params: dict[str, Any] = body.model_dump(mode="json")
    return ask(session, "import", {**params, "name": main.name}, reader.username)


@router.get("/imports", summary="The last imports")
def list_imports(
    reader: Planner, session: Database, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> ImportList:
    """Return what came in, when, by whom, and what was taken back."""
    rows = history.list_imports(session.connection(), limit)
    return ImportList(imports=[ImportInfo(**row._mapping) for row in rows])


@router.post("/imports/{id}/undo", summary="Take an import back", status_code=202)
def post_undo(
    number: Annotated[int, Path(alias="id", ge=1, examples=[12])],
    reader: Planner,
    session: Database,
) -> Job:
    """Put the undoing of an import in the queue: a new version, without what came with it."""
    return ask(session, "undo", {"import": number}, reader.username)
