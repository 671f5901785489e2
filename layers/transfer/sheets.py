"""Workbooks: the list in a sheet, below whatever title stands over it."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from layers.transfer import workbook
from layers.transfer.archive import look_over
from layers.transfer.errors import TransferError, UndecidedError, require_names, some

SHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
# A processor's time for a workbook, and for each megabyte that it unpacks to: five times what a
# county's households take.
SECONDS, SECONDS_PER_MB = 60, 0.5

Read = tuple[list[str], NDArray[np.int64], dict[str, pa.Array], list[str]]


def read_sheet(path: Path, sheet: str | None, most: int) -> Read:
    """Read the one list of a workbook.

    Parameters
    ----------
    path
        XLSX, XLS or ODS.
    sheet
        Its name, where several hold something.
    most
        The most bytes that it may unpack to.

    Returns
    -------
    headers, rows, columns, notes
        Rows are counted from 1 below the header; empty ones are passed over.

    Raises
    ------
    TransferError
        If it is no workbook, it is not clear which sheet is meant, two columns have one name, or
        it needs more memory or time than a workbook gets.
    """
    size = path.stat().st_size
    if path.suffix.lower() in (".xlsx", ".xlsm", ".ods"):
        size = sum(entry.file_size for entry in look_over(path, most))
    seconds = SECONDS + int(SECONDS_PER_MB * size / 1e6)
    said, table = _in_a_process(path, sheet, seconds)
    headers, head = said["headers"], said["head"]
    require_names(headers)
    columns = {
        name: table.column(str(place)).combine_chunks()
        for place, name in enumerate(headers)
        if name
    }
    notes = [f"The header is in line {head + 1} of the sheet “{said['sheet']}”."] if head else []
    return list(columns), table.column("row").to_numpy(), columns, notes


def _in_a_process(path: Path, sheet: str | None, seconds: int) -> tuple[dict[str, Any], pa.Table]:
    """Return what :mod:`layers.transfer.workbook` says of a workbook, and its rows."""
    # Without the folder of the file that is run among the places of modules (-P).
    with subprocess.Popen(
        [sys.executable, "-P", workbook.__file__, path, json.dumps(sheet), str(seconds)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        said, table = _heard(cast("IO[bytes]", process.stdout))
    if said is not None and "fault" in said:
        raise _fault(said["fault"], sheet, said.get("names", []))
    if process.returncode or said is None or table is None:
        raise _ended(process.returncode)
    return said, table


def _heard(source: IO[bytes]) -> tuple[dict[str, Any] | None, pa.Table | None]:
    """Return what was said, and the rows; null where the process ended before."""
    line = source.readline()
    said = json.loads(line) if line.endswith(b"\n") else None
    if said is None or "fault" in said:
        return said, None
    try:
        with pa.ipc.open_stream(source) as stream:
            return said, stream.read_all()
    except pa.ArrowInvalid:
        return said, None


def _ended(status: int) -> TransferError:
    """Return the error of a workbook whose reader did not come to its end."""
    if status in (workbook.LARGE, -signal.SIGABRT):
        return TransferError(
            "The workbook needs too much memory: its cells lie too far apart, or are too many.",
            cure="Delete what stands far below or beside the list, or save it as CSV.",
            zh="工作簿占用内存过多：单元格相距太远或太多。请删去远离名单的单元格，或另存为 CSV。",
        )
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        return TransferError(
            "The workbook takes too long to read.",
            cure="Save the list alone, or save it as CSV.",
            zh="读取工作簿耗时过长。请只保存名单，或另存为 CSV。",
        )
    return _damaged()


def _fault(fault: str, sheet: str | None, names: list[str]) -> TransferError:
    listed, listed_zh = some(names), some(names, zh=True)
    if fault == "unknown":
        return TransferError(
            f"There is no sheet “{sheet}”.",
            cure=f"There are: {listed}.",
            zh=f"没有工作表“{sheet}”；有：{listed_zh}。",
        )
    if fault == "empty":
        return TransferError(
            "The workbook is empty.",
            cure="Is it the right one?",
            zh="工作簿是空的，是不是选错了文件？",
        )
    if fault == "several":
        return UndecidedError(
            f"{len(names)} sheets hold something.",
            cure=f"Name one with --layer: {listed}.",
            zh=f"有 {len(names)} 个工作表有内容，请指明一个（--layer）：{listed_zh}。",
            option="layer", choices=names,
        )  # fmt: skip
    return _damaged()


def _damaged() -> TransferError:
    return TransferError(
        "This is not a workbook, or it is damaged or has a password.",
        cure="Save it again.",
        zh="这不是工作簿，或已损坏，或设了密码。请重新另存。",
    )
