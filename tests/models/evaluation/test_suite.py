"""The suite of all heads, the baselines that it compares with, and the retrieval of paraphrases."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from models.evaluation import baselines
from models.evaluation.retrieval import pairs_of, read_groups, retrieval, scorer_embeds
from models.evaluation.rows import Rows
from models.evaluation.suite import measure, rows_of, tasks
from models.scorer import Reading, Scores
from models.training.dataset.loading import Pool
from models.training.dataset.readers import Example
from pipeline.errors import TerminalError
from tests.models.evaluation.test_evaluate import FEELS as FEELS_OF
from tests.models.evaluation.test_evaluate import Words

GOOD = ("good day", "a good one", "so good", "good again")
BAD = ("bad day", "a bad one", "so bad", "bad again")


class Compound:
    """Stands in for VADER's analyzer, which is an extra."""

    def polarity_scores(self, text: str) -> dict[str, float]:
        height = 0.05 if "good" in text else -0.05 if "bad" in text else 0.049
        return {"compound": height, "neg": 0.0, "neu": 1.0, "pos": 0.0}


@pytest.fixture(autouse=True)
def _word_list(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = SimpleNamespace(SentimentIntensityAnalyzer=Compound)
    monkeypatch.setitem(sys.modules, "vaderSentiment", SimpleNamespace(vaderSentiment=inner))
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", inner)


def pool() -> Pool:
    """Rows of two heads, with a set for each that is kept aside."""
    train = [Example(f"{text} {n}", {"sentiment": 2 if text in GOOD else 0}) for n in range(6) for text in GOOD + BAD]
    train += [Example(f"Ada {word} {n}", targets=[(((0, 3),), label)]) for n in range(6) for word, label in FEELS]
    aside = [Example(f"{text} aside", {"sentiment": 2 if text in GOOD else 0}) for text in GOOD + BAD]
    named = [Example(f"Ada {word} aside", targets=[(((0, 3),), label)]) for word, label in FEELS]
    return Pool(train=train, report={"posts": aside, "names": named})


FEELS = (("good", 2), ("bad", 0))


@pytest.mark.torch
def test_every_head_is_measured_on_its_rows_and_with_its_baselines() -> None:
    found = tasks(pool(), ("sentiment", "target"))
    assert [(one.report.data, one.report.head, len(one.train.texts)) for one in found] == [
        ("posts", "sentiment", 48),
        ("names", "target", 12),
    ]
    steps: list[str] = []
    posts, names = measure(Words(), found, notify=steps.append)
    assert posts.metrics["accuracy"].value == names.metrics["accuracy"].value == 1.0
    assert posts.texts == 8
    assert [other.name for other in posts.compared] == ["VADER", "TF-IDF + logistic regression"]
    assert [other.name for other in names.compared] == ["VADER", "TF-IDF + logistic regression"]
    assert posts.compared[1].metric.value == 1.0, "a linear model finds the word that decides"
    assert steps[0].startswith("sentiment: posts, 8 rows")
    alone = measure(Words(), found, compare=False)
    assert alone[0].compared == ()


def test_a_pool_that_keeps_nothing_aside_is_refused() -> None:
    with pytest.raises(TerminalError, match="keeps rows for reporting"):
        tasks(Pool(train=pool().train), ("sentiment",))


def test_rows_of_a_head_leave_out_examples_without_its_label() -> None:
    rows = rows_of([Example("a", {"irony": 1}), Example("b", {"hate": 0})], "irony", "own")
    assert (rows.texts, rows.labels.tolist()) == (("a",), [1])


def test_vader_reads_sentiment_alone_with_its_authors_thresholds() -> None:
    rows = Rows("own", "sentiment", ("good", "bad", "a table"), np.array([2, 0, 1]))
    found = baselines.vader(rows)
    assert found is not None
    assert found.predicted.tolist() == [2, 0, 1]
    assert baselines.vader(Rows("own", "irony", ("a",), np.array([0]))) is None


def test_a_baseline_that_is_not_installed_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", None)
    with pytest.raises(TerminalError, match="bench"):
        baselines.vader(Rows("own", "sentiment", ("a",), np.array([0])))


@pytest.mark.torch
def test_the_linear_model_knows_what_stands_near_a_name() -> None:
    pad = " and then we walked along the river for an hour or two "
    texts, targets, labels = [], [], []
    for n in range(40):
        first, second = ("good", "bad") if n % 2 else ("bad", "good")
        text = f"Ada was {first}{pad}{n}{pad}Bob was {second}"
        for name, word in (("Ada", first), ("Bob", second)):
            place = text.index(name)
            texts.append(text)
            targets.append(((place, place + 3),))
            labels.append(2 if word == "good" else 0)
    rows = Rows("own", "target", tuple(texts), np.array(labels), tuple(targets))
    found = baselines.Linear(rows.only(range(60))).answers(rows.only(range(60, 80)))
    assert np.mean(found.predicted == rows.labels[60:]) == 1.0


@pytest.mark.torch
def test_one_label_teaches_nothing() -> None:
    with pytest.raises(TerminalError, match="one label only"):
        baselines.Linear(Rows("own", "irony", ("a", "b"), np.array([1, 1])))


def letters(texts: Sequence[str]) -> np.ndarray:
    return np.array([[text.count(chr(97 + n)) for n in range(26)] for text in texts], np.float32)


def test_retrieval_ranks_the_paraphrase_among_all() -> None:
    pairs = [("aab", "ab"), ("ccd", "cd"), ("x", "y"), ("zzy", "xxz")]
    found = retrieval(letters, pairs, encoder="letters", data="own")
    assert found.groups == 4
    assert found.recall_at_1 == 0.5
    # x: its own "y" has likeness 0, as have two others, and "xxz" has more: rank 4.
    # zzy: y 1/sqrt5 = .447, xxz 2/5 = .4: its own is second.
    assert found.mean_reciprocal_rank == pytest.approx((1 + 1 + 1 / 4 + 1 / 2) / 4)
    flat = retrieval(lambda texts: np.ones((len(texts), 2), np.float32), pairs, encoder="flat", data="own")
    assert (flat.recall_at_1, flat.mean_reciprocal_rank) == (0.0, 0.25)


def test_a_group_gives_the_two_texts_that_share_the_fewest_words() -> None:
    texts = ["the cat sat on the mat", "the cat sat on a mat", "a dog lay under the table", "too short"]
    (pair,) = pairs_of({"a": texts, "alone": texts[:1], "twice": [texts[0], texts[0]]}, 10)
    assert pair == (texts[1], texts[2]) or pair == (texts[0], texts[2])
    groups = {str(n): [f"{n} the cat sat here", f"{n} a dog lay there"] for n in range(20)}
    assert pairs_of(groups, 5) == pairs_of(groups, 5)
    assert len(pairs_of(groups, 5)) == 5
    assert len(pairs_of(groups, 100)) == 20


@pytest.mark.parametrize("name", ["pairs.csv", "pairs.csv.gz"])
def test_groups_are_read_from_a_file(tmp_path: Path, name: str) -> None:
    text = 'group_id,label,text\n1,good,"one, two"\n1,good,three\n2,bad,four\n'
    data = text.encode() if name.endswith(".csv") else gzip.compress(text.encode())
    (tmp_path / name).write_bytes(data)
    assert read_groups(tmp_path / name) == {"1": ["one, two", "three"], "2": ["four"]}
    assert read_groups(tmp_path / name, "bad") == {"2": ["four"]}


def test_a_file_without_groups_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\nb\n")
    with pytest.raises(TerminalError, match="no column group_id"):
        read_groups(tmp_path / "a.csv")
    with pytest.raises(TerminalError, match="cannot be read"):
        read_groups(tmp_path / "none.csv")


def test_a_model_without_an_embedding_is_refused() -> None:
    with pytest.raises(TerminalError, match="gives no embedding"):
        scorer_embeds(Words())(["a"])


def test_heads_that_the_model_lacks_are_left_out_and_told() -> None:
    class Plain(Words):
        def _one(self, reading: Reading) -> Scores:
            return Scores(FEELS_OF["neutral"])

    steps: list[str] = []
    found = measure(Plain(), tasks(pool(), ("sentiment", "target")), compare=False, notify=steps.append)
    assert [one.head for one in found] == ["sentiment"]
    assert "target: left out, the model has no such head" in steps
