"""The hard posts: their shape and balance, that the unseen ones stay unseen, and how a model is measured on them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import pytest

from models.card import render_card
from models.evaluation.command import Evaluation, show
from models.evaluation.record import record
from models.figures import CountedShare
from models.hard_posts.measure import measure_hard_posts
from models.hard_posts.posts import CATEGORIES, HEADS, HardPost, NamedCompany, read_hard_posts
from models.manifest import MANIFEST, SHIPPED, read_manifest
from models.scorer import Reading, Scores
from models.text import same_text_key
from models.training.config import SourceConfig
from models.training.dataset.readers import read_source
from pipeline.contracts.mentions import ModelRef, Sentiment
from pipeline.contracts.values import Label
from pipeline.errors import TerminalError

TRAINING, UNSEEN = read_hard_posts("training"), read_hard_posts("unseen")
BOTH = pytest.mark.parametrize("found", [TRAINING, UNSEEN], ids=["training", "unseen"])
NEAR = 0.3
"""CountedShare of common triples of words from which on two wordings are called near."""


def wording(post: HardPost) -> str:
    """The text with its companies masked."""
    text = post.text
    for start, end in sorted((span for spans in post.spans for span in spans), reverse=True):
        text = text[:start] + "Company" + text[end:]
    return text


def triples(post: HardPost) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+|[^\w\s]", wording(post).casefold())
    return set(zip(words, words[1:], words[2:], strict=False))


def companies(found: Sequence[HardPost]) -> set[str]:
    return {same_text_key(target.name) for post in found for target in post.targets}


def feeling(label: Label, sure: bool = True) -> Sentiment:
    negative, neutral, positive = (0.9 if label == name else 0.05 for name in ("negative", "neutral", "positive"))
    return Sentiment(negative, neutral, positive, label, sure)


class Answers:
    """Answers each post by what it is given for its text: a label toward each target, and whether it is sure."""

    ref = ModelRef("answers", "1")

    def __init__(self, answers: dict[str, tuple[tuple[Label, ...], bool]]) -> None:
        self._answers = answers

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        out = []
        for reading in readings:
            assert isinstance(reading, Reading)
            labels, sure = self._answers[reading.text]
            out.append(Scores(feeling(labels[0]), tuple(feeling(label, sure) for label in labels)))
        return out


@BOTH
def test_posts_are_sorted_by_id_and_no_two_are_alike(found: list[HardPost]) -> None:
    ids = [post.id for post in found]
    assert ids == sorted(set(ids))
    assert [text for text, count in Counter(post.text.casefold() for post in found).items() if count > 1] == []


@BOTH
def test_half_of_the_posts_are_english_and_each_language_has_its_share(found: list[HardPost]) -> None:
    shares = {lang: count / len(found) for lang, count in Counter(post.lang for post in found).items()}
    assert 0.45 <= shares["en"] <= 0.55
    assert all(shares[lang] >= 0.09 for lang in ("de", "es", "fr", "pt"))
    assert all(shares[lang] >= 0.02 for lang in ("it", "nl"))


@BOTH
@pytest.mark.parametrize("category", CATEGORIES)
def test_no_category_gives_its_label_away(found: list[HardPost], category: str) -> None:
    of_it = [post for post in found if post.category == category]
    labels = Counter(target.sentiment for post in of_it for target in post.targets)
    assert len(of_it) >= 0.08 * len(found)
    assert max(labels.values()) <= 0.72 * labels.total(), "most answers of one label"
    assert min(labels["negative"], labels["positive"]) >= 0.08 * labels.total(), "both sides are there"


@BOTH
def test_in_comparisons_neither_the_first_nor_the_second_name_is_the_better_by_rule(found: list[HardPost]) -> None:
    order: dict[Label, int] = {"negative": 0, "neutral": 1, "positive": 2}
    first_is_better = []
    for post in found:
        if len(post.targets) == 2 and post.targets[0].sentiment != post.targets[1].sentiment:
            (_, first), (_, second) = sorted(
                (spans[0], order[target.sentiment]) for spans, target in zip(post.spans, post.targets, strict=True)
            )
            first_is_better.append(first > second)
    assert 0.3 <= sum(first_is_better) / len(first_is_better) <= 0.7


@BOTH
def test_labels_of_heads_agree_with_the_sentiment(found: list[HardPost]) -> None:
    assert [post.id for post in found if post.complaint and post.sentiment == "positive"] == []
    assert [post.id for post in found if post.praise and post.sentiment == "negative"] == []
    assert [post.id for post in found if post.irony and post.plain] == []
    assert all(sum(getattr(post, head) is True for post in found) >= 0.01 * len(found) for head in HEADS)


def test_there_are_enough_and_the_unseen_share_no_company_with_the_training() -> None:
    assert len(TRAINING) >= 1_500
    assert len(UNSEEN) == 300
    assert companies(TRAINING) & companies(UNSEEN) == set()


def test_no_wording_of_the_training_is_near_an_unseen_post() -> None:
    by_triple: dict[tuple[str, ...], list[int]] = {}
    of_training = [triples(post) for post in TRAINING]
    for index, found in enumerate(of_training):
        for triple in found:
            by_triple.setdefault(triple, []).append(index)
    plain = {wording(post).casefold(): post.id for post in TRAINING}
    near = []
    for post in UNSEEN:
        if (same := plain.get(wording(post).casefold())) is not None:
            near.append((post.text, same))
        mine = triples(post)
        for index, common in Counter(index for triple in mine for index in by_triple.get(triple, ())).items():
            if common >= 2 and common / len(mine | of_training[index]) >= NEAR:
                near.append((post.text, TRAINING[index].text))
    assert near == []


def test_a_near_wording_would_be_found() -> None:
    seen = next(post for post in TRAINING if len(triples(post)) > 10)
    company = seen.targets[0].name
    copied = triples(HardPost("x", seen.lang, seen.category, f"{seen.text} lol", seen.sentiment, seen.targets))
    assert len(copied & triples(seen)) / len(copied | triples(seen)) >= NEAR
    assert company not in wording(seen)


def test_a_name_inside_a_longer_name_is_not_taken_for_it() -> None:
    names = (NamedCompany("Ardo", "positive"), NamedCompany("Ardo Bank", "negative"))
    post = HardPost("x", "en", "comparison", "Ardo Bank is no Ardo", "neutral", names)
    assert post.spans == (((16, 20),), ((0, 9),))


def test_training_reads_its_own_file_and_refuses_the_unseen() -> None:
    def source(name: str) -> SourceConfig:
        return SourceConfig(name="hard", format="hard", path=Path(name), head="target", licence="of this project")

    examples = list(read_source(source("training"), Path(), 3))
    assert [example.text for example in examples] == [post.text for post in TRAINING]
    ironic = next(number for number, post in enumerate(TRAINING) if post.irony)
    assert examples[ironic].labels["irony"] == 1
    assert [spans for spans, _ in examples[ironic].targets] == list(TRAINING[ironic].spans)
    with pytest.raises(TerminalError, match="unseen: are not for training"):
        list(read_source(source("unseen"), Path(), 3))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b'{"id":"x"}', "line 1: Object missing required field"),
        (
            b'{"id":"x","lang":"en","category":"irony","text":"Hi","sentiment":"neutral",'
            b'"targets":[{"name":"Ardo","sentiment":"neutral"}]}',
            "line 1: a target is not in the text",
        ),
    ],
)
def test_a_line_that_is_not_as_described_is_refused(
    line: bytes, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "training.jsonl").write_bytes(line + b"\n")
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    with pytest.raises(TerminalError, match=complaint):
        read_hard_posts("training")


def test_right_surely_wrong_and_direction_are_counted_as_stated() -> None:
    better = (NamedCompany("Ardo", "positive"), NamedCompany("Belmo", "negative"))
    worse = (NamedCompany("Ardo", "negative"), NamedCompany("Belmo", "positive"))
    posts = [
        HardPost("a", "en", "comparison", "Ardo is so much better than Belmo was", "neutral", better),
        HardPost("b", "en", "comparison", "I left Ardo and went over to Belmo yesterday", "neutral", worse),
        HardPost("c", "de", "irony", "Super, Ardo hat schon wieder Verspätung", "negative", (worse[0],)),
        HardPost("d", "en", "thanks", "Thanks for nothing at all, Ardo", "negative", (worse[0],)),
    ]
    answers: dict[str, tuple[tuple[Label, ...], bool]] = {
        posts[0].text: (("positive", "neutral"), True),
        posts[1].text: (("positive", "positive"), False),
        posts[2].text: (("positive",), True),
        posts[3].text: (("positive",), True),
    }
    found = measure_hard_posts(Answers(answers), posts)
    assert found.all.right == CountedShare(2, 6)
    assert found.all.surely_wrong == CountedShare(2, 6), (
        "an unsure answer and one in a language not trained for are not sure"
    )
    assert found.direction == CountedShare(1, 2), "a half right order counts, equal answers do not"
    assert found.sentiment == CountedShare(0, 4)
    assert [(part.name, part.posts) for part in found.parts] == [
        ("irony", 1), ("comparison", 2), ("thanks", 1), ("de", 1), ("en", 3)
    ]  # fmt: skip


def test_a_share_has_the_interval_of_wilson() -> None:
    interval = CountedShare(8, 10).interval
    assert (interval.value, round(interval.low, 3), round(interval.high, 3)) == (0.8, 0.49, 0.943)
    assert CountedShare(0, 0).interval.high == 1.0


def test_a_model_that_reads_no_targets_is_refused() -> None:
    class Plain(Answers):
        def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
            return [Scores(feeling("neutral")) for _ in readings]

    with pytest.raises(TerminalError, match="reads no sentiment toward a name"):
        measure_hard_posts(Plain({}), UNSEEN[:1])


def test_what_was_measured_is_on_the_card_and_in_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / MANIFEST).write_bytes((SHIPPED / MANIFEST).read_bytes())
    right = {post.text: (tuple(target.sentiment for target in post.targets), True) for post in UNSEEN}
    found = measure_hard_posts(Answers(right), UNSEEN)
    record(tmp_path, hard=found)
    record(tmp_path)
    manifest = read_manifest(tmp_path)
    assert manifest.hard == found, "a later measurement of something else leaves it there"
    targets = found.all.right.of
    assert f"| all | all | 300 | {targets} | 100.0% (" in render_card(manifest)
    show(Evaluation("answers 1", hard=found), as_json=False)
    assert "direction right 100.0%" in " ".join(capsys.readouterr().out.split())
