"""The shapes of exports in requests and answers."""

from datetime import datetime
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from api.areas.schemas import Place
from api.jobs.schemas import EXAMPLE, Job
from layers.transfer.kinds import Shapes
from layers.transfer.outgoing import Lang

Format = Literal["gpkg", "geojson", "shp.zip", "kml", "kmz", "parquet", "csv", "xlsx"]
FORMATS: tuple[Format, ...] = get_args(Format)


class ExportRequest(BaseModel):
    """What to export, and how."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "kind": "households",
                "format": "xlsx",
                "area": "990101101001",
                "version": None,
                "crs": "GCJ-02",
                "lang": "zh",
                "reveal": None,
            }
        },
    )

    kind: str = Field(min_length=1, max_length=60, description="As for an import: reference:roads")
    format: Format
    area: str | None = Field(
        default=None, max_length=40, description="Code of an area or a grid; null: all of one's own"
    )
    version: int | None = Field(default=None, ge=1, description="A coverage version; null: now")
    crs: str | None = Field(
        default=None, max_length=60, description="EPSG code, GCJ-02 or BD-09; null: EPSG:4326"
    )
    lang: Lang = Field(default="zh", description="Of headers and words; code: as stored")
    reveal: str | None = Field(
        default=None, min_length=4, max_length=500,
        description="Why personal data is to be in clear; it is kept in the log",
    )  # fmt: skip


class Export(Job):
    """An export: how far it is, and whether its file can be fetched."""

    model_config = ConfigDict(json_schema_extra={"example": {**EXAMPLE, "ready": False}})

    ready: bool = Field(description="Whether the file is there; it is kept for a day")


class ExportList(BaseModel):
    """One's own last exports, the newest first."""

    exports: list[Export]


class ExportKind(BaseModel):
    """One kind of layer or list that can be exported."""

    name: str = Field(examples=["households"])
    zh: str = Field(examples=["住户"])
    en: str = Field(examples=["Households"])
    shapes: Shapes = Field(description="What has a place in the file")
    named: bool = Field(description="Whether it is written with a name: reference:roads")
    layers: list[str] = Field(description="The names that there are", examples=[["roads"]])
    personal: bool = Field(description="Whether it has fields that are masked")
    versioned: bool = Field(description="Whether it can be had as it was")
    empty: bool = Field(description="Whether there is no row of it")
    formats: list[Format] = Field(description="Which formats can hold it")


class ExportVersion(BaseModel):
    """A state of the county."""

    id: int
    title: str = Field(examples=["导入网格 · Grids imported"])
    at: datetime = Field(description="When it began")


class ExportChoices(BaseModel):
    """What a reader can choose from."""

    kinds: list[ExportKind]
    versions: list[ExportVersion] = Field(description="The newest first, two hundred at most")
    area: Place | None = Field(description="All that he may have; null for a grid's account")
    may_reveal: bool = Field(description="Whether he may have personal data in clear, for a reason")
