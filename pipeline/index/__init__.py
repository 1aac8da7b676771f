"""The index: where mentions, incidents and dead letters are searchable, in SQLite or Elasticsearch."""
