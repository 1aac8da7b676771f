"""Posts a second of the shipped model against a RoBERTa-base-shaped `transformers` pipeline fed one text a call.

Both in the same run, in turns, so that a busy machine slows both.  The RoBERTa has random weights (its speed does not
depend on them): 12 layers × 768, 12 heads, 50,265 word pieces, fp32.  Texts are of our own making, some 33 tokens
each, no two alike, and the cache of recent answers is off.

    python benchmarks/model.py --rounds 5
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from models.manifest import SHIPPED, TOKENIZER
from models.runtime.onnx_cpu import OnnxScorer

VOCABULARY = (
    "the a my this service phone parcel flight support refund crew store app update battery price order driver late "
    "great awful broken lovely slow fast never always again still really very today yesterday week hours minutes twice "
    "called waited answered bought returned cancelled delivered arrived works fails and but because when while for "
    "with without from company people thanks sorry please honestly nobody everybody money time screen room food"
)
TOKENS = 33
BATCHES = (1, 32, 256)


def texts(count: int, seed: int) -> list[str]:
    """Texts of about `TOKENS` tokens with the two that the tokenizer adds."""
    draw = random.Random(seed)
    words = VOCABULARY.split()
    lengths = (max(4, round(draw.gauss(TOKENS - 3, 8))) for _ in range(count))
    return [" ".join(draw.choices(words, k=length)) for length in lengths]


def roberta_base(threads: int) -> Callable[[str], object]:
    """A `transformers` text-classification pipeline on a RoBERTa-base of random weights."""
    import torch
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForSequenceClassification, pipeline

    if threads:
        torch.set_num_threads(threads)
    tokenizer = Tokenizer.from_file(str(SHIPPED / TOKENIZER))
    tokenizer.no_truncation()
    with tempfile.TemporaryDirectory() as folder:
        PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=512
        ).save_pretrained(folder)
        fast = PreTrainedTokenizerFast.from_pretrained(folder)
    shape = RobertaConfig(vocab_size=50_265, max_position_embeddings=514, type_vocab_size=1, num_labels=3)
    model = RobertaForSequenceClassification(shape).eval()
    return pipeline("text-classification", model=model, tokenizer=fast, device="cpu")


def rate(read: Callable[[list[str]], object], batch: list[str], repeats: int) -> float:
    """Posts a second over some calls."""
    started = time.perf_counter()
    for _ in range(repeats):
        read(batch)
    return len(batch) * repeats / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns; the median is printed")
    parser.add_argument("--threads", type=int, default=0, help="0: one a core")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    scorer = OnnxScorer(SHIPPED, threads=given.threads, recent=0, batch=max(BATCHES))
    peer = roberta_base(given.threads)
    length = statistics.mean(len(scorer._tokenizer.encode(text).ids) for text in texts(500, 1))
    rates: dict[str, list[float]] = {}
    for turn in range(given.rounds + 1):
        for size in BATCHES:
            batch = texts(size, turn)
            found = rate(scorer.score, batch, max(1, 64 // size))
            rates.setdefault(f"onnx int8, batch {size}", []).append(found)
        one = texts(12, turn)
        found = rate(lambda batch: [peer(text) for text in batch], one, 1)
        rates.setdefault("RoBERTa-base shape, transformers fp32, one a call", []).append(found)
    medians = {name: statistics.median(values[1:]) for name, values in rates.items()}
    last = list(medians.values())[-1]
    ratios = {
        name: statistics.median(a / b for a, b in zip(values[1:], list(rates.values())[-1][1:], strict=True))
        for name, values in rates.items()
    }
    if given.json:
        print(json.dumps({"tokens": length, "posts_per_second": medians, "ratio": ratios}))
        return
    print(f"mean length {length:.1f} tokens; median of {given.rounds} turns; peer {last:.1f} posts/s")
    for name, value in medians.items():
        print(f"{name:52s} {value:8.1f} posts/s   {ratios[name]:6.1f} x")


if __name__ == "__main__":
    main()
