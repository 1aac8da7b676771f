"""ONNX Runtime on the CPU, for artefacts with 8-bit weights.

Imports neither torch nor transformers.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import onnxruntime

from models import postprocessing
from models.manifest import MODEL, TOKENIZER, Head, Manifest, verify
from models.runtime.answer_cache import RecentAnswers
from models.runtime.batching import RECENT, Ids, read, read_tokenizer
from models.scorer import Reading, Scores
from pipeline.errors import TerminalError


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """A session on the CPU with so many threads (0: one a core that this process may use).

    Threads do not spin while they wait: the cores are shared with the consumers and the broker.  The graph is run as it
    is: of what the higher levels would join, the sum before a norm is six times slower joined than apart.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or _cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise TerminalError(
            f"ONNX Runtime cannot load it: {error}", subject=str(path), todo="Install the artefact anew"
        ) from None


def _cores() -> int:
    """Cores that this process may use; all of them where the system cannot say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class OnnxScorer:
    """Reads texts with an artefact; keeps to `models.scorer.Scorer`.

    The files are verified against the manifest before anything is loaded.  `score` may be called from several threads.
    """

    def __init__(self, folder: Path, *, threads: int = 0, batch: int = 32, recent: int = RECENT) -> None:
        self.manifest: Manifest = verify(folder)
        self.ref = self.manifest.ref
        self.heads: Mapping[str, Head] = self.manifest.heads
        self._batch = batch
        self._recent = RecentAnswers(recent)
        self._tokenizer = read_tokenizer(folder / TOKENIZER, self.manifest.encoder.max_tokens)
        self._session = open_session(folder / MODEL, threads)
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._asks = any(given.name == "spans" for given in self._session.get_inputs())

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        """One answer a reading, in order."""
        return read(readings, self._tokenizer, self.outputs, self.heads, self._recent, self._batch)

    def with_heads(self, heads: Mapping[str, Head]) -> Self:
        """The same network, read by other heads; it remembers no answers."""
        other = copy.copy(self)
        other.heads, other._recent = heads, RecentAnswers(0)
        return other

    def outputs(self, ids: Ids, mask: Ids, spans: Ids, texts: Ids) -> postprocessing.Outputs:
        """What the graph gives for token ids; a `models.runtime.batching.Network`."""
        fed = {"ids": ids, "mask": mask}
        if self._asks:
            fed |= {"spans": spans, "texts": texts}
        found = self._session.run(self._outputs, fed)
        return {name.removeprefix("logits."): value for name, value in zip(self._outputs, found, strict=True)}
