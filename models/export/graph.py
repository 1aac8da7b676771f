"""The encoder and its heads as an ONNX graph with 8-bit weights.

Activations are quantised token by token (scale = largest magnitude / 127), not by one range over the whole batch as
`onnxruntime.quantization.quantize_dynamic` does: there the answer for a text moved by up to 0.16 with its neighbours
in the batch, here it does not depend on them.  It is also closer to the unquantised model, at three quarters of the
speed; see docs/decisions/0004-first-model.md.

Weights are symmetric int8 with one scale an output (matrices) or a row (word embeddings).  They live in a safetensors
file beside the graph, which refers to them by offset, so that the torch runtime reads the same bytes.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from safetensors.numpy import save_file

from models.manifest import MODEL, WEIGHTS, Encoder

Array = NDArray[np.generic]
Arrays = dict[str, Array]

TARGET = "target"
TARGET_PARTS = ("query", "key", "value", "mix", "out")
TARGET_ATTENTION = 4
_MS = "com.microsoft"
_SHAPES = {
    "ids": ["texts", "tokens"],
    "mask": ["texts", "tokens"],
    "spans": ["targets", "tokens"],
    "texts": ["targets"],
}
_EPSILON = 1e-12
_TYPES = {"F32": TensorProto.FLOAT, "I8": TensorProto.INT8, "U8": TensorProto.UINT8, "I64": TensorProto.INT64}
_CONSTANTS: Arrays = {
    "axis.last": np.array([-1], np.int64),
    "axis.tokens": np.array([1], np.int64),
    "axis.first": np.array([0], np.int64),
    "start": np.array([0], np.int64),
    "one": np.array(1.0, np.float32),
    "top": np.array(127.0, np.float32),
    "inverse.top": np.array(1.0 / 127.0, np.float32),
    "middle": np.array(128, np.uint8),
    "least": np.array(1e-9, np.float32),
}


def quantise(weight: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric int8 and its scales, one for each slice that remains when `axis` is reduced."""
    scale = np.maximum(np.abs(weight).max(axis=axis, keepdims=True) / 127.0, 1e-12).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale


def quantised_weights(state: dict[str, NDArray[np.float32]], encoder: Encoder, heads: list[str]) -> Arrays:
    """The tensors of the artefact from those of the trained network (`MultiHead` names).

    Matrices are (inputs, outputs); query, key and value are one matrix; the first token type is folded into the
    positions, of which only `max_tokens` are kept.
    """
    old = "encoder.embeddings."
    out: Arrays = {}
    out["words"], out["words.scale"] = quantise(state[old + "word_embeddings.weight"], axis=1)
    positions = state[old + "position_embeddings.weight"][: encoder.max_tokens]
    out["positions"] = positions + state[old + "token_type_embeddings.weight"][0]
    for kind in ("weight", "bias"):
        out[f"norm.{kind}"] = state[f"{old}LayerNorm.{kind}"]
    for layer in range(encoder.layers):
        own, old = f"layer.{layer}.", f"encoder.encoder.layer.{layer}."
        matrices = {
            "attention": [f"{old}attention.self.{part}" for part in ("query", "key", "value")],
            "attended": [old + "attention.output.dense"],
            "wide": [old + "intermediate.dense"],
            "narrow": [old + "output.dense"],
        }
        for name, parts in matrices.items():
            joined = np.concatenate([state[part + ".weight"] for part in parts], axis=0).T
            values, scale = quantise(joined, axis=0)
            out[own + name], out[own + name + ".scale"] = values, scale[0]
            out[own + name + ".bias"] = np.concatenate([state[part + ".bias"] for part in parts])
        for kind in ("weight", "bias"):
            out[f"{own}attended.norm.{kind}"] = state[f"{old}attention.output.LayerNorm.{kind}"]
            out[f"{own}narrow.norm.{kind}"] = state[f"{old}output.LayerNorm.{kind}"]
    linear = {f"head.{head}": f"heads.{head}" for head in heads if head != TARGET}
    linear |= {f"target.{part}": f"target.{part}" for part in TARGET_PARTS if TARGET in heads}
    for name, part in (linear | {"embed": "embedding"}).items():
        out[name] = state[part + ".weight"].T
        out[name + ".bias"] = state[part + ".bias"]
    return {name: np.ascontiguousarray(value) for name, value in out.items()}


def write(folder: Path, weights: Arrays, encoder: Encoder, heads: list[str]) -> None:
    """Write the weights and the graph that refers to them."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / WEIGHTS)
    (folder / WEIGHTS).chmod(0o644)
    graph = _Graph(encoder)
    states = graph.encode()
    post = graph.mean(states, "mask")
    embedding = graph.op("LpNormalization", [graph.linear(post, "embed")], axis=-1, p=2)
    outputs = [graph.output(embedding, "embedding", encoder.hidden, "texts")]
    names = ["ids", "mask"]
    for head in heads:
        if head == TARGET:
            names += ["spans", "texts"]
            logits, width = graph.toward(states, post), weights["target.out"].shape[1]
        else:
            logits, width = graph.linear(post, f"head.{head}"), weights[f"head.{head}"].shape[1]
        outputs.append(graph.output(logits, f"logits.{head}", width, "targets" if head == TARGET else "texts"))
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, _SHAPES[name]) for name in names]
    constants = [onnx.numpy_helper.from_array(value, name) for name, value in _CONSTANTS.items()]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "groundswell", inputs, outputs, constants + _external(folder / WEIGHTS)),
        opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid(_MS, 1)],
        ir_version=10,
        producer_name="groundswell",
    )
    (folder / MODEL).write_bytes(model.SerializeToString())


def _external(path: Path) -> list[TensorProto]:
    """The tensors of a safetensors file as ONNX initializers that point into it."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    out = []
    for name, info in sorted(header.items()):
        if name == "__metadata__":
            continue
        begin, end = info["data_offsets"]
        tensor = TensorProto(name=name, data_type=_TYPES[info["dtype"]], dims=info["shape"])
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", path.name), ("offset", 8 + length + begin), ("length", end - begin)):
            tensor.external_data.add(key=key, value=str(value))
        out.append(tensor)
    return out


