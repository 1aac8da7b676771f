"""Torch runtime for artefacts and checkpoints: GPU in half precision, CPU in fp32 or bf16.

The artefact's 8-bit weights become a `BertModel` whose layers round their inputs as the ONNX graph does.  In fp32 both
runtimes then multiply the same integers, exactly, and differ by what rounding makes of the last digit of norms and
softmaxes (the tests state how much).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertModel

from models import postprocessing
from models.manifest import MANIFEST, TOKENIZER, WEIGHTS, Encoder, verify
from models.network import MultiHead, mean
from models.runtime.batching import RECENT, read_tokenizer
from models.runtime.torch_scorer import TorchScorer
from pipeline.contracts.values import Label

Weights = Mapping[str, NDArray[Any]]
Precision = Literal["auto", "fp32", "bf16"]


def open_torch(
    folder: Path,
    *,
    threads: int = 0,
    batch: int = 32,
    recent: int = RECENT,
    labels: Sequence[Label] | Mapping[str, Label] = (),
    precision: Precision = "auto",
) -> TorchScorer:
    """A scorer on an artefact (a folder with a manifest) or on a Hugging Face checkpoint (a folder with a
    ``config.json``); `labels` says what a checkpoint's outputs stand for where their own names do not.

    `precision` says in which numbers to multiply: auto is half precision on a GPU and fp32 on a CPU, with which the
    answers are those of the ONNX runtime within the tolerance that the tests state.  bf16, where the CPU has it, is up
    to 1.6 times as fast; probabilities then differ by up to 0.04.

    Raises `TerminalError` when the folder is neither, or something in it is not what it should be.
    """
    if threads:
        torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind = _kind(precision, device)
    if (folder / MANIFEST).is_file() or not (folder / "config.json").is_file():
        return _open_artefact(folder, device, kind, batch, recent)
    from models.runtime.huggingface import open_checkpoint

    return open_checkpoint(folder, device, kind, batch=batch, recent=recent, labels=labels)


def _kind(precision: Precision, device: torch.device) -> torch.dtype:
    if precision == "auto":
        return torch.float16 if device.type == "cuda" else torch.float32
    return torch.bfloat16 if precision == "bf16" else torch.float32


def _open_artefact(folder: Path, device: torch.device, kind: torch.dtype, batch: int, recent: int) -> TorchScorer:
    manifest = verify(folder)
    weights = load_file(folder / WEIGHTS)
    heads = {name: len(head.labels) for name, head in manifest.heads.items() if name != postprocessing.TARGET}
    targets = len(manifest.heads[postprocessing.TARGET].labels) if postprocessing.TARGET in manifest.heads else 0
    model = MultiHead(_encoder(weights, manifest.encoder, kind), heads, targets)
    model.load_state_dict(_heads(weights), strict=False)
    model = model.to(device).eval()
    if kind == torch.float16:
        model = model.half()

    def network(ids: Tensor, mask: Tensor, spans: Tensor, texts: Tensor) -> dict[str, Tensor]:
        states = model.states(ids, mask)
        post = mean(states, mask)
        found: dict[str, Tensor] = model.judge(post)
        if targets and len(texts):
            found[postprocessing.TARGET] = model.toward(states, mask, post, spans, texts)
        embedding = model.embed(post)
        sketch = model.sketch(embedding.to(post.dtype))
        return {**found, postprocessing.EMBEDDING: embedding, postprocessing.SKETCH: sketch}

    tokenizer = read_tokenizer(folder / TOKENIZER, manifest.encoder.max_tokens)
    return TorchScorer(manifest.ref, tokenizer, network, manifest.heads, device, batch=batch, recent=recent)


def _heads(weights: Weights) -> dict[str, Tensor]:
    """The artefact's layers outside the encoder under the names of a `MultiHead`."""
    out = {}
    for name in weights:
        new = {"embed": "embedding", "project": "sketch"}.get(name, name.replace("head.", "heads.", 1))
        if name.startswith(("head.", "target.", "embed", "project")) and not name.endswith(".bias"):
            out[new + ".weight"] = torch.from_numpy(weights[name].T.copy())
            out[new + ".bias"] = torch.from_numpy(weights[name + ".bias"].copy())
    return out


