"""Hand-made stories: what should be told, and what should not."""

from __future__ import annotations

import random
from itertools import pairwise

from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.stage import run
from tests.detect.streams import MONDAY, chatter, mention, pile_on, quiet, together

DAY = 86_400.0
AT = 5 * DAY + 50_000.0


def reported(*streams: list[InboundMention]) -> list[IncidentEvent]:
    return list(run(together(*streams)))


def minutes(event: IncidentEvent) -> float:
    return ((event.at - MONDAY).total_seconds() - AT) / 60.0


def test_pile_on_opens_early_explains_itself_and_ends() -> None:
    events = reported(quiet(6), pile_on(AT))
    first, last = events[0], events[-1]
    assert (first.event, first.kind, last.event) == ("opened", "pile_on", "resolved")
    assert first.incident_id == "acme:pile_on:bluesky:root"
    assert {e.incident_id for e in events} == {first.incident_id}
    assert minutes(first) < 12
    assert first.counts.negative <= 12
    assert first.pageable
    assert not first.coordinated
    assert first.explanation.first_post is not None
    assert first.explanation.first_post.post_id == "bluesky:root"
    assert first.forecast is not None
    assert first.forecast.low <= first.forecast.size <= first.forecast.high
    assert last.severity >= 2
    assert last.resolved_at is not None
    assert 90 <= last.counts.mentions <= 101
    assert any("charged" in p.text or "refund" in p.text for p in last.explanation.phrases)
    assert last.explanation.networks["bluesky"] > 70


def test_updates_come_at_most_every_fifteen_minutes() -> None:
    events = [e for e in reported(quiet(6), pile_on(AT, answers=300, minutes=240.0)) if e.event == "updated"]
    assert len(events) > 3
    gaps = [(b.at - a.at).total_seconds() for a, b in pairwise(events)]
    assert min(gaps) >= 890


def surge(posts: int = 80, hours: float = 3.0) -> list[InboundMention]:
    rng = random.Random(7)
    return [
        mention(f"surge-{k}", AT + k * hours * 3600.0 / posts, 0.9, f"acme outage again {chatter(rng, 3)}")
        for k in range(posts)
    ]


def test_surge_without_a_thread_is_one_incident() -> None:
    events = reported(quiet(6), surge())
    assert [e.kind for e in events if e.event == "opened"] == ["surge"]
    assert events[0].counts.negative < 15
    assert events[-1].event == "resolved"


def test_promotion_raises_nothing() -> None:
    """Four times the usual volume for six hours, the share of negatives unchanged."""
    rng = random.Random(8)
    promotion = [
        mention(f"promo-{k}", AT + k * 90.0, 0.9 if rng.random() < 0.15 else 0.05, chatter(rng)) for k in range(240)
    ]
    assert reported(quiet(6), promotion) == []


def test_repost_flood_of_a_neutral_post_raises_nothing() -> None:
    flood = [
        mention(f"flood-{k}", AT + k * 10.0, 0.1, "Acme opens a new store on the island", root="bluesky:n",
             parent="bluesky:n", kind="repost")
        for k in range(500)
    ]  # fmt: skip
    assert reported(quiet(6), flood) == []


def test_widely_shared_complaint_is_amplification() -> None:
    text = "Acme lost my parcel and then laughed about it"
    start = [mention("n", AT, 0.97, text)]
    shares = [
        mention(f"share-{k}", AT + 20 + k * 12.0, 0.97, text, root="bluesky:n", parent="bluesky:n", kind="repost")
        for k in range(150)
    ]
    events = reported(quiet(6), start, shares)
    assert events[0].kind == "amplification"
    assert events[0].pageable
    assert "shared" in events[0].explanation.summary


def test_brigade_of_few_authors_is_coordinated_and_does_not_page() -> None:
    rng = random.Random(9)
    brigade = [
        mention(f"b-{k}", AT + k * 15.0, 0.95, f"boycott acme now {chatter(rng, 4)}", author=f"sock-{k % 9}",
             root="bluesky:b-0", parent="bluesky:b-0" if k else None, kind="reply" if k else "post")
        for k in range(150)
    ]  # fmt: skip
    events = reported(quiet(6), brigade)
    large = [e for e in events if e.counts.mentions >= 30]
    assert large
    assert all(e.coordinated and not e.pageable and e.severity <= 2 for e in large)
    assert "looks coordinated" in large[0].explanation.summary


def test_copied_text_from_many_accounts_is_coordinated_and_does_not_page() -> None:
    brigade = [
        mention(f"b-{k}", AT + k * 15.0, 0.95, "Acme is a disgrace, everyone should leave today") for k in range(150)
    ]
    events = reported(quiet(6), brigade)
    assert all(e.coordinated and not e.pageable for e in events)


def test_what_the_company_says_is_no_evidence() -> None:
    own = [
        mention(f"own-{k}", AT + k * 10.0, 0.95, f"we are sorry {k}", root="bluesky:root", role="own")
        for k in range(100)
    ]
    assert reported(quiet(6), own) == []


def test_new_entity_is_learning_and_still_told() -> None:
    events = reported(pile_on(AT))
    assert events[0].event == "opened"
    assert "still learning" in events[0].explanation.summary


def test_quiet_month_of_a_small_entity_tells_nothing() -> None:
    assert reported(quiet(30, a_day=3.0)) == []
