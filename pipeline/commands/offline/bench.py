"""`groundswell bench`: the benchmarks of a checkout, one after the other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands import context
from pipeline.errors import TerminalError
from pipeline.terminal import console

app = context.new_app()

BENCHMARKS = {
    "stages": "posts a second by stage and end to end",
    "afternoon": "posts a second and their price on the real servers, beside an afternoon's work with the same parts "
    "(needs the train extra, a JDK and Maven; some five minutes)",
    "detection.speed": "µs a mention of the detector and bytes of its state, beside River and pandas",
    "linking": "µs a post of the entity linker, beside flashtext and spaCy's PhraseMatcher",
    "linking_quality": "how right linking is on 40 brands that are words, with the model's reading and without",
    "linking_hashtags": "how right hashtags are split, beside a unigram model",
    "model": "posts a second of the model, beside a RoBERTa-base-shaped pipeline (needs the train extra)",
}

_MODULES = {
    "stages": "end_to_end.stages",
    "afternoon": "end_to_end.afternoon",
    "linking": "linking.speed",
    "linking_quality": "linking.quality",
    "linking_hashtags": "linking.hashtags",
    "model": "model.speed",
}
"""Where a benchmark's module bears another name than it."""


@app.command()
def bench(
    which: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(BENCHMARKS)}; all when left out")
    ] = None,
    real: Annotated[bool, typer.Option("--real", help="stages: on the real Kafka and Elasticsearch too")] = False,
    core_hour: Annotated[float, typer.Option(help="afternoon: price of a core for an hour, in any currency")] = 0.04,
) -> None:
    """Print speed, beside named peers in the same run.  Works in a checkout of the repository.

    Example:  `groundswell bench afternoon --core-hour 0.04`
    """
    import subprocess
    from importlib.util import find_spec

    root = Path(__file__).resolve().parents[3]
    if not (root / "benchmarks").is_dir():
        raise TerminalError("no benchmarks here", subject=str(root), todo="Run it in a checkout of the repository")
    chosen = which or list(BENCHMARKS)
    unknown = [name for name in chosen if name not in BENCHMARKS]
    if unknown:
        raise typer.BadParameter(f"no such benchmark: {', '.join(unknown)}. There are {', '.join(BENCHMARKS)}")
    flags = {"stages": ["--real"] if real else [], "afternoon": ["--core-hour", str(core_hour)]}
    failed = []
    for name in chosen:
        if name == "model" and find_spec("torch") is None:
            console.err.print("\n[bold]model[/]: left out, it needs the train extra: make install-train")
            continue
        console.err.print(f"\n[bold]{name}[/]: {BENCHMARKS[name]}")
        module = f"benchmarks.{_MODULES.get(name, name)}"
        if subprocess.run([sys.executable, "-m", module, *flags.get(name, [])], cwd=root, check=False).returncode:
            failed.append(name)
    if failed:
        raise TerminalError("did not finish", subject=", ".join(failed), todo="See above")
