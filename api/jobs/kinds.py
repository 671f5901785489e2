"""What a job can be: each kind, and the function that does it."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Engine

from api.coverage.service import run_check
from api.exports import files, service
from api.imports import uploads
from api.imports.service import Outcome, Request, run_import, undo_import
from api.imports.words import outcome_json
from api.jobs.queue import have_checked
from api.maps.shapes import refresh_shapes

Params = Mapping[str, Any]
Result = dict[str, Any]
Progress = Callable[[float, str], None]
# Called in the transaction that makes the work last, with what is to be told of it.
Finish = Callable[[Connection, Result], None]
Work = Callable[[Engine, Params, str, Progress, Finish], Result]


def do_check(
    engine: Engine, _: Params, created_by: str, progress: Progress, finish: Finish
) -> Result:
    """Draw what has changed, and check the county."""
    progress(0.0, "drawing")
    refresh_shapes(engine)
    check = run_check(engine, created_by, progress, lambda c, n: finish(c, {"check": n}))
    return {"check": check}


def do_import(
    engine: Engine, params: Params, created_by: str, progress: Progress, finish: Finish
) -> Result:
    """Import an uploaded file, or try to; then draw the county anew and have it checked."""
    asked = dict(params)
    folder = uploads.folder_of(asked.pop("upload"))
    request = Request(path=uploads.main_file(folder), outline=bool(asked["dry_run"]), **asked)

    def done(connection: Connection, outcome: Outcome) -> None:
        # Before anything lasts: where they cannot be written, nothing is imported.
        uploads.keep_results(folder, outcome)
        finish(connection, outcome_json(outcome))
        have_checked(connection, outcome.kind, created_by)

    outcome = run_import(engine, request, created_by, progress, done)
    if outcome.state == "imported":
        progress(0.97, "drawing")
        refresh_shapes(engine)
    else:
        uploads.keep_results(folder, outcome)
    return outcome_json(outcome)


def do_undo(
    engine: Engine, params: Params, created_by: str, progress: Progress, finish: Finish
) -> Result:
    """Take an import back; then draw the county anew and have it checked."""
    progress(0.1, "undoing")
    result: Result = {}

    def done(connection: Connection, own: int, counts: dict[str, int]) -> None:
        result.update({"import": own, "undoes": params["import"], "counts": counts})
        finish(connection, result)
        have_checked(connection, None, created_by)

    undo_import(engine, params["import"], created_by, done)
    progress(0.9, "drawing")
    refresh_shapes(engine)
    return result


def do_export(
    engine: Engine, params: Params, created_by: str, progress: Progress, _: Finish
) -> Result:
    """Write a layer to a file that waits to be fetched."""
    asked = dict(params)
    number, ending, name = (asked.pop(key) for key in ("export", "format", "name"))
    path = files.place_for(number, ending)
    request = service.Request(**asked, account=created_by)
    outcome = service.export_file(engine, request, path, progress)
    path.chmod(0o600)
    return {**service.outcome_json(outcome), "file": name, "bytes": path.stat().st_size}


KINDS: Mapping[str, Work] = {
    "check": do_check, "import": do_import, "undo": do_undo, "export": do_export,
}  # fmt: skip
