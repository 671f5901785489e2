"""Files that were asked for: one folder each, open to this process's account alone, for a day."""

import shutil
import time
from pathlib import Path
from uuid import UUID, uuid4

from api.settings import settings

KEPT_S = 24 * 3600
MEDIA_TYPES = {
    "gpkg": "application/geopackage+sqlite3",
    "geojson": "application/geo+json",
    "shp.zip": "application/zip",
    "kml": "application/vnd.google-earth.kml+xml",
    "kmz": "application/vnd.google-earth.kmz",
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _home() -> Path:
    return settings().data_dir / "exports"


def create() -> UUID:
    """Return the number of a new folder."""
    purge()
    number = uuid4()
    _folder(number)
    return number


def _folder(number: UUID | str) -> Path:
    _home().mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = _home() / UUID(str(number)).hex
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def place_for(number: UUID | str, ending: str) -> Path:
    """Return where a file is to be written; its folder is there."""
    return _folder(number) / f"layer.{ending}"


def find(number: UUID | str, ending: str) -> Path | None:
    """Return a file; null if there is none, or no longer."""
    path = _home() / UUID(str(number)).hex / f"layer.{ending}"
    return path if path.is_file() else None


def purge() -> None:
    """Take away files that are a day old, and what broken work has left."""
    if not _home().is_dir():
        return
    for folder in _home().iterdir():
        newest = max((part.stat().st_mtime for part in [folder, *folder.glob("*")]), default=0.0)
        if time.time() - newest > KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)
