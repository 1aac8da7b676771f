"""Who is behind a crowd: few hands, one text, new accounts, a clock."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.evidence.coordination import CROWD, FEWEST, YOUNG, CoordinationSigns, reasons
from pipeline.detect.mentions.inbound import InboundAuthor, InboundMention
from pipeline.detect.stage import Detect, run
from pipeline.stages.state import MemoryStore, State
from tests.detect.streams import MONDAY, WORDS, mention, pile_on, quiet, together
from tests.detect.test_stage import records

AT = 3 * 86_400 + 50_000.0


def signs(
    gaps: list[int] | None = None, aged: int = 0, young: int = 0, *, voices: int = 0, again: int = 0, copied: int = 0,
    shared: int = 0,
) -> CoordinationSigns:  # fmt: skip
    """A crowd of so many people, of whom the first so many say one thing, share or are of known age; then complaints
    of people who all complained before."""
    made, t = CoordinationSigns(), 1_000
    people = max(voices, len(gaps or []) + 1 if gaps else 0)
    for number in range(people):
        t += gaps[number - 1] if gaps and 0 < number <= len(gaps) else 0
        age = None if number >= aged else YOUNG - 1.0 if number < young else YOUNG + 1.0
        made.add(t, age, 1, copied=number < copied, repost=number < shared)
    for number in range(again):
        made.add(t, None, 2 if number < people else 3)
    return made


def test_few_voices_and_copied_texts_are_coordinated_and_reposts_are_not() -> None:
    assert reasons(signs(voices=9, again=31)) == ("few_authors",)
    assert reasons(signs(voices=40, copied=30)) == ("copied_texts",)
    assert reasons(signs(voices=400, shared=390)) == ()
    assert reasons(signs(voices=1, again=5)) == ()


def test_enough_independent_people_are_a_crowd_whatever_is_posted_beside_them() -> None:
    assert reasons(signs(voices=CROWD + 60, copied=60)) == ()
    assert reasons(signs(voices=CROWD + 400, copied=400)) == ("copied_texts",), (
        "so many copies have as many changed ones"
    )
    assert reasons(signs(voices=100 + 400, copied=400)) == ()
    assert reasons(signs(aged=CROWD + 400, young=400, voices=CROWD + 400)) == ()
    crowd = signs(voices=FEWEST)
    for number in range(3_000):  # by three people
        crowd.add(5_000, None, 1 if number < 3 else 2 if number < 6 else 3)
    assert reasons(crowd) == ()


def test_new_accounts_count_where_their_age_is_known() -> None:
    assert reasons(signs(voices=40, aged=20, young=14)) == ("new_accounts",)
    assert reasons(signs(voices=40, aged=20, young=6)) == ()
    assert reasons(signs(voices=40, aged=4, young=4)) == ()


def test_people_are_never_like_clockwork() -> None:
    rng = random.Random(4)
    for number in range(300):
        pace = rng.choice((3.0, 20.0, 200.0))
        crowd = signs([round(rng.expovariate(1.0 / pace)) for _ in range(rng.randrange(24, 200))])
        assert reasons(crowd) == (), number


def test_a_clock_is_enough_and_a_loose_one_needs_a_second_sign() -> None:
    rng = random.Random(5)
    exact = [30 + rng.choice((-1, 0, 1)) for _ in range(40)]
    loose = [30 + rng.randrange(-14, 15) for _ in range(40)]
    assert reasons(signs(exact)) == ("lockstep",)
    assert reasons(signs(loose)) == ()
    assert reasons(signs(loose, again=30)) == ("lockstep",)
    assert reasons(signs(loose, copied=15)) == ("lockstep",)
    assert reasons(signs([30] * 10, voices=20)) == ()


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


def added(rng: random.Random, posts: int, people: int, friendly: bool) -> list[InboundMention]:
    """Posts of a few accounts in the thread of a pile-on, from its beginning on or later."""
    begin = rng.uniform(0.0, 1_500.0)
    return [
        mention(
            f"added-{n}", AT + begin + rng.uniform(0.0, 2_400.0), 0.02 if friendly else 0.95,
            f"acme {n} {' '.join(rng.sample(WORDS, 5))}", author=f"friend-{n % people}", root="bluesky:root",
            parent="bluesky:root", kind="reply",
        )
        for n in range(posts)
    ]  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(25, 130), st.integers(1, 400), st.integers(1, 4), st.booleans())
def test_posts_of_a_few_beside_a_crowd_take_it_off_no_pager(
    seed: int, answers: int, posts: int, people: int, friendly: bool
) -> None:
    """363 friendly posts of three accounts made a pile-on of 126 people look like few authors."""
    rng = random.Random(seed)
    story = pile_on(AT, answers=answers)
    calm = quiet(4, a_day=60.0)
    alone = list(run(together(calm, story)))
    joined = list(run(together(calm, story, added(rng, posts, people, friendly))))
    assert any(event.pageable for event in alone)
    assert any(event.pageable for event in joined)
    assert last(joined).pageable
    assert max(event.severity for event in joined if event.pageable) >= max(event.severity for event in alone)
