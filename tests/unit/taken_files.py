"""Files as the import takes them in, and tables and archives made of literals."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layers.transfer import Source, open_batches

Cell = str | None


@dataclass
class Taken:
    """All batches of a file as one; rows by their numbers."""

    source: Source
    rows: list[int]
    columns: dict[str, list[Cell]]
    shapes: list[Any] | None
    opened: dict[int, tuple[float, ...]]
    faults: dict[int, tuple[str, str, str]]
    sizes: list[int]


def take(path: Path, **options: Any) -> Taken:
    with open_batches(path, **options) as source:
        out = Taken(source, [], {}, None, {}, {}, [])
        for batch in source.batches:
            rows = batch.rows.tolist()
            out.rows += rows
            out.sizes.append(len(rows))
            for name, values in batch.columns.items():
                assert len(values) == len(rows)
                out.columns.setdefault(name, []).extend(values.to_pylist())
            if batch.shapes is not None:
                assert len(batch.shapes) == len(rows)
                out.shapes = [*(out.shapes or []), *batch.shapes]
            out.opened |= {rows[at]: place.coords[0] for at, place in batch.opened.items()}
            for fault in batch.faults:
                for at, found in zip(fault.positions, fault.found, strict=True):
                    out.faults[rows[at]] = (fault.field, fault.reason, found)
    assert out.rows == sorted(set(out.rows))
    return out


def packed(path: Path) -> Path:
    """A ZIP of a file and what has the same name beside it."""
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part != target:
                archive.write(part, part.name)
    return target
