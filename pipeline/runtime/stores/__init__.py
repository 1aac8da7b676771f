"""Stores of the state of a stage: SQLite and a Kafka changelog."""
