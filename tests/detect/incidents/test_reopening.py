"""One snowball is one incident: what comes within six hours of its end opens it again."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.detector import Detector
from pipeline.detect.incidents.lifecycle import REFRACTORY
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.partition import PartitionState
from pipeline.detect.stage import run
from pipeline.detect.state.codec import EntityCodec
from pipeline.detect.state.entity import EntityState
from tests.detect.streams import MONDAY, chatter, mention, pile_on, quiet, together

HOUR = 3_600.0
AT = 5 * 86_400.0 + 50_000.0
Mentions = list[InboundMention]


def complaints(at: float, posts: int = 80, hours: float = 3.0) -> Mentions:
    """An outage: complaints that answer nobody."""
    rng = random.Random(7)
    return [
        mention(f"outage-{k}", at + k * hours * HOUR / posts, 0.9, f"acme outage again {chatter(rng, 3)}")
        for k in range(posts)
    ]


def thread(at: float, name: str, answers: int = 30, minutes: float = 30.0) -> Mentions:
    """A complaint and its answers."""
    rng = random.Random(name)
    root = f"bluesky:{name}"
    return [
        mention(name, at, 0.95, f"Acme was down all day and nobody says why {chatter(rng, 3)}"),
        *(
            mention(f"{name}-{k}", at + 30.0 + minutes * 60.0 * k / answers, 0.9,
                    f"same here, {chatter(rng, 4)}", root=root, parent=root, kind="reply")
            for k in range(answers)
        ),
    ]  # fmt: skip


def steps(*streams: Mentions) -> list[tuple[str, str]]:
    """What is reported and of which incident, but for updates."""
    return [(e.event, e.incident_id) for e in run(together(*streams)) if e.event != "updated"]


def ended(events: Sequence[IncidentEvent]) -> float:
    """When the first incident was over, in the seconds of the streams."""
    over = next(e.resolved_at for e in events if e.resolved_at is not None)
    return (over - MONDAY).total_seconds()


@pytest.mark.parametrize("hours", [0.5, 3.0, 5.0])
def test_any_thread_opens_a_wide_incident_again(hours: float) -> None:
    """The thread began after the end, and no test had named it: the incident was about all that is said."""
    end = ended(list(run(together(quiet(7), complaints(AT)))))
    after = thread(end + hours * HOUR, "late")
    found = steps(quiet(7), complaints(AT), after)
    assert len({incident for _, incident in found}) == 1
    assert [event for event, _ in found].count("opened") == 1
    assert [event for event, _ in found].count("resolved") == 2
    again = found.index(("resolved", found[0][1])) + 1
    assert found[again][0] == "escalated"


def test_after_the_refractory_time_it_is_another() -> None:
    end = ended(list(run(together(quiet(7), complaints(AT)))))
    found = steps(quiet(7), complaints(AT), thread(end + REFRACTORY + 600.0, "next"))
    assert [event for event, _ in found].count("opened") == 2
    assert found[-1][1] == "acme:pile_on:bluesky:next"


def test_another_thread_opens_that_of_one_thread_again_and_joins_its_scope() -> None:
    """While an incident is open, a second thread joins it; soon after its end it is no different."""
    first = pile_on(AT)
    stream = together(quiet(7), first)
    end = ended(list(run(stream)))
    events = list(run(together(stream, thread(end + HOUR, "other"))))
    assert {event.incident_id for event in events} == {"acme:pile_on:bluesky:root"}
    assert [event.event for event in events].count("opened") == 1
    before = next(event for event in events if event.event == "resolved").counts.mentions
    assert events[-1].event == "resolved"
    assert events[-1].counts.mentions >= before + 20


def test_when_the_company_as_a_whole_follows_its_threads_belong_to_it_too() -> None:
    """A pile-on, within six hours an outage (the same incident, from then on about everything), then another thread."""
    first = pile_on(AT, answers=60)
    end = ended(list(run(together(quiet(8), first))))
    outage = complaints(end + HOUR)
    found = steps(quiet(8), first, outage, thread(end + 7 * HOUR, "third"))
    assert {incident for _, incident in found} == {"acme:pile_on:bluesky:root"}
    assert [event for event, _ in found].count("opened") == 1
    last = list(run(together(quiet(8), first, outage, thread(end + 7 * HOUR, "third"))))[-1]
    assert last.event == "resolved"
    assert last.counts.negative > 130


def test_at_its_end_the_evidence_of_all_its_threads_is_spent() -> None:
    """A thread that smoulders on must not open it again by what it had gathered before the end."""
    beside = thread(AT + 1.5 * HOUR, "beside", answers=8, minutes=60.0)
    stream = together(quiet(7), complaints(AT), beside)
    detector, partition, state = Detector(0.2), PartitionState(), EntityState()
    for m in stream:
        for late in partition.advance_to(m):
            partition.resolve_due(late, state, m)
        events = detector.observe(state, m)
        partition.schedule("acme", state)
        if any(e.event == "resolved" for e in events):
            break
    assert state.acute is not None
    assert state.acute.wide
    root = state.memory.number("bluesky:beside")
    assert state.threads[root].negative > 5
    assert [t.evidence for t in state.threads.values() if t.mentions > 1] == [0.0] * sum(
        t.mentions > 1 for t in state.threads.values()
    )


def test_seven_threads_are_no_longer_the_story_of_a_few() -> None:
    """Six are listed; with the seventh the incident is about the company, and an eighth opens it again."""
    threads = [thread(AT + 240.0 * k, f"thread-{k}", answers=40) for k in range(7)]
    end = ended(list(run(together(quiet(7), *threads))))
    found = steps(quiet(7), *threads, thread(end + 2 * HOUR, "eighth"))
    assert len({incident for _, incident in found}) == 1


def test_an_incident_opens_again_in_a_state_that_was_stored_meanwhile() -> None:
    first = complaints(AT)
    end = ended(list(run(together(quiet(7), first))))
    stream = together(quiet(7), first, thread(end + HOUR, "late"))
    detector, codec, state = Detector(0.2), EntityCodec(), EntityState()
    whole = [e for m in stream for e in detector.observe(state, m)]
    state, stored = EntityState(), list[IncidentEvent]()
    for number, m in enumerate(stream):
        if number % 97 == 0 and state.clock:
            state = codec.decode(codec.encode(state))
        stored += detector.observe(state, m)
    assert stored == whole
    assert len({e.incident_id for e in whole}) == 1
