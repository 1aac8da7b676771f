"""State is small whatever is said: long ids, long names, random texts, everything full."""

from __future__ import annotations

import random
import string

import pytest

from pipeline.contracts.sketch import encode
from pipeline.detect.detector import Detector
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.state.codec import ROOMY, EntityCodec
from pipeline.detect.state.entity import POSTS, EntityState
from tests.detect.streams import mention

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
HAN = "".join(map(chr, range(0x4E00, 0x9F00)))
PICTURES = "".join(map(chr, range(0x1F300, 0x1F600)))


def hostile(rng: random.Random, alphabet: str) -> list[InboundMention]:
    """A month of long ids and random texts, then an hour of nothing but complaints."""

    def word(length: int) -> str:
        return "".join(rng.choice(string.ascii_lowercase) for _ in range(length))

    words, roots = [word(12) for _ in range(40)], [f"bluesky:{word(75)}" for _ in range(30)]
    at, mentions = 0.0, []
    for number in range(900):
        burst = number >= 300
        at += rng.expovariate(1 / (60 if burst else 6_000))
        text = " ".join(rng.choice(words) for _ in range(8)) + " " + "".join(rng.choice(alphabet) for _ in range(200))
        root = rng.choice(roots)
        m = mention(
            word(75) + str(number), at, 0.93 if rng.random() < (0.9 if burst else 0.3) else 0.1, text,
            author=word(40) + str(rng.randrange(400)), root=root, parent=root, entity="e" * 100,
            kind=rng.choice(("reply", "reply", "repost", "quote", "post")),
        )  # fmt: skip
        m.url, m.network = f"https://example.org/{word(60)}", rng.choice(("bluesky", word(24)))
        m.sketch = encode([rng.gauss(0.0, 1.0) for _ in range(64)])
        mentions.append(m)
    return mentions


@pytest.mark.parametrize("alphabet", [PRINTABLE, HAN, PICTURES], ids=["printable", "han", "pictures"])
def test_a_full_state_stays_within_ten_kilobytes(alphabet: str) -> None:
    detector, codec, state = Detector(1.0), EntityCodec(), EntityState()
    largest, full = 0, b""
    for m in hostile(random.Random(alphabet), alphabet):
        detector.observe(state, m)
        if state.acute is not None and state.slow is None:
            state.slow = state.acute  # a groundswell at the same time, as full
            data = codec.encode(state)
            state.slow = None
            if len(data) > largest:
                largest, full = len(data), data
    assert ROOMY < largest <= 10_000
    again = codec.decode(full)
    assert codec.encode(again) == full
    assert again.acute is not None
    assert again.acute.drivers
    assert len(again.posts) == POSTS


def test_an_ordinary_state_is_not_compressed() -> None:
    codec, state = EntityCodec(), EntityState()
    Detector().observe(state, mention("one", 10.0, 0.9, "acme is late"))
    assert b"acme is late" in codec.encode(state)
