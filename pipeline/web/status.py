"""The status file: what is running, written by `groundswell run` and read by the page."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

FILE = "status.json"
"""Its name in the data folder."""

MAX_BYTES = 1_000_000

STALE = 20.0
"""Seconds after which it is out of date: what runs writes it every few."""


def write_status(folder: Path, status: Mapping[str, Any]) -> None:
    """Replace what the page shows as running; `create_app` says which entries it knows."""
    (folder / FILE).write_bytes(msgspec.json.encode(status))


def read_status(folder: Path, clock: Callable[[], float] = time.time) -> Mapping[str, Any]:
    """What the file says, or nothing when it is not there or half written.

    A file that nobody has written for `STALE` seconds was left by something that has ended: then nothing runs.
    """
    try:
        with (folder / FILE).open("rb") as file:
            status = msgspec.json.decode(file.read(MAX_BYTES), type=dict[str, Any])
            age = clock() - os.fstat(file.fileno()).st_mtime
    except (OSError, msgspec.DecodeError):
        return {}
    if age > STALE:
        status.pop("running", None)
        status["services"] = [{"name": "groundswell run", "state": "stopped"}]
    return status
