"""Detecting a snowball: pure and deterministic, `(state, mention) → (state, incident events)`."""

from pipeline import compiled

COMPILED = compiled.prefer(__path__)
"""Whether the hot modules are the compiled ones."""
