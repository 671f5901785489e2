"""Incidents: which are asked for, where each belongs, and what a reader may see of them.

An incident belongs to the grid that it is recorded in, else to the one on whose ground it lies,
else to that village. Days are the county's own, whatever zone a server or a browser is in.

An incident's place can be somebody's home. Who may not see single households is shown counts of
at least k = 10 in cells that never get smaller than half a kilometre, at the middle of the cell.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from math import ceil, floor
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from geo.errors import GeoError
from geo.generalize import WORLD_M
from layers.catalog import INCIDENT_ZOOM, K_ANONYMITY
from layers.style import ALERT_MARKS
from layers.tables import STATUSES, TIERS, area, grid, incident, setting
from layers.tiles import Columns, Features, Scope, Window, near

# The whole of China keeps one time.
ZONE = ZoneInfo("Asia/Shanghai")
# The smallest cells that anything is counted in for who may not see single incidents are those of
# this zoom: 611 m of EPSG:3857, in this county 510 m on the ground.
COARSE_ZOOM = 11
CELLS_PER_TILE = 32


class FilterError(GeoError):
    """What was asked for is not there, or makes no sense."""


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents are asked for; equal ones are the same question.

    Attributes
    ----------
    from_, to
        First and last day of the reports, both included, in the county's zone; null: open.
    kind, tier, alert, status
        Any of these values; empty: all.
    """

    from_: date | None = None
    to: date | None = None
    kind: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    alert: tuple[str, ...] = ()
    status: tuple[str, ...] = ()

    def where(self) -> list[ColumnElement[bool]]:
        """Pick the incidents."""
        reported = incident.c.reported_at
        picked: list[ColumnElement[bool]] = []
        if self.from_ is not None:
            picked.append(reported >= _midnight(self.from_))
        if self.to is not None:
            picked.append(reported < _midnight(self.to + timedelta(days=1)))
        picked += [incident.c[name].in_(values) for name, values in self.chosen().items()]
        return picked

    def chosen(self) -> dict[str, tuple[str, ...]]:
        """Return what is picked of kinds, tiers, alerts and statuses; nothing where all are."""
        values = {name: getattr(self, name) for name in _CHOICES}
        return {name: picked for name, picked in values.items() if picked}

    def query(self) -> dict[str, str]:
        """Return the filter as parameters of an address, for :func:`read_filter` to read."""
        days = {"from": self.from_, "to": self.to}
        given = {name: day.isoformat() for name, day in days.items() if day is not None}
        return given | {name: ",".join(values) for name, values in self.chosen().items()}


_CHOICES: tuple[str, ...] = tuple(
    each.name for each in fields(IncidentFilter) if each.name not in ("from_", "to")
)
CHOICE_NAMES: Mapping[str, tuple[str, str]] = {
    "kind": ("类型", "Kind"),
    "tier": ("处置方式", "Tier"),
    "alert": ("预警", "Alert"),
    "status": ("状态", "Status"),
}


# What the steps are called in the county: who deals with it, and how far it has come.
TIER_NAMES: Mapping[str, tuple[str, str]] = {
    "auto": ("AI办", "Answered by AI"),
    "local": ("就地办", "On the spot"),
    "escalated": ("吹哨办", "Escalated"),
}
STATUS_NAMES: Mapping[str, tuple[str, str]] = {
    "found": ("发现", "Found"),
    "dispatched": ("派单", "Dispatched"),
    "in_hand": ("联动", "In hand"),
    "answered": ("反馈", "Answered"),
    "rated": ("评价", "Rated"),
}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


def read_filter(
    given: Mapping[str, str | None], *, kinds: Collection[str], alerts: Collection[str]
) -> IncidentFilter:
    """Read a filter from the words of a request or of a command line.

    Parameters
    ----------
    given
        ``from`` and ``to`` as ``2026-01-31``; ``kind``, ``tier``, ``alert``, ``status`` as one
        value or several with commas between. Missing, null and empty mean any.
    kinds, alerts
        What the county knows; none: whatever is asked for.

    Raises
    ------
    FilterError
        If a day is no day, the first is after the last, or a value is unknown.

    Examples
    --------
    >>> read_filter({"from": "2026-01-01", "tier": "auto,local"}, kinds=(), alerts=()).query()
    {'from': '2026-01-01', 'tier': 'auto,local'}
    """
    known = {"kind": kinds, "tier": TIERS, "alert": alerts, "status": STATUSES}
    first, last = (_day(name, given.get(name)) for name in ("from", "to"))
    if first is not None and last is not None and first > last:
        raise FilterError(
            f"The period ends on {last}, before it begins on {first}.",
            cure="Exchange the two days.",
            zh=f"结束日期 {last} 早于开始日期 {first}，请对调。",
        )
    chosen = {name: _values(name, given.get(name), known[name]) for name in _CHOICES}
    return IncidentFilter(first, last, **chosen)


