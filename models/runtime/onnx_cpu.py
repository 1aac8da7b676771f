"""The runtime for CPUs: ONNX Runtime on an artefact with 8-bit weights.  Imports neither torch nor transformers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models import answers
from models.manifest import MODEL, TOKENIZER, Manifest, verify
from models.runtime.reading import Ids, read, read_tokenizer
from models.runtime.recent import RecentAnswers
from models.scorer import Scores
from pipeline.errors import TerminalError

RECENT = 16_384
"""Answers kept for exact repeats: some 10 MB."""


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """A session on the CPU with so many threads (0: one a core that this process may use).

    Threads do not spin while they wait: the cores are shared with the consumers and the broker.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or _cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
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
        self._head = self.manifest.heads["sentiment"]
        self._batch = batch
        self._recent = RecentAnswers(recent)
        self._tokenizer = read_tokenizer(folder / TOKENIZER, self.manifest.encoder.max_tokens)
        self._session = open_session(folder / MODEL, threads)

    def score(self, texts: Sequence[str]) -> list[Scores]:
        """One answer a text, in order."""
        return read(texts, self._tokenizer, self._network, self._recent, self._batch)

    def logits(self, ids: Ids, mask: Ids) -> NDArray[np.float32]:
        """Raw outputs of the sentiment head, (texts, labels)."""
        return np.asarray(self._session.run(["logits.sentiment"], {"ids": ids, "mask": mask})[0])

    def _network(self, ids: Ids, mask: Ids) -> list[Scores]:
        return answers.scores(self.logits(ids, mask), self._head)
