"""Tables of text: CSV, with commas, semicolons or tabs, in whatever encoding, gzipped or not."""

import csv
import gzip
import io
import math
import threading
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from charset_normalizer import from_bytes
from numpy.typing import NDArray

from layers.transfer.archive import HARMLESS_BYTES, MOST_RATIO
from layers.transfer.encoding import CHINESE, PIECE, fitting, pieces_of, unreadable
from layers.transfer.errors import TransferError, damaged, require_names

BLOCK = 4 << 20
MOST_BLOCK = 256 << 20
# How far the file is read ahead of the rows that were asked for, and how long that is waited for.
AHEAD = 4 * BLOCK
PATIENCE_S = 2.0
PROBE = 200_000
# So much of the end is looked at: a mark may stand before ends of lines.
TAIL = 64
DELIMITERS = ",\t;"

Tables = Iterator[tuple[NDArray[np.int64], dict[str, pa.Array]]]


class _Bounded(io.RawIOBase):
    """A stream that breaks off with an error past a number of bytes."""

    def __init__(self, inner: BinaryIO, most: int, cure: str) -> None:
        self.inner, self.left, self.most, self.cure = inner, most, most, cure

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # any buffer
        try:
            data = self.inner.read(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise TransferError(
                "The gzip file is broken.",
                cure="Pack it again.",
                zh="gzip 文件已损坏，请重新打包。",
            ) from error
        self.left -= len(data)
        if self.left < 0:
            raise TransferError(
                f"The file would unpack to more than {self.most / 1e6:,.0f} MB.",
                cure=f"Split it, or {self.cure}.",
                zh=f"解压后超过 {self.most / 1e6:,.0f} MB。请拆分，或先自行解压。",
            )
        buffer[: len(data)] = data
        return len(data)


class _Paced(io.RawIOBase):
    """A stream that is not read far ahead: Arrow takes 32 blocks, whatever memory they need."""

    def __init__(self, inner: BinaryIO) -> None:
        self.inner, self.left, self.turn = inner, float(AHEAD), threading.Condition()
        self.tail = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # any buffer
        with self.turn:
            # Nobody waits for ever: rather too much memory than a reader that is stuck.
            self.turn.wait_for(lambda: self.left > 0, PATIENCE_S)
            data = self.inner.read(len(buffer))
            self.left -= len(data)
        self.tail = (self.tail + data[-TAIL:])[-TAIL:]
        buffer[: len(data)] = data
        return len(data)

    def allow(self, size: float) -> None:
        """Let so many more bytes be read."""
        with self.turn:
            self.left += size
            self.turn.notify_all()


def _stream(path: Path, most: int, stack: ExitStack) -> BinaryIO:
    cure = "raise WANGGE_MAX_UNZIPPED_MB"
    if path.suffix.lower() == ".gz":
        inner = cast("BinaryIO", stack.enter_context(gzip.GzipFile(path)))
        # As an archive: what is so much larger than it is packed was made for it.
        likely = max(MOST_RATIO * path.stat().st_size, HARMLESS_BYTES)
        most, cure = min((most, cure), (likely, "unpack it yourself if you trust it"))
    else:
        inner = stack.enter_context(path.open("rb"))
    return io.BufferedReader(_Bounded(inner, most, cure), 1 << 20)


@contextmanager
def open_delimited(
    path: Path, encoding: str | None, most: int
) -> Iterator[tuple[list[str], Tables]]:
    """Open a table of text: its headers, and its rows in blocks.

    Parameters
    ----------
    path
        The file; ``.gz`` is unpacked on the way.
    encoding
        Of the text; null: UTF-8 if all of it is, else GB18030 if all of it is, else the likeliest.
    most
        The most bytes that are read.

    Yields
    ------
    headers, tables
        Each table with its rows' numbers (from 1, below the header) and columns of text.

    Raises
    ------
    TransferError
        If it is no table, or breaks off; a row with too few or too many values is named.
    """
    with ExitStack() as stack:
        name = _encoding(_stream(path, most, stack), encoding)
    with ExitStack() as stack:
        head = _stream(path, most, stack).read(PROBE).decode(name, errors="replace")
    delimiter, headers = _headers(head)
    with ExitStack() as stack:
        stream = _stream(path, most, stack)
        size = path.stat().st_size if path.suffix.lower() != ".gz" else most
        yield headers, _tables(stream, headers, delimiter, name, min(max(size, BLOCK), MOST_BLOCK))


def _encoding(stream: BinaryIO, told: str | None) -> str:
    start = stream.read(PIECE)
    fits = fitting(chain((start,), pieces_of(stream)), (told,) if told else ("utf-8-sig", CHINESE))
    if fits:
        return fits[0]
    best = None if told else from_bytes(start[:PROBE]).best()
    if best is None:
        raise unreadable(told)
    return best.encoding


def _headers(head: str) -> tuple[str, list[str]]:
    text = head.removeprefix("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    try:
        rows = csv.reader(io.StringIO(text), delimiter=delimiter)
        headers = next((row for row in rows if row), [])
    except csv.Error as error:
        raise TransferError(
            f"This is not a table: {str(error).split(' - ')[0]}.",
            cure="Save it as CSV again.",
            zh="这不是表格，请重新另存为 CSV。",
        ) from error
    if not headers:
        raise TransferError(
            "This is not a table: it has no header.",
            cure="Write the names first.",
            zh="这不是表格：没有表头。请在第一行写列名。",
        )
    require_names(headers)
    return delimiter, headers


def _tables(
    stream: BinaryIO, headers: list[str], delimiter: str, encoding: str, block: int
) -> Tables:
    refused: list[pacsv.InvalidRow] = []
    paced = _Paced(stream)

    def refuse(row: pacsv.InvalidRow) -> str:
        refused.append(row)
        paced.allow(math.inf)
        return "error"

    first, last = 1, None
    try:
        reader = pacsv.open_csv(
            paced,
            pacsv.ReadOptions(
                use_threads=False,
                block_size=min(block, BLOCK),
                encoding="utf8" if encoding == "utf-8-sig" else encoding,
            ),
            pacsv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse
            ),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(headers, pa.string()), strings_can_be_null=False
            ),
        )
        _require_same(headers, reader.schema.names)
        for record in reader:
            rows = np.arange(first, first + len(record))
            first, last = first + len(record), record
            blank = _blank(record)
            if blank.any():
                rows, record = rows[~blank], record.filter(pa.array(~blank))
            yield rows, {name: record.column(at) for at, name in enumerate(headers) if name}
            paced.allow(BLOCK)
        if last is not None:
            _require_closed(last, first - 1, paced.tail)
    except pa.ArrowException as error:
        raise _no_table(error, refused) from error
    finally:
        # A thread that waits would hold up the end.
        paced.allow(math.inf)


