"""Queries of the coverage: the verdict's parts and the findings, each within a reader's scope."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import Session

from geo.findings import SEVERITIES
from layers.exceptions import is_accepted
from layers.tables import (
    area,
    coverage_check,
    coverage_version,
    finding,
    grid,
    household,
    setting,
)
from layers.tiles import Scope
from layers.vector import BLUR_M, findings_in_scope, latest_check

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]
Sort = Literal["severity", "households", "area_m2"]


def settings(session: Session) -> dict[str, Any]:
    """Return every setting of the database by its key."""
    return dict(session.execute(select(setting.c.key, setting.c.value)).all())


def has_grids(session: Session | Connection) -> bool:
    """Tell whether there is anything to check."""
    return bool(session.scalar(select(exists(select(grid.c.code)))))


def current_version(session: Session) -> AnyRow | None:
    """Return the open coverage version."""
    version = coverage_version.c
    columns = select(version.id, version.valid_from, version.title)
    return session.execute(columns.where(version.valid_to.is_(None))).one_or_none()


def last_check(session: Session) -> AnyRow | None:
    """Return the last finished check with its summary."""
    check = coverage_check.c
    columns = select(check.id, check.version_id, check.finished_at, check.summary)
    return session.execute(columns.where(check.id == latest_check())).one_or_none()


def _current(scope: Scope) -> list[ColumnElement[bool]]:
    return [finding.c.check_id == latest_check(), findings_in_scope(scope)]


def severity_counts(session: Session, scope: Scope) -> dict[str, int]:
    """Count the findings that nobody accepted, by severity."""
    severity = finding.c.severity
    rows = select(severity, func.count()).where(*_current(scope), ~is_accepted()).group_by(severity)
    return dict(session.execute(rows).all())


def area_summary(session: Session, scope: Scope) -> dict[str, Any]:
    """Return the figures of one area, in the shape of a check's summary; its counts are apart."""

    def km2(*rules: str) -> ColumnElement[Any]:
        return (
            func.coalesce(func.sum(finding.c.area_m2).filter(finding.c.rule.in_(rules)), 0.0) / 1e6
        )

    def homes(rule: str) -> ColumnElement[int]:
        return func.coalesce(func.sum(finding.c.households).filter(finding.c.rule == rule), 0)

    found = session.execute(
        select(
            km2("C101", "C102").label("uncovered_km2"),
            km2("C103", "C106", "G004").label("overlap_km2"),
            km2("C104").label("outside_km2"),
            homes("H201").label("households_uncovered"),
            homes("H202").label("households_in_several"),
        ).where(*_current(scope))
    ).one()
    villages = (area.c.level == "village") & scope.around(area.c.code)
    held = session.execute(
        select(
            _count(grid, scope.within(grid.c.code)).label("grids"),
            _count(area, villages).label("areas"),
            _count(household, _filed_within(scope)).label("households"),
            _count(household, and_(_filed_within(scope), household.c.geom.is_(None))).label(
                "households_unlocated"
            ),
            _km2_of(area, villages).label("parent_area_km2"),
            _km2_of(grid, scope.within(grid.c.code)).label("grid_area_km2"),
        )
    ).one()
    return {**held._mapping, **found._mapping}


def _filed_within(scope: Scope) -> ColumnElement[bool]:
    return or_(scope.within(household.c.grid_code), scope.within(household.c.area_code))


def _count(table: Any, where: ColumnElement[bool]) -> Any:  # noqa: ANN401 - table, subquery
    return select(func.count()).select_from(table).where(where).scalar_subquery()


def _km2_of(table: Any, where: ColumnElement[bool]) -> Any:  # noqa: ANN401 - table, subquery
    total = func.sum(func.ST_Area(func.Geography(table.c.geom))) / 1e6
    return select(func.coalesce(total, 0.0)).select_from(table).where(where).scalar_subquery()


def by_rule(session: Session, scope: Scope) -> Rows:
    """Count findings and the households in them by rule, the gravest first; accepted ones apart."""
    severity = finding.c.severity
    order = case({name: place for place, name in enumerate(SEVERITIES)}, value=severity)
    return session.execute(
        select(
            finding.c.rule, severity, *_counts(),
            func.coalesce(func.sum(finding.c.households).filter(~is_accepted()), 0)
            .label("households"),
        )
        .where(*_current(scope))
        .group_by(finding.c.rule, severity)
        .order_by(order, finding.c.rule)
    ).all()  # fmt: skip


