"""What every scorer must keep to, run against every backend."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from models.scorer import Scorer, Scores
from tests.models.texts import ODD, PLAIN


def distance(one: Scores, other: Scores) -> float:
    a, b = one.sentiment, other.sentiment
    return max(abs(a.negative - b.negative), abs(a.neutral - b.neutral), abs(a.positive - b.positive))


def test_gives_one_answer_a_text(scorer: Scorer) -> None:
    assert len(scorer.score(PLAIN)) == len(PLAIN)
    assert scorer.score([]) == []


def test_answers_are_probabilities_and_the_label_is_the_likeliest(scorer: Scorer) -> None:
    for answer in scorer.score(PLAIN + ODD):
        found = answer.sentiment
        values = {"negative": found.negative, "neutral": found.neutral, "positive": found.positive}
        assert sum(values.values()) == pytest.approx(1.0, abs=1e-6)
        assert all(0.0 <= value <= 1.0 for value in values.values())
        assert values[found.label] == max(values.values())


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
    assert answers[0] == answers[2] == answers[3]


def test_can_be_used_from_several_threads(scorer: Scorer) -> None:
    expected = scorer.score(PLAIN)
    with ThreadPoolExecutor(4) as pool:
        for answers in pool.map(lambda _: scorer.score(PLAIN), range(8)):
            assert all(distance(a, b) < 1e-3 for a, b in zip(answers, expected, strict=True))


def test_says_which_model_it_is(scorer: Scorer) -> None:
    assert scorer.ref.name
    assert scorer.ref.version
