"""Training: one encoder, all heads, one command.

`train` goes on from the checkpoint in the output folder when there is one, stops when the dev part no longer gains, and
leaves ``weights.safetensors`` and ``run.json`` there, from which `models.export.artefact` makes the artefact.
Everything that is random comes from the seed; the set that is reported on is never looked at here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import structlog
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from models.evaluation.metrics import macro_recall
from models.training import checkpoint
from models.training.batches import Batch, Tokens, gather, plan, tokens, training_tokenizer
from models.training.checkpoint import RunState
from models.training.config import TrainConfig
from models.training.data import Parts, split
from models.training.network import MultiHead, base_folder, build
from models.training.precision import autocast, choose_precision

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the training stands; `remaining` in seconds, `dev` the latest mean macro-recall (0–1) or None."""

    step: int
    steps: int
    loss: float
    examples_per_second: float
    remaining: float
    dev: float | None


class RunReport(msgspec.Struct):
    """What a finished run leaves in ``run.json``: what it was trained on and how it went."""

    name: str
    version: str
    seed: int
    fingerprint: str
    precision: str
    device: str
    steps: int
    seconds: float
    best_dev: float
    train_texts: dict[str, int]
    dropped_texts: dict[str, int]
    history: list[dict[str, float]]


@dataclass(slots=True)
class _Run:
    """What the loop holds in its hands."""

    config: TrainConfig
    device: torch.device
    precision: str
    model: MultiHead
    optimiser: torch.optim.Optimizer
    train: dict[str, Tokens]
    dev: dict[str, Tokens]
    batches_per_epoch: int
    steps: int


