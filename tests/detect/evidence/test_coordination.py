"""Who is behind a crowd: few hands, one text, new accounts, a clock."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest

from pipeline.contracts.messages import IncidentEvent
from pipeline.detect.evidence.coordination import YOUNG, CoordinationSigns, reasons
from pipeline.detect.mentions.inbound import InboundAuthor, InboundMention
from pipeline.detect.stage import Detect, run
from pipeline.stages.state import MemoryStore, State
from tests.detect.streams import MONDAY, WORDS, mention, pile_on, quiet, together
from tests.detect.test_stage import records

AT = 3 * 86_400 + 50_000.0


def signs(gaps: list[int] | None = None, aged: int = 0, young: int = 0) -> CoordinationSigns:
    made = CoordinationSigns(aged, young)
    t = 1_000
    for gap in [0, *(gaps or [])]:
        t += gap
        made.add(t, None, True)
    return made


def test_few_voices_and_copied_texts_are_coordinated_and_reposts_are_not() -> None:
    assert reasons(40, 9, 0, 0, CoordinationSigns()) == ("few_authors",)
    assert reasons(40, 40, 30, 0, CoordinationSigns()) == ("copied_texts",)
    assert reasons(400, 400, 0, 390, CoordinationSigns()) == ()
    assert reasons(6, 1, 5, 0, CoordinationSigns()) == ()


def test_new_accounts_count_where_their_age_is_known() -> None:
    assert reasons(40, 40, 0, 0, signs(aged=20, young=14)) == ("new_accounts",)
    assert reasons(40, 40, 0, 0, signs(aged=20, young=6)) == ()
    assert reasons(40, 40, 0, 0, signs(aged=4, young=4)) == ()


def test_people_are_never_like_clockwork() -> None:
    rng = random.Random(4)
    for number in range(300):
        pace = rng.choice((3.0, 20.0, 200.0))
        crowd = signs([round(rng.expovariate(1.0 / pace)) for _ in range(rng.randrange(24, 200))])
        assert reasons(60, 60, 0, 0, crowd) == (), number


def test_a_clock_is_enough_and_a_loose_one_needs_a_second_sign() -> None:
    rng = random.Random(5)
    exact = signs([30 + rng.choice((-1, 0, 1)) for _ in range(40)])
    loose = signs([30 + rng.randrange(-14, 15) for _ in range(40)])
    assert reasons(41, 41, 0, 0, exact) == ("lockstep",)
    assert reasons(41, 41, 0, 0, loose) == ()
    assert reasons(41, 25, 0, 0, loose) == ("lockstep",)
    assert reasons(41, 41, 15, 0, loose) == ("lockstep",)
    assert reasons(20, 20, 0, 0, signs([30] * 10)) == ()


def brigade(new: bool, even: bool) -> list[InboundMention]:
    """A hundred accounts with words of their own."""
    rng, at, mentions = random.Random(6), AT, []
    for number in range(100):
        at += 20.0 if even else rng.expovariate(1 / 20.0)
        m = mention(f"b-{number}", at, 0.95, f"leave acme {' '.join(rng.sample(WORDS, 5))}")
        days = rng.uniform(1, 25) if new else rng.uniform(100, 3_000)
        m.author = InboundAuthor(m.author.id, m.author.handle, MONDAY + timedelta(days=3 - days))
        mentions.append(m)
    return mentions


def last(events: list[IncidentEvent]) -> IncidentEvent:
    return [event for event in events if event.event != "resolved"][-1]


@pytest.mark.parametrize(
    ("new", "even", "expected"),
    [(True, False, ("new_accounts",)), (False, True, ("lockstep",)), (False, False, ())],
)
def test_a_brigade_is_labelled_with_the_reason(new: bool, even: bool, expected: tuple[str, ...]) -> None:
    event = last(list(run(together(quiet(4, a_day=60.0), brigade(new, even)))))
    assert event.reasons == expected
    assert event.coordinated is bool(expected)
    assert event.pageable is not bool(expected)
    assert ("looks coordinated (" in event.explanation.summary) is bool(expected)


def test_a_pile_on_by_old_accounts_is_none() -> None:
    mentions = pile_on(AT)
    for m in mentions:
        m.author = InboundAuthor(m.author.id, m.author.handle, m.created_at - timedelta(seconds=20 * YOUNG))
    assert all(not event.reasons for event in run(together(quiet(4), mentions)))


def test_they_page_when_asked_for() -> None:
    stage = Detect(page_coordinated=True)
    out = stage.handle(records(together(quiet(4), brigade(True, False))), State(MemoryStore(), stage.codec)).publish
    event = msgspec.json.decode(out[-2].value, type=IncidentEvent)
    assert event.coordinated
    assert event.pageable
    assert event.reasons == ("new_accounts",)
