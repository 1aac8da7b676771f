"""A Kafka process in KRaft mode on loopback, without a password.

It can be reached from this machine only.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.process import launch
from deploy.local.tools import KAFKA_JAVA, find_java
from pipeline.errors import TerminalError

LOG4J = """<Configuration status="ERROR"><Appenders><Console name="out"><PatternLayout pattern="%d %p %c{1}: %m%n"/>
</Console></Appenders><Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers></Configuration>"""


def properties(folder: Path, port: int, controller_port: int, further: Mapping[str, object] | None = None) -> str:
    """Settings of the broker; `further` ones win.  Topics are made on purpose only, as in production."""
    entries: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": folder / "data",
        "auto.create.topics.enable": "false",
        "num.partitions": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,
        "message.max.bytes": 4_194_304,
        **(further or {}),
    }
    return "".join(f"{key}={value}\n" for key, value in entries.items())


def start(
    libs: Path, folder: Path, port: int, controller_port: int, log: Path, further: Mapping[str, object] | None = None
) -> subprocess.Popen[bytes]:
    """Format a fresh data folder and start the broker; it is not ready yet when this returns."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "server.properties"
    settings.write_text(properties(folder, port, controller_port, further))
    (folder / "log4j2.xml").write_text(LOG4J)
    format_it = [*_java(libs, folder), "kafka.tools.StorageTool", "format", "-t", uuid4().hex[:22], "-c", str(settings)]
    done = subprocess.run(format_it, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise TerminalError(
            f"could not format its folder: {done.stdout[-500:]}{done.stderr[-500:]}", subject="Kafka", todo=f"See {log}"
        )
    return start_again(libs, folder, log)


def start_again(libs: Path, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start the broker of a folder that `start` has made: on the data, the ports and the settings that it had."""
    memory = ("-Xms256m", "-Xmx512m", "-XX:+UseG1GC")
    command = [*_java(libs, folder, *memory), "kafka.Kafka", str(folder / "server.properties")]
    return launch(command, log, os.environ, folder)


def _java(libs: Path, folder: Path, *options: str) -> list[str]:
    java = str(find_java(KAFKA_JAVA) / "bin" / "java")
    return [java, *options, f"-Dlog4j2.configurationFile={folder / 'log4j2.xml'}", "-cp", f"{libs}/*"]


def ready(bootstrap: str) -> bool:
    """Whether the broker answers with its metadata."""
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0, "socket.timeout.ms": 2000})
    try:
        return bool(client.list_topics(timeout=2.0).brokers)
    except KafkaException:
        return False
