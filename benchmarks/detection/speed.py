"""How fast the detector is, and how large its state.

    python -m benchmarks.detection.speed --mentions 1000000

Prints microseconds a mention (processor time, best of the rounds): inside the core, compiled and as plain Python; with
JSON reading; beside River's and a rolling window in pandas on the same feed; for one entity with a hundred mentions a
second; and bytes of state at so many entities.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from heapq import merge
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.detection import busy, speed_peers
from benchmarks.detection.streams import JUDGING, Plan, month
from pipeline import detect
from pipeline.compiled import PURE
from pipeline.detect.detector import Detector
from pipeline.detect.mentions.inbound import InboundEntity, InboundMention, read
from pipeline.detect.stage import run
from pipeline.detect.state.codec import EntityCodec
from pipeline.detect.state.entity import EntityState

LIMIT = 10_000
"""Bytes that a state may have."""

WHOLE = 500
"""Of so many entities one has a whole month; the others have been heard of a few times."""


BATCH = 1_000
"""Mentions that are read before they are heard."""


def feed(wanted: int) -> list[InboundMention]:
    """About so many mentions of several entities, in order of arrival."""
    streams, count, seed = [], 0, JUDGING + 900_000
    while count < wanted:
        entity, mentions = InboundEntity(f"e{seed}", "Entity"), month(seed, Plan()).mentions
        for m in mentions:
            m.entity = entity
        streams.append(mentions)
        count += len(mentions)
        seed += 1
    return list(merge(*streams, key=lambda m: m.ingested_at or m.created_at))[:wanted]


def core(lines: Sequence[bytes]) -> tuple[float, int]:
    """Seconds that the detector itself takes, one state an entity, and how many events there are.

    Mentions are read a batch at a time, as workers do it; reading is not counted.
    """
    detector, states, events, taken = Detector(), dict[str, EntityState](), 0, 0.0
    observe = detector.observe
    for first in range(0, len(lines), BATCH):
        batch = [m for line in lines[first : first + BATCH] if (m := read(line)) is not None]
        begun = time.process_time()
        for m in batch:
            key = m.entity.id
            state = states.get(key)
            if state is None:
                state = states[key] = EntityState()
            events += len(observe(state, m))
        taken += time.process_time() - begun
    return taken, events


def from_file(lines: Sequence[bytes]) -> tuple[float, int]:
    """Seconds from lines of JSON to events, silence included, as `groundswell detect` has it."""
    begun = time.process_time()
    events = sum(1 for _ in run(one for one in map(read, lines) if one is not None))
    return time.process_time() - begun, events


def plain(mentions: int, rounds: int) -> str:
    """What the core takes as plain Python, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.detection.speed", "--core", "--mentions", str(mentions)]
    done = subprocess.run(
        [*command, "--rounds", str(rounds)], env={**os.environ, PURE: "1"}, cwd=Path(__file__).parents[2],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def sizes(entities: int) -> np.ndarray:
    """Bytes of the states of so many entities, whose streams end anywhere; from one month in forty."""
    rng = np.random.default_rng(JUDGING)
    months = [month(JUDGING + 800_000 + k, Plan()).mentions for k in range(40)]
    detector, codec = Detector(), EntityCodec()
    found = np.empty(entities, np.int64)
    for number in range(entities):
        mentions = months[number % len(months)]
        most = len(mentions) if number % WHOLE == 0 else min(len(mentions), 1 + int(rng.pareto(1.2) * 4.0))
        state = EntityState()
        for m in mentions[: rng.integers(most // 2, most) + 1]:
            detector.observe(state, m)
        found[number] = len(codec.encode(state))
    return found


def never_resting(a_second: float, seconds: float) -> list[str]:
    """One entity that never rests: without and with a snowball, what it costs and what is told."""
    said = []
    for answers in (0, 1_000):
        detector, largest, opened = Detector(), 0, []
        state, codec = busy.known(detector, a_second), EntityCodec()
        mentions = list(busy.stream(a_second, seconds, answers))
        taken = 0.0
        for first in range(0, len(mentions), 5_000):
            begun = time.process_time()
            for m in mentions[first : first + 5_000]:
                opened += [event for event in detector.observe(state, m) if event.event == "opened"]
            taken += time.process_time() - begun
            largest = max(largest, len(codec.encode(state)))
        assert largest <= LIMIT, largest
        assert [event.incident_id for event in opened] == ["busy:pile_on:s:0"] * (answers > 0)
        name = "a pile-on of 1,000 on top, found" if answers else "a steady hour, nothing told"
        said.append(
            f"{name}: {taken / len(mentions) * 1e6:.1f} µs, {len(mentions):,} mentions, state {largest:,} bytes"
        )
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=300_000)
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", action="store_true", help="print only what the core takes")
    options = parser.parse_args()
    mentions = feed(options.mentions)
    n, rounds = len(mentions), range(options.rounds)
    lines = [msgspec.json.encode(m) for m in mentions]
    gc.freeze()  # the feed waits in memory here, and is not the detector's to go through
    seconds, events = min(core(lines) for _ in rounds)
    if options.core:
        print(f"{seconds / n * 1e6:.1f}")
        return
    print(f"{n:,} mentions of {len({m.entity.id for m in mentions})} entities, {events:,} events; µs a mention:")
    print(f"{seconds / n * 1e6:8.1f}  core, {'compiled' if detect.COMPILED else 'plain Python'}")
    if detect.COMPILED:
        print(f"{plain(min(n, 100_000), options.rounds):>8}  core, plain Python (100,000 mentions)")
    print(f"{min(from_file(lines) for _ in rounds)[0] / n * 1e6:8.1f}  with JSON reading, and silence")
    del lines
    for name, value in speed_peers.measured(mentions):
        print(f"{value:8.1f}  {name}" if isinstance(value, float) else f"{'–':>8}  {name}: {value}")
    for line in never_resting(100.0, 3_600.0):
        print(f"one entity with 100 a second, {line}")
    found = sizes(options.entities)
    print(
        f"state of {len(found):,} entities: mean {found.mean():,.0f} bytes, median {np.median(found):,.0f}, 99.9 % "
        f"{np.quantile(found, 0.999):,.0f}, most {found.max():,}; all in all {found.sum() / 1e6:,.0f} MB"
    )


if __name__ == "__main__":
    main()
