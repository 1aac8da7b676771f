"""The runtime on torch and transformers: the same artefact on a GPU (half precision) or a CPU, and any Hugging Face
sequence-classification checkpoint in a folder.

The artefact's 8-bit weights are expanded into a `BertModel`; activations are not quantised here, so probabilities
differ from the ONNX runtime's by a little (the tests state how much).  A checkpoint is read from its folder alone: no
hub, no pickle, no code from the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertModel

from models import answers
from models.manifest import MANIFEST, TOKENIZER, WEIGHTS, Encoder, Head, digest, verify
from models.runtime.onnx_cpu import RECENT
from models.runtime.reading import Ids, read, read_tokenizer
from models.runtime.recent import RecentAnswers
from models.scorer import Reading, Scores
from models.training.network import MultiHead, mean
from pipeline.errors import TerminalError
from pipeline.messages import Label, ModelRef

TensorNetwork = Callable[[Tensor, Tensor, Tensor, Tensor], dict[str, Tensor]]
_WORDS: dict[str, Label] = {"neg": "negative", "neu": "neutral", "pos": "positive"}
_CHECKPOINT_SURE = 0.5
_MAX_CHECKPOINT_TOKENS = 128


class TorchScorer:
    """Reads texts with a torch network; keeps to `models.scorer.Scorer`.

    `network` takes ids, mask, spans and texts as `models.runtime.reading.Network` does, as tensors.
    """

    def __init__(
        self,
        ref: ModelRef,
        tokenizer: Tokenizer,
        network: TensorNetwork,
        heads: Mapping[str, Head],
        device: torch.device,
        *,
        batch: int,
        recent: int,
    ) -> None:
        self.ref = ref
        self._tokenizer = tokenizer
        self._network = network
        self._heads = heads
        self._device = device
        self._batch = batch
        self._recent = RecentAnswers(recent)

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        """One answer a reading, in order."""
        return read(readings, self._tokenizer, self._outputs, self._heads, self._recent, self._batch)

    @torch.inference_mode()
    def _outputs(self, ids: Ids, mask: Ids, spans: Ids, texts: Ids) -> answers.Outputs:
        found = self._network(*(torch.from_numpy(value).to(self._device) for value in (ids, mask, spans, texts)))
        return {name: value.float().cpu().numpy() for name, value in found.items()}


def open_torch(
    folder: Path, *, threads: int = 0, batch: int = 32, recent: int = RECENT, labels: Sequence[Label] = ()
) -> TorchScorer:
    """A scorer on an artefact (a folder with a manifest) or on a Hugging Face checkpoint (a folder with a
    ``config.json``); `labels` names a checkpoint's outputs in their order where its own names do not say.

    Raises `TerminalError` when the folder is neither, or something in it is not what it should be.
    """
    if threads:
        torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if (folder / MANIFEST).is_file() or not (folder / "config.json").is_file():
        return _open_artefact(folder, device, batch, recent)
    return _open_checkpoint(folder, device, batch, recent, labels)


def _on(device: torch.device, model: Any) -> Any:
    """The model on the device, for inference; in half precision on a GPU."""
    model = model.to(device).eval()
    return model.half() if device.type == "cuda" else model.float()


def _open_artefact(folder: Path, device: torch.device, batch: int, recent: int) -> TorchScorer:
    manifest = verify(folder)
    weights = load_file(folder / WEIGHTS)
    heads = {name: len(head.labels) for name, head in manifest.heads.items() if name != answers.TARGET}
    targets = len(manifest.heads[answers.TARGET].labels) if answers.TARGET in manifest.heads else 0
    model = MultiHead(_encoder(weights, manifest.encoder), heads, targets)
    model.load_state_dict(_heads(weights), strict=False)
    model = _on(device, model)

    def network(ids: Tensor, mask: Tensor, spans: Tensor, texts: Tensor) -> dict[str, Tensor]:
        states = model.states(ids, mask)
        post = mean(states, mask)
        found: dict[str, Tensor] = model.judge(post)
        if targets and len(texts):
            found[answers.TARGET] = model.toward(states, mask, post, spans, texts)
        return {**found, answers.EMBEDDING: model.embed(post)}

    tokenizer = read_tokenizer(folder / TOKENIZER, manifest.encoder.max_tokens)
    return TorchScorer(manifest.ref, tokenizer, network, manifest.heads, device, batch=batch, recent=recent)


def _heads(weights: dict[str, NDArray[Any]]) -> dict[str, Tensor]:
    """The artefact's layers outside the encoder under the names of a `MultiHead`."""
    out = {}
    for name in weights:
        new = "embedding" if name == "embed" else name.replace("head.", "heads.", 1)
        if name.startswith(("head.", "target.", "embed")) and not name.endswith(".bias"):
            out[new + ".weight"] = torch.from_numpy(weights[name].T.copy())
            out[new + ".bias"] = torch.from_numpy(weights[name + ".bias"].copy())
    return out


