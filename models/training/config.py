"""What a training run needs to know: a TOML file, checked key by key.

The encoder is one; the heads are as many as the file names, each with its own data.  A new head is a new table in the
file, not a change of the code.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.errors import SettingsError


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BaseConfig(_Part):
    """The pretrained encoder: a folder inside an installed package, held to a hash."""

    name: str
    package: str
    folder: str = "model"
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of its ``model.safetensors``."""
    licence: str
    notice: str


class SourceConfig(_Part):
    """A labelled file under the data folder.  `tsv`: a header with the columns `text` and `label`; `lines`: one text a
    line, and `labels` names the file with one label a line."""

    format: Literal["tsv", "lines"]
    path: Path
    labels: Path | None = None
    name: str
    licence: str

    @model_validator(mode="after")
    def _lines_have_labels(self) -> SourceConfig:
        if self.format == "lines" and self.labels is None:
            raise ValueError("a source of format 'lines' needs `labels`, the file with one label a line")
        return self


class HeadConfig(_Part):
    """A head: a linear layer on the mean of the token states, one output a label.  The labels in the data are indices
    into `labels`."""

    labels: tuple[str, ...] = Field(min_length=2)
    train: tuple[SourceConfig, ...] = Field(min_length=1)
    report: SourceConfig | None = None
    """Never trained on: its texts are dropped from the training data, and figures are reported on it."""
    dev: int = Field(default=2_000, ge=50)
    """Examples of the training data kept for early stopping."""
    calibration: int = Field(default=2_000, ge=50)
    """Examples of the training data kept for the temperature."""
    weight: float = Field(default=1.0, gt=0.0)
    """Of this head's loss among the heads."""
    smoothing: float = Field(default=0.0, ge=0.0, lt=1.0)
    balance: float = Field(default=0.0, ge=0.0, le=1.0)
    """0: probabilities for texts with the label shares of the training data; 1: for equal shares; between: between.
    Applied to the logits at export (Menon et al., 2021), not learnt."""
    sure: float = Field(default=0.5, ge=0.0, le=1.0)
    """Answers with a lower probability are not sure."""


class OptimiserConfig(_Part):
    """AdamW with warm-up and linear decay."""

    epochs: float = Field(default=3.0, gt=0.0, le=50.0)
    batch: int = Field(default=32, ge=1, le=4096)
    rate: float = Field(default=1e-4, gt=0.0)
    head_rate: float = Field(default=1e-3, gt=0.0)
    warmup: float = Field(default=0.06, ge=0.0, lt=1.0)
    weight_decay: float = Field(default=0.01, ge=0.0)
    clip: float = Field(default=1.0, gt=0.0)
    average: float = Field(default=0.999, ge=0.0, lt=1.0)
    """Decay of the running average of the weights that is evaluated and kept; 0 keeps the weights themselves."""


class TrainConfig(_Part):
    """A training run."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    version: str
    seed: int = 1
    data: Path
    """Folder that the paths of all sources are relative to."""
    output: Path
    """Folder of this run: checkpoints, the kept weights, figures."""
    max_tokens: int = Field(default=128, ge=16, le=512)
    share: float = Field(default=1.0, gt=0.0, le=1.0)
    """Part of the training data to use; for trials."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    threads: int = Field(default=0, ge=0)
    evaluations: int = Field(default=2, ge=1)
    """Times per epoch that the dev part is looked at."""
    patience: int = Field(default=4, ge=1)
    """Evaluations without a gain after which training stops."""
    checkpoint_seconds: float = Field(default=120.0, ge=0.0)
    base: BaseConfig
    optimiser: OptimiserConfig = OptimiserConfig()
    heads: dict[str, HeadConfig] = Field(min_length=1)

    @property
    def fingerprint(self) -> str:
        """Changes with anything that changes what is learnt; a checkpoint of another one is not gone on with."""
        silent = {"output", "data", "threads", "checkpoint_seconds"}
        learnt = self.model_dump(mode="json", exclude=silent)
        for head in learnt["heads"].values():
            del head["balance"], head["sure"]
        return hashlib.sha256(json.dumps(learnt, sort_keys=True).encode()).hexdigest()[:16]


def read_config(path: Path, *, data: Path | None = None, output: Path | None = None) -> TrainConfig:
    """The configuration in a TOML file; `data` and `output` win over the file's.

    Raises `SettingsError` naming the wrong key.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"cannot be read: {error}", subject=str(path), todo="See models/configs/") from None
    raw |= {key: str(value) for key, value in (("data", data), ("output", output)) if value is not None}
    try:
        return TrainConfig.model_validate(raw)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SettingsError(
            "; ".join(problems), subject=str(path), todo="See models/training/config.py for what is allowed"
        ) from None
