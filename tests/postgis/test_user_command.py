"""``wangge user``: whoever is added signs in, whoever is disabled is out at once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, insert, select

from api import audit
from api.auth import ROLES, create_demo_accounts, find_reader, sign_in
from api.cli import run
from api.commands.serve import tell_newcomer
from api.db import engine, session_scope
from api.errors import NotSignedInError
from api.settings import settings
from api.worklist.store import person_of
from layers.tables import account, audit_entry, person
from tests.postgis.import_files import GRIDS, A, Office
from tests.postgis.test_import_command import Ran

Command = Callable[..., Ran]


@pytest.fixture
def wangge(
    database: URL, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """Run ``wangge user`` on the test's own database, as the console script does."""
    monkeypatch.setenv("WANGGE_DATABASE_URL", database.render_as_string(hide_password=False))
    settings.cache_clear()

    def ran(*arguments: str) -> Ran:
        capfd.readouterr()
        return Ran(run(["user", *arguments]), *capfd.readouterr())

    yield ran
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def county(database: URL, tmp_path: Path) -> Engine:
    """Areas and grids, so that there is something to be bound to."""
    Office(database, tmp_path).fill("grids")
    return engine(database)


def token_of(bind: Engine, username: str, password: str) -> str | None:
    with session_scope(bind) as session:
        return sign_in(session, username, password, "127.0.0.1", timedelta(hours=1))


def reads_as(bind: Engine, token: str | None) -> tuple[str, str, str]:
    with session_scope(bind) as session:
        reader = find_reader(session, token)
        return reader.username, reader.role, reader.prefix


def password_in(ran: Ran) -> str:
    assert ran.status == 0, ran.err
    (line,) = ran.out.splitlines()
    return line.split("  ")[1]


def test_the_first_one_of_an_empty_county_gets_in(database: URL, wangge: Command) -> None:
    ran = wangge("add", "王芳", "--role", "planner")
    assert "只显示这一次" in ran.err
    token = token_of(engine(database), "王芳", password_in(ran))
    assert reads_as(engine(database), token) == ("王芳", "planner", "")


def test_the_password_is_random_and_kept_nowhere(database: URL, wangge: Command) -> None:
    passwords = [password_in(wangge("add", f"p{n}", "--role", "leader")) for n in range(3)]
    assert len(set(passwords)) == 3
    assert min(map(len, passwords)) >= 16
    with engine(database).connect() as connection:
        kept = [*connection.execute(select(account)), *connection.execute(select(audit_entry))]
    assert not [row for row in kept if any(word in str(row) for word in passwords)]


