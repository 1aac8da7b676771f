"""An Elasticsearch node on loopback, with a password that lives as long as the node.

Access is by basic authentication.

Elasticsearch refuses to run as root, so that root runs it as `nobody`.
"""

from __future__ import annotations

import base64
import os
import pwd
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from deploy.local.process import launch
from deploy.local.tools import ELASTICSEARCH_JAVA, MissingTool, find_java
from pipeline.errors import TerminalError

USER = "elastic"


def settings(folder: Path, port: int, transport_port: int) -> str:
    """The node's elasticsearch.yml.  Full disks do not stop it: the data is short-lived and small."""
    return f"""cluster.name: groundswell-local
node.name: local
discovery.type: single-node
network.host: 127.0.0.1
http.port: {port}
transport.port: {transport_port}
path.data: {folder / "data"}
path.logs: {folder / "logs"}
xpack.security.enabled: true
xpack.security.autoconfiguration.enabled: false
xpack.security.http.ssl.enabled: false
xpack.security.transport.ssl.enabled: false
cluster.routing.allocation.disk.threshold_enabled: false
action.auto_create_index: false
"""


def start(
    home: Path, folder: Path, port: int, transport_port: int, password: str, log: Path
) -> subprocess.Popen[bytes]:
    """Make a fresh node in `folder` and start it; it is not ready yet when this returns."""
    config = folder / "config"
    shutil.copytree(home / "config", config)
    (config / "elasticsearch.yml").write_text(settings(folder, port, transport_port))
    for name in ("data", "logs", "tmp"):
        (folder / name).mkdir()
    keystore = [*_as_other_user(folder), str(home / "bin" / "elasticsearch-keystore")]
    _run([*keystore, "create"], _environment(folder))
    _run([*keystore, "add", "-x", "-f", "bootstrap.password"], _environment(folder), password)
    return start_again(home, folder, log)


def start_again(home: Path, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start the node of a folder that `start` has made: on the data, the ports and the password that it had."""
    command = [*_as_other_user(folder), str(home / "bin" / "elasticsearch"), "-p", str(folder / "pid")]
    return launch(command, log, _environment(folder), folder)


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "ES_JAVA_HOME": str(find_java(ELASTICSEARCH_JAVA)),
        "ES_PATH_CONF": str(folder / "config"),
        "ES_TMPDIR": str(folder / "tmp"),
        "ES_JAVA_OPTS": "-Xms1g -Xmx1g",
        "CLI_JAVA_OPTS": "-Xmx64m",
    }


def server_pid(folder: Path) -> int | None:
    """Process id of the node itself (what was started is its launcher), once it has written it."""
    try:
        return int((folder / "pid").read_text())
    except (OSError, ValueError):
        return None


def ready(url: str, password: str) -> bool:
    """Whether the node answers us and its cluster can take writes."""
    request = urllib.request.Request(f"{url}/_cluster/health?wait_for_status=yellow&timeout=1s")
    token = base64.b64encode(f"{USER}:{password}".encode()).decode()
    request.add_header("Authorization", f"Basic {token}")
    # No proxy: the node is on loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=3.0) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def needs_other_user() -> bool:
    """Whether we are root, as which Elasticsearch does not run."""
    return os.geteuid() == 0


def _as_other_user(folder: Path) -> list[str]:
    """What to put before a command so that it does not run as root; gives `folder` to that user."""
    if not needs_other_user():
        return []
    if shutil.which("setpriv") is None:
        raise MissingTool(
            "is not installed; Elasticsearch does not run as root, and it takes root's rights away",
            subject="setpriv",
            todo="Install util-linux, or run this as an ordinary user",
        )
    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


def _run(command: list[str], environment: dict[str, str], typed: str = "") -> None:
    done = subprocess.run(
        command, input=typed, capture_output=True, text=True, env=environment, check=False, timeout=120
    )
    if done.returncode != 0:
        # Its output never holds what was typed.
        raise TerminalError(f"failed: {(done.stderr or done.stdout)[-500:]}", subject=" ".join(command[-3:]))
