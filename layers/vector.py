"""What is in each layer: (layer, window, scope) to the statement for its rows, or for a tile.

Nothing here knows roles or HTTP. A :class:`layers.tiles.Scope` says which rows and how closely a
reader may see, once for vector tiles and pictures; a tile's statement returns one row with the
bytes (Mapbox Vector Tile 2.1).
Geometry comes from the stored EPSG:3857 columns from :data:`layers.catalog.EXACT_ZOOM` on, below
it from the coverage simplified as one.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    ScalarSelect,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from geo.findings import RULES
from geo.generalize import WORLD_M, ZOOMS, pixel_m, shape_zoom
from layers.catalog import (
    CATALOG,
    EXACT_ZOOM,
    FINDING_SHAPE_ZOOM,
    GROUND_FROM,
    HOUSEHOLD_ZOOM,
)
from layers.exceptions import is_accepted
from layers.incidents import incident_features
from layers.member_tiles import member_features
from layers.tables import (
    area,
    coverage_check,
    coverage_shape,
    finding,
    grid,
    household,
    household_group,
    household_unit,
    reference_feature,
)
from layers.tiles import Columns, Features, Scope, Tile, Window, near


def _simplified(level: tuple[str, ...], zoom: int, code: ColumnElement[str]) -> ColumnElement[bool]:
    shape = coverage_shape.c
    return and_(shape.code == code, shape.zoom == zoom, shape.level.in_(level))


def _areas(window: Window, scope: Scope) -> Features:
    columns = {
        "code": area.c.code,
        "name": area.c.name,
        "name_en": area.c.name_en,
        "level": area.c.level,
        "kind": area.c.kind,
    }
    # A village is a few pixels at zoom 7; its border would be noise.
    levels = (
        ["county"] + (["town"] if window.z >= 7 else []) + (["village"] if window.z >= 8 else [])
    )
    wanted = [area.c.level.in_(levels), scope.around(area.c.code)]
    zoom = shape_zoom(window.z)
    if zoom is None:
        return Features("areas", window, area.c.geom_3857, columns, wanted)
    joined = area.join(
        coverage_shape, _simplified(("county", "town", "village"), zoom, area.c.code)
    )
    return Features("areas", window, coverage_shape.c.geom_3857, columns, wanted, joined)


def _grids(window: Window, scope: Scope) -> Features:
    columns: dict[str, ColumnElement[Any]] = {
        "code": grid.c.code,
        "name": grid.c.name,
        "name_en": grid.c.name_en,
        "kind": grid.c.kind,
        "coverage": grid.c.coverage,
        "area_code": grid.c.area_code,
    }
    mine = [scope.within(grid.c.code)]
    zoom = shape_zoom(window.z)
    if zoom is None:
        return Features("grids", window, grid.c.geom_3857, columns, mine)
    joined = grid.join(coverage_shape, _simplified(("grid",), zoom, grid.c.code))
    return Features("grids", window, coverage_shape.c.geom_3857, columns, mine, joined)


def _units(window: Window, scope: Scope) -> Features:
    unit = household_unit.c
    columns = {"code": unit.code, "grid_code": unit.grid_code}
    return Features("units", window, unit.geom_3857, columns, [scope.within(unit.grid_code)])


# Lowest zoom at which a level's names are in the tiles, and their rank: the least goes first.
_LABELS: Mapping[str, tuple[int, int]] = {
    "county": (4, 1),
    "town": (7, 2),
    "village": (10, 3),
    "grid": (EXACT_ZOOM, 4),
    "settlement": (EXACT_ZOOM, 5),
}


def _place_labels(window: Window, scope: Scope) -> list[Select[*tuple[Any, ...]]]:
    """Names of areas and grids, each at the one point that was found for it."""
    level = coverage_shape.c.level
    shown = [key for key, (zoom, _) in _LABELS.items() if window.z >= zoom]
    rank = case({key: rank for key, (_, rank) in _LABELS.items()}, value=level)
    return [
        select(
            table.c.code, table.c.name, table.c.name_en, level.label("level"),
            rank.label("rank"), coverage_shape.c.label.label("shape"),
        )
        .select_from(table.join(coverage_shape, coverage_shape.c.code == table.c.code))
        .where(
            coverage_shape.c.zoom == max(ZOOMS),
            level.in_([key for key in shown if (key == "grid") == (table is grid)]),
            scope.around(table.c.code),
        )
        for table in (area, grid)
    ]  # fmt: skip


def _settlement_labels() -> Select[*tuple[Any, ...]]:
    feature = reference_feature.c
    return select(
        feature.code,
        feature.name,
        literal(None, String).label("name_en"),
        literal("settlement", String).label("level"),
        literal(_LABELS["settlement"][1], Integer).label("rank"),
        func.ST_PointOnSurface(feature.geom_3857).label("shape"),
    ).where(feature.layer == "settlements", feature.name.is_not(None))


def _labels(window: Window, scope: Scope) -> Features:
    parts = _place_labels(window, scope)
    if window.z >= _LABELS["settlement"][0]:
        parts.append(_settlement_labels().where(near(reference_feature.c.geom_3857, window)))
    names = union_all(*parts).subquery("names")
    columns = {key: names.c[key] for key in CATALOG["labels"].columns}
    return Features("labels", window, names.c.shape, columns)


# A household's finding is shown to whoever gets only counts at the middle of a cell this wide.
BLUR_M = 500.0


def hidden_rules(scope: Scope) -> list[str]:
    """Return the rules whose findings a reader is not told of, nor how many there are."""
    seen = {"open": True, "individual": scope.individual, "sensitive": scope.sensitive}
    return [rule.code for rule in RULES.values() if not seen[rule.privacy]]


def findings_in_scope(scope: Scope, kept: FromClause = finding) -> ColumnElement[bool]:
    """Pick findings that a reader may be told of, in his area: their own, or one of their grids'.

    What speaks of single households, of members and of needs is for the roles that may see these.

    Parameters
    ----------
    scope
        What the reader may see.
    kept
        Whatever keeps findings, or what they said: ``rule``, ``area_code`` and ``grids``.
    """
    columns = kept.c
    told = columns.rule.not_in(hidden_rules(scope))
    if not scope.prefix:
        return told
    held = func.unnest(columns.grids).table_valued("code").render_derived()
    own = exists().select_from(held).where(func.starts_with(held.c.code, scope.prefix))
    return and_(told, or_(func.starts_with(columns.area_code, scope.prefix), own))


def is_mapped(kept: FromClause = finding) -> ColumnElement[bool]:
    """Pick findings that a map shows: what not everyone is told of is on lists alone."""
    return kept.c.rule.not_in(hidden_rules(Scope()))


def latest_check() -> ScalarSelect[int]:
    """Select the number of the last check; a check is stored when it is done."""
    return select(func.max(coverage_check.c.id)).scalar_subquery()


def finding_markers(scope: Scope) -> Select[*tuple[Any, ...]]:
    """Select each finding of the latest check once: what is told of it, its marker's place ``at``.

    Who may not see single households is shown theirs at the middle of a cell.
    """
    about_people = func.starts_with(finding.c.rule, "H")
    marker: ColumnElement[Any] = func.ST_Transform(finding.c.point, 3857)
    if not scope.individual:
        marker = case((about_people, func.ST_SnapToGrid(marker, BLUR_M)), else_=marker)
    return select(*_told(), literal("point").label("shape"), marker.label("at")).where(
        *_mapped(scope)
    )


def _told() -> list[ColumnElement[Any]]:
    return [finding.c.id, finding.c.rule, finding.c.severity, is_accepted().label("accepted")]


def _mapped(scope: Scope) -> list[ColumnElement[bool]]:
    return [finding.c.check_id == latest_check(), findings_in_scope(scope), is_mapped()]


def _findings(window: Window, scope: Scope) -> Features:
    """Every finding as a marker, and from :data:`FINDING_SHAPE_ZOOM` on its shape as well."""
    mine = _mapped(scope)
    parts = [finding_markers(scope)]
    if window.z >= FINDING_SHAPE_ZOOM:
        shape = finding.c.geom_3857
        kind = case({1: "line", 2: "polygon"}, value=func.ST_Dimension(shape), else_="point")
        drawn = [near(shape, window), func.ST_Dimension(shape) > 0]
        parts.append(select(*_told(), kind.label("shape"), shape.label("at")).where(*mine, *drawn))
    both = union_all(*parts).subquery("both")
    told = {key: both.c[key] for key in CATALOG["findings"].columns}
    return Features("findings", window, both.c["at"], told)


def _households(window: Window, scope: Scope) -> Features:
    if window.z < HOUSEHOLD_ZOOM or not scope.individual:
        return _household_counts(window, scope)
    # A point on a border is in a grid: ST_Intersects takes the border in, as the check does. Asked
    # from the grid's side, for PostGIS then prepares each grid once and not once a household.
    held = household.alias("held")
    inside = select(held.c.code).join(grid, func.ST_Intersects(grid.c.geom, held.c.geom))
    # An overlay grid is a household's grid only by record.
    answers = or_(grid.c.coverage == "exclusive", grid.c.code == held.c.grid_code)
    covered = household.c.code.in_(inside.where(answers, near(grid.c.geom_3857, window)))
    columns: Columns = {
        "code": household.c.code,
        "covered": covered,
        "located": household.c.geom.is_not(None),
    }
    mine = [own_households(scope)]
    return Features("households", window, household.c.geom_3857, columns, mine)


def own_households(scope: Scope) -> ColumnElement[bool]:
    """Pick households that are on the list of the reader's area."""
    return scope.filed(household.c.grid_code, household.c.area_code)


