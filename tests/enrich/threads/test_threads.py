"""Thread state: bounded, growing only, and blind to what was read later."""

from __future__ import annotations

import msgspec
import pytest

from pipeline.contracts.mentions import EntityRef
from pipeline.enrich.threads.memory import MAX_BYTES, make_room, remember, revise
from pipeline.enrich.threads.threads import (
    MAX_REVISIONS,
    Orphan,
    Revision,
    Thread,
    ThreadCodec,
    before,
    inherit,
    issue,
    post_hash,
)

ACME, ZORBEX = EntityRef("acme", "Acme"), EntityRef("zorbex", "Zorbex")


def note(
    thread: Thread, post_id: str, offset: int, version: int, *links: tuple[EntityRef, float], above: str | None = None
) -> bool:
    revision = revise(thread, offset, version, 0, list(links), version)
    return remember(thread, post_hash(post_id), revision, None if above is None else post_hash(above))


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


def test_an_unknown_parent_leaves_the_root_to_speak_and_nobody_else() -> None:
    thread = Thread(entities=[], posts={})
    note(thread, "n:7", 5, 1, (ACME, 1.0))
    unknown, root = post_hash("n:99"), post_hash("n:1")
    assert inherit(thread, unknown, root, 6).entities == []
    note(thread, "n:1", 8, 1, (ZORBEX, 1.0))
    assert inherit(thread, unknown, root, 8).entities == []
    assert inherit(thread, unknown, root, 9).entities == [(ZORBEX, 0.7)]


def test_noting_a_record_twice_changes_nothing() -> None:
    thread = Thread(entities=[], posts={})
    assert note(thread, "n:1", 5, 1, (ACME, 0.9))
    encoded = ThreadCodec().encode(thread)
    assert not note(thread, "n:1", 5, 1, (ACME, 0.9))
    assert ThreadCodec().encode(thread) == encoded


def test_a_thread_is_bounded_and_the_root_stays() -> None:
    thread, root = Thread(entities=[], posts={}), post_hash("n:0")
    for number in range(2_000):
        note(thread, f"n:{number}", number, 1, (ACME, 0.9))
        make_room(thread, ("n:0",))
    assert len(ThreadCodec().encode(thread)) < 1.1 * MAX_BYTES
    assert inherit(thread, post_hash("n:1"), root, 10_000).entities == [(ACME, 0.63)]
    assert taken(thread, "n:1999", 10_000) == [ACME]
    for offset in range(100):
        note(thread, "n:0", 20_000 + offset, offset, (ACME, 0.9))
    assert len(thread.posts[root]) == MAX_REVISIONS


def test_a_stranger_who_fills_a_thread_pushes_out_his_own() -> None:
    """What was answered, and what a company's own account wrote, outlasts any number of posts that nobody answers."""
    thread = Thread(entities=[], posts={})
    note(thread, "n:asked", 1, 1, (ACME, 0.9))
    note(thread, "n:answer", 2, 1, (ACME, 0.9), above="n:asked")
    remember(thread, post_hash("n:own"), revise(thread, 3, 1, 0, [(ZORBEX, 0.9)], 1, ZORBEX))
    for number in range(3_000):
        entity = EntityRef(f"e{number}", f"Entity {number}")
        note(thread, f"n:{number}", 10 + number, 1, (entity, 0.9), (ACME, 0.8))
        make_room(thread, ())
    assert len(ThreadCodec().encode(thread)) < 1.1 * MAX_BYTES
    assert taken(thread, "n:asked", 10_000) == [ACME]
    assert taken(thread, "n:own", 10_000) == [ZORBEX]
    assert taken(thread, "n:2999", 10_000) == [EntityRef("e2999", "Entity 2999"), ACME]
    assert thread.posts[post_hash("n:own")][0].by == thread.entities.index(("zorbex", "Zorbex"))


def test_edits_with_many_companies_are_bounded_too() -> None:
    thread = Thread(entities=[], posts={})
    for number in range(400):
        for version in range(MAX_REVISIONS):
            links = [(EntityRef(f"entity {n}", f"Entity {n}"), 0.9) for n in range(number, number + 8)]
            note(thread, f"n:{number}", 10 * number + version, version, *links)
            make_room(thread, ())
    assert len(ThreadCodec().encode(thread)) < 1.2 * MAX_BYTES


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