def _day(name: str, text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FilterError(
            f"“{text}” is not a day ({name}).",
            cure="Write it as 2026-01-31.",
            zh=f"“{text}”不是日期（{name}），请写成 2026-01-31。",
        ) from None


def _values(name: str, text: str | None, known: Collection[str]) -> tuple[str, ...]:
    values = tuple(sorted({value.strip() for value in (text or "").split(",")} - {""}))
    for value in values:
        if known and value not in known:
            listed = ", ".join(known)
            raise FilterError(
                f"There is no {name} “{value}”.",
                cure=f"There are {listed}.",
                zh=f"没有名为“{value}”的{CHOICE_NAMES[name][0]}，可选：{listed}。",
            )
    return values


# -- where an incident belongs -------------------------------------------------------------------


def place_code() -> ColumnElement[str]:
    """Return the code of the grid, else of the village, that an incident belongs to."""
    here = incident.c.geom
    on_grid = select(func.min(grid.c.code)).where(
        grid.c.coverage == "exclusive", func.ST_Intersects(grid.c.geom, here)
    )
    in_village = select(func.min(area.c.code)).where(
        area.c.level == "village", func.ST_Intersects(area.c.geom, here)
    )
    # Only where the first is null are the others looked for.
    return func.coalesce(
        incident.c.grid_code,
        on_grid.correlate(incident).scalar_subquery(),
        in_village.correlate(incident).scalar_subquery(),
    )


def in_scope(scope: Scope) -> ColumnElement[bool]:
    """Pick incidents that belong to the reader's area."""
    return scope.within(place_code()) if scope.prefix else true()


# -- what is asked of the database ---------------------------------------------------------------


def places_statement(wanted: IncidentFilter) -> Select[int, int, bytes]:
    """Return the statement for the places of incidents, of the whole county.

    Returns
    -------
    Select
        How many there are, how many have a place, and these as WKB one after the other, EPSG:4326,
        little-endian: 21 bytes each. A surface is made of them all, whoever looks at his part.
    """
    wkb = func.string_agg(
        func.ST_AsBinary(incident.c.geom, "NDR"), literal(b"", LargeBinary), type_=LargeBinary
    )
    return select(func.count(), func.count(incident.c.geom), wkb).where(*wanted.where())


def counts_statement(wanted: IncidentFilter, scope: Scope) -> Select[int, int]:
    """Return the statement for how many there are in the reader's area, and have a place."""
    return select(func.count(), func.count(incident.c.geom)).where(*wanted.where(), in_scope(scope))


def incident_features(
    window: Window, scope: Scope, wanted: IncidentFilter = IncidentFilter()
) -> Features:
    """Return the layer ``incidents``: points from near for who may see them, else counts."""
    if window.z < INCIDENT_ZOOM or not scope.individual:
        return _counted(window, scope, wanted)
    alike = func.count().over(partition_by=incident.c.geom)
    columns: Columns = {
        "code": incident.c.code,
        "kind": incident.c.kind,
        "alert": incident.c.alert,
        "symbol": _symbol(),
        "status": incident.c.status,
        "title": incident.c.title,
        # So many of them are on the very same coordinate: mostly a geocoder's default.
        "stacked": cast(alike, Integer),
    }
    where = [in_scope(scope), *wanted.where()]
    return Features("incidents", window, incident.c.geom_3857, columns, where)


def _symbol() -> ColumnElement[str]:
    """Return the mark of an alert: what the county's setting says, else the one of its name."""
    listed = select(setting.c.value).where(setting.c.key == "alerts").scalar_subquery()
    entries = func.jsonb_array_elements(listed).table_valued(column("entry", JSONB))
    each = entries.render_derived(name="each")
    entry = each.c.entry
    stated = (
        select(func.min(entry["symbol"].astext))
        .where(entry["name"].astext == incident.c.alert)
        .correlate(incident)
    )
    marks = {name: f"alert-{name}" for name in ALERT_MARKS}
    return func.coalesce(
        case(marks, value=stated.scalar_subquery()),
        case(marks, value=incident.c.alert),
        "alert-other",
    )


def _counted(window: Window, scope: Scope, wanted: IncidentFilter) -> Features:
    """Count cells of 1/32 of a tile, whole ones: no picture's edge cuts a count in two."""
    zoom = window.z if scope.individual else min(window.z, COARSE_ZOOM)
    cell = WORLD_M / 2**zoom / CELLS_PER_TILE
    spot = incident.c.geom_3857
    column, row = (func.floor(axis(spot) / cell) for axis in (func.ST_X, func.ST_Y))
    left, bottom, right, top = window.bounds
    west, south = floor(left / cell), floor(bottom / cell)
    east, north = ceil(right / cell), ceil(top / cell)
    whole = Window(window.z, (west * cell, south * cell, east * cell, north * cell))
    middle = func.ST_SetSRID(func.ST_MakePoint((column + 0.5) * cell, (row + 0.5) * cell), 3857)
    counts = (
        select(cast(func.count(), Integer).label("n"), middle.label("at"))
        .where(
            near(spot, whole),
            # What lies on the edge to the next cell is counted there.
            and_(column.between(west, east - 1), row.between(south, north - 1)),
            in_scope(scope),
            *wanted.where(),
        )
        .group_by(column, row)
        .having(or_(literal(scope.individual), func.count() >= K_ANONYMITY))
        .subquery("counts")
    )
    return Features("incidents", window, counts.c["at"], {"n": counts.c.n}, buffer=0)


def named_entries(stated: object) -> list[Mapping[str, str]]:
    """Return what a setting lists by name (``alerts``, ``incident_kinds``); empty for none."""
    listed = stated if isinstance(stated, list) else []
    return [each for each in listed if isinstance(each, dict) and each.get("name")]