def _encoder(weights: dict[str, NDArray[Any]], shape: Encoder) -> BertModel:
    """The encoder with the artefact's weights, expanded."""
    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.attention_heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=shape.max_tokens,
        layer_norm_eps=1e-12,
    )
    model = BertModel(config, add_pooling_layer=False)
    state = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in _expanded(weights, shape).items()}
    model.load_state_dict(state, strict=True)
    return model


def _expanded(weights: dict[str, NDArray[Any]], shape: Encoder) -> dict[str, NDArray[Any]]:
    """The artefact's tensors under the names and in the layout of a `BertModel`, in float32."""
    out = {
        "embeddings.word_embeddings.weight": weights["words"].astype(np.float32) * weights["words.scale"],
        "embeddings.position_embeddings.weight": weights["positions"],
        "embeddings.token_type_embeddings.weight": np.zeros((2, shape.hidden), np.float32),
    }
    for kind in ("weight", "bias"):
        out[f"embeddings.LayerNorm.{kind}"] = weights[f"norm.{kind}"]
    for layer in range(shape.layers):
        own, new = f"layer.{layer}.", f"encoder.layer.{layer}."
        matrices = {
            "attention": [f"{new}attention.self.{part}" for part in ("query", "key", "value")],
            "attended": [new + "attention.output.dense"],
            "wide": [new + "intermediate.dense"],
            "narrow": [new + "output.dense"],
        }
        for name, parts in matrices.items():
            matrix = (weights[own + name].astype(np.float32) * weights[own + name + ".scale"]).T
            for part, piece in zip(parts, np.split(matrix, len(parts)), strict=True):
                out[part + ".weight"] = piece
            for part, piece in zip(parts, np.split(weights[own + name + ".bias"], len(parts)), strict=True):
                out[part + ".bias"] = piece
        for kind in ("weight", "bias"):
            out[f"{new}attention.output.LayerNorm.{kind}"] = weights[f"{own}attended.norm.{kind}"]
            out[f"{new}output.LayerNorm.{kind}"] = weights[f"{own}narrow.norm.{kind}"]
    return out


def checkpoint_labels(names: Sequence[str], given: Sequence[Label], folder: Path) -> tuple[str, ...]:
    """What the outputs of a checkpoint stand for, in order: `given`, or what their names say (negative, NEG, …).

    Raises `TerminalError` when that is not plain.
    """
    found: list[str] = list(given) or [_WORDS.get(name.strip().lower()[:3], name) for name in names]
    known = set(answers.LABELS)
    if len(found) != len(names) or len(set(found)) != len(found) or not {"negative", "positive"} <= set(found) <= known:
        raise TerminalError(
            f"its outputs are named {', '.join(names)[:200]}",
            subject=str(folder),
            todo="State in order what they stand for, such as negative, neutral, positive",
        )
    return tuple(found)


def _open_checkpoint(
    folder: Path, device: torch.device, batch: int, recent: int, labels: Sequence[Label]
) -> TorchScorer:
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        fast = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False, use_fast=True)
        loaded = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    except (OSError, ValueError, KeyError) as error:
        raise TerminalError(
            f"is not a sequence-classification checkpoint: {error}",
            subject=str(folder),
            todo="Name a folder with config.json, tokenizer.json and model.safetensors",
        ) from None
    names = [str(config.id2label[index]) for index in range(config.num_labels)]
    found = checkpoint_labels(names, labels, folder)
    model = _on(device, loaded)
    missing = [label for label in answers.LABELS if label not in found]
    head = Head((*found, *missing), 1.0, (0.0,) * 3, _CHECKPOINT_SURE)

    def network(ids: Tensor, mask: Tensor, spans: Tensor, texts: Tensor) -> dict[str, Tensor]:
        logits: Tensor = model(input_ids=ids, attention_mask=mask).logits
        never = logits.new_full((len(logits), len(missing)), -1e4)  # a checkpoint without neutral never answers it
        return {answers.SENTIMENT: torch.cat([logits, never], dim=1)}

    tokenizer = fast.backend_tokenizer
    tokenizer.no_padding()
    tokenizer.enable_truncation(min(_MAX_CHECKPOINT_TOKENS, fast.model_max_length))
    version = msgspec.json.decode((folder / "config.json").read_bytes()).get("transformers_version", "")
    weights = folder / "model.safetensors"
    ref = ModelRef(folder.name, digest(weights)[:12] if weights.is_file() else str(version))
    return TorchScorer(ref, tokenizer, network, {answers.SENTIMENT: head}, device, batch=batch, recent=recent)
