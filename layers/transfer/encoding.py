"""Bytes to text: what a file says of its encoding, and what its bytes say against it."""

import codecs
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from charset_normalizer import from_bytes

from layers.transfer.errors import TransferError, UndecidedError

# GB18030 holds GBK and GB2312 whole, and what they lack.
CHINESE = "GB18030"
PIECE = 1 << 20


def decode(data: bytes, encoding: str | None = None) -> str:
    """Return bytes as text: the encoding told, else UTF-8, else GB18030, else the likeliest.

    Raises
    ------
    TransferError
        If it is not that encoding, or none fits.
    """
    for name in (encoding,) if encoding else ("utf-8-sig", CHINESE):
        try:
            return data.decode(name)
        except (ValueError, LookupError):
            continue
    best = None if encoding else from_bytes(data[:200_000]).best()
    if best is None:
        raise unreadable(encoding)
    return data.decode(best.encoding, errors="replace")


def fitting(pieces: Iterable[bytes], names: Sequence[str]) -> list[str]:
    """Return which encodings bytes are in, that come piece by piece.

    Raises
    ------
    TransferError
        If a name is that of no encoding of text.
    """
    try:
        for name in names:
            # Python knows others that are no text (hex, bz2), and refuses them here.
            io.TextIOWrapper(io.BytesIO(), name)
        decoders = {name: codecs.getincrementaldecoder(name)() for name in names}
    except (ValueError, LookupError) as error:
        raise unreadable(", ".join(names)) from error
    for piece in chain(pieces, (b"",)):
        for name in list(decoders):
            try:
                decoders[name].decode(piece, final=not piece)
            except UnicodeError:
                del decoders[name]
        if not decoders:
            break
    return list(decoders)


def pieces_of(stream: BinaryIO) -> Iterator[bytes]:
    """Give what is left of a stream, a megabyte at a time."""
    while piece := stream.read(PIECE):
        yield piece


def unreadable(encoding: str | None) -> TransferError:
    """Return the error of text that is not what it is said to be."""
    return UndecidedError(
        f"The text is not {encoding or 'in an encoding that is known'}.",
        cure="Say which it is, for example --encoding GBK.",
        zh=f"文字编码{f'不是 {encoding}' if encoding else '认不出来'}，请指明，例如 GBK。",
        option="encoding",
    )


def is_utf8(data: bytes) -> bool:
    """Tell whether bytes are UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def shapefile_encoding(path: Path) -> str | None:
    """Tell the encoding of a Shapefile's text, by the text itself and its ``.cpg``.

    Chinese offices send GBK without a ``.cpg``, or with one that says UTF-8. UTF-8 is hardly ever
    met by chance, so that where the bytes are UTF-8 they are, whatever is said; where they are
    not, a ``.cpg`` with another name is believed, and Chinese is the first guess.

    Parameters
    ----------
    path
        The ``.shp``.

    Returns
    -------
    str or None
        Null where nothing is known better than by the file.
    """
    table, page = path.with_suffix(".dbf"), path.with_suffix(".cpg")
    if not table.exists():
        return None
    with table.open("rb") as file:
        fits = fitting(_dbf_text(file), ("ascii", "utf-8", CHINESE))
    if "utf-8" in fits:
        return None if "ascii" in fits else "UTF-8"
    said = page.read_text(encoding="ascii", errors="replace").strip() if page.exists() else ""
    if said.upper().replace("-", "") not in ("", "UTF8", "65001"):
        return None
    return CHINESE if CHINESE in fits else None


def _dbf_text(file: BinaryIO) -> Iterator[bytes]:
    """Give what is text in a dBASE table: the columns' names, and the records."""
    head = file.read(32)
    start = int.from_bytes(head[8:10], "little")
    fields = file.read(max(start - 1 - len(head), 0))
    for at in range(0, len(fields), 32):
        yield fields[at : at + 11].split(b"\0")[0] + b"\n"
    file.seek(start)
    yield from pieces_of(file)
