"""Temporary files of this process, in a folder of its own that goes even if the process is killed.

What an archive unpacks to may be a list of households. A process that ends takes its folder away;
one that was killed cannot, so whoever comes next does. The kernel says who is dead: each holds a
lock on its folder for as long as it lives.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path


def take() -> None:
    """Give this process its folder, and take away those of dead ones; once, when it begins.

    Where no folder can be made, temporary files go where they always went.
    """
    home = Path(tempfile.gettempdir()) / f"wangge-scratch-{os.geteuid()}"
    with suppress(OSError):
        home.mkdir(mode=0o700, exist_ok=True)
        if home.is_symlink() or home.stat().st_uid != os.geteuid():
            return  # somebody else was there first: not a place for ours
        gate = _open(home)
        fcntl.flock(gate, fcntl.LOCK_EX)  # one at a time makes a folder or looks for dead ones
        try:
            for folder in home.iterdir():
                _remove_dead(folder)
            own = Path(tempfile.mkdtemp(dir=home))
            fcntl.flock(_open(own), fcntl.LOCK_EX)  # never closed: held until the process ends
        finally:
            os.close(gate)
        atexit.register(shutil.rmtree, own, ignore_errors=True)
        tempfile.tempdir = str(own)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def _remove_dead(folder: Path) -> None:
    with suppress(OSError):
        handle = _open(folder)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused: its process lives
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)
