"""Archives that come from outside: looked over before anything in them is opened."""

import zipfile
from pathlib import Path, PurePosixPath

from layers.errors import TransferError

# Text compresses ten to one, a bomb a thousand to one and more.
MOST_RATIO = 200
MOST_ENTRIES = 10_000
NESTED = {".zip", ".kmz", ".gz", ".tar", ".7z", ".rar", ".bz2", ".xz"}


def look_over(path: Path, most_bytes: int) -> list[str]:
    """Return an archive's entries, if it is safe to open.

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
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise TransferError(
            "The ZIP file is broken.", cure="Pack it again.", file=path.name
        ) from error
    unpacked, packed = sum(e.file_size for e in entries), sum(e.compress_size for e in entries)
    if (
        len(entries) > MOST_ENTRIES
        or unpacked > most_bytes
        or unpacked > MOST_RATIO * max(packed, 1_000_000)
    ):
        raise TransferError(
            f"The ZIP file would unpack to {unpacked / 1e6:,.0f} MB in {len(entries):,} files.",
            cure="Pack the layer alone, or raise WANGGE_MAX_UNZIPPED_MB.",
            file=path.name,
        )
    for entry in entries:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
            raise TransferError(
                f"The ZIP file names a path outside of itself: {entry.filename}.",
                cure="Pack it again, with plain names.",
                file=path.name,
            )
        if name.suffix.lower() in NESTED or entry.flag_bits & 0x1:
            raise TransferError(
                f"The ZIP file holds “{name.name}”, an archive or encrypted file.",
                cure="Pack the layer itself, without a password.",
                file=path.name,
            )
    return [entry.filename for entry in entries if not entry.is_dir()]
