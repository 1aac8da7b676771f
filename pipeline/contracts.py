"""JSON Schemas of every message, generated from the code: ``python -m pipeline.contracts [--check]``.

One file a message in ``docs/contracts/``, complete in itself, for whoever consumes the topics.  The tests check that
the files are what the code says.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from pipeline import messages

MESSAGES = (
    messages.Post,
    messages.PostDeleted,
    messages.AuthorDeleted,
    messages.Mention,
    messages.MentionDeleted,
    messages.IncidentEvent,
)
"""Everything that travels on a topic as a message of its own."""

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "contracts"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(message: type[msgspec.Struct]) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one message.

    Unknown fields are allowed, since fields are added without a new version: consumers ignore what they do not know.
    """
    (reference,), definitions = msgspec.json.schema_components([message], ref_template="#/$defs/{name}")
    name = str(reference["$ref"]).rpartition("/")[2]
    own = definitions.pop(name)
    # Every message on a topic says what it is; msgspec asks for the tag only where it has to choose.
    required = sorted({*own.get("required", []), "type"})
    return {"$schema": DIALECT, **own, "required": required, **({"$defs": definitions} if definitions else {})}


def tag(message: type[msgspec.Struct]) -> str:
    """The value of a message's ``type`` field."""
    return str(message.__struct_config__.tag)


def documents() -> dict[str, bytes]:
    """File name → content, for every message."""
    return {
        f"{tag(message)}.json": msgspec.json.format(msgspec.json.encode(schema(message), order="sorted"), indent=2)
        + b"\n"
        for message in MESSAGES
    }


def outdated() -> list[str]:
    """Names of the files that are missing, differ from the code, or belong to no message."""
    expected = documents()
    found = {path.name: path.read_bytes() for path in FOLDER.glob("*.json")}
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def main(arguments: list[str] | None = None) -> int:
    """Writes the files, or with ``--check`` says which are not up to date; status 1 when there are any."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file is not up to date")
    stale = outdated()
    if parser.parse_args(arguments).check:
        if stale:
            print(f"Not up to date: {', '.join(stale)}. Run python -m pipeline.contracts", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    expected = documents()
    for name in stale:
        if name in expected:
            (FOLDER / name).write_bytes(expected[name])
        else:
            (FOLDER / name).unlink()
    print(f"Written: {', '.join(stale)}" if stale else "All up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
