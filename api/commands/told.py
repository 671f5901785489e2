"""What a command is told of rules and thresholds: ``--rules +C,-C105,H204=warning --limits …``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import typer

from geo.findings import RULES, SEVERITIES, Severity
from geo.rules import LIMITS, LimitError, Limits, Ruling


@dataclass
class Told:
    """What was said: rules on or off, how grave, thresholds; and which were named to be on."""

    on: dict[str, bool] = field(default_factory=dict)
    severities: dict[str, Severity] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    def over(self, county: Ruling) -> Ruling:
        """Return what is in force: what was said goes before what the county says.

        Raises
        ------
        typer.BadParameter
            If a threshold has a value that it cannot have.
        """
        try:
            merged = _merge(county.limits.county, self.limits)
            bounds = Limits.of(merged, {} if self.limits else county.limits.areas)
        except LimitError as error:
            raise typer.BadParameter(str(error)) from error
        return Ruling({**county.on, **self.on}, {**county.severities, **self.severities}, bounds)


def told_rules(rules: str, limits: str = "") -> Told:
    """Read both options.

    Of ``--rules`` later words win, and a prefix stands for all rules that begin with it. All are
    on at first; where a word has no sign, those without a sign are, and no other.

    Raises
    ------
    typer.BadParameter
        If a word names no rule, no severity or no threshold.

    Examples
    --------
    >>> told_rules("-C105,H204=warning").severities
    {'H204': 'warning'}
    """
    parts = [part.strip() for part in rules.split(",") if part.strip()]
    alone = any(part[0] not in "+-" and "=" not in part for part in parts)
    told = Told(on=dict.fromkeys(RULES, False) if alone else {})
    for word in parts:
        head, _, severity = word.partition("=")
        prefix = head.lstrip("+-").upper()
        codes = [code for code in RULES if prefix and code.startswith(prefix)]
        if not codes:
            raise typer.BadParameter(
                f"“{word}” is no rule; write for example +C,-C105 ({', '.join(RULES)})."
            )
        on = word[0] != "-"
        told.on.update(dict.fromkeys(codes, on))
        told.named = told.named | set(codes) if on else told.named - set(codes)
        if severity:
            told.severities.update(dict.fromkeys(codes, _severity(word, severity)))
    for word in (part.strip() for part in limits.split(",")):
        if word:
            _put(told.limits, word)
    return told


def _severity(word: str, severity: str) -> Severity:
    for known in SEVERITIES:
        if severity.strip().lower() == known:
            return known
    raise typer.BadParameter(f"“{word}” names no severity; there are {', '.join(SEVERITIES)}.")


def _put(limits: dict[str, Any], word: str) -> None:
    """Put ``households_per_grid.rural.most=200`` where it belongs."""
    path, _, value = word.partition("=")
    *above, last = path.strip().split(".")
    try:
        number = float(value)
    except ValueError:
        raise typer.BadParameter(
            f"“{word}” is no threshold; write for example narrow_gap_m=2 ({', '.join(LIMITS)})."
        ) from None
    inner = limits
    for key in above:
        if not isinstance(inner.setdefault(key, {}), dict):
            raise typer.BadParameter(f"“{word}” contradicts what was said before it.")
        inner = inner[key]
    inner[last] = number


def _merge(one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(one)
    for key, value in two.items():
        old = out.get(key)
        nested = isinstance(old, Mapping) and isinstance(value, Mapping)
        out[key] = _merge(old, value) if nested else value  # type: ignore[arg-type]  # both are
    return out
