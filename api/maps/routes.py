"""Tiles, their descriptions, styles and legends."""

from collections.abc import Container
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response

from api.access import Database, EveryoneInArea
from api.auth import SENSITIVE_ONLY, Reader
from api.errors import NOT_FOUND, PROBLEMS, NotAllowedError, NotFoundError
from api.maps import pictures, store
from api.maps.cache import Tile as PackedTile
from layers.catalog import CATALOG, TileFormat, tilejson
from layers.legend import LEGENDS, legend
from layers.legend_svg import legend_svg
from layers.map_style import STYLES, Language, style_document
from layers.svg_png import svg_png
from layers.tiles import Scope, Tile

router = APIRouter(tags=["maps"], responses={**PROBLEMS, **NOT_FOUND})

SVG, PNG = "image/svg+xml", "image/png"
MVT = "application/vnd.mapbox-vector-tile"
# What a reader may see is his own business, and may change at any time: ask again, and be told
# "unchanged" by the tag.
CACHING = "private, no-cache"

LayerName = Annotated[str, Path(description="A layer", examples=["grids"])]
Zoom = Annotated[int, Path(ge=0, le=22, examples=[10])]
Column = Annotated[int, Path(ge=0, examples=[839])]
Line = Annotated[int, Path(ge=0, examples=[410])]
Scale = Annotated[int, Query(ge=1, le=2, description="2 for a screen of double density")]
Words = Annotated[Language, Query(description="The language of the words")]


def scope_of(reader: Reader) -> Scope:
    """Return what a reader's role and area let him see."""
    return Scope(reader.prefix, reader.sees_households, reader.sees_members)


def base_url(request: Request) -> str:
    """Return the address that the reader used, without a slash at the end."""
    return str(request.base_url).rstrip("/")


def _no(kind: str, kind_zh: str, name: str) -> NotFoundError:
    return NotFoundError(f"There is no {kind} {name}.", f"没有{kind_zh} {name}。")


@router.get(
    "/tiles/{layer}/{z}/{x}/{y}.mvt",
    response_class=Response,
    responses={200: {"content": {MVT: {}}, "description": "The tile; empty where nothing is"}},
    summary="A vector tile",
)
def get_tile(
    layer: LayerName,
    z: Zoom,
    x: Column,
    y: Line,
    request: Request,
    reader: EveryoneInArea,
    session: Database,
    if_none_match: Annotated[str | None, Header()] = None,
    accept_encoding: Annotated[str, Header()] = "",
) -> Response:
    """Return one tile of the reader's area, compressed, with a strong tag."""
    at, state = _address(layer, z, x, y, CATALOG), request.app.state
    _hold_back(layer, reader)
    packed, how = store.tile(state.tiles, session, layer, at, scope_of(reader))
    state.metrics.tiles.labels(layer, how).inc()
    return sent(packed, MVT, if_none_match, accept_encoding)


@router.get(
    "/tiles/{layer}/{z}/{x}/{y}.png",
    response_class=Response,
    responses={200: {"content": {PNG: {}}, "description": "The tile; clear where nothing is"}},
    summary="A picture tile",
)
def get_picture_tile(
    layer: LayerName,
    z: Zoom,
    x: Column,
    y: Line,
    request: Request,
    reader: EveryoneInArea,
    session: Database,
    scale: Scale = 1,
    lang: Words = "zh",
    only: Annotated[str, Query(description="Of a whole map: its layers, with commas")] = "",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Return a layer's tile as 256 pixels (512 with `scale=2`) on a transparent ground.

    A style's name instead of a layer's (`coverage`, `plain`) gives the whole map as one picture.
    """
    at, state = _address(layer, z, x, y, pictures.MAKERS), request.app.state
    _hold_back(layer, reader)
    wanted = frozenset(only.split(",")) if only else None
    for name in (wanted or frozenset()) - CATALOG.keys():
        raise _no("layer", "图层", name)
    asked = pictures.Asked(layer, at, scope_of(reader), scale, lang, wanted)
    packed, how = pictures.tile(state.tiles, session, asked)
    state.metrics.tiles.labels(layer, how).inc()
    return sent(packed, PNG, if_none_match)


def _address(layer: str, z: int, x: int, y: int, known: Container[str]) -> Tile:
    """Return the tile that an address names.

    Raises
    ------
    NotFoundError
        If there is no such layer, or no such tile.
    """
    at = Tile(z, x, y)
    if layer not in known:
        raise _no("layer", "图层", layer)
    if not at.exists():
        raise _no("tile", "瓦片", f"{z}/{x}/{y}")
    return at


def _hold_back(layer: str, reader: Reader) -> None:
    """Refuse a layer of which this reader may see nothing."""
    if layer in CATALOG and CATALOG[layer].is_sensitive and not reader.sees_members:
        raise NotAllowedError(*SENSITIVE_ONLY)


def sent(packed: PackedTile, kind: str, known: str | None, accepted: str = "") -> Response:
    """Send what is kept compressed, or say that the reader's copy is still right."""
    body, etag, encoding = packed.sent("gzip" in accepted)
    headers = {"ETag": etag, "Cache-Control": CACHING, "Vary": "Cookie, Accept-Encoding"}
    if known is not None and etag in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=kind, headers={**headers, **encoding})


