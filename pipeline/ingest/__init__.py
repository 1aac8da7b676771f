"""Agents that read networks and files, and publish raw messages to Kafka."""
