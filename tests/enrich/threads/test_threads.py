"""Thread state: bounded, growing only, and blind to what was read later."""

from __future__ import annotations

import msgspec
import pytest

from pipeline.contracts.messages import EntityRef
from pipeline.enrich.threads.threads import (
    MAX_POSTS,
    MAX_REVISIONS,
    Orphan,
    Revision,
    Thread,
    ThreadCodec,
    before,
    inherit,
    issue,
    post_hash,
    remember,
    revise,
)

ACME, ZORBEX = EntityRef("acme", "Acme"), EntityRef("zorbex", "Zorbex")


def note(thread: Thread, post_id: str, offset: int, version: int, *links: tuple[EntityRef, float]) -> bool:
    return remember(thread, post_hash(post_id), revise(thread, offset, version, 0, list(links), version))


def taken(thread: Thread, post_id: str, offset: int) -> list[EntityRef]:
    key = post_hash(post_id)
    return [one.entity for one in inherit(thread, key, key, offset).entities]


def test_only_earlier_records_are_seen() -> None:
    thread = Thread(entities=[], posts={})
    assert note(thread, "n:1", 5, 1, (ACME, 0.9))
    assert taken(thread, "n:1", 5) == []
    assert taken(thread, "n:1", 6) == [ACME]


def test_the_newest_version_read_so_far_counts() -> None:
    thread = Thread(entities=[], posts={})
    note(thread, "n:1", 5, 1, (ACME, 0.9))
    note(thread, "n:1", 8, 2, (ZORBEX, 0.9))
    assert taken(thread, "n:1", 7) == [ACME]
    assert taken(thread, "n:1", 9) == [ZORBEX]
    assert before(thread, "n:1", 9) == [ACME, ZORBEX]


def test_an_unknown_parent_leaves_the_root_to_speak_and_else_the_first() -> None:
    thread = Thread(entities=[], posts={})
    note(thread, "n:7", 5, 1, (ACME, 1.0))
    unknown, root = post_hash("n:99"), post_hash("n:1")
    assert inherit(thread, unknown, root, 6).entities == [(ACME, 0.7)]
    note(thread, "n:1", 8, 1, (ZORBEX, 1.0))
    assert inherit(thread, unknown, root, 8).entities == [(ACME, 0.7)]
    assert inherit(thread, unknown, root, 9).entities == [(ZORBEX, 0.7)]


def test_noting_a_record_twice_changes_nothing() -> None:
    thread = Thread(entities=[], posts={})
    assert note(thread, "n:1", 5, 1, (ACME, 0.9))
    encoded = ThreadCodec().encode(thread)
    assert not note(thread, "n:1", 5, 1, (ACME, 0.9))
    assert ThreadCodec().encode(thread) == encoded


def test_a_thread_is_bounded_and_then_speaks_as_a_whole() -> None:
    thread = Thread(entities=[], posts={})
    for number in range(3 * MAX_POSTS):
        note(thread, f"n:{number}", number, 1, (ACME, 0.9))
    assert len(thread.posts) == MAX_POSTS
    assert len(ThreadCodec().encode(thread)) < 40_000
    assert taken(thread, f"n:{2 * MAX_POSTS}", 10_000) == [ACME]
    for offset in range(100):
        note(thread, "n:0", 20_000 + offset, offset, (ACME, 0.9))
    assert len(thread.posts[thread.first]) == MAX_REVISIONS


@pytest.mark.parametrize(
    ("earlier", "version", "issued"),
    [(None, 3, 3), ((3, 3), 3, 3), ((3, 3), 4, 4), ((3, 4), 3, 4), ((3, 4), 4, 5), ((3, 4), 9, 9), ((3, 4), 2, 2)],
)
def test_mentions_are_issued_above_those_of_earlier_versions(
    earlier: tuple[int, int] | None, version: int, issued: int
) -> None:
    known = None if earlier is None else Revision(1, earlier[0], 0, [], earlier[1])
    assert issue(known, version) == issued


def test_a_thread_survives_its_bytes() -> None:
    thread = Thread(entities=[], posts={}, waiting=[])
    note(thread, "n:1", 5, 1, (ACME, 0.9), (ZORBEX, 0.8))
    thread.until = 12.5
    thread.waiting.append(Orphan(7, 1, 2, 3, 4.5, b"{}"))
    assert ThreadCodec().decode(ThreadCodec().encode(thread)) == thread


def test_a_thread_written_before_replies_could_wait_is_read() -> None:
    old = b"\x01" + msgspec.msgpack.encode([[["acme", "Acme"]], {post_hash("n:1"): [[5, 1, 0, [[0, 0.9]]]]}, 1, 12.5])
    thread = ThreadCodec().decode(old)
    assert (taken(thread, "n:1", 6), thread.waiting, thread.posts[post_hash("n:1")][0].published) == ([ACME], [], 1)


def test_bytes_of_another_layout_are_an_empty_thread() -> None:
    assert ThreadCodec().decode(b"\xff\x00") == Thread()