@router.get(
    "/sketches/coverage.svg",
    response_class=Response,
    responses={200: {"content": {SVG: {}}, "description": "The picture"}},
    summary="The reader's area as one small picture",
)
def get_sketch(
    request: Request,
    reader: EveryoneInArea,
    session: Database,
    width: Annotated[int, Query(ge=100, le=4096, description="Pixels")] = 800,
    lang: Annotated[Language, Query(description="The language of names")] = "zh",
    if_none_match: Annotated[str | None, Header()] = None,
    accept_encoding: Annotated[str, Header()] = "",
) -> Response:
    """Return borders, kinds and errors drawn in EPSG:3857; its edges are the area's bounds."""
    packed = store.sketch(request.app.state.tiles, session, scope_of(reader), width, lang)
    return sent(packed, SVG, if_none_match, accept_encoding)


@router.get("/tiles/{layer}.json", summary="TileJSON 3.0.0 of a layer")
def get_tilejson(
    layer: LayerName,
    request: Request,
    reader: EveryoneInArea,
    session: Database,
    format: Annotated[TileFormat, Query(description="Vector tiles or pictures")] = "mvt",  # noqa: A002
) -> dict[str, object]:
    """Describe a layer's tiles, with the bounds of the reader's area."""
    if layer not in CATALOG:
        raise _no("layer", "图层", layer)
    _hold_back(layer, reader)
    return tilejson(layer, store.bounds(session, scope_of(reader)), base_url(request), format)


@router.get("/styles/{name}.json", summary="A MapLibre style")
def get_style(
    name: Annotated[str, Path(examples=["coverage"])],
    request: Request,
    reader: EveryoneInArea,
    session: Database,
    lang: Annotated[Language, Query(description="The language of labels")] = "zh",
) -> dict[str, object]:
    """Return `coverage`, `members` or `plain`; symbols stand in `metadata["wangge:images"]`."""
    if name not in STYLES:
        raise _no("style", "样式", name)
    return style_document(name, lang, base_url(request), store.bounds(session, scope_of(reader)))


@router.get("/legends/{layer}.json", summary="A layer's legend")
def get_legend(layer: LayerName, reader: EveryoneInArea, session: Database) -> dict[str, object]:
    """Return a legend with its unit, its counts in the reader's area, and their day."""
    if layer not in LEGENDS:
        raise _no("legend", "图例", layer)
    return legend(layer, *store.legend_counts(session, layer, scope_of(reader)))


@router.get(
    "/legends/{layer}.svg",
    response_class=Response,
    responses={200: {"content": {SVG: {}}, "description": "The picture"}},
    summary="A layer's legend as a picture",
)
def get_legend_svg(
    layer: LayerName,
    reader: EveryoneInArea,
    session: Database,
    lang: Annotated[Language, Query(description="The language of the words")] = "zh",
) -> Response:
    """Return the same legend, drawn."""
    return Response(legend_svg(get_legend(layer, reader, session), lang), media_type=SVG)


@router.get(
    "/legends/{layer}.png",
    response_class=Response,
    responses={200: {"content": {PNG: {}}, "description": "The picture"}},
    summary="A layer's legend as a picture, for where SVG is not shown",
)
def get_legend_png(
    layer: LayerName,
    reader: EveryoneInArea,
    session: Database,
    lang: Words = "zh",
    scale: Scale = 1,
) -> Response:
    """Return the same legend, drawn in pixels."""
    drawn = legend_svg(get_legend(layer, reader, session), lang)
    return Response(svg_png(drawn, scale=scale), media_type=PNG)
