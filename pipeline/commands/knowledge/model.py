"""`groundswell model`: train, evaluate, export, calibrate, verify, card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands import context

if TYPE_CHECKING:
    from models.training.train import TrainingProgress

app = context.new_app(
    "The model: training, evaluation, export, the shipped artefact.\n\nExample:  `groundswell model verify`"
)

ConfigFile = Annotated[Path, typer.Argument(help="TOML file of the run, such as models/configs/groundswell.toml")]
DataFolder = Annotated[Path | None, typer.Option("--data", help="Folder that the data sets lie in")]
Seed = Annotated[int | None, typer.Option(help="One seed's run, in a folder of its own, OUTPUT-seedN")]
OutputFolder = Annotated[Path | None, typer.Option("--output", help="Folder of the run: checkpoints, weights")]
Artefact = Annotated[Path | None, typer.Option("--model", help="Folder of an artefact; the shipped one when not given")]


@app.command()
def train(config: ConfigFile, data: DataFolder = None, output: OutputFolder = None, seed: Seed = None) -> None:
    """Train, or go on with an interrupted training (needs the `train` extra).

    Example:  `groundswell model train models/configs/groundswell.toml --data ~/data`
    """
    from models.training.config import read_config

    settings = read_config(config, data=data, output=output)
    settings = settings if seed is None else settings.of_seed(seed)
    from models.training.runs import run

    report = run(settings, _show, lambda line: typer.echo(line, err=True))
    typer.echo(f"{report.steps} steps; macro-recall on the dev part, mean of the heads: {report.best_dev:.4f}")
    typer.echo(f"Weights in {settings.output}; `groundswell model export` makes the artefact of them")


@app.command()
def export(
    config: ConfigFile,
    folder: Annotated[Path, typer.Argument(help="Folder to write the artefact to")],
    data: DataFolder = None,
    output: OutputFolder = None,
    seed: Seed = None,
) -> None:
    """Make the 8-bit artefact of a finished training, with calibration and figures.

    Example:  `groundswell model export models/configs/groundswell.toml build/artefact --data ~/data`
    """
    from models.training.config import read_config

    settings = read_config(config, data=data, output=output)
    settings = settings if seed is None else settings.of_seed(seed)
    from models.evaluation.table import render
    from models.export.artefact import export as run

    manifest = run(settings, folder)
    for found in manifest.figures:
        typer.echo(render(found))


@app.command()
def evaluate(
    file: Annotated[
        Path | None, typer.Argument(help="Tab-separated, with the columns text and label, and target for that head")
    ] = None,
    head: Annotated[str, typer.Option(help="What the labels of the file are of")] = "sentiment",
    suite: Annotated[
        Path | None, typer.Option(help="A training configuration, or a folder of data: all heads, on the parts aside")
    ] = None,
    data: DataFolder = None,
    behaviour: Annotated[bool, typer.Option("--behaviour", help="The behavioural checks")] = False,
    hard: Annotated[bool, typer.Option("--hard", help="The hard posts that no model was trained on")] = False,
    set_floors: Annotated[bool, typer.Option("--set-floors", help="Hold the shipped model to what was found")] = False,
    baselines: Annotated[bool, typer.Option(help="Baselines on the same rows (needs the `bench` extra)")] = True,
    compare: Annotated[bool, typer.Option("--compare", help="Compare with the unquantised weights on torch")] = False,
    model: Artefact = None,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as one JSON object")] = False,
    record: Annotated[bool, typer.Option("--record", help="Keep what is found in the artefact, for its card")] = False,
    seeds: Annotated[
        list[Path] | None, typer.Option("--seed", help="With --record: the artefact of a run with another seed")
    ] = None,
) -> None:
    """Figures on labelled texts, with intervals: of a file, of all heads, of behavioural checks, of hard posts.

    Example:  `groundswell model evaluate --suite models/configs/data.toml --data ~/data --behaviour`
    """
    if file is None and suite is None and not (behaviour or hard or set_floors or (record and seeds)):
        raise typer.BadParameter("name a file, --suite, --behaviour, --hard, or --record with --seed")
    if set_floors and model is not None:
        raise typer.BadParameter("--set-floors is for the shipped model: leave out --model")
    from models.evaluation import command
    from models.load import load_scorer
    from pipeline.settings.model import ModelSettings

    scorer = load_scorer(ModelSettings(path=model))
    other = load_scorer(ModelSettings(path=model, backend="torch")) if compare else None
    found = command.Evaluation(f"{scorer.ref.name} {scorer.ref.version}")
    if file is not None:
        found.figures += command.of_file(scorer, file, head, other)
    if suite is not None:
        found.figures += command.of_suite(scorer, suite, data, baselines, other, _report)
    if behaviour or set_floors:
        found.behaviour = command.of_behaviour(scorer, set_floors)
    if hard:
        found.hard = command.of_hard_posts(scorer)
    if record:
        command.save(found, model, seeds or [])
    command.show(found, as_json=as_json)


@app.command()
def calibrate(
    config: ConfigFile,
    version: Annotated[str, typer.Option(help="Of the artefact from then on: its probabilities are others")],
    data: DataFolder = None,
    model: Artefact = None,
) -> None:
    """Fit the temperatures of an artefact anew, on the texts that a configuration keeps aside, and measure it again.

    Example:  `groundswell model calibrate models/configs/groundswell.toml --version 2.0.1 --model build/artefact`
    """
    from models.manifest import SHIPPED
    from models.training.config import read_config

    settings = read_config(config, data=data)
    from models.evaluation.command import Evaluation, show
    from models.export.recalibrate import recalibrate

    manifest = recalibrate(model or SHIPPED, settings, version, _report)
    show(Evaluation(f"{manifest.name} {manifest.version}", manifest.figures), as_json=False)


@app.command()
def verify(model: Artefact = None) -> None:
    """Check every file of an artefact against its manifest.

    Example:  `groundswell model verify --model build/artefact`
    """
    from models.manifest import SHIPPED
    from models.manifest import verify as check

    manifest = check(model or SHIPPED)
    total = sum(info.bytes for info in manifest.files.values())
    typer.echo(f"{manifest.name} {manifest.version}: {len(manifest.files)} files, {total:,} bytes, all as stated")


@app.command()
def card(model: Artefact = None) -> None:
    """Print the card of an artefact, in Markdown.

    Example:  `groundswell model card > card.md`
    """
    from models.card import render_card
    from models.manifest import SHIPPED, read_manifest

    typer.echo(render_card(read_manifest(model or SHIPPED)), nl=False)


def _report(what: str) -> None:
    typer.echo(what, err=True)


def _show(progress: TrainingProgress) -> None:
    """One line a progress report, on stderr."""
    dev = "" if progress.dev is None else f"  dev {progress.dev:.4f}"
    minutes, seconds = divmod(round(progress.remaining), 60)
    typer.echo(
        f"{progress.step}/{progress.steps}  loss {progress.loss:.4f}  {progress.examples_per_second:.0f} texts/s  "
        f"{minutes}:{seconds:02d} left{dev}",
        err=True,
    )
