"""The [model] section: which sentiment model reads the posts, and on what."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipeline.settings.section import Section


class ModelSettings(Section):
    """The model that reads posts."""

    path: Path | None = None
    """Folder of an artefact, or with `backend` torch of a Hugging Face sequence-classification checkpoint; the shipped
    artefact when unset."""
    backend: Literal["onnx", "torch", "fixed"] = "onnx"
    """`fixed` answers the same for every text: for load tests."""
    labels: dict[str, Literal["negative", "neutral", "positive"]] = Field(default={}, max_length=3)
    """Of a checkpoint: what each of its outputs stands for, such as `{"LABEL_0": "negative", "LABEL_1": "positive"}`.
    Not needed where their names say it."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """With `backend` torch: the numbers to multiply in. `auto` is half precision on a GPU, fp32 on a CPU. `bf16` is up
    to 1.6 times as fast on a CPU that has it; probabilities then differ by up to 0.04."""
    threads: int = Field(default=0, ge=0, le=64)
    """0: one a core."""
    batch: int = Field(default=32, ge=1, le=1024)
    timeout: float = Field(default=60.0, gt=0.0)
    """Seconds that the model may take for a batch; then a worker gives up and is started anew, and a command ends."""
