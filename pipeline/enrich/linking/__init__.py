"""Entity linking: which of the followed companies a post speaks of, and how surely."""

from pipeline.compiled import LINKER

COMPILED = LINKER.prefer(__path__)
"""Whether the hot modules of the linker are the compiled ones."""
