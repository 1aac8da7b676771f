"""Checks before anything starts: ports, disk, memory, catalogue; one sentence each."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from pipeline.errors import TerminalError
from pipeline.settings.settings import Settings

START_BYTES = 200_000_000
"""Free bytes of the disk below which nothing is started."""

LEAST_BYTES = 20_000_000
"""Free bytes below which what runs is stopped: a full disk would leave half-written files."""

START_MEMORY = 600_000_000
"""Bytes of available memory below which nothing is started; the five processes take some 700 MB, most of it shared."""

_MEMINFO = Path("/proc/meminfo")


def check_machine(settings: Settings) -> None:
    """Raise `TerminalError` when the disk or the memory of this machine is too small to start on."""
    check_disk(settings.data, START_BYTES)
    _check_memory()


def check_catalogue(settings: Settings) -> None:
    """Raise `CatalogueError` when the catalogue that the settings name cannot be used; the shipped one can."""
    if settings.catalogue is not None:
        from pipeline.enrich.catalogue.loading import load_catalogue

        load_catalogue(settings.catalogue)


def check_port(what: str, host: str, port: int, setting: str) -> None:
    """Raise `TerminalError` when nobody could listen on a port; 0 means any, and is always well."""
    if port == 0:
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise TerminalError(
                f"cannot listen ({error.strerror})", subject=f"{what} on {host}:{port}",
                todo=f"Stop what listens there, or name a free port: --set {setting}=8801",
            ) from error  # fmt: skip


def check_disk(folder: Path, least: int) -> None:
    """Raise `TerminalError` when the disk of a folder, which need not exist yet, has fewer free bytes than `least`."""
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if free < least:
        raise TerminalError(
            f"{free / 1e6:,.0f} MB are free, {least / 1e6:,.0f} are needed", subject=f"disk of {folder}",
            todo="Make room, or name another folder by --data or GROUNDSWELL_DATA",
        )  # fmt: skip


def _check_memory() -> None:
    try:
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text(encoding="ascii").splitlines())
        available = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError, IndexError):
        return  # no such file on this system: nothing is known
    if available < START_MEMORY:
        raise TerminalError(
            f"{available / 1e6:,.0f} MB are available, {START_MEMORY / 1e6:,.0f} are needed", subject="memory",
            todo="End other programs first",
        )  # fmt: skip
