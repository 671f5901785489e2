"""Archives that come from outside: looked over before anything in them is opened."""

import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from layers.transfer.encoding import CHINESE, is_utf8
from layers.transfer.errors import TransferError, UndecidedError, some

# Text compresses ten to one, a bomb a thousand to one and more.
MOST_RATIO = 200
# Below this an archive may compress as it likes.
HARMLESS_BYTES = 200_000_000
MOST_ENTRIES = 10_000
# What the list of so many entries takes: names of a hundred letters, and what systems add to them.
MOST_LIST_BYTES = 300 * MOST_ENTRIES
# Others are for archives of other makers, and some ask for as much memory as they like.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
NESTED = {".zip", ".kmz", ".gz", ".tar", ".7z", ".rar", ".bz2", ".xz"}
LAYERS = (".shp", ".geojson", ".json", ".gpkg", ".kml")
# What belongs to a Shapefile beside it.
PARTS = (".shx", ".dbf", ".prj", ".cpg")
# What zipfile raises, one or another, where bytes are not what the list says.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, IndexError, NotImplementedError, RuntimeError,
          ValueError, struct.error)  # fmt: skip
UTF8_NAME = 0x800
ENCRYPTED = 0x1


def look_over(path: Path, most_bytes: int) -> list[zipfile.ZipInfo]:
    """Return an archive's entries, if it is safe to open; names in Chinese are put right.

    Parameters
    ----------
    path
        A ZIP file.
    most_bytes
        The most that it may unpack to.

    Raises
    ------
    TransferError
        If it is no ZIP, is encrypted or broken, would unpack to too much, holds archives again,
        or names a path outside of itself.
    """
    entries = _entries(path)
    _require_measure(entries, most_bytes)
    for entry in entries:
        name = _path(entry)
        if name.is_absolute() or ".." in name.parts or not name.parts or ":" in name.parts[0]:
            raise TransferError(
                f"The ZIP file names a path outside of itself: {name}.",
                cure="Pack it again, with plain names.",
                zh=f"ZIP 里的路径指向文件之外：{name}。请用普通文件名重新打包。",
            )
        if name.suffix.lower() in NESTED or entry.flag_bits & ENCRYPTED:
            raise TransferError(
                f"The ZIP file holds “{name.name}”, an archive or encrypted file.",
                cure="Pack the layer itself, without a password.",
                zh=f"ZIP 里的“{name.name}”是压缩包或加密文件。请直接打包图层，不设密码。",
            )
        if entry.compress_type not in METHODS:
            raise TransferError(
                f"The ZIP file holds “{name.name}”, packed in a way that is not known.",
                cure="Pack it again with the usual method (Deflate).",
                zh=f"ZIP 里的“{name.name}”压缩方式不常见，请用普通方式（Deflate）重新打包。",
            )
    return [entry for entry in entries if not entry.is_dir()]


def _entries(path: Path) -> list[zipfile.ZipInfo]:
    """Return the list of an archive's entries, which may not be longer than of the most."""
    try:
        with path.open("rb") as file:
            # Found as ZipFile finds it: an archive can hold several ends, and mean any of them.
            end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
        if end is not None and end[zipfile._ECD_SIZE] > MOST_LIST_BYTES:  # type: ignore[attr-defined]
            raise TransferError(
                f"The ZIP file lists {end[zipfile._ECD_ENTRIES_TOTAL]:,} files.",  # type: ignore[attr-defined]
                cure="Pack the layer alone.",
                zh="ZIP 里的文件太多，请只打包该图层。",
            )
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except BROKEN as error:
        raise _broken() from error


def _broken() -> TransferError:
    return TransferError(
        "The ZIP file is broken.", cure="Pack it again.", zh="ZIP 文件已损坏，请重新打包。"
    )


