"""The stream: run, worker, ingest, replay."""
