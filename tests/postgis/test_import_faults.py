"""All of a file or nothing: whatever ends an import, wherever, leaves every byte as it was."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, event, select, text

from api.errors import ConflictError
from api.imports.service import Outcome
from api.postgis import Cluster
from api.settings import settings
from layers.transfer import TransferError
from tests.postgis.import_files import LISTS, A, Office, filled, household

STEPS = ["reading", "comparing", "doubting", "writing", "committing"]
NEW = [household(1, 人口="9"), household(3), household(4), household(5)]
MANY = [household(number) for number in range(1, 251)]


class Cancelled(BaseException):
    """What somebody who cancels raises."""


@pytest.fixture(scope="module")
def county(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Everything up to the households; nothing may change it."""
    with filled(cluster, "import_faults", tmp_path_factory.mktemp("faults"), "households") as held:
        yield held


@pytest.fixture
def office(database: URL, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The fewest rows a batch, so that a small file has several."""
    monkeypatch.setenv("WANGGE_IMPORT_BATCH_ROWS", "100")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


# -- an import that is ended ---------------------------------------------------------------------


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt, Cancelled])
@pytest.mark.parametrize("step", STEPS)
def test_what_progress_raises_leaves_nothing(
    county: Office, step: str, fault: type[BaseException]
) -> None:
    held = county.fingerprint()

    def stop(_share: float, at: str) -> None:
        if at == step:
            raise fault(at)

    with pytest.raises(fault, match=step):
        county.give("households", NEW, stop, replace=A)
    assert county.fingerprint() == held
    # The lock went with the transaction.
    assert county.give("households", NEW, replace=A, dry_run=True).counts["new"] == 3


@pytest.mark.usefixtures("small_batches")
def test_a_file_that_breaks_off_in_a_later_batch_leaves_nothing(office: Office) -> None:
    office.fill("households")
    held = office.fingerprint()
    seen = []

    def stop(_share: float, at: str) -> None:
        seen.append(at)
        if len(seen) == 2:
            raise RuntimeError("second batch")

    with pytest.raises(RuntimeError, match="second batch"):
        office.give("households", MANY, stop)
    assert seen == ["reading", "reading"]
    assert office.fingerprint() == held


@pytest.mark.usefixtures("small_batches")
def test_rows_are_counted_through_all_batches(office: Office) -> None:
    office.fill("grids")
    rows = [*MANY[:-1], {**MANY[-1], "人口": "三口"}]
    outcome = office.give("households", rows, partial=True)
    assert (outcome.counts["read"], outcome.counts["new"]) == (250, 249)
    assert [reject.row for reject in outcome.rejects] == [250]
    # A code that stands in two batches stands twice.
    again = office.give("households", [*MANY, {**MANY[0], "人口": "8"}])
    assert [(reject.row, reject.reason) for reject in again.rejects] == [(1, "G003"), (251, "G003")]


@pytest.mark.parametrize("kind", ["visits", "incidents"])
@pytest.mark.parametrize("step", ["writing", "committing"])
def test_visits_and_incidents_too(office: Office, kind: str, step: str) -> None:
    office.fill("incidents")
    held = office.fingerprint()

    def stop(_share: float, at: str) -> None:
        if at == step:
            raise Cancelled

    column = {"visits": "备注", "incidents": "标题"}[kind]
    with pytest.raises(Cancelled):
        office.give(kind, [{**LISTS[kind][0], column: "又一次"}], stop)
    assert office.fingerprint() == held


def test_the_steps_come_in_order_and_grow(office: Office) -> None:
    office.fill("grids")
    told: list[tuple[float, str]] = []
    office.give("households", NEW, lambda share, at: told.append((share, at)))
    assert list(dict.fromkeys(at for _, at in told)) == STEPS
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] < 1


@contextmanager
def failing(office: Office, fatal: int, *names: str) -> Iterator[list[str]]:
    """Let the server go away at the n-th statement that writes to a table that stays."""
    seen: list[str] = []

    def fail(_c: Connection, _cur: object, words: str, *_rest: object) -> None:
        verb, *rest = words.split()[:3]
        if verb in ("INSERT", "UPDATE", "DELETE") and set(rest) & set(names):
            seen.append(words)
            if len(seen) == fatal:
                raise RuntimeError("the server went away")

    event.listen(office.engine, "before_cursor_execute", fail)
    try:
        yield seen
    finally:
        event.remove(office.engine, "before_cursor_execute", fail)


LASTING = ("coverage_version", "household", "data_import", "audit_entry")


def test_a_database_that_fails_at_any_statement_leaves_nothing(office: Office) -> None:
    office.fill("households")
    held = office.fingerprint()
    fatal = 0
    # The version ended and begun; rows closed, changed and added; the import's own row; the audit.
    while fatal < 7:
        fatal += 1
        with failing(office, fatal, *LASTING), pytest.raises(RuntimeError, match="went away"):
            office.give("households", NEW, replace=A)
        assert office.fingerprint() == held, fatal
    with failing(office, fatal + 1, *LASTING) as seen:
        assert office.give("households", NEW, replace=A).state == "imported"
    assert len(seen) == fatal


def test_an_undo_that_fails_at_any_statement_leaves_nothing(office: Office) -> None:
    office.fill("households")
    number = office.give("households", NEW, replace=A).number
    held = office.fingerprint()
    for fatal in range(1, 8):
        with failing(office, fatal, *LASTING), pytest.raises(RuntimeError, match="went away"):
            office.take_back(number)
        assert office.fingerprint() == held, fatal
    assert office.take_back(number)[1] == {"closed": 3, "changed": 1, "new": 1}


def test_a_connection_that_the_server_ends_leaves_nothing(office: Office) -> None:
    office.fill("households")
    held = office.fingerprint()

    def end_others(_share: float, at: str) -> None:
        if at != "committing":
            return
        others = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with office.engine.connect() as connection:
            assert connection.execute(others).rowcount > 0

    with pytest.raises(Exception, match=r"terminat|closed|lost"):
        office.give("households", NEW, end_others)
    assert office.fingerprint() == held
    assert office.give("households", NEW).state == "imported"


# -- two at once ---------------------------------------------------------------------------------


def test_the_second_of_two_imports_at_once_is_refused(office: Office) -> None:
    office.fill("grids")
    first = office.give("people", LISTS["people"])
    inside, go_on = threading.Event(), threading.Event()

    def wait(_share: float, at: str) -> None:
        if at == "committing":
            inside.set()
            assert go_on.wait(60)

    def slow() -> Outcome:
        return office.give("households", NEW, wait)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(slow)
        try:
            assert inside.wait(60)
            with pytest.raises(ConflictError, match="Another import is under way"):
                office.give("branches", LISTS["branches"])
            with pytest.raises(ConflictError, match="Another import is under way"):
                office.give("branches", LISTS["branches"], dry_run=True)
            with pytest.raises(ConflictError, match="Another import is under way"):
                office.take_back(first.number)
            # Nobody sees what has not been committed.
            assert office.count("household") == 0
        finally:
            go_on.set()
        assert running.result(60).state == "imported"
    assert office.count("household") == len(NEW)
    assert office.give("branches", LISTS["branches"]).state == "imported"


def test_staged_rows_are_gone_with_the_import(office: Office) -> None:
    office.fill("households")
    office.give("visits", LISTS["visits"], dry_run=True)
    with office.engine.connect() as connection:
        left = connection.scalars(
            select(text("relname")).select_from(text("pg_class")).where(
                text("relname IN ('incoming', 'before')")
            )
        ).all()  # fmt: skip
    assert left == []


def test_a_file_without_rows_is_refused(office: Office, tmp_path: Path) -> None:
    held = office.fingerprint()
    empty = tmp_path / "people.csv"
    empty.write_text("人员编码,姓名\n", encoding="utf-8")
    with pytest.raises(TransferError, match="no rows"):
        office.give("people", empty)
    with pytest.raises(TransferError, match=r"people\.csv"):
        office.give("people", empty)
    assert office.fingerprint() == held
