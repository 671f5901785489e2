"""What monitoring reads: requests by route, tiles by cache, in the format of Prometheus."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Metrics:
    """The counters of one application; each has a registry of its own, so that tests do too."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "wangge_request_seconds",
            "Time to answer, by route",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.tiles = Counter(
            "wangge_tiles",
            "Tiles served, by layer and by how the cache answered",
            ("layer", "cache"),
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Return the counters as Prometheus reads them."""
        return generate_latest(self.registry)


class Measured:
    """Time each request. The label is the route's pattern: a path would name a person's area."""

    def __init__(
        self, app: ASGIApp, metrics: Metrics, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.app, self.metrics, self.clock = app, metrics, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = self.clock(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            self.metrics.seconds.labels(scope["method"], route, status).observe(
                self.clock() - started
            )
