"""An export from beginning to end: rows chosen, streamed, masked, moved to a CRS, written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from sqlalchemy import Connection, Engine

from api import audit
from api.db import session_scope
from api.exports.masks import mask
from api.exports.rows import Rows, count_rows, is_grid, named_layers, require_known, shape_types
from api.settings import settings
from geo.errors import CoordinateError
from layers.transfer import Kind, TransferError, kind_of
from layers.transfer.outgoing import (
    LANGS,
    MASKED,
    Column,
    Lang,
    Note,
    Outgoing,
    Piece,
    Target,
    columns_of,
    count_blank_ends,
    to_arrow,
)
from layers.transfer.writing import ending_of, write_layer

__all__ = [
    "Outcome", "Request", "choose_rows", "export_file", "export_layer", "for_reader",
    "is_personal", "named_layers", "outcome_json",
]  # fmt: skip

Progress = Callable[[float, str], None]


# Kinds whose place is a household's.
HOMES = ("households",)


@dataclass(frozen=True, slots=True)
class Request:
    """What to export, and how.

    ``kind`` is written as for an import. ``area`` is the code of an area or a grid, ``version`` a
    coverage version (null: now), ``crs`` as :class:`layers.transfer.outgoing.Target`, ``lang`` the
    language of headers and words (``code``: as stored). ``reveal`` is the reason for which
    personal fields leave unmasked; ``individual`` tells whether it may be said where a household
    is; ``account`` who asks.
    """

    kind: str
    area: str | None = None
    version: int | None = None
    crs: str | None = None
    lang: Lang = "zh"
    reveal: str | None = None
    individual: bool = True
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
    notes: list[Note] = field(default_factory=list)


def _silent(_share: float, _step: str) -> None:
    return


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as the job tells it."""
    notes = [{"message": note.en, "message_zh": note.zh} for note in outcome.notes]
    return {**asdict(outcome), "notes": notes}


def export_file(
    engine: Engine, request: Request, path: Path, progress: Progress = _silent
) -> Outcome:
    """Write a layer of one moment to a file; as :func:`export_layer`."""
    # Nothing is written here: a line of the log is a transaction of its own.
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect() as plain:
        connection = plain.execution_options(**options)
        with connection.begin():
            return export_layer(connection, request, path, progress)


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
    ending_of(path)
    target = Target(request.crs)
    rows = choose_rows(connection, request)
    kind = rows.kind
    progress(0.0, "counting")
    total, located = count_rows(connection, rows)
    columns = columns_of(kind, request.lang, masked=request.reveal is None)
    stream = _Stream(connection, rows, columns, request.lang, target, total, progress)
    outgoing = Outgoing(
        kind, request.lang, columns, total, stream.pieces, target, shape_types(connection, rows)
    )
    if request.reveal is not None and is_personal(kind):
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
    _note(outcome, outgoing, request, stream.blank_ends)
    return outcome


def choose_rows(connection: Connection, request: Request) -> Rows:
    """Return the rows that are asked for.

    Raises
    ------
    TransferError
        If an option names nothing.
    """
    kind = kind_of(request.kind)
    _require_options(request)
    kind = for_reader(kind, individual=request.individual)
    in_grid = request.area is not None and is_grid(connection, request.area)
    rows = Rows(kind, request.version, request.area, is_grid=in_grid)
    require_known(connection, rows)
    return rows


def for_reader(kind: Kind, *, individual: bool) -> Kind:
    """Return a kind as a reader gets it: without the places of households, if not singly."""
    return kind if individual or kind.name not in HOMES else replace(kind, shapes="none")


def is_personal(kind: Kind) -> bool:
    """Tell whether a kind has fields that are masked."""
    return any(each.personal for each in kind.fields)


def _require_options(request: Request) -> None:
    if request.lang not in LANGS:
        raise TransferError(
            f"“{request.lang}” is no language of headers.", cure=f"There are: {', '.join(LANGS)}."
        )
    if request.reveal is not None and not request.reveal.strip():
        raise TransferError(
            "Personal data is shown for a reason.", cure="Say why with --reveal REASON.",
            zh="查看个人信息须说明理由。",
        )  # fmt: skip


def _log(connection: Connection, request: Request, total: int) -> None:
    detail = {"rows": total, "area": request.area, "version": request.version}
    with session_scope(connection.engine) as session:
        audit.record(
            session, request.account, audit.EXPORTED, target=request.kind,
            reason=request.reveal, detail=detail,
        )  # fmt: skip


def _note(outcome: Outcome, outgoing: Outgoing, request: Request, blank_ends: int) -> None:
    def note(en: str, zh: str) -> None:
        outcome.notes.append(Note(en, zh))

    if not outcome.counts["rows"]:
        note("No row is in it: the file has headers alone.", "一行也没有：文件里只有表头。")
    if outcome.masked:
        names = [c.header.removesuffix(MASKED[request.lang]) for c in outgoing.columns if c.masked]
        note(
            f"Masked: {', '.join(names)}. An import leaves these fields as they are. A reason "
            "(--reveal REASON) shows them, and is logged.",
            f"已脱敏：{'、'.join(names)}。再导入时这些字段保持原样。说明理由可查看原文，并记入日志。",
        )
    if not request.individual and outgoing.kind.name in HOMES:
        note(
            "Where each household is has been left out: your role works with counts.",
            "未含各户位置：您的角色只看汇总数。",
        )
    if outgoing.geometry and outgoing.target.hidden:
        name = outgoing.target.name
        note(
            f"Coordinates are {name}, which no registry has: import it as that (--crs {name}).",
            f"坐标为 {name}，文件里写不下这一坐标系：再导入时请选 {name}。",
        )
    if blank_ends:
        note(
            f"{blank_ends:,} texts begin or end with a blank, which an import takes away.",
            f"{blank_ends:,} 处文字首尾有空白，再导入时会去掉。",
        )


@dataclass(slots=True)
class _Stream:
    """The rows on their way from the database to the writer, batch by batch."""

    connection: Connection
    rows: Rows
    columns: list[Column]
    lang: Lang
    target: Target
    total: int
    progress: Progress
    blank_ends: int = 0

    def pieces(self) -> Iterator[Piece]:
        """Read the rows, anew each time."""
        options = {"stream_results": True, "yield_per": settings().import_batch_rows}
        done, self.blank_ends = 0, 0
        statement = self.rows.statement()
        with self.connection.execute(statement, execution_options=options) as result:
            for part in result.partitions():
                yield self._piece(part)
                done += len(part)
                self.progress(min(done / self.total, 1.0) * 0.99, "writing")

    def _piece(self, part: Sequence[Any]) -> Piece:
        values = [list(column) for column in zip(*part, strict=True)]
        pairs = list(zip(self.columns, values, strict=False))
        arrays = [self._column(column, held) for column, held in pairs]
        if self.rows.kind.shapes == "none":
            return Piece(arrays)
        shapes = np.asarray(shapely.from_wkb(np.array(values[-1], dtype=object)), dtype=object)
        shapes[shapely.is_empty(shapes)] = None
        try:
            return Piece(arrays, self.target.place(shapes))
        except CoordinateError as error:
            error.where = {"code": values[0][int(str(error.where["row"])) - 1]}
            raise

    def _column(self, column: Column, held: list[object]) -> pa.Array:
        if column.masked:
            return pa.array(mask(column.field.name, held), pa.string())
        values = to_arrow(column.field, self.lang, held)
        if pa.types.is_string(values.type):
            self.blank_ends += count_blank_ends(values)
        return values
