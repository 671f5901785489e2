"""An import from beginning to end: read in batches, staged, compared, doubted, and moved over."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from api import audit
from api.db import session_scope
from api.errors import BusyError
from api.imports import history
from api.imports.doubts import find_shifts
from api.imports.preview import outline
from api.imports.rules import MOST_REJECTS
from api.imports.staging import Difference, Staging
from api.settings import settings
from geo.errors import MissingCrsError
from layers.tables import coverage_version, metadata, setting
from layers.transfer import (
    Batch,
    Kind,
    Source,
    UndecidedError,
    kind_of,
    open_batches,
)
from layers.transfer.errors import about, no_rows
from layers.transfer.mapping import map_columns
from layers.transfer.placing import Placer
from layers.transfer.rejects import Reject
from layers.transfer.rows import read_rows

# The advisory lock that an import holds; any fixed number that is ours.
IMPORT_LOCK = 0x696D706F
MOST_KEPT = 200_000
PLACES = ("lon", "lat", "wkt")
Progress = Callable[[float, str], None]
Finish = Callable[[Connection, "Outcome"], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What to import, and how.

    ``columns`` is field to column where somebody said which (also ``lon``, ``lat``, ``wkt``);
    ``replace`` the code of an area whose absent rows are closed. ``partial`` lets good rows in
    without the bad ones, ``as_is`` an import that the shift test doubts.
    """

    kind: str
    path: Path
    name: str = ""
    crs: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    layer: str | None = None
    encoding: str | None = None
    replace: str | None = None
    partial: bool = False
    as_is: bool = False
    dry_run: bool = False
    outline: bool = False


@dataclass(slots=True)
class Outcome:
    """What happened to the rows.

    ``state`` is ``imported``; ``unchanged`` if everything was there already; ``tried`` for a dry
    run; ``rejected`` or ``doubted`` if nothing was imported for these reasons; ``asked`` if
    somebody who can answer must say first how the file is to be read.
    """

    kind: str
    file: str
    state: str = "tried"
    counts: dict[str, int] = field(default_factory=dict)
    headers: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    crs: str = ""
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubts: list[dict[str, Any]] = field(default_factory=list)
    number: int | None = None
    version: int | None = None
    outline: dict[str, Any] | None = None
    asks: dict[str, Any] | None = None
    # So many faults that they were not all looked for: what is left is not known to be good.
    hopeless: bool = False


def _silent(_share: float, _step: str) -> None:
    return


def _nothing(_connection: Connection, _outcome: Outcome) -> None:
    return


def run_import(
    engine: Engine,
    request: Request,
    created_by: str,
    progress: Progress = _silent,
    finish: Finish = _nothing,
) -> Outcome:
    """Import a file: all of it or nothing.

    Parameters
    ----------
    engine
        Of a migrated database.
    request
        What and how.
    created_by
        Who: an account's name, or ``operator`` on the command line.
    progress
        Told the share done, 0 to 1, and the step; what it raises ends the import.
    finish
        Called in the transaction of an import, just before it is committed.

    Returns
    -------
    Outcome
        Nothing has changed unless its state is ``imported``.

    Raises
    ------
    TransferError, CrsError, CoordinateError
        If the file cannot be used.
    BusyError
        If another import is under way.
    """
    kind = kind_of(request.kind)
    name = request.name or request.path.name
    outcome = Outcome(kind.title, name)
    with engine.connect() as connection, connection.begin() as transaction:
        hold_lock(connection)
        staging = Staging(connection, kind, request.replace)
        try:
            with _named(name), _open(request, kind) as source:
                _stage(connection, kind, source, staging, request, outcome, progress)
        except (MissingCrsError, UndecidedError) as error:
            if not request.outline:
                raise
            outcome.state, outcome.asks = "asked", _question(error)
            transaction.rollback()
            return outcome
        progress(0.6, "comparing")
        found, repeated = staging.settle()
        outcome.rejects = sorted([*outcome.rejects, *found])[:MOST_KEPT]
        outcome.hopeless = len(found) >= MOST_REJECTS
        difference = staging.difference()
        _count(outcome, difference, repeated)
        if kind.shapes == "points":
            outcome.counts["unlocated"] = staging.unlocated()
        if kind.shapes != "none" and "geom" in staging.given:
            progress(0.7, "doubting")
            outcome.doubts = find_shifts(connection, kind, staging.incoming)
        if request.outline:
            outcome.outline = outline(staging)
        outcome.state = _state(request, kind, outcome, difference)
        if outcome.state == "imported":
            progress(0.8, "writing")
            staging.require_closable()
            _write(connection, kind, staging, outcome, created_by)
            progress(0.95, "committing")
            finish(connection, outcome)
        else:
            transaction.rollback()
    return outcome


def undo_import(
    engine: Engine,
    number: int,
    created_by: str,
    finish: Callable[[Connection, int, dict[str, int]], None] = lambda *_: None,
) -> tuple[int, dict[str, int]]:
    """Take an import back; see :func:`api.imports.history.undo`.

    Parameters
    ----------
    finish
        Called with what is returned, in the transaction of the undoing.
    """
    with session_scope(engine) as session:
        connection = session.connection()
        hold_lock(connection)
        undone = history.undo(connection, number, created_by)
        audit.record(session, created_by, audit.UNDONE, target=f"import {number}")
        finish(connection, *undone)
    return undone


