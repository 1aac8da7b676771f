"""`groundswell simulate`: files that the other commands read."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from pipeline.commands.offline.simulate import app
from pipeline.contracts.decode import decode_raw
from pipeline.contracts.mentions import Mention
from pipeline.contracts.posts import Post
from pipeline.errors import TerminalError
from pipeline.simulate.companies import demo_companies
from pipeline.simulate.events import INCIDENTS, Story
from pipeline.simulate.limits import STORY_KINDS
from pipeline.simulate.load import load_posts
from pipeline.simulate.texts import names


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_mentions_with_labels(tmp_path: Path) -> None:
    out, labels = tmp_path / "m.jsonl", tmp_path / "l.jsonl"
    run("--seed", "4", "--entities", "5", "--days", "12", "--out", str(out), "--labels", str(labels))
    mentions = [msgspec.json.decode(line, type=Mention) for line in out.read_bytes().splitlines()]
    stories = [msgspec.json.decode(line, type=Story) for line in labels.read_bytes().splitlines()]
    assert len(mentions) > 500
    assert stories
    arrived = [mention.ingested_at for mention in mentions]
    assert arrived == sorted(arrived)
    for mention in mentions:
        reading = mention.sentiment
        assert reading.negative + reading.neutral + reading.positive == pytest.approx(1.0)
        assert (reading.label == "negative") == (reading.negative > 0.5)
        highest = max((reading.negative, "negative"), (reading.neutral, "neutral"), (reading.positive, "positive"))
        assert reading.label == highest[1]
        assert mention.link.how == "inherited" or mention.link.surface.casefold() in mention.text.casefold()
    entities = {mention.entity.id for mention in mentions}
    assert entities == {company.id for company in demo_companies()[:5]}
    assert {story.entity for story in stories} <= entities


@pytest.mark.parametrize("kind", STORY_KINDS)
def test_each_kind_of_story_can_be_asked_for(kind: str, tmp_path: Path) -> None:
    out, labels = tmp_path / "m.jsonl", tmp_path / "l.jsonl"
    run(
        "--entities", "2", "--days", "24", "--story", f"{kind}=4", "--out", str(out), "--labels", str(labels),
    )  # fmt: skip
    stories = [msgspec.json.decode(line, type=Story) for line in labels.read_bytes().splitlines()]
    assert {story.kind for story in stories} == {kind}
    assert all(story.incident is (kind in INCIDENTS) for story in stories)
    texts = [msgspec.json.decode(line, type=Mention) for line in out.read_bytes().splitlines()]
    told = [m for m in texts if stories[0].start <= m.created_at <= stories[0].end and m.entity.id == stories[0].entity]
    assert len({m.post_id for m in told}) >= stories[0].size


def test_a_poor_line_and_a_weak_model_can_be_asked_for(tmp_path: Path) -> None:
    def heard(*options: str) -> list[Mention]:
        out = tmp_path / "m.jsonl"
        run("--entities", "2", "--days", "6", "--null", "--outages", "0", *options, "--out", str(out))
        return [msgspec.json.decode(line, type=Mention) for line in out.read_bytes().splitlines()]

    poor = heard("--late", "0.2", "--repeated", "0.3", "--missed", "1", "--false", "0")
    late = sum((m.ingested_at - m.created_at).total_seconds() > 60.0 for m in poor)
    assert 0.15 < late / len(poor) < 0.5
    assert 0.2 < 1.0 - len({m.post_id for m in poor}) / len(poor) < 0.3
    assert not any(m.sentiment.label == "negative" for m in poor)
    fine = heard("--late", "0", "--repeated", "0", "--missed", "0", "--false", "1")
    assert all((m.ingested_at - m.created_at).total_seconds() < 60.0 for m in fine)
    assert all(m.sentiment.label == "negative" for m in fine)


@pytest.mark.parametrize("wrong", ["riot=1", "cascade=x", "cascade=-1", "cascade=1000"])
def test_a_story_that_is_none_is_refused_with_what_is_allowed(wrong: str) -> None:
    result = CliRunner().invoke(app, ["--story", wrong])
    assert result.exit_code == 2
    assert "news_surge" in result.output


def test_the_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("--entities", "2", "--days", "2", "--posts", "--out", str(tmp_path / name))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_posts_go_to_stdout_and_the_catalogue_to_its_file(tmp_path: Path) -> None:
    catalogue = tmp_path / "c.yaml"
    lines = run("--posts", "--entities", "12", "--days", "1", "--null", "--catalogue", str(catalogue)).splitlines()
    posts = [json.loads(line) for line in lines]  # and nothing else: `groundswell detect -` reads on
    assert len(posts) > 100
    assert {post["type"] for post in posts} == {"post"}
    assert catalogue.read_text(encoding="utf-8").count("- id:") == 12


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="missing"):
        run("--days", "1", "--out", str(tmp_path / "missing" / "x"))


def test_a_load_is_valid_distinct_and_each_post_names_one_company() -> None:
    companies = demo_companies()
    lines = list(load_posts(5_000, 1, companies))
    assert lines == list(load_posts(5_000, 1, companies))
    posts = [decode_raw(line, 2e9) for line in lines]
    ids = Counter(post.post_id for post in posts if isinstance(post, Post))
    assert len(ids) == 5_000
    times = []
    for post in posts:
        assert isinstance(post, Post)
        named = [c.id for c in companies if any(name.casefold() in post.text.casefold() for name in names(c))]
        assert len(named) == 1
        assert post.root_id is None or post.root_id in ids
        times.append(post.created_at)
    assert times == sorted(times)
    sizes = [len(post.text) for post in posts if isinstance(post, Post)]
    assert min(sizes) < 60
    assert max(sizes) > 900
    answers = sum(post.kind == "reply" for post in posts if isinstance(post, Post))
    assert 0.1 < answers / 5_000 < 0.3
