"""What every index promises about writing: one behaviour, run against all of them."""

from __future__ import annotations

import random

import pytest

from pipeline.contracts.mentions import Mention
from pipeline.contracts.values import Label
from pipeline.errors import TerminalError
from pipeline.index.protocol import Document, Index, Query, Written
from tests.support.messages import (
    NOON,
    at,
    author_deleted,
    incident,
    letter,
    mention,
    mention_deleted,
    post_deleted,
)


async def put(index: Index, *documents: Document) -> Written:
    written = await index.write(documents)
    await index.refresh()
    return written


async def texts(index: Index, text: str = "") -> list[str]:
    return [m.text for m in (await index.search(Query(text=text))).mentions]


class TestVersions:
    async def test_a_mention_comes_back_as_it_was_written(self, index: Index) -> None:
        whole = mention(
            text="Größe 42 – naïve 日本語 🔥",
            lang="de",
            url="https://example.org/1",
            rating=3.5,
            emotion="anger",
            fingerprint="f00d",
        )
        await put(index, whole)
        assert (await index.search(Query())).mentions == [whole]

    async def test_writing_again_changes_nothing(self, index: Index) -> None:
        for _ in range(3):
            written = await put(index, mention(), mention("net:2"), incident(), letter())
            assert written == Written()
        assert await index.count() == 2
        assert len(await index.incidents()) == 1
        assert len(await index.dead_letters()) == 1

    async def test_a_newer_version_replaces_and_an_older_one_is_passed_over(self, index: Index) -> None:
        await put(index, mention(text="second words", version=2))
        await put(index, mention(text="first words", version=1))
        assert await texts(index) == ["second words"]
        await put(index, mention(text="third words", version=3))
        assert await texts(index) == ["third words"]
        assert await texts(index, "second") == []
        assert await texts(index, "third") == ["third words"]

    async def test_the_same_version_may_be_scored_anew(self, index: Index) -> None:
        await put(index, mention(label="negative"))
        await put(index, mention(label="positive"))
        assert (await index.search(Query(sentiment="positive"))).total == 1
        assert (await index.search(Query(sentiment="negative"))).total == 0

    async def test_several_versions_in_one_write(self, index: Index) -> None:
        await put(index, mention(text="two", version=2), mention(text="three", version=3), mention(text="one"))
        assert await texts(index) == ["three"]
        assert await index.count() == 1

    async def test_one_post_about_two_companies_is_two_mentions(self, index: Index) -> None:
        await put(index, mention(entity="acme"), mention(entity="umbrella"))
        assert await index.count() == 2

    async def test_large_versions(self, index: Index) -> None:
        await put(index, mention(version=2**62))
        await put(index, mention(text="older", version=1_770_000_000_000_000))
        assert await texts(index) == ["The parcel never came"]
        await put(index, mention_deleted(mention(), version=2**62))
        assert await index.count() == 0

    async def test_an_empty_write(self, index: Index) -> None:
        assert await index.write([]) == Written()


