"""The coverage over time: what each check found, what was new then, and what was gone.

Every check is kept with all its findings; those of the latest alone have shapes. What counts as
accepted is told of each check as it was when the next one came, which is what the verdict last said
of it; of the latest, as it is now.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.orm import Session

from api.coverage.schemas import FindingArea, GridName, Severity, VersionInfo
from api.coverage.store import AnyRow, described
from layers.exceptions import was_accepted
from layers.tables import coverage_check, coverage_version, finding
from layers.tiles import Scope
from layers.vector import findings_in_scope, latest_check

UNCOVERED = ("C101", "C102")
NOWHERE = "H201"


class CheckPoint(BaseModel):
    """One check: what stood in the reader's area when it was the latest."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": 7,
                "version": {
                    "id": 3,
                    "valid_from": "2026-01-01T08:00:00+08:00",
                    "title": "grids.gpkg",
                },
                "finished_at": "2026-01-01T08:01:00+08:00",
                "by": "planner",
                "errors": 8,
                "warnings": 2,
                "accepted": 1,
                "by_rule": {"C101": 3, "C105": 2, "H201": 5},
                "uncovered_km2": 0.42,
                "households_uncovered": 212,
                "new": 2,
                "gone": 5,
                "rules_off": [],
            }
        }
    )

    id: int
    version: VersionInfo
    finished_at: datetime
    by: str = Field(description="Who asked for it: an account, or `operator`")
    errors: int = Field(description="Those that nobody accepted, as of warnings and `by_rule`")
    warnings: int
    accepted: int
    by_rule: dict[str, int]
    uncovered_km2: float = Field(description="Land in no grid, accepted or not")
    households_uncovered: int = Field(description="Households in no grid, accepted or not")
    new: int | None = Field(description="Findings that the check before had not; null: the first")
    gone: int | None = Field(description="Findings of the check before that this one has not")
    rules_off: list[str] = Field(description="Rules that were switched off, so nothing of them")


class History(BaseModel):
    """The latest checks, the newest first."""

    numberMatched: int  # noqa: N815 - OGC's name
    numberReturned: int  # noqa: N815 - OGC's name
    area: str | None = Field(description="Code of the area that the figures are of; null: county")
    checks: list[CheckPoint]


class ChangedFinding(BaseModel):
    """A finding that came or went."""

    id: str
    rule: str
    severity: Severity
    grids: list[GridName]
    area: FindingArea | None
    area_m2: float
    households: int
    point: tuple[float, float] = Field(description="Longitude, latitude")
    message: str
    message_zh: str
    stands: bool = Field(description="Whether the latest check has it, so that it can be opened")


class Changes(BaseModel):
    """What a check found that the one before had not, and the other way round."""

    check: int
    before: int | None = Field(description="Null: it was the first, and nothing is compared")
    new_count: int
    gone_count: int
    new: list[ChangedFinding]
    gone: list[ChangedFinding]


def history(session: Session, scope: Scope, limit: int, offset: int) -> History:
    """Return a page of the latest checks, the newest first, with the figures of a reader's area."""
    checks = _checks(limit, offset)
    told: dict[int, list[AnyRow]] = {}
    for row in session.execute(_figures(checks, scope)):
        told.setdefault(row.check_id, []).append(row)
    rows = session.execute(select(checks).order_by(checks.c.id.desc())).all()
    came = dict(session.execute(_differing(checks, scope, came=True)).all())
    went = dict(session.execute(_differing(checks, scope, came=False)).all())
    return History(
        numberMatched=session.scalar(select(func.count()).select_from(coverage_check)) or 0,
        numberReturned=len(rows), area=scope.prefix or None,
        checks=[
            CheckPoint(
                id=row.id, finished_at=row.finished_at, by=row.created_by,
                version=VersionInfo(id=row.version_id, valid_from=row.valid_from, title=row.title),
                rules_off=row.summary.get("rules_off", []),
                new=None if row.before is None else came.get(row.id, 0),
                gone=None if row.before is None else went.get(row.id, 0),
                **_sums(told.get(row.id, ()), {} if scope.prefix else row.summary),
            )
            for row in rows
        ],
    )  # fmt: skip


def changes(session: Session, scope: Scope, check: int, limit: int) -> Changes | None:
    """Return what came and went with a check, at most ``limit`` of each; null: no such check."""
    ids = coverage_check.c.id
    if session.scalar(select(ids).where(ids == check)) is None:
        return None
    before = session.scalar(select(func.max(ids)).where(ids < check))
    found: dict[str, tuple[int, list[ChangedFinding]]] = {"new": (0, []), "gone": (0, [])}
    if before is not None:
        for key, of, without in (("new", check, before), ("gone", before, check)):
            found[key] = _changed(session, scope, of, without, limit)
    return Changes(
        check=check, before=before,
        new_count=found["new"][0], gone_count=found["gone"][0],
        new=found["new"][1], gone=found["gone"][1],
    )  # fmt: skip


