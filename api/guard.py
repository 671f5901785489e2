"""What stands before every request: security headers, and a refusal of forged ones.

Both are plain ASGI, so that they cost nothing and hold for static files and errors alike.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import NotAllowedError, problem

# Nothing comes from another host. MapLibre runs its worker from a blob, and draws its symbols
# and the style sheet's own icons from data and blob addresses.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), geolocation=(self)",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SecurityHeaders:
    """Put the security headers on every answer that does not bring its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                # A shared cache must never keep what a signed-in reader was told.
                headers.setdefault("Cache-Control", "private, no-store")
            await send(message)

        await self.app(scope, receive, add if scope["type"] == "http" else send)


def is_forged(method: str, headers: Headers) -> bool:
    """Tell whether another site's page made the browser send this request.

    The rule of Go's ``CrossOriginProtection`` (Valsorda 2025): a safe method changes nothing;
    ``Sec-Fetch-Site`` is decisive where a browser sends it; else ``Origin`` must name this host;
    a request with neither comes from no browser and carries no borrowed cookie.

    Parameters
    ----------
    method
        The HTTP method, upper case.
    headers
        The request's headers.

    Examples
    --------
    >>> is_forged("POST", Headers({"host": "a", "origin": "https://b"}))
    True
    >>> is_forged("POST", Headers({"host": "a:8000", "origin": "http://a:8000"}))
    False
    """
    if method in SAFE_METHODS:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


class SameOrigin:
    """Refuse an unsafe request that another site's page made."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        app = self.app
        if scope["type"] == "http" and is_forged(scope["method"], Headers(scope=scope)):
            error = NotAllowedError(
                "This request came from a page of another site.", "该请求来自其他网站的页面。"
            )
            app = problem(error, scope["path"])
        await app(scope, receive, send)