class TestDeletions:
    async def test_a_deleted_post_takes_all_its_mentions_with_it(self, index: Index) -> None:
        await put(index, mention(entity="acme"), mention(entity="umbrella"), mention("net:2"))
        written = await put(index, post_deleted("net:1", version=2))
        assert {m.mention_id for m in written.taken_back} == {"net:1|acme", "net:1|umbrella"}
        assert all(m.version == 2 and m.deleted_at == at(5) for m in written.taken_back)
        assert await index.count() == 1
        assert await index.existing(["net:1|acme", "net:2|acme"]) == 1
        assert (await index.search(Query(text="parcel"))).total == 1

    async def test_a_mention_after_its_deletion_stays_deleted(self, index: Index) -> None:
        await put(index, post_deleted("net:1", version=2))
        written = await put(index, mention(version=2), mention(entity="umbrella"))
        assert {m.mention_id for m in written.taken_back} == {"net:1|acme", "net:1|umbrella"}
        assert await index.count() == 0

    async def test_deletion_and_mention_in_one_write(self, index: Index) -> None:
        written = await put(index, post_deleted(version=2), mention())
        assert [m.mention_id for m in written.taken_back] == ["net:1|acme"]
        assert await index.count() == 0

    async def test_a_replay_does_not_raise_the_dead(self, index: Index) -> None:
        await put(index, mention(), post_deleted(version=1))
        await put(index, mention())
        assert await index.count() == 0
        assert await texts(index, "parcel") == []

    async def test_a_deletion_repeated_is_answered_again(self, index: Index) -> None:
        """After a crash between write and answer the deletion is read once more."""
        await put(index, mention())
        first = await put(index, post_deleted())
        again = await put(index, post_deleted())
        assert first.taken_back == again.taken_back != []

    async def test_the_answer_read_back_is_answered_by_nothing(self, index: Index) -> None:
        await put(index, mention())
        answers = (await put(index, post_deleted())).taken_back
        assert (await put(index, *answers)).taken_back == []
        assert await index.count() == 0

    async def test_a_post_put_back_later_lives(self, index: Index) -> None:
        await put(index, mention(version=1), post_deleted(version=2))
        await put(index, mention(text="I am back", version=3))
        assert await texts(index) == ["I am back"]
        assert await texts(index, "back") == ["I am back"]

    async def test_an_older_deletion_leaves_a_newer_version(self, index: Index) -> None:
        await put(index, mention(version=5))
        assert (await put(index, post_deleted(version=4))).taken_back == []
        await put(index, mention_deleted(mention(), version=4))
        assert await index.count() == 1

    async def test_a_mention_taken_back(self, index: Index) -> None:
        """An edit that no longer names a company takes that mention back, and that one only."""
        await put(index, mention(entity="acme"), mention(entity="umbrella"))
        written = await put(index, mention_deleted(mention(entity="acme"), version=2))
        assert written.taken_back == []
        assert await index.existing(["net:1|acme", "net:1|umbrella"]) == 1
        await put(index, mention(entity="acme", version=2))
        assert await index.existing(["net:1|acme"]) == 0

    async def test_a_mention_taken_back_before_it_came(self, index: Index) -> None:
        await put(index, mention_deleted(mention(), version=2))
        await put(index, mention(version=1))
        assert await index.count() == 0
        await put(index, mention(version=3))
        assert await index.count() == 1


class TestAuthorDeletion:
    async def test_all_posts_of_the_account_go(self, index: Index) -> None:
        bob = "net:bob"
        mine = [mention(f"net:{n}", minutes=n % 5) for n in range(30)]
        await put(index, *mine, mention("net:other", author=bob))
        written = await put(index, author_deleted())
        assert {m.mention_id for m in written.taken_back} == {m.mention_id for m in mine}
        assert [m.author.id for m in (await index.search(Query())).mentions] == [bob]

    async def test_the_same_account_name_on_another_network_stays(self, index: Index) -> None:
        await put(index, mention(network="elsewhere"))
        assert (await put(index, author_deleted())).taken_back == []
        assert await index.count() == 1

    async def test_late_posts_from_before_stay_deleted_and_later_ones_live(self, index: Index) -> None:
        await put(index, author_deleted(minutes=5))
        late = mention("net:late", minutes=1, version=9)
        dated_ahead = mention("net:ahead", minutes=1, created_at=at(600))
        after = mention("net:after", minutes=6)
        written = await put(index, late, dated_ahead, after)
        assert {m.mention_id for m in written.taken_back} == {late.mention_id, dated_ahead.mention_id}
        assert [m.post_id for m in (await index.search(Query())).mentions] == ["net:after"]
        await put(index, late)
        assert await index.count() == 1

    async def test_a_deletion_with_a_version_of_its_own(self, index: Index) -> None:
        before, after = mention("net:1", minutes=10, version=1000), mention("net:2", minutes=10, version=3000)
        await put(index, before, after)
        written = await put(index, author_deleted(version=2000, minutes=5))
        assert [m.post_id for m in written.taken_back] == ["net:1"]

    async def test_repeated_it_is_answered_again(self, index: Index) -> None:
        await put(index, mention())
        first = await put(index, author_deleted())
        assert (await put(index, author_deleted())).taken_back == first.taken_back != []


