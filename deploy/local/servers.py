"""Starts, finds and stops the real servers of this checkout."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from deploy.local import elasticsearch, kafka, state
from deploy.local.download import Distribution, fetch
from deploy.local.process import Process, remember, stop
from deploy.local.state import Servers
from pipeline.errors import TerminalError

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / ".real"
START_SECONDS = 180.0
"""How long both may take to answer; 10 to 35 seconds is usual on two cores."""


class RealServers:
    """The real Kafka and Elasticsearch for as long as a ``with`` block lasts.

    Guarantees: servers that already run under `base` are shared; what this block started is stopped by its end, unless
    others still use it or ``up`` has asked for it to be kept.  Shared servers hold topics and indices of others: use
    names of your own.
    """

    def __init__(self, base: Path = BASE) -> None:
        self._base = base
        self._servers: Servers | None = None

    @property
    def servers(self) -> Servers:
        """Addresses and credentials; only inside the block."""
        if self._servers is None:
            raise RuntimeError("RealServers is used outside of its with block")
        return self._servers

    @property
    def bootstrap(self) -> str:
        return self.servers.bootstrap

    @property
    def url(self) -> str:
        return self.servers.url

    @property
    def username(self) -> str:
        return self.servers.username

    @property
    def password(self) -> str:
        return self.servers.password

    def __enter__(self) -> RealServers:
        with state.locked(self._base):
            servers = _running(self._base) or _start(self._base)
            me = remember("user", os.getpid())
            servers.users = [user for user in servers.users if user.running] + ([me] if me else [])
            state.write(self._base, servers)
        self._servers = servers
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._servers = None
        with state.locked(self._base):
            servers = state.read(self._base)
            if servers is None:
                return
            mine = next((user for user in servers.users if user.pid == os.getpid()), None)
            if mine is not None:
                servers.users.remove(mine)
            servers.users = [user for user in servers.users if user.running]
            if servers.users or servers.kept:
                state.write(self._base, servers)
            else:
                _stop(self._base, servers)


class OwnKafka(NamedTuple):
    """A Kafka of one's own."""

    bootstrap: str
    pid: int


@contextlib.contextmanager
def own_kafka(base: Path = BASE) -> Iterator[OwnKafka]:
    """A fresh Kafka that nobody else uses, for tests that need the topics' real names or harm the broker.  It is
    stopped, and its data dropped, at the end of the block.
    """
    with state.locked(base):
        libs = fetch(base).kafka
    folder = Path(tempfile.mkdtemp(prefix="kafka-", dir=base))
    log = folder / "kafka.log"
    port, controller_port = free_ports(2)
    child = kafka.start(libs, folder / "kafka", port, controller_port, log)
    process = remember("Kafka", child.pid)
    try:
        bootstrap = f"127.0.0.1:{port}"
        _wait({"Kafka": child}, {"Kafka": log}, {"Kafka": lambda: kafka.ready(bootstrap)})
        yield OwnKafka(bootstrap, child.pid)
    finally:
        stop([process] if process else [])
        shutil.rmtree(folder, ignore_errors=True)


def up(base: Path = BASE) -> tuple[Servers, bool]:
    """Servers that stay until `down`, and whether they were started just now; safe to repeat."""
    with state.locked(base):
        servers = _running(base)
        fresh = servers is None
        if servers is None:
            servers = _start(base)
        servers.kept = True
        state.write(base, servers)
    return servers, fresh


def down(base: Path = BASE, *, force: bool = False) -> tuple[list[Process], list[Process]]:
    """Stop the servers and drop their data; gives the processes that were running, and who still uses them.

    Servers in use are left to their last user to stop, unless `force`.
    """
    with state.locked(base):
        servers = state.read(base)
        if servers is None:
            return [], []
        servers.kept = False
        servers.users = [user for user in servers.users if user.running]
        if servers.users and servers.running and not force:
            state.write(base, servers)
            return [], servers.users
        return _stop(base, servers), []


def status(base: Path = BASE) -> Servers | None:
    """The servers that run under `base` and answer, or None."""
    servers = state.read(base)
    if servers is None or not servers.running:
        return None
    answer = kafka.ready(servers.bootstrap) and elasticsearch.ready(servers.url, servers.password)
    return servers if answer else None


def _running(base: Path) -> Servers | None:
    """What runs and answers; what only half runs is stopped first."""
    servers = status(base)
    if servers is None and (left := state.read(base)) is not None:
        _stop(base, left)
    return servers


