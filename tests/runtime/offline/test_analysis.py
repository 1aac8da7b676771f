"""Posts of a file into mentions and into one line a post: order, memory, broken lines, going on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any

import psutil
import pytest

from models.scorer import Reading, Scores
from pipeline.contracts.decode import MAX_BYTES
from pipeline.contracts.mentions import ModelRef, Sentiment, Signals
from pipeline.contracts.values import Label
from pipeline.ingest.formats.lines import SourceLine, lines
from pipeline.ingest.formats.posts import PostsReader
from pipeline.runtime.offline import analysis
from pipeline.runtime.offline.analysis import (
    CHUNK,
    InputRows,
    SentimentRequest,
    Watermark,
    linked,
    per_post,
)
from pipeline.runtime.offline.resumable_output import OutputPiece
from pipeline.settings.settings import Settings
from pipeline.stages.state import MemoryStore


def feeling(label: Label) -> Sentiment:
    negative, neutral, positive = (0.9 if label == one else 0.05 for one in ("negative", "neutral", "positive"))
    return Sentiment(negative, neutral, positive, label, True)


class NextWord:
    """The post is neutral; toward a name the feeling is the word behind it, where there is one."""

    ref = ModelRef("next-word", "1")

    def __init__(self) -> None:
        self.asked: list[Reading] = []

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        self.asked += [one for one in readings if isinstance(one, Reading)]
        return [self._one(one) for one in readings if isinstance(one, Reading)]

    def _one(self, reading: Reading) -> Scores:
        found = []
        for target in reading.targets:
            words = reading.text[target[-1][1] :].split() if target else []
            found.append(feeling("positive" if words[:1] == ["rocks"] else "negative" if words else "neutral"))
        return Scores(feeling("neutral"), tuple(found), Signals(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), "joy")


def source(*posts: object, skip: int = 0) -> InputRows:
    raw = b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in posts)
    return InputRows(PostsReader().from_lines(lines(BytesIO(raw))), skip)


def rows(pieces: Iterator[OutputPiece]) -> list[dict[str, Any]]:
    return [json.loads(line) for piece in pieces for line in piece.output.splitlines()]


def post(number: int, text: str = "we waited an hour for the bus", **other: object) -> dict[str, object]:
    return {"post_id": f"p{number}", "text": text, **other}


def test_one_line_a_post_in_order_with_all_signals() -> None:
    found = rows(per_post(NextWord(), source(*map(post, range(600))), SentimentRequest()))
    assert [one["post_id"] for one in found] == [f"p{n}" for n in range(600)]
    assert found[0] == {
        "post_id": "p0",
        "sentiment": {"negative": 0.05, "neutral": 0.9, "positive": 0.05, "label": "neutral", "sure": True},
        "signals": {
            "offensive": 0.1, "hate": 0.2, "irony": 0.3, "complaint": 0.4, "question": 0.5, "praise": 0.6,
        },
        "emotion": "joy",
        "lang": "en",
        "untrained": None,
        "model": {"name": "next-word", "version": "1"},
    }  # fmt: skip


def test_each_post_is_asked_about_its_own_target_at_every_place() -> None:
    scorer = NextWord()
    text = "Ada stinks but bob rocks , I say bob rocks"
    found = rows(
        per_post(
            scorer, source(post(1, text, target="Ada"), post(2, text, target="Bob")), SentimentRequest(whole=False)
        )
    )
    assert [(one["target"], one["named"], one["sentiment"]["label"]) for one in found] == [
        ("Ada", True, "negative"),
        ("Bob", True, "positive"),
    ]
    assert [text[start:end] for start, end in scorer.asked[1].targets[0]] == ["bob", "bob"]


def test_a_post_that_does_not_name_its_target_says_so() -> None:
    found = rows(
        per_post(NextWord(), source(post(1, target="Ada"), post(2), post(3, target="")), SentimentRequest(whole=False))
    )
    assert [(one["target"], one["named"], one["sentiment"]["label"]) for one in found] == [
        ("Ada", False, "neutral"),
        (None, False, "neutral"),
        ("", False, "neutral"),
    ]


def test_a_name_for_all_posts_wins_over_their_own() -> None:
    found = rows(
        per_post(NextWord(), source(post(1, "#adalovelace rocks", target="x")), SentimentRequest(False, "@ada"))
    )
    assert (found[0]["target"], found[0]["named"]) == ("@ada", True)


def test_of_a_long_post_the_part_around_the_name_is_read() -> None:
    scorer = NextWord()
    text = "we waited an hour for the bus. " * 100 + "Ada rocks " + "and then we went home. " * 100
    found = rows(per_post(scorer, source(post(1, text, target="Ada")), SentimentRequest(whole=False)))
    assert found[0]["sentiment"]["label"] == "positive"
    (reading,) = scorer.asked
    assert len(reading.text) < 1_000
    assert [reading.text[start:end] for start, end in reading.targets[0]] == ["Ada"]


def test_what_the_model_was_not_trained_for_is_never_sure_and_says_why() -> None:
    german = "Der Kundendienst antwortet seit zwei Wochen nicht, ich bin sehr enttäuscht von dieser Firma."
    found = rows(per_post(NextWord(), source(post(1, german), post(2, "👍👍")), SentimentRequest()))
    assert [(one["sentiment"]["sure"], one["untrained"]) for one in found] == [(False, "language"), (False, "no_words")]
    assert found[0]["lang"] == "de"


BROKEN = (
    b"{", b"[]", b"\xff\xfe", b'{"post_id": "x"}', b'{"post_id": "", "text": "a"}', b'{"post_id": 5, "text": "a"}',
    b'{"post_id": "x", "text": "' + b"a" * MAX_BYTES + b'"}', b"[" * 100_000, b"null", b'"text"',
)  # fmt: skip


def test_broken_lines_are_named_and_stop_nothing() -> None:
    posts: list[object] = []
    for number, broken in enumerate(BROKEN):
        posts += [broken, b"", post(number)]
    read = source(*posts)
    assert [one["post_id"] for one in rows(per_post(NextWord(), read, SentimentRequest()))] == [
        f"p{n}" for n in range(len(BROKEN))
    ]
    assert (read.bad, read.read) == (len(BROKEN), len(posts))


def many(count: int) -> Iterator[SourceLine]:
    for number in range(1, count + 1):
        yield SourceLine(
            number, b'{"post_id": "p%d", "text": "we waited an hour for the bus, number %d"}\n' % (number, number)
        )


@pytest.mark.slow
def test_a_hundred_thousand_posts_take_no_more_memory_than_ten_thousand() -> None:
    class Fixed(NextWord):
        answer = Scores(feeling("neutral"))

        def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
            return [self.answer] * len(readings)

    process, sizes, read = psutil.Process(), [], 0
    for piece in per_post(Fixed(), InputRows(PostsReader().from_lines(many(100_000))), SentimentRequest()):
        read += piece.output.count(b"\n")
        if piece.line % (40 * CHUNK) == 0:
            sizes.append(process.memory_info().rss)
    assert read == 100_000
    assert len(sizes) == 9
    assert max(sizes) < sizes[0] + 20_000_000, "100,000 answers are some 30 MB as text, and 100 as objects"


def settings() -> Settings:
    return Settings.model_validate({"model": {"backend": "fixed"}})


STORY = (
    post(1, "@Microsoft lost my files", network="n", author={"id": "n:a"}),
    post(2, "same here, awful", network="n", author={"id": "n:b"}, kind="reply", parent_id="p1", root_id="p1"),
    post(3, "nothing to see", network="n", author={"id": "n:c"}),
    post(4, "they never answer", network="n", author={"id": "n:d"}, kind="reply", parent_id="p2", root_id="p1"),
)


def test_going_on_gives_what_an_unbroken_run_gives() -> None:
    whole = [piece.output for piece in linked(settings(), source(*STORY))]
    mentions = b"".join(whole).splitlines()
    assert [json.loads(one)["post_id"] for one in mentions] == ["p1", "p2", "p4"]
    for skip, left in ((1, 2), (3, 1), (9, 0)):
        rest = b"".join(piece.output for piece in linked(settings(), source(*STORY, skip=skip))).splitlines()
        found = [_timeless(one) for one in rest]
        assert found == [_timeless(one) for one in mentions[len(mentions) - left :]], skip


def _timeless(mention: bytes) -> dict[str, Any]:
    """Posts without a time get that of the run; the rest must be equal."""
    found = json.loads(mention)
    return {name: value for name, value in found.items() if name not in {"created_at", "ingested_at"}}


def test_lines_that_were_skipped_are_neither_answered_nor_told_again() -> None:
    read = source(b"{", post(1), post(2), b"{", post(3), skip=2)
    assert [one["post_id"] for one in rows(per_post(NextWord(), read, SentimentRequest()))] == ["p2", "p3"]
    assert read.bad == 1
    assert read.read == 5
    again = source(b"{", *STORY, b"{", skip=3)
    pieces = list(linked(settings(), again))
    assert (pieces[-1].line, pieces[-1].bad) == (6, 1)


def test_the_watermark_follows_time_and_is_held_back_by_disorder() -> None:
    ordered = Watermark(3)
    passed = []
    for seconds in (10.0, 20.0, 30.0, 40.0):
        ordered.add(seconds)
        passed.append(ordered())
    assert passed == [0.0, 0.0, 10.0, 20.0]
    ordered.add(5.0)
    assert ordered() == 5.0


def test_what_is_kept_of_old_threads_is_forgotten_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    stores: list[MemoryStore] = []

    class Kept(MemoryStore):
        def __init__(self) -> None:
            super().__init__()
            stores.append(self)

    monkeypatch.setattr(analysis, "MemoryStore", Kept)
    monkeypatch.setattr(analysis, "Watermark", partial(Watermark, 100))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    posts = (
        post(n, "@Microsoft lost my files", created_at=(start + timedelta(hours=n)).isoformat()) for n in range(3_000)
    )
    sizes = [len(stores[0]._data) for _ in linked(settings(), source(*posts))]
    week_and_hands = 7 * 24 + 100 + 2 * CHUNK
    assert max(sizes) <= week_and_hands, "a thread is kept for a week"
    assert sizes[-1] >= 7 * 24
