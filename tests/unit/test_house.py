"""The measures of the house, read from the code itself."""

import ast
import statistics
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("geo", "layers", "api")


def tracked(*patterns: str) -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).exists()]


def function_lengths() -> dict[str, int]:
    """Lines of each function's body without its docstring."""
    lengths = {}
    for path in tracked(*(f"{floor}/*.py" for floor in FLOORS)):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                lengths[f"{path.relative_to(ROOT)}:{node.name}"] = lines
    return lengths


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in tracked("*.py", "*.ts", "*.tsx", "*.css")
        if "migrations/versions" not in str(path)
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_functions_are_short() -> None:
    lengths = function_lengths()
    ordered = sorted(lengths.values())
    too_long = {
        name: length
        for name, length in lengths.items()
        if length > 60 and "migrations/versions" not in name
    }
    assert too_long == {}
    assert statistics.median(ordered) <= 10
    assert ordered[int(len(ordered) * 0.9)] <= 35


@pytest.mark.parametrize("floor", FLOORS)
def test_every_module_opens_with_the_sentence_that_defines_it(floor: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked(f"{floor}/*.py")
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_no_machine_path_and_no_registry_host_is_committed() -> None:
    hosts = (
        "registry." + "npmjs",
        "pypi" + ".org",
        "files.python" + "hosted",
        "deb.deb" + "ian.org",
    )
    paths = ("/wo" + "rk/", "/ro" + "ot/")
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked("*")
        if path.suffix not in {".png", ".jpg", ".gpkg", ".zip", ".xlsx", ".parquet"}
        for word in (*hosts, *paths)
        if word in path.read_text(errors="ignore")
    ]
    assert found == []
