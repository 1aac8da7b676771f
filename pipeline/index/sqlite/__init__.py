"""The embedded index: one SQLite file with full-text search."""
