"""The shapes of imports in requests and answers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.areas.schemas import Level


class Upload(BaseModel):
    """A place for the parts of one file; it is kept for a day."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"upload": "2f6f3f0e-6c35-4c6f-9a5e-0f3a9f5c2b11", "max_mb": 1024}
        }
    )

    upload: UUID
    max_mb: int


class Part(BaseModel):
    """One file of an upload."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "网格.zip", "bytes": 120394}})

    name: str
    bytes: int


class FieldInfo(BaseModel):
    """One field that a file may give."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "address", "zh": "住址", "en": "Address", "type": "text",
                "required": True, "example": "柳河村 12 号", "choices": [],
            }
        }
    )  # fmt: skip

    name: str
    zh: str
    en: str
    type: str
    required: bool
    example: str
    choices: list[str] = Field(description="The words that may stand there, if not any may")


class KindInfo(BaseModel):
    """One kind of layer or list: what a file of it has, and how many rows the county has."""

    name: str = Field(examples=["households"])
    zh: str = Field(examples=["住户"])
    en: str = Field(examples=["Households"])
    shapes: Literal["polygons", "points", "any", "none"]
    named: bool = Field(description="Whether it is written with a name: reference:roads")
    partial: bool = Field(description="Whether good rows may come in without the bad ones")
    rows: int = Field(ge=0, examples=[373000])
    fields: list[FieldInfo]


class KindList(BaseModel):
    """Every kind, in the order in which a county begins."""

    kinds: list[KindInfo]
    levels: dict[Level, int] = Field(
        description="How many areas of each level there are", examples=[{"county": 1, "town": 24}]
    )


class ImportRequest(BaseModel):
    """What to do with an uploaded file."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "upload": "2f6f3f0e-6c35-4c6f-9a5e-0f3a9f5c2b11",
                "kind": "households",
                "crs": "GCJ-02",
                "columns": {"address": "家庭住址"},
                "dry_run": True,
            }
        },
    )

    upload: UUID
    kind: str = Field(min_length=1, max_length=60)
    crs: str | None = Field(
        default=None, max_length=60, description="EPSG code, GCJ-02 or BD-09; null: the file says"
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        max_length=60,
        description="Field to column where the header does not say, also lon, lat and wkt; "
        "`=VALUE` gives every row that value",
    )
    layer: str | None = Field(default=None, max_length=200)
    encoding: str | None = Field(default=None, max_length=40)
    replace: str | None = Field(
        default=None, max_length=40, description="An area whose absent rows are closed"
    )
    partial: bool = Field(default=False, description="Import the good rows without the bad ones")
    as_is: bool = Field(default=False, description="Import though the shift test doubts it")
    dry_run: bool = Field(default=False, description="Tell what would change, and change nothing")


class ImportInfo(BaseModel):
    """One import, or the undoing of one."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": 12, "kind": "households", "file": "住户.xlsx", "crs": "GCJ-02",
                "columns": {"code": "户号"}, "counts": {"read": 500, "new": 500},
                "version_id": 31, "undoes": None, "undone_by": None, "created_by": "planner",
                "created_at": "2026-01-01T09:00:00+08:00",
            }
        }
    )  # fmt: skip

    id: int
    kind: str
    file: str
    crs: str
    columns: dict[str, str]
    counts: dict[str, int]
    version_id: int
    undoes: int | None
    undone_by: int | None
    created_by: str
    created_at: datetime


class ImportList(BaseModel):
    """The last imports, the newest first."""

    imports: list[ImportInfo]
