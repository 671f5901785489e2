"""What the routes of the register answer, and take."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.coverage.schemas import Decision, FindingArea, GridName, Severity

# So many are decided on in one act: more is no decision on each of them any more.
MOST_FINDINGS = 1_000
State = Literal["in_force", "expired", "gone", "revoked"]


class NewDecision(BaseModel):
    """Why a finding is accepted, and until when."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"reason": "湖面，无人居住", "until": "2027-12-31"}},
    )

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    until: date | None = Field(
        None, description="The last day it holds, in the county's time; null: until it is revoked"
    )


class NewDecisions(NewDecision):
    """Which findings are accepted in one act, why, and until when.

    Either ``findings``, or all open ones of a ``rule``, of an ``area``, or of both.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {
            "rule": "C105", "area": "990101101", "reason": "两套图源，下次测绘统一",
            "until": "2027-12-31",
        }},
    )  # fmt: skip

    findings: list[str] | None = Field(None, min_length=1, max_length=MOST_FINDINGS)
    rule: str | None = Field(None, max_length=8)
    area: str | None = Field(None, max_length=40, description="Code of an area, or of a grid")
    expected: int | None = Field(
        None, ge=0, description="How many they were when they were seen: were there others since, "
        "nothing is accepted",
    )  # fmt: skip

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if (self.findings is None) == (self.rule is None and self.area is None):
            raise ValueError("either findings, or a rule or an area")
        return self


class Left(BaseModel):
    """A finding that was left as it is, and why."""

    finding: str
    reason: str
    reason_zh: str


class AcceptedMany(BaseModel):
    """What came of an act: how many were accepted, which, and what was left."""

    model_config = ConfigDict(json_schema_extra={"example": {
        "accepted": 1, "findings": ["5f0c2f9a1b3d"], "skipped": [
            {"finding": "5f0c2f9a1b3e", "reason": "It is an accepted exception already.",
             "reason_zh": "已列为例外。"}],
    }})  # fmt: skip

    accepted: int
    findings: list[str]
    skipped: list[Left]


class Revocation(BaseModel):
    """Which exceptions are taken back."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"findings": ["5f0c2f9a1b3d"]}}
    )

    findings: list[str] = Field(min_length=1, max_length=MOST_FINDINGS)


class RevokedMany(BaseModel):
    """What came of it."""

    model_config = ConfigDict(json_schema_extra={"example": {"revoked": 1, "skipped": []}})

    revoked: int
    skipped: list[Left]


class AcceptedItem(BaseModel):
    """An exception: what its finding said, and the decisions on it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "5f0c2f9a1b3d",
                "rule": "C101",
                "severity": "error",
                "state": "in_force",
                "found": True,
                "grids": [{"code": "990101101001003", "name": "柳河村第3网格", "name_en": None}],
                "area": {
                    "code": "990101101001",
                    "name": "柳河村",
                    "name_en": "Liuhe Village",
                    "town_name": "柳河镇",
                    "town_name_en": "Liuhe Town",
                },
                "area_m2": 812.5,
                "households": 0,
                "point": [115.2031, 33.6127],
                "message": "1.2 mu (813 m²) of Liuhe is in no grid.",
                "message_zh": "柳河村有 1.2 亩（813 平方米）不属于任何网格。",
                "decision": {
                    "reason": "湖面，无人居住",
                    "accepted_by": "planner",
                    "accepted_at": "2026-03-01T08:00:00+08:00",
                    "until": "2027-12-31",
                    "ended_at": None,
                    "ended_by": None,
                },
                "earlier": [],
                "may_change": True,
            }
        }
    )

    id: str = Field(description="The finding's")
    rule: str
    severity: Severity
    state: State = Field(
        description="`in_force`; `expired`: its last day has passed and the finding counts again; "
        "`gone`: the latest check no longer finds it; `revoked`"
    )
    found: bool = Field(description="Whether the latest check finds it, so that it can be opened")
    grids: list[GridName]
    area: FindingArea | None
    area_m2: float
    households: int
    point: tuple[float, float] = Field(description="Longitude, latitude")
    message: str
    message_zh: str
    decision: Decision = Field(description="The last one")
    earlier: list[Decision] = Field(description="Those before it, the latest first")
    may_change: bool = Field(description="Whether the reader may change or revoke it")


class AcceptedList(BaseModel):
    """A page of the register."""

    numberMatched: int  # noqa: N815 - OGC's name
    numberReturned: int  # noqa: N815 - OGC's name
    counts: dict[State, int] = Field(description="How many of each state the reader has in all")
    exceptions: list[AcceptedItem]


class AcceptedEntry(BaseModel):
    """An exception in force, as a file for `wangge check --accepted` has it."""

    id: str
    rule: str
    area: str | None
    until: date | None
    reason: str
    accepted_by: str
    accepted_at: datetime
    message: str
    message_zh: str


class AcceptedFile(BaseModel):
    """The exceptions in force, as `wangge check --accepted` reads them."""

    accepted: list[AcceptedEntry]
