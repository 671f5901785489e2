"""The party-member household map: an area's, one household's card, and the villages to choose."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request, Response

from api import audit
from api.access import Database, access
from api.auth import SENSITIVE, SENSITIVE_ONLY, Reader
from api.errors import NOT_FOUND, PROBLEMS
from api.maps.routes import scope_of, sent
from api.maps.store import layer_version
from api.members import service, store
from api.members.schemas import Card, MemberMap, Villages

router = APIRouter(prefix="/api/members", tags=["members"], responses={**PROBLEMS})

JSON = "application/json"
# A leader works with counts; who plans or audits has no business with any of it.
COUNTED = (*SENSITIVE, "leader")
InArea = Annotated[Reader, Depends(access(*COUNTED, reach="rows", refusal=SENSITIVE_ONLY))]
AtPath = Annotated[Reader, Depends(access(*COUNTED, reach="path", refusal=SENSITIVE_ONLY))]
Keeper = Annotated[Reader, Depends(access(*SENSITIVE, reach="path", refusal=SENSITIVE_ONLY))]
AreaCode = Annotated[str, Path(description="A village or a grid", examples=["990101101001"])]


@router.get(
    "",
    response_class=Response,
    responses={200: {"model": Villages}},
    summary="Villages that have a map of member households",
)
def list_villages(
    reader: InArea,
    request: Request,
    session: Database,
    if_none_match: Annotated[str | None, Header()] = None,
    accept_encoding: Annotated[str, Header()] = "",
) -> Response:
    """List the villages of the reader's area with the numbers that he may be told."""
    scope = scope_of(reader)
    key = ("member villages", layer_version(session, "members"), scope)

    def make() -> bytes:
        built = service.list_villages(session, scope)
        return built.model_dump_json(exclude_none=True).encode()

    packed, _ = request.app.state.tiles.get(key, make)
    return sent(packed, JSON, if_none_match, accept_encoding)


@router.get(
    "/{code}",
    response_class=Response,
    responses={200: {"model": MemberMap}, **NOT_FOUND},
    summary="The party-member household map of a village or a grid",
)
def get_map(
    code: AreaCode,
    reader: AtPath,
    request: Request,
    session: Database,
    if_none_match: Annotated[str | None, Header()] = None,
    accept_encoding: Annotated[str, Header()] = "",
) -> Response:
    """Return numbers, branches, members and households; to a leader the numbers, none below k.

    Who was shown single households, of which area and when, is kept in the log.
    """
    scope = replace(scope_of(reader), prefix=code)
    said = (store.limits(session, scope), store.stated(session))
    key = ("member map", layer_version(session, "members"), said, scope)

    def make() -> bytes:
        built = service.member_map(session, scope)
        return built.model_dump_json(exclude_defaults=True).encode()

    packed, _ = request.app.state.tiles.get(key, make)
    if scope.sensitive:
        audit.record(session, reader.username, audit.MEMBERS_READ, target=f"area {code}")
    return sent(packed, JSON, if_none_match, accept_encoding)


@router.get("/{code}/households/{household}", summary="A household's card", responses={**NOT_FOUND})
def get_card(
    code: AreaCode,
    household: Annotated[str, Path(examples=["99010110100100007"])],
    reader: Keeper,
    session: Database,
) -> Card:
    """Return who lives there, what is needed, who keeps contact, and when it was last visited.

    Names are masked; `POST /api/people/{person}/reveal` shows one for a reason.
    """
    scope = replace(scope_of(reader), prefix=code)
    audit.record(session, reader.username, audit.MEMBERS_READ, target=f"household {household}")
    return service.household_card(session, scope, household)
