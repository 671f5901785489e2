"""Legends: what each colour and symbol of a layer means, how many there are, and of which day."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from layers.alerts import ALERTS, AlertClass
from layers.catalog import STACKED
from layers.style import (
    BORDERS,
    FINDING_CLASSES,
    GRID_KINDS,
    HOUSEHOLD_BREAKS,
    NEED_CLASSES,
    PALETTE,
)

Shape = Literal["pattern", "marker", "fill", "line", "circle"]


# Counted beside the classes of findings, and not among them: what somebody accepted.
ACCEPTED = "accepted"


def _item(
    key: str, zh: str, en: str, shape: Shape, color: str, *, n: int | None = None, **extra: object
) -> dict[str, object]:
    symbol = {"shape": shape, "color": color, **extra}
    return {"id": key, "label": {"zh": zh, "en": en}, "symbol": symbol, "n": n}


def _finding_items(counts: Mapping[str, int] | None) -> Iterable[dict[str, object]]:
    for group in FINDING_CLASSES:
        n = None if counts is None else sum(counts.get(rule, 0) for rule in group.rules)
        image = f"{'hatch' if group.areal else 'marker'}-{group.id}"
        shape: Shape = "pattern" if image.startswith("hatch") else "marker"
        yield {
            **_item(group.id, group.zh, group.en, shape, group.color, n=n, image=image),
            "rules": list(group.rules),
        }
    if accepted := (counts or {}).get(ACCEPTED):
        yield _item(ACCEPTED, "已登记例外（淡色）", "Accepted exception (pale)", "marker",
                    PALETTE["gap"], n=accepted, image="marker-gap", opacity=0.4)  # fmt: skip


def _grid_items(counts: Mapping[str, int] | None) -> Iterable[dict[str, object]]:
    for kind, (zh, en) in GRID_KINDS.items():
        n = None if counts is None else counts.get(kind, 0)
        yield _item(kind, zh, en, "fill", PALETTE[kind], n=n, outline=PALETTE["grid"])


def _border_items(levels: Iterable[str]) -> Iterable[dict[str, object]]:
    for level in levels:
        zh, en, width, dash = BORDERS[level]
        yield _item(level, zh, en, "line", PALETTE[level], width=width, dash=list(dash))


def _household_items() -> Iterable[dict[str, object]]:
    for place, least in enumerate(HOUSEHOLD_BREAKS, 1):
        last = place == len(HOUSEHOLD_BREAKS)
        text = f"≥ {least}" if last else f"{least}-{HOUSEHOLD_BREAKS[place] - 1}"
        yield _item(f"cells-{place}", text, text, "circle", PALETTE[f"cells-{place}"])
    yield _item("covered", "有网格负责的住户", "Household in a grid", "circle", PALETTE["covered"])
    yield _item(
        "uncovered",
        "无网格负责的住户",
        "Household in no grid",
        "marker",
        PALETTE["household"],
        image="marker-household",
    )


def _member_items(counts: Mapping[str, int] | None) -> Iterable[dict[str, object]]:
    """Name the symbols of the party-member household map; ``other`` only where it is used."""
    counted = counts or {}

    def n(key: str) -> int | None:
        return None if counts is None else counts.get(key, 0)

    gold, ink, home = PALETTE["member"], PALETTE["ink"], PALETTE["home"]
    yield _item("member", "党员户", "A member's home", "marker", gold, n=n("member"),
                image="member-home")  # fmt: skip
    yield _item("seat", "党支部", "Party branch", "marker", gold, n=n("seat"), image="member-seat")
    yield _item("link", "党员联系", "Contact", "line", ink, n=n("link"), width=1.4)
    for need in NEED_CLASSES:
        if need.tags or counts is None or counted.get(need.id):
            yield _item(need.id, need.zh, need.en, "marker", need.color, n=n(need.id),
                        image=need.image)  # fmt: skip
    yield _item("needy-alone", "有需求，无人联系", "In need, no contact", "marker", ink,
                n=n("needy-alone"), image="need-alone")  # fmt: skip
    yield _item("contacted", "有党员联系", "In contact", "circle", home, n=n("contacted"),
                outline=home)  # fmt: skip
    yield _item("alone", "无人联系", "No contact", "circle", PALETTE["halo"], n=n("alone"),
                outline=home)  # fmt: skip


def _incident_items(
    counts: Mapping[str, int] | None, alerts: Sequence[AlertClass]
) -> Iterable[dict[str, object]]:
    for alert in alerts:
        n = None if counts is None else counts.get(alert.id, 0)
        yield _item(alert.id, alert.zh, alert.en, "marker", alert.color, n=n, image=alert.image)
    yield _item("counted", "若干事件（按数量）", "Incidents, counted", "circle", PALETTE["halo"],
                outline=PALETTE["ink"])  # fmt: skip
    yield _item("stacked", f"同一坐标上 {STACKED} 件以上，或为默认定位",
                f"{STACKED} or more on one coordinate, maybe a default", "marker",
                PALETTE["ink"], image="incident-stack")  # fmt: skip


def _ground_items() -> Iterable[dict[str, object]]:
    yield _item("roads", "道路", "Road", "line", PALETTE["road"], casing=PALETTE["road-casing"])
    yield _item("rivers", "河流", "River", "line", PALETTE["water"], width=2.0)
    yield _item("settlements", "居民地", "Settlement", "fill", PALETTE["settlement"])


_TITLES: Mapping[str, tuple[str, str, str, str]] = {
    # layer: title zh, title en, unit zh, unit en
    "findings": ("问题", "Findings", "处", "findings"),
    "grids": ("网格", "Grids", "个", "grids"),
    "areas": ("行政界线", "Administrative borders", "", ""),
    "units": ("十户单元", "Ten-household units", "", ""),
    "households": ("住户", "Households", "户", "households"),
    "members": ("党员户图", "Party-member households", "户", "households"),
    "incidents": ("事件", "Incidents", "件", "incidents"),
    "ground": ("底图", "Ground", "", ""),
}
LEGENDS: tuple[str, ...] = tuple(_TITLES)


def legend(
    layer: str,
    counts: Mapping[str, int] | None = None,
    date: str | None = None,
    alerts: Sequence[AlertClass] = ALERTS,
) -> dict[str, object]:
    """Return a layer's legend: title, unit and one entry a class, the same at every zoom.

    Parameters
    ----------
    layer
        One of :data:`LEGENDS`.
    counts
        How many there are: by rule and :data:`ACCEPTED` for ``findings``, by kind for ``grids``,
        with a place for ``households``, by entry and of all ``households`` for ``members``; null
        leaves ``n`` null in every entry.
    date
        The day that the counts are of, RFC 3339.
    alerts
        Those that the county has, for ``incidents``.

    Raises
    ------
    KeyError
        If the layer has no legend.
    """
    title_zh, title_en, unit_zh, unit_en = _TITLES[layer]
    items = {
        "findings": lambda: _finding_items(counts),
        "grids": lambda: _grid_items(counts),
        "areas": lambda: _border_items(("county", "town", "village")),
        "units": lambda: _border_items(("unit",)),
        "households": _household_items,
        "members": lambda: _member_items(counts),
        "incidents": lambda: _incident_items(counts, alerts),
        "ground": _ground_items,
    }[layer]()
    return {
        "layer": layer,
        "title": {"zh": title_zh, "en": title_en},
        "unit": {"zh": unit_zh, "en": unit_en},
        # Classes that overlap have a count of all beside them.
        "n": None if counts is None else counts.get("households", _sum(counts)),
        "date": date,
        "items": list(items),
    }


def _sum(counts: Mapping[str, int]) -> int:
    return sum(n for key, n in counts.items() if key != ACCEPTED)
