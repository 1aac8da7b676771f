"""The one place where a runtime is chosen."""

from __future__ import annotations

from models.manifest import SHIPPED
from models.runtime.fixed import FixedScorer
from models.scorer import Scorer
from pipeline.settings import ModelSettings


def load_scorer(settings: ModelSettings) -> Scorer:
    """The model that the settings name, loaded and verified; takes about a second.

    Raises `TerminalError` when the artefact is missing or not what its manifest says, or when the runtime that it
    needs is not installed.
    """
    folder = settings.path or SHIPPED
    if settings.backend == "fixed":
        return FixedScorer()
    if settings.backend == "torch":
        from models.runtime.torch_any import open_torch

        return open_torch(folder, threads=settings.threads, batch=settings.batch)
    from models.runtime.onnx_cpu import OnnxScorer

    return OnnxScorer(folder, threads=settings.threads, batch=settings.batch)