def _start(base: Path) -> Servers:
    """Fetch, start and wait until both answer; on any failure nothing is left running."""
    distribution = fetch(base)
    elasticsearch_base, distribution = where_nobody_can_read(base, distribution)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=elasticsearch_base))
    # The other user must get through this folder to its own below; the files with secrets are in folders of that user.
    folder.chmod(0o711)
    ports = free_ports(4)
    servers = Servers(
        bootstrap=f"127.0.0.1:{ports[0]}",
        url=f"http://127.0.0.1:{ports[2]}",
        username=elasticsearch.USER,
        password=secrets.token_urlsafe(24),
        folder=str(folder),
        processes=[],
    )
    try:
        _launch(servers, base, distribution, folder, ports)
    except BaseException:
        _stop(base, servers)
        raise
    return servers


def _launch(servers: Servers, base: Path, distribution: Distribution, folder: Path, ports: list[int]) -> None:
    logs = {"Kafka": base / "kafka.log", "Elasticsearch": base / "elasticsearch.log"}
    for log in logs.values():
        log.write_bytes(b"")
    (folder / "elasticsearch").mkdir(mode=0o700)
    children = {
        "Elasticsearch": elasticsearch.start(
            distribution.elasticsearch,
            folder / "elasticsearch",
            ports[2],
            ports[3],
            servers.password,
            logs["Elasticsearch"],
        )
    }
    _note(servers, "Elasticsearch launcher", children["Elasticsearch"].pid)
    children["Kafka"] = kafka.start(distribution.kafka, folder / "kafka", ports[0], ports[1], logs["Kafka"])
    _note(servers, "Kafka", children["Kafka"].pid)
    # Written already now, so that `down` finds them should this process be killed while it waits.
    state.write(base, servers)
    answers = {
        "Kafka": lambda: kafka.ready(servers.bootstrap),
        "Elasticsearch": lambda: elasticsearch.ready(servers.url, servers.password),
    }
    _wait(children, logs, answers)
    node = elasticsearch.server_pid(folder / "elasticsearch")
    if node is not None:
        _note(servers, "Elasticsearch", node)


def _wait(
    children: Mapping[str, subprocess.Popen[bytes]], logs: Mapping[str, Path], ready: Mapping[str, Callable[[], bool]]
) -> None:
    """Until every child answers; raises `TerminalError` when one ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    waiting = set(children)
    while waiting:
        for name in sorted(waiting):
            if children[name].poll() is not None:
                raise TerminalError(
                    f"ended with status {children[name].returncode} while starting: {_last_line(logs[name])}",
                    subject=name,
                    todo=f"See {logs[name]}",
                )
            if ready[name]():
                waiting.discard(name)
        if waiting and time.monotonic() > deadline:
            files = ", ".join(str(logs[name]) for name in sorted(waiting))
            raise TerminalError(
                f"no answer within {START_SECONDS:.0f} s", subject=" and ".join(sorted(waiting)), todo=f"See {files}"
            )
        time.sleep(0.2 if waiting else 0.0)


def _note(servers: Servers, name: str, pid: int) -> None:
    process = remember(name, pid)
    if process is not None:
        servers.processes.append(process)


def _stop(base: Path, servers: Servers) -> list[Process]:
    # The node may have started without us having noted it, when starting was cut short.
    node = elasticsearch.server_pid(Path(servers.folder) / "elasticsearch")
    launcher = next((process for process in servers.processes if process.name == "Elasticsearch launcher"), None)
    noted = any(process.pid == node for process in servers.processes)
    if node is not None and not noted and launcher is not None and launcher.running:
        _note(servers, "Elasticsearch", node)
    stopped = stop(servers.processes)
    shutil.rmtree(servers.folder, ignore_errors=True)
    state.forget(base)
    return stopped


def where_nobody_can_read(base: Path, distribution: Distribution) -> tuple[Path, Distribution]:
    """As root, Elasticsearch runs as another user, who may not be let into our folder (such as /root): then its files
    go to /var/tmp."""
    if not elasticsearch.needs_other_user() or all(folder.stat().st_mode & 0o001 for folder in (base, *base.parents)):
        return base, distribution
    outside = Path("/var/tmp") / f"groundswell-real-{hashlib.sha256(str(base).encode()).hexdigest()[:12]}"
    with contextlib.suppress(FileExistsError):
        outside.mkdir(mode=0o711)
    if outside.is_symlink() or outside.stat().st_uid != os.geteuid():
        raise TerminalError("belongs to someone else", subject=str(outside), todo="Move it out of the way")
    home = outside / distribution.elasticsearch.parent.name / distribution.elasticsearch.name
    if not home.exists():
        shutil.copytree(distribution.elasticsearch, home, symlinks=True)
    return outside, Distribution(distribution.kafka, home)


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now: all are held at once, so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for taken in sockets:
            taken.bind(("127.0.0.1", 0))
        return [taken.getsockname()[1] for taken in sockets]


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
