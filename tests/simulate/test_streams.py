"""Streams are repeatable, arrive in order, late and twice, and their labels are true."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from pipeline.simulate.background import DAY
from pipeline.simulate.delivery import Lateness, SentimentErrors
from pipeline.simulate.events import INCIDENTS, REPOST, Columns, Event, Order
from pipeline.simulate.schedule import StoryRates
from pipeline.simulate.streams import EPOCH, STORY_POSTS, Plan, Stream

PLAN = Plan(seed=5, entities=8, days=25)


@pytest.fixture(scope="module")
def stream() -> Stream:
    made = Stream(PLAN)
    for _ in made.days():
        pass
    return made


@pytest.fixture(scope="module")
def columns() -> Columns:
    return np.concatenate(list(Stream(PLAN).days()))


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return list(Stream(PLAN))


def test_the_same_seed_gives_the_same_stream(columns: Columns) -> None:
    assert np.array_equal(columns, np.concatenate(list(Stream(PLAN).days())))
    other = np.concatenate(list(Stream(Plan(seed=6, entities=8, days=25)).days()))
    assert len(other) != len(columns) or not np.array_equal(other["created"], columns["created"])


def test_a_stream_can_be_read_again(stream: Stream) -> None:
    labels = list(stream.stories)
    assert sum(len(day) for day in stream.days()) > 0
    assert stream.stories == labels


def test_arrivals_never_go_back_and_nothing_arrives_before_it_is_written(columns: Columns) -> None:
    assert np.all(np.diff(columns["arrived"]) >= 0.0)
    assert np.all(columns["arrived"] > columns["created"])
    assert np.all(columns["created"] >= EPOCH)
    assert np.all(columns["created"] < PLAN.end)


def test_rows_are_the_columns(columns: Columns, events: list[Event]) -> None:
    assert [event.arrived for event in events] == columns["arrived"].tolist()
    assert [event.polarity for event in events] == columns["polarity"].tolist()


def test_post_ids_repeat_only_in_repeated_deliveries(events: list[Event]) -> None:
    first = [event.post_id for event in events if not event.repeat]
    assert len(first) == len(set(first))
    known: set[str] = set()
    for event in events:
        assert event.repeat == (event.post_id in known)
        known.add(event.post_id)


def test_some_come_late_and_some_twice(columns: Columns) -> None:
    delay = columns["arrived"] - columns["created"]
    first = ~columns["repeat"]
    assert 0.01 < np.mean(delay[first] > 60.0) < 0.06
    assert 0.007 < columns["repeat"].sum() / first.sum() < 0.013
    assert np.median(delay[first]) < 5.0


def test_an_outage_holds_posts_back_and_hands_them_over_at_once() -> None:
    plan = Plan(seed=1, entities=3, days=10, null=True, lateness=Lateness(late=0.0, repeated=0.0, outages=6.0))
    columns = np.concatenate(list(Stream(plan).days()))
    held = columns[columns["arrived"] - columns["created"] > 120.0]
    assert len(held) > 20
    assert np.ptp(held["arrived"][held["entity"] == held["entity"][0]][:5]) < 31.0


def test_parents_and_roots_are_real_and_earlier(columns: Columns) -> None:
    for entity in range(PLAN.entities):
        own = columns[(columns["entity"] == entity) & ~columns["repeat"]]
        own = own[np.argsort(own["post"])]
        created = dict(zip(own["post"].tolist(), own["created"].tolist(), strict=True))
        roots = dict(zip(own["post"].tolist(), own["root"].tolist(), strict=True))
        for post, parent, root in zip(own["post"].tolist(), own["parent"].tolist(), own["root"].tolist(), strict=True):
            if parent < 0:
                assert root == post
            else:
                assert created[parent] <= created[post]
                assert root == roots[parent]


def test_reposts_say_the_same_words_and_are_read_the_same(columns: Columns) -> None:
    reposts = columns[(columns["kind"] == REPOST) & ~columns["repeat"]]
    assert len(reposts) > 100
    assert np.all(reposts["text"] != reposts["post"])
    read: dict[tuple[int, int], set[tuple[float, int, int]]] = {}
    for row in columns[np.isin(columns["text"], reposts["text"])]:
        key = int(row["entity"]), int(row["text"])
        read.setdefault(key, set()).add((float(row["negative"]), int(row["polarity"]), int(row["text_kind"])))
    assert {len(values) for values in read.values()} == {1}


def test_labels_say_what_is_in_the_stream(stream: Stream, events: list[Event]) -> None:
    assert len(stream.stories) > 5
    first = [event for event in events if not event.repeat and event.story]
    sizes = Counter(event.story for event in first)
    assert sizes == {story.story: story.size for story in stream.stories}
    for story in stream.stories:
        own = sorted((event for event in first if event.story == story.story), key=lambda event: event.created)
        assert {event.entity for event in own} == {story.entity}
        assert story.start.timestamp() == pytest.approx(own[0].created, abs=1e-5)
        assert story.end.timestamp() == pytest.approx(own[-1].created, abs=1e-5)
        assert story.start <= story.half <= story.end
        assert story.negative == sum(event.polarity == -1 for event in own)
        assert story.authors == len({event.author for event in own})
        assert story.incident == (story.kind in INCIDENTS)


def test_a_story_is_known_before_its_events_come() -> None:
    stream = Stream(PLAN)
    for event in stream:
        if event.story:
            assert event.story in {story.story for story in stream.stories}


def test_a_null_stream_is_the_same_background(columns: Columns) -> None:
    null = np.concatenate(list(Stream(Plan(seed=5, entities=8, days=25, null=True)).days()))
    assert np.array_equal(null, columns[columns["story"] == -1])


def test_more_entities_leave_the_others_as_they_were(columns: Columns) -> None:
    more = np.concatenate(list(Stream(Plan(seed=5, entities=10, days=25)).days()))
    assert np.array_equal(more[more["entity"] < 8], columns)


def test_orders_may_be_endless_and_are_told_in_their_time() -> None:
    def orders() -> object:
        number = 0
        while True:
            yield Order("cascade", 0, EPOCH + (number + 0.5) * DAY, number, size=30)
            number += 1

    stream = Stream(Plan(seed=1, entities=1, days=10_000), orders())  # type: ignore[arg-type]
    days = stream.days()
    for _ in range(4):
        next(days)
    assert len(stream.stories) == 4
    assert [story.story for story in stream.stories] == [f"sim:0.s{i}" for i in range(4)]


def test_the_model_errs_as_told() -> None:
    plan = Plan(seed=2, entities=6, days=20, errors=SentimentErrors(missed=0.31, false=0.22))
    columns = np.concatenate(list(Stream(plan).days()))
    columns = columns[(columns["text"] == columns["post"]) & ~columns["repeat"]]
    truth = columns["polarity"] == -1
    said = columns["negative"] > 0.5
    assert np.mean(~said[truth]) == pytest.approx(0.31, abs=0.03)
    assert np.mean(said[~truth]) == pytest.approx(0.22, abs=0.03)


def test_stories_keep_their_rates_and_their_distance() -> None:
    stream = Stream(Plan(seed=3, entities=60, days=37, rates=StoryRates(warm_up=7.0)))
    for _ in stream.days():
        pass
    kinds = Counter(story.kind for story in stream.stories)
    assert 40 <= kinds["cascade"] <= 80  # 60 wanted, fewer where there is no room
    assert set(kinds) == {name for name, _ in StoryRates().kinds()}
    assert min(story.start.timestamp() for story in stream.stories) >= EPOCH + 7 * DAY


def test_posts_of_stories_have_numbers_of_their_own(columns: Columns) -> None:
    story = columns["story"]
    assert np.array_equal(columns["post"] // STORY_POSTS, story + 1)


def test_wrong_numbers_of_profiles_or_names_are_refused() -> None:
    with pytest.raises(ValueError, match="names"):
        Stream(Plan(entities=2, names=("one",)))
