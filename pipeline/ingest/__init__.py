"""Agents that listen to networks and files, and publish what they hear to Kafka."""
