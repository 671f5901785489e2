"""Temporary files of a process that was killed are taken away by the next one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BEGIN = """
import sys, tempfile
from pathlib import Path
from api import scratch
scratch.take()
folder = Path(tempfile.mkdtemp())
(folder / "households.csv").write_text("...")
print(folder, flush=True)
sys.stdin.read()
"""


class Process:
    """Somebody with a temporary file, until he is told to end, or killed."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", BEGIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"TMPDIR": str(home)}, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert self.process.stdout is not None
        self.folder = Path(self.process.stdout.readline().strip())

    def end(self) -> None:
        self.process.communicate("", timeout=30)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_killed_process_is_tidied_up_after_and_a_living_one_is_left_alone(tmp_path: Path) -> None:
    living, dying = Process(tmp_path), Process(tmp_path)
    assert living.folder.parent != dying.folder.parent
    assert living.folder.parents[1].stat().st_mode & 0o777 == 0o700
    dying.kill()
    assert (dying.folder / "households.csv").exists()
    third = Process(tmp_path)
    assert not dying.folder.parent.exists()
    assert (living.folder / "households.csv").exists()
    third.end()
    living.end()
    (home,) = tmp_path.iterdir()
    assert list(home.iterdir()) == []


def test_many_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    processes = [Process(tmp_path) for _ in range(3)]
    assert all((each.folder / "households.csv").exists() for each in processes)
    for each in processes:
        each.end()


@pytest.mark.parametrize("stranger", ["file", "link"])
def test_a_place_that_is_not_ours_is_not_used(stranger: str, tmp_path: Path) -> None:
    home = tmp_path / f"wangge-scratch-{os.geteuid()}"
    other = tmp_path / "other"
    other.mkdir()
    home.write_text("") if stranger == "file" else home.symlink_to(other)
    process = Process(tmp_path)
    assert process.folder.parent == tmp_path
    process.end()
    assert list(other.iterdir()) == []