def _checks(limit: int, offset: int) -> Subquery:
    """Select the latest checks, each with the one before and with when the next one came."""
    check, version = coverage_check.c, coverage_version.c
    return (
        select(
            check.id, check.version_id, check.finished_at, check.created_by, check.summary,
            version.valid_from, version.title,
            func.lag(check.id).over(order_by=check.id).label("before"),
            func.coalesce(func.lead(check.finished_at).over(order_by=check.id), func.now())
            .label("until"),
        )
        .join(coverage_version, version.id == check.version_id)
        .order_by(check.id.desc())
        .limit(limit)
        .offset(offset)
        .subquery("checks")
    )  # fmt: skip


def _figures(checks: Subquery, scope: Scope) -> Select[*tuple[Any, ...]]:
    """Select each check's counts, land and households by rule and severity."""
    accepted = was_accepted(checks.c.until)
    return (
        select(
            finding.c.check_id, finding.c.rule, finding.c.severity,
            func.count().filter(~accepted).label("standing"),
            func.count().filter(accepted).label("accepted"),
            func.sum(finding.c.area_m2).label("area_m2"),
            func.sum(finding.c.households).label("households"),
        )
        .join(checks, checks.c.id == finding.c.check_id)
        .where(findings_in_scope(scope))
        .group_by(finding.c.check_id, finding.c.rule, finding.c.severity)
    )  # fmt: skip


def _sums(rows: Sequence[AnyRow], whole: dict[str, Any]) -> dict[str, Any]:
    """Sum a check's figures up; what the county's summary says of itself is taken from there."""
    by_rule: dict[str, int] = {}
    for row in rows:
        if row.standing:
            by_rule[row.rule] = by_rule.get(row.rule, 0) + row.standing
    land = sum(row.area_m2 for row in rows if row.rule in UNCOVERED) / 1e6
    homes = sum(row.households for row in rows if row.rule == NOWHERE)
    return {
        "errors": sum(row.standing for row in rows if row.severity == "error"),
        "warnings": sum(row.standing for row in rows if row.severity == "warning"),
        "accepted": sum(row.accepted for row in rows),
        "by_rule": dict(sorted(by_rule.items())),
        "uncovered_km2": whole.get("uncovered_km2", land),
        "households_uncovered": whole.get("households_uncovered", homes),
    }


def _is_in(check: Any, finding_id: ColumnElement[str]) -> ColumnElement[bool]:  # noqa: ANN401 - a number, an expression
    """Tell whether a check has a finding, in whatever area."""
    other = finding.alias("other")
    return exists().where(other.c.check_id == check, other.c.id == finding_id)


def _differing(checks: Subquery, scope: Scope, *, came: bool) -> Select[int, int]:
    """Count the findings that each check has and the one before has not; or the other way round."""
    has, lacks = (checks.c.id, checks.c.before) if came else (checks.c.before, checks.c.id)
    return (
        select(checks.c.id, func.count())
        .join(finding, finding.c.check_id == has)
        .where(
            checks.c.before.is_not(None), ~_is_in(lacks, finding.c.id), findings_in_scope(scope)
        )
        .group_by(checks.c.id)
    )  # fmt: skip


def _changed(
    session: Session, scope: Scope, of: int, without: int, limit: int
) -> tuple[int, list[ChangedFinding]]:
    """Return how many findings one check has and another has not, and the gravest of them."""
    mine = (finding.c.check_id == of, ~_is_in(literal(without), finding.c.id),
            findings_in_scope(scope))  # fmt: skip
    count = session.scalar(select(func.count()).select_from(finding).where(*mine)) or 0
    # Chosen before they are described: a handful of a check's thousands.
    chosen = select(finding.c.id).where(*mine).order_by(finding.c.position).limit(limit)
    rows = (
        described(finding, scope)
        .add_columns(finding.c.id, _is_in(latest_check(), finding.c.id).label("stands"))
        .where(finding.c.check_id == of, finding.c.id.in_(session.scalars(chosen).all()))
        .order_by(finding.c.position)
    )
    return count, [_told(row) for row in session.execute(rows)]


def _told(row: AnyRow) -> ChangedFinding:
    values = dict(row._mapping)
    area = FindingArea.out_of(values)
    point = (values.pop("lon"), values.pop("lat"))
    return ChangedFinding(**values, area=area, point=point)
