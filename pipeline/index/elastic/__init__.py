"""The index in Elasticsearch; nothing outside of this package uses its client."""
