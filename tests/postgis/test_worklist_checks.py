"""What checks make of the worklist: any sequence of edits, reports and checks, against a model."""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import shapely
from pyproj import CRS
from sqlalchemy import URL, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.auth import Reader
from api.coverage.service import store_report
from api.db import engine
from api.errors import ConflictError
from api.worklist import service
from api.worklist.schemas import Assignment
from geo.coverage import CoverageReport
from geo.findings import Finding
from layers.tables import (
    accepted_finding,
    area,
    coverage_version,
    finding,
    work_task,
    work_task_log,
)
from layers.tiles import Scope

COUNTY, TOWN, VILLAGE = "990101", "990101001", "990101001001"
PLANNER = Reader(1, "planner", "planner", None)
ALL = Scope("", individual=True, sensitive=True)
FAULTS = 2
DUE = service.county_day() + dt.timedelta(days=7)


def found(fault: int, form: int, rule: str = "C103") -> Finding:
    """A fault as a check tells it; put right in part, it has another form, and another name."""
    shape = shapely.box(115.2 + fault, 33.5, 115.4 + fault - form / 1000, 33.6)
    return Finding(
        id=f"{rule}-{fault}-{form}", rule=rule, grids=(f"{VILLAGE}001", f"{VILLAGE}002"),
        area=VILLAGE, geometry=shape, point=shape.representative_point(),
        message=f"form {form}", message_zh="问题", fix="f", fix_zh="办法", area_m2=100.0 - form,
    )  # fmt: skip


def check(
    session: Session, findings: list[Finding], *, before: bool = False, off: tuple[str, ...] = ()
) -> int:
    """Store a check that has read the county after all that was done so far, or before it."""
    now = session.execute(select(func.now())).scalar_one()
    started = now + dt.timedelta(seconds=-1 if before else 1)
    version = session.scalar(select(func.max(coverage_version.c.id)))
    utm = CRS.from_epsg(4547)
    report = CoverageReport(findings, {"rules_off": list(off)}, CRS.from_epsg(4326), utm, 0.01)
    return store_report(session, report, version or 0, started, "operator")


@pytest.fixture
def session(database: URL) -> Iterator[Session]:
    """A session whose transaction is never committed: the log could not be cleared."""
    with engine(database).connect() as connection, Session(bind=connection) as session:
        places = [(COUNTY, "county", None), (TOWN, "town", COUNTY), (VILLAGE, "village", TOWN)]
        for code, level, parent in places:
            session.execute(area.insert().values(code=code, name=code, level=level,
                                                 parent_code=parent))  # fmt: skip
        yield session
        session.rollback()


def assign(session: Session, *ids: str) -> Any:
    return service.assign(
        session, ALL, Assignment(findings=list(ids), to="town", due=DUE), "planner"
    )


def task(session: Session, name: str) -> Any:
    return session.execute(select(work_task).where(work_task.c.finding_id == name)).one_or_none()


def report(session: Session, name: str) -> None:
    row = task(session, name)
    service.report_fixed(session, ALL, row.id, "已改", row.version, PLANNER)


def changes(session: Session, number: int) -> list[tuple[str, str | None, str]]:
    line = work_task_log.c
    rows = select(line.change, line.from_state, line.to_state).where(line.task_id == number)
    return [tuple(row) for row in session.execute(rows.order_by(line.id))]


# --- one by one ---------------------------------------------------------------------------------


def test_fixed_and_gone_is_verified_and_found_again_is_reopened(session: Session) -> None:
    check(session, [found(0, 0), found(1, 0)])
    assert assign(session, "C103-0-0", "C103-1-0").assigned == 2
    report(session, "C103-0-0")
    report(session, "C103-1-0")
    check(session, [found(1, 0)])
    gone, still = task(session, "C103-0-0"), task(session, "C103-1-0")
    assert (gone.state, gone.verified_at is None) == ("verified", False)
    assert (still.state, still.reopened) == ("reopened", 1)
    # What was verified comes back: it is reopened as well, and can be reported again.
    check(session, [found(0, 0)])
    back = task(session, "C103-0-0")
    assert (back.state, back.reopened, back.verified_at) == ("reopened", 1, None)
    report(session, "C103-0-0")
    check(session, [])
    assert changes(session, back.id) == [
        ("assigned", None, "assigned"), ("fixed", "assigned", "fixed"),
        ("verified", "fixed", "verified"), ("reopened", "verified", "reopened"),
        ("fixed", "reopened", "fixed"), ("verified", "fixed", "verified"),
    ]  # fmt: skip


