"""SECURITY.md says what stays of a deleted post, where and how long: every place has a row, and the times hold."""

from __future__ import annotations

from pathlib import Path

from pipeline.contracts.topics import DEAD_LETTERS, INCIDENTS, MENTIONS_SCORED, POSTS_RAW, STATEFUL, changelog
from pipeline.promise.verdicts import FILE

_TEXT = (Path(__file__).parents[2] / "SECURITY.md").read_text()


def _places() -> dict[str, str]:
    """By place what its row says."""
    table = _TEXT.split("## Personal data")[1]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return {row[0]: " ".join(row[1:]) for row in rows[1:]}


def test_every_place_that_holds_content_has_its_row() -> None:
    """Each is erased, or the row says why not; the behaviour itself is tested where it is (tests/index/test_erasure.py,
    tests/alert/test_stage.py, tests/commands/operations/test_index.py)."""
    words = " ".join(_places())
    topics = [topic.name for topic in (INCIDENTS, POSTS_RAW, MENTIONS_SCORED)]
    index = ["mentions in the index", "history in the index", "dead letters in the index"]
    for place in (*topics, *index, "dead-letter topics", "alerts that wait", "rejects", "verdicts"):
        assert place in words


def test_times_and_files_are_those_of_the_program() -> None:
    places = _places()
    raw, scored = POSTS_RAW.retention_days, MENTIONS_SCORED.retention_days
    assert f"for {raw} and {scored} days" in places["`posts.raw.v1`, `mentions.scored.v1`"]
    assert {topic.retention_days for topic in DEAD_LETTERS} == {30}
    assert "for 30 days" in places["dead-letter topics"]
    assert f"after {INCIDENTS.uncompacted_days} days, and {INCIDENTS.compacted_days} at" in places["`incidents.v1`"]
    assert {changelog(stage).compacted_days for stage in STATEFUL} == {7}
    assert "after 7 days at the latest" in places["state topics"]
    assert FILE in places["verdicts of people"]
