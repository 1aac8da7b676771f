"""The published schemas are what the code says, and refuse what the code refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, ValidationError

from pipeline.contracts import schemas, topics
from pipeline.contracts.posts import Post
from pipeline.contracts.schemas import FOLDER, MESSAGES, documents, main, outdated, tag

POST: dict[str, Any] = {
    "type": "post",
    "post_id": "reviews:1",
    "network": "reviews",
    "author": {"id": "reviews:a"},
    "text": "fine",
    "created_at": "2026-03-01T09:15:02Z",
}

WRONG: dict[str, dict[str, Any]] = {
    "empty id": {"post_id": ""},
    "id too long": {"post_id": "x" * 513},
    "text too long": {"text": "x" * 100_001},
    "text is a number": {"text": 1},
    "unknown kind": {"kind": "toot"},
    "negative followers": {"author": {"id": "a", "followers": -1}},
    "rating out of range": {"rating": 11},
    "version too large": {"version": 2**62 + 1},
}


def test_the_published_schemas_are_up_to_date() -> None:
    assert outdated() == [], "run python -m pipeline.contracts.schemas"


def test_every_message_of_a_topic_has_a_schema() -> None:
    carried = {part for topic in topics.ALL for part in getattr(topic.carries, "__args__", (topic.carries,))}
    assert carried - {bytes} <= set(MESSAGES)


@pytest.mark.parametrize("message", MESSAGES, ids=tag)
def test_a_schema_is_complete_and_explains_itself(message: type[msgspec.Struct]) -> None:
    schema = json.loads((FOLDER / f"{tag(message)}.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["type"] == {"enum": [tag(message)]}
    assert "type" in schema["required"]
    assert len(schema["description"]) > 20


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_schema_and_code_refuse_the_same(change: dict[str, Any]) -> None:
    validator = Draft202012Validator(json.loads((FOLDER / "post.json").read_bytes()))
    validator.validate(POST)
    with pytest.raises(ValidationError):
        validator.validate(POST | change)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(POST | change, Post)


def test_a_field_that_nobody_knows_yet_is_no_error() -> None:
    Draft202012Validator(json.loads((FOLDER / "post.json").read_bytes())).validate(POST | {"mood": "new"})
    assert msgspec.convert(POST | {"mood": "new"}, Post).text == "fine"


def test_the_command_writes_what_is_missing_and_takes_away_what_is_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schemas, "FOLDER", tmp_path)
    (tmp_path / "gone.json").write_text("{}")
    assert main(["--check"]) == 1
    assert "gone.json" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(documents())
