"""Alerts as a county has them: which, in which order, and the mark that each is drawn with.

The palette of alerts is data: the setting ``alerts`` lists them. The marks to choose from are
:data:`layers.style.ALERT_MARKS`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from layers.style import ALERT_MARKS, PALETTE


@dataclass(frozen=True, slots=True)
class AlertClass:
    """An alert as a county has it: its value, its name in each language, and its mark."""

    id: str
    zh: str
    en: str
    mark: str

    @property
    def image(self) -> str:
        """The class's symbol."""
        return f"alert-{self.mark}"

    @property
    def color(self) -> str:
        """The class's colour."""
        return PALETTE[self.image]


# As long as a county does not say otherwise.
ALERTS: tuple[AlertClass, ...] = (
    AlertClass("blue", "蓝色预警", "Blue alert", "blue"),
    AlertClass("yellow", "黄色预警", "Yellow alert", "yellow"),
    AlertClass("red", "红色预警", "Red alert", "red"),
)


def alert_classes(stated: Sequence[Mapping[str, str]]) -> list[AlertClass]:
    """Return the classes of a county's setting ``alerts``, in its order.

    Parameters
    ----------
    stated
        Entries of ``name``, ``zh``, ``en``, and ``symbol`` where the mark is not that of the name.

    Examples
    --------
    >>> level = {"name": "I", "zh": "一级", "en": "First", "symbol": "red"}
    >>> [each.image for each in alert_classes([level, {"name": "teal", "zh": "青"}])]
    ['alert-red', 'alert-other']
    """
    classes = []
    for entry in stated:
        name = entry["name"]
        mark = next((m for m in (entry.get("symbol", ""), name) if m in ALERT_MARKS), "other")
        zh = entry.get("zh") or name
        classes.append(AlertClass(name, zh, entry.get("en") or zh, mark))
    return classes
