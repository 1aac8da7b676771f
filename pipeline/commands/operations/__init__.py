"""Keeping it running: doctor, dead letters, topics."""
