"""The fixtures for real servers give servers that work."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from deploy.local import state
from deploy.local.servers import BASE, RealServers, status
from tests.real_servers import RealElasticsearch, RealKafka

pytestmark = pytest.mark.real


def test_kafka_gives_back_what_was_published(real_kafka: RealKafka, unique_name: Callable[[str], str]) -> None:
    topic = unique_name("echo")
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    producer = Producer({"bootstrap.servers": real_kafka.bootstrap})
    producer.produce(topic, key=b"k", value=b"v")
    assert producer.flush(30) == 0
    consumer = Consumer(
        {
            "bootstrap.servers": real_kafka.bootstrap,
            "group.id": unique_name("readers"),
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    message = consumer.poll(30)
    consumer.close()
    assert message is not None
    assert (message.key(), message.value()) == (b"k", b"v")


def test_elasticsearch_asks_for_its_password(real_elasticsearch: RealElasticsearch) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(f"{real_elasticsearch.url}/_cluster/health")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        opener.open(request, timeout=10)
    token = b64encode(f"{real_elasticsearch.username}:{real_elasticsearch.password}".encode()).decode()
    request.add_header("Authorization", f"Basic {token}")
    with opener.open(request, timeout=10) as answer:
        assert json.load(answer)["cluster_name"] == "groundswell-local"
    assert real_elasticsearch.password not in repr(real_elasticsearch)


def test_a_second_user_shares_the_servers_and_leaves_them_running(real_servers: RealServers) -> None:
    with RealServers() as again:
        assert again.url == real_servers.url
    assert status() is not None


def test_what_holds_the_password_is_for_its_owner_only(real_servers: RealServers) -> None:
    for file in (state.state_file(BASE), state.env_file(BASE)):
        assert file.stat().st_mode & 0o777 == 0o600
    assert real_servers.password in state.env_file(BASE).read_text()


def test_a_fresh_kafka_is_empty_and_another_one(fresh_kafka: RealKafka, real_kafka: RealKafka) -> None:
    assert fresh_kafka.bootstrap != real_kafka.bootstrap
    topics = AdminClient({"bootstrap.servers": fresh_kafka.bootstrap}).list_topics(timeout=10).topics
    assert not topics
