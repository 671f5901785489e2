"""What the route of the chain of responsibility answers."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.areas.schemas import FindingHere, Official, Place

Answer = Literal["covered", "several", "nobody", "outside", "elsewhere"]


class GridHere(BaseModel):
    """A grid with the people who answer for it."""

    code: str
    name: str
    name_en: str | None = None
    kind: str
    coverage: str
    officials: list[Official] = Field(description="Its head first, then its workers")


class GridNear(GridHere):
    """A grid that a place in no grid is near to."""

    distance_m: float = Field(description="Geodesic, from the point to the grid's border")


class UnitHere(BaseModel):
    """A ten-household unit and its head."""

    code: str
    name: str | None
    officials: list[Official]


class BranchHere(BaseModel):
    """The Party branch of a grid, and its secretary by office."""

    code: str
    name: str
    officials: list[Official]


class Chain(BaseModel):
    """Who answers for a point.

    ``answer``: ``covered`` by one grid; ``several`` (grids overlap here: the first by code has the
    point, the others stand in ``also``); ``nobody`` (land of the county in no grid: ``nearest``
    has three); ``outside`` of the county; ``elsewhere``: not in the reader's area.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "lon": 115.2,
                "lat": 33.6,
                "answer": "covered",
                "areas": [
                    {"code": "990101", "name": "澜禾县", "name_en": "Lanhe", "level": "county"},
                    {"code": "990101101", "name": "柳河镇", "name_en": "Liuhe", "level": "town"},
                ],
                "unit": None,
                "grid": {
                    "code": "990101101001003",
                    "name": "柳河村第3网格",
                    "name_en": "Liuhe Village Grid 3",
                    "kind": "rural",
                    "coverage": "exclusive",
                    "officials": [
                        {
                            "person": "P000123",
                            "role": "grid_worker",
                            "name": "王小明",
                            "phone": "138******78",
                            "full_time": True,
                        }
                    ],
                },
                "branch": None,
                "also": [],
                "nearest": [],
                "findings": [],
            }
        }
    )

    lon: float
    lat: float
    answer: Answer
    areas: list[Place] = Field(description="The county, town and village that the point lies in")
    unit: UnitHere | None = None
    grid: GridHere | None = None
    branch: BranchHere | None = None
    also: list[GridHere] = Field(description="Overlays, and grids that overlap with the first")
    nearest: list[GridNear] = Field(description="Of a point in no grid: the three nearest grids")
    findings: list[FindingHere] = Field(description="The latest check's findings at the point")