class TestIncidents:
    async def test_the_newest_event_of_each_incident_newest_first(self, index: Index) -> None:
        await put(index, incident("a", "opened", 0), incident("b", "opened", 1))
        await put(index, incident("a", "escalated", 7))
        await put(index, incident("a", "updated", 3))
        assert [(i.incident_id, i.event) for i in await index.incidents()] == [("a", "escalated"), ("b", "opened")]

    async def test_the_newest_events_of_some_incidents_also_of_those_written_just_now(self, index: Index) -> None:
        assert await index.newest_events(["a"]) == []
        newest = incident("a", "escalated", 7)
        await index.write([incident("a", "opened", 0), newest, incident("b", "opened", 1)])
        await index.write([incident("a", "updated", 3)])
        assert await index.newest_events(["a", "none"]) == [newest]
        assert await index.newest_events([]) == []

    async def test_open_ones_only(self, index: Index) -> None:
        await put(index, incident("a", "opened", 0), incident("b", "opened", 1), incident("a", "resolved", 9))
        assert [i.incident_id for i in await index.incidents(open_only=True)] == ["b"]
        assert [i.incident_id for i in await index.incidents(limit=1)] == ["a"]

    async def test_an_event_comes_back_whole(self, index: Index) -> None:
        event = incident(coordinated=True)
        await put(index, event)
        assert await index.incidents() == [event]

    async def test_history_is_in_order_and_without_doubles(self, index: Index) -> None:
        events = [incident("a", "opened", 0), incident("a", "updated", 3), incident("a", "resolved", 9)]
        await put(index, events[1], incident("b"))
        await put(index, *events)
        assert await index.incident_history("a") == events
        assert await index.incident_history("none") == []


class TestDeadLetters:
    async def test_original_bytes_come_back(self, index: Index) -> None:
        await put(index, letter(value=bytes(range(256)), key=None))
        (kept,) = await index.dead_letters()
        assert kept == letter(value=bytes(range(256)), key=None)

    async def test_newest_first_by_stage_and_counted(self, index: Index) -> None:
        await put(index, letter(1, minutes=1), letter(2, minutes=2), letter(3, stage="detect", code="too_large"))
        assert [kept.offset for kept in await index.dead_letters()] == [2, 1, 3]
        assert [kept.offset for kept in await index.dead_letters(stage="detect")] == [3]
        assert [kept.offset for kept in await index.dead_letters(limit=1)] == [2]
        assert await index.dead_letter_counts() == {"enrich/not_json": 2, "detect/too_large": 1}

    async def test_what_is_too_large_is_cut_and_says_so(self, index: Index) -> None:
        huge = letter(
            value=b"\0" * 3_000_000,
            key=b"k" * 10_000,
            reason="r\ud800\0" * 10_000,
            letter_id="enrich/" + "t" * 2_000,
            topic="t" * 2_000,
            code="c" * 2_000,
            partition=2**70,
        )
        assert (await put(index, huge)).refused == []
        (kept,) = await index.dead_letters()
        assert kept.value == b"\0" * 1_000_000
        assert kept.key == b"k" * 4_096
        assert "3,000,000 bytes, the first 1,000,000 are kept" in kept.reason

    async def test_a_megabyte_is_kept_whole(self, index: Index) -> None:
        value = bytes(range(250)) * 4_000
        await put(index, letter(value=value))
        assert (await index.dead_letters())[0].value == value

    async def test_more_than_one_page_of_them(self, index: Index) -> None:
        await put(index, *(letter(n, minutes=n) for n in range(450)))
        assert [kept.offset for kept in await index.dead_letters(limit=1_000)] == list(range(449, -1, -1))
        assert len(await index.dead_letters(limit=201)) == 201

    async def test_replayed_once_stays_replayed(self, index: Index) -> None:
        await put(index, letter())
        await put(index, letter(replayed_at=at(30)))
        await put(index, letter())
        assert (await index.dead_letters())[0].replayed_at == at(30)


