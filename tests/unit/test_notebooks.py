"""Every notebook runs from top to bottom, shows its maps, and is kept without its outputs."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RUN = """
import sys, nbformat
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], 4)
NotebookClient(book, timeout=300, kernel_name="python3").execute()
nbformat.write(book, sys.argv[2])
"""


def test_there_are_notebooks() -> None:
    assert [book.name for book in NOTEBOOKS][:1] == ["01_check_a_file.ipynb"]


@pytest.mark.parametrize("book", NOTEBOOKS, ids=lambda book: book.stem)
def test_a_notebook_is_kept_without_outputs(book: Path) -> None:
    cells = nbformat.read(book, 4).cells
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []


@pytest.mark.parametrize("book", NOTEBOOKS, ids=lambda book: book.stem)
def test_a_notebook_runs(book: Path, tmp_path: Path) -> None:
    # A process of its own: the kernel's warnings are its own, and its sockets end with it.
    done = tmp_path / book.name
    command = [sys.executable, "-c", RUN, str(book), str(done)]
    world = {**os.environ, "PYTHONPATH": str(ROOT)}
    world.pop("MPLBACKEND", None)
    ran = subprocess.run(command, env=world, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    outputs = [out for cell in nbformat.read(done, 4).cells for out in cell.get("outputs", [])]
    assert [out for out in outputs if out.output_type == "error"] == []
    pictures = [out for out in outputs if "image/png" in out.get("data", {})]
    assert pictures
    said = [out.text for out in outputs if out.get("name") == "stderr"]
    assert said == []
