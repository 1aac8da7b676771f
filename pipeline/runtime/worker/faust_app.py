"""Configures the Faust app of a stage, so that our guarantees hold.

Each stage is an app of its own, so that its consumer group commits and rebalances apart from the others.  What Faust
would default to and we do not want: a fetch wait of 1.5 s (skewed partitions then starve), a session time-out of 60 s,
a request time-out of 90 s (a half-open connection holds a stage up for as long), a web server on every address, tables,
a leader topic, and topics declared by whoever comes first.
"""

from __future__ import annotations

import inspect
import ssl
import types
from collections.abc import Generator, Mapping
from functools import partial
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from faust.auth import SASLCredentials, SSLCredentials
from faust.transport.drivers import aiokafka as driver
from mode.services import WaitResults

from pipeline.runtime.kafka.clients import REQUEST_SECONDS, group, ssl_context
from pipeline.settings.settings import Settings
from pipeline.stages.stage import Stage

FETCH_WAIT_MS = 50

REBALANCE_SECONDS = REQUEST_SECONDS - 5.0
"""Within which every worker of a stage lets go of its partitions when they are handed round.  The broker answers no
worker before all have, so this is less than a request may take.  A worker that needs longer is put out of the group,
and fenced off."""


class _Thread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # hard-coded to 1,500 there, and read when the consumer starts
        return consumer

    async def seek_to_committed(self) -> Any:
        return await self.call_thread(seek_to_committed, self._ensure_consumer())


async def seek_to_committed(consumer: AIOKafkaConsumer) -> Mapping[TopicPartition, int | None]:
    """Go back to what is committed, and where nothing is, to the first record; gives what is committed.

    While partitions are handed round Faust drops what was read and then goes back.  aiokafka alone leaves a partition
    of which nothing is committed where it is: its first records would never come again, and a later commit lose them.
    """
    committed: Mapping[TopicPartition, int | None] = await consumer.seek_to_committed()
    begin = {where for where, offset in committed.items() if not offset} & consumer.assignment()
    if begin:
        await consumer.seek_to_beginning(*begin)
    return committed


class _Consumer(driver.Consumer):
    def _new_consumer_thread(self) -> Any:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def wait_first(self, *waits: Any, timeout: Any = None) -> Any:
        """As in Faust, without making four tasks for each record when the first of `waits` need not wait at all.

        Faust hands each record to its stream this way, and nearly always the stream takes it at once.  One that does
        wait (for flow control, or a full buffer) goes on in a task of its own, raced against the others as before.
        """
        first = waits[0] if waits else None
        if inspect.iscoroutine(first):
            try:
                waits_for = first.send(None)
            except StopIteration as end:
                for other in waits[1:]:
                    other.close()
                return WaitResults([first], [end.value], self.should_stop)
            waits = (_finish(first, waits_for), *waits[1:])
        return await super().wait_first(*waits, timeout=timeout)


async def _finish(coroutine: Any, waits_for: Any) -> Any:
    """What is left of a coroutine that has been started and waits for something."""
    return await _rest(coroutine, waits_for)


@types.coroutine
def _rest(coroutine: Any, waits_for: Any) -> Generator[Any, Any, Any]:
    while True:
        try:
            sent = yield waits_for
        except BaseException as error:
            step = partial(coroutine.throw, error)
        else:
            step = partial(coroutine.send, sent)
        try:
            waits_for = step()
        except StopIteration as end:
            return end.value


class _Quiet(faust.Monitor):
    """Faust's monitor without its count of every record: `Metrics` has ours, at a tenth of the cost."""

    def on_message_in(self, *_: Any) -> None:
        return

    def on_stream_event_in(self, *_: Any) -> None:
        return

    def on_stream_event_out(self, *_: Any) -> None:
        return

    def on_message_out(self, *_: Any) -> None:
        return


class _Transport(driver.Transport):
    Consumer = _Consumer


def make_app(stage: Stage, settings: Settings, instance: str | None = None) -> Any:
    """The app of a stage.  `instance` names this worker for static membership: it gets its partitions back after a
    restart without a rebalance."""
    kafka = settings.kafka
    app = faust.App(
        group(kafka, stage.name),
        broker=[f"kafka://{address}" for address in kafka.bootstrap.split(",")],
        broker_credentials=_credentials(settings),
        broker_request_timeout=REQUEST_SECONDS,
        broker_rebalance_timeout=REBALANCE_SECONDS,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        broker_max_poll_interval=300.0,
        broker_commit_interval=settings.worker.commit_seconds,
        broker_commit_every=10_000,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=instance if instance and not kafka.embedded else None,
        consumer_max_fetch_size=1_048_576,
        stream_buffer_maxsize=4_096,
        stream_wait_empty=True,
        store="memory://",
        table_standby_replicas=0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        key_serializer="raw",
        value_serializer="raw",
        autodiscover=False,
        datadir=settings.data / "faust",
        monitor=_Quiet(),
    )
    app.transport = _Transport(app.conf.broker_consumer, app)
    return app


def _credentials(settings: Settings) -> Any:
    kafka = settings.kafka
    context: ssl.SSLContext | None = ssl_context(kafka)
    if kafka.security.startswith("SASL"):
        return SASLCredentials(
            username=kafka.username,
            password=kafka.password.get_secret_value(),
            mechanism=kafka.sasl_mechanism,
            ssl_context=context,
        )
    return SSLCredentials(context) if context else None
