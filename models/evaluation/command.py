"""Steps of `groundswell model evaluate`, apart from its flags."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.console import Console

from models.evaluation.behaviour.run import capabilities, judge, read_floors, write_floors
from models.evaluation.evaluate import figures
from models.evaluation.record import record
from models.evaluation.rows import answers_of, read_file
from models.evaluation.table import behaviour_table, hard_table, render, table
from models.figures import Capability, Figures, HardFigures
from models.hard_posts.measure import measure_hard_posts
from models.hard_posts.posts import read_hard_posts
from models.manifest import SHIPPED
from models.scorer import Scorer
from pipeline.errors import TerminalError

CONFIGS = Path(__file__).parent.parent / "configs"


@dataclass(slots=True)
class Evaluation:
    """What was measured of a model."""

    model: str
    figures: list[Figures] = field(default_factory=list)
    behaviour: list[Capability] = field(default_factory=list)
    hard: HardFigures | None = None


def of_file(scorer: Scorer, path: Path, head: str, reference: Scorer | None) -> list[Figures]:
    """The figures of a head on a file; see `models.evaluation.rows.read_file`."""
    rows = read_file(path, head)
    other = None if reference is None else answers_of(reference, rows)
    return [figures(rows, answers_of(scorer, rows), reference=other, slices=True)]


def of_suite(
    scorer: Scorer,
    suite: Path,
    data: Path | None,
    compare: bool,
    reference: Scorer | None,
    notify: Callable[[str], None],
) -> list[Figures]:
    """The figures of all heads on the rows that a configuration keeps aside; a folder stands for the configuration
    that the model was trained by, and for the data in it."""
    from models.evaluation.suite import measure, tasks
    from models.training.config import read_config
    from models.training.dataset.loading import read_pool

    if suite.is_dir():
        suite, data = _config_of(scorer.ref.name), suite
    config = read_config(suite, data=data)
    found = tasks(read_pool(config), tuple(config.heads))
    return measure(scorer, found, reference=reference, compare=compare, notify=notify)


def _config_of(name: str) -> Path:
    for path in sorted(CONFIGS.glob("*.toml")):
        if f'name = "{name}"' in path.read_text(encoding="utf-8").split("\n[", 1)[0]:
            return path
    raise TerminalError("no configuration has this name", subject=name, todo="Name one: --suite CONFIG --data FOLDER")


def of_behaviour(scorer: Scorer, set_floors: bool) -> list[Capability]:
    """The behavioural checks; with `set_floors` the shipped model is held to what was found from now on."""
    found = capabilities(judge(scorer))
    if set_floors:
        write_floors(found, f"{scorer.ref.name} {scorer.ref.version}")
    return found


def of_hard_posts(scorer: Scorer) -> HardFigures:
    """The figures on the unseen hard posts."""
    return measure_hard_posts(scorer, read_hard_posts("unseen"))


def save(found: Evaluation, model: Path | None, seeds: Sequence[Path]) -> None:
    """Write what was found into the manifest of the artefact that was measured."""
    record(model or SHIPPED, figures=found.figures, behaviour=found.behaviour, hard=found.hard, seeds=seeds)


def show(found: Evaluation, *, as_json: bool) -> None:
    """Write what was found to standard output."""
    if as_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return
    console = Console(width=None if sys.stdout.isatty() else 200)
    if len(found.figures) == 1:
        console.print(render(found.figures[0]), markup=False, highlight=False)
    elif found.figures:
        console.print(table(found.figures, found.model))
    if found.behaviour:
        console.print(behaviour_table(found.behaviour, read_floors().floors))
        for capability in found.behaviour:
            for failure in capability.failures:
                console.print(f"{capability.name}: {failure}", markup=False, highlight=False)
    if found.hard is not None:
        console.print(hard_table(found.hard))
