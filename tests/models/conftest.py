"""The scorers under test, each opened once: the shipped artefact by both runtimes, a checkpoint as Hugging Face saves
one, and the stand-in."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from models.load import load_scorer
from models.manifest import SHIPPED, TOKENIZER
from models.scorer import Scorer
from pipeline.settings.model import ModelSettings

_OPEN: dict[str, Scorer] = {}


def scorer_for(backend: str) -> Scorer:
    """The scorer that the settings give for a backend, on one thread; `hub` is torch on a checkpoint, and after a blank
    stands the number format."""
    if backend not in _OPEN:
        name, _, precision = backend.partition(" ")
        settings: dict[str, Any] = {"backend": name, "threads": 1, "batch": 16, "precision": precision or "auto"}
        if name == "hub":
            labels = {"LABEL_0": "positive", "LABEL_1": "neutral", "LABEL_2": "negative"}
            folder = checkpoint(Path(tempfile.mkdtemp()) / "checkpoint", list(labels))
            settings |= {"backend": "torch", "path": folder, "labels": labels}
        _OPEN[backend] = load_scorer(ModelSettings.model_validate(settings))
    return _OPEN[backend]


@pytest.fixture(
    params=[
        "fixed",
        "onnx",
        pytest.param("torch fp32", marks=pytest.mark.torch),
        pytest.param("torch bf16", marks=pytest.mark.torch),
        pytest.param("hub", marks=pytest.mark.torch),
    ]
)
def scorer(request: pytest.FixtureRequest) -> Scorer:
    """Every backend in turn."""
    return scorer_for(request.param)


def checkpoint(folder: Path, names: list[str]) -> Path:
    """A small random BERT with an output for each name, as Hugging Face saves one."""
    import torch
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    torch.manual_seed(3)
    tokenizer = Tokenizer.from_file(str(SHIPPED / TOKENIZER))
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", model_max_length=64).save_pretrained(folder)
    return folder