def _household_counts(window: Window, scope: Scope) -> Features:
    """Sum whole groups, a cell of 1/32 of a tile each; no group has less than k."""
    group = household_group.c
    spot = group.geom_3857
    # The cells of one zoom are the same whatever the window: two pictures agree on their edge.
    cell = WORLD_M / 2**window.z / 32
    counts = (
        select(func.sum(group.n).label("n"), func.ST_Centroid(func.ST_Collect(spot)).label("at"))
        .where(near(spot, window), scope.around(group.area_code))
        .group_by(func.floor(func.ST_X(spot) / cell), func.floor(func.ST_Y(spot) / cell))
        .subquery("counts")
    )
    # A tile's margin is one cell, whole; a reader of tiles who sums them up counts each once.
    n: Columns = {"n": cast(counts.c.n, Integer)}
    return Features("households", window, counts.c["at"], n, buffer=0)


def _ground(window: Window, scope: Scope) -> Features:
    """Roads, rivers, settlements: the same for everyone, whatever the scope."""
    del scope
    feature = reference_feature.c
    columns = {"layer": feature.layer, "class": feature["class"], "name": feature.name}
    shape = feature.geom_3857
    lowest = case(GROUND_FROM, value=feature["class"], else_=0)
    seen = lowest <= window.z
    simple = func.ST_Simplify(shape, pixel_m(window.z) / 2, True)
    return Features("ground", window, simple, columns, [seen], stored=shape)


_MAKERS: Mapping[str, Callable[[Window, Scope], Features]] = {
    "areas": _areas,
    "grids": _grids,
    "units": _units,
    "labels": _labels,
    "findings": _findings,
    "households": _households,
    "members": member_features,
    "incidents": incident_features,
    "ground": _ground,
}


def tile_statement(layer: str, tile: Tile, scope: Scope) -> Select[bytes]:
    """Return the statement whose single value is the tile.

    Parameters
    ----------
    layer
        A layer of the catalogue.
    tile
        An address that exists.
    scope
        What the reader may see.

    Raises
    ------
    KeyError
        If there is no such layer.
    """
    return _MAKERS[layer](tile.window(), scope).mvt(tile)


def row_statement(layer: str, window: Window, scope: Scope) -> Select[*tuple[Any, ...]]:
    """Return the statement for a layer's rows: ``geom`` as WKB (EPSG:3857), and its columns.

    Parameters
    ----------
    layer
        A layer of the catalogue.
    window
        Where, and in the detail of which zoom.
    scope
        What the reader may see: the same rows as in the vector tiles.

    Raises
    ------
    KeyError
        If there is no such layer.
    """
    return _MAKERS[layer](window, scope).rows()
