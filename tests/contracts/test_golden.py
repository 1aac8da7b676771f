"""Messages of every past version still decode, mean the same, and fit the published schemas.

The files in golden/ are never changed: a message that has gained a field gets a further file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from pipeline.contracts.decode import decode, decode_raw
from pipeline.contracts.mentions import ScoredMessage
from pipeline.contracts.posts import RawMessage
from pipeline.contracts.schemas import FOLDER, MESSAGES, tag

GOLDEN = sorted((Path(__file__).parent / "golden").glob("v*/*.json"))
BY_TAG = {tag(message): message for message in MESSAGES}
IDS = [f"{path.parent.name}/{path.stem}" for path in GOLDEN]


def message_of(path: Path) -> type[msgspec.Struct]:
    return BY_TAG[path.stem.partition(".")[0]]


def part_of(whole: Any, part: Any) -> Any:
    """What of `whole` has a place in `part`: fields added since are left out."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return {key: part_of(whole[key], part[key]) for key in part if key in whole}
    if isinstance(whole, list) and isinstance(part, list) and len(whole) == len(part):
        return [part_of(one, other) for one, other in zip(whole, part, strict=True)]
    return whole


def paths(value: Any, prefix: str = "") -> set[str]:
    """Every field that holds something, as a path; those of list items without their number."""
    if isinstance(value, dict):
        inner = [paths(item, f"{prefix}.{key}") | {f"{prefix}.{key}"} for key, item in value.items()]
        return set().union(*inner)
    if isinstance(value, list):
        return set().union(*(paths(item, prefix) for item in value))
    return set()


@pytest.mark.parametrize("path", GOLDEN, ids=IDS)
def test_decodes_and_encodes_to_the_same(path: Path) -> None:
    golden = json.loads(path.read_bytes())
    message = decode(path.read_bytes(), msgspec.json.Decoder(message_of(path)))
    assert part_of(json.loads(msgspec.json.encode(message)), golden) == golden


@pytest.mark.parametrize("path", GOLDEN, ids=IDS)
def test_fits_the_published_schema(path: Path) -> None:
    message = message_of(path)
    validator = Draft202012Validator(json.loads((FOLDER / f"{tag(message)}.json").read_bytes()))
    golden = json.loads(path.read_bytes())
    # What we publish fits as well: with every field, the unset ones null.
    published = json.loads(msgspec.json.encode(decode(path.read_bytes(), msgspec.json.Decoder(message))))
    assert [error.message for value in (golden, published) for error in validator.iter_errors(value)] == []


@pytest.mark.parametrize("message", MESSAGES, ids=tag)
def test_every_field_is_in_a_golden_message(message: type[msgspec.Struct]) -> None:
    files = [json.loads(path.read_bytes()) for path in GOLDEN if message_of(path) is message]
    decoded = [json.loads(msgspec.json.encode(msgspec.convert(file, message))) for file in files]
    known = set().union(*(paths(file) for file in files))
    assert set().union(*(paths(whole) for whole in decoded)) <= known


@pytest.mark.parametrize("name", ["post", "post.minimal", "post_deleted", "author_deleted"])
def test_what_agents_publish_is_told_apart_by_its_type(name: str) -> None:
    path = Path(__file__).parent / "golden" / "v1" / f"{name}.json"
    message: RawMessage = decode_raw(path.read_bytes(), produced=0.0)
    assert isinstance(message, message_of(path))


@pytest.mark.parametrize("name", ["mention", "mention_deleted", "post_deleted", "author_deleted"])
def test_what_enrich_publishes_is_told_apart_by_its_type(name: str) -> None:
    path = Path(__file__).parent / "golden" / "v1" / f"{name}.json"
    message: ScoredMessage = decode(path.read_bytes(), msgspec.json.Decoder(ScoredMessage))
    assert isinstance(message, message_of(path))
