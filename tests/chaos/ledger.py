"""Holds the books of what was sent against what an installation has, and gives every difference a name.

The names are those of the simulated world (`tests/simulation/checker.py`), and `undercounted` for records that were
lost without a count of it.  Nothing may be on its way meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import mention_id
from pipeline.contracts.topics import INCIDENTS, changelog
from pipeline.detect.stage import DetectCodec
from pipeline.index.protocol import Index
from pipeline.runtime.kafka.redelivery import REPLAY_KEY
from pipeline.settings.kafka import KafkaSettings
from pipeline.stages.state import StoredValue
from tests.chaos.log import everything, folded
from tests.chaos.traffic import COMPANIES, Sent

AT_ONCE = 1_000
"""Mentions asked for in one request, and the most letters that are read."""


class Anomaly(NamedTuple):
    """Something that must not be: its name, and what it is about."""

    name: str
    what: str


class Books(NamedTuple):
    """What was sent, what was told to the receiver, and how often an alert worker may have lost a mark."""

    sent: Sequence[Sent]
    accepted: Sequence[IncidentEvent]
    interruptions: int
    gaps: int
    """Records that the workers said they had lost."""


class Balance(NamedTuple):
    """The sums, for a person to see, and the anomalies."""

    sent: int
    indexed: int
    erased: int
    letters: int
    lost: int
    incidents: int
    steps: int
    repeats: int
    folded: int
    anomalies: list[Anomaly]


async def balance(books: Books, kafka: KafkaSettings, index: Index) -> Balance:
    """Every sum and anomaly."""
    await index.refresh()
    events = await _events(kafka)
    letters = {letter.key for letter in await index.dead_letters(limit=AT_ONCE)}
    must = Counter(sent.fate for sent in books.sent if not sent.lost)
    lost = sum(sent.lost for sent in books.sent)
    steps = Counter((event.incident_id, event.event, event.at) for event in books.accepted)
    published = {(event.incident_id, event.event, event.at) for event in events}
    repeats = sum(times - 1 for times in steps.values())
    anomalies = [
        *await _index(books.sent, index),
        *_letters(books.sent, letters),
        *await _counts(books.sent, kafka),
        *_alerts(events, books, repeats),
    ]
    if books.gaps < lost:
        anomalies.append(Anomaly("undercounted", f"{lost} records are lost, the workers counted {books.gaps}"))
    return Balance(
        sent=len(books.sent), indexed=await index.count(), erased=must["erased"], letters=len(letters), lost=lost,
        incidents=len({event.incident_id for event in events}), steps=len(published), repeats=repeats,
        folded=len(published - set(steps)), anomalies=anomalies,
    )  # fmt: skip


async def _index(sent: Sequence[Sent], index: Index) -> Iterator[Anomaly]:
    """Each post that must be there is, and no other."""
    found = []
    shown = [_mention(post) for post in sent if post.fate in ("shown", "uncounted") and not post.lost]
    there = 0
    for first in range(0, len(shown), AT_ONCE):
        some = shown[first : first + AT_ONCE]
        there += (existing := await index.existing(some))
        if existing < len(some):
            absent = [name for name in some if not await index.existing([name])]
            found.append(Anomaly("lost", f"{len(absent)} mentions are not in the index: {', '.join(absent[:3])}"))
    for first in range(0, len(erased := [_mention(post) for post in sent if post.fate == "erased"]), AT_ONCE):
        some = erased[first : first + AT_ONCE]
        if again := await index.existing(some):
            found.append(Anomaly("resurrected", f"{again} mentions were deleted and are in the index"))
    if (count := await index.count()) != there and not found:
        found.append(Anomaly("stale", f"{count - there} mentions are in the index that nobody sent"))
    return iter(found)


def _letters(sent: Sequence[Sent], keys: set[bytes | None]) -> Iterator[Anomaly]:
    must = {post.key for post in sent if post.fate == "letter" and not post.lost}
    if absent := must - keys:
        yield Anomaly("lost", f"{len(absent)} records are no letters: {sorted(absent)[:3]}")
    if more := keys - must:
        yield Anomaly("stale", f"{len(more)} letters are of good records: {sorted(map(repr, more))[:3]}")


async def _counts(sent: Sequence[Sent], kafka: KafkaSettings) -> Iterator[Anomaly]:
    must = Counter(post.company for post in sent if post.fate == "shown" and not post.lost)
    counted = await _counted(kafka)
    found = []
    for number, company in enumerate(COMPANIES):
        if (is_ := counted[company.id]) != must[number]:
            name = "doubled" if is_ > must[number] else "unseen"
            found.append(Anomaly(name, f"the detector counts {is_} mentions of {company.name}, not {must[number]}"))
    return iter(found)


def _alerts(events: Sequence[IncidentEvent], books: Books, repeats: int) -> Iterator[Anomaly]:
    if repeats > books.interruptions:
        yield Anomaly("told_twice", f"{repeats} steps came again, and {books.interruptions} marks may have been lost")
    newest: dict[str, IncidentEvent] = {}
    for event in events:
        if event.incident_id not in newest or event.at >= newest[event.incident_id].at:
            newest[event.incident_id] = event
    last = {event.incident_id: event for event in books.accepted}
    for name, event in newest.items():
        told = last.get(name)
        if told is None or (told.event, told.at) != (event.event, event.at):
            was = "nothing" if told is None else told.event
            yield Anomaly("never_told", f"the receiver was told {was} of {name} last, it is {event.event}")


def _mention(sent: Sent) -> str:
    return mention_id(sent.post_id, COMPANIES[sent.company].id)


async def _counted(kafka: KafkaSettings) -> Counter[str]:
    """The detector's mentions by company."""
    codec, out = DetectCodec(), Counter[str]()
    for values in await folded(kafka, changelog("detect").name):
        for company in COMPANIES:
            if company.id in values:
                stored = msgspec.msgpack.decode(values[company.id], type=StoredValue)
                out[company.id] += codec.decode(stored.value).mentions
    return out


async def _events(kafka: KafkaSettings) -> list[IncidentEvent]:
    records = await everything(kafka, INCIDENTS.name)
    return [
        msgspec.json.decode(record.value, type=IncidentEvent)
        for record in records
        if record.value is not None and not (record.key or b"").endswith(REPLAY_KEY)
    ]
