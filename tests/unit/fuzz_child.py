"""A process of its own that reads files nobody trusts, and tells what came of it.

``python -m tests.unit.fuzz_child AREA [sockets]`` takes one case a line on its standard input and
answers with one line; what a reader prints goes to files in the area. The kernel ends the process
where it takes too much memory, writes too much, or asks for a socket, if that is not allowed.
"""

import ctypes
import faulthandler
import gc
import json
import os
import platform
import resource
import socket
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geo.coverage import check_coverage
from geo.errors import GeoError
from geo.partition import AreaIdentityError
from layers.transfer import Batch, Source, kind_of, open_batches, read_layer
from layers.transfer.columns import name_columns
from layers.transfer.errors import TransferError
from layers.transfer.mapping import map_columns
from layers.transfer.placing import Placer
from layers.transfer.rows import read_rows

CODES = {"county": 6, "town": 9, "village": 12, "grid": 15}
GRID_FIELDS = ("code", "name", "area_code", "kind", "coverage")
# Above what the process has when it begins.
MEMORY, WRITTEN = 1 << 30, 256 << 20
# What the system says where it gives no more; a reader may not make a sentence of it.
SCARCE = ("Cannot allocate", "No space", "File too large", "Too many open", "not enough memory")
# Stands in a file that nobody may read.
MARK = "TOPSECRET"


# -- limits --------------------------------------------------------------------------------------


def limit(*, sockets: bool) -> None:
    """Bound memory and written files for good, and give up the network."""
    held = int(status("VmData")) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (held + MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sockets:
        _no_sockets()


def _no_sockets() -> None:
    """Have the kernel end this process where it asks for a socket (seccomp)."""
    number = {"x86_64": 41, "aarch64": 198}.get(platform.machine())
    if number is None:
        return
    # Load the system call's number; is it socket(2)? Then end the process, else go on.
    steps = ((0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x80000000),
             (0x06, 0, 0, 0x7FFF0000))  # fmt: skip
    words = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(words))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_filter = 38, 22
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(set_filter, 2, program, 0, 0):
        raise OSError(ctypes.get_errno(), "no filter of system calls")


