"""What the routes of incidents answer."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

HOUSEHOLDS: JsonDict = {"listed": 17013, "located": 16980}
PLACE: JsonDict = {
    "code": "990101101001003", "name": "柳河村第3网格", "name_en": "Liuhe Village Grid 3",
}  # fmt: skip
INCIDENT: JsonDict = {
    "code": "I2026000123", "title": "柳河村第3网格 道路设施", "kind": "road",
    "kind_name": {"zh": "道路设施", "en": "Roads"}, "tier": "local", "alert": "yellow",
    "alert_name": {"zh": "黄色", "en": "Yellow"}, "symbol": "alert-yellow", "status": "in_hand",
    "reported_at": "2026-11-02T09:15:00+08:00", "closed_at": None, "rating": None,
    "satisfied": None, "place": PLACE, "point": [115.2031, 33.6127],
}  # fmt: skip


class Named(BaseModel):
    """A name in both languages."""

    zh: str
    en: str


class IncidentPlace(BaseModel):
    """The grid that an incident belongs to, or the village where no grid is there."""

    code: str
    name: str
    name_en: str | None


class IncidentItem(BaseModel):
    """An incident in a list."""

    model_config = ConfigDict(json_schema_extra={"example": INCIDENT})

    code: str
    title: str
    kind: str
    kind_name: Named
    tier: str
    alert: str
    alert_name: Named
    symbol: str = Field(description="Of the style's images")
    status: str
    reported_at: datetime
    closed_at: datetime | None
    rating: int | None
    satisfied: bool | None
    place: IncidentPlace | None = Field(description="Null where it is in no grid and no village")
    point: tuple[float, float] | None = Field(description="Longitude, latitude")


class Step(BaseModel):
    """One step of an incident's way."""

    at: datetime
    actor: str
    from_status: str | None
    to_status: str
    note: str | None


class IncidentDetail(IncidentItem):
    """An incident's card: with what was said of it, and how it came to where it stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                **INCIDENT,
                "description": "路面破损约两米",
                "household": "990101101001003-0042",
                "log": [
                    {
                        "at": "2026-11-02T09:15:00+08:00", "actor": "网格员",
                        "from_status": None, "to_status": "found", "note": None,
                    }
                ],
            }
        }
    )  # fmt: skip

    description: str | None
    household: str | None = Field(description="Code of the household that it is about")
    log: list[Step]


class IncidentList(BaseModel):
    """A page of incidents, the latest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"numberMatched": 1, "numberReturned": 1, "incidents": [INCIDENT]}
        }
    )

    numberMatched: int  # noqa: N815 - OGC's name
    numberReturned: int  # noqa: N815 - OGC's name
    incidents: list[IncidentItem]


class Households(BaseModel):
    """The denominators: households on the list, and those of them with a place on the map."""

    listed: int
    located: int


class StatisticsRow(BaseModel):
    """How many there are of one area, grid, month or kind."""

    key: str | None = Field(
        description="Code, month (2026-01) or kind; null: what belongs to none of the rows"
    )
    name: str
    name_en: str | None
    n: int | None = Field(description="Null where it is suppressed")
    suppressed: bool = Field(
        description="Left out to protect persons: under 10, or needed to work such a count out"
    )
    households: Households
    per_100_listed: float | None = Field(description="n per 100 households on the list; null if 0")
    per_100_located: float | None = Field(description="n per 100 located households; null if 0")


class Statistics(BaseModel):
    """Counts and rates of incidents."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "example": {
                "by": "area", "level": "town", "area": "990101", "from": "2026-01-01", "to": None,
                "n": 7000, "households": {"listed": 373000, "located": 371806},
                "suppressed": False,
                "rows": [
                    {
                        "key": "990101101", "name": "柳河镇", "name_en": "Liuhe", "n": 342,
                        "suppressed": False, "households": HOUSEHOLDS,
                        "per_100_listed": 2.01, "per_100_located": 2.014,
                    }
                ],
            }
        },
    )  # fmt: skip

    by: Literal["area", "grid", "month", "kind"]
    level: str | None = Field(description="Of the rows, where they are areas or grids")
    area: str | None = Field(description="The area that is counted")
    from_: date | None = Field(alias="from", description="First day, in the county's zone")
    to: date | None = Field(description="Last day, included")
    n: int | None = Field(description="In the area; null where it is suppressed")
    households: Households
    suppressed: bool = Field(description="Whether any count is left out")
    rows: list[StatisticsRow]
