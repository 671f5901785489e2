"""Cases read in a process of its own, which is begun anew after each that ends or hangs it."""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.unit.fuzz_corpus import Case

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0
START_S = 120.0
# Where what went wrong is kept, to be looked at and to become a regression.
KEPT = Path(tempfile.gettempdir()) / "wangge-fuzz"


@dataclass(frozen=True)
class Outcome:
    """What came of a case: ``read``, ``refused``, ``failed``, ``died`` or ``hung``."""

    status: str
    said: str = ""
    trace: str = ""
    rows: int = 0
    seconds: float = 0.0
    mb: int = 0

    @property
    def is_fine(self) -> bool:
        return self.status in ("read", "refused")


class Child:
    """The process, and the folder in which it and its cases live."""

    def __init__(self, patience: float = PATIENCE_S, *, sockets: bool = False) -> None:
        self.patience, self.options = patience, ["sockets"] if sockets else []
        self.area = Path(tempfile.mkdtemp(prefix="wangge-fuzz-"))
        self.temporary = self.area / "deep" / "down" / "tmp"
        self.temporary.mkdir(parents=True)
        self.process: subprocess.Popen[bytes] | None = None
        self.number = 0

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._end()
        shutil.rmtree(self.area, ignore_errors=True)

    def run(self, case: Case, reader: str) -> Outcome:
        """Read a case with the import's reader or with the check's."""
        self.number += 1
        path = case.write(self.area / "deep" / "down" / "in" / f"{self.number:06}")
        job = {"path": str(path), "kind": case.kind, "options": dict(case.options),
               "reader": reader}  # fmt: skip
        try:
            return self.ask(job)
        finally:
            shutil.rmtree(path.parent)

    def ask(self, job: Mapping[str, Any]) -> Outcome:
        """Hand one job to the process, and wait for its answer or its end."""
        process = self._alive()
        assert process.stdin is not None
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
        line = self._line()
        if line is None:
            self._end()
            return Outcome("hung", f"nothing after {self.patience:.0f} s")
        if not line:
            return self._died(process)
        return Outcome(**json.loads(line))

    def _died(self, process: "subprocess.Popen[bytes]") -> Outcome:
        ended = process.wait()
        words = (self.area / "stderr").read_text(errors="replace")[-4000:]
        self._end()
        return Outcome("died", f"exit status {ended}", words)

    def _alive(self) -> "subprocess.Popen[bytes]":
        if self.process is not None and self.process.poll() is not None:
            self._end()
        return self.process or self._begin()

    def _begin(self) -> "subprocess.Popen[bytes]":
        for name in ("stdout", "stderr"):
            (self.area / name).write_bytes(b"")
        environment = {
            **os.environ, "TMPDIR": str(self.temporary), "PYTHONPATH": str(ROOT),
            # Arrow's own pool sets a gigabyte aside, which the limit would count.
            "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.fuzz_child", str(self.area), *self.options],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        # To start is no reading: it has the time that a busy machine takes.
        line = self._line(START_S)
        assert line == b"ready\n", (self.area / "stderr").read_text()
        return self.process

    def _line(self, patience: float | None = None) -> bytes | None:
        """The next line of the process; null if none comes in time, empty if it has ended."""
        assert self.process is not None
        assert self.process.stdout is not None
        found = b""
        while not found.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], patience or self.patience)
            if not ready:
                return None
            piece = os.read(self.process.stdout.fileno(), 1 << 16)
            if not piece:
                return b""
            found += piece
        return found

    def _end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None
        # What a process that was ended could not take away is not the next one's.
        for each in self.temporary.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()


def keep(case: Case, name: str) -> Path:
    """Keep a case's bytes, and say where."""
    folder = KEPT / name
    shutil.rmtree(folder, ignore_errors=True)
    case.write(folder)
    said = {"main": case.main, "kind": case.kind, "options": dict(case.options)}
    (folder / "case.json").write_text(json.dumps(said, ensure_ascii=False))
    return folder
