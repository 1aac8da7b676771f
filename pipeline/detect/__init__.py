"""The detector: pure and deterministic, `(state, mention) → (state, incident events)`."""

from pipeline.compiled import DETECTOR

COMPILED = DETECTOR.prefer()
"""Whether the hot modules are the compiled ones."""
