"""How figures on posts with marked organisations are counted, on posts of our own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.linking import quality_ner, verdicts
from benchmarks.linking.marked_posts import read
from benchmarks.linking.ordinary import links, texts
from benchmarks.linking.quality_ner import figures, look, outcomes, unread
from benchmarks.linking.verdicts import OTHER, RIGHT, WRONG, key
from pipeline.enrich.linking.linker import Linker

MARKED = """\
Ryanair\tB-corporation
lost\tO
my\tO
bag\tO

I\tO
love\tO
target\tB-group
practice\tO

my\tO
iPhone\tB-product
broke\tO
,\tO
Lufthansa\tO
too\tO

nothing\tO
here\tO
"""


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    path = tmp_path / "posts.conll"
    path.write_text(MARKED, encoding="utf-8")
    return path


def test_posts_read_as_they_were_written(posts: Path) -> None:
    texts = [post.text for post in read(posts)]
    assert texts == ["Ryanair lost my bag", "I love target practice", "my iPhone broke, Lufthansa too", "nothing here"]
    assert [post.text[s:e] for post in read(posts) for s, e, _ in post.spans] == ["Ryanair", "target", "iPhone"]


def test_held_are_marked_names_of_the_catalogue_and_false_are_links_where_none_is_marked(
    linker: Linker, posts: Path
) -> None:
    seen = look(read(posts), linker)
    report = figures(seen)
    assert report["by_letters"]["organisations"] == report["held"]["organisations"] == 2
    assert report["by_letters"]["recall"]["value"] == report["held"]["recall"]["value"] == 0.5
    assert report["held"]["hits_unread"] == 1
    assert [one.name for some in seen for one in outcomes(some) if not one.found] == ["target"]
    assert report["posts_without_organisation"] == 2
    assert report["links_per_1000"] == 1000.0
    assert report["unexplained_per_1000"] == 500.0
    assert report["by_kind"] == {"marked as a product": 500.0, "name": 500.0}
    assert report["no_product_marked_either"] == {
        "posts": 1,
        "links_per_1000": 0.0,
        "by_kind": {},
        "by_no_product_per_1000": {"value": 0.0, "low": 0.0, "high": 793.5},
    }
    assert "links_read" not in report
    assert figures(seen, cut=1.0)["by_letters"]["recall"]["value"] == 0.0


UNMARKED = """\
my iPad and my Lufthansa
@Ryanair again
drama on facebook
nothing here
"""


def test_links_where_nothing_is_marked_are_told_apart_by_what_made_them(linker: Linker, tmp_path: Path) -> None:
    path = tmp_path / "posts.conll"
    path.write_text("".join(f"{word}\tO\n" if word else "\n" for word in _tokens(UNMARKED)), encoding="utf-8")
    told = figures(look(read(path), linker))["no_product_marked_either"]
    assert told["posts"] == 4
    assert told["by_kind"] == {
        "handle, hashtag or site": 250.0, "name": 250.0, "name of a network": 250.0, "product": 250.0,
    }  # fmt: skip
    assert told["by_no_product_per_1000"]["value"] == 750.0


def _tokens(lines: str) -> Iterator[str]:
    for line in lines.splitlines():
        yield from line.split(" ")
        yield ""


def test_verdicts_count_of_what_was_read(linker: Linker, posts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = look(read(posts), linker)
    waiting = [line.split("\t") for line in unread(seen)]
    assert {told.split(" ")[0] for _, told, _ in waiting} == {"link", "hit", "miss"}
    verdicts = {hashed: RIGHT if "Apple" in told else WRONG for hashed, told, _ in waiting if told.startswith("link")}
    monkeypatch.setattr(quality_ner, "verdict", lambda text, what: verdicts.get(key(text, what), "unread"))
    told = figures(seen)["links_read"]
    assert told["per_1000"] == {"wrong": 500.0, "place": 0.0, "right": 500.0, "unread": 0.0}
    assert told["false_per_1000"]["value"] == told["wrong_per_1000"]["value"] == 500.0


@pytest.mark.parametrize(
    ("text", "name", "left", "recall"),
    [("I love target practice", "target", 1, 1.0), ("Ryanair lost my bag", "Ryanair", 1, 0.0)],
)
def test_the_name_of_another_is_neither_a_miss_nor_a_hit(
    linker: Linker, posts: Path, monkeypatch: pytest.MonkeyPatch, text: str, name: str, left: int, recall: float
) -> None:
    other = {key(text, name): OTHER}
    monkeypatch.setattr(quality_ner, "verdict", lambda text, what: other.get(key(text, what), "unread"))
    report = figures(look(read(posts), linker))
    assert report["held"]["organisations"] == left
    assert report["held"]["recall"]["value"] == recall
    assert report["by_letters"]["recall"]["value"] == 0.5


def test_the_kept_verdicts_are_of_the_known_kinds() -> None:
    lines = [line for line in verdicts.FILE.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    assert len(lines) > 40
    assert {line.split(" ")[1] for line in lines} <= {"right", "place", "wrong", "meant", "other"}


def test_ordinary_tweets_are_taken_in_an_order_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "posts.tsv"
    rows = "".join(f"{number}\tdev\t1\tpost {number % 2_500}\n" for number in range(5_000))
    path.write_text("tweet_id\tsplit\tlabel\ttext\n" + rows, encoding="utf-8")
    judged = texts([path])
    assert len(judged) == len(set(judged)) == 400
    assert judged != sorted(judged)


def test_links_of_ordinary_tweets_come_with_the_number_of_their_post(linker: Linker) -> None:
    found = list(links(linker, ["nothing here", "Ryanair lost my bag"]))
    assert [(number, one.entity.name) for number, _, one in found] == [(2, "Ryanair")]
