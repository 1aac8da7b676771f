"""State of the running servers, in ``.real/servers.json``, readable by its owner only.

It holds the password.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from deploy.local.process import Process


class Servers(Struct, kw_only=True):
    """The running servers, and who uses them.

    `kept` servers were asked for by a person (`up`) and stay until `down`; others end with their last user.
    """

    bootstrap: str
    url: str
    username: str
    password: str
    folder: str
    processes: list[Process]
    users: list[Process] = []
    kept: bool = False

    @property
    def running(self) -> bool:
        """Whether every process that was started is still there."""
        return bool(self.processes) and all(process.running for process in self.processes)

    def environment(self) -> dict[str, str]:
        """The settings of Groundswell that point to these servers."""
        return {
            "GROUNDSWELL_KAFKA__BOOTSTRAP": self.bootstrap,
            "GROUNDSWELL_INDEX__URL": self.url,
            "GROUNDSWELL_INDEX__USERNAME": self.username,
            "GROUNDSWELL_INDEX__PASSWORD": self.password,
        }


def state_file(base: Path) -> Path:
    """Where the state of the servers under `base` is."""
    return base / "servers.json"


def env_file(base: Path) -> Path:
    """The settings to export, to be sourced by a shell."""
    return base / "env"


def read(base: Path) -> Servers | None:
    """What was written last, or None; a file that cannot be read counts as none."""
    try:
        return msgspec.json.decode(state_file(base).read_bytes(), type=Servers)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write(base: Path, servers: Servers) -> None:
    """Keep the state and the settings to export, both for the owner's eyes only."""
    _private(state_file(base), msgspec.json.format(msgspec.json.encode(servers)))
    lines = [f"export {name}={value}\n" for name, value in servers.environment().items()]
    _private(env_file(base), "".join(lines).encode())


def forget(base: Path) -> None:
    """Take away both files."""
    state_file(base).unlink(missing_ok=True)
    env_file(base).unlink(missing_ok=True)


@contextmanager
def locked(base: Path) -> Iterator[None]:
    """Only one process at a time starts or stops servers under `base`; others wait here."""
    base.mkdir(parents=True, exist_ok=True)
    with (base / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _private(path: Path, data: bytes) -> None:
    """Write a whole file with mode 0600, never visible half-written or to others."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
    partial.replace(path)
