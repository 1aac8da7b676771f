"""Hard posts of our own with their labels, read from the two files beside this module.

`training.jsonl` may be learnt from. `unseen.jsonl` is for reporting alone: no model, threshold or choice may see it.
The companies of one file do not occur in the other, nor does a wording (`tests/models/test_hard_posts.py`). The texts
were written for this project by its maintainers and are under its licence, Apache-2.0; the companies, where they exist,
did not do what is said of them.
"""

from __future__ import annotations

from importlib import resources
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from models.naming import occurrences
from models.scorer import Reading, Target
from pipeline.contracts.values import Label
from pipeline.errors import TerminalError

FileName = Literal["training", "unseen"]
Category = Literal[
    "irony", "comparison", "change", "negation", "emoji", "slang", "prices", "news", "promotion", "thanks"
]
"""What makes a post hard: irony; comparing and switching; "used to hate it, but"; a negation far from what it negates;
feeling in emoji alone; slang; prices; news about a company; promotions and competitions; thanks that are none."""

CATEGORIES: tuple[Category, ...] = get_args(Category)
HEADS = ("irony", "complaint", "question", "praise")
"""Heads beside sentiment that a post may have a label for."""


class NamedCompany(Struct, frozen=True, forbid_unknown_fields=True):
    """A company as the text names it, and what the post feels toward it."""

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    sentiment: Label


class HardPost(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A post and what a careful reader finds in it.

    `plain` marks the counterpart that means what it says, so that no cue of a category gives its label away. A head is
    null where readers may differ.
    """

    id: str
    lang: Literal["en", "de", "es", "fr", "pt", "it", "nl"]
    category: Category
    text: Annotated[str, Meta(min_length=1, max_length=500)]
    sentiment: Label
    targets: Annotated[tuple[NamedCompany, ...], Meta(min_length=1)]
    plain: bool = False
    irony: bool | None = None
    complaint: bool | None = None
    question: bool | None = None
    praise: bool | None = None

    @property
    def spans(self) -> tuple[Target, ...]:
        """Where each target stands in the text, in order; the longest name has the first choice, so that "Ardo" is not
        found in "Ardo Bank"."""
        found: dict[str, Target] = {}
        covered: set[int] = set()
        for target in sorted(self.targets, key=lambda target: -len(target.name)):
            free = tuple(
                (start, end) for start, end in occurrences(self.text, target.name) if covered.isdisjoint({start, end})
            )
            covered.update(*(range(start, end) for start, end in free))
            found[target.name] = free
        return tuple(found[target.name] for target in self.targets)

    @property
    def reading(self) -> Reading:
        """What a scorer is asked."""
        return Reading(self.text, self.spans)


def read_hard_posts(name: FileName) -> list[HardPost]:
    """The posts of a file, in its order, which is that of their ids.

    Raises `TerminalError` naming the line that is not as described.
    """
    lines = (resources.files("models.hard_posts") / f"{name}.jsonl").read_bytes().splitlines()
    out = []
    for number, line in enumerate(lines, start=1):
        try:
            post = msgspec.json.decode(line, type=HardPost)
        except msgspec.MsgspecError as error:
            raise TerminalError(f"line {number}: {error}", subject=f"{name}.jsonl", todo="Mend the line") from None
        if not all(post.spans):
            raise TerminalError(
                f"line {number}: a target is not in the text", subject=f"{name}.jsonl", todo="Write it as the text does"
            )
        out.append(post)
    return out
