"""ONNX graph of the encoder and its heads, with 8-bit weights.

Activations are quantised by fixed ranges that were found on training texts (`export/quantization.py`), so the answer
for a text does not depend on what it is batched with, as it does with `onnxruntime.quantization.quantize_dynamic`, and
any runtime can round as this one does.  The graph is what was fastest for one text of 33 tokens on ONNX Runtime's CPU
kernels; see docs/results/model-runtime.md before joining or splitting nodes.

The weights live in a safetensors file beside the graph, which refers to them by offset, so that the torch runtime reads
the same bytes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from safetensors.numpy import save_file

from models.export.quantization import Floats
from models.export.weights import TARGET, Array, Arrays
from models.manifest import MODEL, WEIGHTS, Encoder

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
    "axis.tokens": np.array([1], np.int64),
    "axis.first": np.array([0], np.int64),
    "axis.head.query": np.array([1, 2], np.int64),
    "start": np.array([0], np.int64),
    "one": np.array(1.0, np.float32),
    "far": np.array(1e9, np.float32),
    "middle": np.array(128, np.uint8),
}


def write(folder: Path, weights: Arrays, encoder: Encoder, heads: Sequence[str]) -> None:
    """Write the weights and the graph that refers to them.

    Inputs, int64: `ids` and `mask`, (texts, tokens); with a target head also `spans`, (targets, tokens), ones on the
    tokens of a name, and `texts`, (targets,), the row of the text that it is in; there may be no targets.  Outputs,
    float32: `logits.NAME` of each head, `embedding` and `sketch`, one row a text; `logits.target`, one row a target.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / WEIGHTS)
    (folder / WEIGHTS).chmod(0o644)
    graph = _Graph(encoder, weights)
    states = graph.encode()
    post = graph.mean(states, "mask")
    graph.judge(post, [head for head in heads if head != TARGET])
    names = ["ids", "mask"]
    if TARGET in heads:
        names += ["spans", "texts"]
        graph.toward(states, post)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, _SHAPES[name]) for name in names]
    constants = [onnx.numpy_helper.from_array(value, name) for name, value in (_CONSTANTS | graph.constants).items()]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "groundswell", inputs, graph.outputs, constants + _external(folder / WEIGHTS)),
        opset_imports=[helper.make_opsetid("", 23), helper.make_opsetid(_MS, 1)],
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

    def __init__(self, encoder: Encoder, weights: Arrays) -> None:
        self.encoder = encoder
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.constants: Arrays = {}

    def op(self, kind: str, inputs: Sequence[str], *, domain: str = "", **attributes: Any) -> str:
        name = f"{len(self.nodes)}.{kind}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def constant(self, name: str, value: Sequence[int]) -> str:
        return self.array(name, np.array(value, np.int64))

    def array(self, name: str, value: Array) -> str:
        self.constants[name] = value
        return name

    def output(self, value: str, name: str, width: int, rows: str) -> None:
        if value != name:
            self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [rows, width]))

    def linear(self, value: str, weight: str) -> str:
        """A float layer on rows."""
        return self.op("Gemm", [value, weight, weight + ".bias"])

    def rounded(self, value: str, weight: str) -> str:
        """The inputs of an int8 matrix: stretched, rounded, 128 standing for none.  The norm has shifted them."""
        if weight + ".gain" in self.weights:
            value = self.op("Mul", [value, weight + ".gain"])
        return self.op("QuantizeLinear", [value, "one", "middle"])

    def matrix(self, value: str, weight: str, beside: str = "") -> str:
        """`value` times an int8 matrix, and its bias.  States that were shifted for the matrix `beside` are about to be
        added to it: the bias takes that back."""
        bias = weight + ".bias"
        if beside:
            bias = self.array(bias + ".back", self.floats(bias) - self.centre(beside))
        inputs = [self.rounded(value, weight), weight, "one", weight + ".scale", "middle", "", bias]
        return self.op("MatMulIntegerToFloat", inputs, domain=_MS)

    def norm(self, value: str, own: str, to: str) -> str:
        """The norm of token states, shifted as the matrix `to` wants its inputs."""
        bias = self.array(own + ".bias.shifted", self.floats(own + ".bias") + self.centre(to))
        return self.op("LayerNormalization", [value, own + ".weight", bias], axis=-1, epsilon=_EPSILON)

    def centre(self, weight: str) -> Floats:
        """What to add to the inputs of a matrix before they are stretched, (inputs,); none for a matrix that is not."""
        if weight + ".shift" not in self.weights:
            return np.zeros(self.encoder.hidden, np.float32)
        return self.floats(weight + ".shift") / self.floats(weight + ".gain")

    def floats(self, weight: str) -> Floats:
        return np.asarray(self.weights[weight], np.float32)

    def encode(self) -> str:
        """Token states, (texts, tokens, hidden)."""
        words = self.op("Cast", [self.op("Gather", ["words", "ids"])], to=TensorProto.FLOAT)
        words = self.op("Mul", [words, self.op("Gather", ["words.scale", "ids"])])
        tokens = self.op("Shape", ["ids"], start=1, end=2)
        positions = self.op("Slice", ["positions", "start", tokens, "axis.first"])
        away = self.away(tokens)
        states = self.norm(self.op("Add", [words, positions]), "norm", to="layer.0.attention")
        for layer in range(self.encoder.layers):
            own, after = f"layer.{layer}.", f"layer.{layer + 1}.attention"
            seen = self.attention(states, own + "attention", away)
            seen = self.matrix(seen, own + "attended", beside=own + "attention")
            states = self.norm(self.op("Add", [seen, states]), own + "attended.norm", to=own + "wide")
            thought = self.op("Gelu", [self.matrix(states, own + "wide")])
            thought = self.matrix(thought, own + "narrow", beside=own + "wide")
            states = self.norm(self.op("Add", [thought, states]), own + "narrow.norm", to=after)
        return states

    def away(self, tokens: str) -> str:
        """Added to the likeness of a query to a key, (texts, 1, tokens, tokens): 0, or far below where there is no
        key."""
        keys = self.op("Sub", [self.op("Cast", ["mask"], to=TensorProto.FLOAT), "one"])
        keys = self.op("Unsqueeze", [self.op("Mul", [keys, "far"]), "axis.head.query"])
        lone = self.constant("lone", [1])
        return self.op("Expand", [keys, self.op("Concat", [lone, lone, tokens, lone], axis=0)])

    def attention(self, states: str, weight: str, away: str) -> str:
        """Query, key and value, and what they see.  The matrix of the three is cut when the graph is loaded."""
        given = self.rounded(states, weight)
        cut = {kind: self.thirds(weight + kind, axis) for kind, axis in (("", 1), (".scale", 0), (".bias", 0))}
        parts = [
            self.op("MatMulIntegerToFloat", [given, values, "one", scale, "middle", "", bias], domain=_MS)
            for values, scale, bias in zip(cut[""], cut[".scale"], cut[".bias"], strict=True)
        ]
        heads = self.encoder.attention_heads
        return self.op("Attention", [*parts, away], q_num_heads=heads, kv_num_heads=heads)

    def thirds(self, name: str, axis: int) -> list[str]:
        """A tensor cut in three."""
        parts = [f"{name}.{part}" for part in ("query", "key", "value")]
        self.nodes.append(helper.make_node("Split", [name], parts, axis=axis, num_outputs=3))
        return parts

    def mean(self, states: str, mask: str) -> str:
        """Mean of the token states that a mask marks, (rows, hidden); zero where it marks none."""
        weights = self.op("Cast", [mask], to=TensorProto.FLOAT)
        count = self.op("Max", [self.op("ReduceSum", [weights, "axis.tokens"], keepdims=1), "one"])
        weights = self.op("Unsqueeze", [self.op("Div", [weights, count]), "axis.tokens"])
        return self.op("Squeeze", [self.op("MatMul", [weights, states]), "axis.tokens"])

    def judge(self, post: str, heads: Sequence[str]) -> None:
        """Everything that is a linear layer on the post, in one product: its parts are put together when the graph is
        loaded."""
        names = [f"head.{head}" for head in heads] + ["embed"]
        widths = [self.weights[name].shape[1] for name in names]
        weight = self.op("Concat", names, axis=1)
        bias = self.op("Concat", [name + ".bias" for name in names], axis=0)
        found = self.op("Gemm", [post, weight, bias])
        parts = [f"logits.{head}" for head in heads] + ["embed.long"]
        self.nodes.append(helper.make_node("Split", [found, self.constant("widths", widths)], parts, axis=1))
        embedding = "embedding"
        self.nodes.append(helper.make_node("LpNormalization", ["embed.long"], [embedding], axis=-1, p=2))
        for name, width in zip(parts[:-1], widths, strict=False):
            self.output(name, name, width, "texts")
        self.output(embedding, embedding, widths[-1], "texts")
        self.output(self.linear(embedding, "project"), "sketch", self.weights["project"].shape[1], "texts")

    def toward(self, states: str, post: str) -> None:
        """Logits of the target head, (targets, labels); see `models.network.TargetHead`.

        There is one query a target and many tokens, so keys and values are not made for every token: the query goes
        through the keys' matrix, and what is seen goes through the values'.  The bias of the keys changes nothing.
        """
        hidden, inner = self.weights["target.query"].shape
        width = inner // TARGET_ATTENTION
        own = self.op("Gather", [states, "texts"])
        named = self.mean(own, "spans")
        query = self.op("Mul", [self.linear(named, "target.query"), self.scalar("target.temper", width**-0.5)])
        query = self.op("Reshape", [query, self.constant("target.parts", [0, TARGET_ATTENTION, 1, width])])
        key = self.op("Transpose", ["target.key"], perm=[1, 0])
        key = self.op("Reshape", [key, self.constant("target.keys", [TARGET_ATTENTION, width, hidden])])
        query = self.op("Squeeze", [self.op("MatMul", [query, key]), self.constant("axis.part", [2])])
        likeness = self.op("MatMul", [query, self.op("Transpose", [own], perm=[0, 2, 1])])
        seen = self.op("Gather", [self.op("Cast", ["mask"], to=TensorProto.FLOAT), "texts"])
        away = self.op("Mul", [self.op("Sub", [seen, "one"]), "far"])
        likeness = self.op("Add", [likeness, self.op("Unsqueeze", [away, "axis.tokens"])])
        found = self.op("MatMul", [self.op("Softmax", [likeness], axis=-1), own])
        value = self.op("Reshape", ["target.value", self.constant("target.values", [hidden, TARGET_ATTENTION, width])])
        value = self.op("Transpose", [value], perm=[1, 0, 2])
        found = self.op("MatMul", [self.op("Unsqueeze", [found, "axis.part"]), value])
        found = self.op("Reshape", [found, self.constant("target.inner", [0, inner])])
        found = self.op("Add", [found, "target.value.bias"])
        joined = self.op("Concat", [named, found, self.op("Gather", [post, "texts"])], axis=-1)
        logits = self.linear(self.op("Gelu", [self.linear(joined, "target.mix")]), "target.out")
        self.output(logits, f"logits.{TARGET}", self.weights["target.out"].shape[1], "targets")

    def scalar(self, name: str, value: float) -> str:
        self.constants[name] = np.array(value, np.float32)
        return name
