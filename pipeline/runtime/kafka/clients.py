"""Connection options of every Kafka client, from the settings: addresses, TLS, SASL, waits."""

from __future__ import annotations

import ssl
from typing import Any

from pipeline.settings.kafka import KafkaSettings

REQUEST_SECONDS = 30.0
"""Within which the broker answers a request of aiokafka's clients (the default of Java's).  Nothing else ends a
connection that is half-open, so a stage may stand for as long."""


def ssl_context(settings: KafkaSettings) -> ssl.SSLContext | None:
    """The TLS context, or None for plain text."""
    if "SSL" not in settings.security.replace("SASL", ""):
        return None
    return ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)


def aiokafka_options(settings: KafkaSettings) -> dict[str, Any]:
    """Connection options of aiokafka's clients."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap,
        "security_protocol": settings.security,
        "ssl_context": ssl_context(settings),
        "request_timeout_ms": round(1_000 * REQUEST_SECONDS),
    }
    if settings.security.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.username,
            "sasl_plain_password": settings.password.get_secret_value(),
        }
    return options


def confluent_options(settings: KafkaSettings) -> dict[str, Any]:
    """Connection options of confluent-kafka's clients (librdkafka)."""
    options: dict[str, Any] = {
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": settings.security,
        "log_level": 2,  # librdkafka writes to standard error by itself; what matters reaches us as errors
    }
    if settings.ca_file:
        options["ssl.ca.location"] = str(settings.ca_file)
    if settings.security.startswith("SASL"):
        options |= {
            "sasl.mechanism": settings.sasl_mechanism,
            "sasl.username": settings.username,
            "sasl.password": settings.password.get_secret_value(),
        }
    return options


def group(settings: KafkaSettings, stage: str) -> str:
    """Name of the consumer group of a stage."""
    return f"{settings.prefix}-{stage}"
