"""What the routes of the worklist take and answer."""

from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from api.coverage.schemas import Bbox, FindingArea, GridName, Severity

State = Literal["reopened", "assigned", "fixed", "accepted", "verified"]
MOST_FINDINGS = 1_000

TASK: JsonDict = {
    "id": 12, "finding": "5f0c2f9a1b3d", "rule": "C101", "severity": "error", "state": "assigned",
    "overdue": False, "found": True, "due": "2026-12-05", "reopened": 0, "version": 1,
    "note": None, "fixed_at": None, "fixed_by": None, "verified_at": None,
    "assigned_at": "2026-11-20T09:00:00+08:00", "assigned_by": "leader",
    "assignee": {"code": "990101101", "name": "柳河镇", "name_en": "Liuhe Town", "level": "town"},
    "person": None,
    "grids": [{"code": "990101101001003", "name": "柳河村第3网格",
               "name_en": "Liuhe Village Grid 3"}],
    "area": {"code": "990101101001", "name": "柳河村", "name_en": "Liuhe Village",
             "town_name": "柳河镇", "town_name_en": "Liuhe Town"},
    "area_m2": 812.5, "width_m": 9.4, "length_m": 88.0, "households": 3,
    "point": [115.2031, 33.6127], "bbox": [115.2029, 33.6125, 115.2034, 33.6129],
    "message": "1.2 mu (813 m²) of Liuhe is in no grid; 3 households.",
    "message_zh": "柳河村有 1.2 亩（813 平方米）不属于任何网格，涉及 3 户。",
    "fix": "Give it to grid 03, with which it shares the longest border.",
    "fix_zh": "建议并入共边最长的 03 网格。", "may_fix": True, "may_assign": True,
}  # fmt: skip


class Assignee(BaseModel):
    """The area whose task it is; no name where the area is no more."""

    code: str
    name: str | None
    name_en: str | None
    level: str | None


class Person(BaseModel):
    """Whose task it is; masked where he holds no office in the reader's area."""

    code: str
    name: str


class Task(BaseModel):
    """A finding that somebody is to put right."""

    model_config = ConfigDict(json_schema_extra={"example": TASK})

    id: int = Field(description="The task's number, as on paper")
    finding: str = Field(description="Name of the finding, the same in every check")
    rule: str
    severity: Severity
    state: State = Field(description="`accepted` while the finding is an accepted exception")
    overdue: bool = Field(description="Still to be done, and its day has passed")
    found: bool = Field(description="Whether the latest check finds it")
    due: date
    reopened: int = Field(description="How often it was found again")
    version: int = Field(description="Sent back with a change, so that none is lost")
    note: str | None
    fixed_at: datetime | None
    fixed_by: str | None
    verified_at: datetime | None
    assigned_at: datetime
    assigned_by: str
    assignee: Assignee
    person: Person | None
    grids: list[GridName]
    area: FindingArea | None
    area_m2: float
    width_m: float
    length_m: float
    households: int
    point: tuple[float, float] = Field(description="Longitude, latitude")
    bbox: Bbox
    message: str
    message_zh: str
    fix: str
    fix_zh: str
    may_fix: bool = Field(description="Whether the reader may report it fixed")
    may_assign: bool = Field(description="Whether the reader may assign it and set its day")


class TaskDetail(Task):
    """A task with the shape that its finding has, or had."""

    geometry: dict[str, Any] = Field(description="GeoJSON, longitude and latitude")


class TaskList(BaseModel):
    """A page of tasks."""

    numberMatched: int  # noqa: N815 - OGC's name
    numberReturned: int  # noqa: N815 - OGC's name
    tasks: list[Task]


class StateCounts(BaseModel):
    """How many tasks stand how."""

    reopened: int = 0
    assigned: int = 0
    fixed: int = 0
    accepted: int = 0
    verified: int = 0
    overdue: int = Field(0, description="Of those still to be done")


class TownCounts(StateCounts):
    """A town's share; without a code, what lies in no town."""

    code: str | None
    name: str | None
    name_en: str | None


class RuleCount(BaseModel):
    """Findings of a rule that nobody is to put right yet."""

    rule: str
    name: str
    name_zh: str
    n: int


