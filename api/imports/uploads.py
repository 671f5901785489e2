"""Files that a browser has sent: one folder each, for their sender's next requests, then gone.

A Shapefile is several files, so an upload may have several parts. What is found about a file is
kept beside it under names that no sender can give.
"""

import json
import re
import shutil
import time
import unicodedata
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

from api.errors import ApiError, InvalidRequestError, NotFoundError
from api.imports.service import Outcome
from api.settings import settings
from layers.transfer.rejects import write_rejects

KEPT_S = 24 * 3600
MOST_PARTS = 12
NAME_BYTES = 150
# "~" cannot begin a sender's file name.
OUTLINE, REJECTS = "~outline.json", "~rejects.csv"
# Of a Shapefile's parts the one that names the others; MapInfo has two such families.
MAIN = (".shp", ".tab", ".mif")


class TooLargeError(ApiError):
    """More was sent than the setting allows."""

    status = 413


def _home() -> Path:
    return settings().data_dir / "uploads"


def create() -> UUID:
    """Make a folder for an upload; only this process's account can look into it."""
    number = uuid4()
    _home().mkdir(mode=0o700, parents=True, exist_ok=True)
    (_home() / number.hex).mkdir(mode=0o700)
    return number


def folder_of(number: UUID | str) -> Path:
    """Return an upload's folder.

    Raises
    ------
    NotFoundError
        If there is none, or no longer.
    """
    folder = _home() / UUID(str(number)).hex
    if not folder.is_dir():
        raise NotFoundError(
            "The uploaded file is no longer kept; send it again.",
            "上传的文件已不再保留，请重新上传。",
        )
    return folder


def clean_name(name: str) -> str:
    r"""Return a sender's file name as one that is safe here; its ending is kept.

    Examples
    --------
    >>> clean_name("C:\\桌面\\网格 (1).zip"), clean_name("../~x.csv")
    ('网格 (1).zip', 'x.csv')
    """
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    clean = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').lstrip("~. ")
    stem, ending = Path(clean).stem, "".join(Path(clean).suffixes[-2:])[-20:]
    stem = clean[: len(clean) - len(ending)] if clean.endswith(ending) else stem
    while len((stem + ending).encode()) > NAME_BYTES and stem:
        stem = stem[:-1]
    if not (stem + ending).strip(". "):
        raise InvalidRequestError("The file has no name.", "文件没有名称。")
    return stem + ending


async def receive(folder: Path, name: str, body: AsyncIterator[bytes]) -> int:
    """Write one part of an upload as it comes in; return its size in bytes.

    Raises
    ------
    TooLargeError
        If the upload grows over the setting; the part is taken away again.
    InvalidRequestError
        If it has too many parts.
    """
    parts = _parts(folder)
    if len(parts) >= MOST_PARTS:
        raise InvalidRequestError(
            f"An upload has at most {MOST_PARTS} files; pack them into a ZIP.",
            f"一次最多上传 {MOST_PARTS} 个文件，请打包成 ZIP。",
        )
    most = settings().max_upload_mb * 1024 * 1024 - sum(part.stat().st_size for part in parts)
    fresh = folder / f"~{uuid4().hex}.part"
    size = 0
    try:
        with fresh.open("xb") as file:
            fresh.chmod(0o600)
            async for piece in body:
                size += len(piece)
                if size > most:
                    raise TooLargeError(
                        f"The file is over {settings().max_upload_mb} MB (WANGGE_MAX_UPLOAD_MB).",
                        f"文件超过 {settings().max_upload_mb} MB（WANGGE_MAX_UPLOAD_MB）。",
                    )
                file.write(piece)
        fresh.replace(folder / clean_name(name))
    finally:
        fresh.unlink(missing_ok=True)
    return size


def _parts(folder: Path) -> list[Path]:
    return sorted(part for part in folder.iterdir() if not part.name.startswith("~"))


def main_file(folder: Path) -> Path:
    """Return the file of an upload that is to be opened.

    Raises
    ------
    InvalidRequestError
        If there is none, or several that do not belong together.
    """
    parts = _parts(folder)
    leaders = [part for part in parts if part.suffix.lower() in MAIN]
    found = leaders if len(parts) > 1 else parts
    if len(found) != 1:
        names = ", ".join(part.name for part in parts) or "nothing"
        raise InvalidRequestError(
            f"One file is imported at a time, or the parts of one Shapefile; sent: {names}.",
            f"一次导入一个文件，或一个 Shapefile 的各部分；收到：{names}。",
        )
    return found[0]


def keep_results(folder: Path, outcome: Outcome) -> None:
    """Keep the rejects and the outline of an import beside its file."""
    write_rejects(folder / REJECTS, outcome.rejects)
    if outcome.outline is not None:
        words = json.dumps(outcome.outline, ensure_ascii=False)
        (folder / OUTLINE).write_text(words, encoding="utf-8")
    for name in (REJECTS, OUTLINE):
        if (folder / name).exists():
            (folder / name).chmod(0o600)


def purge(kept: Collection[UUID] = ()) -> None:
    """Take away uploads that nobody has touched for a day.

    Parameters
    ----------
    kept
        Those that are still to be read, however old.
    """
    wanted = {number.hex for number in kept}
    for folder in _home().glob("*"):
        if folder.name not in wanted and time.time() - _touched(folder) > KEPT_S:
            shutil.rmtree(folder, ignore_errors=True)


def _touched(folder: Path) -> float:
    """Return when a folder or a file in it last changed, seconds; parts may go meanwhile."""
    latest = 0.0
    for each in [folder, *folder.glob("*")]:
        with suppress(FileNotFoundError):
            latest = max(latest, each.stat().st_mtime)
    return latest
