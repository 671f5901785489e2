"""What the routes of people take and answer."""

from pydantic import BaseModel, ConfigDict, Field


class Reason(BaseModel):
    """Why somebody's number is asked for; it is kept in the log."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"reason": "上门核实低保户情况，需要联系网格员"}}
    )

    reason: str = Field(min_length=4, max_length=500)


class Revealed(BaseModel):
    """A person without the mask."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"code": "P000123", "name": "王小明", "phone": "13812345678"}}
    )

    code: str
    name: str
    phone: str | None
