"""What came lately is known: for a window of time, however much it was, after a restart too."""

from __future__ import annotations

from pathlib import Path

from pipeline.ingest.cursor import CursorStore
from pipeline.ingest.repeats import RecentEvents, packed, unpacked


def test_an_event_is_known_for_the_window_and_forgotten_after_it(tmp_path: Path) -> None:
    now = [1_000.0]
    with CursorStore(tmp_path / "c.sqlite") as store:
        recent = RecentEvents(store, "test", window=100.0, clock=lambda: now[0])
        first = recent.hashed("first")
        recent.add([first])
        for now[0] in range(1_001, 1_100, 7):
            recent.add([recent.hashed(f"at {now[0]}")])
            assert recent.known(first)
        for now[0] in range(1_100, 1_160, 7):
            recent.add([recent.hashed(f"at {now[0]}")])
        assert not recent.known(first)
        assert recent.known(recent.hashed("at 1149"))


def test_however_many_they_are(tmp_path: Path) -> None:
    with CursorStore(tmp_path / "c.sqlite") as store:
        recent = RecentEvents(store, "test")
        recent.add(range(0, 600_000, 2))
        assert all(recent.known(number) for number in range(0, 600_000, 2))
        assert not any(recent.known(number) for number in range(1, 600_000, 1_001) if number % 2)


def test_a_restart_knows_what_was_stored_with_the_positions(tmp_path: Path) -> None:
    with CursorStore(tmp_path / "c.sqlite") as store:
        recent = RecentEvents(store, "test")
        known, other = recent.hashed("known"), recent.hashed("other")
        store.save("test", {"": "1"}, network="test", identities=packed([known]))
    with CursorStore(tmp_path / "c.sqlite") as store:
        again = RecentEvents(store, "test")
        assert again.hashed("known") == known, "the key is that of the file"
        assert again.known(known)
        assert not again.known(other)
        assert not RecentEvents(store, "elsewhere").known(known)
    with CursorStore(tmp_path / "d.sqlite") as store:
        assert RecentEvents(store, "test").hashed("known") != known, "each file has a key of its own"


def test_a_clock_that_jumps_forgets_nothing_too_early(tmp_path: Path) -> None:
    now = [10_000.0]
    with CursorStore(tmp_path / "c.sqlite") as store:
        recent = RecentEvents(store, "test", window=100.0, clock=lambda: now[0])
        recent.add([1])
        now[0] = 5_000.0
        recent.add([2])
        now[0] = 5_010.0
        recent.add([3])
        assert recent.known(1)
        assert recent.known(2)


def test_identities_on_disk_have_eight_bytes() -> None:
    numbers = [0, 1, 2**64 - 1]
    assert list(unpacked(packed(numbers))) == numbers
    assert list(unpacked(packed(numbers) + b"cut")) == numbers


def test_the_disk_forgets_as_well_while_it_runs(tmp_path: Path) -> None:
    now = [1_000.0]
    with CursorStore(tmp_path / "c.sqlite") as store:
        recent = RecentEvents(store, "test", window=100.0, clock=lambda: now[0])
        for number in range(50):
            now[0] += 10.0
            store._db.execute("INSERT INTO recent VALUES ('test', ?, ?)", (now[0], packed([number])))
            recent.add([number])
        stored = store.recent("test", 0.0)
        assert 10 <= len(stored) <= 14
        assert min(at for at, _ in stored) >= now[0] - 100.0 - 26.0
