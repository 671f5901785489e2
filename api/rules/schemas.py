"""What the routes of the rules answer, and take."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["error", "warning", "info"]
# A number, a range (least, most), or a range for each kind of grid.
Value = float | dict[str, float] | dict[str, dict[str, float]]


class RuleState(BaseModel):
    """A rule as the county has it."""

    code: str
    name: str
    name_zh: str
    reason: str
    reason_zh: str
    on: bool
    severity: Severity
    usual_severity: Severity = Field(description="What it is where a county says nothing")
    privacy: Literal["open", "individual", "sensitive"] = Field(
        description="Who is shown its findings: everyone of the area, who may see single "
        "households, or who may see memberships and needs"
    )
    limits: list[str] = Field(description="Keys of the thresholds that it goes by")
    page: str = Field(description="Its page in the documentation")


class LimitState(BaseModel):
    """A threshold as the county has it."""

    key: str
    name: str
    name_zh: str
    unit: str
    unit_zh: str
    form: Literal["number", "range", "kinds"]
    low: float
    high: float
    value: Value = Field(description="In force where no town or village has its own")
    usual: Value
    by_area: bool = Field(description="Whether a town or a village can have its own")


class AreaLimits(BaseModel):
    """What a town or a village has of its own."""

    code: str
    name: str
    name_en: str | None
    limits: dict[str, Value]


class RuleBook(BaseModel):
    """Every rule and threshold as the county has them."""

    rules: list[RuleState]
    limits: list[LimitState]
    areas: list[AreaLimits]
    changed_at: datetime | None = Field(description="Null where nobody has changed anything")
    changed_by: str | None


class Said(BaseModel):
    """What is said of one rule; what is left out is as the table has it."""

    model_config = ConfigDict(extra="forbid")

    on: bool | None = None
    severity: Severity | None = None


class NewRules(BaseModel):
    """What the county says from now on, whole: what is left out is as the table has it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "rules": {"H204": {"on": False}, "C105": {"severity": "info"}},
                "limits": {"households_per_grid": {"rural": {"least": 30, "most": 200}}},
                "areas": {"990101101": {"visit_days": 14}},
            }
        },
    )

    rules: dict[str, Said] = Field(default_factory=dict)
    limits: dict[str, Any] = Field(default_factory=dict)
    areas: dict[str, dict[str, Any]] = Field(default_factory=dict)
