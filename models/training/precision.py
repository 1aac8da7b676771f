"""Number format of a training run (bf16 or fp32), chosen by timing both.

bfloat16 doubles the speed where the hardware multiplies it (GPU; CPUs with AMX or AVX-512 BF16) and quarters it where
it is emulated, so a few steps of each are timed before a run.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import structlog
import torch

if TYPE_CHECKING:
    from models.network import MultiHead

log = structlog.get_logger()

CLEAR = 3.0
"""So many times slower is bfloat16 only where it is emulated; more steps of it would take minutes and tell nothing."""


def autocast(precision: str, device: torch.device) -> contextlib.AbstractContextManager[object]:
    """The context to compute logits in: `bf16` or `fp32`."""
    if precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def choose_precision(model: MultiHead, device: torch.device) -> str:
    """`bf16` when it is faster than `fp32` here by a tenth at least; leaves weights and gradients as they were."""
    seconds = {precision: _seconds(model, device, precision, rounds=1) for precision in ("fp32", "bf16")}
    if seconds["bf16"] < CLEAR * seconds["fp32"]:
        for _ in range(4):  # in turns: the machine may be busy with other things for a while
            for precision in seconds:
                seconds[precision] = min(seconds[precision], _seconds(model, device, precision))
    chosen = "bf16" if seconds["bf16"] < 0.9 * seconds["fp32"] else "fp32"
    log.info("number format for training", chosen=chosen, **{k: f"{v:.3f} s a step" for k, v in seconds.items()})
    return chosen


def _seconds(model: MultiHead, device: torch.device, precision: str, rounds: int = 2) -> float:
    """Best time of a forward and backward pass of 32 texts of 32 tokens, after one to warm up."""
    model.train()
    ids = torch.randint(1000, 20_000, (32, 32), device=device, generator=None)
    mask = torch.ones_like(ids)
    best = float("inf")
    for attempt in range(rounds + 1):
        started = time.perf_counter()
        with autocast(precision, device):
            loss = model.states(ids, mask).float().square().mean()
        loss.backward()
        if device.type == "cuda":
            torch.cuda.synchronize()
        model.zero_grad(set_to_none=True)
        if attempt:
            best = min(best, time.perf_counter() - started)
    return best
