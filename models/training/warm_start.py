"""Warm start from the weights of an artefact instead of the pretrained base.

The 8-bit matrices become float ones again, without the stretches and shifts of their inputs, which cancel in the
product; channels that were split into several are one again.  What rounding lost stays lost: the network answers as the
artefact does before its activations are rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from torch import Tensor

from models.manifest import WEIGHTS, Manifest, verify
from models.network import TARGET_PARTS, MultiHead
from models.training.config import BeginConfig, TrainConfig
from pipeline.errors import TerminalError

Floats = NDArray[np.float32]
Arrays = dict[str, NDArray[Any]]
Stored = Mapping[str, NDArray[Any]]
Linear = tuple[Floats, Floats]
"""A matrix, (inputs, outputs), and its bias."""


def begin(model: MultiHead, config: TrainConfig) -> None:
    """Give a network the weights of the artefact that the configuration begins with; none, if it begins with its base.

    Raises `TerminalError` when the folder is not there or holds another artefact, or one of another shape.
    """
    if config.begin is None:
        return
    model.load_state_dict(weights_of(config.begin.artefact, held(config.begin), model), strict=False)


def held(begin: BeginConfig) -> Manifest:
    """The manifest of the artefact to begin with, whose weights are the ones that the configuration names."""
    todo = "Name the folder of that artefact in `begin.artefact`; earlier ones are in the history of the sources"
    if not begin.artefact.is_dir():
        raise TerminalError(
            f"is not there; to begin with is the artefact with weights of SHA-256 {begin.sha256[:16]}…",
            subject=str(begin.artefact), todo=todo,
        )  # fmt: skip
    manifest = verify(begin.artefact)
    found = manifest.files[WEIGHTS].sha256
    if found != begin.sha256:
        raise TerminalError(
            f"holds {manifest.name} {manifest.version} with weights of SHA-256 {found[:16]}…, not {begin.sha256[:16]}…",
            subject=str(begin.artefact), todo=todo,
        )  # fmt: skip
    return manifest


def weights_of(folder: Path, manifest: Manifest, like: MultiHead) -> dict[str, Tensor]:
    """The weights of an artefact under the names of a network of its shape, in float32."""
    stored = load_file(folder / WEIGHTS)
    out = _embeddings(stored, like)
    for layer in range(manifest.encoder.layers):
        out |= _layer(stored, layer, manifest.encoder.hidden, manifest.encoder.intermediate)
    linear = {f"heads.{head}": f"head.{head}" for head in manifest.heads if f"head.{head}" in stored}
    linear |= {f"target.{part}": f"target.{part}" for part in TARGET_PARTS if f"target.{part}" in stored}
    for new, old in (linear | {"embedding": "embed"}).items():
        out |= {f"{new}.weight": stored[old].T, f"{new}.bias": stored[f"{old}.bias"]}
    return {name: torch.from_numpy(np.array(value, np.float32)) for name, value in out.items()}


def _embeddings(stored: Stored, like: MultiHead) -> Arrays:
    """Positions that the artefact does not read stay the base's; the token type is part of the positions."""
    own: Any = like.encoder.embeddings
    positions = own.position_embeddings.weight.detach().numpy().copy()
    positions[: len(stored["positions"])] = stored["positions"]
    name = "encoder.embeddings."
    return {
        f"{name}word_embeddings.weight": stored["words"].astype(np.float32) * stored["words.scale"],
        f"{name}position_embeddings.weight": positions,
        f"{name}token_type_embeddings.weight": np.zeros_like(own.token_type_embeddings.weight.detach().numpy()),
        f"{name}LayerNorm.weight": stored["norm.weight"],
        f"{name}LayerNorm.bias": stored["norm.bias"],
    }


def _layer(stored: Stored, layer: int, hidden: int, intermediate: int) -> Arrays:
    own, new = f"layer.{layer}.", f"encoder.encoder.layer.{layer}."
    attention, attended = _floats(stored, own + "attention"), _floats(stored, own + "attended")
    wide, narrow = _floats(stored, own + "wide"), _floats(stored, own + "narrow")
    out: Arrays = {}
    for number, part in enumerate(("query", "key", "value")):
        third = slice(number * hidden, (number + 1) * hidden)
        weight, bias = attention[0][:, third], attention[1][third]
        if part == "value":
            weight, bias, attended = _evened(weight, bias, attended)
        out |= _linear(f"{new}attention.self.{part}", weight, bias)
    out |= _linear(f"{new}attention.output.dense", *attended)
    wide, narrow = _merge_split_channels(wide, narrow, intermediate)
    out |= _linear(f"{new}intermediate.dense", *wide) | _linear(f"{new}output.dense", *narrow)
    for old, norm in (("attended", "attention.output."), ("narrow", "output.")):
        for kind in ("weight", "bias"):
            out[f"{new}{norm}LayerNorm.{kind}"] = stored[f"{own}{old}.norm.{kind}"]
    return out


def _floats(stored: Stored, name: str) -> Linear:
    """Weight, (inputs, outputs), and bias that give for plain inputs what the integers give for stretched ones."""
    whole = stored[name].astype(np.float32) * stored[f"{name}.scale"]
    none = np.zeros(len(whole), np.float32)
    gain, shift = stored.get(f"{name}.gain", none + 1), stored.get(f"{name}.shift", none)
    return gain[:, None] * whole, stored[f"{name}.bias"] + shift @ whole


def _evened(weight: Floats, bias: Floats, after: Linear) -> tuple[Floats, Floats, Linear]:
    """Values that are as large as the matrix after them, for the export had stretched them to fill 8 bits."""
    size = np.sqrt(np.linalg.norm(weight, axis=0) / np.maximum(np.linalg.norm(after[0], axis=1), 1e-12))
    return weight / size, bias / size, (after[0] * size[:, None], after[1])


def _merge_split_channels(wide: Linear, narrow: Linear, channels: int) -> tuple[Linear, Linear]:
    """A channel that was split has the same weights into it several times, and its weights out of it in parts."""
    weight, first, which = np.unique(wide[0], axis=1, return_index=True, return_inverse=True)
    if len(first) != channels:
        raise TerminalError(
            f"has {len(first)} different channels where {channels} are stated", subject=WEIGHTS,
            todo="Begin with another artefact",
        )  # fmt: skip
    out = np.zeros((channels, narrow[0].shape[1]), np.float32)
    np.add.at(out, which.reshape(-1), narrow[0])
    return (weight, wide[1][first]), (out, narrow[1])


def _linear(name: str, weight: Floats, bias: Floats) -> Arrays:
    return {f"{name}.weight": weight.T, f"{name}.bias": bias}
