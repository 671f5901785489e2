"""What a map of incidents asks for: tiles of their density and of themselves, legends, a style.

They stand beside the tiles of all other layers, and take a filter. They must be known before
those, whose paths would take theirs.
"""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from sqlalchemy.orm import Session

from api.access import Database
from api.errors import NOT_FOUND, PROBLEMS, NotFoundError
from api.incidents import tiles
from api.incidents.asked import Filter, Part, Selected, Within, heat_query, incident_query
from api.incidents.legends import legend_of_heat, legend_of_incidents
from api.incidents.service import Selection, heat_map
from api.maps import store as maps
from api.maps.cache import pack
from api.maps.routes import (
    MVT,
    PNG,
    SVG,
    Column,
    Line,
    Scale,
    Words,
    Zoom,
    base_url,
    sent,
)
from layers.catalog import TileFormat, tilejson
from layers.legend_svg import legend_svg
from layers.map_style import Language, style_document
from layers.svg_png import svg_png
from layers.tiles import Tile

router = APIRouter(tags=["incidents"], responses={**PROBLEMS, **NOT_FOUND})

Known = Annotated[str | None, Header(alias="if-none-match")]
Accepted = Annotated[str, Header(alias="accept-encoding")]
Format = Annotated[TileFormat, Query(description="Vector tiles or pictures")]
TILE_MVT: dict[int | str, dict[str, Any]] = {
    200: {"content": {MVT: {}}, "description": "The tile; empty where nothing is"}
}
TILE_PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {PNG: {}}, "description": "The tile; clear where nothing is"}
}
PICTURE_SVG: dict[int | str, dict[str, Any]] = {
    200: {"content": {SVG: {}}, "description": "The picture"}
}
PICTURE_PNG: dict[int | str, dict[str, Any]] = {
    200: {"content": {PNG: {}}, "description": "The picture"}
}


def _address(z: int, x: int, y: int) -> Tile:
    at = Tile(z, x, y)
    if not at.exists():
        raise NotFoundError(f"There is no tile {z}/{x}/{y}.", f"没有瓦片 {z}/{x}/{y}。")
    return at


# -- the density ---------------------------------------------------------------------------------


@router.get(
    "/tiles/heat/{z}/{x}/{y}.png", response_class=Response, responses=TILE_PNG,
    summary="A picture tile of the density of incidents",
)  # fmt: skip
def get_heat_picture(
    z: Zoom, x: Column, y: Line, request: Request, session: Database, part: Within,
    selection: Selected, scale: Scale = 1, if_none_match: Known = None,
) -> Response:  # fmt: skip
    """Return 256 pixels (512 with `scale=2`) of the one surface that the filter has."""
    at, state = _address(z, x, y), request.app.state
    packed, how = tiles.picture_tile(
        state.tiles, state.surfaces, session, selection, part.asked, at, scale
    )
    state.metrics.tiles.labels("heat", how).inc()
    return sent(packed, PNG, if_none_match)


@router.get(
    "/tiles/heat/{z}/{x}/{y}.mvt", response_class=Response, responses=TILE_MVT,
    summary="A vector tile of the contours of the density",
)  # fmt: skip
def get_heat_tile(
    z: Zoom, x: Column, y: Line, request: Request, session: Database, part: Within,
    selection: Selected, if_none_match: Known = None, accept_encoding: Accepted = "",
) -> Response:  # fmt: skip
    """Return the classes as polygons: `step` of the ramp, `lower`, and `upper` but for the last."""
    at, state = _address(z, x, y), request.app.state
    packed, how = tiles.vector_tile(state.tiles, state.surfaces, session, selection, part.asked, at)
    state.metrics.tiles.labels("heat", how).inc()
    return sent(packed, MVT, if_none_match, accept_encoding)


@router.get("/tiles/heat.json", summary="TileJSON 3.0.0 of the density")
def get_heat_tilejson(
    request: Request, session: Database, part: Within, selection: Selected,
    format: Format = "png",  # noqa: A002
) -> dict[str, object]:  # fmt: skip
    """Describe the tiles of this selection, with the bounds of the reader's area."""
    bounds = maps.bounds(session, part.asked)
    return tilejson("heat", bounds, base_url(request), format, heat_query(selection, part))


@router.get(
    "/legends/heat.json", response_model=dict[str, object], summary="The legend of the density"
)
def get_heat_legend(
    request: Request, session: Database, part: Within, selection: Selected,
    if_none_match: Known = None,
) -> Response:  # fmt: skip
    """Return the classes of this selection, the same at every zoom, with unit, n and dates."""
    return _json(_heat_legend(request, session, part, selection), if_none_match)


@router.get(
    "/legends/heat.svg", response_class=Response, responses=PICTURE_SVG,
    summary="The legend of the density as a picture",
)  # fmt: skip
def get_heat_legend_svg(
    request: Request, session: Database, part: Within, selection: Selected,
    lang: Words = "zh", if_none_match: Known = None,
) -> Response:  # fmt: skip
    """Return the same legend, drawn."""
    return _svg(_heat_legend(request, session, part, selection), lang, if_none_match)


