"""JSON Schemas of the messages, and the page of all settings.

``python -m pipeline.contracts.schemas [--check]`` writes them, or says which are not up to date.

One file a message in ``docs/contracts/``, complete in itself, for whoever consumes the topics; ``docs/settings.md`` for
whoever runs them.  The tests check that the files are what the code says.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from pydantic import BaseModel, SecretStr

from pipeline.contracts.gaps import NetworkGap
from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import Mention, MentionDeleted
from pipeline.contracts.posts import AuthorDeleted, Post, PostDeleted
from pipeline.settings.section import Section
from pipeline.settings.settings import Settings

MESSAGES = (Post, PostDeleted, AuthorDeleted, NetworkGap, Mention, MentionDeleted, IncidentEvent)
"""Everything that travels on a topic as a message of its own."""

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "contracts"
SETTINGS = FOLDER.parent / "settings.md"
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
    expected = documents() | {SETTINGS.name: settings_page()}
    found = {path.name: path.read_bytes() for path in (*FOLDER.glob("*.json"), *SETTINGS.parent.glob(SETTINGS.name))}
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def settings_page() -> bytes:
    """Every setting, with its type, default and meaning, as Markdown."""
    lines = [
        "# Settings",
        "",
        "Written by `make contracts` from `pipeline/settings/`. A file `groundswell.toml` (or the one that",
        "`GROUNDSWELL_CONFIG` names), then the environment, then flags: the later wins. In the environment a key is",
        "`GROUNDSWELL_` and its path with two underscores, such as `GROUNDSWELL_KAFKA__BOOTSTRAP`; as a flag it is",
        "`groundswell --set kafka.bootstrap=…`. A secret may also be the content of a file that the same variable with",
        "`_FILE` at its end names.",
        "",
        "| key | type | default | meaning |",
        "|---|---|---|---|",
        *_rows(Settings),
        "",
    ]
    return "\n".join(lines).encode()


def _rows(model: type[BaseModel], prefix: str = "") -> list[str]:
    rows = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            rows += _rows(kind, f"{prefix}{name}.")
            continue
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        kind_name = "secret" if kind is SecretStr else _kind(kind)
        default = "" if kind is SecretStr or field.is_required() else f"`{field.default}`"
        rows.append(f"| `{prefix}{name}` | {kind_name} | {default} | {meaning} |")
    return rows


def _kind(kind: Any) -> str:
    """The words for a type: its name, or the values that it allows."""
    if get_origin(kind) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(kind))
    if get_origin(kind) is Annotated:
        return _kind(get_args(kind)[0])
    if get_origin(kind) in (list, dict):
        return f"{get_origin(kind).__name__}[{', '.join(map(_kind, get_args(kind)))}]"
    name = str(kind) if get_args(kind) else getattr(kind, "__name__", str(kind))
    return re.sub(r"\b(?:\w+\.)+", "", name).replace("|", "or")


def main(arguments: list[str] | None = None) -> int:
    """Writes the files, or with ``--check`` says which are not up to date; status 1 when there are any."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.contracts.schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file is not up to date")
    stale = outdated()
    if parser.parse_args(arguments).check:
        if stale:
            print(f"Not up to date: {', '.join(stale)}. Run python -m pipeline.contracts.schemas", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    expected = documents()
    for name in stale:
        if name == SETTINGS.name:
            SETTINGS.write_bytes(settings_page())
        elif name in expected:
            (FOLDER / name).write_bytes(expected[name])
        else:
            (FOLDER / name).unlink()
    print(f"Written: {', '.join(stale)}" if stale else "All up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