def test_what_is_gone_without_a_report_is_verified_too(session: Session) -> None:
    check(session, [found(0, 0)])
    assign(session, "C103-0-0")
    check(session, [])
    row = task(session, "C103-0-0")
    assert (row.state, row.fixed_at) == ("verified", None)


def test_a_check_that_read_the_county_before_the_report_does_not_judge_it(
    session: Session,
) -> None:
    check(session, [found(0, 0), found(1, 0)])
    assign(session, "C103-0-0", "C103-1-0")
    report(session, "C103-0-0")
    check(session, [found(0, 0)], before=True)
    assert task(session, "C103-0-0").state == "fixed"
    check(session, [], before=True)
    assert task(session, "C103-0-0").state == "fixed"
    check(session, [])
    assert task(session, "C103-0-0").state == "verified"


def test_a_rule_that_is_off_verifies_nothing(session: Session) -> None:
    check(session, [found(0, 0), found(1, 0, "C101")])
    assign(session, "C103-0-0", "C101-1-0")
    check(session, [], off=("C103",))
    assert task(session, "C103-0-0").state == "assigned"
    assert task(session, "C101-1-0").state == "verified"


def test_a_fault_put_right_in_part_keeps_its_task(session: Session) -> None:
    check(session, [found(0, 0), found(1, 0)])
    assign(session, "C103-0-0", "C103-1-0")
    report(session, "C103-1-0")
    last = check(session, [found(0, 1), found(1, 1)])
    assert task(session, "C103-0-0") is None
    one, two = task(session, "C103-0-1"), task(session, "C103-1-1")
    assert (one.state, one.message, one.area_m2) == ("assigned", "form 1", 99.0)
    assert (two.state, two.reopened) == ("reopened", 1)
    assert changes(session, one.id)[-1] == ("followed", "assigned", "assigned")
    line = session.execute(
        select(work_task_log).where(work_task_log.c.task_id == one.id)
        .order_by(work_task_log.c.id.desc()).limit(1)
    ).one()  # fmt: skip
    assert (line.check_id, line.finding_id, line.actor) == (last, "C103-0-1", "operator")
    # A neighbour that was there before is no heir.
    assign(session, "C103-0-1")
    other = found(0, 7)
    check(session, [found(0, 1), other])
    check(session, [other])
    assert task(session, "C103-0-1").state == "verified"


def test_a_neighbour_that_lacks_the_same_is_no_heir(session: Session) -> None:
    def lacks(grid: int) -> Finding:
        made = found(0, 0, "S301")
        shape = shapely.box(115.2 + grid / 10, 33.5, 115.3 + grid / 10, 33.6)
        object.__setattr__(made, "id", f"S301-{grid}")
        object.__setattr__(made, "grids", (f"{VILLAGE}00{grid}",))
        object.__setattr__(made, "geometry", shape)
        return made

    check(session, [lacks(1)])
    assign(session, "S301-1")
    # The worker has gone from the second grid to the first.
    check(session, [lacks(2)])
    assert task(session, "S301-1").state == "verified"
    assert task(session, "S301-2") is None


def test_measures_are_those_of_the_last_check_that_found_it(session: Session) -> None:
    check(session, [found(0, 0)])
    assign(session, "C103-0-0")
    changed = found(0, 5)
    object.__setattr__(changed, "id", "C103-0-0")
    check(session, [changed])
    assert task(session, "C103-0-0").area_m2 == 95.0
    check(session, [])
    assert task(session, "C103-0-0").message == "form 5"


def test_an_accepted_exception_is_no_work_until_it_runs_out(session: Session) -> None:
    check(session, [found(0, 0), found(1, 0)])
    assign(session, "C103-0-0")
    for name in ("C103-0-0", "C103-1-0"):
        accept(session, name)
    assert service.counts(session, ALL, PLANNER, DUE).total.accepted == 1
    with pytest.raises(ConflictError, match="accepted exception"):
        report(session, "C103-0-0")
    skipped = assign(session, "C103-0-0", "C103-1-0").skipped
    assert [each.reason for each in skipped] == ["It is an accepted exception."] * 2
    assert service.counts(session, ALL, PLANNER, DUE).unassigned == []
    session.execute(update(accepted_finding).values(revoked_at=func.now(), revoked_by="x"))
    assert service.counts(session, ALL, PLANNER, DUE).total.assigned == 1
    report(session, "C103-0-0")


