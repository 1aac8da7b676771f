"""Saved objects for Kibana, built by ``python -m deploy.kibana`` into ``groundswell.ndjson``."""
