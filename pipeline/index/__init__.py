"""Mentions, incidents and dead letters, searchable in SQLite or Elasticsearch."""
