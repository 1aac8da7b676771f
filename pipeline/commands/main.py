"""Entry point of the command line, `groundswell`.

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
from pipeline.version import installed_version

FAMILIES = {
    "run": "pipeline.commands.streaming.run",
    "worker": "pipeline.commands.streaming.worker",
    "web": "pipeline.commands.streaming.web",
    "ingest": "pipeline.commands.streaming.ingest",
    "replay": "pipeline.commands.streaming.replay",
    "analyze": "pipeline.commands.offline.files",
    "detect": "pipeline.commands.offline.files",
    "backtest": "pipeline.commands.offline.backtest",
    "simulate": "pipeline.commands.offline.simulate",
    "search": "pipeline.commands.results.search",
    "trends": "pipeline.commands.results.trends",
    "index": "pipeline.commands.operations.index",
    "topics": "pipeline.commands.operations.topics",
    "dead-letters": "pipeline.commands.operations.dead_letters",
    "incidents": "pipeline.commands.results.incidents",
    "promise": "pipeline.commands.results.promise",
    "catalogue": "pipeline.commands.knowledge.catalogue",
    "follow": "pipeline.commands.knowledge.follow",
    "unfollow": "pipeline.commands.knowledge.follow",
    "following": "pipeline.commands.knowledge.follow",
    "explain": "pipeline.commands.knowledge.explain",
    "model": "pipeline.commands.knowledge.model",
    "sources": "pipeline.commands.operations.sources",
    "doctor": "pipeline.commands.operations.doctor",
    "bench": "pipeline.commands.offline.bench",
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
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"groundswell {installed_version()}")
        raise typer.Exit


@app.callback()
def main_options(
    pairs: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting, such as detect.false_alarms=0.1")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit")
    ] = False,
    data: Annotated[str | None, typer.Option(help="Folder for the embedded index, cursors and logs")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error")] = None,
) -> None:
    """Notices a snowball of public complaints about a company while it is still small.

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