def _path(entry: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(_name(entry).replace("\\", "/"))


def _require_measure(entries: list[zipfile.ZipInfo], most_bytes: int) -> None:
    unpacked, packed = (sum(e.file_size for e in entries), sum(e.compress_size for e in entries))
    words = f"The ZIP file would unpack to {unpacked / 1e6:,.0f} MB"
    if unpacked > most_bytes or len(entries) > MOST_ENTRIES:
        raise TransferError(
            f"{words} in {len(entries):,} files.",
            cure="Pack the layer alone, or raise WANGGE_MAX_UNZIPPED_MB.",
            zh=f"ZIP 解压后太大：{unpacked / 1e6:,.0f} MB，{len(entries):,} 个文件。"
            "请只打包该图层，或调大 WANGGE_MAX_UNZIPPED_MB。",
        )
    if unpacked > max(MOST_RATIO * packed, HARMLESS_BYTES):
        raise TransferError(
            f"{words}, {unpacked / max(packed, 1):,.0f} times its size: no layer does.",
            cure="Unpack it yourself if you trust it, and name the file in it.",
            zh="ZIP 的压缩比异常，不像是图层。确信无误的话，请自行解压后使用其中的文件。",
        )


def _name(entry: zipfile.ZipInfo) -> str:
    """Return an entry's name; without the flag of UTF-8, Windows writes names in its own page."""
    if entry.flag_bits & UTF8_NAME or entry.filename.isascii():
        return entry.filename
    data = entry.filename.encode("cp437", errors="replace")
    return data.decode("utf-8" if is_utf8(data) else CHINESE, errors="replace")


@contextmanager
def unpacked(path: Path, most_bytes: int, layer: str | None) -> Iterator[Path]:
    """Unpack one layer of an archive, and remove it afterwards.

    Parameters
    ----------
    path
        A ZIP file.
    most_bytes
        The most that it may unpack to.
    layer
        The name, without its ending, of the file to take where there are several.

    Yields
    ------
    Path
        The layer's main file; its parts are beside it.

    Raises
    ------
    TransferError
        As :func:`look_over`, and if it is not clear which layer is meant.
    """
    entries = {_path(entry): entry for entry in look_over(path, most_bytes)}
    main = _main(list(entries), layer)
    parts = PARTS if main.suffix.lower() == ".shp" else ()
    with tempfile.TemporaryDirectory(prefix="wangge-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                for name, entry in entries.items():
                    beside = name.with_suffix("") == main.with_suffix("")
                    if name == main or (beside and name.suffix.lower() in parts):
                        target = Path(folder) / f"layer{name.suffix.lower()}"
                        # At most what the entry said: zipfile reads no further.
                        with archive.open(entry) as source, target.open("wb") as sink:
                            shutil.copyfileobj(source, sink)
        except BROKEN as error:
            raise _broken() from error
        yield Path(folder) / f"layer{main.suffix.lower()}"


def _main(names: list[PurePosixPath], layer: str | None) -> PurePosixPath:
    # macOS packs a shadow of each file.
    found = sorted(
        name for name in names if name.suffix.lower() in LAYERS and "__MACOSX" not in name.parts
    )
    if len(found) > 1:
        found = [name for name in found if layer in (name.stem, str(name))] or found
    if len(found) == 1:
        return found[0]
    if not found:
        raise TransferError(
            "The ZIP file holds no layer.",
            cure="Pack a Shapefile (.shp .shx .dbf .prj), GeoJSON, GeoPackage or KML.",
            zh="ZIP 里没有图层。请打包 Shapefile（.shp .shx .dbf .prj）、GeoJSON 或 GeoPackage。",
        )
    stems = [name.stem for name in found]
    if len(set(stems)) < len(stems):
        stems = [str(name) for name in found]
    raise UndecidedError(
        f"The ZIP file holds {len(found)} layers.",
        cure=f"Name one with --layer: {some(stems)}.",
        zh=f"ZIP 里有 {len(found)} 个图层，请指明一个（--layer）：{some(stems, zh=True)}。",
        option="layer", choices=stems,
    )  # fmt: skip
