"""What rises without complaint is shown with its likely cause, and pages nobody."""

from __future__ import annotations

import random
from math import log

import pytest

from pipeline.alert.notifier import firing
from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.values import Doubt
from pipeline.detect.detector import Detector
from pipeline.detect.incidents.doubt import BY_CHANCE, KNOWN, SILENCE, doubt
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.incident import Fired, Incident
from pipeline.detect.state.timeline import Timeline
from tests.detect.streams import chatter, mention, quiet, together

HOUR = 3_600.0
AT = 5 * 86_400.0 + 50_000.0


def incident(mentions: int, negative: int, *, fired: str = "surge", before: float = 0.2, reposts: int = 0) -> Incident:
    return Incident(
        "acme:surge:x", "surge", 0.0, 7200, before, 0.0, [], True, [Fired(fired, 0, 5.0, 4.0, 0.1)],
        Timeline(start=3600, width=600, mentions=[3] * 6 + [9] * 6, negative=[0] * 12, expected=[500] * 12, at=10_800),
        mentions=mentions, negative=negative, reposts=reposts,
    )  # fmt: skip


def known(share: float = 0.2) -> EntityState:
    state = EntityState()
    state.baseline.mu_negative, state.baseline.mu_other = share / 600.0, (1.0 - share) / 600.0
    return state


@pytest.mark.parametrize(
    ("mentions", "negative", "expected"),
    [(100, 20, "promotion"), (1_000, 200, "promotion"), (100, 26, "promotion"), (100, 32, None), (30, 20, None)],
)
def test_a_share_that_did_not_rise_is_in_doubt_however_large(
    mentions: int, negative: int, expected: Doubt | None
) -> None:
    assert doubt(known(), incident(mentions, negative)) == expected


def test_more_complaints_never_bring_a_doubt() -> None:
    for mentions in (5, 20, 200, 5_000):
        verdicts = [doubt(known(), incident(mentions, negative)) is None for negative in range(mentions + 1)]
        assert verdicts == sorted(verdicts)
        assert verdicts[-1]


@pytest.mark.parametrize(
    ("before", "evidence", "expected"),
    [(KNOWN, 0.01, None), (KNOWN, -0.01, "promotion"), (KNOWN - 1, 0.01, "promotion")],
)
def test_friends_make_no_doubt_of_what_the_test_of_a_known_share_is_sure_of(
    before: int, evidence: float, expected: Doubt | None
) -> None:
    entity = known()
    entity.mentions, entity.evidence.s1 = before + 100, log(10 / BY_CHANCE) + evidence
    assert doubt(entity, incident(100, 10)) == expected


def test_what_is_mostly_passed_on_is_news() -> None:
    assert doubt(known(), incident(100, 10, reposts=60)) == "news"


def test_what_follows_a_silence_comes_of_a_source_that_was_away() -> None:
    silent = incident(100, 10)
    silent.timeline.mentions[:6] = [0] * 6
    silent.timeline.expected[:6] = [round(SILENCE / 6 * 0.2 * 1000) + 1] * 6
    assert doubt(known(), silent) == "source_outage"
    silent.timeline.mentions[5] = 1
    assert doubt(known(), silent) == "promotion"


@pytest.mark.parametrize("test", ["pile_on", "amplification", "groundswell"])
def test_what_another_test_found_is_not_in_doubt(test: str) -> None:
    found = incident(100, 10)
    found.fired.append(Fired(test, 0, 5.0, 4.0, 0.1))
    assert doubt(known(), found) is None


def promotion(posts: int, hours: float, share: float) -> list[InboundMention]:
    rng = random.Random(8)
    return [
        mention(f"promo-{k}", AT + k * hours * HOUR / posts, 0.9 if rng.random() < share else 0.05, chatter(rng))
        for k in range(posts)
    ]


def opened_by_hand(stream: list[InboundMention]) -> tuple[list[IncidentEvent], EntityState]:
    """The events of a stream with a surge threshold so low that a rise in volume alone opens an incident."""
    detector, state = Detector(20.0), EntityState()
    return [event for m in stream for event in detector.observe(state, m)], state


def test_a_promotion_that_opens_an_incident_says_so_and_wakes_nobody() -> None:
    events, _ = opened_by_hand(together(quiet(7), promotion(900, 3.0, 0.2)))
    doubted = [event for event in events if event.doubt is not None]
    assert doubted
    for event in doubted:
        assert not event.pageable
        assert not firing(event)
        assert event.severity == 0
        assert "a promotion?" in event.explanation.summary
        assert "no larger share complains" in event.explanation.summary


def test_the_doubt_goes_as_soon_as_people_complain() -> None:
    calm, angry = promotion(600, 3.0, 0.2), promotion(300, 2.0, 0.9)
    later = [
        mention(f"angry-{k}", AT + 3.0 * HOUR + k * 24.0, 0.9, f"acme cheated us {chatter(random.Random(k), 4)}")
        for k in range(len(angry))
    ]
    events, _ = opened_by_hand(together(quiet(7), calm, later))
    assert any(event.doubt for event in events)
    while_angry = [event for event in events if event.share.now > 0.4 and event.event != "resolved"]
    assert while_angry
    assert while_angry[-1].doubt is None
    assert while_angry[-1].pageable
    assert while_angry[-1].severity > 0
