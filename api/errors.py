"""Errors as the outside sees them: the one place where an exception becomes an HTTP status.

Every error leaves as an RFC 9457 problem (``application/problem+json``) in both languages. A
5xx says nothing of the inside and is the only kind that is logged with its traceback.

::

    ApiError
    ├── InvalidRequestError    400  the request makes no sense
    ├── NotSignedInError       401  nobody is signed in
    ├── NotAllowedError        403  not this role, not this area, not from that page
    ├── NotFoundError          404
    ├── ConflictError          409  it is being done already, or was
    │   └── BusyError               another is at it; whoever can wait may ask again
    ├── UnfitError             422  well formed, but not a value that will do
    └── ThrottledError         429  too many attempts; Retry-After
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geo.errors import GeoError
from layers.transfer.errors import NO_ROOM

log = logging.getLogger("wangge")

MEDIA_TYPE = "application/problem+json"


class ApiError(Exception):
    """An error with a status; ``detail`` and ``detail_zh`` say what and what to do."""

    status: int = HTTPStatus.BAD_REQUEST

    def __init__(
        self, detail: str, detail_zh: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.detail_zh = detail_zh
        self.headers = dict(headers or {})


class InvalidRequestError(ApiError):
    """The request makes no sense."""

    status = HTTPStatus.BAD_REQUEST


class NotSignedInError(ApiError):
    """Nobody is signed in, or no longer."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(
        self, detail: str = "Please sign in first.", detail_zh: str = "请先登录。"
    ) -> None:
        # RFC 9110 wants a challenge with every 401; the cookie has no registered scheme.
        super().__init__(detail, detail_zh, headers={"WWW-Authenticate": "Cookie"})


class NotAllowedError(ApiError):
    """Not this role, not this area, or not from that page."""

    status = HTTPStatus.FORBIDDEN


class NotFoundError(ApiError):
    """There is no such thing, or none that this reader may see."""

    status = HTTPStatus.NOT_FOUND


class ConflictError(ApiError):
    """It is being done already."""

    status = HTTPStatus.CONFLICT


class BusyError(ConflictError):
    """Another is at it, and will be done: whoever can wait may ask again."""


class UnfitError(ApiError):
    """Well formed, but not a value that will do."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class ThrottledError(ApiError):
    """Too many attempts."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"Too many failed attempts; try again in {seconds} seconds.",
            f"失败次数过多，请在 {seconds} 秒后再试。",
            headers={"Retry-After": str(seconds)},
        )


class Problem(BaseModel):
    """The body of every error (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not Found",
                "title_zh": "没有找到",
                "status": 404,
                "detail": "There is no area 990101999.",
                "detail_zh": "没有区划 990101999。",
                "instance": "/api/areas/990101999",
            }
        }
    )

    type: str = "about:blank"
    title: str
    title_zh: str
    status: int
    detail: str
    detail_zh: str
    instance: str
    errors: list[dict[str, str]] | None = None


_TITLES_ZH: Mapping[int, str] = {
    400: "请求有误",
    401: "尚未登录",
    403: "没有权限",
    404: "没有找到",
    405: "方法不支持",
    409: "操作冲突",
    413: "内容过大",
    415: "格式不支持",
    422: "数据不合要求",
    429: "请求过于频繁",
    500: "服务出错",
    503: "服务暂不可用",
    507: "空间不足",
}
_WORDS: Mapping[int, tuple[str, str]] = {
    404: ("There is nothing at this address.", "此地址没有内容。"),
    405: ("This address does not take that method.", "此地址不支持该方法。"),
    500: (
        "The service failed; the failure is logged. Try again, then tell the administrator.",
        "服务内部出错，已记录。请重试，仍有问题请告知管理员。",
    ),
    503: (
        "The database cannot be reached; try again in a moment.",
        "数据库暂时无法连接，请稍后再试。",
    ),
    507: (
        "The disk is full; nothing was changed. Make room, then try again.",
        "磁盘空间已满，没有改动任何数据。请腾出空间后再试。",
    ),
}

DISK_FULL = "53100"  # PostgreSQL's word for it
# The first class that fits decides: children stand before their parents.
_STATUS: Sequence[tuple[type[Exception], int]] = (
    (GeoError, 422),
    (OperationalError, 503),
    (InterfaceError, 503),
    (PoolTimeoutError, 503),
)


def is_disk_full(error: BaseException) -> bool:
    """Tell whether there was no room: on our own disk, or on the database's."""
    if isinstance(error, DBAPIError):
        return getattr(error.orig, "sqlstate", None) == DISK_FULL
    return isinstance(error, OSError) and error.errno in NO_ROOM


