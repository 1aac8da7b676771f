"""The [kafka] section: the cluster, how to reach it, and the names of our groups."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from pipeline.settings.section import Section


class KafkaSettings(Section):
    """The Kafka cluster.  `bootstrap` empty means the embedded broker, which `run` and `replay` bring up."""

    bootstrap: str = ""
    """Addresses, `host:port`, by commas; empty for the embedded broker."""
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str = ""
    password: SecretStr = SecretStr("")
    ca_file: Path | None = None
    replication: int = Field(default=1, ge=1, le=9)
    prefix: str = Field(default="groundswell", pattern=r"^[a-z0-9][a-z0-9-]*$")
    """First part of consumer group names."""
    embedded: bool = False
    """The cluster at `bootstrap` is the embedded one: it keeps 5 MB a partition and producers must wait."""
    wait_for: tuple[str, ...] = ()
    """On the embedded broker: further consumer groups that read our topics, for which producers wait as well."""
