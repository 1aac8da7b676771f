"""Guarantees of stages and networks, what can still go wrong, and the test that shows it.

`docs/failures.md` has the whole table, kept current by a test; `groundswell doctor` prints what concerns the
installation at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipeline.settings.settings import Settings


class Guarantee(NamedTuple):
    """What holds at a stage or on a network, and what may go wrong all the same.

    `test`: file and function that show it; `concerns`: whether an installation has this part.
    """

    where: str
    holds: str
    remains: str
    test: str
    concerns: Callable[[Settings], bool] = lambda settings: True


def _real_kafka(settings: Settings) -> bool:
    return bool(settings.kafka.bootstrap) and not settings.kafka.embedded


def _embedded_kafka(settings: Settings) -> bool:
    return not _real_kafka(settings)


def _elastic(settings: Settings) -> bool:
    return bool(settings.index.url)


def _sqlite(settings: Settings) -> bool:
    return not settings.index.url


def _webhook(settings: Settings) -> bool:
    return bool(settings.alert.webhook_url)


def _alertmanager(settings: Settings) -> bool:
    return bool(settings.alert.alertmanager_url)


GUARANTEES: Sequence[Guarantee] = (
    Guarantee(
        "network: bluesky",
        "every post from the cursor on is published once, through drops, repeats, stalls and restarts",
        "what Jetstream no longer has when the cursor is too old: said as a gap with its length",
        "tests/ingest/test_listen.py::test_a_cursor_that_is_too_old_is_reported_as_a_gap",
    ),
    Guarantee(
        "network: bluesky",
        "a frame that cannot be read is kept with its reason, and stops nothing",
        "one above the size limit is counted, not kept",
        "tests/ingest/test_listen.py::test_a_frame_too_large_is_passed_over_and_reported",
    ),
    Guarantee(
        "files and replay",
        "every row is published, or rejected with a reason",
        "a replay that is interrupted begins anew: rows come again, and count once",
        "tests/ingest/test_replay.py::test_every_row_is_published_or_rejected",
    ),
    Guarantee(
        "ingest",
        "what Kafka does not confirm is read again from the cursor",
        "nothing known",
        "tests/ingest/test_listen.py::test_when_kafka_fails_it_is_heard_again_from_the_cursor",
    ),
    Guarantee(
        "Kafka",
        "a message counts as delivered when all replicas but one have it",
        "topics made by others with min.insync.replicas of 1: doctor names them",
        "tests/runtime/kafka/test_admin.py::test_topics_are_made_so_that_no_replica_is_alone_and_one_made_otherwise_is_found",
        _real_kafka,
    ),
    Guarantee(
        "Kafka",
        "what retention removes before it is read is counted and logged",
        "it is lost all the same: longer retention, more workers",
        "tests/runtime/worker/test_gaps.py::test_what_retention_took_before_the_first_record_is_a_gap",
        _real_kafka,
    ),
    Guarantee(
        "embedded broker",
        "a slow reader makes the publisher wait, and loses nothing",
        "it lives in memory: when it ends, what was not read is gone; real servers are for what must last",
        "tests/runtime/kafka/test_backpressure.py::test_a_slow_reader_loses_nothing",
        _embedded_kafka,
    ),
    Guarantee(
        "every stage",
        "a crash at any step counts nothing twice and loses nothing",
        "messages appear again on topics under the same identifier",
        "tests/runtime/worker/test_processor.py::test_a_crash_at_any_step_counts_nothing_twice_and_loses_nothing",
    ),
    Guarantee(
        "every stage",
        "what cannot be processed becomes a dead letter with its reason, and can be replayed",
        "the original is cut where it is larger than the broker takes; the letter says where it lies",
        "tests/runtime/worker/test_dead_letters.py::test_what_is_larger_is_cut_and_says_so_and_points_to_the_original",
    ),
    Guarantee(
        "every stage",
        "a worker that lost its partition undoes nothing of its successor's state",
        "what it publishes late comes again on the topic, and is known as a repeat",
        "tests/runtime/stores/test_fencing.py::test_a_late_write_of_a_worker_that_lost_its_partition_undoes_nothing",
    ),
    Guarantee(
        "detect",
        "a post counts once in its newest version, however often and in whatever order it comes, for two days",
        "what is two days older than the company's newest mention counts nowhere; of more than 65,000 posts of a "
        "company in two days the oldest are forgotten",
        "tests/detect/state/test_memory.py::test_posts_that_come_again_count_once_however_many_came_since",
    ),
    Guarantee(
        "detect",
        "every deletion takes effect in the counts, and leaves nothing of the text in an incident",
        "events already sent to receivers have the words that they had",
        "tests/detect/state/test_memory.py::test_deleting_an_incident_leaves_nothing_of_it",
    ),
    Guarantee(
        "index: Elasticsearch",
        "holds its offsets while the index is away, full, blocked or busy, and goes on by itself",
        "a document that the index refuses becomes a dead letter",
        "tests/index/test_stage.py::test_an_index_that_is_away_is_told_to_the_driver",
        _elastic,
    ),
    Guarantee(
        "index: SQLite",
        "the same batch after a crash gives the same documents and answers",
        "a disk that is full holds the stage until there is room",
        "tests/index/test_stage.py::test_the_same_batch_after_a_crash_gives_the_same_answers",
        _sqlite,
    ),
    Guarantee(
        "index",
        "the newest step of an incident is the last on its topic, also after one that a detector publishes late",
        "for a moment an older step is, until the index has read it; where no index runs, until the next step",
        "tests/index/test_stage.py::test_a_step_that_is_overtaken_is_not_left_as_the_last_on_its_topic",
    ),
    Guarantee(
        "alert",
        "each receiver gets each step once and in order, and in the end the current state always",
        "a worker that dies, or stands still beyond its session, between a receiver's answer and its mark: the step is "
        "sent once more, under the same identifier",
        "tests/alert/test_stage.py::test_a_worker_that_is_killed_between_any_two_steps_alerts_once",
    ),
    Guarantee(
        "alert",
        "a worker that may have lost its partition begins to send nothing before it is sure that it has not",
        "what was being sent when it was stopped may arrive late, after newer steps: `ce-time` tells",
        "tests/alert/test_stage.py::test_nothing_is_begun_that_the_worker_was_not_sure_of_a_moment_ago",
    ),
    Guarantee(
        "alert: webhook",
        "a repeat has the identifier of the first (`ce-id`), so that the receiver can drop it",
        "a receiver that does not look at it sees the step twice",
        "tests/alert/test_webhook.py::test_the_same_event_has_the_same_id_and_awkward_ids_are_encoded",
        _webhook,
    ),
    Guarantee(
        "alert: Alertmanager",
        "open incidents are sent again every minute, through restarts of either side",
        "an alert that cannot be repeated for fifteen minutes ends there",
        "tests/alert/test_alertmanager.py::test_a_round_repeats_what_the_index_holds_open_and_what_ended_lately",
        _alertmanager,
    ),
)


def of_installation(settings: Settings) -> list[Guarantee]:
    """The guarantees of the parts that an installation has."""
    return [guarantee for guarantee in GUARANTEES if guarantee.concerns(settings)]


def markdown() -> str:
    """The table of `docs/failures.md`."""
    rows = [f"| {g.where} | {g.holds} | {g.remains} | `{g.test}` |" for g in GUARANTEES]
    return "\n".join(("| where | what holds | what can still go wrong | shown by |", "|---|---|---|---|", *rows))