@router.get(
    "/legends/heat.png", response_class=Response, responses=PICTURE_PNG,
    summary="The legend of the density as a picture, for where SVG is not shown",
)  # fmt: skip
def get_heat_legend_png(
    request: Request, session: Database, part: Within, selection: Selected,
    lang: Words = "zh", scale: Scale = 1, if_none_match: Known = None,
) -> Response:  # fmt: skip
    """Return the same legend, drawn in pixels."""
    return _png(_heat_legend(request, session, part, selection), lang, scale, if_none_match)


def _heat_legend(
    request: Request, session: Session, part: Part, selection: Selection
) -> dict[str, Any]:
    found = heat_map(request.app.state.surfaces, session, selection, part.asked)
    return legend_of_heat(session, found)


def _json(legend: dict[str, Any], known: str | None) -> Response:
    body = json.dumps(legend, ensure_ascii=False, separators=(",", ":")).encode()
    return sent(pack(body, compress=False), "application/json", known)


def _svg(legend: dict[str, Any], lang: Language, known: str | None) -> Response:
    return sent(pack(legend_svg(legend, lang).encode(), compress=False), SVG, known)


def _png(legend: dict[str, Any], lang: Language, scale: int, known: str | None) -> Response:
    body = svg_png(legend_svg(legend, lang), scale=scale)
    return sent(pack(body, compress=False), PNG, known)


# -- the incidents -------------------------------------------------------------------------------


@router.get(
    "/tiles/incidents/{z}/{x}/{y}.mvt", response_class=Response, responses=TILE_MVT,
    summary="A vector tile of incidents",
)  # fmt: skip
def get_incident_tile(
    z: Zoom, x: Column, y: Line, request: Request, session: Database, part: Within,
    asked: Filter, if_none_match: Known = None, accept_encoding: Accepted = "",
) -> Response:  # fmt: skip
    """Return points from zoom 12 on for who may see them; else counts of at least 10 in cells."""
    at, state = _address(z, x, y), request.app.state
    packed, how = tiles.incident_tile(state.tiles, session, asked, part.asked, at)
    state.metrics.tiles.labels("incidents", how).inc()
    return sent(packed, MVT, if_none_match, accept_encoding)


@router.get(
    "/tiles/incidents/{z}/{x}/{y}.png", response_class=Response, responses=TILE_PNG,
    summary="A picture tile of incidents",
)  # fmt: skip
def get_incident_picture(
    z: Zoom, x: Column, y: Line, request: Request, session: Database, part: Within,
    asked: Filter, scale: Scale = 1, if_none_match: Known = None,
) -> Response:  # fmt: skip
    """Return the same as a picture, in the marks of the legend."""
    at, state = _address(z, x, y), request.app.state
    packed, how = tiles.incident_picture(state.tiles, session, asked, part.asked, at, scale)
    state.metrics.tiles.labels("incidents", how).inc()
    return sent(packed, PNG, if_none_match)


@router.get("/tiles/incidents.json", summary="TileJSON 3.0.0 of incidents")
def get_incident_tilejson(
    request: Request, session: Database, part: Within, asked: Filter,
    format: Format = "mvt",  # noqa: A002
) -> dict[str, object]:  # fmt: skip
    """Describe the tiles of this filter, with the bounds of the reader's area."""
    bounds = maps.bounds(session, part.asked)
    return tilejson("incidents", bounds, base_url(request), format, incident_query(asked, part))


@router.get(
    "/legends/incidents.json", response_model=dict[str, object], summary="The legend of incidents"
)
def get_incident_legend(
    session: Database, part: Within, asked: Filter, if_none_match: Known = None
) -> Response:
    """Return the marks of alerts with their numbers in the reader's area."""
    return _json(legend_of_incidents(session, asked, part.asked), if_none_match)


@router.get(
    "/legends/incidents.svg", response_class=Response, responses=PICTURE_SVG,
    summary="The legend of incidents as a picture",
)  # fmt: skip
def get_incident_legend_svg(
    session: Database, part: Within, asked: Filter, lang: Words = "zh",
    if_none_match: Known = None,
) -> Response:  # fmt: skip
    """Return the same legend, drawn."""
    return _svg(legend_of_incidents(session, asked, part.asked), lang, if_none_match)


@router.get(
    "/legends/incidents.png", response_class=Response, responses=PICTURE_PNG,
    summary="The legend of incidents as a picture, for where SVG is not shown",
)  # fmt: skip
def get_incident_legend_png(
    session: Database, part: Within, asked: Filter, lang: Words = "zh", scale: Scale = 1,
    if_none_match: Known = None,
) -> Response:  # fmt: skip
    """Return the same legend, drawn in pixels."""
    return _png(legend_of_incidents(session, asked, part.asked), lang, scale, if_none_match)


@router.get("/styles/incidents.json", summary="A MapLibre style of incidents and their density")
def get_incident_style(
    request: Request, session: Database, part: Within, selection: Selected, lang: Words = "zh"
) -> dict[str, object]:
    """Return the style whose tiles are those of this selection."""
    query = {
        "heat": heat_query(selection, part),
        "incidents": incident_query(selection.filter, part),
    }
    bounds = maps.bounds(session, part.asked)
    return style_document("incidents", lang, base_url(request), bounds, query)
