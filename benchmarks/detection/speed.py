"""How fast the detector is, and how large its state.

    python -m benchmarks.detection.speed --mentions 300000

Prints microseconds a mention (processor time) inside the core, with JSON reading, and bytes of state an entity.
"""

from __future__ import annotations

import argparse
import time
from heapq import merge

import msgspec
import numpy as np

from benchmarks.detection.streams import JUDGING, Plan, month
from pipeline.detect.codec import EntityCodec
from pipeline.detect.detector import Detector
from pipeline.detect.entity import EntityState
from pipeline.detect.heard import HeardEntity, HeardMention, read
from pipeline.detect.stage import run


def feed(wanted: int) -> list[HeardMention]:
    """About so many mentions of several entities, in order of arrival."""
    streams, count, seed = [], 0, JUDGING + 900_000
    while count < wanted:
        entity, mentions = HeardEntity(f"e{seed}", "Entity"), month(seed, Plan()).mentions
        for m in mentions:
            m.entity = entity
        streams.append(mentions)
        count += len(mentions)
        seed += 1
    return list(merge(*streams, key=lambda m: m.ingested_at))[:wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=300_000)
    options = parser.parse_args()
    mentions = feed(options.mentions)
    n = len(mentions)
    begun = time.process_time()
    events = list(run(mentions))
    core = time.process_time() - begun
    lines = [msgspec.json.encode(m) for m in mentions]
    detector, states = Detector(), {}
    begun = time.process_time()
    for line in lines:
        heard = read(line)
        assert heard is not None
        state = states.get(heard.entity.id)
        if state is None:
            state = states[heard.entity.id] = EntityState()
        detector.hear(state, heard)
    whole = time.process_time() - begun
    sizes = np.array([len(EntityCodec().encode(state)) for state in states.values()])
    print(f"{n:,} mentions of {len(states)} entities, {len(events):,} events")
    print(f"core {core / n * 1e6:.1f} µs a mention, with JSON {whole / n * 1e6:.1f} µs")
    print(f"state: median {np.median(sizes):,.0f} bytes, most {sizes.max():,}")


if __name__ == "__main__":
    main()
