"""Opens the linker that the settings name."""

from __future__ import annotations

import time

import structlog

from pipeline.enrich.catalogue import load_catalogue
from pipeline.enrich.linker import Linker
from pipeline.settings import EnrichSettings

log = structlog.get_logger()


def open_linker(settings: EnrichSettings) -> Linker:
    """The linker of the shipped catalogue, extended by the user's where one is set.  Raises `CatalogueError`."""
    started = time.monotonic()
    catalogue = load_catalogue(settings.catalogue)
    linker = Linker(catalogue)
    log.info(
        "catalogue loaded",
        source=catalogue.source,
        entities=len(catalogue),
        seconds=round(time.monotonic() - started, 2),
    )
    return linker
