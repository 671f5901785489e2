"""A county without anything in it yet: every page has an answer, and says that there is nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from sqlalchemy import URL

from api.app import create_app
from api.auth import create_account
from api.db import engine, session_scope
from api.maps.shapes import build_shapes

PASSWORD = "correct horse"


@asynccontextmanager
async def signed_in(url: URL) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(url=url), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        body = {"username": "first", "password": PASSWORD}
        assert (await client.post("/api/session", json=body)).status_code == 200
        yield client


def test_an_empty_county_has_answers(database: URL) -> None:
    with session_scope(engine(database)) as session:
        create_account(session, "first", PASSWORD, "administrator")
    assert build_shapes(engine(database)) == 0

    async def ask() -> dict[str, httpx.Response]:
        async with signed_in(database) as client:
            paths = (
                "/ready", "/api/session", "/api/coverage", "/api/coverage/findings", "/api/areas",
                "/api/search?q=a", "/tiles/grids.json", "/tiles/households/8/209/102.mvt",
                "/tiles/findings/8/209/102.mvt", "/legends/findings.json", "/legends/grids.svg",
            )  # fmt: skip
            return {path: await client.get(path) for path in paths} | {
                "check": await client.post("/api/coverage/check")
            }

    answers = asyncio.run(ask())
    check = answers.pop("check")
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(
        answers, 200
    )
    verdict = answers["/api/coverage"].json()
    assert verdict["check"] is None
    assert verdict["summary"] is None
    assert verdict["synthetic"] is False
    assert answers["/api/session"].json()["area"] is None
    assert answers["/tiles/grids.json"].json()["bounds"] == [-180.0, -85.0, 180.0, 85.0]
    assert answers["/tiles/findings/8/209/102.mvt"].content == b""
    # Nothing to check is the reader's matter, not a failure of the service.
    assert check.status_code == 422
    assert check.headers["content-type"] == "application/problem+json"
