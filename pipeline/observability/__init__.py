"""Health, logs and metrics, of every process alike."""
