"""Opens the scorer that the settings name; the one module that chooses a runtime."""

from __future__ import annotations

from models.manifest import MANIFEST, SHIPPED
from models.runtime.deadline import DeadlineScorer
from models.runtime.fixed import FixedScorer
from models.scorer import Scorer
from pipeline.errors import TerminalError
from pipeline.settings.model import ModelSettings


def load_scorer(settings: ModelSettings) -> Scorer:
    """The model that the settings name, loaded and verified; takes about a second.  It gives up, for good, when a call
    takes longer than `settings.timeout`.

    Raises `TerminalError` when the artefact is missing or not what its manifest says, or when the runtime that it
    needs is not installed.
    """
    if settings.backend == "fixed":
        return FixedScorer()
    return DeadlineScorer(_open(settings), settings.timeout)


def _open(settings: ModelSettings) -> Scorer:
    folder = settings.path or SHIPPED
    if settings.backend == "torch":
        try:
            from models.runtime.torch_any import open_torch
        except ImportError as error:
            raise TerminalError(
                f"{error.name} is not installed",
                subject="model.backend torch",
                todo="Install the train extra (pip install 'groundswell[train]'), or set model.backend to onnx",
            ) from None
        return open_torch(
            folder,
            threads=settings.threads,
            batch=settings.batch,
            labels=settings.labels,
            precision=settings.precision,
        )
    if (folder / "config.json").is_file() and not (folder / MANIFEST).is_file():
        raise TerminalError(
            "is a Hugging Face checkpoint, not an artefact",
            subject=str(folder),
            todo="Set model.backend to torch, which reads checkpoints",
        )
    from models.runtime.onnx_cpu import OnnxScorer

    return OnnxScorer(folder, threads=settings.threads, batch=settings.batch)
