"""A task as it stands on paper and in a table: in one language, with the names of its day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from layers.incidents import ZONE
from layers.worklist.states import OVERDUE, STATES

Lang = Literal["zh", "en"]
Form = Literal["text", "number", "decimal", "day", "state"]


@dataclass(frozen=True, slots=True)
class Line:
    """A task in words.

    ``state`` is a key of :data:`layers.worklist.states.STATES`; ``late_days`` is 0 where the task
    is not overdue; ``lon`` and ``lat`` are null where no map shows it.
    """

    number: int
    finding: str
    state: str
    late_days: int
    due: date
    rule: str
    rule_name: str
    severity: str
    town: str
    village: str
    grids: str
    message: str
    fix: str
    assignee: str
    person: str
    households: int
    area_m2: float
    lon: float | None
    lat: float | None
    reopened: int
    note: str
    assigned_by: str
    assigned_at: datetime
    fixed_by: str
    fixed_at: datetime | None

    def late(self, lang: Lang) -> str:
        """Say by how many days it is overdue; nothing where it is not."""
        n = self.late_days
        if not n:
            return ""
        return f"{OVERDUE[0]} {n} 天" if lang == "zh" else f"{OVERDUE[1]}, {n} day{'s' * (n > 1)}"

    def who(self) -> str:
        """Name whose task it is: the person of the area, or the area."""
        return f"{self.person}（{self.assignee}）" if self.person else self.assignee


def state_words(state: str, lang: Lang) -> str:
    """Name a state."""
    return STATES[state].zh if lang == "zh" else STATES[state].en


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its headers, its width in digits, and what stands in it."""

    zh: str
    en: str
    width: int
    form: Form
    value: Callable[[Line, Lang], Any]

    def header(self, lang: Lang) -> str:
        """Return the header: Chinese first, English beside it where that is wanted."""
        return self.zh if lang == "zh" else self.en


COLUMNS: tuple[Column, ...] = (
    Column("编号", "No.", 6, "number", lambda line, _: line.number),
    Column("状态", "State", 17, "state", lambda line, lang: state_words(line.state, lang)),
    Column("期限", "Due", 11, "day", lambda line, _: line.due),
    Column("逾期", "Overdue", 11, "text", lambda line, lang: line.late(lang)),
    Column("责任单位", "Whose task", 14, "text", lambda line, _: line.assignee),
    Column("责任人", "Person", 10, "text", lambda line, _: line.person),
    Column("乡镇", "Town", 12, "text", lambda line, _: line.town),
    Column("村（社区）", "Village", 14, "text", lambda line, _: line.village),
    Column("网格", "Grids", 22, "text", lambda line, _: line.grids),
    Column("规则", "Rule", 16, "text", lambda line, _: f"{line.rule} {line.rule_name}"),
    Column("问题", "What is wrong", 44, "text", lambda line, _: line.message),
    Column("怎么办", "What to do", 36, "text", lambda line, _: line.fix),
    Column("涉及户数", "Households", 9, "number", lambda line, _: line.households),
    Column("面积（m²）", "Area (m²)", 11, "decimal", lambda line, _: round(line.area_m2, 1)),
    Column("经度", "Longitude", 12, "text", lambda line, _: _degrees(line.lon)),
    Column("纬度", "Latitude", 12, "text", lambda line, _: _degrees(line.lat)),
    Column("退回次数", "Reopened", 9, "number", lambda line, _: line.reopened),
    Column("办理说明", "Note", 24, "text", lambda line, _: line.note),
    Column("交办人", "Assigned by", 12, "text", lambda line, _: line.assigned_by),
    Column("交办时间", "Assigned", 17, "text", lambda line, _: _moment(line.assigned_at)),
    Column("报告人", "Reported by", 12, "text", lambda line, _: line.fixed_by),
    Column("报告时间", "Reported", 17, "text", lambda line, _: _moment(line.fixed_at)),
    Column("问题代号", "Finding", 14, "text", lambda line, _: line.finding),
)


def _degrees(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a worklist: of which area, of which day, and that it is made up."""

    title: str
    today: date
    lang: Lang
    synthetic: bool
    counts: Mapping[str, int]

    def about(self) -> str:
        """Say the day, and how many tasks stand how."""
        counted = [
            f"{state_words(state, self.lang)} {n:,}" for state, n in self.counts.items() if n
        ]
        made_up = {"zh": "合成数据", "en": "合成数据 Synthetic data"}[self.lang]
        parts = [*([made_up] if self.synthetic else []), self.today.isoformat(), *counted]
        return " · ".join(parts)