def accept(session: Session, name: str) -> None:
    """Put a finding into the register, as its own tests do through the service."""
    kept = ("rule", "severity", "grids", "area_code", "area_m2", "households", "point", "message",
            "message_zh")  # fmt: skip
    rows = select(finding).where(finding.c.id == name).order_by(finding.c.check_id.desc()).limit(1)
    row = session.execute(rows).one()
    session.execute(accepted_finding.insert().values(
        finding_id=name, reason="权属争议", accepted_by="planner",
        **{each: row._mapping[each] for each in kept},
    ))  # fmt: skip


def test_the_log_only_grows(session: Session) -> None:
    check(session, [found(0, 0)])
    assign(session, "C103-0-0")
    for statement in ("UPDATE work_task_log SET note = 'x'", "DELETE FROM work_task_log",
                      "TRUNCATE work_task_log"):  # fmt: skip
        with pytest.raises(DBAPIError, match="keeps what it was told"), session.begin_nested():
            session.execute(text(statement))


# --- any sequence -------------------------------------------------------------------------------


@dataclass
class Model:
    """The worklist in a few lines: what is there, who has what, what each check says."""

    forms: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(FAULTS), 0))
    here: set[int] = field(default_factory=lambda: set(range(FAULTS)))
    last: set[str] = field(default_factory=set)
    tasks: dict[str, str] = field(default_factory=dict)
    reopened: dict[str, int] = field(default_factory=dict)

    def name(self, fault: int) -> str:
        return f"C103-{fault}-{self.forms[fault]}"

    def check(self, *, before: bool) -> None:
        now = {self.name(fault) for fault in self.here}
        taken = set(self.tasks)
        for name in list(self.tasks):
            state, heir = self.tasks[name], name
            if name not in now and state != "verified":
                fault = name.rsplit("-", 1)[0]
                heirs = [each for each in now if each.rsplit("-", 1)[0] == fault]
                heirs = [each for each in heirs if each not in self.last and each not in taken]
                if heirs:
                    (heir,) = heirs
                    taken.add(heir)
                    del self.tasks[name]
                    self.tasks[heir] = state
                    self.reopened[heir] = self.reopened.pop(name, 0)
            if state == "fixed" and before:
                continue
            if heir in now and state in ("fixed", "verified"):
                self.tasks[heir] = "reopened"
                self.reopened[heir] = self.reopened.get(heir, 0) + 1
            elif heir not in now:
                self.tasks[heir] = "verified"
        self.last = now


# A check comes often, or nothing is ever verified; now and then one that began too early.
STEPS = ["assign", "report", "fix", "break", "part", "check", "check", "check"]


def do(session: Session, model: Model, step: str, which: int) -> None:
    """Do a step to both; what the model does not allow, the service refuses."""
    if step == "check":
        forms = [found(fault, model.forms[fault]) for fault in sorted(model.here)]
        check(session, forms, before=bool(which))
        model.check(before=bool(which))
        return
    name = model.name(which)
    if step == "assign":
        new = name in model.last and name not in model.tasks
        assert assign(session, name).assigned == int(new)
        if new:
            model.tasks[name] = "assigned"
    elif step == "report" and name in model.tasks:
        if model.tasks[name] in ("assigned", "reopened"):
            report(session, name)
            model.tasks[name] = "fixed"
        else:
            with pytest.raises(ConflictError):
                report(session, name)
    elif step == "fix":
        model.here.discard(which)
    elif step == "break":
        model.here.add(which)
    elif step == "part" and which in model.here:
        model.forms[which] += 1


@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_ends_as_the_model_says(session: Session, seed: int) -> None:
    rng, model = random.Random(seed), Model()
    do(session, model, "check", 0)
    for _ in range(80):
        step = rng.choice(STEPS)
        do(
            session,
            model,
            step,
            int(rng.random() < 0.2) if step == "check" else rng.randrange(FAULTS),
        )
        rows = session.execute(select(work_task)).all()
        assert {row.finding_id: row.state for row in rows} == model.tasks
        counted = {row.finding_id: row.reopened for row in rows}
        assert counted == {name: model.reopened.get(name, 0) for name in model.tasks}
    for row in rows:
        told = changes(session, row.id)
        # The log leads from nothing to where the task stands, without a jump.
        assert [line[1] for line in told] == [None, *(line[2] for line in told[:-1])]
        assert told[-1][2] == row.state
