"""The compiled detector does what its sources do, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.compiled import DETECTOR
from pipeline.detect.mentions.inbound import Inbound, InboundAuthor, InboundEntity, InboundMention, InboundSentiment
from pipeline.detect.mentions.weighting import FRESH
from tests.detect import forms as detector_forms
from tests.detect.forms import Form
from tests.detect.stories.script import Mentions
from tests.detect.stories.stories import STORIES
from tests.detect.test_invariants import stream

JSON = msgspec.json.Encoder()


@cache
def forms() -> tuple[Form, Form]:
    """The compiled form and its oracle.  Making the first takes a minute, once, unless it was made with the rest."""
    reason = DETECTOR.make()
    fast, plain = detector_forms.compiled(), detector_forms.pure()
    assert fast.compiled == (reason is None), reason
    assert not plain.compiled
    return fast, plain


def reported(form: Form, inbound: Sequence[Inbound], false_alarms: float = 5.0) -> list[bytes]:
    """Events as they go out, and the bytes of the state every so often, from which it then goes on."""
    detector, state, found = form.detector(false_alarms), form.state(), []
    for number, one in enumerate(inbound):
        found += [JSON.encode(event) for event in detector.observe(state, one)]
        if number % 97 == 96:
            data = form.codec.encode(state)
            found.append(data)
            state = form.codec.decode(data)
    return [*found, form.codec.encode(state)]


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.timeout(900)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_stories_are_told_alike_to_the_bit(story: Mentions) -> None:
    fast, plain = forms()
    inbound = list(story())  # type: ignore[operator]
    assert reported(fast, inbound, 0.2) == reported(plain, inbound, 0.2)


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.timeout(900)
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_any_stream_is_told_alike_to_the_bit(seed: int) -> None:
    fast, plain = forms()
    inbound = stream(seed)
    assert reported(fast, inbound) == reported(plain, inbound)


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.timeout(900)
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 400))
def test_one_form_goes_on_from_the_state_of_the_other(seed: int, cut: int) -> None:
    inbound, forward = stream(seed), forms()
    ends = []
    for first, second in (forward, forward[::-1]):
        state = first.state()
        for one in inbound[:cut]:
            first.detector(5.0).observe(state, one)
        state = second.codec.decode(first.codec.encode(state))
        detector = second.detector(5.0)
        events = [JSON.encode(event) for one in inbound[cut:] for event in detector.observe(state, one)]
        ends.append([*events, second.codec.encode(state)])
    assert ends[0] == ends[1]


TIMES = st.datetimes(timezones=st.sampled_from((UTC, timezone(timedelta(hours=-7)), ZoneInfo("Europe/Berlin"))))
NAMES = st.sampled_from(("", "net:1", "net:2", "é", "a longer name than twelve", "ein längerer als zwölf"))
SHARES = st.sampled_from((0.0, 0.2, 0.3, 0.5, 0.65, 0.9, 1.0))
MENTIONS = st.builds(
    InboundMention,
    post_id=NAMES,
    entity=st.just(InboundEntity("acme")),
    author=st.builds(InboundAuthor, NAMES),
    created_at=TIMES,
    sentiment=st.builds(InboundSentiment, SHARES, SHARES, st.booleans()),
    ingested_at=st.none() | TIMES,
    kind=st.sampled_from(("post", "reply", "repost")),
    text=NAMES,
    root_id=st.none() | NAMES,
    parent_id=st.none() | NAMES,
    fingerprint=st.none() | NAMES,
    author_role=st.sampled_from(("public", "public", "public", "own")),
    version=st.sampled_from((0, 1, 2, 65_536, 2**62)),
    untrained=st.none() | st.just("language"),
)


@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.timeout(900)
@settings(max_examples=300, deadline=None)
@given(st.lists(MENTIONS, min_size=1, max_size=12))
def test_odd_mentions_are_recognised_and_weighed_alike(mentions: list[InboundMention]) -> None:
    found = []
    names = forms()[1].modules["mentions.weighting"].WeighedMention.__slots__
    for form in forms():
        memory, answers = form.modules["state.memory"].Memory(), list[object]()
        for number, m in enumerate(mentions):
            key, t, news = form.modules["mentions.weighting"].recognised(memory, m, 60 * (29_000_000 + 100 * number))
            answers.append((key, t, news))
            if news == FRESH:
                weighed = form.modules["mentions.weighting"].weigh(memory, {}, m, key, 29_000_000 + 100 * number)
                answers.append([getattr(weighed, name) for name in names])
        found.append((answers, memory.pack(29_002_000)))
    assert found[0] == found[1]
