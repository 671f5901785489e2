"""The shapes of jobs in requests and answers."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

State = Literal["queued", "running", "done", "failed", "cancelled"]

EXAMPLE: JsonDict = {
    "id": "2f6f3f0e-6c35-4c6f-9a5e-0f3a9f5c2b11",
    "kind": "check",
    "state": "running",
    "progress": 0.3,
    "step": "checking",
    "params": {},
    "result": None,
    "error": None,
    "error_zh": None,
    "created_by": "planner",
    "created_at": "2026-01-01T09:00:00+08:00",
    "started_at": "2026-01-01T09:00:00+08:00",
    "finished_at": None,
}


class Job(BaseModel):
    """Long work: how far it is, and what came of it."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    id: UUID
    kind: str = Field(description="check, import, undo or export")
    state: State
    progress: float = Field(ge=0, le=1)
    step: str = Field(description="What is being done; empty before and after")
    params: dict[str, Any] = Field(description="What was asked for")
    result: dict[str, Any] | None = Field(description="What came of it")
    error: str | None = Field(description="Why it failed, and what to do")
    error_zh: str | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobList(BaseModel):
    """The latest jobs, the newest first."""

    model_config = ConfigDict(json_schema_extra={"example": {"jobs": [EXAMPLE]}})

    jobs: list[Job]
