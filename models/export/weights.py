"""Tensors of an artefact, made from those of the trained network.

The matrices of the encoder are int8 with one scale an output, the word embeddings int8 with one scale a row, everything
else is float32.  Matrices are (inputs, outputs); query, key and value are one matrix.  Beside the matrix `NAME` of a
layer there are `NAME.scale`, `NAME.bias`, and, where the inputs are stretched before they are rounded, `NAME.gain` and
`NAME.shift`.  What the attention gives is stretched and shifted by its values, which costs nothing: it is a mean of
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.export.quantization import Floats, Matrix, Seen, fit
from models.manifest import Encoder
from models.network import TARGET_PARTS

Array = NDArray[np.generic]
Arrays = dict[str, Array]

TARGET = "target"

EXTRA = 16
"""Rows added to the matrix after the activation function, where a few channels are far larger than all others."""


def quantised_weights(
    state: Mapping[str, Floats], encoder: Encoder, heads: Sequence[str], seen: Mapping[str, Seen]
) -> Arrays:
    """The tensors of the artefact; `state` has `MultiHead` names, `seen` is of `activations.layer_inputs`."""
    out = _embeddings(state, encoder)
    for layer in range(encoder.layers):
        out |= _layer(state, encoder, f"layer.{layer}.", seen)
    linear = {f"head.{head}": f"heads.{head}" for head in heads if head != TARGET}
    linear |= {f"target.{part}": f"target.{part}" for part in TARGET_PARTS if TARGET in heads}
    linear |= {"embed": "embedding", "project": "sketch"}
    for name, part in linear.items():
        out[name] = state[part + ".weight"].T
        out[name + ".bias"] = state[part + ".bias"]
    return {name: np.ascontiguousarray(value) for name, value in out.items()}


def rows_in_int8(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Symmetric int8 and the scale of each row, (rows, 1)."""
    scale = np.maximum(np.abs(weight).max(axis=1, keepdims=True) / 127.0, 1e-12).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale


def _embeddings(state: Mapping[str, Floats], encoder: Encoder) -> Arrays:
    """The first token type is folded into the positions, of which only `max_tokens` are kept."""
    old = "encoder.embeddings."
    words, scale = rows_in_int8(state[old + "word_embeddings.weight"])
    positions = state[old + "position_embeddings.weight"][: encoder.max_tokens]
    return {
        "words": words,
        "words.scale": scale,
        "positions": positions + state[old + "token_type_embeddings.weight"][0],
        "norm.weight": state[old + "LayerNorm.weight"],
        "norm.bias": state[old + "LayerNorm.bias"],
    }


def _layer(state: Mapping[str, Floats], encoder: Encoder, own: str, seen: Mapping[str, Seen]) -> Arrays:
    old = "encoder.encoder." + own
    parts = {
        "attention": [f"{old}attention.self.{part}." for part in ("query", "key", "value")],
        "attended": [old + "attention.output.dense."],
        "wide": [old + "intermediate.dense."],
        "narrow": [old + "output.dense."],
    }
    given = {name: np.concatenate([state[p + "weight"] for p in of]).T for name, of in parts.items()}
    bias = {name: np.concatenate([state[p + "bias"] for p in of]) for name, of in parts.items()}
    narrow = fit(given["narrow"], seen[own + "narrow"], shifted=False, extra=EXTRA)
    attended = fit(given["attended"], seen[own + "attended"])
    attention = fit(given["attention"], seen[own + "attention"])
    wide = fit(given["wide"], seen[own + "wide"])
    bias = {
        "attention": bias["attention"] + attention.bias,
        "attended": bias["attended"] + attended.bias,
        "wide": (bias["wide"] + wide.bias)[narrow.channels],
        "narrow": bias["narrow"],
    }
    values = slice(2 * encoder.hidden, None)
    attention.scale[values] *= attended.gain
    bias["attention"][values] = bias["attention"][values] * attended.gain + attended.shift
    out: Arrays = {}
    for name, matrix in (("attention", attention), ("attended", attended), ("wide", wide), ("narrow", narrow)):
        chosen = narrow.channels if name == "wide" else slice(None)
        out |= {own + name: matrix.values[:, chosen], f"{own}{name}.scale": matrix.scale[chosen]}
        out[f"{own}{name}.bias"] = bias[name]
    out |= _stretch(own + "attention", attention) | _stretch(own + "wide", wide)
    out[own + "narrow.gain"] = narrow.gain
    for name, norm in (("attended", "attention.output."), ("narrow", "output.")):
        for kind in ("weight", "bias"):
            out[f"{own}{name}.norm.{kind}"] = state[f"{old}{norm}LayerNorm.{kind}"]
    return out


def _stretch(name: str, matrix: Matrix) -> Arrays:
    return {name + ".gain": matrix.gain, name + ".shift": matrix.shift}