@pytest.mark.parametrize(
    ("role", "scope", "prefix"),
    [("party_officer", ("--area", A), A), ("grid_worker", ("--grid", GRIDS[0]), GRIDS[0]),
     ("planner", ("--area", A[:9]), A[:9])],
)  # fmt: skip
def test_an_account_ends_at_its_area(
    role: str, scope: tuple[str, str], prefix: str, county: Engine, wangge: Command
) -> None:
    password = password_in(wangge("add", "one", "--role", role, *scope))
    assert reads_as(county, token_of(county, "one", password)) == ("one", role, prefix)
    assert prefix in wangge("list").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("one", "--role", "king"), "there are: administrator"),
     (("one", "--role", "party_officer"), "--area"),
     (("one", "--role", "grid_worker"), "--area"),
     (("one", "--role", "grid_worker", "--grid", "990101999999999"), "no grid"),
     (("one", "--role", "leader", "--area", "123456"), "no area"),
     (("one", "--role", "leader", "--person", "nobody"), "no person"),
     (("a b", "--role", "leader"), "cannot be a name"),
     (("", "--role", "leader"), "cannot be a name"),
     (("x" * 101, "--role", "leader"), "cannot be a name"),
     (("one",), "--role")],
)  # fmt: skip
def test_what_cannot_be_an_account_is_refused(
    arguments: tuple[str, ...], words: str, county: Engine, wangge: Command
) -> None:
    ran = wangge("add", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert words in ran.err
    with county.connect() as connection:
        assert connection.scalar(select(account.c.id)) is None


def test_an_account_is_somebodys(county: Engine, wangge: Command) -> None:
    with session_scope(county) as session:
        session.execute(insert(person).values(code="p7", name="合成人"))
    first = wangge("add", "one", "--role", "grid_worker", "--grid", GRIDS[0], "--person", "p7")
    assert first.status == 0, first.err
    assert "p7" in wangge("list").out
    with session_scope(county) as session:
        number = session.scalar(select(account.c.id).where(account.c.username == "one"))
        assert number is not None
        assert person_of(session, number) == "p7"
    # Opened anew without a person it is nobody's.
    wangge("disable", "one")
    assert wangge("add", "one", "--role", "leader").status == 0
    assert "p7" not in wangge("list").out


def test_a_name_is_taken_once_and_a_new_password_is_a_new_start(
    database: URL, wangge: Command
) -> None:
    bind = engine(database)
    first = password_in(wangge("add", "one", "--role", "planner"))
    token = token_of(bind, "one", first)
    again = wangge("add", "one", "--role", "leader")
    assert again.status == 2
    assert "disable it" in again.err
    assert reads_as(bind, token)[1] == "planner"
    assert wangge("disable", "one").status == 0
    # Out at once, and no longer let in.
    with pytest.raises(NotSignedInError):
        reads_as(bind, token)
    assert token_of(bind, "one", first) is None
    assert "停用 disabled" in wangge("list").out
    second = password_in(wangge("add", "one", "--role", "leader"))
    assert token_of(bind, "one", first) is None
    assert reads_as(bind, token_of(bind, "one", second)) == ("one", "leader", "")
    # What was open before stays closed.
    with pytest.raises(NotSignedInError):
        reads_as(bind, token)


@pytest.mark.parametrize("before", [(), ("add", "one", "--role", "planner")])
def test_disabling_nobody_is_told(before: tuple[str, ...], wangge: Command) -> None:
    if before:
        assert wangge(*before).status == 0
        assert wangge("disable", "one").status == 0
    ran = wangge("disable", "one")
    assert ran.status == 2
    assert "no active account one" in ran.err


def test_who_opened_and_disabled_what_is_in_the_log(database: URL, wangge: Command) -> None:
    wangge("add", "one", "--role", "planner")
    wangge("disable", "one")
    entry = audit_entry.c
    with engine(database).connect() as connection:
        log = connection.execute(select(entry.account, entry.action, entry.target)).all()
    assert [tuple(line) for line in log] == [
        ("operator", audit.ACCOUNT_OPENED, "one"),
        ("operator", audit.ACCOUNT_DISABLED, "one"),
    ]


def test_the_list_has_every_account(database: URL, wangge: Command) -> None:
    empty = wangge("list")
    assert (empty.status, empty.out) == (0, "")
    assert "wangge user add" in empty.err
    with session_scope(engine(database)) as session:
        create_demo_accounts(session)
    wangge("add", "王芳", "--role", "planner")
    lines = wangge("list").out.splitlines()
    # An empty county has no area to bind an account to.
    assert len(lines) == len(ROLES) - 2 + 1
    assert sum("示例 sample" in line for line in lines) == len(lines) - 1
    # A sample account that was disabled and added again is nobody's sample any more.
    wangge("disable", "planner")
    wangge("add", "planner", "--role", "planner")
    (line,) = [each for each in wangge("list").out.splitlines() if each.startswith("planner")]
    assert "示例" not in line


def test_the_service_says_how_the_first_one_gets_in(
    database: URL, wangge: Command, capfd: pytest.CaptureFixture[str]
) -> None:
    tell_newcomer(engine(database))
    assert "wangge user add NAME --role planner" in capfd.readouterr().err
    wangge("add", "one", "--role", "planner")
    capfd.readouterr()
    tell_newcomer(engine(database))
    assert capfd.readouterr().err == ""
