"""Sentences of our own, made of patterns."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from models.training.dataset import patterns
from models.training.dataset.patterns import read_patterns
from pipeline.errors import TerminalError

FILE = """
fill:
  name: [Onn, Tuo]
  adj: [better]
  open: [""]
  close: ["."]
groups:
  - name: who wins
    copies: 4
    items:
      - ["{+} is {adj} than {-}", "{-} loses to {+}"]
      - {sentiment: 0, texts: ["{-} is not good"]}
"""


def write(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(patterns, "FOLDER", folder)
    (folder / "own.yaml").write_text(text)
    return Path("own.yaml")


def test_names_are_labelled_where_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = list(read_patterns(write(tmp_path, FILE, monkeypatch)))
    assert len(found) == 12
    assert found == list(read_patterns(Path("own.yaml")))
    for example in found[:4]:
        ((winner,), good), ((loser,), bad) = example.targets
        assert (good, bad) == (2, 0)
        words = (example.text[slice(*winner)], example.text[slice(*loser)])
        assert {word.lower() for word in words} == {"onn", "tuo"}
        assert example.text.lower() == "{} is better than {}.".format(*words).lower()
        assert example.labels == {}
    assert all(example.labels == {"sentiment": 0} for example in found[8:])
    assert [example.group for example in found] == [
        *["{+} is {adj} than {-}"] * 4,
        *["{-} loses to {+}"] * 4,
        *["{-} is not good"] * 4,
    ]


def test_a_slot_that_nothing_fills_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TerminalError, match=r"slot \{adj\}"):
        list(read_patterns(write(tmp_path, FILE.replace("  adj: [better]\n", ""), monkeypatch)))
    with pytest.raises(TerminalError, match="cannot be read"):
        list(read_patterns(write(tmp_path, "fill: 3", monkeypatch)))


def test_the_patterns_that_are_there_are_all_filled_and_differ() -> None:
    found = list(read_patterns(Path("patterns.yaml")))
    toward: dict[int, int] = defaultdict(int)
    for example in found:
        assert "{" not in example.text
        for ((start, end),), label in example.targets:
            assert example.text[start:end].strip() == example.text[start:end] != ""
            toward[label] += 1
    assert len(found) > 2_000
    assert min(toward.values()) > 400
    assert len({example.text for example in found}) > 0.9 * len(found)
