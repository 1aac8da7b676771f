"""Baselines on the same rows: VADER, and logistic regression on TF-IDF.

VADER (Hutto and Gilbert, 2014) is a list of words with rules, and needs no training; it reads sentiment alone, and
knows no targets.  The linear model is logistic regression on TF-IDF of words and of pieces of words, trained on the
same texts as the network.  Both are in the `bench` extra, under the MIT and the BSD licence; they are compared with,
and nothing of them is shipped.
"""

from __future__ import annotations

import re

import numpy as np

from models.evaluation.rows import SENTIMENTS, TARGET, Answers, Rows
from models.scorer import Target
from models.text import normalise
from pipeline.errors import TerminalError

THRESHOLD = 0.05
"""Of VADER's compound score, either side of neutral: its authors'."""

WINDOW = 40
"""Characters either side of a name that the linear model knows as near it."""


def vader(rows: Rows) -> Answers | None:
    """VADER's answers; None for a head that it has nothing to say about.

    Raises `TerminalError` when it is not installed.
    """
    if rows.head not in {"sentiment", TARGET}:
        return None
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        raise _absent("vaderSentiment") from None
    judge = SentimentIntensityAnalyzer()
    scores = [judge.polarity_scores(text)["compound"] for text in rows.texts]
    return Answers(np.array([_label(score) for score in scores], np.int64))


def _label(compound: float) -> int:
    if compound >= THRESHOLD:
        return SENTIMENTS.index("positive")
    return SENTIMENTS.index("negative" if compound <= -THRESHOLD else "neutral")


class Linear:
    """Logistic regression on TF-IDF; `C` is scikit-learn's default, and classes count equally, as macro-averages want.

    Raises `TerminalError` when scikit-learn is not installed, or the rows to train on have one label only.
    """

    def __init__(self, train: Rows) -> None:
        try:
            from sklearn.feature_extraction.text import TfidfVectorizer
            from sklearn.linear_model import LogisticRegression
            from sklearn.pipeline import make_pipeline, make_union
        except ImportError:
            raise _absent("scikit-learn") from None
        if len(set(train.labels.tolist())) < 2:
            raise TerminalError("has one label only: nothing can be learnt from it", subject=train.data)
        self._model = make_pipeline(
            make_union(
                TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"(?u)[\w@#']+|[!?]+"),
                TfidfVectorizer(
                    analyzer="char_wb", ngram_range=(3, 4), min_df=3, sublinear_tf=True, max_features=50_000
                ),
            ),
            LogisticRegression(class_weight="balanced", max_iter=200),
        )
        self._model.fit(_features(train), train.labels)

    def answers(self, rows: Rows) -> Answers:
        """What it answers to rows of the head that it was trained for."""
        shares = self._model.predict_proba(_features(rows))
        known = np.asarray(self._model.classes_, np.int64)
        return Answers(known[shares.argmax(axis=1)], shares.max(axis=1))


def _features(rows: Rows) -> list[str]:
    if not rows.targets:
        return [normalise(text) for text in rows.texts]
    return [_around(text, target) for text, target in zip(rows.texts, rows.targets, strict=True)]


_WORD = re.compile(r"\w+")


def _around(text: str, target: Target) -> str:
    """The text, and once more the words near the name, marked as such: the least that knows of targets at all."""
    near = " ".join(text[max(0, start - WINDOW) : end + WINDOW] for start, end in target)
    return normalise(text) + " " + " ".join(f"near_{word.lower()}" for word in _WORD.findall(near))


def _absent(package: str) -> TerminalError:
    return TerminalError(
        "is not installed, and the baselines need it",
        subject=package,
        todo="pip install 'groundswell[bench]', or leave the baselines out with --no-baselines",
    )
