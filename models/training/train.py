"""Training loop of one run: one encoder, all heads, resumed from its checkpoint.

`train` goes on from the checkpoint in the output folder when there is one, stops when the dev part no longer gains, and
leaves ``weights.safetensors`` and ``run.json`` there, from which `models.export.artefact` makes the artefact.
Everything that is random comes from the seed; the sets that are reported on are never looked at here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
import torch
from safetensors.torch import save_file
from torch import nn

from models.network import MultiHead, mean
from models.training import checkpoint
from models.training.checkpoint import RunState
from models.training.config import TrainConfig
from models.training.dataset.augmentation import noisy
from models.training.dataset.batches import TeacherAnswers, Tokens, TrainingBatch, gather, plan, tokens
from models.training.dataset.loading import Pool, read_pool
from models.training.dataset.readers import Example
from models.training.dev_metrics import dev_figures
from models.training.distillation import answers_of_teachers
from models.training.losses import distance, loss_of
from models.training.precision import autocast, choose_precision
from models.training.pretrained import BaseEncoder, open_base
from models.training.report import RunReport, write_report
from models.training.warm_start import begin

log = structlog.get_logger()

RETAIN_EVERY = 4
"""One in so many batches is also held to the base's embedding, which costs a pass through the base."""

HEADS = 0
"""Seed of the first weights of the heads, which begin alike under every seed of a run (that decides on order, noise and
dropout): runs that began alike can be averaged (Wortsman et al., 2022)."""


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where the training stands; `remaining` in seconds, `dev` the latest mean figure (0–1) or None."""

    step: int
    steps: int
    loss: float
    examples_per_second: float
    remaining: float
    dev: float | None


@dataclass(slots=True)
class _Run:
    """What the loop holds in its hands."""

    config: TrainConfig
    device: torch.device
    precision: str
    model: MultiHead
    before: MultiHead | None
    optimiser: torch.optim.Optimizer
    base: BaseEncoder
    pool: Pool
    train: Tokens
    dev: Tokens
    taught: TeacherAnswers | None
    batches_per_epoch: int
    steps: int


def train(
    config: TrainConfig, progress: Callable[[TrainingProgress], None], notify: Callable[[str], None] = lambda _: None
) -> RunReport:
    """Train, or go on training; gives the report that is also in ``run.json``.

    Raises `TerminalError` for data, base weights or a checkpoint that are not what the config says, and for a teacher
    that is not finished: see `models.training.runs`.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    run = _prepare(config, notify)
    path = config.output / "checkpoint.pt"
    state = checkpoint.load(path, config.fingerprint)
    state = _fresh(run) if state is None else _restore(run, state)
    _learn_all(run, state, progress)
    checkpoint.save(_collected(run, state), path)
    return _finish(run, state)


def _prepare(config: TrainConfig, notify: Callable[[str], None]) -> _Run:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pool = read_pool(config, notify)
    base = open_base(config.base, config.max_tokens)
    heads = list(config.post_heads)
    own = tokens(pool.train, base.tokenizer, heads)
    torch.manual_seed(HEADS)
    model = MultiHead(base.encoder, config.post_heads, config.target_labels)
    begin(model, config)
    model.freeze(config.optimiser.frozen)
    model = model.to(device)
    torch.manual_seed(config.seed)
    whole = config.base.model_copy(update={"layers": 0})  # a few of its layers do not embed as well as all
    before = MultiHead(open_base(whole, config.max_tokens).encoder, {}) if config.optimiser.retain else None
    precision = choose_precision(model, device) if config.precision == "auto" else config.precision
    taught = answers_of_teachers(config, pool.train, own, precision, notify)
    per_epoch = len(plan(own, pool.times, config.optimiser.batch, config.seed, 0))
    return _Run(
        config=config,
        device=device,
        precision=precision,
        model=model,
        before=before.to(device).eval() if before else None,
        optimiser=_optimiser(model, config),
        base=base,
        pool=pool,
        train=own,
        dev=tokens(pool.dev, base.tokenizer, heads),
        taught=taught,
        batches_per_epoch=per_epoch,
        steps=math.ceil(per_epoch * config.optimiser.epochs),
    )