class _Graph:
    """Builds the nodes; a value is named by the node that gives it."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.nodes: list[onnx.NodeProto] = []

    def op(self, kind: str, inputs: list[str], *, domain: str = "", **attributes: Any) -> str:
        return self.ops(kind, inputs, 1, domain=domain, **attributes)[0]

    def ops(self, kind: str, inputs: list[str], count: int, *, domain: str = "", **attributes: Any) -> list[str]:
        name = f"{len(self.nodes)}.{kind}"
        outputs = [f"{name}.{index}" for index in range(count)]
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=name, domain=domain, **attributes))
        return outputs

    def output(self, value: str, name: str, width: int, rows: str) -> onnx.ValueInfoProto:
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [rows, width])

    def linear(self, value: str, weight: str) -> str:
        """A float layer on rows."""
        return self.op("Gemm", [value, weight, weight + ".bias"])

    def matrix(self, value: str, weight: str, zero: str) -> str:
        """`value` times an int8 matrix, with a scale of its own for every token of `value`."""
        largest = self.op("ReduceMax", [self.op("Abs", [value]), "axis.last"], keepdims=1)
        largest = self.op("Max", [largest, "least"])
        scaled = self.op("Mul", [value, self.op("Div", ["top", largest])])
        whole = self.op("QuantizeLinear", [scaled, "one", "middle"])
        inputs = [whole, weight, "inverse.top", weight + ".scale", "middle", zero]
        product = self.op("MatMulIntegerToFloat", inputs, domain=_MS)
        return self.op("Mul", [product, largest])

    def zero(self, width: int) -> str:
        """Zero points of the weights: none, but the operator wants them stated for every output."""
        name = f"zero.{width}"
        if not any(name in node.output for node in self.nodes):
            value = onnx.numpy_helper.from_array(np.zeros(width, np.int8), name)
            self.nodes.append(helper.make_node("Constant", [], [name], value=value))
        return name

    def add_and_norm(self, value: str, residual: str, own: str) -> str:
        inputs = [value, residual, f"{own}.norm.weight", f"{own}.norm.bias", f"{own}.bias"]
        return self.op("SkipLayerNormalization", inputs, domain=_MS, epsilon=_EPSILON)

    def encode(self) -> str:
        """Token states, (texts, tokens, hidden)."""
        hidden, wide = self.encoder.hidden, self.encoder.intermediate
        words = self.op("Cast", [self.op("Gather", ["words", "ids"])], to=TensorProto.FLOAT)
        words = self.op("Mul", [words, self.op("Gather", ["words.scale", "ids"])])
        tokens = self.op("Shape", ["ids"], start=1, end=2)
        positions = self.op("Slice", ["positions", "start", tokens, "axis.first"])
        states = self.op("Add", [words, positions])
        states = self.op("LayerNormalization", [states, "norm.weight", "norm.bias"], axis=-1, epsilon=_EPSILON)
        keys = self.op("Cast", ["mask"], to=TensorProto.INT32)
        for layer in range(self.encoder.layers):
            own = f"layer.{layer}."
            joined = self.matrix(states, own + "attention", self.zero(3 * hidden))
            parts = self.ops("Split", [joined], 3, axis=-1, num_outputs=3)
            inputs = [*parts, own + "attention.bias", keys]
            seen = self.op("MultiHeadAttention", inputs, domain=_MS, num_heads=self.encoder.attention_heads)
            seen = self.matrix(seen, own + "attended", self.zero(hidden))
            states = self.add_and_norm(seen, states, own + "attended")
            thought = self.matrix(states, own + "wide", self.zero(wide))
            thought = self.op("BiasGelu", [thought, own + "wide.bias"], domain=_MS)
            thought = self.matrix(thought, own + "narrow", self.zero(hidden))
            states = self.add_and_norm(thought, states, own + "narrow")
        return states

    def mean(self, states: str, mask: str) -> str:
        """Mean of the token states that a mask marks, (rows, hidden); zero where it marks none."""
        weights = self.op("Unsqueeze", [self.op("Cast", [mask], to=TensorProto.FLOAT), "axis.last"])
        total = self.op("ReduceSum", [self.op("Mul", [states, weights]), "axis.tokens"], keepdims=0)
        count = self.op("ReduceSum", [weights, "axis.tokens"], keepdims=0)
        return self.op("Div", [total, self.op("Max", [count, "one"])])

    def toward(self, states: str, post: str) -> str:
        """Logits of the target head, (targets, labels); see `models.training.network.TargetHead`."""
        own = self.op("Gather", [states, "texts"])
        query = self.op("Unsqueeze", [self.linear(self.mean(own, "spans"), "target.query"), "axis.tokens"])
        key, value = (
            self.op("Add", [self.op("MatMul", [own, f"target.{part}"]), f"target.{part}.bias"])
            for part in ("key", "value")
        )
        seen = self.op("Cast", [self.op("Gather", ["mask", "texts"])], to=TensorProto.INT32)
        found = self.op("MultiHeadAttention", [query, key, value, "", seen], domain=_MS, num_heads=TARGET_ATTENTION)
        named = self.mean(own, "spans")
        found = self.op("Squeeze", [found, "axis.tokens"])
        joined = self.op("Concat", [named, found, self.op("Gather", [post, "texts"])], axis=-1)
        return self.linear(self.op("Gelu", [self.linear(joined, "target.mix")]), "target.out")
