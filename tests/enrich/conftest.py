"""The linker over the shipped catalogue, and a scorer that remembers what it read."""

from tests.support.scorers import linker, scorer

__all__ = ["linker", "scorer"]
