"""Data folder of a running Groundswell, locked by one process at a time."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from typing import IO

from pipeline.errors import TerminalError

LOCK = "lock"
"""Name of the file that is locked.  It is never removed: a lock on a file that is gone would lock nobody out."""


class DataFolder:
    """A data folder that this process alone may run in, until `release`.

    Two would share state files and mix their offsets.  Raises `TerminalError` when the folder cannot be made or
    written to, or another Groundswell runs there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] = _open(path)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise TerminalError(
                "another Groundswell runs there", subject=f"data folder {path}",
                todo="Stop it, or name another folder by --data or GROUNDSWELL_DATA",
            ) from error  # fmt: skip

    def empty(self) -> None:
        """Remove everything in it but the lock."""
        for entry in self.path.iterdir():
            if entry.name == LOCK:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def release(self) -> None:
        """Let others run here."""
        self._lock.close()


def in_use(path: Path) -> bool:
    """Whether a Groundswell runs in a data folder now."""
    try:
        with (path / LOCK).open("r") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _open(path: Path) -> IO[str]:
    try:
        path.mkdir(parents=True, exist_ok=True)
        return (path / LOCK).open("a")
    except OSError as error:
        raise TerminalError(
            f"cannot be written to ({error.strerror})", subject=f"data folder {path}",
            todo="Name a folder of your own by --data or GROUNDSWELL_DATA",
        ) from error  # fmt: skip
