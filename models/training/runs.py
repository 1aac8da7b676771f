"""Runs of a configuration: its teachers, one per seed, and the mean of their weights.

Weights that were learnt from the same start lie close enough together that their mean answers as well as all of them
asked in turn, at the cost of one (Wortsman et al., 2022, "Model soups").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import torch
from safetensors.torch import load_file, save_file

from models.network import MultiHead
from models.training.config import TrainConfig, read_config
from models.training.dataset.batches import tokens
from models.training.dataset.loading import read_pool
from models.training.dev_metrics import dev_figures
from models.training.precision import choose_precision
from models.training.pretrained import open_base, whole_tokenizer
from models.training.report import RunReport, read_report, write_report
from models.training.train import TrainingProgress, train
from models.training.vocabulary import ensure_vocabulary
from models.training.warm_start import held, weights_of

WEIGHTS = "weights.safetensors"


def run(
    config: TrainConfig, progress: Callable[[TrainingProgress], None], notify: Callable[[str], None] = lambda _: None
) -> RunReport:
    """Train whatever of it is not finished yet; gives the report that is also in ``run.json``.

    Raises `TerminalError` for data, base weights or a checkpoint that are not what the config says.
    """
    if config.base.packed is not None:
        ensure_vocabulary(config, whole_tokenizer(config.base.packed), notify)
    for path in config.teacher.configs if config.teacher else ():
        teacher = read_config(path, data=config.data)
        if not (teacher.output / "run.json").is_file():
            notify(f"the teacher {teacher.name} first")
            run(teacher, progress, notify)
    if not config.seeds:
        return train(config, progress, notify)
    parts = [config.of_seed(seed) for seed in config.seeds]
    reports = []
    for number, part in enumerate(parts, start=1):
        notify(f"seed {part.seed}, {number} of {len(parts)}")
        reports.append(read_report(part.output) if _finished(part) else train(part, progress, notify))
    return _average(config, parts, reports)


def _finished(config: TrainConfig) -> bool:
    there = (config.output / "run.json").is_file()
    return there and read_report(config.output).fingerprint == config.fingerprint


def _average(config: TrainConfig, parts: Sequence[TrainConfig], reports: Sequence[RunReport]) -> RunReport:
    found = [load_file(part.output / WEIGHTS) for part in parts]
    weights = {name: torch.stack([part[name] for part in found]).mean(0) for name in found[0]}
    base = open_base(config.base, config.max_tokens)
    model = MultiHead(base.encoder, config.post_heads, config.target_labels)
    if config.begin is not None and config.begin.own_share:
        own = weights_of(config.begin.artefact, held(config.begin), model)
        weights |= {name: weights[name].lerp(value, config.begin.own_share) for name, value in own.items()}
    config.output.mkdir(parents=True, exist_ok=True)
    save_file(weights, config.output / WEIGHTS)
    model.load_state_dict(weights, strict=False)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    precision = choose_precision(model, device) if config.precision == "auto" else config.precision
    dev = tokens(read_pool(config).dev, base.tokenizer, list(config.post_heads))
    figures = dev_figures(model.to(device), dev, config, device, precision)
    report = msgspec.structs.replace(
        reports[0],
        seed=config.seed,
        seeds=config.seeds,
        fingerprint=config.fingerprint,
        steps=sum(part.steps for part in reports),
        seconds=round(sum(part.seconds for part in reports), 1),
        best_dev=sum(figures.values()) / len(figures),
        history=[{"seed": float(part.seed), "best": part.best_dev} for part in reports] + [figures],
    )
    write_report(report, config.output)
    return report
