"""One workbook, read in a process of its own: the list in its sheet, as a stream of Arrow.

calamine makes room for every cell between the first and the last one of a sheet, and follows the
chains of an old workbook wherever they lead; where no room is left it ends its process, which
nothing in Python can stop. A file of six kilobytes may ask for 400 GB. So it is read where memory
and time are bounded, and where only this process ends.

This file is run by itself and imports nothing of the product, so that it begins at once. It writes
one line of JSON, what was found or a fault, and then the rows, their columns called by number.
"""

import datetime as dt
import json
import os
import resource
import sys
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

# Said to Arrow before it is imported: its own pool sets a gigabyte aside, which the limit counts.
os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
if __name__ == "__main__":
    # It would load both to ask whether a list is one of theirs: four fifths of the start.
    sys.modules |= {"numpy": None, "pandas": None}  # type: ignore[dict-item]

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

# A county of 373,000 households in twelve columns takes a fifth of it.
MOST_MEMORY = 2 << 30
# The status of a process to which no more memory was given.
LARGE = 3
# The header is the fullest row of words among the first; a title over it is one cell.
LOOKED_AT = 15
# A spreadsheet keeps fifteen digits; what is longer and a number has lost some.
MOST_DIGITS = 1e15
# Sheets of our own templates that hold no rows.
HELP = ("说明", "Help")
ROWS = 20_000

Row = list[Any]
Found = dict[str, Any]


def main(path: Path, sheet: str | None, seconds: int, sink: BinaryIO) -> None:
    """Write what the workbook holds, or what is wrong with it.

    Parameters
    ----------
    path
        XLSX, XLS or ODS.
    sheet
        Its name, where it was said.
    seconds
        How much of a processor's time it may take.
    sink
        Takes the line and the stream.
    """
    _limit(resource.RLIMIT_DATA, MOST_MEMORY)
    _limit(resource.RLIMIT_CPU, seconds)
    try:
        found, said = _choose(CalamineWorkbook.from_path(path), sheet)
        if found is None:
            _say(sink, said)
            return
        _write(found, sink)
    except (CalamineError, ValueError, OSError):
        _say(sink, {"fault": "damaged"})


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, hard))


def _say(sink: BinaryIO, said: Found) -> None:
    sink.write(json.dumps(said).encode() + b"\n")
    sink.flush()


def _choose(book: CalamineWorkbook, sheet: str | None) -> tuple[CalamineSheet | None, Found]:
    """Return the sheet that is meant, or the fault of there being none."""
    names = [
        meta.name
        for meta in book.sheets_metadata
        if meta.visible == SheetVisibleEnum.Visible and meta.name not in HELP
    ]
    if sheet is not None and sheet not in book.sheet_names:
        return None, {"fault": "unknown", "names": names}
    held = []
    for name in names if sheet is None else [sheet]:
        found = book.get_sheet_by_name(name)
        held += [found] if found.height else []
    if len(held) == 1:
        return held[0], {}
    return None, {"fault": "several" if held else "empty", "names": [each.name for each in held]}


def _write(sheet: CalamineSheet, sink: BinaryIO) -> None:
    rows: Iterator[Row] = iter(sheet.iter_rows())
    first = list(islice(rows, LOOKED_AT))
    head = max(range(len(first)), key=lambda row: (_words(first[row]), -row))
    headers = [str(cell).strip() for cell in first[head]]
    _say(sink, {"sheet": sheet.name, "head": head, "headers": headers})
    schema = pa.schema([("row", pa.int64()), *((str(n), pa.string()) for n in range(len(headers)))])
    with pa.ipc.new_stream(sink, schema) as stream:
        for batch in _batches(chain(first[head + 1 :], rows), schema):
            stream.write(batch)


def _words(row: Row) -> int:
    return sum(isinstance(cell, str) and bool(cell.strip()) for cell in row)


def _batches(rows: Iterator[Row], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Rows in batches, numbered from 1; in which nothing stands, they are passed over."""
    numbered = ((n, row) for n, row in enumerate(rows, 1) if any(str(c).strip() for c in row))
    while held := list(islice(numbered, ROWS)):
        columns = [pa.array([_text(row[at]) for _, row in held], pa.string())
                   for at in range(len(schema) - 1)]  # fmt: skip
        yield pa.record_batch([pa.array([n for n, _ in held]), *columns], schema)


def _text(cell: object) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.0f}" if abs(cell) < MOST_DIGITS else f"{cell:.6E}"
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ") if cell.time() != dt.time() else cell.date().isoformat()
    return str(cell)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3]), sys.stdout.buffer)
    except MemoryError:
        os._exit(LARGE)
