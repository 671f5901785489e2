"""The county's rules: told whole with the table's words, and changed whole."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from api import audit
from api.errors import InvalidRequestError
from api.rules import store
from api.rules.schemas import AreaLimits, LimitState, NewRules, RuleBook, RuleState
from geo.rules import LIMITS, RULES, Limit, Limits, Ruling
from geo.rules.limits import KINDS
from geo.rules.ruling import AREAS_KEY, RULES_KEY


def rule_book(session: Session) -> RuleBook:
    """Return every rule and threshold as the county has them."""
    said, change = store.ruling(session), store.last_change(session)
    names = store.area_names(session, set(said.limits.areas))
    return RuleBook(
        rules=[
            RuleState(
                code=rule.code, name=rule.name, name_zh=rule.name_zh, reason=rule.reason,
                reason_zh=rule.reason_zh, on=said.on.get(rule.code, True),
                severity=said.severities.get(rule.code, rule.severity),
                usual_severity=rule.severity, privacy=rule.privacy, limits=list(rule.limits),
                page=f"/docs/rules/{rule.code}",
            )
            for rule in RULES.values()
        ],
        limits=[_limit(limit, said.limits) for limit in LIMITS.values()],
        areas=[
            AreaLimits(
                code=code, name=names.get(code, (code, None))[0],
                name_en=names.get(code, (code, None))[1], limits=dict(values),
            )
            for code, values in sorted(said.limits.areas.items())
        ],
        changed_at=change and change.updated_at,
        changed_by=change and change.updated_by,
    )  # fmt: skip


def _limit(limit: Limit, said: Limits) -> LimitState:
    return LimitState(
        key=limit.key, name=limit.name, name_zh=limit.name_zh, unit=limit.unit,
        unit_zh=limit.unit_zh, form=limit.form, low=limit.low, high=limit.high,
        value=_value(limit, said), usual=limit.default, by_area=limit.by_area,
    )  # fmt: skip


def _value(limit: Limit, said: Limits) -> Any:  # noqa: ANN401 - a number, a range, ranges by kind
    """Return what the county has, complete: what it leaves open is the table's."""

    def ends(kind: str | None = None) -> dict[str, float]:
        return dict(zip(("least", "most"), said.range(limit.key, "", kind), strict=True))

    if limit.form == "number":
        return said.number(limit.key)
    return ends() if limit.form == "range" else {kind: ends(kind) for kind in KINDS}


def change_rules(session: Session, new: NewRules, account: str) -> RuleBook:
    """Store what the county says from now on, and who said it; the next check goes by it.

    Raises
    ------
    RulingError, LimitError
        If a rule, a threshold or a value is not one.
    InvalidRequestError
        If an area is not one.
    """
    rules = {code: said.model_dump(exclude_none=True) for code, said in new.rules.items()}
    stated: Mapping[str, Any] = {**new.limits, RULES_KEY: rules, AREAS_KEY: new.areas}
    for key in new.limits:
        Limits.of({key: new.limits[key]})
    said = Ruling.of(stated, RULES)
    if unknown := store.unknown_areas(session, set(new.areas)):
        raise InvalidRequestError(f"There is no area {unknown[0]}.", f"没有区划 {unknown[0]}。")
    before = store.ruling(session).stated()
    store.keep(session, said, account)
    audit.record(
        session, account, audit.RULES_CHANGED, target="rules",
        detail={"before": before, "after": said.stated()},
    )  # fmt: skip
    return rule_book(session)
