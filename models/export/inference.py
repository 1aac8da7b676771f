"""Logits of an exported graph for labelled examples, for calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.evaluation.cross_fitting import tenth_of
from models.export.calibrate import ALWAYS, Judged
from models.training.config import TARGET, TrainConfig
from models.training.dataset.batches import Tokens, gather, tokens
from models.training.dataset.loading import Pool
from models.training.dataset.readers import UNKNOWN, Example
from models.training.dev_metrics import labels_of

Logits = Mapping[str, NDArray[np.float32]]


def judged_by(
    session: onnxruntime.InferenceSession, tokenizer: Tokenizer, config: TrainConfig, pool: Pool
) -> dict[str, Judged]:
    """Its answers to the texts that temperatures are fitted on, beside their labels."""
    examples = _held_out(pool)
    data = tokens(examples, tokenizer, list(config.post_heads))
    return _judged(examples, data, small_logits(session, data), pool)


def _held_out(pool: Pool) -> list[Example]:
    """The texts that temperatures are fitted on: of the calibration part, and those that are reported on.  Sentences
    that were made to teach (`taught` is false) are not what a stream is like: they do not say how sure to be."""
    reported = (example for examples in pool.report.values() for example in examples)
    return [example for example in (*pool.calibration, *reported) if example.taught]


def _judged(
    examples: Sequence[Example], data: Tokens, logits: Mapping[str, NDArray[np.floating]], pool: Pool
) -> dict[str, Judged]:
    """The logits of every head beside the labels; `data` are the tokens of the examples, which `_held_out` gave."""
    own = {id(example) for example in pool.calibration}
    tenths = [ALWAYS if id(example) in own else tenth_of(example.text) for example in examples]
    of_names = [tenth for tenth, names in zip(tenths, data.targets, strict=True) for _ in names]
    out = {}
    for name, found in logits.items():
        labels = labels_of(data, name)
        known = labels != UNKNOWN
        tenth = np.array(of_names if name == TARGET else tenths, np.int64)
        out[name] = Judged(found[known], labels[known], tenth[known])
    return out


def small_logits(session: onnxruntime.InferenceSession, data: Tokens, size: int = 16) -> Logits:
    """Logits of the exported graph: of each head for all examples, of the target head for all targets."""
    order = sorted(range(len(data.ids)), key=lambda index: len(data.ids[index]))
    names = [output.name for output in session.get_outputs() if output.name.startswith("logits.")]
    out: dict[str, NDArray[np.float32]] = {}
    for start in range(0, len(order), size):
        batch = gather(data, order[start : start + size])
        spans, texts = batch.spans.numpy(), batch.texts.numpy()
        if not len(texts):  # the graph wants one target at least
            spans, texts = batch.mask[:1].numpy(), np.zeros(1, np.int64)
        fed = {"ids": batch.ids.numpy(), "mask": batch.mask.numpy(), "spans": spans, "texts": texts}
        for output, found in zip(names, session.run(names, fed), strict=True):
            name = output.removeprefix("logits.")
            rows = batch.asked if name == "target" else batch.rows
            if name not in out:
                count = sum(map(len, data.targets)) if name == "target" else len(order)
                out[name] = np.zeros((count, found.shape[1]), np.float32)
            out[name][rows] = found[: len(rows)]
    return out
