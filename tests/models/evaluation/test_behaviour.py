"""The behavioural checks: what they are, that each of them can fail, and that the shipped model holds its floors."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from zlib import crc32

import pytest

from models.evaluation.behaviour.cases import read_cases
from models.evaluation.behaviour.run import capabilities, describe, floor_for, judge, read_floors
from models.figures import Capability
from models.scorer import Reading, Scores
from pipeline.contracts.mentions import ModelRef, Sentiment, Signals
from pipeline.contracts.values import Label
from tests.models.conftest import scorer_for

CASES = read_cases()
NAMES = {case.capability for case in CASES}
HAVE_LABELS: tuple[Label, ...] = ("negative", "neutral", "positive")
OF_THE_RULES = "other languages and kinds"
"""Asked of the rules in `pipeline.enrich`, not of the model."""


def feeling(label: Label, height: float = 0.9) -> Sentiment:
    rest = (1.0 - height) / 2
    negative, neutral, positive = (height if one == label else rest for one in HAVE_LABELS)
    return Sentiment(negative, neutral, positive, label, True)


class Constant:
    """The same answer to everything."""

    ref = ModelRef("constant", "1")

    def __init__(self, label: Label, yes: bool, emotion: str) -> None:
        self._sentiment, self._emotion = feeling(label), emotion
        self._signals = Signals(*([0.9 if yes else 0.1] * 6))

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        return [
            Scores(self._sentiment, (self._sentiment,) * len(one.targets), self._signals, self._emotion)
            for one in readings
            if isinstance(one, Reading)
        ]


class Chance:
    """An answer that depends on every letter of the text and on nothing that it says."""

    ref = ModelRef("chance", "1")

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        return [self._one(one) for one in readings if isinstance(one, Reading)]

    def _one(self, reading: Reading) -> Scores:
        draw = random.Random(crc32(reading.text.encode()))
        feelings = [feeling(draw.choice(HAVE_LABELS), draw.uniform(0.4, 0.99)) for _ in range(1 + len(reading.targets))]
        signals = Signals(*(draw.random() for _ in range(6)))
        emotion = draw.choice(("anger", "joy", "optimism", "sadness"))
        return Scores(feelings[0], tuple(feelings[1:]), signals, emotion)


def rates(scorer: object) -> dict[str, float]:
    return {one.name: one.rate for one in capabilities(judge(scorer))}  # type: ignore[arg-type]


def test_there_are_at_least_three_hundred_cases_and_no_two_alike() -> None:
    assert len(CASES) >= 300
    counts = Counter((case.capability, case.readings, case.expected) for case in CASES)
    assert [case for case, count in counts.items() if count > 1] == []
    assert min(Counter(case.capability for case in CASES).values()) >= 12
    texts = [reading.text for case in CASES for reading in case.readings]
    assert [text for text in texts if not text or re.search(r"\{\w+\}|\[.*\|", text)] == [], "filled and unmarked"


def test_marked_names_lie_where_they_are_in_the_text() -> None:
    case = next(case for case in CASES if case.capability == "better and worse")
    (reading,) = case.readings
    assert [reading.text[start:end] for ((start, end),) in reading.targets] == ["Norvane", "Telvia"]
    assert "[" not in reading.text
    assert case.expected == "Norvane: positive, Telvia: negative"


@pytest.mark.parametrize("label", HAVE_LABELS)
@pytest.mark.parametrize("yes", [True, False])
def test_no_capability_but_sameness_is_met_by_one_answer_to_everything(label: Label, yes: bool) -> None:
    found = rates(Constant(label, yes, "joy"))
    always = {name for name, rate in found.items() if rate == 1.0}
    assert always <= {"names", "typos", "links, handles, hashtags", "dialects", "people are no insult", OF_THE_RULES}


def test_guessing_meets_few_cases_of_any_capability() -> None:
    found = rates(Chance())
    assert found.keys() == NAMES
    assert all(rate < 0.75 for name, rate in found.items() if name != OF_THE_RULES)


def test_a_model_that_minds_a_name_is_told() -> None:
    class Minds(Constant):
        def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
            plain = super().score(readings)
            texts = [one.text if isinstance(one, Reading) else one for one in readings]
            angry = Scores(feeling("negative"), (), Signals(0.9, 0.1, 0.1, 0.1, 0.1, 0.1), "anger")
            return [angry if "Jamal" in text else scores for text, scores in zip(texts, plain, strict=True)]

    named = [case for case in CASES if case.capability == "names"]
    missed = [one for one in judge(Minds("neutral", False, "joy"), named) if one.instead]
    assert missed
    assert all("Jamal" in describe(one) for one in missed)
    assert "neutral 0.90, then negative 0.90" in describe(missed[0]) or "negative 0.90, then neutral" in describe(
        missed[0]
    )


def test_what_a_model_has_no_head_for_is_left_out() -> None:
    class Plain(Constant):
        def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
            return [Scores(feeling("neutral")) for _ in readings]

    found = rates(Plain("neutral", False, "joy"))
    assert {"negation", "sarcasm", "names"} <= found.keys()
    assert not {"questions", "emotions", "better and worse"} & found.keys()


def test_a_floor_leaves_room_for_rounding_and_no_more() -> None:
    assert floor_for(Capability("a", 20, 20)) == 0.95
    assert floor_for(Capability("a", 100, 90)) == 0.87
    assert floor_for(Capability("a", 20, 1)) == 0.0


def test_the_shipped_model_holds_its_floors() -> None:
    scorer = scorer_for("onnx")
    found = capabilities(judge(scorer))
    floors = read_floors()
    again = "groundswell model evaluate --set-floors"
    assert floors.model == f"{scorer.ref.name} {scorer.ref.version}", f"another model is shipped: {again}"
    assert floors.floors.keys() == {one.name for one in found}, f"capabilities have changed: {again}"
    low = [
        f"{one.name}: {one.rate:.0%} < {floors.floors[one.name]:.0%}"
        for one in found
        if one.rate < floors.floors[one.name]
    ]
    assert not low, low


def test_guessing_does_not_hold_the_floors() -> None:
    """Sarcasm apart: two answers of six will do there; and comparisons, whose sides the model does not tell apart."""
    found, floors = rates(Chance()), read_floors().floors
    held = {name for name, floor in floors.items() if floor > 0.0 and found[name] >= floor}
    assert held <= {"sarcasm", "better and worse", OF_THE_RULES}, held