def _optimiser(model: MultiHead, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW; heads learn faster; biases and layer norms do not decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            is_head = name.startswith(("heads.", "target."))
            groups.setdefault((is_head, parameter.ndim > 1), []).append(parameter)
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


def _learn_all(run: _Run, state: RunState, progress: Callable[[TrainingProgress], None]) -> None:
    config = run.config
    started, saved, first = time.monotonic() - state.seconds, time.monotonic(), state.step
    began, seen = time.monotonic(), 0
    order: list[list[int]] = []
    data = run.train
    while state.step < run.steps and state.since_best < config.patience:
        epoch, at = divmod(state.step, run.batches_per_epoch)
        if at == 0 or not order:
            order = plan(run.train, run.pool.times, config.optimiser.batch, config.seed, epoch)
            data = _with_noise(run, epoch)
        loss = _learn(run, state, gather(data, order[at]))
        seen += len(order[at])
        state.losses = [*state.losses[-99:], loss]
        state.step += 1
        state.seconds = time.monotonic() - started
        dev = _evaluate(run, state) if _due(run, state.step) else None
        if dev is not None or state.step % 20 == 0:
            passed = time.monotonic() - began
            progress(
                TrainingProgress(
                    step=state.step,
                    steps=run.steps,
                    loss=sum(state.losses) / len(state.losses),
                    examples_per_second=seen / passed,
                    remaining=(run.steps - state.step) * passed / (state.step - first),
                    dev=dev,
                )
            )
        if time.monotonic() - saved >= config.checkpoint_seconds:
            checkpoint.save(_collected(run, state), config.output / "checkpoint.pt")
            saved = time.monotonic()
    if not state.best_weights:
        _evaluate(run, state)


def _with_noise(run: _Run, epoch: int) -> Tokens:
    """The training texts as this epoch shows them.  A text with names in it keeps its length: only its case changes."""
    share = run.config.optimiser.noise
    if not share:
        return run.train
    changed = [index for index in range(len(run.pool.train)) if (index * 7919 + epoch * 104729) % 1000 < share * 1000]
    texts = []
    for index in changed:
        example = run.pool.train[index]
        seed = f"{run.config.seed}/{epoch}/{index}"
        text = example.text.lower() if example.targets else noisy(example.text, seed)
        safe = not example.targets or len(text) == len(example.text)
        texts.append(Example(text if safe else example.text, example.labels, example.targets))
    found = tokens(texts, run.base.tokenizer, [])
    ids, targets = list(run.train.ids), list(run.train.targets)
    for index, row, names in zip(changed, found.ids, found.targets, strict=True):
        if len(names) == len(targets[index]):
            ids[index], targets[index] = row, names
    return Tokens(ids, run.train.labels, targets, run.train.first)


def _learn(run: _Run, state: RunState, batch: TrainingBatch) -> float:
    """One step; gives the loss."""
    settings = run.config.optimiser
    warm = max(1, round(run.steps * settings.warmup))
    left = (run.steps - state.step) / max(1, run.steps - warm)
    for group in run.optimiser.param_groups:
        group["lr"] = group["peak"] * min((state.step + 1) / warm, left)
    run.model.train()
    loss, embedding = loss_of(run.model, batch, run.config, run.device, run.precision, run.taught)
    if run.before is not None and state.step % RETAIN_EVERY == 0:
        ids, mask = batch.ids.to(run.device), batch.mask.to(run.device)
        with torch.no_grad(), autocast(run.precision, run.device):
            before = run.before.embed(mean(run.before.states(ids, mask), mask))
        loss = loss + settings.retain * distance(embedding, before)
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


def _evaluate(run: _Run, state: RunState) -> float:
    """Evaluate the averaged weights on the dev part, and keep them when they are the best so far."""
    own = {name: state.average[name].clone() for name in state.average}
    current = dict(run.model.named_parameters())
    with torch.no_grad():
        for name, value in state.average.items():
            own[name].copy_(current[name])
            current[name].copy_(value)
    figures = dev_figures(run.model, run.dev, run.config, run.device, run.precision)
    better = sum(figures.values()) / len(figures)
    state.history.append({"step": float(state.step), **figures})
    if better > state.best:
        state.best, state.since_best = better, 0
        state.best_weights = {name: value.detach().cpu().clone() for name, value in current.items()}
    else:
        state.since_best += 1
    with torch.no_grad():
        for name, value in own.items():
            current[name].copy_(value)
    log.info("dev part", step=state.step, **{name: round(value, 4) for name, value in figures.items()})
    return better


def _fresh(run: _Run) -> RunState:
    state = RunState(run.config.fingerprint)
    if run.config.optimiser.average:
        learnt = ((name, value) for name, value in run.model.named_parameters() if value.requires_grad)
        state.average = {name: value.detach().clone() for name, value in learnt}
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


def _finish(run: _Run, state: RunState) -> RunReport:
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
        texts={f"{source}: {part}": count for (source, part), count in sorted(run.pool.counts.items())},
        dropped=run.pool.dropped,
        history=state.history,
    )
    write_report(report, config.output)
    return report
