"""Signing in: the right password, the wrong one, too many of them, and another site's page."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import typer
from sqlalchemy import func, select, text, update

from api import auth
from api.auth import ACCOUNT_FAILURES, ROLES, create_account, find_reader, is_password
from api.commands.serve import refuse_open_door
from api.db import session_scope
from api.errors import NotAllowedError, NotSignedInError
from layers.tables import account, audit_entry, login_session

Client = Callable[[str], httpx.Client]
PASSWORD = "correct horse"


@pytest.fixture
def member(service: Any) -> str:
    """A fresh account, so that failures of one test do not throttle another's."""
    with session_scope(service.engine) as session:
        number = session.scalar(select(func.count()).select_from(account))
        create_account(session, f"member-{number}", PASSWORD, "planner")
    return f"member-{number}"


def sign_in(client: httpx.Client, username: str, password: str) -> httpx.Response:
    return client.post("/api/session", json={"username": username, "password": password})


def test_one_sample_account_a_role(service: Any) -> None:
    assert set(service.passwords) == set(ROLES)
    assert len({password for _, password in service.passwords.values()}) == len(ROLES)
    with session_scope(service.engine) as session:
        rows = session.execute(select(account).where(account.c.is_sample)).all()
    assert {row.role for row in rows} == set(ROLES)
    assert all(row.password_hash.startswith("$argon2id$") for row in rows)


def test_the_cookie_is_for_this_host_and_not_for_scripts(service: Any, member: str) -> None:
    with service.anonymous() as client:
        answer = sign_in(client, member, PASSWORD)
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("wangge_session=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "domain" not in cookie
    assert answer.json()["role"] == "planner"
    assert answer.json()["synthetic"] is True


def test_the_database_keeps_neither_password_nor_token(service: Any, member: str) -> None:
    with service.anonymous() as client:
        sign_in(client, member, PASSWORD)
        token = client.cookies["wangge_session"]
    with session_scope(service.engine) as session:
        kept = session.scalar(select(func.string_agg(text("login_session::text"), " ")).select_from(
            login_session))  # fmt: skip
        accounts = session.scalar(select(func.string_agg(text("account::text"), " ")).select_from(
            account))  # fmt: skip
    assert token not in kept
    assert PASSWORD not in accounts


def test_signing_out_ends_a_copied_cookie_too(service: Any, member: str) -> None:
    with service.anonymous() as client, service.anonymous() as thief:
        sign_in(client, member, PASSWORD)
        thief.cookies = httpx.Cookies(client.cookies)
        assert thief.get("/api/session").status_code == 200
        assert client.delete("/api/session").status_code == 204
        assert thief.get("/api/session").status_code == 401
        assert client.get("/api/session").status_code == 401


@pytest.mark.parametrize("change", ["disabled_at", "expires_at"])
def test_a_disabled_account_or_an_old_session_is_refused_at_once(
    change: str, service: Any, member: str
) -> None:
    with service.anonymous() as client:
        sign_in(client, member, PASSWORD)
        with session_scope(service.engine) as session:
            number = session.scalar(select(account.c.id).where(account.c.username == member))
            if change == "disabled_at":
                session.execute(
                    update(account).where(account.c.id == number).values(disabled_at=func.now())
                )
            else:
                own = login_session.c.account_id == number
                session.execute(update(login_session).where(own).values(expires_at=func.now()))
        assert client.get("/api/session").status_code == 401
        if change == "disabled_at":
            assert sign_in(client, member, PASSWORD).status_code == 401


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    service: Any, member: str
) -> None:
    with service.anonymous() as client:
        wrong = sign_in(client, member, "wrong")
        nobody = sign_in(client, "nobody-at-all", "wrong")
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.json() == nobody.json()
    assert "set-cookie" not in wrong.headers


def test_an_unknown_name_costs_a_hash_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        auth, "_hasher", type("Spy", (), {"verify": lambda _, kept, given: seen.append(kept)})()
    )
    assert is_password("anything", None) is False
    assert seen == [auth._NOBODY]


def test_after_five_failures_even_the_right_password_waits(service: Any, member: str) -> None:
    with service.anonymous() as client:
        for _ in range(ACCOUNT_FAILURES):
            assert sign_in(client, member, "wrong").status_code == 401
        answer = sign_in(client, member, PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_success_clears_the_count(service: Any, member: str) -> None:
    with service.anonymous() as client:
        for _ in range(2):
            for _ in range(ACCOUNT_FAILURES - 1):
                sign_in(client, member, "wrong")
            assert sign_in(client, member, PASSWORD).status_code == 200


def test_sign_ins_are_in_the_log_without_the_password(service: Any, member: str) -> None:
    with service.anonymous() as client:
        sign_in(client, member, "wrong")
        sign_in(client, member, PASSWORD)
        client.delete("/api/session")
    with session_scope(service.engine) as session:
        rows = session.execute(
            select(audit_entry).where(audit_entry.c.account == member).order_by(audit_entry.c.id)
        ).all()
    assert [row.action for row in rows] == ["sign-in failed", "signed in", "signed out"]
    assert all("wrong" not in str(row) and PASSWORD not in str(row) for row in rows)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 200),
    ],
)
def test_another_sites_page_cannot_sign_in(
    headers: dict[str, str], status: int, service: Any, member: str
) -> None:
    with service.anonymous() as client:
        client.headers.update(headers)
        answer = sign_in(client, member, PASSWORD)
    assert answer.status_code == status
    assert ("set-cookie" in answer.headers) == (status == 200)


def test_the_pages_own_origin_is_welcome(service: Any, member: str) -> None:
    with service.anonymous() as client:
        client.headers["Origin"] = service.address
        assert sign_in(client, member, PASSWORD).status_code == 200


def test_an_account_bound_to_an_area_needs_one(service: Any) -> None:
    with session_scope(service.engine) as session:
        with pytest.raises(NotAllowedError):
            create_account(session, "lost", PASSWORD, "party_officer")
        with pytest.raises(NotSignedInError):
            find_reader(session, "no such token")
    stray = auth.Reader(1, "stray", "party_officer", None)
    with pytest.raises(NotAllowedError):
        _ = stray.prefix


def test_an_open_address_is_refused_while_sample_accounts_could_sign_in(service: Any) -> None:
    refuse_open_door(service.engine, "127.0.0.1")
    refuse_open_door(service.engine, "::1")
    for host in ("0.0.0.0", "192.168.1.7", "county.example"):  # noqa: S104 - that is the point
        with pytest.raises(typer.BadParameter, match="sample accounts"):
            refuse_open_door(service.engine, host)
    with session_scope(service.engine) as session:
        samples = account.c.is_sample
        session.execute(update(account).where(samples).values(disabled_at=func.now()))
    refuse_open_door(service.engine, "0.0.0.0")  # noqa: S104
    with session_scope(service.engine) as session:
        session.execute(update(account).where(samples).values(disabled_at=None))
