"""Settings: the one place where environment variables (``WANGGE_…``, or a ``.env``) are read."""

import os
from functools import cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _data_dir() -> Path:
    # A root user's home is closed to the account that the database runs under.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/wangge")
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "wangge"


class Settings(BaseSettings):
    """What an operator can set; each field is documented in the README."""

    model_config = SettingsConfigDict(
        env_prefix="WANGGE_", env_file=".env", extra="ignore", env_ignore_empty=True
    )

    database_url: str | None = Field(
        default=None,
        description="Another PostgreSQL ≥ 15 with PostGIS ≥ 3.3, instead of the embedded one.",
    )
    data_dir: Path = Field(
        default_factory=_data_dir, description="Where the embedded database keeps its files."
    )
    host: str = Field(default="127.0.0.1", description="Address that the service listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port of the service.")
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/]+(/[^\s?#]*)?$",
        description="Where people reach the service: links in files lead there.",
    )
    workers: int = Field(default=1, ge=1, le=64, description="Processes of the service.")
    lang: str = Field(
        default="zh", pattern="^(zh|en)$", description="Language of tables and messages: zh or en."
    )
    session_hours: int = Field(default=12, ge=1, description="How long a sign-in lasts.")
    tile_cache_mb: int = Field(default=128, ge=0, description="Memory for finished tiles, in MB.")
    surface_cache_mb: int = Field(
        default=128, ge=0, description="Memory for density surfaces, in MB."
    )
    import_batch_rows: int = Field(
        default=50_000, ge=100, description="Rows of a file that are in memory at once."
    )
    max_upload_mb: int = Field(
        default=1024, ge=1, description="Most megabytes that a file sent by a browser may have."
    )
    max_vertices: int = Field(
        default=20_000_000, ge=1, description="Most vertices that a file to check may have."
    )
    max_unzipped_mb: int = Field(
        default=4096, ge=1, description="Most megabytes that a ZIP may unpack to."
    )

    @property
    def address(self) -> str:
        """Where the service is reached, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


@cache
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
