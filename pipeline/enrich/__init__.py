"""The enrich stage: whom a post is about, and what it feels about them."""

from pipeline.compiled import LINKER

COMPILED = LINKER.prefer()
"""Whether the hot modules of the linker are the compiled ones."""
