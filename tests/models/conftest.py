"""Scorers under test, each opened once: the shipped artefact by both runtimes, and the stand-in."""

from __future__ import annotations

import pytest

from models.load import load_scorer
from models.scorer import Scorer
from pipeline.settings import ModelSettings

_OPEN: dict[str, Scorer] = {}


def scorer_for(backend: str) -> Scorer:
    """The scorer that the settings give for a backend, on one thread."""
    if backend not in _OPEN:
        settings = ModelSettings.model_validate({"backend": backend, "threads": 1, "batch": 16})
        _OPEN[backend] = load_scorer(settings)
    return _OPEN[backend]


@pytest.fixture(params=["fixed", "onnx", pytest.param("torch", marks=pytest.mark.torch)])
def scorer(request: pytest.FixtureRequest) -> Scorer:
    """Every backend in turn."""
    return scorer_for(request.param)
