"""Who drives it: parts, regulars and how they lean; and what had been foretold."""

from __future__ import annotations

import random
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.mentions.inbound import InboundMention, InboundSentiment
from pipeline.detect.stage import run
from pipeline.detect.state.incident import Participation
from pipeline.detect.state.regulars import KNOWN, OFTEN, Regulars
from tests.detect.streams import chatter, mention, pile_on, quiet, together

DAY = 86_400.0
AT = 9 * DAY + 50_000.0


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans(), st.integers(0, 2**32)), max_size=400))
def test_regulars_are_bounded_and_never_made_up(posts: list[tuple[int, bool, int]]) -> None:
    known, inbound = Regulars(), [0] * 61
    for author, against, chance in posts:
        known.learn(author, against, not against, chance)
        inbound[author] += 1
    assert len(known.known) <= KNOWN
    for author, times in enumerate(inbound):
        standing = known.standing(author)
        if standing is not None:
            assert OFTEN <= standing.times <= times
            assert standing.against <= standing.times
            assert standing.favour <= standing.times


def test_those_who_come_back_are_found_among_many_who_do_not() -> None:
    rng, known = random.Random(2), Regulars()
    for number in range(6_000):
        who = rng.choice(("ann", "bob", "cat")) if rng.random() < 0.05 else f"passer-{number}"
        known.learn(crc32(who.encode()), who == "ann" or rng.random() < 0.1, who == "bob", rng.randrange(2**32))
    leanings = {
        who: standing.leaning for who in ("ann", "bob", "cat") if (standing := known.standing(crc32(who.encode())))
    }
    assert leanings == {"ann": "critic", "bob": "ally", "cat": "mixed"}


def test_counts_stay_small_for_ever() -> None:
    known = Regulars()
    for _ in range(5_000):
        known.learn(7, True, False, 0)
    standing = known.standing(7)
    assert standing is not None
    assert 127 <= standing.times <= 255
    assert standing.leaning == "critic"


def test_whose_count_is_halved_to_nothing_makes_room() -> None:
    known = Regulars()
    for voice in range(KNOWN):
        known.learn(voice, False, False, 0)
    for _ in range(300):
        known.learn(7, True, False, 0)
    assert min(known.known.values()) == 0
    known.learn(99, False, False, 0)
    assert len(known.known) == KNOWN
    assert known.known[99] >> 16 == 1
    assert min(known.known.values()) >= 0


def test_parts_before_the_opening_add_up() -> None:
    parts = Participation()
    parts.begin(mentions=20, authors=15, answers=14, shares=2)
    assert parts.written + parts.answers + parts.shares == 20
    assert parts.writers + parts.answerers + parts.sharers <= 15
    parts.begin(mentions=3, authors=3, answers=9, shares=9)
    assert parts.written + parts.answers + parts.shares == 3


def regular(author: str, against: bool) -> list[InboundMention]:
    """Somebody who speaks of Acme twice a day."""
    rng, mentions = random.Random(author), []
    for number in range(17):
        m = mention(
            f"{author}-{number}", 3_000 + number * DAY / 2, 0.9 if against else 0.02, chatter(rng), author=author
        )
        m.sentiment = InboundSentiment(0.9, 0.02) if against else InboundSentiment(0.02, 0.9)
        mentions.append(m)
    return mentions


def opened_and_over(*streams: list[InboundMention]) -> tuple[IncidentEvent, IncidentEvent]:
    events = list(run(together(*streams)))
    assert (events[0].event, events[-1].event) == ("opened", "resolved")
    return events[0], events[-1]


def test_an_incident_tells_who_takes_part() -> None:
    answers = pile_on(AT)
    answers[10].author = regular("ada", True)[0].author
    answers[20].author = answers[30].author = regular("ben", False)[0].author
    late = [
        mention(f"r-{k}", AT + 1_500 + k, 0.95, "Acme charged me twice and refuses the refund, unbelievable",
             root="bluesky:root", parent="bluesky:root", kind="repost")
        for k in range(30)
    ]  # fmt: skip
    _, last = opened_and_over(quiet(10, a_day=80.0), regular("ada", True), regular("ben", False), answers, late)
    crowd = last.explanation.crowd
    assert crowd is not None
    assert (crowd.wrote.mentions, crowd.answered.mentions, crowd.shared.mentions) == (1, 100, 30)
    assert crowd.answered.people in (97, 98, 99, 100)
    assert crowd.shared.people == 30
    assert [(r.author, r.mentions, r.leaning) for r in last.explanation.regulars] == [
        ("ben", 2, "ally"),
        ("ada", 1, "critic"),
    ]


def test_forecasts_are_held_against_what_came() -> None:
    first, last = opened_and_over(quiet(10), pile_on(AT, answers=300, minutes=150.0))
    assert first.review == ()
    assert first.forecast is not None
    assert first.forecast.doubling_minutes is not None
    reported = last.review[0]
    assert (reported.size, reported.low, reported.high) == (
        first.forecast.size,
        first.forecast.low,
        first.forecast.high,
    )
    assert reported.seen == first.counts.mentions
    assert len(last.review) == 3
    assert last.review[1].minutes >= 30
    assert last.review[2].minutes >= 60
    final = last.counts.mentions
    for reported in last.review:
        assert reported.held is (reported.low <= final <= reported.high)
        assert reported.error == round(abs(reported.size - final) / final, 3)


def test_an_incident_keeps_which_test_fired_when() -> None:
    rng = random.Random(3)
    many = [
        mention(f"s-{k}", AT + k * 40.0 + rng.uniform(0, 30), 0.9, f"acme outage {chatter(rng, 3)}") for k in range(90)
    ]
    first, last = opened_and_over(quiet(10), pile_on(AT, answers=80), many)
    names = [fired.name for fired in last.fired]
    assert names[0] == first.test.name == first.fired[0].name
    assert set(names) == {"pile_on", "surge"}
    assert all(a.at <= b.at for a, b in zip(last.fired, last.fired[1:], strict=False))
    for fired in last.fired:
        assert fired.value >= fired.threshold > 0.0
        assert 0.0 < fired.false_alarms < 0.2
