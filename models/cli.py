"""`groundswell model …`: train, evaluate, export, verify, card.  Imports what a command needs when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.training.train import Progress

app = typer.Typer(no_args_is_help=True, help="The model: training, evaluation, export, the shipped artefact.")

ConfigFile = Annotated[Path, typer.Argument(help="TOML file of the run, such as models/configs/sentiment.toml")]
DataFolder = Annotated[Path | None, typer.Option("--data", help="Folder that the data sets lie in")]
OutputFolder = Annotated[Path | None, typer.Option("--output", help="Folder of the run: checkpoints, weights")]
Artefact = Annotated[Path | None, typer.Option("--model", help="Folder of an artefact; the shipped one when not given")]


@app.command()
def train(config: ConfigFile, data: DataFolder = None, output: OutputFolder = None) -> None:
    """Train, or go on with an interrupted training (needs the `train` extra).

    Example: groundswell model train models/configs/sentiment.toml --data ~/data
    """
    from models.training.config import read_config

    settings = read_config(config, data=data, output=output)
    from models.training.train import train as run

    report = run(settings, _show)
    typer.echo(f"{report.steps} steps, best dev macro-recall {report.best_dev:.4f}; weights in {settings.output}")


@app.command()
def export(
    config: ConfigFile,
    folder: Annotated[Path, typer.Argument(help="Folder to write the artefact to")],
    data: DataFolder = None,
    output: OutputFolder = None,
) -> None:
    """Make the 8-bit artefact of a finished training, with calibration and figures.

    Example: groundswell model export models/configs/sentiment.toml build/artefact --data ~/data
    """
    from models.training.config import read_config

    settings = read_config(config, data=data, output=output)
    from models.evaluation.evaluate import render
    from models.export.artefact import export as run

    manifest = run(settings, folder)
    for found in manifest.figures:
        typer.echo(render(found))


@app.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="Tab-separated, with the columns text and label (0, 1, 2)")],
    model: Artefact = None,
    compare: Annotated[bool, typer.Option(help="Compare with the torch runtime (fp32 activations)")] = False,
) -> None:
    """Macro-recall and calibration error on labelled texts, with intervals.

    Example: groundswell model evaluate labelled.tsv --compare
    """
    from models.evaluation.evaluate import evaluate_file, render
    from models.load import load_scorer
    from pipeline.settings import ModelSettings

    other = load_scorer(ModelSettings(path=model, backend="torch")) if compare else None
    typer.echo(render(evaluate_file(load_scorer(ModelSettings(path=model)), file, other)))


@app.command()
def verify(model: Artefact = None) -> None:
    """Check every file of an artefact against its manifest.

    Example: groundswell model verify --model build/artefact
    """
    from models.manifest import SHIPPED
    from models.manifest import verify as check

    manifest = check(model or SHIPPED)
    total = sum(info.bytes for info in manifest.files.values())
    typer.echo(f"{manifest.name} {manifest.version}: {len(manifest.files)} files, {total:,} bytes, all as stated")


@app.command()
def card(model: Artefact = None) -> None:
    """Print the card of an artefact, in Markdown.

    Example: groundswell model card > card.md
    """
    from models.card import render_card
    from models.manifest import SHIPPED, read_manifest

    typer.echo(render_card(read_manifest(model or SHIPPED)), nl=False)


def _show(progress: Progress) -> None:
    """One line a progress report, on stderr."""
    dev = "" if progress.dev is None else f"  dev {progress.dev:.4f}"
    minutes, seconds = divmod(round(progress.remaining), 60)
    typer.echo(
        f"{progress.step}/{progress.steps}  loss {progress.loss:.4f}  {progress.examples_per_second:.0f} texts/s  "
        f"{minutes}:{seconds:02d} left{dev}",
        err=True,
    )
