"""The command line: `groundswell`.

Logs go to standard error, results to standard output.  Exit status: 0 done, 1 failed, 2 wrong usage, 70 an unexpected
error in a worker.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pipeline.commands import context
from pipeline.errors import GroundswellError, SettingsError

FAMILIES = {
    "run": "pipeline.commands.run",
    "worker": "pipeline.commands.worker",
    "web": "pipeline.commands.worker",
    "ingest": "pipeline.commands.ingest",
    "replay": "pipeline.commands.replay",
    "analyze": "pipeline.commands.files",
    "detect": "pipeline.commands.files",
    "backtest": "pipeline.commands.backtest",
    "simulate": "pipeline.simulate.cli",
    "search": "pipeline.index.cli",
    "index": "pipeline.index.cli",
    "topics": "pipeline.commands.topics",
    "dead-letters": "pipeline.commands.dead_letters",
    "incidents": "pipeline.alert.cli",
    "promise": "pipeline.commands.promise",
    "catalogue": "pipeline.enrich.cli",
    "explain": "pipeline.enrich.explain",
    "model": "models.cli",
    "doctor": "pipeline.commands.doctor",
    "bench": "pipeline.commands.bench",
}
"""Command → the module whose `app` has it.  Modules are loaded when their command is used: help stays quick."""


class _Lazy(TyperGroup):
    """Loads a command's module when the command is named."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(FAMILIES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        module = FAMILIES.get(cmd_name)
        if module is None:
            return None
        command: Any = typer.main.get_command(import_module(module).app)
        inner = getattr(command, "commands", {}).get(cmd_name)
        if inner is None:
            command.name = cmd_name
        return inner or command


app = typer.Typer(
    cls=_Lazy,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@app.callback()
def main_options(
    pairs: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as detect.false_alarms=0.1")
    ] = None,
    data: Annotated[str | None, typer.Option(help="Folder for the embedded index, cursors and logs")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error")] = None,
) -> None:
    """Hears a snowball of public complaints about a company while it is still small.

    Try it:  `groundswell run`  (everything embedded, with a simulated stream)
    """
    context.remember(pairs or [], data, log_level)


def main() -> None:
    """Entry point."""
    try:
        app()
    except SettingsError as error:
        sys.exit(context.fail(error, 2).exit_code)
    except GroundswellError as error:
        sys.exit(context.fail(error).exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