def hold_lock(connection: Connection) -> None:
    """Hold the lock of imports until the transaction ends."""
    if not connection.scalar(select(func.pg_try_advisory_xact_lock(IMPORT_LOCK))):
        raise BusyError("Another import is under way.", "另一个导入正在进行，请稍候。")


def _question(error: MissingCrsError | UndecidedError) -> dict[str, Any]:
    said = {"message": str(error), "message_zh": error.words_zh}
    if isinstance(error, UndecidedError):
        return {"option": error.option, "choices": list(error.choices), **said}
    return {"option": "crs", "choices": [], **said}


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Call an uploaded file by the name that its sender gave it."""
    with about(Path(name)):
        yield


@contextmanager
def _open(request: Request, kind: Kind) -> Iterator[Source]:
    given = settings()
    places = {name: request.columns[name] for name in PLACES if name in request.columns}
    with open_batches(
        request.path,
        layer=request.layer,
        encoding=request.encoding,
        places=places if kind.shapes != "none" else None,
        batch_rows=given.import_batch_rows,
        max_unzipped_mb=given.max_unzipped_mb,
    ) as source:
        yield source


def _stage(
    connection: Connection, kind: Kind, source: Source, staging: Staging, request: Request,
    outcome: Outcome, progress: Progress,
) -> None:  # fmt: skip
    told = {name: column for name, column in request.columns.items() if name not in PLACES}
    known = history.remembered_columns(connection, kind, source.headers)
    mapping = map_columns(kind, source.headers, told, known)
    outcome.headers, outcome.columns, outcome.notes = source.headers, mapping, source.notes
    if "code" not in mapping and not kind.natural:
        raise UndecidedError(
            "No column of codes was found.",
            cure=f"Say which with --columns code=COLUMN; there are: {', '.join(source.headers)}.",
            zh=f"没有找到编码列，请指明哪一列是编码；现有各列：{'、'.join(source.headers)}。",
            option="columns", choices=source.headers,
        )  # fmt: skip
    codes = connection.execute(
        select(setting.c.value).where(setting.c.key == "code_lengths")
    ).scalar_one()
    placer: Placer | None = None
    counts = outcome.counts
    counts.update(read=0, rejected=0, examples=0)
    for batch in source.batches:
        if placer is None and batch.shapes is not None and kind.shapes != "none":
            placer = _placer(request, source, batch)
            outcome.crs, staging.moved = placer.name, placer.moves
        rows = read_rows(kind, batch, mapping, placer, codes)
        staging.add(rows.table)
        outcome.rejects += rows.rejects[: MOST_KEPT - len(outcome.rejects)]
        counts["read"] += len(batch.rows)
        counts["rejected"] += len({reject.row for reject in rows.rejects})
        counts["examples"] += rows.examples
        # Gone before the next one is read: one batch is held, not two.
        del batch, rows
        if source.rows:
            progress(0.6 * min(counts["read"] / source.rows, 1.0), "reading")
        else:
            progress(0.3, "reading")
    if not counts["read"]:
        raise no_rows("file")


def _placer(request: Request, source: Source, batch: Batch) -> Placer:
    said = source.crs
    if request.crs is None and said is None and batch.shapes is not None:
        located = any(shape is not None for shape in batch.shapes)
        if not located:
            # Columns of coordinates, and nothing in them: no datum is needed for that.
            said = "EPSG:4326"
    try:
        return Placer(request.crs, said, source.said_crs)
    except MissingCrsError as error:
        error.where = {"file": request.name or request.path.name, **error.where}
        raise


def _count(outcome: Outcome, difference: Difference, repeated: int) -> None:
    bad = {reject.row for reject in outcome.rejects}
    outcome.counts.update(
        new=difference.new,
        changed=difference.changed,
        unchanged=difference.unchanged,
        closed=difference.closed,
        rejected=max(len(bad), outcome.counts["rejected"]),
        repeated=repeated,
    )


def _state(request: Request, kind: Kind, outcome: Outcome, difference: Difference) -> str:
    if request.dry_run:
        return "tried"
    # Closing what is absent would close the rows whose own line was rejected.
    partial = request.partial and kind.partial and not outcome.hopeless and not request.replace
    if outcome.counts["rejected"] and not partial:
        return "rejected"
    if outcome.doubts and not request.as_is:
        return "doubted"
    return "unchanged" if difference.is_nothing else "imported"


def _write(
    connection: Connection, kind: Kind, staging: Staging, outcome: Outcome, created_by: str
) -> None:
    table = metadata.tables[kind.table]
    imaged = not history.is_versioned(table)
    if imaged:
        history.keep_before(connection, staging.incoming, table)
    title = f"导入{kind.zh} · {kind.en} imported"
    outcome.version = history.next_version(connection, title, created_by)
    staging.apply()
    outcome.number = history.remember(
        connection, kind=kind.title, file=outcome.file, crs=outcome.crs, headers=outcome.headers,
        columns=outcome.columns, counts=outcome.counts, version_id=outcome.version,
        created_by=created_by,
    )  # fmt: skip
    if imaged:
        history.keep_images(connection, outcome.number, staging.incoming, table)
    audit.record(connection, created_by, audit.IMPORTED, target=f"import {outcome.number}")


def open_version(engine: Engine) -> int:
    """Return the number of the open coverage version."""
    with engine.connect() as connection:
        found = select(coverage_version.c.id).where(coverage_version.c.valid_to.is_(None))
        number: int = connection.execute(found).scalar_one()
    return number
