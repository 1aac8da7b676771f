"""What the detector tells of each story, kept in `golden/`: a change of the detector shows as a difference to read.

    python -m tests.detect.stories.record   # write the record anew, then read `git diff tests/detect`

Kept are the steps of an incident that change something for a person (no updates), with the figures that people see.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.stage import run
from tests.detect.stories.script import AT
from tests.detect.stories.stories import STORIES
from tests.detect.streams import MONDAY

FOLDER = Path(__file__).with_name("golden")


def minutes(event: IncidentEvent) -> float:
    """Minutes from the beginning of the story to the event."""
    return ((event.at - MONDAY).total_seconds() - AT) / 60.0


def recorded(events: Iterable[IncidentEvent]) -> bytes:
    """The record of what was told of a story, one event a line."""
    return b"".join(_line(event) for event in events if event.event != "updated")


def _line(event: IncidentEvent) -> bytes:
    row = {
        "minute": round(minutes(event), 1),
        "event": event.event,
        "incident": event.incident_id,
        "severity": event.severity,
        "mentions": event.counts.mentions,
        "negative": event.counts.negative,
        "authors": event.counts.authors,
        "pageable": event.pageable,
        "coordinated": event.coordinated,
        "test": event.test.name,
    }
    return msgspec.json.encode(row) + b"\n"


def main() -> None:
    """Write every record."""
    for story in STORIES:
        (FOLDER / f"{story.__name__}.jsonl").write_bytes(recorded(run(story())))


if __name__ == "__main__":
    main()
