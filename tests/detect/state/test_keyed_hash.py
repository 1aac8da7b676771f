"""Strangers choose ids, authors and texts, and can make none of them pass for another."""

from __future__ import annotations

from zlib import crc32

from pipeline.detect.detector import Detector
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.keyed_hash import FIXED, drawn, keyed_hash
from tests.detect.streams import mention, pile_on, quiet, together

TABLE = {crc32(bytes([low])): low for low in range(256)}


def same_crc(name: str) -> str:
    """Another name with the CRC-32 of `name`: two halves of it are tried until their CRCs meet."""
    wanted, found = crc32(name.encode()), dict[int, str]()
    prefix = name.partition(":")[0] + ":"
    begun = crc32(prefix.encode())
    for number in range(200_000):  # meet in the middle: a CRC is linear, so halves add up
        half = f"{number:08d}"
        found[crc32(half.encode() + b"\0" * 8, begun)] = half
    zero = crc32(b"\0" * 8)
    for number in range(10**8):
        half = f"{number:08d}"
        rest = wanted ^ crc32(half.encode()) ^ zero
        if rest in found:
            other = f"{prefix}{found[rest]}{half}"
            assert crc32(other.encode()) == wanted
            if other != name:
                return other
    raise AssertionError("none found")


def test_forged_ids_do_not_take_complaints_back() -> None:
    """61 friendly posts under ids with the CRC-32 of complaints, as newer versions, silenced a pile-on."""
    story = pile_on(5 * 86_400.0 + 50_000.0, answers=60)
    calm = together(quiet(5))
    forged = [
        mention(same_crc(m.post_id).removeprefix("bluesky:"), 5 * 86_400.0 + 53_000.0, 0.02, f"lovely {n}")
        for n, m in enumerate(story[:8])
    ]
    for post in forged:
        post.version = 2
    detector, state = Detector(), EntityState()
    for m in (*calm, *story):
        detector.observe(state, m)
    before = state.mentions, state.negative
    for m in forged:
        detector.observe(state, m)
    assert (state.mentions, state.negative) == (before[0] + len(forged), before[1])


def test_secrets_are_primes_of_60_bits_and_differ() -> None:
    found = {drawn() for _ in range(20)}
    assert len(found) == 20
    assert all(secret.bit_length() == 60 and pow(3, secret - 1, secret) == 1 for secret in found)


def test_hashes_of_one_name_differ_by_secret_and_of_two_names_always() -> None:
    one, other = drawn(), drawn()
    names = ["", "\0", "\0\0", "a", "a\0", "\0a", "\ud800", "bluesky:1", "é" * 300]
    assert len({keyed_hash(name, one) for name in names}) == len(names)
    assert keyed_hash("bluesky:at://did:plc:someone/post/1", one) != keyed_hash(
        "bluesky:at://did:plc:someone/post/1", other
    )
    assert all(0 <= keyed_hash(name, FIXED) < FIXED for name in names)
