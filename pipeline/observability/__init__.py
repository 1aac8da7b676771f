"""Health, logs and metrics, the same for every process."""
