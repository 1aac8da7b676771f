"""The help of every command: quick to come, with examples that work as pasted."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from pipeline.commands.main import FAMILIES, app
from pipeline.contracts.stage_names import STAGES
from pipeline.simulate.schedule import StoryRates
from pipeline.version import installed_version

ROOT: Any = typer.main.get_command(app)

HEAVY = {
    "aiokafka", "confluent_kafka", "elasticsearch", "faust", "ftfy", "httpx", "kafka", "numpy", "onnxruntime",
    "pydantic_settings", "starlette", "structlog", "tokenizers", "torch", "transformers", "uvicorn", "yaml",
}  # fmt: skip
"""What no help needs, and what makes it slow.  (pydantic alone is loaded by typer itself, to read arguments.)"""


def commands(command: Any = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command, families included, with the words that call it."""
    if path:
        yield path, command
    if hasattr(command, "list_commands"):
        context = typer.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))


COMMANDS = dict(commands())


def parse(arguments: list[str], command: Any = ROOT, name: str = "groundswell") -> None:
    """Read the arguments as the command line does, and run nothing."""
    context = command.make_context(name, list(arguments))
    if hasattr(command, "resolve_command"):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        parse(rest, found, name)


def test_every_family_is_there() -> None:
    assert {path[0] for path in COMMANDS} == set(FAMILIES)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_examples_of_a_help_work_as_pasted(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    text = command.help or ""
    assert "Example" in text
    examples = re.findall(r"`(groundswell [^`]+)`", text)
    assert any(" ".join(path) in example for example in examples)
    for line in examples:
        for called in re.split(r" [|>]+ ", line):
            words = shlex.split(called)
            if words[0] == "groundswell":
                parse(words[1:])


@pytest.mark.parametrize("line", ["search --no-such-option", "no-such-command", "simulate --days many"])
def test_what_does_not_parse_is_noticed(line: str) -> None:
    """The test above would not do what it says otherwise."""
    with pytest.raises(Exception, match=r"No such|valid integer"):
        parse(line.split())


def test_the_help_loads_nothing_heavy() -> None:
    """Of every command, in one process of its own."""
    script = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from pipeline.commands.main import app\n"
        f"for path in {sorted(COMMANDS)!r}:\n"
        "    shown = CliRunner().invoke(app, [*path, '--help'])\n"
        "    assert shown.exit_code == 0 and '`' not in shown.output, (path, shown.output)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "typer" in loaded
    assert loaded & HEAVY == set()


def test_lists_in_the_help_are_those_that_hold() -> None:
    assert all(stage in COMMANDS["worker",].params[0].help for stage in STAGES)
    (story,) = [parameter for parameter in COMMANDS["simulate",].params if parameter.name == "story"]
    assert all(kind in story.help for kind, _ in StoryRates().kinds())


def test_the_version_is_that_of_the_package() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"groundswell {installed_version()}\n"


def test_a_shell_can_complete() -> None:
    """In bash: the commands that begin so."""
    script = "import sys; from pipeline.commands.main import main; sys.argv = ['groundswell']; main()"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"_GROUNDSWELL_COMPLETE": "complete_bash", "COMP_WORDS": "groundswell s", "COMP_CWORD": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["simulate", "search", "sources"]