def _encoder(weights: Weights, shape: Encoder, kind: torch.dtype) -> BertModel:
    """The encoder with the artefact's weights; its layers round as the graph of `models.export.graph` does, and
    multiply in numbers of a kind."""
    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.attention_heads,
        intermediate_size=weights["layer.0.wide"].shape[1],
        max_position_embeddings=shape.max_tokens,
        layer_norm_eps=1e-12,
    )
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(_unrounded(weights, shape), strict=False)
    layers: Any = model.encoder.layer
    for number, layer in enumerate(layers):
        own = f"layer.{number}."
        of = layer.attention.self
        of.query, of.key, of.value = (Rounded(weights, own + "attention", kind, third) for third in range(3))
        layer.attention.output.dense = Rounded(weights, own + "attended", kind)
        layer.intermediate.dense = Rounded(weights, own + "wide", kind)
        layer.output.dense = Rounded(weights, own + "narrow", kind)
    return model


def _unrounded(weights: Weights, shape: Encoder) -> dict[str, Tensor]:
    """Embeddings and norms under the names of a `BertModel`."""
    out = {
        "embeddings.word_embeddings.weight": weights["words"].astype(np.float32) * weights["words.scale"],
        "embeddings.position_embeddings.weight": weights["positions"],
        "embeddings.token_type_embeddings.weight": np.zeros((2, shape.hidden), np.float32),
    }
    for kind in ("weight", "bias"):
        out[f"embeddings.LayerNorm.{kind}"] = weights[f"norm.{kind}"]
        for layer in range(shape.layers):
            own, new = f"layer.{layer}.", f"encoder.layer.{layer}."
            out[f"{new}attention.output.LayerNorm.{kind}"] = weights[f"{own}attended.norm.{kind}"]
            out[f"{new}output.LayerNorm.{kind}"] = weights[f"{own}narrow.norm.{kind}"]
    return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in out.items()}


class Rounded(nn.Module):
    """A matrix of the artefact on inputs that are stretched, shifted and rounded to 8 bits; of `third`, if given, one
    of its three parts.

    Integers of 8 bits, and their products, are exact in every number format, and so is their sum, which is kept in
    float32 inside of a product: a text gets the same whatever it is batched with.  Half precision cannot hold such a
    sum as a result, so there the scale is part of the weight.
    """

    weight: Tensor
    scale: Tensor
    bias: Tensor
    gain: Tensor
    shift: Tensor

    def __init__(self, weights: Weights, name: str, kind: torch.dtype, third: int | None = None) -> None:
        super().__init__()
        values, scale, bias = weights[name], weights[name + ".scale"], weights[name + ".bias"]
        part = slice(None) if third is None else slice(third * len(bias) // 3, (third + 1) * len(bias) // 3)
        expanded = values[:, part].astype(np.float32) * (scale[part] if kind == torch.float16 else np.float32(1))
        unit = np.ones(len(values), np.float32)
        self.register_buffer("weight", torch.from_numpy(np.ascontiguousarray(expanded.T)).to(kind))
        self.register_buffer("scale", torch.from_numpy(scale[part].copy()))
        self.register_buffer("bias", torch.from_numpy(bias[part].copy()))
        self.register_buffer("gain", torch.from_numpy(np.array(weights.get(name + ".gain", unit))))
        self.register_buffer("shift", torch.from_numpy(np.array(weights.get(name + ".shift", 0 * unit))))

    def forward(self, given: Tensor) -> Tensor:
        """(…, outputs) for (…, inputs)."""
        whole = torch.clamp(torch.round(given * self.gain + self.shift), -128, 127)
        if self.weight.dtype == torch.float16:
            return functional.linear(whole, self.weight, self.bias)
        found = functional.linear(whole.to(self.weight.dtype), self.weight).to(given.dtype)
        return torch.addcmul(self.bias, found, self.scale)
