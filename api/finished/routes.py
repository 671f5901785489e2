"""Finished maps over HTTP: a file to carry away, or a picture to print."""

from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from api.access import Database, EveryoneAtPath
from api.errors import NOT_FOUND, PROBLEMS
from api.finished.frame import Order
from api.finished.service import MEDIA, SUBJECTS, file_name, finished_map
from api.incidents.asked import Selected
from api.maps.routes import scope_of
from layers.map_style import Language

router = APIRouter(prefix="/maps", tags=["maps"], responses={**PROBLEMS, **NOT_FOUND})

Form = Literal["html", "png"]
# What it shows is the reader's own business, and of this moment.
HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


@router.get(
    "/{name}/{code}.{form}",
    response_class=Response,
    responses={
        200: {"content": {kind: {} for kind in MEDIA.values()}, "description": "The map"},
    },
    summary="A finished map",
)
def get_map(
    name: Annotated[str, Path(description="Which map", examples=list(SUBJECTS))],
    code: Annotated[str, Path(description="Code of an area", examples=["990101101001"])],
    form: Annotated[Form, Path(description="File or picture", examples=["html"])],
    reader: EveryoneAtPath,
    session: Database,
    request: Request,
    selection: Selected,
    lang: Annotated[Language, Query(description="The language of words and names")] = "zh",
) -> Response:
    """Return the map as one HTML file that needs nothing else (a download), or as a picture.

    The filter and the kernel are those of the map of incidents.
    """
    order = Order(
        code, replace(scope_of(reader), prefix=code), lang, account=reader.username,
        role=reader.role, options=selection, kept=request.app.state.surfaces,
    )  # fmt: skip
    body = finished_map(session, name, order, form)
    kept = "attachment" if form == "html" else "inline"
    named = f"{kept}; filename*=UTF-8''{quote(file_name(name, order, form))}"
    return Response(body, media_type=MEDIA[form], headers={**HEADERS, "Content-Disposition": named})