class TestCounting:
    async def test_an_empty_index(self, index: Index) -> None:
        assert await index.count() == 0
        assert (await index.search(Query(text="anything"))).total == 0
        assert await index.volume(Query(), 60) == []
        assert await index.entities() == []
        assert await index.incidents() == []
        assert await index.dead_letters() == []
        assert await index.dead_letter_counts() == {}
        assert await index.existing(["none"]) == 0
        assert await index.expire(NOON) == 0

    async def test_existing_counts_each_once(self, index: Index) -> None:
        await put(index, mention("net:1"), mention("net:2"))
        assert await index.existing(["net:1|acme", "net:2|acme", "net:2|acme", "net:3|acme"]) == 2
        assert await index.existing([]) == 0
        with pytest.raises(TerminalError, match="at most 1,000"):
            await index.existing([str(n) for n in range(1001)])

    async def test_long_identifiers(self, index: Index) -> None:
        long = mention("net:" + "ü" * 250, entity="e" * 200)
        await put(index, long)
        assert await index.existing([long.mention_id]) == 1
        written = await put(index, post_deleted(long.post_id))
        assert [m.mention_id for m in written.taken_back] == [long.mention_id]
        assert await index.count() == 0

    async def test_expire_drops_what_is_older(self, index: Index) -> None:
        old = mention("net:old", created_at=NOON.replace(year=2025, month=11), text="long ago")
        await put(index, old, mention("net:new"), letter())
        assert await index.expire(NOON.replace(month=2)) == 1
        await index.refresh()
        assert await texts(index) == ["The parcel never came"]
        assert await texts(index, "ago") == []
        assert len(await index.dead_letters()) == 1
        assert await index.expire(NOON.replace(month=2)) == 0

    async def test_dates_far_away(self, index: Index) -> None:
        written = await put(
            index,
            mention("net:1", created_at=NOON.replace(year=1)),
            mention("net:2", created_at=NOON.replace(year=1969)),
            mention("net:3", created_at=NOON.replace(year=9999)),
        )
        assert written == Written()
        assert [m.post_id for m in (await index.search(Query())).mentions] == ["net:3", "net:2", "net:1"]
        volumes = await index.volume(Query(), 86_400)
        assert [v.start.year for v in volumes] == [1, 1969, 9999]


class TestRandomBatches:
    """Batches of new mentions, edits, re-scored ones, deletions and returns, against a model of what must be there."""

    POSTS = 6

    @pytest.mark.parametrize("seed", range(12))
    async def test_what_is_found_is_what_was_written(self, index: Index, seed: int) -> None:
        drawn = random.Random(seed)
        versions: dict[str, int] = {}
        living: dict[str, Mention] = {}
        for step in range(20):
            batch: list[Document] = []
            for post in drawn.sample(range(self.POSTS), drawn.randint(1, 4)):
                id_ = f"net:{post}"
                newest = versions.get(id_, 0)
                if drawn.random() < 0.25:
                    versions[id_] = newest + 1
                    living.pop(id_, None)
                    batch.append(post_deleted(id_, version=newest + 1))
                    continue
                rescored = id_ in living and drawn.random() < 0.5
                versions[id_] = newest if rescored else newest + 1
                words = living[id_].text if rescored else f"parcel step{step} post{post}"
                label: Label = drawn.choice(["negative", "positive"])
                living[id_] = mention(id_, words, label=label, version=versions[id_], minutes=post)
                batch.append(living[id_])
            await put(index, *batch)
            found = await index.search(Query(text="parcel"))
            assert {m.post_id: m for m in found.mentions} == living, f"after step {step}"
            assert found.total == await index.count() == len(living)
            for id_, kept in living.items():
                mine = await index.search(Query(text=kept.text))
                assert [m.post_id for m in mine.mentions] == [id_], f"after step {step}"
