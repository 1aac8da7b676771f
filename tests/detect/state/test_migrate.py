"""State that older versions wrote is read, and goes on."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.detector import Detector
from pipeline.detect.state.codec import VERSION, EntityCodec
from pipeline.detect.state.entity import EntityState
from tests.detect.streams import pile_on, quiet, together

STATES = Path(__file__).with_name("states")
AT = 5 * 86_400.0 + 50_000.0
HEARD = together(quiet(6), pile_on(AT))
CUT = next(position for position, m in enumerate(HEARD) if m.post_id == "bluesky:answer-60")
"""Where each version had got to when it wrote its state: in the midst of a pile-on."""

KNOWN = 61
"""Posts in the state itself since version 5; earlier ones are in pages (`test_memory.py`)."""

CODEC = EntityCodec()


def restored(version: int) -> EntityState:
    return CODEC.decode((STATES / f"version-{version}.msgpack").read_bytes())


def rest(state: EntityState) -> list[IncidentEvent]:
    detector = Detector(0.2)
    return [event for m in HEARD[CUT:] for event in detector.observe(state, m)]


def test_there_is_a_state_of_every_version() -> None:
    assert sorted(path.name for path in STATES.iterdir()) == [f"version-{v}.msgpack" for v in range(1, VERSION + 1)]


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_state_of_an_older_version_is_read_and_its_incident_goes_on(version: int) -> None:
    state = restored(version)
    assert state.mentions == 1213
    assert state.acute is not None
    assert state.acute.mentions == 61
    assert len(state.memory.posts.positions) == (160 if version < 5 else KNOWN)
    again = CODEC.decode(CODEC.encode(state))
    assert CODEC.encode(again) == CODEC.encode(state)
    events = rest(state)
    assert {event.incident_id for event in events} == {"acme:pile_on:bluesky:root"}
    assert events[-1].event == "resolved"
    assert 95 <= events[-1].counts.mentions <= 101


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_what_an_older_version_had_heard_is_not_counted_again(version: int) -> None:
    state = restored(version)
    before = state.mentions
    detector = Detector(0.2)
    for m in HEARD[CUT - (100 if version < 5 else KNOWN) : CUT]:
        assert not detector.observe(state, m)
    assert state.mentions == before


def test_state_of_a_newer_version_is_refused() -> None:
    data = msgspec.msgpack.encode([VERSION + 1, 0])
    with pytest.raises(ValueError, match="Run the program that wrote it"):
        CODEC.decode(data)
