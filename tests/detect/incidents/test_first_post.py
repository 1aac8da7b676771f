"""The first post of an incident is the first, by time, of those that count."""

from __future__ import annotations

import random
from datetime import timedelta

from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.detector import Detector
from pipeline.detect.mentions.inbound import InboundDeletion, InboundEntity, InboundMention
from pipeline.detect.stage import run
from pipeline.detect.state.entity import POSTS, EntityState
from tests.detect.streams import MONDAY, chatter, mention, quiet, together

HOUR = 3_600.0
AT = 5 * 86_400.0 + 50_000.0


def complaints(posts: int = 60, minutes: float = 90.0) -> list[InboundMention]:
    rng = random.Random(3)
    return [
        mention(f"outage-{k}", AT + k * minutes * 60.0 / posts, 0.9, f"acme is down {chatter(rng, 3)}")
        for k in range(posts)
    ]


def seconds(event: IncidentEvent) -> float:
    """When the first post was written, after the story began."""
    post = event.explanation.first_post
    assert post is not None
    return (post.created_at - MONDAY).total_seconds() - AT


def test_a_surge_that_is_found_late_shows_the_post_that_it_began_with() -> None:
    """More complaints than there is memory for quotable posts come before it is found."""
    events = list(run(together(quiet(6, a_day=3_000.0, share=0.3), complaints(150))))
    opened = events[0]
    assert (opened.event, opened.kind) == ("opened", "surge")
    assert opened.counts.negative > 2 * POSTS
    first = opened.explanation.first_post
    assert first is not None
    assert f"since {first.created_at:%H:%M} UTC" in opened.explanation.summary
    assert all(post.created_at > first.created_at for post in opened.explanation.top_posts)


def test_answers_to_a_calm_post_begin_with_the_first_that_complains() -> None:
    """The root feels nothing; a hundred other complaints come beside the thread."""
    root = mention("root", AT, 0.1, "Acme has a new tariff for everybody, details on the page")
    rng = random.Random(4)
    answers = [
        mention(f"answer-{k}", AT + 60.0 + k * 40.0, 0.95, f"twice the price {chatter(rng, 3)}", root="bluesky:root",
             parent="bluesky:root", kind="reply")
        for k in range(30)
    ]  # fmt: skip
    beside = [mention(f"beside-{k}", AT + 65.0 + k * 12.0, 0.9, chatter(rng)) for k in range(100)]
    events = list(run(together(quiet(6, a_day=3_000.0, share=0.4), [root], answers, beside)))
    opened = next(event for event in events if event.incident_id == "acme:pile_on:bluesky:root")
    assert opened.explanation.first_post is not None
    assert opened.explanation.first_post.post_id == "bluesky:answer-0"


def test_an_earlier_complaint_that_comes_late_is_the_first_from_then_on() -> None:
    root = mention("root", AT, 0.1, "Acme has a new tariff for everybody, details on the page")
    rng = random.Random(4)

    def answer(name: str, at: float, negative: float, lag: float = 2.0) -> InboundMention:
        text = f"twice the price {chatter(rng, 3)}"
        return mention(name, AT + at, negative, text, root="bluesky:root", parent="bluesky:root", kind="reply", lag=lag)

    answers = [answer("calm", 30.0, 0.1), *(answer(f"answer-{k}", 100.0 + k * 40.0, 0.95) for k in range(40))]
    late = answer("late", 60.0, 0.95, lag=1_300.0)
    early = answer("early", -600.0, 0.95, lag=1_900.0)  # before the thread: it counts nowhere
    events = list(run(together(quiet(6), [root], answers, [late, early])))
    assert seconds(events[0]) == 100.0
    assert seconds(events[-1]) == 60.0
    assert events[-1].explanation.first_post is not None
    assert events[-1].explanation.first_post.post_id == "bluesky:late"


def test_it_was_written_when_it_says_and_not_when_it_came() -> None:
    story = complaints()
    for m in story:
        m.ingested_at = m.created_at + timedelta(seconds=240.0)
    first = next(run(together(quiet(6), story))).explanation.first_post
    assert first is not None
    assert first.created_at in {m.created_at for m in story}


def test_when_it_is_deleted_the_next_is_the_first() -> None:
    story = complaints()
    detector, state = Detector(), EntityState()
    for m in together(quiet(5), story):
        detector.observe(state, m)
    assert state.acute is not None
    before = state.acute.first_post
    assert before is not None
    detector.observe(
        state,
        InboundDeletion(
            post_id=before.post_id, entity=InboundEntity("acme", "Acme"), deleted_at=story[-1].created_at, version=2
        ),
    )
    after = state.acute.first_post
    assert after is not None
    assert after.at > before.at
    assert after.post_id in {post.post_id for post in state.posts}
