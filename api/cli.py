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

import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any, cast

import typer
import typer.main
from sqlalchemy.exc import InterfaceError, OperationalError
from typer.core import TyperGroup

from api import scratch
from api.commands.context import Context
from api.counties import SchedulerUnreachableError
from api.postgis import DatabaseUnreachableError
from geo.errors import GeoError

FOUND, UNUSABLE, UNREACHABLE = 1, 2, 3
# What typer raises for every wrong option or command; it brings a click of its own.
USAGE_ERROR = cast("type[typer.BadParameter]", typer.BadParameter.__bases__[0])

# Each command, in the order of the help, and the module of :mod:`api.commands` that has it.
COMMANDS = {
    "demo": "demo", "serve": "serve", "work": "work", "check": "check", "accepted": "accepted",
    "repair": "repair", "import": "import_", "export": "export", "map": "map_",
    "worklist": "worklist", "rules": "rules", "db": "db", "user": "user",
}  # fmt: skip


class Commands(TyperGroup):
    """The commands, each imported when it is called: all together they take seconds."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Name them."""
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ANN401 - of typer's own click
        """Import one; null if there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        alone = typer.Typer()
        importlib.import_module(f"api.commands.{COMMANDS[cmd_name]}").register(alone)
        return typer.main.get_group(alone).commands[cmd_name]


app = typer.Typer(
    name="wangge",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="网格 · full coverage with no blind spot: checked, proved, and made true.",
    epilog="Example: wangge check grids.geojson --within boundary.geojson -o report.html",
)


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
        # What knows of problems knows of HTTP as well: half a second that no sound run waits for.
        errors = importlib.import_module("api.errors")
        if errors.is_disk_full(error):
            return _say(" ".join(errors.details_of(error)[1:]), UNREACHABLE)
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
