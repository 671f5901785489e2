"""What a rule is: its code, names, default severity, sentences, and the words of its page."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
# Who may be shown a rule's findings: everyone of the area; who may see single households; who may
# see memberships, needs and contacts.
Privacy = Literal["open", "individual", "sensitive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the catalogue.

    Attributes
    ----------
    code, name, name_zh
        The stable code; the short name in each language.
    severity
        What it is unless a county says otherwise.
    reason, reason_zh
        What the rule is about, in one sentence.
    message, message_zh
        What a finding says; in braces what is filled in.
    fix, fix_zh
        What a finding proposes, likewise.
    why, why_zh
        Why it matters, for the rule's page.
    how, how_zh
        How to put it right, for the rule's page.
    limits
        Keys of the thresholds (:data:`geo.rules.LIMITS`) that it goes by.
    privacy
        Who may be shown its findings.
    """

    code: str
    name: str
    severity: Severity
    name_zh: str
    reason: str
    reason_zh: str
    message: str
    message_zh: str
    fix: str
    fix_zh: str
    why: str
    why_zh: str
    how: str
    how_zh: str
    limits: tuple[str, ...] = ()
    privacy: Privacy = "open"
