"""What all tests of an hour say together: is this the beginning of a snowball?

Thread and entity each hold part of the evidence of a small snowball, since some of its posts answer nobody.  How much
each part is worth beside the others is learned: boosted trees (Friedman 2001) over what the tests and the baseline hold
at a negative mention, fitted on simulated months of both generators, in which it is known what was a snowball.  Each
feature that is evidence can only raise the judgement.  The trees are plain numbers in `judgement.json`, which names the
command that makes it; `together.py` asks them.

Nothing was learned about entities that are new or talked about seldom or far more than the months were made for: there
the tests speak for themselves, each against a threshold of its own.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
from msgspec import Struct

from pipeline.detect.forest import Forest

FEATURES: Final = (
    "pile_on", "surge", "busy", "excess_middle", "excess_fast", "usual_share", "dispersion", "thread_negative",
    "thread_mentions", "thread_age", "thread_exposure", "thread_fast", "thread_middle", "thread_evidence",
    "thread_voices", "rate_1.6", "rate_2.5", "rate_5", "rate_12", "share_1.6", "share_2.5", "share_5",
)  # fmt: skip
"""What it looks at, in order; of the thread all zero for a mention that answers nobody."""

_LOWER_OR_HIGHER: Final = (
    "busy", "usual_share", "dispersion", "thread_mentions", "thread_age", "thread_voices",
)  # fmt: skip
RAISING: Final = tuple(name not in _LOWER_OR_HIGHER for name in FEATURES)
"""Which of them can only raise the judgement."""


class Model(Struct, frozen=True):
    """The shipped trees: the log-odds of a snowball, counted from what quiet moments have on average."""

    made_by: str
    forest: Forest


@cache
def shipped() -> Model:
    """The model that comes with the product."""
    return msgspec.json.decode(files("pipeline.detect").joinpath("judgement.json").read_bytes(), type=Model)
