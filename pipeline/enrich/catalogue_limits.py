"""Limits of the sources of a catalogue and of its list of ordinary words."""

from __future__ import annotations

MOST = 20_000
"""Companies of an export that are retained unless more are asked for."""
MAX_MOST = 500_000

SIZE = 50
"""SCOWL numbers its lists by how rare their words are: up to here an educated speaker knows them."""
