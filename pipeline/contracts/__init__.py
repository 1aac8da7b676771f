"""Contracts between stages: messages, topics, and the identity of posts, texts, records."""
