"""Expectations of behavioural checks: None when an answer meets them, else the answer.

A judge raises `Unanswered` when the model has no head for what is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from models.scorer import Scores
from pipeline.contracts.mentions import Sentiment
from pipeline.contracts.values import Label

Judge = Callable[[Sequence[Scores]], str | None]
"""From the answers to the texts of a case, in order."""


class Unanswered(Exception):
    """The model does not answer this kind of question."""


MOVED = 0.25
"""Most that a probability may move where a change of the text must not matter; the label may not change at all."""

SLACK = 0.02
"""Most that a probability may fall where it must not."""


def sentiment_is(allowed: Sequence[Label]) -> Judge:
    """The post's sentiment is one of these."""
    return lambda answers: None if answers[0].sentiment.label in allowed else in_words(answers[0].sentiment)


def toward_are(expected: Sequence[Label]) -> Judge:
    """The sentiment toward each name, in order."""

    def judge(answers: Sequence[Scores]) -> str | None:
        found = answers[0].targets
        if not found:
            raise Unanswered
        if [sentiment.label for sentiment in found] == list(expected):
            return None
        return ", ".join(in_words(sentiment) for sentiment in found)

    return judge


def signals_are(expected: Mapping[str, bool]) -> Judge:
    """Each named signal is read (a probability of at least one half) or is not."""

    def judge(answers: Sequence[Scores]) -> str | None:
        signals = answers[0].signals
        if signals is None:
            raise Unanswered
        found = {name: float(getattr(signals, name)) for name in expected}
        if all((found[name] >= 0.5) == wanted for name, wanted in expected.items()):
            return None
        return ", ".join(f"{name} {value:.2f}" for name, value in found.items())

    return judge


def emotion_is(allowed: Sequence[str]) -> Judge:
    """The emotion is one of these."""

    def judge(answers: Sequence[Scores]) -> str | None:
        found = answers[0].emotion
        if found is None:
            raise Unanswered
        return None if found in allowed else found

    return judge


def all_of(judges: Sequence[Judge]) -> Judge:
    """Every one of several expectations is met."""
    return lambda answers: "; ".join(text for judge in judges if (text := judge(answers))) or None


def any_of(judges: Sequence[Judge]) -> Judge:
    """At least one of several expectations is met, of those that the model answers to."""

    def judge(answers: Sequence[Scores]) -> str | None:
        found = []
        for expected in judges:
            with suppress(Unanswered):
                found.append(expected(answers))
        if not found:
            raise Unanswered
        return None if None in found else "; ".join(text for text in found if text)

    return judge


def same_sentiment(answers: Sequence[Scores]) -> str | None:
    """The second text is read like the first."""
    first, second = answers[0].sentiment, answers[1].sentiment
    moved = max(abs(a - b) for a, b in zip(_shares(first), _shares(second), strict=True))
    if first.label == second.label and moved <= MOVED:
        return None
    return f"{in_words(first)}, then {in_words(second)}"


def more_of(label: Label) -> Judge:
    """The second text is read as `label`, with no lower a probability than the first."""

    def judge(answers: Sequence[Scores]) -> str | None:
        first, second = answers[0].sentiment, answers[1].sentiment
        if second.label == label and getattr(second, label) >= getattr(first, label) - SLACK:
            return None
        return f"{in_words(first)}, then {in_words(second)}"

    return judge


def in_words(sentiment: Sentiment) -> str:
    """A sentiment in words."""
    return f"{sentiment.label} {getattr(sentiment, sentiment.label):.2f}"


def _shares(sentiment: Sentiment) -> tuple[float, float, float]:
    return sentiment.negative, sentiment.neutral, sentiment.positive
