"""``python -m deploy.kibana [--check]`` writes ``groundswell.ndjson``, which Kibana imports."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from deploy.kibana.objects import objects

FILE = Path(__file__).with_name("groundswell.ndjson")


def content() -> str:
    """One object a line."""
    return "".join(json.dumps(item, ensure_ascii=False, sort_keys=True) + "\n" for item in objects())


def main(arguments: list[str]) -> int:
    """Writes the file; with ``--check`` only says whether it is up to date (status 1 when not)."""
    if "--check" in arguments:
        return 0 if FILE.is_file() and FILE.read_text() == content() else 1
    FILE.write_text(content())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