def train(config: TrainConfig, progress: Callable[[Progress], None]) -> RunReport:
    """Train, or go on training; gives the report that is also in ``run.json``.

    Raises `TerminalError` for data, base weights or a checkpoint that are not what the config says.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    parts = {name: split(head, config) for name, head in config.heads.items()}
    run = _prepare(config, parts)
    path = config.output / "checkpoint.pt"
    state = checkpoint.load(path, config.fingerprint)
    state = _fresh(run) if state is None else _restore(run, state)
    started, saved, first = time.monotonic() - state.seconds, time.monotonic(), state.step
    began, seen = time.monotonic(), 0
    order: list[tuple[str, list[int]]] = []
    while state.step < run.steps and state.since_best < config.patience:
        epoch, at = divmod(state.step, run.batches_per_epoch)
        if at == 0 or not order:
            order = plan(run.train, config.optimiser.batch, config.seed, epoch)
        head, indices = order[at]
        loss = _learn(run, state, gather(head, run.train[head], indices))
        seen += len(indices)
        state.losses = [*state.losses[-99:], loss]
        state.step += 1
        state.seconds = time.monotonic() - started
        dev = _look(run, state) if _due(run, state.step) else None
        if dev is not None or state.step % 20 == 0:
            speed = (state.step - first) / (time.monotonic() - began)
            progress(
                Progress(
                    step=state.step,
                    steps=run.steps,
                    loss=sum(state.losses) / len(state.losses),
                    examples_per_second=seen / (time.monotonic() - began),
                    remaining=(run.steps - state.step) / speed,
                    dev=dev,
                )
            )
        if time.monotonic() - saved >= config.checkpoint_seconds:
            checkpoint.save(_collected(run, state), path)
            saved = time.monotonic()
    checkpoint.save(_collected(run, state), path)
    return _finish(run, state, parts)


def _prepare(config: TrainConfig, parts: dict[str, Parts]) -> _Run:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = build(config.base, {name: len(head.labels) for name, head in config.heads.items()}).to(device)
    tokenizer = training_tokenizer(base_folder(config.base), config.max_tokens)
    sets = {name: tokens(part.train, tokenizer) for name, part in parts.items()}
    precision = choose_precision(model, device) if config.precision == "auto" else config.precision
    per_epoch = len(plan(sets, config.optimiser.batch, config.seed, 0))
    return _Run(
        config=config,
        device=device,
        precision=precision,
        model=model,
        optimiser=_optimiser(model, config),
        train=sets,
        dev={name: tokens(part.dev, tokenizer) for name, part in parts.items()},
        batches_per_epoch=per_epoch,
        steps=max(1, round(per_epoch * config.optimiser.epochs)),
    )


def _optimiser(model: MultiHead, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW; heads learn faster; biases and layer norms do not decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        groups.setdefault((name.startswith("heads."), parameter.ndim > 1), []).append(parameter)
    settings = config.optimiser
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": settings.head_rate if is_head else settings.rate,
                "peak": settings.head_rate if is_head else settings.rate,
                "weight_decay": settings.weight_decay if decays else 0.0,
            }
            for (is_head, decays), parameters in groups.items()
        ],
        fused=True,
    )


def _learn(run: _Run, state: RunState, batch: Batch) -> float:
    """One step; gives the loss."""
    settings = run.config.optimiser
    warm = max(1, round(run.steps * settings.warmup))
    left = (run.steps - state.step) / max(1, run.steps - warm)
    for group in run.optimiser.param_groups:
        group["lr"] = group["peak"] * min((state.step + 1) / warm, left)
    run.model.train()
    head = run.config.heads[batch.head]
    with autocast(run.precision, run.device):
        logits = run.model(batch.ids.to(run.device), batch.mask.to(run.device), batch.head)
    loss = head.weight * functional.cross_entropy(
        logits.float(), batch.labels.to(run.device), label_smoothing=head.smoothing
    )
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(run.model.parameters(), settings.clip)
    run.optimiser.step()
    run.optimiser.zero_grad(set_to_none=True)
    value = float(loss.detach())
    if not math.isfinite(value):
        raise FloatingPointError(f"the loss became {value} at step {state.step}")
    _average(run, state)
    return value


@torch.no_grad()
def _average(run: _Run, state: RunState) -> None:
    """Running average of the weights; young averages follow faster, so that the start is forgotten."""
    decay = min(run.config.optimiser.average, (1 + state.step) / (10 + state.step))
    if run.config.optimiser.average == 0.0:
        return
    names = list(state.average)
    current = dict(run.model.named_parameters())
    torch._foreach_lerp_(
        [state.average[name] for name in names], [current[name].detach() for name in names], 1.0 - decay
    )


def _due(run: _Run, step: int) -> bool:
    every = max(1, run.batches_per_epoch // run.config.evaluations)
    return step % every == 0 or step == run.steps


def _look(run: _Run, state: RunState) -> float:
    """Evaluate the averaged weights on the dev parts, and keep them when they are the best so far."""
    own = {name: value.detach().clone() for name, value in run.model.named_parameters()}
    if state.average:
        run.model.load_state_dict(state.average, strict=False)
    figures = {}
    for head, data in run.dev.items():
        scores = logits(run.model, head, data, run.device, run.precision).numpy()
        labels = np.asarray(data.labels)
        figures[head] = macro_recall(scores.argmax(1), labels, scores.shape[1])
    mean = sum(figures.values()) / len(figures)
    state.history.append({"step": float(state.step), **figures})
    if mean > state.best:
        state.best, state.since_best = mean, 0
        state.best_weights = {name: value.detach().cpu().clone() for name, value in run.model.named_parameters()}
    else:
        state.since_best += 1
    run.model.load_state_dict(own, strict=False)
    log.info("dev part", step=state.step, **{name: round(value, 4) for name, value in figures.items()})
    return mean


@torch.no_grad()
def logits(
    model: MultiHead, head: str, data: Tokens, device: torch.device, precision: str = "fp32", size: int = 64
) -> Tensor:
    """Logits of a head for all examples, (texts, labels) float32 on the CPU, in the order of the examples."""
    model.eval()
    order = sorted(range(len(data.ids)), key=lambda index: len(data.ids[index]))
    out: Tensor | None = None
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        batch = gather(head, data, chosen)
        with autocast(precision, device):
            scores = model(batch.ids.to(device), batch.mask.to(device), head).float().cpu()
        out = torch.zeros(len(order), scores.shape[1]) if out is None else out
        out[chosen] = scores
    assert out is not None
    return out


def _fresh(run: _Run) -> RunState:
    state = RunState(run.config.fingerprint)
    if run.config.optimiser.average:
        state.average = {name: value.detach().clone() for name, value in run.model.named_parameters()}
    return state


def _restore(run: _Run, state: RunState) -> RunState:
    run.model.load_state_dict(state.weights, strict=False)
    state.average = {name: value.to(run.device) for name, value in state.average.items()}
    run.optimiser.load_state_dict(state.optimiser)
    if state.random is not None:
        torch.set_rng_state(state.random)
    log.info("going on from a checkpoint", step=state.step, steps=run.steps)
    return state


def _collected(run: _Run, state: RunState) -> RunState:
    """The state with everything that a checkpoint needs."""
    state.weights = {name: value.detach().cpu() for name, value in run.model.named_parameters()}
    state.optimiser = run.optimiser.state_dict()
    state.random = torch.get_rng_state()
    return state


def _finish(run: _Run, state: RunState, parts: dict[str, Parts]) -> RunReport:
    config = run.config
    save_file(state.best_weights, config.output / "weights.safetensors")
    report = RunReport(
        name=config.name,
        version=config.version,
        seed=config.seed,
        fingerprint=config.fingerprint,
        precision=run.precision,
        device=run.device.type,
        steps=state.step,
        seconds=round(state.seconds, 1),
        best_dev=state.best,
        train_texts={name: len(part.train) for name, part in parts.items()},
        dropped_texts={name: part.dropped for name, part in parts.items()},
        history=state.history,
    )
    (config.output / "run.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return report


def read_report(folder: Path) -> RunReport:
    """The report of a finished run."""
    return msgspec.json.decode((folder / "run.json").read_bytes(), type=RunReport)
