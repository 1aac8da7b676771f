"""Fits how sure the linker says it is, on the development part of the posts of our own; judges on the other part.

python -m benchmarks.fitting.linking_calibration            error of the shipped numbers on the judging part
python -m benchmarks.fitting.linking_calibration --write    fit on the development part and write the shipped numbers
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from benchmarks.linking.quality import Post, brands_by_word, judged, read
from pipeline.enrich.catalogue import load_catalogue
from pipeline.enrich.linking.calibration import FILE, Calibration, expected_error, fit, logistic, loss, shipped
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.spelling.names import Kind

CUT = 0.8
"""Even odds where one post in five is about the brand; see `pipeline/enrich/linking/calibration.py`."""


def doubtful(linker: Linker, posts: Sequence[Post]) -> tuple[list[float], list[float], list[bool]]:
    """Scores, confidences and truth of the names that are ordinary words."""
    brands = brands_by_word(posts)
    found = [
        (one.score, one.confidence, one.entity.name == post.about)
        for post in posts
        for one in judged(post, linker.consider(post.text), brands[post.words])
        if one.kind is Kind.COMMON
    ]
    return [f[0] for f in found], [f[1] for f in found], [f[2] for f in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    linker = Linker(load_catalogue())
    report: dict[str, Any] = {}
    if args.write:
        scores, _, right = doubtful(linker, read("development"))
        slope, intercept = fit(scores, right)
        made = Calibration(
            slope=round(slope, 4), intercept=round(intercept, 4), cut=CUT, candidates=len(scores),
            made_by="python -m benchmarks.fitting.linking_calibration --write",
        )  # fmt: skip
        FILE.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
        report["fitted"] = msgspec.to_builtins(made)
        report["log_loss"] = {"before": loss(scores, right, 1.0, 0.0), "after": loss(scores, right, slope, intercept)}
    else:
        scores, confidences, right = doubtful(linker, read("judging"))
        report["candidates"] = len(scores)
        report["shipped"] = msgspec.to_builtins(shipped())
        report["expected_calibration_error"] = round(expected_error(confidences, right), 4)
        report["without_calibration"] = round(expected_error([logistic(s) for s in scores], right), 4)
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