def _require_same(headers: list[str], found: list[str]) -> None:
    """Refuse a header that two readers read differently: nobody can say what it is."""
    if headers != found:
        raise TransferError(
            "The header cannot be read: a quotation mark is open in it, or it is too long.",
            cure="Write the names in one line, and save it as CSV again.",
            zh="表头无法读取：引号没有成对，或表头太长。请把列名写在一行，重新另存为 CSV。",
        )


def _require_closed(record: pa.RecordBatch, row: int, tail: bytes) -> None:
    """Refuse a mark that opens in the last row and never closes: all below it would be one cell."""
    cell = record.column(record.num_columns - 1)[-1].as_py() if len(record) else ""
    if "\n" in cell and not tail.replace(b"\0", b"").rstrip().endswith(b'"'):
        raise TransferError(
            "A quotation mark opens, and is never closed: all that follows would be one value.",
            cure="Put a second one where the value ends, or take it out.",
            zh="引号没有成对，其后的内容都成了一个值。请补上后引号，或删去引号。",
            row=row,
        )


def _blank(record: pa.RecordBatch) -> NDArray[np.bool_]:
    """Tell the rows in which nothing stands: spreadsheets save formatted ones as commas."""
    blank = np.ones(len(record), dtype=bool)
    for values in record.columns:
        blank &= np.asarray(pc.equal(pc.utf8_trim_whitespace(values), ""), dtype=bool)
        if not blank.any():
            break
    return blank


def _no_table(error: pa.ArrowException, refused: list[pacsv.InvalidRow]) -> TransferError:
    if isinstance(error, MemoryError):
        return damaged(error)
    if not refused:
        return TransferError(
            "This is not a table, or one of its rows is too long.",
            cure="Save it as CSV again.",
            zh="这不是表格，或有一行太长。请重新另存为 CSV。",
        )
    row = refused[0]
    where = {} if row.number is None else {"row": row.number - 1, "line": row.number}
    return TransferError(
        f"A row has {row.actual_columns} values, the header {row.expected_columns} names.",
        cure="Put values with a comma in them between quotation marks.",
        zh=f"这一行有 {row.actual_columns} 个值，表头是 {row.expected_columns} 列。"
        "含逗号的值请加引号。",
        **where,
    )
