"""``python -m deploy.local up|down|status``"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from deploy.local import state
from deploy.local.servers import BASE, down, status, up
from pipeline.errors import GroundswellError


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 failed or (status) not running, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local", description="The real Kafka and Elasticsearch on this machine, without Docker."
    )
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.add_argument("--force", action="store_true", help="down: also when tests still use them")
    given = parser.parse_args(arguments)
    try:
        return _down(given.force) if given.action == "down" else {"up": _up, "status": _status}[given.action]()
    except GroundswellError as error:
        print(error, file=sys.stderr)
        return 1


def _up() -> int:
    begin = time.monotonic()
    servers, fresh = up()
    took = f"started in {time.monotonic() - begin:.0f} s" if fresh else "were up already"
    print(f"Kafka {servers.bootstrap} and Elasticsearch {servers.url} {took}.")
    print("Let Groundswell use them, in this shell:")
    print(f"  . {_short(state.env_file(BASE))}     # {', '.join(servers.environment())}")
    print("Stop them and drop their data: python -m deploy.local down")
    return 0


def _down(force: bool) -> int:
    stopped, users = down(force=force)
    if users:
        using = ", ".join(str(user.pid) for user in users)
        print(f"Still used by process {using}: they stop with it (or now, with --force).")
        return 0
    names = [f"{process.name} ({process.pid})" for process in stopped]
    print(f"Stopped: {', '.join(names)}" if names else "Not running.")
    return 0


def _status() -> int:
    servers = status()
    if servers is None:
        print("Not running.")
        return 1
    print(f"Kafka {servers.bootstrap}, Elasticsearch {servers.url} (user {servers.username}).")
    print(f"Settings to export: . {_short(state.env_file(BASE))}")
    return 0


def _short(path: Path) -> str:
    shown = os.path.relpath(path)
    return str(path) if shown.startswith("..") else shown


if __name__ == "__main__":
    sys.exit(main())
