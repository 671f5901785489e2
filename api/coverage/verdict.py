"""The verdict that a reader is given: the latest check, of his area, without what was accepted."""

from typing import Any

from sqlalchemy.orm import Session

from api.coverage import store
from api.coverage.schemas import ByRule, ByTown, CheckInfo, Verdict, VersionInfo
from geo.coverage import BLIND_RULES, blind_spots
from geo.findings import RULES
from layers.tiles import Scope
from layers.vector import hidden_rules


def _summary(session: Session, scope: Scope, whole: dict[str, Any]) -> dict[str, Any]:
    """Return the summary for a reader: of his area, and without what was accepted since."""
    # An area's figures are its own, all of them: none of the county's is handed on.
    summary = store.area_summary(session, scope) if scope.prefix else dict(whole)
    hidden = hidden_rules(scope)
    summary["by_rule"] = {
        rule: n for rule, n in summary.get("by_rule", {}).items() if rule not in hidden
    }
    counts = store.severity_counts(session, scope)
    summary["errors"], summary["warnings"] = counts.get("error", 0), counts.get("warning", 0)
    if whole["blind_spots"] is not None:
        off = whole.get("rules_off", ())
        summary["blind_spots"] = blind_spots(
            {rule: 1 for rule in BLIND_RULES if store.has_any(session, scope, rule)}, off
        )
    return summary


def verdict(session: Session, scope: Scope) -> Verdict:
    """Return the latest check's verdict on a reader's area."""
    version, check = store.current_version(session), store.last_check(session)
    settings = store.settings(session)
    rules = [
        ByRule(name=RULES[row.rule].name, name_zh=RULES[row.rule].name_zh, **row._mapping)
        for row in store.by_rule(session, scope)
    ]
    return Verdict(
        version=version and VersionInfo(**version._mapping),
        check=check and CheckInfo(**check._mapping),
        area=scope.prefix or None,
        summary=_summary(session, scope, check.summary) if check else None,
        by_town=[ByTown(**row._mapping) for row in store.by_town(session, scope)],
        by_rule=rules,
        synthetic=bool(settings.get("synthetic", False)),
        reference_date=settings.get("reference_date"),
    )
