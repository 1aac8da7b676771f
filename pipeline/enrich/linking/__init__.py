"""Entity linking: which entities of the catalogue a post names, and how surely."""

from pipeline.compiled import LINKER

COMPILED = LINKER.prefer()
"""Whether the hot modules of the linker are the compiled ones."""
