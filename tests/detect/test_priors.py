"""New entities borrow from those that are known, a little, and the same on every replay."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest

from pipeline.contracts.topics import MENTIONS_SCORED
from pipeline.detect import priors
from pipeline.detect.evidence.baseline import DAY
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.partition import PartitionState
from pipeline.detect.priors import FEWEST, SAMPLE, PriorPool, PriorSample
from pipeline.detect.stage import PARTITION, Detect, DetectCodec, run
from pipeline.detect.state.codec import EntityCodec
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.keyed_hash import FIXED
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from tests.detect.streams import MONDAY, mention, together

AIRLINE = PriorSample("airline", 40.0, 60.0, 0.5, 2.0)
SHOP = PriorSample("shop", 2.0, 98.0, 0.3, 1.5)


def of(entity: str, category: str | None = None, number: str = "0", at: float = 0.0, root: str = "") -> InboundMention:
    """A mention of an entity; every third is a complaint."""
    negative = 0.9 if sum(number.encode()) % 3 == 0 or root else 0.05
    m = mention(number, at, negative, f"words of post {number}", entity=entity, root=root or None)
    m.category = category
    return m


def sample(*usual: PriorSample) -> PriorPool:
    return PriorPool(dict(enumerate(usual)))


def usual_share(s: EntityState) -> float:
    s.baseline.begin(int(MONDAY.timestamp()))
    return s.baseline.p0


def test_who_knows_nobody_begins_as_ever() -> None:
    encode, fresh = EntityCodec().encode, EntityState()
    assert encode(PriorPool().begin(of("new"))) == encode(fresh)
    assert encode(sample(*[AIRLINE] * (FEWEST - 1)).begin(of("new", "airline"))) == encode(fresh)


def test_a_new_entity_borrows_from_its_category_else_from_all() -> None:
    some = sample(*[AIRLINE] * 4, *[SHOP] * 4)
    airline, shop, unknown = (usual_share(some.begin(of("new", c))) for c in ("airline", "shop", None))
    assert shop < unknown < airline
    assert airline == pytest.approx((2.0 + 0.4 * 15.0) / (10.0 + 15.0))
    s = some.begin(of("new", "airline"))
    s.baseline.begin(int(MONDAY.timestamp()))
    assert s.baseline.mu_negative * DAY == pytest.approx((1.0 + 10.0) / 0.75)


def test_when_its_size_shows_it_borrows_from_those_of_its_size_once() -> None:
    large = PriorSample("", 400.0, 600.0, 0.5, 3.0)
    some = sample(*[large] * 3, *[PriorSample("", 1.0, 9.0, 0.3, 1.2)] * 3)
    m = of("new")
    s = some.begin(m)
    s.baseline.begin(int(MONDAY.timestamp()))
    s.baseline.level_negative, s.baseline.level_other, s.baseline.level_seconds = 200.0, 300.0, DAY / 2.0
    s.baseline.close(int(MONDAY.timestamp()) + 3600, False)
    s.clock = int(MONDAY.timestamp()) + priors.SIZED_AFTER + 64
    before = s.baseline.share[0]
    some.observe(m, s)
    assert s.baseline.share[0] == pytest.approx(before + 0.4 * priors.LENT_MENTIONS)
    some.observe(m, s)
    assert s.baseline.share[0] == pytest.approx(before + 0.4 * priors.LENT_MENTIONS)


def test_the_sample_is_bounded_and_does_not_depend_on_the_order() -> None:
    names = [f"e{i}" for i in range(3 * SAMPLE)]
    samples = []
    for seed in range(2):
        some = PriorPool()
        for name in random.Random(seed).sample(names, len(names)):
            s = some.begin(of(name))
            s.baseline.begin(int(MONDAY.timestamp()))
            s.clock = int(MONDAY.timestamp() + 8 * DAY)
            some.observe(of(name, "shop"), s)
        samples.append(some)
    assert samples[0].known == samples[1].known
    assert len(samples[0].known) == SAMPLE
    assert len(samples[0].young) <= SAMPLE
    assert len(msgspec.msgpack.encode(samples[0])) < 4_096


def town() -> list[InboundMention]:
    """Twelve days of five entities, and in the last three a sixth."""
    rng = random.Random(7)
    mentions = []
    for which in range(6):
        begun = 9 if which == 5 else 0
        for number in range(100 * (12 - begun)):
            at = (begun + rng.random() * (12 - begun)) * DAY
            mentions.append(of(f"e{which}", "shop", f"{which}-{number}", at))
    return together(mentions)


def test_any_split_into_batches_lends_the_same() -> None:
    mentions = town()
    records = [
        Record(MENTIONS_SCORED.name, 0, offset, m.entity.id.encode(), msgspec.json.encode(m), arrived=float(offset))
        for offset, m in enumerate(mentions)
    ]
    states = []
    for size in (len(records), 97):
        stage = Detect(secret=FIXED)
        state = State(MemoryStore(), stage.codec)
        for first in range(0, len(records), size):
            stage.handle(records[first : first + size], state)
        watch, new = state.get(f"{PARTITION}0", records[-1]), state.get("e5", records[-1])
        assert isinstance(watch, PartitionState)
        states.append((DetectCodec().encode(watch), DetectCodec().encode(new)))
    assert states[0] == states[1]
    decoded = DetectCodec().decode(states[0][0])
    assert len(decoded.priors.known) == 5
    assert decoded.priors.young == []
    assert {usual.category for usual in decoded.priors.known.values()} == {"shop"}


def test_a_watch_from_before_it_had_kin_is_read() -> None:
    old = b"\xc1" + msgspec.msgpack.encode(msgspec.to_builtins(PartitionState())[:3])
    assert DetectCodec().decode(old).priors == PriorPool()


def test_a_new_entity_still_says_that_it_is_being_learned() -> None:
    known = [m for m in town() if m.entity.id != "e5"]
    at = 9.5 * DAY
    pile = [of("e5", "shop", f"y{i}", at + 40.0 * i, "bluesky:y0") for i in range(40)]
    mentions = together(known, pile)
    opened = [event for event in run(mentions) if event.event == "opened" and event.entity.id == "e5"]
    assert opened
    assert "learning" in opened[0].explanation.summary
    assert opened[0].at >= MONDAY + timedelta(seconds=at)