def status(name: str) -> str:
    """A figure of the process, as the kernel tells it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


# -- one case ------------------------------------------------------------------------------------


def bring_in(path: Path, job: dict[str, Any]) -> int:
    """Read a file as an import does."""
    kind = kind_of(job["kind"])
    with open_batches(path, **job["options"]) as source:
        mapping = map_columns(kind, source.headers, {})
        placer: Placer | None = None
        count = 0
        for batch in _sound(source):
            count += len(batch.rows)
            if placer is None and batch.shapes is not None and kind.shapes != "none":
                placer = Placer(None, source.crs or "EPSG:4326", source.said_crs)
            if "code" in mapping or kind.natural:
                read_rows(kind, batch, mapping, placer, CODES)
    return count


def _sound(source: Source) -> Iterator[Batch]:
    """Batches, each looked over: as many values as rows, and rows in order."""
    assert all(isinstance(header, str) for header in source.headers), source.headers
    assert source.crs is None or isinstance(source.crs, str), source.crs
    "".join([*source.headers, *source.notes, source.said_crs]).encode()
    last = 0
    for batch in source.batches:
        rows = batch.rows.tolist()
        assert rows == sorted(set(rows)), rows
        assert not rows or rows[0] > last, (last, rows[0])
        last = rows[-1] if rows else last
        for name, values in batch.columns.items():
            assert len(values) == len(rows), (name, len(values), len(rows))
            values.validate(full=True)
            assert not any(MARK in (word or "") for word in values.to_pylist()), "a secret came in"
        if batch.shapes is not None:
            assert len(batch.shapes) == len(rows), (len(batch.shapes), len(rows))
        assert all(0 <= at < len(rows) for at in batch.opened), batch.opened
        for fault in batch.faults:
            assert all(0 <= at < len(rows) for at in fault.positions), fault
        yield batch


def look_at(path: Path, job: dict[str, Any]) -> int:
    """Read a file as the check does."""
    read = read_layer(path, default_crs="EPSG:4326", **job["options"])
    frame, _ = name_columns(read.frame, GRID_FIELDS, {})
    assert len(frame) == len(read.frame)
    assert MARK not in read.frame.drop(columns="geometry").to_csv(), "a secret came in"
    assert all(0 <= row < len(frame) for row in read.opened), read.opened
    assert np.isfinite(frame.total_bounds).all() or frame.geometry.isna().all() or (
        frame.geometry.is_empty | frame.geometry.isna()
    ).all(), frame.total_bounds  # fmt: skip
    return len(frame)


def weigh(path: Path, job: dict[str, Any]) -> int:
    """Read a file, and check it: by itself, and with its own middle as the parent."""
    if path.suffix == ".wkb":
        lines = [bytes.fromhex(line) for line in path.read_text().splitlines()]
        shapes = shapely.from_wkb(np.array(lines, dtype=object), on_invalid="ignore")
        frame = gpd.GeoDataFrame(geometry=list(shapes), crs="EPSG:4326")
    else:
        frame = read_layer(path, default_crs="EPSG:4326", **job["options"]).frame
    frame["code"] = [f"g{row}" for row in range(len(frame))]
    parent = gpd.GeoDataFrame(
        {"code": ["v"]}, geometry=[shapely.box(115.31, 33.59, 115.34, 33.62)], crs=frame.crs
    )
    return sum(_checked(frame, each) for each in (None, parent))


def _checked(frame: gpd.GeoDataFrame, parent: gpd.GeoDataFrame | None) -> int:
    try:
        report = check_coverage(frame, parent)
    except AreaIdentityError as error:
        raise AssertionError(str(error)) from error
    except GeoError:  # what cannot be measured is refused, in words
        return 0
    told = [(f.area_m2, f.width_m, f.length_m, *f.geometry.bounds) for f in report.findings]
    assert np.isfinite(told).all(), told
    json.dumps(report.summary, allow_nan=False)
    return len(told)


# -- what no reader may do, done: each must be seen ------------------------------------------------


def ask(*_: object) -> int:
    return socket.socket().fileno()


def eat(*_: object) -> int:
    return len(bytearray(2 * MEMORY))


def write(*_: object) -> int:
    file = Path(os.environ["TMPDIR"]) / "large"
    try:
        file.write_bytes(bytes(WRITTEN + 1))
    except OSError as error:
        file.unlink()
        raise TransferError(str(error), cure="-", zh="-", file="x.csv") from error
    return 0


def leave(*_: object) -> int:
    return Path(tempfile.mkdtemp()).stat().st_size


def change(path: Path, *_: object) -> int:
    return path.write_bytes(b"other")


def say(*_: object) -> int:
    return os.write(1, b"hello\n")


def end(*_: object) -> int:
    os.abort()


def hang(*_: object) -> int:
    time.sleep(3600)
    return 0


def tell(path: Path, *_: object) -> int:
    raise TransferError(f"{path} holds {MARK}.", cure="-", zh="-", file=path.name)


SPOILERS = (ask, eat, write, leave, change, say, end, hang, tell)
READERS = {
    "import": bring_in,
    "check": look_at,
    "weigh": weigh,
    **{each.__name__: each for each in SPOILERS},
}


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Read one file; say what came of it, in words that go into a line."""
    path = Path(job["path"])
    before = _listing(path.parent)
    Path("/proc/self/clear_refs").write_text("5")
    begun, held = time.monotonic(), int(status("VmRSS"))
    out: dict[str, Any] = {"status": "read", "rows": 0}
    try:
        out["rows"] = READERS[job["reader"]](path, job)
    except GeoError as error:
        out = _refused(error, path)
    except BaseException as error:  # noqa: BLE001 - Rust's panics are no exceptions
        out = {"status": "failed", "said": f"{type(error).__name__}: {error}"[:2000],
               "trace": traceback.format_exc()[-6000:]}  # fmt: skip
    out["seconds"] = round(time.monotonic() - begun, 3)
    out["mb"] = (int(status("VmHWM")) - held) // 1024
    gc.collect()
    left = [str(each) for each in Path(os.environ["TMPDIR"]).rglob("*")]
    if left or _listing(path.parent) != before:
        out |= {"status": "failed", "said": f"left behind: {left or _listing(path.parent)}"}
    return out


def _listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(each), each.stat().st_size) for each in folder.rglob("*"))


def _refused(error: GeoError, path: Path) -> dict[str, Any]:
    """Look over an error's own words: they are shown to people, in two languages."""
    said, zh = str(error), error.words_zh
    wrong = [
        words
        for words, is_so in {
            "does not name the file": path.name not in said or error.where.get("file") is None,
            "tells of our folders": str(path.parent) in said or os.environ["TMPDIR"] in said + zh,
            "is no sentence": not error.message or not error.cure,
            "is not in Chinese": not error.zh,
            "is too long": len(said) > 1500 or len(zh) > 1500,
            "cannot be written": _unwritable(said + zh),
            "holds a secret": MARK in said + zh,
            "is of what the system lacks": any(word in said for word in SCARCE),
        }.items()
        if is_so
    ]
    out = {
        "status": "failed" if wrong else "refused",
        "said": said.encode(errors="replace").decode(),
    }
    if wrong:
        out["trace"] = f"The message {' and '.join(wrong)}.\n{traceback.format_exc()[-5000:]}"
        out["said"] = f"{wrong[0]}: {out['said'][:1500]}"
    return out


def _unwritable(words: str) -> bool:
    try:
        words.encode()
    except UnicodeEncodeError:
        return True
    return False


def main(area: Path, *, sockets: bool) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(area / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    faulthandler.enable()
    warnings.simplefilter("ignore")
    limit(sockets=sockets)
    # What is there already is not looked through after each case.
    gc.freeze()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        out = run(json.loads(line))
        sys.stdout.flush()
        if (area / "stdout").stat().st_size:
            out |= {"status": "failed", "said": "said on stdout: " + (area / "stdout").read_text()}
            os.truncate(area / "stdout", 0)
        print(json.dumps(out), file=answers, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sockets="sockets" in sys.argv[2:])
