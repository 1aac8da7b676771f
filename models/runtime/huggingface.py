"""Hugging Face sequence-classification checkpoints as scorers, of the post only.

A checkpoint is read from its folder alone: no hub, no pickle, no code from the folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from models import postprocessing
from models.manifest import Head, digest
from models.runtime.torch_scorer import TorchScorer
from pipeline.contracts.mentions import ModelRef
from pipeline.contracts.values import Label
from pipeline.errors import TerminalError

Labels = Sequence[Label] | Mapping[str, Label]
"""What a checkpoint's outputs stand for: in their order, or by their names."""

_WORDS: dict[str, Label] = {"neg": "negative", "neu": "neutral", "pos": "positive"}
_SURE = 0.5
_MAX_TOKENS = 128


def open_checkpoint(
    folder: Path, device: torch.device, kind: torch.dtype, *, batch: int, recent: int, labels: Labels
) -> TorchScorer:
    """A scorer on a checkpoint, in numbers of a kind; its targets get the sentiment of the post.

    Raises `TerminalError` when the folder is not a checkpoint, or it is not plain what its outputs stand for.
    """
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
            todo="Name in model.path a folder with config.json, tokenizer.json and model.safetensors",
        ) from None
    names = [str(config.id2label[index]) for index in range(config.num_labels)]
    found = checkpoint_labels(names, labels, folder)
    model = loaded.to(device, kind).eval()
    missing = [label for label in postprocessing.LABELS if label not in found]
    head = Head((*found, *missing), 1.0, (0.0,) * 3, _SURE)

    def network(ids: Tensor, mask: Tensor, spans: Tensor, texts: Tensor) -> dict[str, Tensor]:
        logits: Tensor = model(input_ids=ids, attention_mask=mask).logits
        never = logits.new_full((len(logits), len(missing)), -1e4)  # a checkpoint without neutral never answers it
        return {postprocessing.SENTIMENT: torch.cat([logits, never], dim=1)}

    tokenizer = fast.backend_tokenizer
    tokenizer.no_padding()
    tokenizer.enable_truncation(min(_MAX_TOKENS, fast.model_max_length))
    version = msgspec.json.decode((folder / "config.json").read_bytes()).get("transformers_version", "")
    weights = folder / "model.safetensors"
    ref = ModelRef(folder.name, digest(weights)[:12] if weights.is_file() else str(version))
    return TorchScorer(ref, tokenizer, network, {postprocessing.SENTIMENT: head}, device, batch=batch, recent=recent)


def checkpoint_labels(names: Sequence[str], given: Labels, folder: Path) -> tuple[str, ...]:
    """What the outputs of a checkpoint stand for, in order: as given, or as their own names say (negative, NEG, …).

    Raises `TerminalError` when that is not plain.
    """
    if isinstance(given, Mapping):
        found = [str(given.get(name, name)) for name in names]
    else:
        found = [str(label) for label in given] or [_WORDS.get(name.strip().lower()[:3], name) for name in names]
    known = set(postprocessing.LABELS)
    if len(found) != len(names) or len(set(found)) != len(found) or not {"negative", "positive"} <= set(found) <= known:
        example = dict(zip(names, postprocessing.LABELS, strict=False))
        raise TerminalError(
            f"its {len(names)} outputs are named {', '.join(names)[:200]}, which "
            + (f"model.labels makes {', '.join(found)[:200]}" if given else "does not say what they stand for"),
            subject=str(folder),
            todo="Say in model.labels what each stands for (negative, positive and, if there is one, neutral), such as "
            f"{msgspec.json.encode(example).decode()[:200]}",
        )
    return tuple(found)
