"""Figures of answers, rows from files and from the parts of a run, baselines on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.evaluation.evaluate import figures, seed_figures
from models.evaluation.rows import Answers, Rows, answers_of, read_file
from models.evaluation.slices import dialect, length, slices_of, style
from models.evaluation.table import in_brackets, render, table
from models.figures import Figures
from models.scorer import Reading, Scores
from pipeline.contracts.mentions import ModelRef, Sentiment, Signals
from pipeline.contracts.values import Label
from pipeline.errors import TerminalError

FEELS: dict[Label, Sentiment] = {
    "negative": Sentiment(0.8, 0.1, 0.1, "negative", True),
    "neutral": Sentiment(0.1, 0.8, 0.1, "neutral", True),
    "positive": Sentiment(0.1, 0.1, 0.8, "positive", True),
}


class Words:
    """Reads what the words say: `good`, `bad`, `scorn`; toward a name, the word that follows it."""

    ref = ModelRef("words", "1")

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        return [self._one(one if isinstance(one, Reading) else Reading(one)) for one in readings]

    def _one(self, reading: Reading) -> Scores:
        toward = tuple(self._feel(reading.text[spans[0][1] :].split()[0]) for spans in reading.targets)
        scorn = 0.9 if "scorn" in reading.text else 0.2
        signals = Signals(0.1, 0.1, scorn, 0.1, 0.1, 0.1)
        return Scores(self._feel(reading.text), toward, signals, "joy" if "good" in reading.text else "anger")

    def _feel(self, text: str) -> Sentiment:
        return FEELS["positive" if "good" in text else "negative" if "bad" in text else "neutral"]


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_figures_of_a_file_with_numbers_or_names_for_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "own.tsv", "text\tlabel", "good\t2", "bad\tnegative", "so so\tneutral", "good\tneutral")
    rows = read_file(path, "sentiment")
    found = figures(rows, answers_of(Words(), rows))
    assert found.metric == "macro-recall"
    assert found.official.value == pytest.approx((1 + 0.5 + 1) / 3, abs=1e-4)
    assert found.metrics["accuracy"].value == 0.75
    assert found.recalls == {"negative": 1.0, "neutral": 0.5, "positive": 1.0}
    assert found.calibration_error is not None
    assert found.calibration_error.value == pytest.approx(0.05)
    assert found.accuracy_by_confidence[0] == (0.0, 1.0, 0.75)
    assert "0.8333" in render(found)


def test_names_are_asked_about_one_by_one_in_one_text(tmp_path: Path) -> None:
    text = "Ada good but Bob bad"
    path = write(tmp_path / "t.tsv", "text\ttarget\tlabel", f"{text}\tAda\t2", f"{text}\tbob\t0", f"{text}\tBob\t1")
    rows = read_file(path, "target")
    assert rows.groups.tolist() == [0, 0, 0]
    found = figures(rows, answers_of(Words(), rows))
    assert found.metric == "accuracy"
    assert found.official.value == pytest.approx(2 / 3, abs=1e-4)
    assert (found.official.low, found.official.high) == (found.official.value,) * 2, "one text is drawn whole"


def test_irony_is_reported_by_the_f1_of_irony_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "i.tsv", "text\tlabel", "scorn\t1", "plain\t1", "scorn\t0", "plain\tno")
    rows = read_file(path, "irony")
    found = figures(rows, answers_of(Words(), rows))
    assert found.metric == "F1 of yes"
    assert found.official.value == 0.5
    emotions = read_file(write(tmp_path / "e.tsv", "text\tlabel", "good\tjoy", "bad\t0"), "emotion")
    found = figures(emotions, answers_of(Words(), emotions))
    assert found.metrics["accuracy"].value == 1.0


@pytest.mark.parametrize(
    ("head", "lines", "said"),
    [
        ("sentiment", ("words\tlabel", "a\t1"), "no column `text`"),
        ("target", ("text\tlabel", "a\t1"), "no column `target`"),
        ("sentiment", ("text\tlabel", "a\t1", "b"), "line 3 has 1 columns"),
        ("sentiment", ("text\tlabel", "a\t3"), "line 2: label '3' is not one of 0 negative"),
        ("irony", ("text\tlabel", "a\tmaybe"), "line 2: label 'maybe'"),
        ("sentiment", ("text\tlabel",), "has no rows"),
        ("mood", ("text\tlabel",), "is not a head"),
    ],
)
def test_a_file_that_is_not_as_stated_is_refused(tmp_path: Path, head: str, lines: Sequence[str], said: str) -> None:
    with pytest.raises(TerminalError, match=said):
        read_file(write(tmp_path / "x.tsv", *lines), head)


def test_a_head_that_the_model_lacks_is_named() -> None:
    class Plain(Words):
        def _one(self, reading: Reading) -> Scores:
            return Scores(FEELS["neutral"])

    for head in ("irony", "emotion", "target"):
        targets = (((0, 1),),) if head == "target" else ()
        with pytest.raises(TerminalError, match="no such head"):
            answers_of(Plain(), Rows("own", head, ("a",), np.array([0]), targets))


def rows_of(*labels: int) -> Rows:
    return Rows("own", "sentiment", tuple(f"text {n}" for n in range(len(labels))), np.array(labels))


def test_others_are_compared_on_the_same_rows() -> None:
    rows = rows_of(*[0, 1, 2] * 40)
    right = Answers(rows.labels, np.full(120, 0.9))
    half = rows.labels.copy()
    half[::2] = (half[::2] + 1) % 3
    found = figures(rows, right, others={"half": Answers(half), "equal": right}, reference=Answers(half))
    behind, equal = found.compared
    assert (behind.metric.value, behind.ahead.value) == (0.5, 0.5)
    assert behind.ahead.low > 0.35
    assert (equal.ahead.low, equal.ahead.high) == (0.0, 0.0)
    assert (found.fp32, found.fp32_same_label) == (0.5, 0.5)
    shown = table([found], "words 1")
    assert shown.row_count == 4
    assert in_brackets(found.official) == "100.0% (100.0% – 100.0%)"
    assert msgspec.json.decode(msgspec.json.encode(found), type=Figures) == found


def test_another_seed_is_figured_by_the_same_metrics() -> None:
    rows = rows_of(0, 1, 2, 2)
    answers = Answers(np.array([0, 1, 2, 0]), np.full(4, 0.9))
    found = seed_figures(7, rows, answers)
    whole = figures(rows, answers)
    assert found.seed == 7
    assert whole.calibration_error is not None
    assert found.metrics == {name: value.value for name, value in whole.metrics.items()} | {
        "calibration error": whole.calibration_error.value
    }


def test_slices_are_told_from_the_text_alone() -> None:
    assert length("one two") != length("word " * 11) != length("word " * 26)
    assert style("thanks @lena") == style("look https://example.org") == style("nice 😍") == "microblog"
    assert style("The room was clean. We slept well.") == "review"
    assert style("anyone else got this error") == "forum or chat"
    assert dialect("finna go") == "African American English"
    assert dialect("what a lovely wee lad") == "British and Irish"
    assert dialect("we went home") == "no marks"
    texts = ["one two", "finna go @home", "word " * 30]
    chosen = [index for by, _, indices in slices_of(texts) if by == "length" for index in indices]
    assert sorted(chosen) == [0, 1, 2]


def test_slices_too_small_to_say_anything_are_left_out() -> None:
    texts = tuple(["short one"] * 40 + ["word " * 30] * 20)
    rows = Rows("own", "irony", texts, np.array([0, 1] * 30))
    found = figures(rows, Answers(np.array([1, 1] * 30), np.full(60, 0.9)), slices=True)
    by_length = [one for one in found.slices if one.by == "length"]
    assert [one.texts for one in by_length] == [40]
    assert by_length[0].metric.value == 0.5
    assert by_length[0].false_alarms == 1.0
