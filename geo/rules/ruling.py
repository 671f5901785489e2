"""A ruling: which rules are on, how grave they are, and the thresholds in force; as a county says.

It is stated as settings: under ``rules`` what is said of each rule (``on``, ``severity``), under
each threshold's own key its value, under ``limits_at`` what a town or a village has of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from geo.errors import GeoError
from geo.rules.base import Rule, Severity
from geo.rules.limits import LIMITS, Limits

RULES_KEY, AREAS_KEY = "rules", "limits_at"
SETTINGS = (RULES_KEY, AREAS_KEY, *LIMITS)


class RulingError(GeoError):
    """Something is said of a rule that is none, or that no rule can have."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Rules as a county has them: ``on`` and ``severities`` by code, where it says something."""

    on: Mapping[str, bool]
    severities: Mapping[str, Severity]
    limits: Limits

    @classmethod
    def of(cls, stated: Mapping[str, Any], known: Mapping[str, Rule]) -> "Ruling":
        """Read what is stated, whole.

        Parameters
        ----------
        stated
            Settings by key; others than :data:`SETTINGS` are passed over.
        known
            The rules that there are.

        Raises
        ------
        RulingError, LimitError
            If a rule, a threshold or a value is not one.
        """
        said = stated.get(RULES_KEY) or {}
        for code, values in said.items():
            _require_rule(code, values, known)
        return cls(
            {code: values["on"] for code, values in said.items() if "on" in values},
            {code: values["severity"] for code, values in said.items() if "severity" in values},
            Limits.of({key: stated[key] for key in LIMITS if key in stated}, stated.get(AREAS_KEY)),
        )

    def stated(self) -> dict[str, Any]:
        """Return it as settings by key; what is as the table has it is left out."""
        rules: dict[str, dict[str, Any]] = {}
        for code, on in self.on.items():
            if not on:
                rules.setdefault(code, {})["on"] = on
        for code, severity in self.severities.items():
            rules.setdefault(code, {})["severity"] = severity
        county = {k: v for k, v in self.limits.county.items() if v != LIMITS[k].default}
        areas = {code: dict(said) for code, said in self.limits.areas.items() if said}
        return {RULES_KEY: rules, AREAS_KEY: areas, **county}


def _require_rule(code: str, values: object, known: Mapping[str, Rule]) -> None:
    if code not in known:
        raise RulingError(f"There is no rule {code}.", zh=f"没有规则 {code}。")
    fits = (
        isinstance(values, Mapping)
        and set(values) <= {"on", "severity"}
        and isinstance(values.get("on", True), bool)
        and values.get("severity", "error") in get_args(Severity)
    )
    if not fits:
        raise RulingError(
            f"Of the rule {code} is said what cannot be said of one.",
            cure=f"Say on: true or false, severity: {', '.join(get_args(Severity))}.",
            zh=f"规则 {code} 的设置有误：on 应为 true 或 false，severity 应为 "
            f"{'、'.join(get_args(Severity))}。",
        )
