"""Posts a second of the shipped model against a RoBERTa-base-shaped `transformers` pipeline fed one text a call.

Both in the same run, in turns, so that a busy machine slows both; the ratio is the median of the turns' ratios.  The
RoBERTa has random weights (its speed does not depend on them): 12 layers × 768, 12 heads, 50,265 word pieces, fp32, no
targets, one head of three labels.  Ours reads with all its heads and is asked about one target a text.  Texts are of
our own making, no two alike, some 33 tokens each where no other length is said; the cache of recent answers is off
where nothing else is said.

Also: what a process with the model loaded takes, and how long it takes to its first answer.

    python -m benchmarks.model.speed --rounds 5
    python -m benchmarks.model.speed --threads 1 --cpu    on a machine that has other work: CPU time, one thread each
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.model.roberta import roberta_base
from models.manifest import SHIPPED
from models.runtime.onnx_cpu import OnnxScorer
from models.scorer import Reading

VOCABULARY = (
    "the a my this service phone parcel flight support refund crew store app update battery price order driver late "
    "great awful broken lovely slow fast never always again still really very today yesterday week hours minutes twice "
    "called waited answered bought returned cancelled delivered arrived works fails and but because when while for "
    "with without from company people thanks sorry please honestly nobody everybody money time screen room food"
)
TOKENS = 33
BATCHES = (1, 8, 32, 256)
LENGTHS = (8, 16, 33, 64, 128)
PEER = "RoBERTa-base shape, transformers fp32, one a call"
OURS = "ours, one a call"
FRESH = """
import resource, sys, time
started = time.perf_counter()
from pathlib import Path
from models.load import load_scorer
from pipeline.settings.settings import ModelSettings
scorer = load_scorer(ModelSettings(path=Path(sys.argv[1]), threads=int(sys.argv[2])))
scorer.score(["They lost my bag and nobody answers."])
first = time.perf_counter() - started
for number in range(8):
    scorer.score([f"{number}-{each} " + "they lost my bag and nobody answers " * (each % 12) for each in range(256)])
print(first, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
"""Seconds to the first answer, and the most that the process held, in MB, while it read 2,048 texts of all lengths."""

Read = Callable[[list[Reading]], object]


def texts(count: int, seed: int, tokens: int = TOKENS, spread: float = 8.0) -> list[str]:
    """Texts of about `tokens` tokens with the two that the tokenizer adds."""
    draw = random.Random(seed * 1_000 + tokens)
    words = VOCABULARY.split()
    lengths = (max(2, round(draw.gauss(tokens - 3, spread))) for _ in range(count))
    return [" ".join(draw.choices(words, k=length)) for length in lengths]


def readings(given: Sequence[str]) -> list[Reading]:
    """The texts, each asked about its first word."""
    return [Reading(text, (((0, len(text.split()[0])),),)) for text in given]


class Race:
    """Posts a second of several ways to read, taken in turns."""

    def __init__(self, cpu: bool) -> None:
        self._clock = time.process_time if cpu else time.perf_counter
        self.rates: dict[str, list[float]] = {}

    def run(self, name: str, read: Read, given: list[Reading], batch: int) -> None:
        """Read some readings in batches, and note how fast."""
        started = self._clock()
        for start in range(0, len(given), batch):
            read(given[start : start + batch])
        self.rates.setdefault(name, []).append(len(given) / (self._clock() - started))

    def best(self, name: str) -> float:
        """The median turn, the first left out: it warms up."""
        return statistics.median(self.rates[name][1:])

    def ratio(self, name: str, other: str) -> float:
        """How many times as fast, in the median turn."""
        pairs = zip(self.rates[name][1:], self.rates[other][1:], strict=True)
        return statistics.median(one / two for one, two in pairs)


def race(folder: Path, threads: int, rounds: int, cpu: bool) -> Race:
    """Everything that is timed, `rounds` turns of it after one to warm up."""
    plain = OnnxScorer(folder, threads=threads, recent=0, batch=max(BATCHES))
    kept = OnnxScorer(folder, threads=threads, batch=32)
    peer = roberta_base(threads)
    out = Race(cpu)
    for turn in range(rounds + 1):
        out.run(PEER, lambda batch: [peer(one.text) for one in batch], readings(texts(12, turn)), 1)
        out.run(OURS, plain.score, readings(texts(96, turn)), 1)
        out.run("ours, one a call, no target", plain.score, [Reading(text) for text in texts(96, turn)], 1)
        for size in BATCHES[1:]:
            out.run(f"ours, batches of {size}", plain.score, readings(texts(max(256, size), turn)), size)
        for tokens in LENGTHS:
            given = readings(texts(48, turn, tokens, 0.0))
            out.run(f"ours, one a call, {tokens} tokens", plain.score, given, 1)
            out.run(f"ours, batches of 32, {tokens} tokens", plain.score, given, 32)
        new = readings(texts(128, 100 + turn))
        out.run("ours, batches of 32, cache on, no repeats", kept.score, new, 32)
        repeated = [*readings(texts(64, 200 + turn)), *new[:64]]
        random.Random(turn).shuffle(repeated)
        out.run("ours, batches of 32, cache on, half repeats", kept.score, repeated, 32)
    return out


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns; the median is printed")
    parser.add_argument("--threads", type=int, default=0, help="0: one a core")
    parser.add_argument("--cpu", action="store_true", help="CPU time in place of the clock's; wants --threads 1")
    parser.add_argument("--model", type=Path, default=SHIPPED, help="folder of the artefact")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    command = [sys.executable, "-c", FRESH, str(given.model), str(given.threads)]
    fresh = [subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() for _ in range(3)]
    start, memory = (statistics.median(float(run[part]) for run in fresh) for part in (0, 1))
    found = race(given.model, given.threads, given.rounds, given.cpu)
    rows = {name: (found.best(name), found.ratio(name, PEER)) for name in found.rates}
    if given.json:
        print(json.dumps({"first_answer_seconds": start, "megabytes": memory, "posts_per_second": rows}))
        return
    what = "a second of CPU time" if given.cpu else "a second"
    print(f"to the first answer {start:.2f} s; at most {memory:.0f} MB; median of {given.rounds} turns\n")
    for name, (rate, ratio) in rows.items():
        print(f"{name:52s} {rate:8.1f} posts {what} {ratio:7.1f} x")


if __name__ == "__main__":
    main()
