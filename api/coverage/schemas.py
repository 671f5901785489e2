"""What the routes of the coverage answer."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["error", "warning", "info"]
Bbox = tuple[float, float, float, float]


class VersionInfo(BaseModel):
    """The version of the coverage that is in force."""

    id: int
    valid_from: datetime
    title: str | None


class CheckInfo(BaseModel):
    """The check that the answer is of."""

    id: int
    version_id: int = Field(description="The coverage version that was checked")
    finished_at: datetime


class ByTown(BaseModel):
    """A town's share of the findings."""

    code: str
    name: str
    name_en: str | None
    errors: int
    warnings: int
    accepted: int = Field(0, description="Accepted exceptions, which are not among the others")
    households: int = Field(description="Households touched by its findings")


class ByRule(BaseModel):
    """A rule's share of the findings."""

    rule: str
    name: str
    name_zh: str
    severity: Severity
    count: int = Field(description="Those that nobody accepted")
    accepted: int = Field(0, description="Accepted exceptions, which are not counted")
    households: int


class Verdict(BaseModel):
    """The current verdict on the reader's area."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "version": {
                    "id": 3,
                    "valid_from": "2026-01-01T08:00:00+08:00",
                    "title": "sample county",
                },
                "check": {
                    "id": 7,
                    "version_id": 3,
                    "finished_at": "2026-01-01T08:01:00+08:00",
                },
                "area": None,
                "summary": {
                    "grids": 3809,
                    "areas": 531,
                    "households": 373000,
                    "parent_area_km2": 1490.0,
                    "grid_area_km2": 1490.1,
                    "uncovered_km2": 0.42,
                    "overlap_km2": 0.31,
                    "outside_km2": 0.02,
                    "households_uncovered": 212,
                    "households_in_several": 64,
                    "by_rule": {"C101": 3, "H201": 5},
                    "errors": 8,
                    "warnings": 0,
                    "accepted": 1,
                    "blind_spots": True,
                },
                "by_town": [
                    {
                        "code": "990101101",
                        "name": "柳河镇",
                        "name_en": "Liuhe",
                        "errors": 8,
                        "warnings": 0,
                        "accepted": 0,
                        "households": 212,
                    }
                ],
                "by_rule": [
                    {
                        "rule": "C101",
                        "name": "gap",
                        "name_zh": "空白",
                        "severity": "error",
                        "count": 3,
                        "accepted": 1,
                        "households": 12,
                    }
                ],
                "synthetic": True,
                "reference_date": "2026-01-01",
            }
        }
    )

    version: VersionInfo | None
    check: CheckInfo | None = Field(description="Null while nothing has been checked")
    area: str | None = Field(description="Code of the area that the figures are of; null: county")
    summary: dict[str, Any] | None = Field(
        description="As in `wangge check --format json`; of the reader's area where he has one"
    )
    by_town: list[ByTown]
    by_rule: list[ByRule]
    synthetic: bool
    reference_date: date | None


class GridName(BaseModel):
    """A grid by its code and name; no name where the grid is no more."""

    code: str
    name: str | None
    name_en: str | None


class FindingArea(BaseModel):
    """The area that a finding lies in."""

    code: str
    name: str
    name_en: str | None
    town_name: str | None
    town_name_en: str | None

    @classmethod
    def out_of(cls, values: dict[str, Any]) -> "FindingArea | None":
        """Take an area's columns out of a row's values; null where it lies in none."""
        code, name = values.pop("area_code"), values.pop("area_name")
        name_en, town = values.pop("area_name_en"), values.pop("town_name")
        town_en = values.pop("town_name_en")
        if code is None:
            return None
        return cls(
            code=code, name=name or code, name_en=name_en, town_name=town, town_name_en=town_en
        )


class FindingItem(BaseModel):
    """A finding without its shape."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "5f0c2f9a1b3d",
                "rule": "C101",
                "name": "gap",
                "severity": "error",
                "grids": [
                    {
                        "code": "990101101001003",
                        "name": "柳河村第3网格",
                        "name_en": "Liuhe Village Grid 3",
                    }
                ],
                "area": {
                    "code": "990101101001",
                    "name": "柳河村",
                    "name_en": "Liuhe Village",
                    "town_name": "柳河镇",
                    "town_name_en": "Liuhe Town",
                },
                "area_m2": 812.5,
                "width_m": 9.4,
                "length_m": 88.0,
                "households": 3,
                "depth": 0,
                "point": [115.2031, 33.6127],
                "bbox": [115.2029, 33.6125, 115.2034, 33.6129],
                "message": "1.2 mu (813 m²) of Liuhe is in no grid; 3 households.",
                "message_zh": "柳河村有 1.2 亩（813 平方米）不属于任何网格，涉及 3 户。",
                "fix": "Give it to grid 03, with which it shares the longest border.",
                "fix_zh": "建议并入共边最长的 03 网格。",
                "accepted": False,
            }
        }
    )

    id: str
    rule: str
    name: str
    severity: Severity
    grids: list[GridName]
    area: FindingArea | None
    area_m2: float
    width_m: float
    length_m: float
    households: int
    depth: int | None
    point: tuple[float, float] = Field(description="Longitude, latitude")
    bbox: Bbox
    message: str
    message_zh: str
    fix: str | None
    fix_zh: str | None
    accepted: bool = Field(description="Whether somebody accepted this as an exception")


class Decision(BaseModel):
    """A decision to accept a finding as an exception."""

    reason: str
    accepted_by: str
    accepted_at: datetime
    until: date | None = Field(description="The last day it holds; null: until it is revoked")
    ended_at: datetime | None = Field(description="When it was revoked, or replaced by the next")
    ended_by: str | None


class FindingDetail(FindingItem):
    """A finding with its shape."""

    geometry: dict[str, Any] = Field(description="GeoJSON, longitude and latitude")
    reason: str
    reason_zh: str
    exception: Decision | None = Field(
        description="The last decision to accept it, whether it still holds or not"
    )
    may_accept: bool = Field(description="Whether the reader may accept it, or change that")


class FindingList(BaseModel):
    """A page of findings."""

    numberMatched: int  # noqa: N815 - OGC's name
    numberReturned: int  # noqa: N815 - OGC's name
    findings: list[FindingItem]
