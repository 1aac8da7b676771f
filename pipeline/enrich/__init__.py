"""Enrich stage: links posts to entities and scores their sentiment."""
