"""An export from beginning to end: rows chosen, streamed, masked, moved to a CRS, written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from sqlalchemy import Connection

from api import audit
from api.db import session_scope
from api.exports.masks import mask
from api.exports.rows import Rows, count_rows, require_known, shape_types
from api.settings import settings
from geo.errors import CoordinateError
from layers.transfer import Kind, TransferError, kind_of
from layers.transfer.outgoing import (
    LANGS,
    Column,
    Lang,
    Outgoing,
    Piece,
    Target,
    columns_of,
    to_arrow,
)
from layers.transfer.writing import ending_of, write_layer

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What to export, and how.

    ``kind`` is written as for an import. ``area`` is the code of an area, ``version`` a coverage
    version (null: now), ``crs`` as :class:`layers.transfer.outgoing.Target`, ``lang`` the language
    of headers and words (``code``: as stored). ``reveal`` is the reason for which personal fields
    leave unmasked; ``account`` who asks.
    """

    kind: str
    area: str | None = None
    version: int | None = None
    crs: str | None = None
    lang: Lang = "zh"
    reveal: str | None = None
    account: str = "operator"


@dataclass(slots=True)
class Outcome:
    """What was written.

    ``counts`` are ``rows``, ``located`` and ``unlocated`` (of kinds with shapes); ``masked`` are
    the headers of masked columns.
    """

    kind: str
    file: str
    crs: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    headers: list[str] = field(default_factory=list)
    masked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _silent(_share: float, _step: str) -> None:
    return


def export_layer(
    connection: Connection, request: Request, path: Path, progress: Progress = _silent
) -> Outcome:
    """Write a layer to a file, which is there when it is whole and not before.

    Parameters
    ----------
    connection
        In a transaction; REPEATABLE READ where what is written must be of one moment.
    request
        What and how.
    path
        Its ending picks the format.
    progress
        Told the share done, 0 to 1, and the step; what it raises ends the export.

    Returns
    -------
    Outcome
        A revealing export is in the audit, in a transaction of its own, before a row is read:
        what is not logged is not shown.

    Raises
    ------
    TransferError, CoordinateError
        If an option names nothing, or the format cannot hold the layer.
    """
    kind = kind_of(request.kind)
    ending_of(path)
    _require_options(request)
    rows = Rows(kind, request.version, request.area)
    target = Target(request.crs)
    require_known(connection, rows)
    progress(0.0, "counting")
    total, located = count_rows(connection, rows)
    personal = any(each.personal for each in kind.fields)
    columns = columns_of(kind, request.lang, masked=request.reveal is None)
    outgoing = Outgoing(
        kind, request.lang, columns, total,
        lambda: _pieces(connection, rows, columns, request.lang, target, total, progress),
        target, shape_types(connection, rows),
    )  # fmt: skip
    if request.reveal is not None and personal:
        _log(connection, request, total)
    write_layer(path, outgoing)
    progress(1.0, "done")
    outcome = Outcome(
        kind.title, path.name, counts={"rows": total}, headers=[c.header for c in columns],
        masked=[c.header for c in columns if c.masked], notes=outgoing.notes,
    )  # fmt: skip
    if kind.shapes != "none":
        outcome.crs = target.name
        outcome.counts |= {"located": located, "unlocated": total - located}
    _note(outcome, outgoing)
    return outcome


def _require_options(request: Request) -> None:
    if request.lang not in LANGS:
        raise TransferError(
            f"“{request.lang}” is no language of headers.", cure=f"There are: {', '.join(LANGS)}."
        )
    if request.reveal is not None and not request.reveal.strip():
        raise TransferError(
            "Personal data is shown for a reason.", cure="Say why with --reveal REASON."
        )


def _log(connection: Connection, request: Request, total: int) -> None:
    detail = {"rows": total, "area": request.area, "version": request.version}
    with session_scope(connection.engine) as session:
        audit.record(
            session, request.account, audit.EXPORTED, target=request.kind,
            reason=request.reveal, detail=detail,
        )  # fmt: skip


def _note(outcome: Outcome, outgoing: Outgoing) -> None:
    if not outcome.counts["rows"]:
        outcome.notes.append("No row is in it: the file has headers alone.")
    if outcome.masked:
        outcome.notes.append(
            f"Masked: {', '.join(outcome.masked)}. An import leaves these fields as they are; "
            "--reveal REASON shows them, and is logged."
        )
    if outgoing.geometry and outgoing.target.hidden:
        outcome.notes.append(
            f"Coordinates are {outgoing.target.name}, which no registry has: import it with "
            f"--crs {outgoing.target.name}."
        )


def _pieces(
    connection: Connection, rows: Rows, columns: list[Column], lang: Lang, target: Target,
    total: int, progress: Progress,
) -> Iterator[Piece]:  # fmt: skip
    size = settings().import_batch_rows
    options = {"stream_results": True, "yield_per": size}
    done = 0
    with connection.execute(rows.statement(), execution_options=options) as result:
        for part in result.partitions():
            yield _piece(rows.kind, part, columns, lang, target)
            done += len(part)
            progress(min(done / total, 1.0) * 0.99, "writing")


def _piece(
    kind: Kind, part: Sequence[Any], columns: list[Column], lang: Lang, target: Target
) -> Piece:
    values = [list(column) for column in zip(*part, strict=True)]
    arrays = [
        pa.array(mask(column.field.name, held), pa.string())
        if column.masked
        else to_arrow(column.field, lang, held)
        for column, held in zip(columns, values, strict=False)
    ]
    if kind.shapes == "none":
        return Piece(arrays)
    shapes = np.asarray(shapely.from_wkb(np.array(values[-1], dtype=object)), dtype=object)
    shapes[shapely.is_empty(shapes)] = None
    try:
        return Piece(arrays, target.place(shapes))
    except CoordinateError as error:
        error.where = {"code": values[0][int(str(error.where["row"])) - 1]}
        raise
