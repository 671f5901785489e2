"""Every error is a problem in both languages, says nothing of the inside, and is safe to show."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import make_url

from api.app import create_app
from api.errors import Problem
from geo.errors import MissingCrsError

Client = Callable[[str], httpx.Client]


def check_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = Problem.model_validate(answer.json())
    assert body.status == status
    assert body.instance == answer.request.url.path
    for words in (body.title, body.title_zh, body.detail, body.detail_zh):
        assert words
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    return dict(answer.json())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/api/areas/000000", 404),
        ("GET", "/api/grids/990101001001999", 404),
        ("GET", "/api/coverage/findings/none", 404),
        ("GET", "/tiles/nothing/10/1/1.mvt", 404),
        ("GET", "/tiles/nothing.json", 404),
        ("GET", "/tiles/grids/3/9/0.mvt", 404),
        ("GET", "/styles/neon.json", 404),
        ("GET", "/legends/nothing.json", 404),
        ("GET", "/assets/nothing.js", 404),
        ("PUT", "/api/areas", 405),
        ("POST", "/api/coverage", 405),
        ("GET", "/api/coverage/findings?limit=0", 422),
        ("GET", "/api/coverage/findings?severity=grave", 422),
        ("GET", "/api/areas?level=street", 422),
        # What no text of the database can hold.
        ("GET", "/api/coverage/findings/%00", 422),
        ("GET", "/api/coverage/findings?rule=%00", 422),
        ("DELETE", "/api/coverage/accepted/%00", 422),
        ("GET", "/api/coverage/history/99999999999999999999", 422),
        ("GET", "/api/search?q=", 422),
        ("GET", "/tiles/grids/99/0/0.mvt", 422),
        ("POST", "/api/session", 422),
    ],
)
def test_an_error_is_a_problem(method: str, path: str, status: int, signed_in: Client) -> None:
    check_problem(signed_in("planner").request(method, path), status)


def test_a_validation_error_names_the_field_and_never_the_value(signed_in: Client) -> None:
    secret = {"username": "x", "password": ["hunter2"]}
    body = check_problem(signed_in("").post("/api/session", json=secret), 422)
    assert body["errors"][0]["where"] == "body.password"
    assert "hunter2" not in str(body)


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (RuntimeError("SELECT secret FROM person"), 500),
        (MissingCrsError("No CRS.", cure="Say --crs."), 422),
    ],
)
def test_an_exception_shows_no_inside(
    raised: Exception, status: int, service: Any, signed_in: Client,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr("api.areas.store.list_areas", fail)
    with caplog.at_level(logging.ERROR, "wangge"):
        body = check_problem(signed_in("planner").get("/api/areas"), status)
    assert ("secret" in caplog.text) == (status == 500)
    assert "secret" not in str(body)
    assert "Traceback" not in str(body)
    if status == 422:
        assert "Say --crs." in body["detail"]


def test_a_database_that_is_down_is_unavailable_not_broken(tmp_path: Any) -> None:
    app = create_app(url=make_url("postgresql+psycopg://x@127.0.0.1:1/none"))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            alive = await client.get("/health")
            assert alive.status_code == 200
            return await client.get("/ready")

    answer = asyncio.run(ask())
    body = check_problem(answer, 503)
    assert "127.0.0.1" not in str(body)
    assert answer.headers["retry-after"]


def test_every_answer_carries_the_security_headers(signed_in: Client) -> None:
    for path in ("/health", "/api/areas", "/api/none", "/", "/styles/coverage.json"):
        headers = signed_in("planner").get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "worker-src 'self' blob:" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


def test_metrics_name_routes_and_no_area(signed_in: Client) -> None:
    signed_in("planner").get("/api/areas/990101001001")
    text = signed_in("").get("/metrics").text
    assert 'route="/api/areas/{code}"' in text
    assert "990101001001" not in text