class Counts(BaseModel):
    """The worklist of the reader's area in numbers."""

    model_config = ConfigDict(json_schema_extra={"example": {
        "today": "2026-11-29", "total": {"reopened": 1, "assigned": 8, "fixed": 2, "accepted": 1,
                                         "verified": 30, "overdue": 3},
        "towns": [{"code": "990101101", "name": "柳河镇", "name_en": "Liuhe Town", "reopened": 1,
                   "assigned": 8, "fixed": 2, "accepted": 1, "verified": 30, "overdue": 3}],
        "unassigned": [{"rule": "C101", "name": "gap", "name_zh": "空白", "n": 4}],
        "may_assign": True,
    }})  # fmt: skip

    today: date
    total: StateCounts
    towns: list[TownCounts]
    unassigned: list[RuleCount]
    may_assign: bool


class Spot(BaseModel):
    """Where a task is, for a map."""

    id: int
    finding: str
    rule: str
    state: State
    overdue: bool
    point: tuple[float, float]


class Spots(BaseModel):
    """The tasks that a map shows, what is to be done on top; ``more`` than these there may be."""

    more: bool
    spots: list[Spot]


class Assignment(BaseModel):
    """Which findings are given to whom, and until when.

    Either ``findings``, or all that nobody has yet of a ``rule``, of an ``area``, or of both. To
    whom: ``to`` each one's own town or village, or an area (``assignee``), or a ``person``.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {
        "rule": "C101", "area": "990101101", "to": "town", "due": "2026-12-05",
    }})  # fmt: skip

    findings: list[str] | None = Field(None, min_length=1, max_length=MOST_FINDINGS)
    rule: str | None = Field(None, max_length=8)
    area: str | None = Field(None, max_length=40)
    to: Literal["town", "village"] | None = None
    assignee: str | None = Field(None, max_length=40, description="Code of a town or a village")
    person: str | None = Field(None, max_length=40, description="Code of somebody in office there")
    due: date

    @model_validator(mode="after")
    def _says_which_and_to_whom(self) -> Self:
        if (self.findings is None) == (self.rule is None and self.area is None):
            raise ValueError("either findings, or a rule or an area")
        if sum(each is not None for each in (self.to, self.assignee, self.person)) != 1:
            raise ValueError("one of to, assignee and person")
        return self


class Skipped(BaseModel):
    """A finding that nobody got, and why."""

    finding: str
    reason: str
    reason_zh: str


class Assigned(BaseModel):
    """What came of it."""

    model_config = ConfigDict(json_schema_extra={"example": {
        "assigned": 4, "reassigned": 0, "skipped": [
            {"finding": "5f0c2f9a1b3d", "reason": "It is an accepted exception.",
             "reason_zh": "已列为例外。"}],
    }})  # fmt: skip

    assigned: int
    reassigned: int
    skipped: list[Skipped]


class NewDue(BaseModel):
    """Another day."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"due": "2026-12-20", "version": 1}}
    )

    due: date
    version: int = Field(description="Of the task as it was seen")


class Report(BaseModel):
    """That it was put right, and how."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"note": "已并入03网格，现场核对无误", "version": 1}},
    )

    note: str = Field("", max_length=500)
    version: int = Field(description="Of the task as it was seen")


class LogLine(BaseModel):
    """A change of a task; places and days as they were after it."""

    at: datetime
    actor: str
    change: Literal["assigned", "due", "fixed", "verified", "reopened", "followed"]
    from_state: str | None
    to_state: str
    due: date
    assignee: Assignee
    person: str | None = Field(description="The person's code")
    finding: str
    check: int | None
    note: str | None


class Log(BaseModel):
    """A task's changes, the first first."""

    model_config = ConfigDict(json_schema_extra={"example": {"lines": [{
        "at": "2026-11-20T09:00:00+08:00", "actor": "leader", "change": "assigned",
        "from_state": None, "to_state": "assigned", "due": "2026-12-05",
        "assignee": {"code": "990101101", "name": "柳河镇", "name_en": "Liuhe Town",
                     "level": "town"},
        "person": None, "finding": "5f0c2f9a1b3d", "check": None, "note": None,
    }]}})  # fmt: skip

    lines: list[LogLine]


class Official(BaseModel):
    """Somebody in office where the finding lies."""

    code: str
    name: str
    role: str
    place: str = Field(description="Code of his grid, unit or village")


class Choices(BaseModel):
    """To whom a finding can be given."""

    model_config = ConfigDict(json_schema_extra={"example": {
        "areas": [{"code": "990101101", "name": "柳河镇", "name_en": "Liuhe Town",
                   "level": "town"}],
        "people": [{"code": "P000123", "name": "王小明", "role": "grid_worker",
                    "place": "990101101001003"}],
    }})  # fmt: skip

    areas: list[Assignee]
    people: list[Official]
