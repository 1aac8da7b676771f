"""Thread state: bounded, growing only, and blind to what was read later."""

from __future__ import annotations

from pipeline.enrich.threads import (
    MAX_POSTS,
    MAX_REVISIONS,
    Thread,
    ThreadCodec,
    before,
    inherit,
    remember,
)
from pipeline.messages import EntityRef

ACME, ZORBEX = EntityRef("acme", "Acme"), EntityRef("zorbex", "Zorbex")


def test_only_earlier_records_are_seen() -> None:
    thread = Thread(entities=[], posts={})
    assert remember(thread, "n:1", 5, 1, 0, [(ACME, 0.9)])
    assert inherit(thread, "n:1", 5).entities == []
    assert [e.entity for e in inherit(thread, "n:1", 6).entities] == [ACME]


def test_the_newest_version_read_so_far_counts() -> None:
    thread = Thread(entities=[], posts={})
    remember(thread, "n:1", 5, 1, 0, [(ACME, 0.9)])
    remember(thread, "n:1", 8, 2, 0, [(ZORBEX, 0.9)])
    assert [e.entity for e in inherit(thread, "n:1", 7).entities] == [ACME]
    assert [e.entity for e in inherit(thread, "n:1", 9).entities] == [ZORBEX]
    assert before(thread, "n:1", 9) == [ACME, ZORBEX]


def test_noting_a_record_twice_changes_nothing() -> None:
    thread = Thread(entities=[], posts={})
    assert remember(thread, "n:1", 5, 1, 0, [(ACME, 0.9)])
    encoded = ThreadCodec().encode(thread)
    assert not remember(thread, "n:1", 5, 1, 0, [(ACME, 0.9)])
    assert ThreadCodec().encode(thread) == encoded


def test_a_thread_is_bounded_and_then_speaks_as_a_whole() -> None:
    thread = Thread(entities=[], posts={})
    for number in range(3 * MAX_POSTS):
        remember(thread, f"n:{number}", number, 1, 0, [(ACME, 0.9)])
    assert len(thread.posts) == MAX_POSTS
    assert len(ThreadCodec().encode(thread)) < 40_000
    late = inherit(thread, f"n:{2 * MAX_POSTS}", 10_000)
    assert [e.entity for e in late.entities] == [ACME]
    for offset in range(100):
        remember(thread, "n:0", 20_000 + offset, offset, 0, [(ACME, 0.9)])
    assert len(thread.posts[thread.first]) == MAX_REVISIONS


def test_a_thread_survives_its_bytes() -> None:
    thread = Thread(entities=[], posts={})
    remember(thread, "n:1", 5, 1, 0, [(ACME, 0.9), (ZORBEX, 0.8)])
    thread.until = 12.5
    assert ThreadCodec().decode(ThreadCodec().encode(thread)) == thread


def test_bytes_of_another_layout_are_an_empty_thread() -> None:
    assert ThreadCodec().decode(b"\xff\x00") == Thread()
