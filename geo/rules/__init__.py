"""The catalogue: every rule a territory is checked by, one declared row each, and the thresholds.

A row carries a rule's code, names, default severity, the sentences that its findings say, and the
words of its page in the documentation; :data:`LIMITS` are the thresholds that rules go by.
"""

from collections.abc import Mapping

from geo.rules.base import Privacy, Rule, Severity
from geo.rules.homes import HOMES
from geo.rules.land import LAND
from geo.rules.limits import LIMITS, Limit, LimitError, Limits
from geo.rules.people import PEOPLE
from geo.rules.ruling import Ruling, RulingError
from geo.rules.shapes import SHAPES

__all__ = [
    "LIMITS", "RULES", "Limit", "LimitError", "Limits", "Privacy", "Rule", "Ruling", "RulingError",
    "Severity",
]  # fmt: skip

RULES: Mapping[str, Rule] = {rule.code: rule for rule in (*SHAPES, *LAND, *HOMES, *PEOPLE)}
