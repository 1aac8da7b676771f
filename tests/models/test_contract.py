"""What every scorer must keep to, run against every backend."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.scorer import Reading, Scorer, Scores, Target
from pipeline.contracts.mentions import Sentiment
from tests.models.texts import ODD, PLAIN

TWO = "Northgrid is great, they answered at once, but Oakbank has been useless for weeks"
NORTHGRID: Target = ((0, 9),)
OAKBANK: Target = ((47, 54),)
NOWHERE: tuple[Target, ...] = (
    (),
    ((5, 5),),
    ((9, 3),),
    ((-4, 2),),
    ((500, 600),),
    ((0, 10**9),),
    ((-(10**9), 10**9),),
)
"""Spans that are in no text as short as `TWO`."""


def distance(one: Scores, other: Scores) -> float:
    """Largest difference of any probability."""
    pairs = [(one.sentiment, other.sentiment), *zip(one.targets, other.targets, strict=True)]
    apart = [abs(a - b) for x, y in pairs for a, b in zip(_numbers(x), _numbers(y), strict=True)]
    if one.signals is not None and other.signals is not None:
        signals = zip(_signals(one), _signals(other), strict=True)
        apart += [abs(a - b) for a, b in signals]
    return max(apart)


def _numbers(found: Sentiment) -> tuple[float, float, float]:
    return found.negative, found.neutral, found.positive


def _signals(scores: Scores) -> list[float]:
    signals = scores.signals
    assert signals is not None
    return [getattr(signals, name) for name in ("offensive", "hate", "irony", "complaint", "question", "praise")]


def test_gives_one_answer_a_text(scorer: Scorer) -> None:
    assert len(scorer.score(PLAIN)) == len(PLAIN)
    assert scorer.score([]) == []


def test_answers_are_probabilities_and_the_label_is_the_likeliest(scorer: Scorer) -> None:
    for answer in scorer.score([*PLAIN, *ODD, Reading(TWO, (NORTHGRID, OAKBANK))]):
        for found in (answer.sentiment, *answer.targets):
            values = {"negative": found.negative, "neutral": found.neutral, "positive": found.positive}
            assert sum(values.values()) == pytest.approx(1.0, abs=1e-6)
            assert all(0.0 <= value <= 1.0 for value in values.values())
            assert values[found.label] == max(values.values())
        if answer.signals is not None:
            assert all(0.0 <= value <= 1.0 for value in _signals(answer))
        if answer.embedding is not None:
            assert answer.embedding.dtype == np.float32
            assert float(np.linalg.norm(answer.embedding)) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_accepts_any_unicode(scorer: Scorer, text: str) -> None:
    assert len(scorer.score([text])) == 1


def test_answers_come_in_order(scorer: Scorer) -> None:
    alone = [scorer.score([text])[0] for text in PLAIN]
    shuffled = list(range(len(PLAIN)))
    random.Random(3).shuffle(shuffled)
    together = scorer.score([PLAIN[index] for index in shuffled])
    for position, index in enumerate(shuffled):
        assert distance(together[position], alone[index]) < 1e-3, PLAIN[index]


def test_repeats_get_the_same_answer(scorer: Scorer) -> None:
    answers = scorer.score([PLAIN[0], PLAIN[1], PLAIN[0], PLAIN[0]])
    assert distance(answers[0], answers[2]) == distance(answers[0], answers[3]) == 0.0


def test_can_be_used_from_several_threads(scorer: Scorer) -> None:
    expected = scorer.score(PLAIN)
    with ThreadPoolExecutor(4) as pool:
        for answers in pool.map(lambda _: scorer.score(PLAIN), range(8)):
            assert all(distance(a, b) < 1e-3 for a, b in zip(answers, expected, strict=True))


def test_says_which_model_it_is(scorer: Scorer) -> None:
    assert scorer.ref.name
    assert scorer.ref.version


def test_gives_one_answer_a_target(scorer: Scorer) -> None:
    one, two, none = scorer.score([Reading(TWO, (NORTHGRID,)), Reading(TWO, (NORTHGRID, OAKBANK)), Reading(TWO)])
    assert [len(answer.targets) for answer in (one, two, none)] == [1, 2, 0]


def test_what_is_asked_changes_no_other_answer(scorer: Scorer) -> None:
    asked = [(), (NORTHGRID,), (OAKBANK, NORTHGRID), (NORTHGRID, OAKBANK), (NORTHGRID, NOWHERE[4], OAKBANK)]
    none, one, turned, both, three = (scorer.score([Reading(TWO, targets)])[0] for targets in asked)
    for answer in (one, turned, both, three):
        assert _apart(answer.sentiment, none.sentiment) < 1e-3
        assert _apart(answer.targets[-1] if answer is turned else answer.targets[0], one.targets[0]) < 1e-3
    assert _apart(turned.targets[0], both.targets[1]) < 1e-3
    assert _apart(three.targets[2], both.targets[1]) < 1e-3


def test_targets_do_not_depend_on_the_batch(scorer: Scorer) -> None:
    readings = [Reading(text, (((0, len(text.split()[0])),),)) for text in PLAIN]
    together = scorer.score([*readings, *PLAIN[:5]])
    for reading, answer in zip(readings, together, strict=False):
        assert distance(scorer.score([reading])[0], answer) < 1e-3, reading.text


@pytest.mark.parametrize("target", NOWHERE)
def test_a_target_that_the_text_does_not_name_gets_the_sentiment_of_the_post(scorer: Scorer, target: Target) -> None:
    answer = scorer.score([Reading(TWO, (target,))])[0]
    assert answer.targets == (answer.sentiment,)


def test_a_target_beyond_what_is_read_gets_the_sentiment_of_the_post(scorer: Scorer) -> None:
    text = "word " * 700 + "Oakbank " + "word " * 5_000
    answer = scorer.score([Reading(text, (((3_500, 3_507),), ((20_000, 20_004),)))])[0]
    assert answer.targets == (answer.sentiment, answer.sentiment)


def test_many_targets_and_many_spans_are_read(scorer: Scorer) -> None:
    spans = tuple((start, start + 1) for start in range(len(TWO)))
    answer = scorer.score([Reading(TWO, (spans, *((span,) for span in spans)))])[0]
    assert len(answer.targets) == 1 + len(spans)


_SPANS = st.tuples(st.integers(-5, 90), st.integers(-5, 90))
_READINGS = st.builds(
    Reading,
    st.text(st.characters(codec=None, exclude_categories=()), max_size=80),
    st.lists(st.lists(_SPANS, max_size=3).map(tuple), max_size=3).map(tuple),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readings=st.lists(_READINGS, max_size=4))
def test_any_text_and_any_spans_are_answered_whatever_the_batch(scorer: Scorer, readings: list[Reading]) -> None:
    answers = scorer.score(readings)
    assert [len(answer.targets) for answer in answers] == [len(reading.targets) for reading in readings]
    for reading, answer in zip(readings, answers, strict=True):
        assert distance(scorer.score([reading])[0], answer) < 1e-3


def _apart(one: Sentiment, other: Sentiment) -> float:
    return max(abs(a - b) for a, b in zip(_numbers(one), _numbers(other), strict=True))
