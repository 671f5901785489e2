"""What goes wrong with a file is said in both languages, for it is read in a browser too."""

import ast
from pathlib import Path

import pytest

from geo.errors import GeoError
from layers.transfer import errors

ROOT = Path(__file__).parents[2]
# What reads files; a file is written on the command line's behalf, and for its messages.
READING = [
    "api/imports/*.py", "geo/crs.py", "geo/gate.py", "geo/households.py", "geo/measure.py",
    *(f"layers/transfer/{name}.py" for name in (
        "archive", "batches", "columns", "delimited", "encoding", "errors", "geojson", "kinds",
        "mapping", "places", "placing", "reading", "sheets",
    )),
]  # fmt: skip


def kinds(parent: type[Exception] = GeoError) -> set[str]:
    return {parent.__name__}.union(*(kinds(child) for child in parent.__subclasses__()))


def raised() -> list[tuple[str, ast.Call]]:
    """Every making of such an error: where, and the call."""
    names = kinds()
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno}", node)
        for pattern in READING
        for path in sorted(ROOT.glob(pattern))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names
    ]


def test_every_error_of_a_file_speaks_chinese() -> None:
    found = raised()
    assert len(found) > 50
    silent = [
        where for where, call in found if "zh" not in {keyword.arg for keyword in call.keywords}
    ]
    assert silent == []


@pytest.mark.parametrize(
    "error", [errors.not_spatial(), errors.not_parquet(), errors.no_rows("file")]
)
def test_both_say_where_and_what_to_do(error: GeoError) -> None:
    error.where = {"file": "住户.csv", "row": 3}
    assert str(error).endswith(error.cure)
    assert "(file 住户.csv, row 3)" in str(error)
    assert "（文件 住户.csv，行 3）" in error.words_zh
    assert error.words_zh.startswith(error.zh)
