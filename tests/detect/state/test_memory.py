"""What counts of a post, however many there are: repeats, edits, deletions, in any order."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.contracts.mentions import EntityRef, Link, Mention, MentionDeleted, ModelRef, Sentiment, mention_id
from pipeline.contracts.posts import Author
from pipeline.contracts.topics import MENTIONS_SCORED
from pipeline.detect.detector import Detector
from pipeline.detect.mentions.inbound import Inbound, InboundDeletion, InboundEntity, InboundMention, InboundSentiment
from pipeline.detect.stage import Detect
from pipeline.detect.state.codec import EntityCodec
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.memory import Memory
from pipeline.detect.state.page import PAGE, PAGES
from pipeline.detect.state.posts import FRESH
from pipeline.index.protocol import Query
from pipeline.index.sqlite.index import SqliteIndex
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from tests.detect.streams import MONDAY, mention, pile_on, quiet, together

ENTITY = InboundEntity("acme", "Acme")


def deleted(m: InboundMention, version: int = 1) -> InboundDeletion:
    return InboundDeletion(post_id=m.post_id, entity=ENTITY, deleted_at=m.created_at, version=version)


def edited(m: InboundMention, version: int, negative: float = 0.02) -> InboundMention:
    return msgspec.structs.replace(m, version=version, sentiment=InboundSentiment(negative))


def observed(inbound: list[Inbound], batch: int = 0) -> EntityState:
    """The state after a stage has taken in everything; with `batch`, read back from its store after every so many."""
    stage, store = Detect(), MemoryStore()
    state = State(store, stage.codec)
    inbound_records = [
        Record(MENTIONS_SCORED.name, 0, n, b"acme", msgspec.json.encode(one)) for n, one in enumerate(inbound)
    ]
    for at in range(0, len(inbound), batch or len(inbound)):
        part = inbound_records[at : at + (batch or len(inbound))]
        assert not stage.handle(part, state).rejected
        write(state)
        state = State(store, stage.codec)
    entity = state.get("acme", inbound_records[0])
    assert isinstance(entity, EntityState)
    return entity


def write(state: State) -> None:
    """Flush to a store that never waits."""
    with pytest.raises(StopIteration):
        state.flush(0.0).send(None)


CROWD = [
    mention(f"m{n}", 50_000.0 + 20.0 * n, 0.9 if n % 2 else 0.1, f"acme {n} is what {n * 7} people say")
    for n in range(800)
]


@pytest.mark.parametrize("batch", [0, 50])
def test_posts_that_come_again_count_once_however_many_came_since(batch: int) -> None:
    """By number of ids, 400 + 400 + the first 400 again were counted as 1,040."""
    state = observed([*CROWD, *CROWD[:400], *CROWD], batch)
    assert state.mentions == 800
    assert state.negative == 400


@pytest.mark.parametrize("batch", [0, 50])
def test_every_deletion_takes_effect_however_many_there_are(batch: int) -> None:
    """Of 301 deleted oldest first none was taken back: each pushed the next one out."""
    victims = CROWD[:301]
    state = observed([*CROWD, *map(deleted, victims)], batch)
    assert state.mentions == 800 - 301
    assert state.negative == 400 - 150
    assert observed([*CROWD, *map(deleted, victims), *CROWD], batch).mentions == 800 - 301


def test_deleting_an_incident_leaves_nothing_of_it() -> None:
    story = pile_on(5 * 86_400.0 + 50_000.0, answers=300)
    inbound = together(quiet(5), story)
    detector, state = Detector(), EntityState()
    for m in inbound:
        detector.observe(state, m)
    assert state.acute is not None
    for m in story:
        detector.observe(state, deleted(m))
    assert state.mentions == len(inbound) - len(story)
    assert (state.acute.mentions, state.acute.negative) == (0, 0)
    assert state.acute.first_post is None
    assert not [post for post in state.posts if "charged" in post.text]


def test_deletions_of_posts_that_never_came_push_nobody_out() -> None:
    strangers = [deleted(mention(f"never-{n}", 66_000.0, 0.9, "acme")) for n in range(2_000)]
    state = observed([*CROWD[:300], *strangers, *map(deleted, CROWD[:300])])
    assert state.mentions == 0


def test_beyond_the_bound_the_oldest_are_forgotten_first() -> None:
    memory, most = Memory(), PAGES * PAGE
    for key in range(1, most + 1_000):
        memory.remember(key, 29_000_000, True, 1.0, 0, 1)
    assert memory.recall(1, 29_000_000) is None
    assert memory.recall(1_000, 29_000_000) is not None
    assert len(memory.posts.held) <= PAGES
    assert len(memory.posts.fresh(29_000_000)) < FRESH * 20
    assert len(memory.posts.positions) <= 2 * most + 1_000


def test_what_is_two_days_old_when_it_comes_counts_nowhere() -> None:
    late = mention("late", 50_000.0, 0.9, "acme was late")
    now = mention("now", 50_000.0 + 2 * 86_400 + 60, 0.9, "acme is late")
    just = mention("just", 50_000.0 + 120, 0.9, "acme was nearly late")
    assert observed([now, late, just, late, just]).mentions == 2


def test_edited_away_and_back_counts_again() -> None:
    m = CROWD[1]
    assert observed([m, deleted(m, 2), edited(m, 3, 0.9)]).mentions == 1
    assert observed([m, deleted(m, 2), m]).mentions == 0


def test_a_deletion_of_an_older_version_leaves_a_newer_edit() -> None:
    m = CROWD[1]
    assert observed([m, edited(m, 3), deleted(m, 2)]).mentions == 1
    assert observed([deleted(m, 2), m]).mentions == 0
    assert observed([m, edited(m, 3), m]).negative == 0, "an older version that comes late changes nothing"


NUMBERS = count()
HISTORIES = st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(1, 5)), min_size=1, max_size=14)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HISTORIES)
async def test_the_same_posts_count_as_the_index_shows(tmp_path: Path, history: list[tuple[bool, int, int]]) -> None:
    """Mentions and deletions of three posts in any order of versions."""
    path = tmp_path / f"{next(NUMBERS)}.sqlite"
    index = SqliteIndex(path)
    detector, state = Detector(), EntityState()
    for number, (deletion, post, version) in enumerate(history):
        document = whole(deletion, post, version, number)
        await index.write([document])
        detector.observe(state, msgspec.json.decode(msgspec.json.encode(document), type=Inbound))
    shown = {m.post_id: m.version for m in (await index.search(Query(limit=10))).mentions}
    await index.close()
    minute = state.clock // 60
    counted = {
        name: known.version
        for name in (f"bluesky:{n}" for n in range(3))
        if (known := state.memory.recall(state.memory.number(name), minute)) is not None and not known.gone
    }
    assert counted == shown
    assert state.mentions == len(shown)


def whole(deletion: bool, post: int, version: int, number: int) -> Mention | MentionDeleted:
    post_id, entity = f"bluesky:{post}", EntityRef("acme", "Acme")
    at = MONDAY + timedelta(seconds=number)
    if deletion:
        return MentionDeleted(
            mention_id=mention_id(post_id, "acme"), post_id=post_id, entity=entity, deleted_at=at, version=version
        )
    return Mention(
        mention_id=mention_id(post_id, "acme"), post_id=post_id, network="bluesky", author=Author("bluesky:a"),
        text="acme is late", created_at=MONDAY, ingested_at=at, root_id=post_id, version=version, entity=entity,
        link=Link("acme", "name", 0.9), sentiment=Sentiment(0.9, 0.05, 0.05, "negative", True),
        model=ModelRef("m", "1"),
    )  # fmt: skip


def test_a_state_with_pages_stays_small() -> None:
    assert len(EntityCodec().encode(observed(list(CROWD)))) < 7_000
