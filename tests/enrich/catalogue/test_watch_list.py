"""The watch list: its file, what is followed by it, and that a running stage goes by it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from pipeline.contracts.mentions import Mention
from pipeline.contracts.posts import Author, Post
from pipeline.enrich.catalogue import Catalogue, Entity
from pipeline.enrich.catalogue.watch_list import (
    CHECK_EVERY,
    MAX_COMPANIES,
    FollowedCompany,
    WatchList,
    WatchListFile,
    read_watch_list,
    write_watch_list,
)
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.errors import TerminalError
from pipeline.stages.state import MemoryStore, State
from tests.support.messages import post, records, reply
from tests.support.scorers import FixedScorer

ZORBEX, QUALMIX = FollowedCompany("zorbex", "Zorbex"), FollowedCompany("qualmix", "Qualmix", "competitor")
CATALOGUE = Catalogue(
    entities={
        "zorbex": Entity(id="zorbex", name="Zorbex", industry=("airline",), handles={"twitter": ("ZorbexAir",)}),
        "qualmix": Entity(id="qualmix", name="Qualmix", industry=("rail",), handles={"twitter": ("QualmixRail",)}),
        "wibbly": Entity(id="wibbly", name="Wibblyfly", industry=("airline", "rail")),
    }
)


def test_a_list_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "following.json"
    watch_list = WatchList((ZORBEX, QUALMIX), ("airline",))
    write_watch_list(path, watch_list)
    assert read_watch_list(path) == watch_list
    assert [entry.name for entry in path.parent.iterdir()] == ["following.json"]


def test_without_a_list_or_with_an_empty_one_everything_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "following.json"
    assert read_watch_list(path) is None
    write_watch_list(path, WatchList((ZORBEX,)))
    write_watch_list(path, WatchList())
    assert not path.exists()
    path.write_text("{}")
    assert read_watch_list(path) is None


@pytest.mark.parametrize("content", ["", "[]", '{"companies":[{"id":"a b","name":"x"}]}', '{"company":[]}', "\x80"])
def test_a_file_that_is_no_list_is_an_error_that_names_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "following.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(TerminalError, match=r"following\.json: is no list"):
        read_watch_list(path)


def test_too_many_are_refused(tmp_path: Path) -> None:
    many = WatchList(tuple(FollowedCompany(f"c{n}", "C") for n in range(MAX_COMPANIES + 1)))
    with pytest.raises(TerminalError, match="Follow an industry"):
        write_watch_list(tmp_path / "following.json", many)


def test_a_company_is_in_it_once() -> None:
    both = WatchList().with_company(ZORBEX).with_company(QUALMIX)
    rival = FollowedCompany("zorbex", "Zorbex", "competitor")
    assert both.with_company(rival).companies == (rival, QUALMIX)
    assert both.with_company(ZORBEX) == both
    assert both.without("ZORBEX").without("qualmix") == WatchList()
    assert both.with_industry("rail").with_industry("rail").without("Rail") == both


def test_an_industry_follows_all_of_its_companies() -> None:
    assert WatchList((QUALMIX,), ("airline",)).followed(CATALOGUE) == {"zorbex", "qualmix", "wibbly"}
    assert WatchList((FollowedCompany("elsewhere", "Elsewhere"),)).followed(CATALOGUE) == {"elsewhere"}


class Clocked:
    """A list in a file, as a stage sees it at the next look."""

    def __init__(self, path: Path) -> None:
        self.path, self.now = path, 0.0
        self.file = WatchListFile(path, clock=lambda: self.now)

    def look(self) -> WatchList | None:
        self.now += CHECK_EVERY
        return self.file()


def test_a_change_takes_force_at_the_next_look(tmp_path: Path) -> None:
    clocked = Clocked(tmp_path / "following.json")
    assert clocked.look() is None
    write_watch_list(clocked.path, WatchList((ZORBEX,)))
    assert clocked.file() is None
    assert clocked.look() == WatchList((ZORBEX,))
    write_watch_list(clocked.path, WatchList())
    assert clocked.look() is None


def test_a_broken_file_changes_nothing_and_is_logged_once(tmp_path: Path) -> None:
    path = tmp_path / "following.json"
    write_watch_list(path, WatchList((ZORBEX,)))
    clocked = Clocked(path)
    path.write_text("{")
    with capture_logs() as lines:
        assert [clocked.look(), clocked.look()] == [WatchList((ZORBEX,))] * 2
    assert [line["log_level"] for line in lines] == ["error"]


class Streamed:
    """The stage, with a list that is set by hand."""

    def __init__(self, watch_list: WatchList | None) -> None:
        self.watch_list = watch_list
        self.scorer = FixedScorer()
        self.stage = Enrich(Linker(CATALOGUE), self.scorer, watched=lambda: self.watch_list)
        self.state = State(MemoryStore(), self.stage.codec)
        self.read = 0

    def about(self, *posts: Post) -> list[str]:
        result = self.stage.handle(records(list(posts), self.read), self.state)
        self.read += len(posts)
        return [msgspec.json.decode(sent.value or b"", type=Mention).entity.id for sent in result.publish]


def test_only_what_is_followed_is_linked() -> None:
    streamed = Streamed(WatchList((ZORBEX,)))
    assert streamed.about(post(1, "Zorbex is bad, Qualmix too"), post(2, "Qualmix is bad")) == ["zorbex"]
    assert streamed.stage.counts["unlinked"] == 1


def test_a_changed_list_holds_from_the_next_batch_for_answers_too() -> None:
    streamed = Streamed(None)
    assert streamed.about(post(1, "Qualmix is bad"), reply(2, "yeah, me too", 1, 1)) == ["qualmix", "qualmix"]
    streamed.watch_list = WatchList((ZORBEX,))
    assert streamed.about(reply(3, "same here", 1, 1), post(4, "Qualmix is bad")) == []
    streamed.watch_list = None
    assert streamed.about(reply(5, "same here", 1, 1)) == ["qualmix"]


def test_an_account_of_a_company_that_is_not_followed_speaks_for_nobody() -> None:
    streamed = Streamed(WatchList((ZORBEX,)))
    rail, air = (Author(f"twitter:{name}", name) for name in ("QualmixRail", "ZorbexAir"))
    assert streamed.about(post(1, "We are sorry", author=rail), post(2, "We are sorry", author=air)) == ["zorbex"]
