"""A dead letter always fits on its topic, and says what of the original it holds."""

from __future__ import annotations

from pipeline.contracts.topics import dead_letters
from pipeline.errors import Malformed
from pipeline.runtime.kafka.publisher import ToSend
from pipeline.runtime.worker.dead_letters import MAX_KEY, MAX_VALUE, dead_letter, smaller
from pipeline.stages.records import Record, Rejected

KAFKA_DEFAULT = 1_048_588
"""Kafka's own `max.message.bytes`."""


def letter(key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()) -> ToSend:
    record = Record("posts.raw.v1", 3, 17, key, value, 10.0, 10.0, headers)
    return dead_letter("enrich", Rejected(record, Malformed("too_large", "it is " + "very " * 1_000 + "large")))


def test_what_a_stage_could_read_is_whole() -> None:
    _, key, value, headers, _ = letter(b"k", b"v" * MAX_VALUE)
    assert (key, value) == (b"k", b"v" * MAX_VALUE)
    assert not {"key_bytes", "value_bytes"} & set(dict(headers))


def test_what_is_larger_is_cut_and_says_so_and_points_to_the_original() -> None:
    _, key, value, headers, _ = letter(b"k" * 2_000_000, b"v" * 3_000_000)
    named = dict(headers)
    assert (len(key or b""), len(value or b"")) == (MAX_KEY, MAX_VALUE)
    assert (named["key_bytes"], named["value_bytes"]) == (b"2000000", b"3000000")
    assert (named["topic"], named["partition"], named["offset"]) == (b"posts.raw.v1", b"3", b"17")


def test_the_largest_letter_fits_what_any_broker_allows() -> None:
    _, key, value, headers, _ = letter(
        b"k" * 9_999_999, b"v" * 9_999_999, (("letter", b"l" * 9_999), ("replayed", b"3"))
    )
    size = len(key or b"") + len(value or b"") + sum(len(name) + len(text) + 8 for name, text in headers)
    assert size + 200 < KAFKA_DEFAULT


def test_one_that_is_refused_all_the_same_shrinks_until_nothing_is_left() -> None:
    record = Record("posts.raw.v1", 3, 17, b"key", b"v" * 1_000, 10.0)
    shrinking, sizes = dead_letter("enrich", Rejected(record, Malformed("too_large", "large"))), []
    while (again := smaller(shrinking)) is not None:
        shrinking = again
        sizes.append(len(shrinking.value or b""))
    assert sizes[:3] == [500, 250, 125]
    assert sizes[-1] == 0
    assert dict(shrinking.headers)["value_bytes"] == b"1000", "how long it was at first"
    assert shrinking.topic == dead_letters("enrich").name


def test_a_letter_of_a_replay_counts_the_tries_and_names_the_letter_before() -> None:
    *_, headers, _ = letter(b"k", b"v", (("replayed", b"2"), ("letter", b"enrich/posts.raw.v1/3/9")))
    named = dict(headers)
    assert (named["tries"], named["letter"]) == (b"2", b"enrich/posts.raw.v1/3/9")
