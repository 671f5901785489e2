"""Signing in and out, and who am I."""

from datetime import date, timedelta

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import auth
from api.access import COOKIE, PUBLIC, Database, Oneself
from api.areas import store as areas
from api.areas.schemas import Bbox, Place
from api.auth import Reader, Role
from api.coverage.store import settings as stored_settings
from api.db import session_scope
from api.errors import PROBLEMS, NotSignedInError
from api.maps.routes import scope_of
from api.maps.store import bounds

router = APIRouter(prefix="/api/session", tags=["session"], responses={**PROBLEMS})


class Credentials(BaseModel):
    """What is typed to sign in."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"username": "planner", "password": "…"}}
    )

    username: str = Field(min_length=1, max_length=100)
    # Argon2 takes any length; the limit keeps a megabyte from being hashed.
    password: str = Field(min_length=1, max_length=200)


class Me(BaseModel):
    """Who is signed in, what he may see, and what the page must say about the data."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "username": "party-officer",
                "role": "party_officer",
                "area": {
                    "code": "990101101001",
                    "name": "柳河村",
                    "name_en": "Liuhe",
                    "level": "village",
                },
                "grid_code": None,
                "breadcrumb": [
                    {"code": "990101", "name": "澜禾县", "name_en": "Lanhe", "level": "county"}
                ],
                "bbox": [115.1, 33.5, 115.12, 33.52],
                "sees_households": True,
                "may_check": False,
                "synthetic": True,
                "reference_date": "2026-01-01",
            }
        }
    )

    username: str
    role: Role
    area: Place | None = Field(description="The area he may see; the county where he has none")
    grid_code: str | None
    breadcrumb: list[Place] = Field(description="What his area lies in, from the county down")
    bbox: Bbox
    sees_households: bool = Field(description="Whether single households are shown to him")
    may_check: bool = Field(description="Whether he may start a check")
    synthetic: bool = Field(description="Whether the county is invented (合成数据)")
    reference_date: date | None = Field(description="The sample's today; null: the real one")


def _me(reader: Reader, session: Database) -> Me:
    scope = scope_of(reader)
    place = areas.find_place(session, reader.area_code)
    settings = stored_settings(session)
    county_planner = reader.role in ("administrator", "planner") and not reader.prefix
    above = areas.ancestors(session, place.code) if place else []
    return Me(
        username=reader.username,
        role=reader.role,
        area=place and Place(**place._mapping),
        grid_code=reader.grid_code,
        breadcrumb=[Place(**each._mapping) for each in above],
        bbox=bounds(session, scope),
        sees_households=reader.sees_households,
        may_check=county_planner,
        synthetic=bool(settings.get("synthetic", False)),
        reference_date=settings.get("reference_date"),
    )


@router.post("", summary="Sign in", dependencies=[Depends(PUBLIC)], openapi_extra={"security": []})
def post_session(body: Credentials, request: Request, response: Response) -> Me:
    """Open a session; the cookie that names it is for this host only, and not for scripts."""
    address = request.client.host if request.client else "unknown"
    state = request.app.state
    lifetime = timedelta(hours=state.settings.session_hours)
    # A transaction of its own: a failed attempt is remembered though the answer is an error.
    with session_scope(state.engine) as session:
        token = auth.sign_in(session, body.username, body.password, address, lifetime)
    if token is None:
        raise NotSignedInError("The name or the password is wrong.", "用户名或密码不正确。")
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(lifetime.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    with session_scope(state.engine) as session:
        return _me(auth.find_reader(session, token), session)


@router.get("", summary="Who am I")
def get_session(reader: Oneself, session: Database) -> Me:
    """Return the signed-in account, its area, and whether the data are invented."""
    return _me(reader, session)


@router.delete("", status_code=204, summary="Sign out")
def delete_session(
    request: Request, response: Response, reader: Oneself, session: Database
) -> None:
    """End the session at once; a copy of its cookie is worth nothing afterwards."""
    auth.sign_out(session, reader, request.cookies[COOKIE])
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
