"""Forged ids: posts that shall pass for somebody else's complaint, and take its place as a newer version."""

from __future__ import annotations

import random
import string
import unicodedata
from collections.abc import Callable

import msgspec
import pytest

from pipeline.detect.mentions.inbound import InboundSentiment
from pipeline.detect.state.keyed_hash import FIXED, drawn, keyed_hash
from tests.attacks.crises import AT, FAST, Crisis, Stream, ordinary, pile_on, surge
from tests.attacks.crowds import edited
from tests.attacks.verdict import assert_paged, paged
from tests.detect.state.test_keyed_hash import same_crc

PRINTABLE = string.ascii_letters + string.digits


def same_hash(name: str, prime: int) -> str:
    """Another name with the same hash, for who knows the prime."""
    rng, target = random.Random(name), keyed_hash(name, prime)
    network = name.partition(":")[0]
    while True:
        begin = f"{network}:{''.join(rng.choices(PRINTABLE, k=12))}"
        least = int.from_bytes(b"\x01" + begin.encode() + bytes(8))
        low = (target - least) % prime
        for rest in range(low, 1 << 64, prime):
            end = rest.to_bytes(8)
            if all(32 < byte < 127 for byte in end):
                assert keyed_hash(begin + end.decode(), prime) == target
                return begin + end.decode()


def forged(crisis: Stream, rename: Callable[[str], str]) -> Stream:
    """Praise under other ids in place of each complaint, a minute after it."""
    made = [edited(m, 60.0, "lovely", 0.02) for m in crisis]
    return [msgspec.structs.replace(m, post_id=rename(m.post_id)) for m in made]


def test_who_knows_the_secret_silences_a_crisis() -> None:
    """So the attack is one."""
    crisis = surge()
    assert paged(ordinary(), crisis, secret=FIXED) is not None
    assert paged(ordinary(), crisis, forged(crisis, lambda name: same_hash(name, FIXED)), secret=FIXED) is None


@pytest.mark.parametrize("crisis", FAST)
def test_who_does_not_know_it_hides_nothing(crisis: Crisis) -> None:
    secret, story = drawn(), crisis()
    without = paged(ordinary(), story, secret=secret)
    attack = forged(story, lambda name: same_hash(name, FIXED))
    for m in attack:  # as far as possible from the crisis, so that all that is tested are the ids
        m.root_id, m.parent_id, m.kind = m.post_id, None, "post"
    assert_paged(paged(ordinary(), story, attack, secret=secret), without, later=60.0)
    attack = [m for m in attack if m.post_id.endswith(tuple("abcdefgh"))]
    assert_paged(paged(ordinary(), story, attack, secret=secret), without, later=1.0)


def test_ids_of_one_crc_hide_nothing() -> None:
    story = pile_on()
    attack = [edited(m, 30.0, "lovely", 0.02) for m in story[:5]]
    attack = [msgspec.structs.replace(m, post_id=same_crc(m.post_id)) for m in attack]
    assert_paged(paged(ordinary(), story, attack), paged(ordinary(), story), later=2.0)


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.replace("bluesky:", "mastodon:"),
        lambda name: unicodedata.normalize("NFD", name),
        lambda name: unicodedata.normalize("NFKC", name),
        lambda name: name.upper(),
        lambda name: f"{name}\u200b",
    ],
)  # fmt: skip
def test_ids_of_another_network_or_in_another_form_are_other_posts(rename: Callable[[str], str]) -> None:
    story = surge()
    for m in story:
        m.post_id = m.post_id.replace("surge", "caf\u00e9-\ufb01-surge")
    attack = [m for m in forged(story, rename) if m.post_id not in {other.post_id for other in story}]
    assert len(attack) in (0, len(story))
    without, verdict = paged(ordinary(), story), paged(ordinary(), story, attack[:10])
    assert_paged(verdict, without, later=3.0)


def test_a_real_edit_into_praise_does_take_a_complaint_back() -> None:
    """Else the tests above would show nothing."""
    story = surge()
    praise = [msgspec.structs.replace(edited(m, 60.0, "lovely"), sentiment=InboundSentiment(0.02)) for m in story]
    assert paged(ordinary(), story, praise) is None


def test_ids_alone_make_no_page() -> None:
    """One complaint under forty ids with hashes as alike as can be is one author's."""
    complaint = surge()[0]
    attack = [
        msgspec.structs.replace(complaint, post_id=same_hash(f"bluesky:{n}", FIXED), created_at=complaint.created_at)
        for n in range(40)
    ]
    assert complaint.created_at.timestamp() > AT
    assert paged(ordinary(), attack) is None
