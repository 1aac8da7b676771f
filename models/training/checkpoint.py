"""Checkpoints of a training run, written atomically, so that it can be resumed.

A checkpoint is written beside the old one and renamed over it: a crash leaves the old or the new one, never half of
one.  It is read with `weights_only`, which runs no code from the file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pipeline.errors import TerminalError

Weights = dict[str, Tensor]


@dataclass(slots=True)
class RunState:
    """Where a run stands.  `step` counts the batches learnt from; `best` is the dev figure of `best_weights`."""

    fingerprint: str
    step: int = 0
    best: float = -1.0
    since_best: int = 0
    losses: list[float] = field(default_factory=list)
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    weights: Weights = field(default_factory=dict)
    average: Weights = field(default_factory=dict)
    best_weights: Weights = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)
    random: Tensor | None = None


def save(state: RunState, path: Path) -> None:
    """Write a checkpoint; atomic."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    torch.save({name: getattr(state, name) for name in field_names()}, fresh)
    os.replace(fresh, path)


def field_names() -> tuple[str, ...]:
    """The names of the fields of a state."""
    return tuple(RunState.__dataclass_fields__)


def load(path: Path, fingerprint: str) -> RunState | None:
    """The checkpoint of this very configuration, or None when there is none.

    Raises `TerminalError` when it is another configuration's or cannot be read.
    """
    if not path.is_file():
        return None
    try:
        state = RunState(**torch.load(path, weights_only=True, map_location="cpu"))
    except Exception as error:
        raise TerminalError(
            f"cannot be read: {error}", subject=str(path), todo="Remove it to start the training anew"
        ) from None
    if state.fingerprint != fingerprint:
        raise TerminalError(
            "is the checkpoint of another configuration",
            subject=str(path),
            todo="Name another output folder, or remove it to start anew",
        )
    return state
