"""Workbooks of Excel 97 (XLS), made byte by byte: no library that is maintained writes them."""

import struct
from collections.abc import Sequence

SECTOR = 512
FREE, CHAIN_END, FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
BOF, EOF, SHEET, DIMENSIONS, NUMBER, LABEL, LABEL_SST, SST = (
    0x0809, 0x000A, 0x0085, 0x0200, 0x0203, 0x0204, 0x00FD, 0x00FC,
)  # fmt: skip
# Shorter streams are kept elsewhere in the file.
SMALL = 4096


def xls(rows: Sequence[Sequence[object]], sheet: str = "名单") -> bytes:
    """A workbook with one sheet."""
    return compound({"Workbook": workbook([(r, c, cell) for r, row in enumerate(rows)
                                           for c, cell in enumerate(row)], sheet)})  # fmt: skip


def workbook(cells: Sequence[tuple[int, int, object]], sheet: str = "名单") -> bytes:
    """The stream of records; the last text is kept in its cell, the others in the shared table."""
    words = [str(cell) for _, _, cell in cells if isinstance(cell, str)]
    shared = sorted(set(words[:-1]))
    table = struct.pack("<II", len(words), len(shared)) + b"".join(map(_text, shared))
    name = struct.pack("<BB", len(sheet), 1) + sheet.encode("utf-16-le")
    start = _record(BOF, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0x06))
    shown = len(_record(SHEET, bytes(6) + name))
    place = len(start) + shown + len(_record(SST, table)) + len(_record(EOF))
    start += _record(SHEET, struct.pack("<IBB", place, 0, 0) + name)
    start += _record(SST, table) + _record(EOF)
    last = [max((cell[axis] for cell in cells), default=0) + 1 for axis in (0, 1)]
    body = _record(BOF, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0x06))
    body += _record(DIMENSIONS, struct.pack("<IIHHH", 0, last[0], 0, last[1], 0))
    for row, column, cell in cells:
        where = struct.pack("<HHH", row, column, 0)
        if not isinstance(cell, str):
            body += _record(NUMBER, where + struct.pack("<d", cell))
        elif cell in shared:
            body += _record(LABEL_SST, where + struct.pack("<I", shared.index(cell)))
        else:
            body += _record(LABEL, where + _text(cell))
    return start + body + _record(EOF)


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _text(words: str) -> bytes:
    return struct.pack("<HB", len(words), 1) + words.encode("utf-16-le")


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file: a table of chains, a folder, and streams in sectors."""
    chains, body, entries = [FAT_SECTOR, CHAIN_END], b"", [_entry("Root Entry", 5, CHAIN_END, 0, 1)]
    for name, data in streams.items():
        padded = data.ljust(max(len(data) + -len(data) % SECTOR, SMALL), b"\0")
        first, count = len(chains), len(padded) // SECTOR
        chains += [*range(first + 1, first + count), CHAIN_END]
        body += padded
        entries.append(_entry(name, 2, first, len(padded), FREE))
    assert len(chains) <= SECTOR // 4, "one sector of chains holds 64 kB"
    head = struct.pack(
        "<8s16sHHHHH6sIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6,
        b"", 0, 1, 1, 0, SMALL, CHAIN_END, 0, CHAIN_END, 0, 0,
    )  # fmt: skip
    table = struct.pack(f"<{len(chains)}I", *chains).ljust(SECTOR, b"\xff")
    return head.ljust(SECTOR, b"\xff") + table + b"".join(entries).ljust(SECTOR, b"\0") + body


def _entry(name: str, kind: int, start: int, size: int, child: int) -> bytes:
    words = (name + "\0").encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16sIQQIQ", words, len(words), kind, 1, FREE, FREE, child, b"", 0, 0, 0, start,
        size,
    )  # fmt: skip
