"""``wangge``: the registry of commands, and the one place where an error becomes an exit status.

======  ==============================================================================
status  meaning
======  ==============================================================================
0       fine
1       the work was done and found errors of the user's data
2       unusable input or options; one line on stderr says which and what to do
3       the service, the database or a scheduler cannot be reached, or a disk is full
======  ==============================================================================
"""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, cast

import typer
from sqlalchemy.exc import InterfaceError, OperationalError

from api import scratch
from api.commands import (
    accepted,
    check,
    db,
    demo,
    export,
    import_,
    map_,
    repair,
    rules,
    serve,
    user,
    work,
    worklist,
)
from api.commands.context import Context
from api.counties.cluster import SchedulerUnreachableError
from api.errors import details_of, is_disk_full
from api.postgis import DatabaseUnreachableError
from geo.errors import GeoError

FOUND, UNUSABLE, UNREACHABLE = 1, 2, 3
# What typer raises for every wrong option or command; it brings a click of its own.
USAGE_ERROR = cast("type[typer.BadParameter]", typer.BadParameter.__bases__[0])

app = typer.Typer(
    name="wangge",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="网格 · full coverage with no blind spot: checked, proved, and made true.",
    epilog="Example: wangge check grids.geojson --within boundary.geojson -o report.html",
)
app.add_typer(db.app, name="db")
app.add_typer(user.app, name="user")
for module in (demo, serve, work, check, accepted, repair, import_, export, map_, worklist, rules):
    module.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wangge {version('wangge')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    *,
    sample: Annotated[
        bool, typer.Option("--sample", help="Run the command on the sample county (合成数据).")
    ] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Hold what every command shares."""
    context.obj = Context(sample=sample)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; errors become one line on stderr."""
    try:
        result = app(args=arguments, standalone_mode=False)
    except typer.Exit as end:
        return end.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except USAGE_ERROR as error:
        words = error.format_message()
        return _say(f"{words} See: wangge --help", UNUSABLE) if words else UNUSABLE
    except (DatabaseUnreachableError, SchedulerUnreachableError) as error:
        return _say(str(error), UNREACHABLE)
    except GeoError as error:
        return _say(str(error), UNUSABLE)
    except (OperationalError, InterfaceError, OSError) as error:
        if is_disk_full(error):
            return _say(" ".join(details_of(error)[1:]), UNREACHABLE)
        if isinstance(error, OSError):
            raise
        return _say("The database does not answer. See: wangge db status", UNREACHABLE)
    return result if isinstance(result, int) else 0


def _say(words: str, status: int) -> int:
    print(f"wangge: {' '.join(words.split())}", file=sys.stderr)
    return status


def main() -> None:
    """Serve the console script."""
    scratch.take()
    sys.exit(run())


if __name__ == "__main__":
    main()
