"""Opens the linker that the settings name, and reloads it when the catalogue changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from pipeline.enrich.catalogue import Catalogue, CatalogueError, load_catalogue
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.linking.reader import ContextReader

CHECK_EVERY = 2.0
"""Seconds between looks at the files; a change is read when it has stood still from one look to the next."""
NAMED = 20
"""Entities named in the audit line of a change, of each kind."""

log = structlog.get_logger()

Signature = tuple[tuple[str, int, int], ...]


def open_linker(own: Path | None = None, reader: ContextReader | None = None) -> Linker:
    """The linker of the shipped catalogue, extended by the user's `own` where there is one.  Raises `CatalogueError`.

    `reader` takes part in the decision on names that are ordinary words.
    """
    started = time.monotonic()
    catalogue = load_catalogue(own)
    linker = Linker(catalogue, reader)
    log.info(
        "catalogue loaded",
        source=catalogue.source,
        entities=len(catalogue),
        seconds=round(time.monotonic() - started, 2),
    )
    return linker


def in_background(work: Callable[[], None]) -> None:
    """Do something in a thread that does not keep the process alive."""
    threading.Thread(target=work, name="catalogue", daemon=True).start()


class Renewal:
    """Gives a new linker when the user's catalogue has changed, and None otherwise.

    Guarantees: a call costs a look at the clock, every `CHECK_EVERY` seconds one at the files; reading and building
    happen in the background.  A file that cannot be used changes nothing and is logged with the reason, once.
    """

    def __init__(
        self,
        path: Path,
        linker: Linker,
        *,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] = in_background,
    ) -> None:
        self._path = path
        self._catalogue = linker.catalogue
        self._reader = linker.reader
        self._clock = clock
        self._start = start
        self._read = self._last = signature(path)
        self._next = clock() + CHECK_EVERY
        self._busy = False
        self._ready: Linker | None = None

    def __call__(self) -> Linker | None:
        """The linker to go on with, once, when there is a new one."""
        if self._ready is not None:
            linker, self._ready = self._ready, None
            self._catalogue = linker.catalogue
            return linker
        now = self._clock()
        if now >= self._next and not self._busy:
            self._next = now + CHECK_EVERY
            seen = signature(self._path)
            still, self._last = seen == self._last, seen
            if still and seen != self._read:
                self._read, self._busy = seen, True
                self._start(self._build)
        return None

    def _build(self) -> None:
        started = time.monotonic()
        try:
            catalogue = load_catalogue(self._path)
            linker = Linker(catalogue, self._reader)
            if signature(self._path) != self._read:
                self._read = ()  # changed while it was read: once more
                return
            seconds = round(time.monotonic() - started, 2)
            log.info(
                "catalogue reloaded",
                source=catalogue.source,
                entities=len(catalogue),
                seconds=seconds,
                **changes(self._catalogue, catalogue),
            )
            self._ready = linker
        except CatalogueError as error:
            log.error("catalogue not reloaded, the one before stays in force", reason=str(error))
        except Exception:  # the stream goes on with what it has, whatever a file holds
            log.exception("catalogue not reloaded, the one before stays in force", source=str(self._path))
        finally:
            self._busy = False


def signature(path: Path) -> Signature:
    """Names, times and sizes of the catalogue's files; empty while there is none."""
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        stats = [(file.name, file.stat()) for file in files]
    except OSError:
        return ()
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


def changes(old: Catalogue, new: Catalogue) -> dict[str, object]:
    """What an audit line says of a change: how many entities came, went and changed, and the first of each."""
    before, after = old.entities, new.entities
    kinds = {
        "added": [i for i in after if i not in before],
        "removed": [i for i in before if i not in after],
        "changed": [i for i in after if i in before and after[i] != before[i]],
    }
    summary: dict[str, object] = {}
    for kind, ids in kinds.items():
        names = [f"{i} ({(after.get(i) or before[i]).name})" for i in sorted(ids)[:NAMED]]
        summary[kind] = len(ids)
        summary[f"{kind}_first"] = names
    return summary
