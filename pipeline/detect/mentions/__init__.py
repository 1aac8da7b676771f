"""Mentions as they come in, and how much each of them counts."""
