"""What teachers say of the texts of a run: computed once, kept beside the checkpoint."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_weights
from torch import Tensor

from models.evaluation.metrics import softmax
from models.training.bases import open_base
from models.training.batches import Answers, Batch, Tokens, gather, tokens
from models.training.config import TARGET, TrainConfig, read_config
from models.training.network import MultiHead, mean
from models.training.precision import autocast
from models.training.readers import Example
from pipeline.errors import TerminalError

log = structlog.get_logger()


def answers_of_teachers(
    config: TrainConfig, examples: list[Example], own: Tokens, precision: str, told: Callable[[str], None]
) -> Answers | None:
    """The mean probabilities of the teachers for every example and target; None without teachers.

    Raises `TerminalError` when a teacher is not trained yet, or reads the texts otherwise.
    """
    if config.teacher is None:
        return None
    path = config.output / "taught.safetensors"
    stated = hashlib.sha256("\0".join(example.text for example in examples).encode("utf-8", "replace")).hexdigest()
    stated += config.fingerprint
    if path.is_file():
        kept = load_file(path)
        if kept.pop("of").tobytes().decode() == stated:
            return kept
    total: dict[str, NDArray[np.float64]] = {}
    for file in config.teacher.configs:
        teacher = read_config(file, data=config.data)
        told(f"asking {teacher.name}")
        for name, found in _ask(teacher, config, examples, own, precision, told).items():
            total[name] = total.get(name, 0.0) + found / len(config.teacher.configs)
    out = {name: value.astype(np.float16) for name, value in total.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({**out, "of": np.frombuffer(stated.encode(), np.uint8)}, path)
    return out


def _ask(
    teacher: TrainConfig,
    config: TrainConfig,
    examples: list[Example],
    own: Tokens,
    precision: str,
    told: Callable[[str], None],
) -> dict[str, NDArray[np.float64]]:
    if not (teacher.output / "run.json").is_file():
        raise TerminalError("is not trained yet", subject=teacher.name, todo="Run `groundswell model train` with it")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    base = open_base(teacher.base, config.max_tokens)
    model = MultiHead(base.encoder, teacher.post_heads, teacher.target_labels)
    model.load_state_dict(load_weights(teacher.output / "weights.safetensors"), strict=False)
    data = tokens(examples, base.tokenizer, list(config.post_heads))
    if [len(found) for found in data.targets] != [len(found) for found in own.targets]:
        raise TerminalError("cuts texts into other tokens", subject=teacher.name, todo="Take one with this vocabulary")
    return probabilities(model.to(device), data, device, precision, told)


def probabilities(
    model: MultiHead,
    data: Tokens,
    device: torch.device,
    precision: str,
    told: Callable[[str], None] = lambda _: None,
) -> dict[str, NDArray[np.float64]]:
    """Probabilities of every head for all examples, and of the target head for all targets, in their order."""
    return {name: softmax(found) for name, found in logits(model, data, device, precision, told).items()}


@torch.no_grad()
def logits(
    model: MultiHead,
    data: Tokens,
    device: torch.device,
    precision: str,
    told: Callable[[str], None] = lambda _: None,
    size: int = 64,
) -> dict[str, NDArray[np.float64]]:
    """The same before they become probabilities."""
    model.eval()
    order = sorted(range(len(data.ids)), key=lambda index: len(data.ids[index]))
    out: dict[str, NDArray[np.float64]] = {}
    for start in range(0, len(order), size):
        batch = gather(data, order[start : start + size])
        found, _ = answers_to(model, batch, device, precision)
        for name, values in found.items():
            rows, count = (batch.asked, _targets(data)) if name == TARGET else (batch.rows, len(order))
            if name not in out:
                out[name] = np.zeros((count, values.shape[1]))
            out[name][rows] = values.float().cpu().numpy()
        if start // size % 200 == 0:
            told(f"{start:,} of {len(order):,} texts")
    return out


def answers_to(
    model: MultiHead, batch: Batch, device: torch.device, precision: str
) -> tuple[dict[str, Tensor], Tensor]:
    """Logits of every head for a batch, of the target head where it has targets; and the mean of its token states."""
    ids, mask = batch.ids.to(device), batch.mask.to(device)
    with autocast(precision, device):
        states = model.states(ids, mask)
        post = mean(states, mask)
        found = model.judge(post)
        if len(batch.texts):
            found[TARGET] = model.toward(states, mask, post, batch.spans.to(device), batch.texts.to(device))
    return found, post


def _targets(data: Tokens) -> int:
    return sum(map(len, data.targets))
