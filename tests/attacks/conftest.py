"""The linker over the shipped catalogue."""

from tests.support.scorers import linker

__all__ = ["linker"]
