"""The shapes of unlocated households in requests and answers."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.areas.schemas import Bbox, Place

MOST_PLACES = 5_000
VILLAGE: JsonDict = {
    "code": "990101101001", "name": "柳河村", "name_en": "Liuhe", "level": "village",
    "town_name": "禾光街道", "town_name_en": "Heguang", "n": 12,
    "bbox": [115.1, 33.5, 115.12, 33.52],
}  # fmt: skip


class UnlocatedVillage(Place):
    """A village, and how many of its households have no place on the map."""

    model_config = ConfigDict(json_schema_extra={"example": VILLAGE})

    town_name: str | None
    town_name_en: str | None
    n: int
    bbox: Bbox | None


class UnlocatedVillages(BaseModel):
    """The villages that have such households, the most first."""

    model_config = ConfigDict(json_schema_extra={"example": {"n": 12, "villages": [VILLAGE]}})

    n: int
    villages: list[UnlocatedVillage]


class Proposal(BaseModel):
    """Where a household may be, by its address; somebody who knows must say yes."""

    lon: float
    lat: float
    how: str = Field(description="between, beside, lane or settlement: what the address matched")
    basis: str = Field(description="The addresses or the settlement that it stands on")
    spread_m: float = Field(description="How far off it may be, in metres")


class Unlocated(BaseModel):
    """A household without a place."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "code": "99010110100100001", "address": "柳河村 12 号", "people": 4,
                "proposal": {"lon": 115.11, "lat": 33.51, "how": "between",
                             "basis": "柳河村 11 号、柳河村 13 号", "spread_m": 20.0},
            }
        }
    )  # fmt: skip

    code: str
    address: str
    people: int | None
    proposal: Proposal | None


class UnlocatedList(BaseModel):
    """The unlocated households of a village."""

    village: Place
    bbox: Bbox | None
    households: list[Unlocated]


class At(BaseModel):
    """Where a household is, EPSG:4326."""

    code: str = Field(max_length=40)
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)


class Locations(BaseModel):
    """Places of households that have none; all of them are kept, or none is."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"places": [{"code": "99010110100100001", "lon": 115.11, "lat": 33.51}]}
        }
    )

    places: list[At] = Field(min_length=1, max_length=MOST_PLACES)


class Located(BaseModel):
    """What was kept: a version of its own, which can be undone like an import."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"import": 14, "located": 1, "job": "2f6f3f0e-6c35-4c6f-9a5e-0f3a9f5c2b11"}
        },
        populate_by_name=True,
    )

    number: int = Field(alias="import", description="By which it can be undone")
    located: int
    job: UUID = Field(description="The check that follows")
