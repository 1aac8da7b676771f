"""Detecting a snowball: pure and deterministic, `(state, mention) → (state, incident events)`."""
