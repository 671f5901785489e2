"""Legends of incidents and of their density, with the numbers of a reader's area."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from api.incidents import store
from api.incidents.service import HeatMap
from geo.suppression import blank_cells
from layers.alerts import ALERTS, AlertClass, alert_classes
from layers.catalog import K_ANONYMITY
from layers.heat_legend import HeatFacts, Words, heat_legend
from layers.incidents import CHOICE_NAMES, STATUS_NAMES, TIER_NAMES, IncidentFilter
from layers.legend import legend
from layers.tiles import Scope


def legend_of_heat(session: Session, found: HeatMap) -> dict[str, Any]:
    """Return the legend of a heat map."""
    asked, density = found.selection.filter, found.density
    facts = HeatFacts(
        per=found.selection.per,
        bandwidth_m=found.selection.bandwidth_m,
        n=found.n,
        located=found.located,
        from_=asked.from_,
        to=asked.to,
        chosen=chosen_words(session, asked),
        stacks=[n for _, _, n in density.stacks] if density is not None else [],
    )
    return heat_legend(None if density is None else density.scale, facts)


def chosen_words(session: Session, asked: IncidentFilter) -> list[Words]:
    """Return what was picked, a line each, in both languages."""
    lines = []
    for name, values in asked.chosen().items():
        known = _names(session, name)
        zh, en = (", ".join(known.get(value, (value, value))[i] for value in values)
                  for i in (0, 1))  # fmt: skip
        lines.append((f"{CHOICE_NAMES[name][0]}：{zh}", f"{CHOICE_NAMES[name][1]}: {en}"))
    return lines


def _names(session: Session, choice: str) -> Mapping[str, Words]:
    if choice == "tier":
        return TIER_NAMES
    if choice == "status":
        return STATUS_NAMES
    listed = store.named(session, {"kind": "incident_kinds", "alert": "alerts"}[choice])
    return {
        each["name"]: (each.get("zh", each["name"]), each.get("en", each["name"]))
        for each in listed
    }


def alerts_of(session: Session) -> list[AlertClass]:
    """Return the county's alerts, in its order."""
    return alert_classes(store.named(session, "alerts")) or list(ALERTS)


def legend_of_incidents(session: Session, asked: IncidentFilter, scope: Scope) -> dict[str, Any]:
    """Return the legend of the layer of incidents, each alert with its number.

    Who gets counts only is told none under k, nor what one could be worked out from.
    """
    cells = {str(key): n for key, n in store.counts(session, asked, scope, "alert").items()}
    alerts = alerts_of(session)
    listed = {alert.id for alert in alerts}
    unlisted = [AlertClass(key, key, key, "other") for key in sorted(set(cells) - listed)]
    built = legend("incidents", None, None, [*alerts, *unlisted])
    total, hidden = sum(cells.values()), set[str]()
    if not scope.individual:
        above = dict.fromkeys(cells, "")
        hidden = blank_cells({"": total, **cells}, {"": None, **above}, K_ANONYMITY)
    items: Any = built["items"]
    for item in items:
        key = item["id"]
        if item["symbol"].get("image", "").startswith("alert-"):
            item["n"] = None if key in hidden else cells.get(key, 0)
    built["n"] = None if "" in hidden else total
    if not scope.individual:
        built["items"] = [item for item in items if item["id"] != "stacked"]
    return built
