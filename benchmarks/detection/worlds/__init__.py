"""Worlds that differ on purpose, for fitting in some and judging in another."""