def _counts() -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Count those that stand, and those that were accepted."""
    return (
        func.count().filter(~is_accepted()).label("count"),
        func.count().filter(is_accepted()).label("accepted"),
    )


def by_town(session: Session, scope: Scope) -> Rows:
    """Count findings by town, the worst first; towns without any are in it with zeros.

    Households are those of the household rules: a gap names the same ones again.
    """
    severity = finding.c.severity
    open_ = ~is_accepted()
    errors = func.count().filter(severity == "error", open_).label("errors")
    warnings = func.count().filter(severity == "warning", open_).label("warnings")
    people = finding.c.rule.startswith("H")
    accepted = func.count(finding.c.id).filter(is_accepted()).label("accepted")
    touched = func.sum(finding.c.households).filter(people, open_)
    households = func.coalesce(touched, 0).label("households")
    joined = area.outerjoin(
        finding, and_(func.starts_with(finding.c.area_code, area.c.code), *_current(scope))
    )
    return session.execute(
        select(area.c.code, area.c.name, area.c.name_en, errors, warnings, accepted, households)
        .select_from(joined)
        .where(area.c.level == "town", scope.around(area.c.code))
        .group_by(area.c.code, area.c.name, area.c.name_en)
        .order_by(errors.desc(), warnings.desc(), area.c.code)
    ).all()


def _grid_names(kept: FromClause) -> ColumnElement[Any]:
    """Gather a finding's grids with their names, in the finding's order, as JSON."""
    code = func.unnest(kept.c.grids).table_valued("code", with_ordinality="place").render_derived()
    entry = func.jsonb_build_object(
        "code", code.c.code, "name", grid.c.name, "name_en", grid.c.name_en
    )
    listed = code.outerjoin(grid, grid.c.code == code.c.code)
    rows = select(func.jsonb_agg(aggregate_order_by(entry, code.c.place))).select_from(listed)
    return func.coalesce(rows.scalar_subquery(), literal([], JSONB)).label("grids")


def described(kept: FromClause, scope: Scope) -> Select[*tuple[Any, ...]]:
    """Select what findings say, with the names of their grids, area and town.

    Parameters
    ----------
    kept
        ``finding``, or whatever keeps what a finding said.
    scope
        Which of them, and how closely a household's place is told.
    """
    town = area.alias("town")
    in_town = func.starts_with(kept.c.area_code, town.c.code) & (town.c.level == "town")
    point = shown_point(kept, scope)
    return (
        select(
            kept.c.rule, kept.c.severity, _grid_names(kept), kept.c.area_code,
            area.c.name.label("area_name"), area.c.name_en.label("area_name_en"),
            town.c.name.label("town_name"), town.c.name_en.label("town_name_en"),
            kept.c.area_m2, kept.c.households,
            func.ST_X(point).label("lon"), func.ST_Y(point).label("lat"),
            kept.c.message, kept.c.message_zh,
        )
        .select_from(kept.outerjoin(area, area.c.code == kept.c.area_code).outerjoin(town, in_town))
        .where(findings_in_scope(scope, kept))
    )  # fmt: skip


def _items(scope: Scope) -> Select[*tuple[Any, ...]]:
    shape = shown_shape(finding, scope)
    return (
        described(finding, scope)
        .add_columns(
            finding.c.id, finding.c.name, finding.c.width_m, finding.c.length_m, finding.c.depth,
            func.ST_XMin(shape).label("west"), func.ST_YMin(shape).label("south"),
            func.ST_XMax(shape).label("east"), func.ST_YMax(shape).label("north"),
            finding.c.fix, finding.c.fix_zh, is_accepted().label("accepted"),
        )
        .where(finding.c.check_id == latest_check())
    )  # fmt: skip


def shown_point(kept: FromClause, scope: Scope) -> ColumnElement[Any]:
    """Give a finding's point; to who gets counts only, a household's as the middle of a cell."""
    if scope.individual:
        return kept.c.point
    return case((kept.c.rule.startswith("H"), _coarse(kept)), else_=kept.c.point)


def shown_shape(kept: FromClause, scope: Scope) -> ColumnElement[Any]:
    """Give a finding's shape, by the same rule."""
    if scope.individual:
        return kept.c.geom
    return case((kept.c.rule.startswith("H"), _coarse(kept)), else_=kept.c.geom)


def _coarse(kept: FromClause) -> ColumnElement[Any]:
    cell = func.ST_SnapToGrid(func.ST_Transform(kept.c.point, 3857), BLUR_M)
    return func.ST_Transform(cell, 4326)


def list_findings(
    session: Session,
    scope: Scope,
    where: Mapping[str, str | bool | None],
    sort: Sort,
    limit: int,
    offset: int,
) -> tuple[int, Rows]:
    """Return how many findings match and one page of them.

    Parameters
    ----------
    where
        ``rule`` and ``severity`` equal, ``area`` begins, ``accepted`` or not; null for any.
    """
    statement = _items(scope)
    for column in (finding.c.rule, finding.c.severity):
        if (wanted := where.get(column.name)) is not None:
            statement = statement.where(column == wanted)
    if within := where.get("area"):
        statement = statement.where(findings_in_scope(replace(scope, prefix=str(within))))
    if (accepted := where.get("accepted")) is not None:
        statement = statement.where(is_accepted() if accepted else ~is_accepted())
    order: tuple[ColumnElement[Any], ...] = {
        "severity": (finding.c.position,),
        "households": (finding.c.households.desc(), finding.c.position),
        "area_m2": (finding.c.area_m2.desc(), finding.c.position),
    }[sort]
    matched = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    page = statement.order_by(*order).limit(limit).offset(offset)
    return matched, session.execute(page).all()


def find_finding(session: Session, scope: Scope, finding_id: str) -> AnyRow | None:
    """Return one finding with its shape as GeoJSON; null if none is in the reader's area."""
    shape = func.ST_AsGeoJSON(shown_shape(finding, scope), 15).label("geojson")
    statement = _items(scope).add_columns(shape)
    return session.execute(statement.where(finding.c.id == finding_id)).one_or_none()
