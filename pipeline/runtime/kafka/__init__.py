"""Kafka: clients, topics, publishing, back-pressure, the embedded broker."""
