"""The linker and the fixed scorer of the tests of enrich."""

from tests.support.scorers import linker, scorer

__all__ = ["linker", "scorer"]
