"""The model's reading of posts, for benchmarks that show figures with it and without."""

from __future__ import annotations

from models.load import load_scorer
from pipeline.enrich.meaning import MeaningReader, reader_of
from pipeline.errors import TerminalError
from pipeline.settings import ModelSettings


def shipped_reader() -> MeaningReader:
    """The reader over the shipped model.  Raises `TerminalError` where there is none."""
    scorer = load_scorer(ModelSettings())
    reader = reader_of(scorer)
    if reader is None:
        raise TerminalError(
            "its reading is not known", subject=str(scorer.ref), todo="Run benchmarks.linking_context --write"
        )
    return reader
