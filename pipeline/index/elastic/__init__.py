"""The index in Elasticsearch; nothing else of the project knows its client."""
