"""What the routes of areas and grids answer."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["county", "town", "village"]
Bbox = tuple[float, float, float, float]


class Place(BaseModel):
    """An area by its code and names."""

    code: str
    name: str
    name_en: str | None = None
    level: Level


class AreaItem(Place):
    """An area in a list."""

    kind: str | None = Field(None, description="village or community, of a village")
    parent_code: str | None = None
    bbox: Bbox = Field(description="West, south, east, north, degrees")
    grids: int
    households: int


class AreaCounts(BaseModel):
    """How much an area holds."""

    areas: int
    grids: int
    households: int
    findings: dict[str, int] = Field(description="Findings of the latest check, by severity")


class AreaDetail(Place):
    """An area with what it lies in and what lies in it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "code": "990101101",
                "name": "柳河镇",
                "name_en": "Liuhe",
                "level": "town",
                "kind": None,
                "parent_code": "990101",
                "bbox": [115.1, 33.5, 115.2, 33.6],
                "area_km2": 62.4,
                "breadcrumb": [
                    {"code": "990101", "name": "澜禾县", "name_en": "Lanhe", "level": "county"}
                ],
                "counts": {
                    "areas": 25,
                    "grids": 174,
                    "households": 17013,
                    "findings": {"error": 4, "warning": 11, "info": 1},
                },
                "children": [],
            }
        }
    )

    kind: str | None = None
    parent_code: str | None = None
    bbox: Bbox
    area_km2: float = Field(description="Geodesic area")
    breadcrumb: list[Place]
    counts: AreaCounts
    children: list[AreaItem]


class AreaList(BaseModel):
    """Areas of one level or under one parent."""

    areas: list[AreaItem]


class Official(BaseModel):
    """Somebody with an office. The name is public to who is signed in, the phone is not."""

    person: str = Field(description="The person's code, for `POST /api/people/{person}/reveal`")
    role: Literal["grid_head", "grid_worker", "unit_head", "branch_secretary"]
    name: str
    phone: str | None = Field(description="Masked", examples=["138******78"])
    full_time: bool | None = None


class FindingHere(BaseModel):
    """A finding of the latest check, by what leads to it."""

    id: str
    rule: str = Field(description="The rule's code", examples=["C101"])


class GridDetail(BaseModel):
    """A grid's card."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "code": "990101101001003",
                "name": "柳河村第3网格",
                "name_en": "Liuhe Village Grid 3",
                "kind": "rural",
                "coverage": "exclusive",
                "locked": False,
                "village": {
                    "code": "990101101001",
                    "name": "柳河村",
                    "name_en": "Liuhe",
                    "level": "village",
                },
                "town": {
                    "code": "990101101",
                    "name": "柳河镇",
                    "name_en": "Liuhe",
                    "level": "town",
                },
                "bbox": [115.1, 33.5, 115.11, 33.51],
                "area_km2": 0.62,
                "households": 98,
                "people": 341,
                "units": 10,
                "officials": [
                    {
                        "person": "P000123",
                        "role": "grid_worker",
                        "name": "王小明",
                        "phone": "138******78",
                        "full_time": True,
                    }
                ],
                "findings": [{"id": "5f0c2f9a1b3d", "rule": "C101"}],
            }
        }
    )

    code: str
    name: str
    name_en: str | None
    kind: str
    coverage: str
    locked: bool
    village: Place
    town: Place | None
    bbox: Bbox
    area_km2: float
    households: int = Field(description="Households on this grid's list")
    people: int = Field(description="People in those households, where the number is known")
    units: int
    officials: list[Official]
    findings: list[FindingHere] = Field(description="The latest check's findings on this grid")


class Hit(BaseModel):
    """One place that a search found."""

    kind: Literal["area", "grid"]
    code: str
    name: str
    name_en: str | None
    level: str = Field(description="county, town, village or grid")
    within: str = Field(description="The names of what it lies in, for telling namesakes apart")
    point: tuple[float, float] = Field(description="Longitude, latitude")
    bbox: Bbox


class Hits(BaseModel):
    """What a search found, best first."""

    query: str
    hits: list[Hit]
