"""The linker and the fixed scorer of the tests of enrich."""

from tests.enrich.conftest import linker, scorer

__all__ = ["linker", "scorer"]
