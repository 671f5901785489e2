"""The verdict that a reader is given: the latest check, of his area, without what was accepted."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from api.coverage import store
from api.coverage.schemas import ByRule, ByTown, CheckInfo, Verdict, VersionInfo
from geo.coverage import blind_spots
from geo.findings import RULES
from layers.tiles import Scope


def _summary(
    session: Session, scope: Scope, whole: dict[str, Any], rules: Sequence[ByRule]
) -> dict[str, Any]:
    """Return the summary for a reader: of his area, and without what was accepted since."""
    # An area's figures are its own, all of them: none of the county's is handed on.
    summary = store.area_summary(session, scope) if scope.prefix else dict(whole)
    summary["by_rule"] = {each.rule: each.count for each in rules if each.count}
    counts = store.severity_counts(session, scope)
    summary["errors"], summary["warnings"] = counts.get("error", 0), counts.get("warning", 0)
    summary["accepted"] = sum(each.accepted for each in rules)
    if whole["blind_spots"] is not None:
        summary["blind_spots"] = blind_spots(summary["by_rule"], whole.get("rules_off", ()))
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
        summary=_summary(session, scope, check.summary, rules) if check else None,
        by_town=[ByTown(**row._mapping) for row in store.by_town(session, scope)],
        by_rule=rules,
        synthetic=bool(settings.get("synthetic", False)),
        reference_date=settings.get("reference_date"),
    )
