"""Watch list: the companies that are followed, in a small file that every process reads.

The file is JSON, replaced as a whole, so that a reader sees the list before or after a change and nothing between.
Without a file, everything in the catalogue is followed.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import structlog
from msgspec import Meta, Struct

from pipeline.enrich.catalogue.entities import Catalogue, EntityId, Name
from pipeline.errors import TerminalError, TransientError

MAX_COMPANIES = 10_000
MAX_BYTES = 4 * 2**20
CHECK_EVERY = 2.0
"""Seconds between looks at the file."""

Relation = Literal["own", "competitor"]

log = structlog.get_logger()


class FollowedCompany(Struct, frozen=True, forbid_unknown_fields=True):
    """A company of the list, and what it is to those who follow it."""

    id: EntityId
    name: Name
    relation: Relation = "own"


class WatchList(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Companies by name, and whole industries (`industry` of the catalogue)."""

    companies: Annotated[tuple[FollowedCompany, ...], Meta(max_length=MAX_COMPANIES)] = ()
    industries: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()

    def with_company(self, company: FollowedCompany) -> WatchList:
        """The list with a company at its end; in its old position where it is followed already."""
        known = [company if other.id == company.id else other for other in self.companies]
        return WatchList(tuple(known if company in known else [*known, company]), self.industries)

    def with_industry(self, industry: str) -> WatchList:
        """The list with an industry."""
        return WatchList(self.companies, tuple(dict.fromkeys((*self.industries, industry))))

    def without(self, name: str) -> WatchList:
        """The list without the company or industry of this id or name."""
        wanted = name.casefold()
        return WatchList(
            tuple(c for c in self.companies if wanted not in (c.id.casefold(), c.name.casefold())),
            tuple(industry for industry in self.industries if industry.casefold() != wanted),
        )

    def followed(self, catalogue: Catalogue) -> frozenset[str]:
        """Ids of all that is followed: the companies, and those of the catalogue that are of an industry."""
        named = {company.id for company in self.companies}
        industries = frozenset(self.industries)
        return frozenset(named | {e.id for e in catalogue.entities.values() if not industries.isdisjoint(e.industry)})


_DECODER = msgspec.json.Decoder(WatchList)


def read_watch_list(path: Path) -> WatchList | None:
    """The list, or None where there is no file or nothing in it.  Raises `TerminalError` for a file that is no list."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TerminalError("is no list of followed companies: too large", subject=str(path))
        found = _DECODER.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TerminalError(
            f"is no list of followed companies ({error})", subject=str(path),
            todo="Mend it, or remove it and follow anew",
        ) from error  # fmt: skip
    except OSError as error:
        raise TransientError(f"cannot be read ({error.strerror})", subject=str(path)) from error
    return found if found.companies or found.industries else None


def write_watch_list(path: Path, watch_list: WatchList) -> None:
    """Replace the list; an empty one removes the file.  Raises `TerminalError` when there are too many or it fails."""
    if len(watch_list.companies) > MAX_COMPANIES:
        raise TerminalError(f"more than {MAX_COMPANIES:,} companies", todo="Follow an industry instead")
    try:
        if not watch_list.companies and not watch_list.industries:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, msgspec.json.format(msgspec.json.encode(watch_list), indent=1) + b"\n")
    except OSError as error:
        raise TerminalError(
            f"cannot be written ({error.strerror})", subject=str(path), todo="Check the folder's permissions"
        ) from error


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that readers see the old content or the new, also after a crash."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class WatchListFile:
    """Gives the list in force, for a stage that runs: a change takes force within `CHECK_EVERY` seconds.

    Guarantees: a call costs a look at the clock, every `CHECK_EVERY` seconds one at the file.  A file that cannot be
    used changes nothing and is logged, once.  Raises `TerminalError` only when the first reading fails.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._stamp = self._signature()
        self._list = read_watch_list(path)
        self._next = clock() + CHECK_EVERY

    def __call__(self) -> WatchList | None:
        """The list; None while everything is followed."""
        now = self._clock()
        if now >= self._next:
            self._next = now + CHECK_EVERY
            stamp = self._signature()
            if stamp != self._stamp:
                self._stamp = stamp
                self._read()
        return self._list

    def _read(self) -> None:
        try:
            self._list = read_watch_list(self._path)
        except (TerminalError, TransientError) as error:
            log.error("list of followed companies not read, the one before stays in force", reason=str(error))
            return
        count = None if self._list is None else len(self._list.companies)
        log.info("list of followed companies read", path=str(self._path), companies=count)

    def _signature(self) -> tuple[int, int, int] | None:
        """What changes when the file is replaced; None without one."""
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size
