"""The model's reading of posts, for benchmarks that show figures with it and without."""

from __future__ import annotations

from models.load import load_scorer
from pipeline.enrich.linking.embeddings import EmbeddingReader, reader_of
from pipeline.errors import TerminalError
from pipeline.settings.model import ModelSettings


def reader_if_known() -> EmbeddingReader | None:
    """The reader over the shipped model; None where its numbers were fitted for another."""
    return reader_of(load_scorer(ModelSettings()))


def shipped_reader() -> EmbeddingReader:
    """The same.  Raises `TerminalError` where there is none."""
    reader = reader_if_known()
    if reader is None:
        raise TerminalError(
            "was not fitted for it",
            subject="the model's reading",
            todo="Run benchmarks.fitting.linking_context --write",
        )
    return reader
