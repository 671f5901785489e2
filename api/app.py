"""The service: one application of routes, guards and the browser app's files."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse
from pydantic import BaseModel
from sqlalchemy import URL, select
from starlette.middleware.gzip import GZipMiddleware

from api import session
from api.accepted import routes as accepted
from api.access import PUBLIC
from api.areas import routes as areas
from api.coverage import routes as coverage
from api.db import database_url, engine, is_at_head
from api.docs import routes as docs
from api.errors import NotFoundError, install_errors
from api.exports import routes as exports
from api.finished import routes as finished
from api.guard import SameOrigin, SecurityHeaders
from api.households import routes as households
from api.imports import routes as imports
from api.incidents import map_routes as incident_maps
from api.incidents import routes as incidents
from api.incidents.service import surfaces
from api.jobs import routes as jobs
from api.locate import routes as locate
from api.maps import routes as maps
from api.maps.cache import TileCache
from api.members import routes as members
from api.metrics import CONTENT_TYPE, Measured, Metrics
from api.openapi import describe
from api.people import routes as people
from api.rules import routes as rules
from api.settings import Settings
from api.settings import settings as own_settings
from api.worklist import routes as worklist

WEB = Path(__file__).parent / "web" / "dist"
NOT_BUILT = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>wangge 网格</title>
<h1>页面尚未构建 · The browser app is not built</h1>
<p>请运行 <code>make web</code>，然后刷新。Run <code>make web</code>, then reload.</p></html>"""
DESCRIPTION = """A county divided into grids, checked for blind spots. Times are RFC 3339, \
coordinates longitude and latitude, errors RFC 9457 problems. Sign in with `POST /api/session`; \
what an account may see ends at its area."""


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"
    version: str


class Readiness(BaseModel):
    """Whether the service can do its work."""

    ready: bool
    migrated: bool


def create_app(settings: Settings | None = None, *, url: URL | None = None) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    settings
        The process's own, unless a test brings others.
    url
        The database; null: the county's, as the settings say.
    """
    settings = settings or own_settings()
    app = FastAPI(
        title="wangge 网格",
        version=version("wangge"),
        description=DESCRIPTION,
        # Served by a route of our own, for every route declares who may call it; and the page
        # that FastAPI would show loads its scripts from another host.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.engine = engine(url or database_url())
    app.state.metrics = Metrics()
    app.state.tiles = TileCache(settings.tile_cache_mb * 1024 * 1024)
    app.state.surfaces = surfaces(settings.surface_cache_mb * 1024 * 1024)
    _guard(app)
    for module in (
        session, coverage, accepted, rules, areas, locate, people, households, members, incidents,
        incident_maps, maps, finished, worklist, imports, exports, jobs, docs,
    ):  # fmt: skip
        app.include_router(module.router)
    _own_routes(app)
    return app


def _guard(app: FastAPI) -> None:
    """Put the middleware on; the last one added stands outermost."""
    install_errors(app)
    app.add_middleware(SameOrigin)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Measured, metrics=app.state.metrics)


def _own_routes(app: FastAPI) -> None:
    """Add the routes that need no account."""
    not_ready: dict[int | str, dict[str, Any]] = {
        503: {"model": Readiness, "description": "Not ready"}
    }
    open_to_all: dict[str, Any] = {
        "dependencies": [Depends(PUBLIC)],
        "openapi_extra": {"security": []},
        "tags": ["service"],
    }
    app.get("/health", summary="Liveness", **open_to_all)(get_health)
    app.get("/ready", summary="Readiness", responses=not_ready, **open_to_all)(get_ready)
    app.get(
        "/metrics", summary="Prometheus metrics", response_class=PlainTextResponse, **open_to_all
    )(get_metrics)
    app.get("/openapi.json", include_in_schema=False, **open_to_all)(get_openapi)
    # Last: whatever no route has taken is a file of the browser app, or one of its pages.
    page = app.api_route(
        "/{path:path}", methods=["GET", "HEAD"], include_in_schema=False, **open_to_all
    )
    page(get_page)


def get_health() -> Health:
    """Say that the process answers, whatever the database does."""
    return Health(version=version("wangge"))


def get_ready(request: Request, response: Response) -> Readiness:
    """Say whether the database answers and has every migration."""
    with request.app.state.engine.connect() as connection:
        connection.execute(select(1))
        migrated = is_at_head(connection)
    response.status_code = 200 if migrated else 503
    return Readiness(ready=migrated, migrated=migrated)


def get_metrics(request: Request) -> Response:
    """Return counters by route; nothing of the county is in them."""
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE)


def get_openapi(request: Request) -> JSONResponse:
    """Return the description of this service."""
    return JSONResponse(describe(request.app))


def get_page(path: str) -> Response:
    """Return a file of the browser app; a path without an ending is one of its pages."""
    index = WEB / "index.html"
    if not index.is_file():
        if path == "":
            return HTMLResponse(NOT_BUILT, 503)
        raise NotFoundError("There is nothing at this address.", "此地址没有内容。")
    wanted = (WEB / path).resolve()
    if path and wanted.is_file() and wanted.is_relative_to(WEB.resolve()):
        # Names in assets/ carry their content's hash, so they never change.
        fixed = path.startswith("assets/")
        age = "public, max-age=31536000, immutable" if fixed else "no-cache"
        return FileResponse(wanted, headers={"Cache-Control": age})
    if Path(path).suffix or path.split("/")[0] in {"api", "tiles", "styles", "legends"}:
        raise NotFoundError("There is nothing at this address.", "此地址没有内容。")
    return FileResponse(index, headers={"Cache-Control": "no-cache"})