def is_unstorable(error: BaseException) -> bool:
    """Tell whether a text holds what no PostgreSQL text can: the driver refuses a NUL itself."""
    return isinstance(error, DataError) and getattr(error.orig, "sqlstate", None) is None


def status_of(error: Exception) -> int:
    """Return the HTTP status of an exception; 500 where none is known."""
    if is_disk_full(error):
        return int(HTTPStatus.INSUFFICIENT_STORAGE)
    if isinstance(error, ApiError):
        return int(error.status)
    if isinstance(error, HTTPException):
        return error.status_code
    if isinstance(error, RequestValidationError) or is_unstorable(error):
        return 422
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def details_of(error: Exception) -> tuple[int, str, str]:
    """Return an exception's status, and its words in English and in Chinese."""
    status = status_of(error)
    return status, *_details(error, status)


def _details(error: Exception, status: int) -> tuple[str, str]:
    if isinstance(error, ApiError):
        return error.detail, error.detail_zh
    if status in _WORDS:
        return _WORDS[status]
    if isinstance(error, GeoError):
        return str(error), error.words_zh
    if isinstance(error, RequestValidationError) or is_unstorable(error):
        return "A parameter or the body is not as described.", "参数或内容不合要求。"
    if isinstance(error, HTTPException):
        return str(error.detail), str(error.detail)
    return _WORDS[500]


def _faults(error: Exception) -> list[dict[str, str]] | None:
    if not isinstance(error, RequestValidationError):
        return None
    # The offending value itself is left out: it may be a password.
    return [
        {"where": ".".join(str(part) for part in fault["loc"]), "what": str(fault["msg"])}
        for fault in error.errors()
    ]


def problem(error: Exception, path: str) -> JSONResponse:
    """Turn any exception into a problem response.

    Parameters
    ----------
    error
        What was raised.
    path
        The path asked for, which becomes ``instance``.
    """
    status, detail, detail_zh = details_of(error)
    body = Problem(
        title=HTTPStatus(status).phrase,
        title_zh=_TITLES_ZH.get(status, "出错"),
        status=status,
        detail=detail,
        detail_zh=detail_zh,
        instance=path,
        errors=_faults(error),
    )
    headers = dict(getattr(error, "headers", None) or {})
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", "5")
    return JSONResponse(
        body.model_dump(exclude_none=True), status, headers=headers, media_type=MEDIA_TYPE
    )


def _handle(request: Request, error: Exception) -> JSONResponse:
    response = problem(error, request.url.path)
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return response


def install_errors(app: FastAPI) -> None:
    """Let every error of ``app`` leave as a problem."""
    for kind in (ApiError, HTTPException, RequestValidationError, *(kind for kind, _ in _STATUS)):
        app.add_exception_handler(kind, _handle)
    app.add_middleware(_LastResort)


class _LastResort:
    """Answer what nothing else answered.

    Starlette's own last resort stands outside every middleware, so that its 500 would leave
    without the security headers, and raises again, so that the server logs the same twice.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except ClientDisconnect:
            return  # whoever asked has gone: there is nobody to answer, and nothing has failed
        except Exception as error:
            response = _handle(Request(scope), error)
            if started:  # half an answer cannot be taken back
                raise
            await response(scope, receive, send)


PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {"model": Problem, "description": words, "content": {MEDIA_TYPE: {}}}
    for status, words in (
        (401, "Nobody is signed in"),
        (403, "Not this role or not this area"),
        (422, "A parameter is not as described"),
    )
}
NOT_FOUND: dict[int | str, dict[str, object]] = {
    404: {"model": Problem, "description": "No such thing", "content": {MEDIA_TYPE: {}}}
}
CONFLICT: dict[int | str, dict[str, object]] = {
    409: {"model": Problem, "description": "Being done already", "content": {MEDIA_TYPE: {}}}
}
