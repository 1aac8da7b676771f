"""Holds what a world looks like in the end against what must be so, and gives every difference a name.

The names are those of Jepsen's Kafka workload, and this pipeline's own:

lost         a post that is neither shown, nor erased, nor a letter; or work that never ends
unseen       in the index, and not in the detector's counts
doubled      the detector's counts are higher than the distinct mentions
resurrected  deleted, and shown again
stale        shown in another version than the newest, or about a company that the newest does not name; an older step
             of an incident as the last on its topic
told_twice   a receiver was sent a step of an incident again, and no worker died, stood still beyond its session or
             missed the answer before it could mark that it had it: such a repeat only the receiver can drop, by its id
never_told   the newest step of an incident is not what its receivers, or the page, were told last
leaked       words of a deleted post are kept somewhere
miscounted   records that retention removed before they were read are not counted as lost, or others are
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from pipeline.alert.notifier import firing
from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.topics import POSTS_RAW
from pipeline.enrich.stage import Enrich
from pipeline.simulate.companies import demo_companies
from tests.simulation.hazards import LEAKS
from tests.simulation.inputs import Input, junk_key
from tests.simulation.model import Expected, expected
from tests.simulation.observation import Counted, Observation
from tests.simulation.world.outside import RECEIVERS

NAMES = ("lost", "unseen", "doubled", "resurrected", "stale", "told_twice", "never_told", "leaked", "miscounted")


class Anomaly(NamedTuple):
    """Something that must not be: its name, and what it is about."""

    name: str
    what: str


def check(inputs: Sequence[Input], seen: Observation, hazards: Collection[str] = ()) -> list[Anomaly]:
    """Every anomaly of a world, of those that its hazards allow to be looked for."""
    if not seen.settled:
        return [Anomaly("lost", f"work never ends: {'; '.join(seen.waiting)}")]
    must = expected(inputs, hazards, seen.lost)
    return [
        *_index(must, seen),
        *_letters(must, seen),
        *_counts(must, seen),
        *_alerts(must, seen),
        *_topic(seen),
        *_lost_records(seen),
        *(_leaks(must, seen) if LEAKS in hazards else ()),
    ]


def _index(must: Expected, seen: Observation) -> Iterator[Anomaly]:
    for mention, word in must.shown.items():
        shown = seen.mentions.get(mention)
        if shown is None:
            yield Anomaly("lost", f"{mention} is not in the index")
        elif word not in shown.text:
            yield Anomaly("stale", f"{mention} is shown as {shown.text[-12:]!r}, not {word}")
    for mention, shown in seen.mentions.items():
        if mention in must.shown or any(f":{post}|" in mention for post in must.open):
            continue
        if any(word in shown.text for word in must.erased):
            yield Anomaly("resurrected", f"{mention} was deleted and is in the index")
        else:
            yield Anomaly("stale", f"{mention} is in the index, and its post is not about that")


def _letters(must: Expected, seen: Observation) -> Iterator[Anomaly]:
    keys = {letter.key for letter in seen.letters if letter.stage == "enrich"}
    for junk in must.junk:
        if junk_key(junk) not in keys:
            yield Anomaly("lost", f"junk {junk.number} ({junk.kind}) is not among the letters")


def _counts(must: Expected, seen: Observation) -> Iterator[Anomaly]:
    for number, company in enumerate(demo_companies()):
        if number in must.undetermined:
            continue
        counted = seen.counted.get(number, Counted())
        pairs = [("mentions", counted.mentions, must.mentions.get(number, 0))]
        if number not in must.overtaken:
            pairs.append(("complaints", counted.negative, must.negative.get(number, 0)))
        for what, is_, should in pairs:
            if is_ != should:
                name = "doubled" if is_ > should else "unseen"
                yield Anomaly(name, f"the detector counts {is_} {what} of {company.name}, there are {should}")


def _alerts(must: Expected, seen: Observation) -> Iterator[Anomaly]:
    about = {event.entity.id for event in seen.newest.values()}
    for company in must.incidents:
        if demo_companies()[company].id not in about:
            yield Anomaly("never_told", f"a crowd complains of {demo_companies()[company].name}: no incident")
    for name, pages in RECEIVERS:
        sent = [event for receiver, event in seen.delivered if receiver == name]
        steps = Counter((event.incident_id, event.event, event.at) for event in sent)
        repeats = sum(times - 1 for times in steps.values())
        if repeats > seen.interruptions:
            (incident, step, _), times = steps.most_common(1)[0]
            yield Anomaly("told_twice", f"{name} was told {times} times that {incident} is {step}, {repeats} in all")
        for incident, newest in seen.newest.items():
            last = next((event for event in reversed(sent) if event.incident_id == incident), None)
            if not _current(newest, last, pages):
                told = "nothing" if last is None else last.event
                yield Anomaly("never_told", f"{name} was told {told} of {incident} last, it is {newest.event}")
    for incident, newest in seen.newest.items():
        shown = seen.shown.get(incident)
        if shown is None or (shown.at, shown.event) != (newest.at, newest.event):
            yield Anomaly("never_told", f"the index does not show that {incident} is {newest.event}")


def _topic(seen: Observation) -> Iterator[Anomaly]:
    for incident, newest in seen.newest.items():
        last = seen.events[incident][-1]
        if last.at < newest.at:
            yield Anomaly("stale", f"{incident} is {newest.event}, the last on its topic is {last.event}")


def _lost_records(seen: Observation) -> Iterator[Anomaly]:
    """Never fewer than were lost; more where a worker counts anew what another had counted before, or saw what was
    removed before its group committed anything."""
    if sum(seen.lost_counted.values()) < seen.lost_known:
        yield Anomaly("miscounted", f"{seen.lost_known} records were lost, counted are {seen.lost_counted}")
    for (stage, topic), counted in seen.lost_counted.items():
        if counted and not (seen.lost and (stage, topic) == (Enrich.name, POSTS_RAW.name)):
            yield Anomaly("miscounted", f"{stage} has lost nothing of {topic}, and counts {counted}")


def _current(newest: IncidentEvent, last: IncidentEvent | None, pages: bool) -> bool:
    """Whether a receiver knows the present state of an incident."""
    if not pages:
        return last is not None and (last.at, last.event) == (newest.at, newest.event)
    return (last is not None and firing(last)) == firing(newest)


def _leaks(must: Expected, seen: Observation) -> Iterator[Anomaly]:
    for place, data in seen.places.items():
        for word in sorted(must.erased):
            if word.encode() in data:
                yield Anomaly("leaked", f"{word} is in {place}")
