"""Bytes to text: what a file says of its encoding, and what its bytes say against it."""

from pathlib import Path

from charset_normalizer import from_bytes

from layers.transfer.errors import TransferError, UndecidedError

# GB18030 holds GBK and GB2312 whole, and what they lack.
CHINESE = "GB18030"


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
        except (UnicodeDecodeError, LookupError):
            continue
    best = None if encoding else from_bytes(data[:200_000]).best()
    if best is None:
        raise unreadable(encoding)
    return data.decode(best.encoding, errors="replace")


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
    data = _dbf_text(table.read_bytes())
    if is_utf8(data):
        return None if data.isascii() else "UTF-8"
    said = page.read_text(encoding="ascii", errors="replace").strip() if page.exists() else ""
    if said.upper().replace("-", "") not in ("", "UTF8", "65001"):
        return None
    try:
        data.decode(CHINESE)
    except UnicodeDecodeError:
        return None
    return CHINESE


def _dbf_text(data: bytes) -> bytes:
    """Return what is text in a dBASE table: the columns' names, and the records."""
    start = int.from_bytes(data[8:10], "little")
    names = [data[at : at + 11].split(b"\0")[0] for at in range(32, start - 1, 32)]
    return b"\n".join((*names, data[start:]))
